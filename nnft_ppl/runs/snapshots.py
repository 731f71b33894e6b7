"""A few drawn fields on a regular grid, stored with a run: what draws of the theory look like."""

from typing import Any

import jax
import numpy as np
import xarray as xr
from jaxtyping import Array, Float

from nnft_ppl.spaces import on_axes
from nnft_ppl.theory import Theory

COUNT = 4
"""Fields that are kept."""
POINTS = {1: 257, 2: 65}
"""Points per axis by dimension."""
SLICE_POINTS = 49
"""The same in higher dimensions, where two axes run through the centre and the others rest there."""
UNBOUNDED_SIDE = 4.0
"""Side of the picture where a theory has no space."""


class Snapshots:
    """Draws of the target picked at random, in proportion to their weights, from all that pass by."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(0)
        self._ranks = np.zeros(0)
        self._positions: np.ndarray | None = None

    def add(self, positions: Float[Any, "chain draw dimension"], log_weights: Float[np.ndarray, "chain draw"]) -> None:
        """Let some draws pass by; the highest of ln w + Gumbel noise are a sample without replacement ∝ w."""
        ranks = (log_weights + self._random.gumbel(size=log_weights.shape)).reshape(-1)
        best = np.argsort(-ranks)[:COUNT]
        found = np.asarray(positions).reshape(-1, positions.shape[-1])[best]
        together = found if self._positions is None else np.concatenate([self._positions, found])
        ranks = np.concatenate([self._ranks, ranks[best]])
        order = np.argsort(-ranks)[:COUNT]
        order = order[ranks[order] > -np.inf]  # a draw without weight is none of the theory's
        self._positions, self._ranks = together[order], ranks[order]

    @property
    def positions(self) -> np.ndarray | None:
        """The picked draws z, shape (draw, dimension); None where none passed by."""
        return self._positions

    def pictures(self, theory: Theory) -> xr.Dataset | None:
        """The picked fields on a grid: variables `field` (or `field.NAME`), dims (snapshot, x0, ..., component).

        Axes past the second rest at the centre of the space and are left out. None where no draw passed by, or the
        field has no value at such points.
        """
        if self._positions is None or not len(self._positions):
            return None
        axes = _axes(theory)
        try:
            values = jax.jit(jax.vmap(lambda position: _on_axes(theory, position, axes)))(self._positions)
        except Exception:  # whatever the field is made of: a picture is no reason to lose a run
            return None
        shown = [f"x{axis}" for axis in range(min(theory.dim, 2))]
        variables = {}
        for name, value in values.items():
            plane = np.asarray(value).reshape(
                len(value), *(len(axis) for axis in axes[:2]), *value.shape[1 + theory.dim :]
            )
            components = [f"{name}_component_{axis}" for axis in range(plane.ndim - 1 - len(shown))]
            variables[name] = (("snapshot", *shown, *components), plane)
        return xr.Dataset(variables, coords=dict(zip(shown, axes, strict=False)))


def _axes(theory: Theory) -> list[np.ndarray]:
    centre, side = (theory.space.centre, theory.space.side) if theory.space else (np.zeros(theory.dim), UNBOUNDED_SIDE)
    points = POINTS.get(theory.dim, SLICE_POINTS)
    offsets = [np.linspace(-side / 2, side / 2, points) if axis < 2 else np.zeros(1) for axis in range(theory.dim)]
    return [middle + offset for middle, offset in zip(centre, offsets, strict=True)]


def _on_axes(theory: Theory, position: Float[Array, "dimension"], axes: list[np.ndarray]) -> dict[str, Array]:
    return {name: on_axes(phi, axes) for name, phi in theory.fields(position).items()}
