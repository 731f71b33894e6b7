"""A field on the torus [0, 2π)², given by its coefficients in products of waves along x and along y."""

from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float


@final
class WaveProducts(eqx.Module):
    """Field on [0, 2π)², φ(x, y) = Σ_nk C_nk u_n(x) u_k(y), of orthonormal waves.

    The waves of one axis are cos(Kx)/√π, ..., cos(x)/√π, 1/√(2π), sin(x)/√π, ..., sin(Kx)/√π, in this order, so that
    the k-th one from the middle, either way, has the momentum k. ∫ φ² = Σ C².

    Attributes:
        coefficients: C, shape (2K+1, 2K'+1).

    Source: derived here.
    """

    coefficients: Float[Array, "along_x along_y"]

    def __init__(self, coefficients: Float[ArrayLike, "along_x along_y"]) -> None:
        """Check the shape.

        Args:
            coefficients: C, shape (2K+1, 2K'+1).

        Raises:
            TypeError: If a coefficient is complex.
            ValueError: If there is not an odd number of waves along each of two axes.
        """
        given = jnp.asarray(coefficients)
        if given.ndim != 2 or not all(size % 2 for size in given.shape):
            raise ValueError(
                f"WaveProducts: coefficients have shape {given.shape}; give (2K+1, 2K'+1): cosines, 1 and sines"
            )
        if jnp.iscomplexobj(given):
            raise TypeError("WaveProducts: a coefficient is complex; give real ones")
        self.coefficients = given.astype(jnp.result_type(float, given))

    @property
    def dim(self) -> int:
        """Number of coordinates, always 2."""
        return 2

    def __call__(self, x: Float[ArrayLike, " 2"]) -> Float[Array, ""]:
        """Value of the field at one point.

        Args:
            x: The point, shape (2,); points 2π apart are the same.

        Returns:
            φ(x), a scalar.

        Raises:
            ValueError: If `x` is not one point.
        """
        x = jnp.asarray(x)
        if x.shape != (2,):
            raise ValueError(f"WaveProducts: x has shape {x.shape}; give one point of shape (2,)")
        return self.on_grid((x[:1], x[1:]))[0, 0]

    def on_grid(self, axes: tuple[Float[ArrayLike, " points"], Float[ArrayLike, " points"]]) -> Float[Array, "x y"]:
        """Values on a tensor grid, one axis after the other.

        Args:
            axes: Points along x and along y, shapes (n_x,) and (n_y,).

        Returns:
            φ on the grid, shape (n_x, n_y).
        """
        tables = [
            _waves(jnp.asarray(axis, self.coefficients.dtype), size // 2)
            for axis, size in zip(axes, self.coefficients.shape, strict=True)
        ]
        return jnp.linalg.multi_dot([tables[0], self.coefficients, tables[1].T], precision=jax.lax.Precision.HIGHEST)


def _waves(points: Float[Array, " points"], modes: int) -> Float[Array, "points wave"]:
    angle = points[:, None] * jnp.arange(1, modes + 1)
    constant = jnp.full((len(points), 1), 0.5**0.5, points.dtype)
    waves = jnp.concatenate([jnp.cos(angle)[:, ::-1], constant, jnp.sin(angle)], axis=1)
    return waves / jnp.sqrt(jnp.pi).astype(points.dtype)
