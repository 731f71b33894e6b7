"""Whether the quadrature grids of a theory resolve its action: the same draws on a grid of twice the points.

A space with a band limit is safe by construction, and one whose points belong to the theory (a lattice, given times) is
what it is. Where a model integrates over another space (a network with ReLU, say, has no highest momentum), the action
of a few free draws is compared on two grids.
"""

from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array

from nnft_ppl.spaces import Space, refined, used_spaces
from nnft_ppl.theory.errors import ModelError
from nnft_ppl.theory.theory import Theory

DRAWS = 16
MAX_SPREAD = 0.02
"""Largest standard deviation of the action's change: it is the relative error of a draw's weight."""


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
