"""A few drawn fields on a regular grid, stored with a run: what draws of the theory look like."""

from typing import Any

import jax
import numpy as np
import xarray as xr
from jaxtyping import Array, Float

from nnft_ppl.theory import Theory

COUNT = 4
"""Fields that are kept."""


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
        """The picked fields where the region shows them: variables `field` (or `field.NAME`).

        Dims are snapshot, the region's own (x0, x1, or time, azimuth, height), and components. None where no draw
        passed by, or the field has no value at such points.
        """
        if self._positions is None or not len(self._positions):
            return None
        region = theory.region

        def look(position: Float[Array, "dimension"]) -> dict[str, Array]:
            return {name: region.look(phi) for name, phi in theory.fields(position).items()}

        try:
            values = jax.jit(jax.vmap(look))(self._positions)
        except Exception:  # whatever the field is made of: a picture is no reason to lose a run
            return None
        places = region.places
        variables = {}
        for name, value in values.items():
            components = [f"{name}_component_{axis}" for axis in range(value.ndim - 1 - len(places))]
            variables[name] = (("snapshot", *places, *components), np.asarray(value))
        pure = {"units": "1"}  # of angles; lengths are in the unit of the separation
        return xr.Dataset(
            variables, coords={name: (name, at, pure if name in region.pure else {}) for name, at in places.items()}
        )
