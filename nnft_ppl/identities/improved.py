r"""Improved correlators: the average over Gaussian amplitudes taken by the Schwinger–Dyson identity, exact at every N.

Where the field is linear in Gaussian parameters, φ(x) = φ_0(x) + Σ_i z_i h_i(x), the identity of the vector field
V = h(x)·∂ and the observable F gives

    E[φ(x) F] = E[(φ_0(x) − s(x)) F] + E[h(x)·∂F],        s(x) = Σ_i h_i(x) ∂S/∂z_i

so that with K(x, y) = Σ_i h_i(x) h_i(y)

    G(x, y) = E[ K(x, y) + ½ (φ_0(x) − s(x)) φ(y) + ½ φ(x) (φ_0(y) − s(y)) ]

and an n-point function is K(x_1, x_k) times the improved function of the other n − 2 points, summed over k, plus
(φ_0(x_1) − s(x_1)) φ(x_2)⋯φ(x_n), averaged over which point comes first. At S = 0 all noise of the amplitudes is gone.

An observable that is quadratic in those parameters without naming its points (a correlator averaged over the circle)
becomes Σ_i O(e_i) − B(z, ∇S), with the unit vectors e_i and its bilinear form B, where that is cheap.

Source: derived in docs/theory/identities.md.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from nnft_ppl.identities.jumps import jumps_on_free_draws
from nnft_ppl.identities.linear_sites import ROUNDING, linear_sites, mask_of, positions_to_try
from nnft_ppl.identities.smoothness import smoothness
from nnft_ppl.observables import Observable
from nnft_ppl.target import Target
from nnft_ppl.theory import Reading, Theory

MOST_UNITS = 256
"""The most parameters for which Σ_i O(e_i) is taken."""
LARGEST = 2**16
"""The most numbers in one field on a space's grid times parameters, for an observable without points."""

PHASE = "the action has a phase, and the identities that improve are those of its modulus"
"""Why nothing is improved where a factor is complex."""
JUMPS = "the action jumps, or a part of it has no gradient: improved estimators would miss that"
"""Why nothing is improved where the slope of the action is not what it changes by."""

Position = Float[Array, "dimension"]


class Improvement:
    """Improved estimators of a theory's observables: O' with E[O'] = E[O], and less noise where S is small.

    Args:
        theory: Any theory; one to which nothing applies has `names` empty, and `reasons` says why.
    """

    def __init__(self, theory: Theory) -> None:
        self.theory = theory
        self.sites = () if theory.phase_terms else linear_sites(theory)
        self.names: tuple[str, ...] = ()
        self.reasons: dict[str, str] = {}
        if not self.sites:
            reason = PHASE if theory.phase_terms else "the field is not linear in any Gaussian parameter"
            self.reasons = dict.fromkeys(theory.observables, reason)
            return
        self._size = sum(theory.groups[name].stop - theory.groups[name].start for name in self.sites)
        several = self._several()
        for name, observable in theory.observables.items():
            reason = self._why_not(name, observable, several=several)
            if reason:
                self.reasons[name] = reason
        self.names = tuple(name for name in theory.observables if name not in self.reasons)
        # Whoever compiles the estimators finds them traced: models are traced slowly.
        self._traced = jax.jit(self._evaluate)
        try:
            jax.eval_shape(self._traced, jnp.zeros(theory.dimension))
        except Exception as error:  # whatever the model is made of, its raw observables can be measured
            self.give_up(f"the action cannot be differentiated ({type(error).__name__})")
        suspects = smoothness(theory).potential.intersection(self.sites)
        if self.names and suspects and jumps_on_free_draws(theory, mask_of(theory, tuple(suspects))):
            self.give_up(JUMPS)

    def mistrust(self, data: xr.DataTree) -> None:
        """Take the improved estimators back, where the action was seen to jump on draws and may do so in amplitudes.

        Args:
            data: Draws with a group `improved`, which is removed.
        """
        if not smoothness(self.theory).potential.isdisjoint(self.sites) and "improved" in data:
            del data["improved"]
            self.give_up(JUMPS)

    def give_up(self, reason: str) -> None:
        """Improve nothing.

        Args:
            reason: Why, in words.
        """
        self.reasons |= dict.fromkeys(self.names, reason)
        self.names = ()

    def __call__(self, position: Position) -> dict[str, Array]:
        """The improved value of each of `names` at one draw; its average is that of the observable itself.

        Args:
            position: z, shape (dimension,).

        Returns:
            Arrays of the observables' shapes, by name.
        """
        return self._traced(position)

    def _evaluate(self, position: Position) -> dict[str, Array]:
        parts = self.theory.split(position)
        amplitudes, unravel = ravel_pytree({name: parts[name] for name in self.sites})

        def at(amplitudes: Array) -> Reading:
            return self.theory.at_sites(parts | unravel(amplitudes))

        def potential(amplitudes: Array) -> Array:
            return at(amplitudes).potential

        slope = jax.grad(potential)(amplitudes)
        found = {}
        for name in self.names:
            observable = self.theory.observables[name]
            if observable.points is not None:
                found[name] = self._at_points(observable.points, amplitudes, lambda one: at(one).returned, slope)
                continue

            def value(amplitudes: Array, observable: Observable = observable) -> Array:
                return observable(at(amplitudes).returned)

            units = jnp.sum(jax.vmap(value)(jnp.eye(amplitudes.size, dtype=amplitudes.dtype)), axis=0)
            found[name] = units - 0.5 * jax.jvp(value, (amplitudes,), (slope,))[1]
        return found

    def _at_points(self, points: np.ndarray, amplitudes: Array, realise: Callable, slope: Array) -> Array:
        """An n-point function, from the field and its features at every point that occurs."""
        dim = points.shape[-1]
        places, index = np.unique(points.reshape(-1, dim), axis=0, return_inverse=True)
        index = np.asarray(index).reshape(points.shape[:-1])

        def field(amplitudes: Array) -> Array:
            return jax.vmap(realise(amplitudes))(jnp.asarray(places))

        phi, features = field(amplitudes), jax.jacrev(field)(amplitudes)
        source = phi - features @ amplitudes - features @ slope
        pairs = features @ features.T
        columns = list(np.moveaxis(index, -1, 0))
        order = len(columns)
        total = sum(_contract([columns[k], *columns[:k], *columns[k + 1 :]], phi, source, pairs) for k in range(order))
        return jnp.asarray(total) / order

    def _why_not(self, name: str, observable: Observable, *, several: bool) -> str:
        """Why an observable has no improved form; empty where it has one."""
        if observable.points is not None:
            return "there is more than one field, or component of it" if several else ""
        if self._size > MOST_UNITS or self._grid() * self._size > LARGEST:
            return "it does not name its points, and the trace over all amplitudes would cost more than it saves"
        if not smoothness(self.theory).observables[name].isdisjoint(self.sites):
            return "it may jump or kink, as it is written, so that its derivative is not trusted"
        return "" if self._quadratic(observable) else "it is not quadratic in the amplitudes"

    def _grid(self) -> int:
        space = self.theory.space
        return int(np.prod([len(axis) for axis in space.axes])) if space else 1

    def _several(self) -> bool:
        """Whether there is more than one field, or a field of more than one component."""
        found: list[bool] = []

        def look(position: Position) -> Array:
            fields = list(self.theory.fields(position).values())
            found.append(len(fields) > 1 or jnp.ndim(fields[0](jnp.zeros(self.theory.dim))) > 0)
            return position

        jax.eval_shape(look, jnp.zeros(self.theory.dimension))
        return found[0]

    def _quadratic(self, observable: Observable) -> bool:
        """Whether O(a + b) + O(a − b) = 2 O(a) + 2 O(b) and O(2a) = 4 O(a) in the amplitudes, small and large."""
        evaluate = jax.jit(jax.vmap(lambda position: observable(self.theory.realise(position))))
        for rest, a, b in positions_to_try(self.theory, mask_of(self.theory, self.sites)):
            positions = np.concatenate([rest + a + b, rest + a - b, rest + a, rest + b, rest + 2 * a])
            found = np.asarray(evaluate(jnp.asarray(positions))).reshape(5, len(rest), -1)
            known = np.isfinite(found).all(axis=(0, 2))
            if np.sum(known) < len(known) / 2 or not np.issubdtype(found.dtype, np.floating):
                return False
            plus, minus, one, other, twice = found[:, known]
            size = ROUNDING * float(jnp.finfo(found.dtype).eps) * np.max(np.abs(found[:, known]), axis=(0, 2))
            missed = np.abs([plus + minus - 2 * one - 2 * other, twice - 4 * one])
            if np.any(np.max(missed, axis=(0, 2), initial=0.0) > size):
                return False
        return True


def _contract(columns: list[np.ndarray], phi: Array, source: Array, pairs: Array) -> Array:
    """The improved product of the fields at the points of `columns`, the first one contracted with the others."""
    if not columns:
        return jnp.ones(())
    first, others = columns[0], columns[1:]
    total = source[first]
    for column in others:
        total = total * phi[column]
    for k, partner in enumerate(others):
        total = total + pairs[first, partner] * _contract([*others[:k], *others[k + 1 :]], phi, source, pairs)
    return total


def measure_improved(target: Target, improvement: Improvement) -> Target:
    """The target, which measures improved observables beside the raw ones: `{..., "improved": improvement(z)}`.

    Args:
        target: What is sampled.
        improvement: Which observables are improved; with none, the target comes back as it is.
    """
    if not improvement.names:
        return target

    def measure(position: Position) -> dict[str, Any]:
        return target.measure(position) | {"improved": improvement(position)}

    return replace(target, measure=measure)
