r"""A search for the modes of a density, where no draw need have been.

E(z) = |z|²/2 + reference(z) + S(z) = −ln(density) is minimised from free draws scaled by 1, 2, ..., 32. Minima with a
path without a barrier between them count once; those that a symmetry exchanges are of one family. The weight of a mode
is that of its Gaussian approximation, with H the curvature of E there (Laplace):

    w ∝ e^{−E} / √det H

A search proves nothing: a narrow mode far from all rays is missed (docs/verdicts.md).

Source: derived in docs/theory/modes.md; minimisation is SciPy's L-BFGS-B.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray
from threadpoolctl import threadpool_limits

from nnft_ppl.complex_parts import in_parts
from nnft_ppl.display import Progress, Stage
from nnft_ppl.modes.neighbourhood import Neighbourhood, neighbourhood
from nnft_ppl.modes.rays import behind_barriers
from nnft_ppl.samplers import LEAST_CURVATURE, Modes
from nnft_ppl.target import Target

SCALES = 2.0 ** np.arange(6)
"""Free draws are scaled by each of these."""
DESCENTS = 2
"""Descents from each scale, at first."""
MORE = ((16, 48), (256, 8))
"""(dimension, descents from each scale): up to these dimensions so many are made; beyond, the last number of them where
the first ones ended in more than one minimum."""
RAYS = (8, 4096)
"""(dimension, free draws): up to this dimension rays through so many are looked at for places behind a barrier."""
BEHIND = 16
"""Descents from such places, at most."""
EVALUATIONS = 200
"""Evaluations of E and its gradient in one descent, at most."""
SAME_ENERGY = 1e-3
"""Minima that can be carried into one another (exchanged neurons) have the same E to this."""
LOW_BARRIER = 1.0
"""Minima between which E rises by no more, on a straight line, are one mode."""
LINE = 33
"""Points at which E is looked at on that line."""
RELEVANT = 30.0
"""Minima higher than this above the lowest have no weight worth a look."""
WALL = 1e150
"""E where the density is zero or not a number."""
LARGEST = 2048
"""Dimensions up to which the curvature is computed; beyond, all modes count as equally wide, and none is jumped to."""
LEAST_WEIGHT = 1e-4
"""Modes of less weight are not jumped to."""


@dataclass
class Mode:
    """A minimum of E, and all that is known of it."""

    position: Float[ndarray, " dimension"]
    """z at the minimum."""
    energy: float
    """E there."""
    hits: int = 1
    """Descents that ended in it."""
    directions: frozenset[int] = frozenset()
    """The free draws, by number, from multiples of which they began."""
    family: int = 0
    """Minima that a symmetry carries into one another, as far as E and observables tell, have one number."""
    weight: float = np.nan
    """Its share of the density, by Laplace's approximation."""
    free_worth: float = np.nan
    """Effective draws of it that a reweighted free draw is worth, likewise; NaN where there is no other mode, or
    the curvature is not known."""
    observables: dict[str, ndarray] = field(default_factory=dict)
    """All observables there, by name; filled in when they are asked for."""


class ModeSearch:
    """The modes of a target, found when they are first asked for.

    Args:
        target: What is sampled.
        key: A random key, a scalar.
        progress: Told how far the search is.
    """

    def __init__(self, target: Target, key: Array, progress: Progress = lambda stage: None) -> None:
        self._target, self._key, self._progress = target, key, progress
        self._found: list[Mode] = []
        self.directions = 0
        """Free draws from multiples of which descents began."""

    @cached_property
    def modes(self) -> list[Mode]:
        """All minima found, the heaviest first, copies by symmetry each by itself."""
        target = self._target
        most = next((count for dimension, count in MORE if target.dimension <= dimension), 0)
        rays = RAYS[1] if target.dimension <= RAYS[0] else 0
        draws = jax.jit(jax.vmap(target.free_draw))(jax.random.split(self._key, max(rays, MORE[0][1])))
        free = np.asarray(draws, float)
        self._look_along(free[:DESCENTS])
        if len(self._found) > 1:
            most = max(most, MORE[-1][1])
        self._look_along(free[DESCENTS:most])
        if rays:
            self._descend(behind_barriers(self._height, draws, LOW_BARRIER, BEHIND))
        self._weigh()
        return sorted(self._found, key=lambda mode: -mode.weight)

    def families_of(self, positions: Float[ndarray, "draw dimension"]) -> set[int]:
        """The families of modes to which these draws belong; a mode that was not known is found by it.

        Args:
            positions: z of some draws, shape (draw, dimension).
        """
        known = len(self.modes)
        reached = {mode.family for mode in self._descend(positions)}
        if len(self._found) > known:
            self._weigh()
            self.modes = sorted(self._found, key=lambda mode: -mode.weight)
        return reached

    @property
    def places(self) -> Modes | None:
        """The modes worth a jump, for samplers, copies and all; None where there is but one, and its copies."""
        heavy = [mode for mode in self.modes if mode.weight > LEAST_WEIGHT]
        if len({mode.family for mode in heavy}) < 2 or self._target.dimension > LARGEST:
            return None
        held = heavy[: Modes.most(self._target.dimension)]
        return Modes.of(np.stack([mode.position for mode in held]), [self._hessian(mode.position) for mode in held])

    def neighbourhood(self, mode: Mode) -> Neighbourhood | None:
        """What is near a mode, and weighs how much; None where curvatures are not computed.

        Args:
            mode: One of `modes`.
        """
        if self._target.dimension > LARGEST:
            return None
        return neighbourhood(mode.position, self._hessian(mode.position), self._log_densities)

    @cached_property
    def _log_densities(self) -> Callable[[ndarray], ndarray]:
        compiled = jax.jit(lambda positions: jax.lax.map(self._target.log_density, positions, batch_size=16))
        return lambda positions: np.asarray(compiled(positions), float)

    def _height(self, position: Array) -> Array:
        return -self._target.log_density(position)

    @cached_property
    def _energy(self) -> Callable[[ndarray], tuple[float, ndarray]]:
        compiled = jax.jit(jax.value_and_grad(self._height))

        def evaluate(position: ndarray) -> tuple[float, ndarray]:
            value, gradient = compiled(position)
            value, gradient = float(value), np.asarray(gradient, float)
            if np.isfinite(value) and np.all(np.isfinite(gradient)):
                return value, gradient
            return WALL, np.zeros(position.size)  # the search turns back

        return evaluate

    @cached_property
    def _observe(self) -> Callable[[ndarray], dict[str, ndarray]]:
        compiled = jax.jit(lambda position: self._target.measure(position)["observables"])
        return lambda position: {name: np.asarray(value) for name, value in compiled(position).items()}

    def _look_along(self, free: Float[ndarray, "draw dimension"]) -> None:
        """Descend from multiples of free draws."""
        numbers = np.repeat(np.arange(self.directions, self.directions + len(free)), len(SCALES))
        self._descend((free[:, None] * SCALES[:, None]).reshape(-1, free.shape[1]), numbers)
        self.directions += len(free)

    def _descend(self, starts: ndarray, directions: ndarray | None = None) -> list[Mode]:
        """The mode to which each descent leads; new ones join the others. Only those along directions are hits."""
        from scipy.optimize import minimize  # late: it takes long to load, and most runs search nothing

        ends = []
        with threadpool_limits(1):  # its matrices are tiny, and idle threads of BLAS keep other cores busy
            for number, start in enumerate(starts):
                if directions is not None:
                    self._progress(Stage("searching modes", number, len(starts)))
                end = minimize(self._energy, start, jac=True, method="L-BFGS-B", options={"maxfun": EVALUATIONS})
                along = () if directions is None else (int(directions[number]),)
                ends.append((float(end.fun), np.asarray(end.x), along))
        lowest = min([energy for energy, *_ in ends] + [mode.energy for mode in self._found], default=0.0)
        reached: list[Mode] = []
        for energy, position, along in sorted(ends, key=lambda end: end[0]):
            if energy > min(lowest + RELEVANT, WALL / 2):
                continue
            mode = self._mode_at(energy, position)
            mode.hits += len(along)
            mode.directions |= {*along}
            if energy < mode.energy:
                mode.position, mode.energy, mode.observables = position, energy, {}
            reached.append(mode)
        return reached

    def _mode_at(self, energy: float, position: ndarray) -> Mode:
        """The mode that this end of a descent is, put with the others if it is new."""
        size = max(1.0, float(np.max(np.abs(position))))
        for mode in self._found:
            if np.max(np.abs(mode.position - position)) < 1e-3 * size:
                return mode
        heads = [mode for number, mode in enumerate(self._found) if mode.family == number]
        copy = next((mode for mode in heads if self._alike(mode, energy, position)), None)
        if copy is None:
            for mode in heads:
                if self._joined(mode, energy, position):
                    return mode
        found = Mode(position, energy, 0, family=len(self._found) if copy is None else copy.family)
        self._found.append(found)
        return found

    def _alike(self, mode: Mode, energy: float, position: ndarray) -> bool:
        """Whether a minimum has the same E and observables: carried over by a symmetry, such as exchanged neurons."""
        if abs(mode.energy - energy) >= SAME_ENERGY * max(1.0, abs(energy)):
            return False
        one, other = flat(self.observables_at(mode)), flat(self._observe(position))
        return np.allclose(one, other, rtol=1e-2, atol=1e-3 * float(np.max(np.abs(other), initial=1e-300)))

    def _joined(self, mode: Mode, energy: float, position: ndarray) -> bool:
        """Whether E hardly rises on the straight line to a mode."""
        shares = np.linspace(0, 1, LINE)[1:-1]
        path = [self._energy(mode.position + share * (position - mode.position))[0] for share in shares]
        return max(path) < max(mode.energy, energy) + LOW_BARRIER

    def observables_at(self, mode: Mode) -> dict[str, ndarray]:
        """All observables at a mode, by name, each of its own shape.

        Args:
            mode: One of `modes`.
        """
        if not mode.observables:
            mode.observables = self._observe(mode.position)
        return mode.observables

    def _weigh(self) -> None:
        """Laplace's weights of all modes."""
        lowest = min((mode.energy for mode in self._found), default=0.0)
        logs = []
        for mode in self._found:
            log_volume = 0.0
            if len(self._found) > 1 and self._target.dimension <= LARGEST:
                values = np.maximum(np.linalg.eigvalsh(self._hessian(mode.position)), LEAST_CURVATURE)
                log_volume = -0.5 * float(np.sum(np.log(values)))
                # (∫ p w)² / ∫ p w² of the weights w = e^{−S}: the curvature of −ln(p w²) is 2H − 1.
                log_free = self._action(mode.position) - mode.energy + 2 * log_volume
                doubled = 0.5 * float(np.sum(np.log(np.maximum(2 * values - 1, 1e-300))))
                mode.free_worth = float(np.exp(min(0.0, log_free + doubled)))
            logs.append(log_volume + lowest - mode.energy)
        weights = np.exp(np.array(logs) - max(logs, default=0.0))
        for mode, weight in zip(self._found, weights / np.sum(weights), strict=True):
            mode.weight = float(weight)

    @cached_property
    def _action(self) -> Callable[[ndarray], float]:
        compiled = jax.jit(self._target.action)
        return lambda position: float(compiled(position))

    @cached_property
    def _hessian(self) -> Callable[[ndarray], ndarray]:
        dimension = self._target.dimension
        gradient: Any = jax.grad(self._target.log_density)

        def hessian(position: Array) -> Array:
            def along(direction: Array) -> Array:
                return jax.jvp(gradient, (position,), (direction,))[1]

            return -jax.lax.map(along, jnp.eye(dimension, dtype=position.dtype), batch_size=16)

        compiled = jax.jit(hessian)
        return lambda position: np.asarray(compiled(position), float)


def flat(observables: Mapping[str, ndarray]) -> Float[ndarray, " component"]:
    """All components of the observables of one draw, shape (component,), in the order of their names.

    Args:
        observables: Arrays of any shape, by name.
    """
    return np.concatenate([np.ravel(in_parts(observables[name])) for name in sorted(observables)]).astype(float)
