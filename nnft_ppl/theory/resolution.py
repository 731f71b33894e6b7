"""Whether quadrature grids resolve the action and the observables: the same draws on a grid of twice the points.

A space with a band limit is safe by construction, and one whose points belong to the theory (a lattice, given times) is
what it is. Where a model integrates over another space (a network with ReLU, say, has no highest momentum), the action
of a few free draws is compared on two grids. Observables are compared on every grid that can have more points: a band
limit knows φ⁴, and neither a higher power, nor a step, nor the weight of `smeared`.
"""

from collections.abc import Iterable
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array

from nnft_ppl.spaces import Space, refined, used_spaces
from nnft_ppl.theory.errors import ModelError
from nnft_ppl.theory.theory import Theory

DRAWS = 16
MAX_SPREAD = 0.02
"""Largest standard deviation of the action's change: it is the relative error of a draw's weight.

Of an observable, in units of its standard deviation: a shift of one statistical error of 2500 independent draws."""
ROUNDING = 1e-5
"""A smaller change, relative to the observable, is that of float32."""


class Resolution(NamedTuple):
    """How the action of free draws changes when every grid is doubled."""

    spread: float
    """Standard deviation of the change; a constant change cancels in every average."""
    action_spread: float
    """Standard deviation of the action itself, for comparison."""

    @property
    def fine(self) -> bool:
        """Whether the grid is fine enough."""
        return self.spread <= MAX_SPREAD


def grid_resolution(theory: Theory) -> Resolution:
    """Compare the action of 16 free draws on the theory's grids and on grids with twice the points per axis.

    Args:
        theory: Any theory.

    Raises:
        ModelError: If a space without a band limit is not built anew on the finer grid, so that nothing is compared.
    """
    positions = jax.vmap(theory.free_draw)(jax.random.split(jax.random.key(0), DRAWS))
    coarse = _actions(theory, positions)
    with refined(2), used_spaces() as used:
        fine = _actions(theory, positions)
    for space in used:
        if space.refinement == 1 and not space.limited and not space.fixed:
            raise ModelError(
                f"{theory.name}: the action uses {space!r}, which was built before the model ran, so that its grid "
                "cannot be compared with a finer one: build it inside the model (space() may build it, too)"
            )
    with np.errstate(invalid="ignore"):  # behind a wall both are infinite
        return Resolution(float(np.std(np.asarray(fine - coarse))), float(np.std(np.asarray(coarse))))


def _actions(theory: Theory, positions: Array) -> Array:
    """The action of each draw, by a new function: the model is traced again and builds its spaces anew."""

    def action(position: Array) -> Array:
        return theory.action(position)

    return jax.jit(jax.vmap(action))(positions)


def spaces_of(theory: Theory) -> list[Space]:
    """The spaces whose grids the action uses."""
    with used_spaces() as used:
        jax.eval_shape(lambda key: theory.action(theory.free_draw(key)), jax.random.key(0))
    return used


def refuse_coarse_grid(theory: Theory) -> None:
    """Refuse a theory of which a grid without band limit does not resolve the action.

    Args:
        theory: Any theory.

    Raises:
        ModelError: If doubling the points changes the action by more than `MAX_SPREAD` between draws, or a grid is not
            doubled.
    """
    if all(space.limited or space.fixed for space in spaces_of(theory)):
        return
    resolution = grid_resolution(theory)
    if not resolution.fine:
        raise ModelError(
            f"{theory.name}: the grid is too coarse for this field: doubling its points changes the action by "
            f"±{resolution.spread:.2g} between draws (at most {MAX_SPREAD} is fine); give the space more points"
        )


class ObservableResolution(NamedTuple):
    """How observables on free draws change when every grid is doubled."""

    moved: dict[str, float]
    """Of those that use a grid: root mean square change over their standard deviation, of the entry that moves most."""
    not_doubled: list[Space]
    """Spaces that were built before, so that there is nothing to compare them with."""

    @property
    def coarse(self) -> dict[str, float]:
        """Those whose grid is not fine enough."""
        return {name: change for name, change in self.moved.items() if not change <= MAX_SPREAD}


def observable_resolution(theory: Theory) -> ObservableResolution:
    """Compare observables of 16 free draws on the theory's grids and on grids with twice the points per axis.

    Args:
        theory: Any theory.
    """
    names = _on_grids(theory)
    if not names:
        return ObservableResolution({}, [])
    positions = jax.vmap(theory.free_draw)(jax.random.split(jax.random.key(0), DRAWS))
    coarse = _observed(theory, names, positions)
    with refined(2):
        finer = Theory(theory.file, **theory.keywords)
        spaces = [space for used in _on_grids(finer).values() for space in used]
        fine = _observed(finer, names, positions)
    moved = {
        name: _moved(np.asarray(coarse[name]), np.asarray(fine[name]))
        for name in names
        if coarse[name].shape == fine[name].shape  # else the grid is what is measured
    }
    return ObservableResolution(moved, [one for one in dict.fromkeys(spaces) if one.refinement == 1])


def _on_grids(theory: Theory) -> dict[str, list[Space]]:
    """Observables that integrate, with the spaces that could have more points."""
    found: dict[str, list[Space]] = {}

    def look(key: Array) -> None:
        reading = theory.at(theory.free_draw(key))
        for name, observable in theory.observables.items():
            with used_spaces() as used:
                observable.on(reading)
            found[name] = [space for space in used if not space.fixed]

    jax.eval_shape(look, jax.random.key(0))
    return {name: used for name, used in found.items() if used}


def _observed(theory: Theory, names: Iterable[str], positions: Array) -> dict[str, Array]:
    """Observables of each draw, shape (draw, ...)."""

    def observed(position: Array) -> dict[str, Array]:
        reading = theory.at(position)
        return {name: theory.observables[name].on(reading) for name in names}

    return jax.jit(jax.vmap(observed))(positions)


def _moved(coarse: np.ndarray, fine: np.ndarray) -> float:
    """Largest root mean square change of an entry, in units of its standard deviation between draws; 0 for rounding."""
    change = np.sqrt(np.mean(np.abs(fine - coarse) ** 2, axis=0))
    rounding = ROUNDING * np.sqrt(np.mean(np.abs(coarse) ** 2, axis=0)).max()
    return float(np.max(np.where(change > rounding, change / (np.std(coarse, axis=0) + rounding), 0.0)))
