"""A field on the sites of a lattice."""

from collections.abc import Sequence
from typing import Any, Protocol, final

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, ArrayLike, Bool, Float, Shaped

TOLERANCE = 1e-3
"""How far from a site, in spacings, a point may be by rounding."""


class Sites(Protocol):
    """Where the sites are, such as a `nnft_ppl.spaces.Lattice`: x_n = first + spacing·n with 0 ≤ n_j < sites_j."""

    @property
    def sites(self) -> tuple[int, ...]:
        """Number of sites along each axis."""
        ...

    @property
    def periodic(self) -> bool:
        """Whether opposite ends are neighbours."""
        ...

    @property
    def spacing(self) -> float:
        """Distance of neighbouring sites."""
        ...

    @property
    def first(self) -> tuple[float, ...]:
        """The first site."""
        ...


@final
class LatticeField(eqx.Module):
    """Field with a value at every site of a lattice and none between them, φ(first + spacing·n) = values[n].

    A point that is no site is refused; where it is traced, and nobody can see it, the value is NaN. On a periodic
    lattice sites a whole turn apart are the same.

    Attributes:
        values: One value for each site, shape (*sites, *components), real or complex.
        lattice: Where the sites are; static.

    Source: derived here.
    """

    values: Shaped[Array, "..."]
    lattice: Sites = eqx.field(static=True)

    def __init__(self, values: Shaped[ArrayLike, "..."], lattice: Sites) -> None:
        """Check the shapes.

        Args:
            values: One value for each site, shape (*sites, *components).
            lattice: Where the sites are, a `nnft_ppl.spaces.Lattice`.

        Raises:
            ValueError: If the values have not one entry for each site.
        """
        self.values, self.lattice = jnp.asarray(values), lattice
        if self.values.shape[: len(lattice.sites)] != tuple(lattice.sites):
            raise ValueError(
                f"LatticeField: values have shape {self.values.shape} and the lattice {lattice.sites} sites; give the "
                "sites first and components behind"
            )

    @property
    def only_at(self) -> str:
        """Where alone it has values, so that it has no derivative."""
        return "sites"

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return len(self.lattice.sites)

    def _along(self, axis: int, x: Float[ArrayLike, "*shape"]) -> tuple[Any, Any]:
        """Numbers of the sites at these coordinates along one axis, and whether there are such sites."""
        library = np if isinstance(x, np.ndarray) else jnp
        count = self.lattice.sites[axis]
        steps = (x - self.lattice.first[axis]) / self.lattice.spacing
        numbers = library.round(steps)
        good = library.abs(steps - numbers) < TOLERANCE
        if not self.lattice.periodic:
            good = good & (numbers >= 0) & (numbers < count)
        if not isinstance(good, Tracer) and not np.all(good):
            bad = np.asarray(x)[~np.asarray(good)][0]
            raise ValueError(
                f"LatticeField: {bad:g} along axis {axis} is no site; the sites are at {self.lattice.first[axis]:g} + "
                f"{self.lattice.spacing:g} n{'' if self.lattice.periodic else f' with n from 0 to {count - 1}'}, and "
                "the field has no values between them"
            )
        return (numbers.astype(int) % count), good

    def __call__(self, x: Float[ArrayLike, " dim"]) -> Shaped[Array, "*component"]:
        """Value of the field at one site.

        Args:
            x: The site's coordinates, shape (dim,).

        Returns:
            φ(x), a scalar or shape (*components); NaN where a traced point is no site.

        Raises:
            ValueError: If `x` is not one point, or is no site.
        """
        x = x if isinstance(x, np.ndarray) else jnp.asarray(x)
        if x.shape != (self.dim,):
            raise ValueError(
                f"LatticeField: x has shape {x.shape}; give one site of shape ({self.dim},), and many through jax.vmap"
            )
        numbers, good = zip(*(self._along(axis, x[axis, None]) for axis in range(self.dim)), strict=True)
        value = self.values[tuple(one[0] for one in numbers)]
        return _or_nan(value, jnp.all(jnp.stack([jnp.asarray(one[0]) for one in good])))

    def on_grid(self, axes: Sequence[Float[ArrayLike, " points"]]) -> Shaped[Array, "..."]:
        """Values at the sites of a tensor grid.

        Args:
            axes: One array of coordinates per dimension, shapes (n_1,), ..., (n_dim,).

        Returns:
            φ on the grid, shape (n_1, ..., n_dim) and the components.

        Raises:
            ValueError: If the number of axes is not the lattice's, or a point is no site.
        """
        if len(axes) != self.dim:
            raise ValueError(f"LatticeField: {len(axes)} axes for a lattice of {self.dim}; give one axis per dimension")
        values = self.values
        for axis, points in enumerate(axes):
            numbers, good = self._along(axis, points)
            if not np.array_equal(numbers, np.arange(values.shape[axis])) if isinstance(points, np.ndarray) else True:
                values = jnp.take(values, jnp.asarray(numbers), axis=axis)
            if isinstance(good, Tracer):
                values = _or_nan(values, good.reshape(-1, *[1] * (values.ndim - axis - 1)))
        return values


def _or_nan(value: Shaped[Array, "..."], good: Bool[Array, "..."]) -> Shaped[Array, "..."]:
    """The value where it is good, else NaN; untouched where that is known to be everywhere."""
    return jnp.where(good, value, jnp.nan) if isinstance(good, Tracer) else value
