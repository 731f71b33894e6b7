r"""A field on the unit sphere, given by its coefficients in real spherical harmonics.

With $P_{lm}(z) (1-z^2)^{-m/2}$, a polynomial in the height z, a harmonic is smooth at the poles:
$Y_{l,\pm m} = N_{lm}\, Q_{lm}(z)\, (\mathrm{Re}, \mathrm{Im}) (x + iy)^m$, where $Q$ follows from a recursion in l.

Source: recursions of the normalised Legendre functions, Numerical Recipes (3rd edition) §6.7, divided by
$(1-z^2)^{m/2}$; real harmonics in the phase convention of quantum chemistry, without (−1)^m.
"""

import math
from functools import lru_cache
from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.arguments import require_count


@final
class Harmonics(eqx.Module):
    """Field on the unit sphere, φ(n) = Σ_{l ≤ L} Σ_{|m| ≤ l} a_lm Y_lm(n), with real orthonormal harmonics.

    Y_l0 = √((2l+1)/4π) P_l(z); for m > 0 Y_{l,m} and Y_{l,−m} are √2 times the real and the imaginary part of the
    complex harmonic, ∝ cos mα and sin mα, without the factor (−1)^m: Y_11, Y_{1,−1}, Y_10 = √(3/4π) (x, y, z). So
    ∫ dΩ Y_lm Y_l'm' = δ δ and Σ_m Y_lm(n) Y_lm(n') = (2l+1)/4π · P_l(n·n').

    Attributes:
        coefficients: a_lm at the place l² + l + m, shape ((L+1)², *components).
        degree: Highest degree L; static.

    Source: derived here (addition theorem; the recursion of the file's docstring).
    """

    coefficients: Float[Array, "harmonic ..."]
    degree: int = eqx.field(static=True)

    def __init__(self, coefficients: Float[ArrayLike, "harmonic *component"], degree: int) -> None:
        """Check the shapes.

        Args:
            coefficients: a_lm at the place l² + l + m, shape ((degree+1)², *components).
            degree: Highest degree L.

        Raises:
            TypeError: If `degree` is not an integer, or a coefficient complex.
            ValueError: If `degree` is negative, or there are not (degree+1)² coefficients.
        """
        self.degree = require_count("Harmonics", "degree", degree, least=0)
        given = jnp.asarray(coefficients)
        if given.shape[:1] != ((self.degree + 1) ** 2,):
            raise ValueError(
                f"Harmonics: coefficients have shape {given.shape}; give ((degree+1)^2, ...), which is "
                f"{(self.degree + 1) ** 2} for degree = {self.degree}"
            )
        if jnp.iscomplexobj(given):
            raise TypeError("Harmonics: a coefficient is complex; give real ones")
        self.coefficients = given.astype(jnp.result_type(float, given))

    @property
    def dim(self) -> int:
        """Number of coordinates of a point, always 3."""
        return 3

    def _by_order(self) -> tuple[Float[Array, "degree order *component"], Float[Array, "degree order *component"]]:
        """Coefficients of the cosines and of the sines as arrays over l and m ≥ 0, zero where m > l (or m = 0)."""
        places, there = _places(self.degree)
        shape = there.shape + (1,) * (self.coefficients.ndim - 1)
        cosine, sine = (self.coefficients[place] * there.reshape(shape) for place in places)
        return cosine, sine.at[:, 0].set(0)

    def __call__(self, x: Float[ArrayLike, " 3"]) -> Float[Array, "*component"]:
        """Value of the field at one point of the sphere.

        Args:
            x: The point, a vector of shape (3,), of which only the direction counts.

        Returns:
            φ(x/|x|), a scalar or shape (*components).

        Raises:
            ValueError: If `x` is not one point of shape (3,).
        """
        x = jnp.asarray(x)
        if x.shape != (3,):
            raise ValueError(f"Harmonics: x has shape {x.shape}; give one unit vector of shape (3,)")
        unit: Array = x / jnp.linalg.norm(x)
        powers = jnp.cumprod(jnp.full(self.degree, jax.lax.complex(unit[0], unit[1])))  # (x + iy)^m from m = 1
        table = _recursion(self.degree, unit.dtype)

        def step(rows: tuple[Array, Array], constants: tuple) -> tuple[tuple[Array, Array], Array]:
            row = _next_row(unit[2], *rows, *constants)
            return (rows[1], row), row

        none = jnp.zeros(self.degree + 1, unit.dtype)
        _, rows = jax.lax.scan(step, (none, none), table)
        cosine, sine = self._by_order()
        real = jnp.concatenate([jnp.ones(1, unit.dtype), powers.real])
        imaginary = jnp.concatenate([jnp.zeros(1, unit.dtype), powers.imag])
        highest = jax.lax.Precision.HIGHEST
        return jnp.tensordot(rows * real, cosine, 2, precision=highest) + jnp.tensordot(
            rows * imaginary, sine, 2, precision=highest
        )

    def on_sphere(
        self, height: Float[np.ndarray, " height"], azimuth: Float[np.ndarray, " azimuth"]
    ) -> Float[Array, "height azimuth *component"]:
        """Values on a grid of heights z = cos θ and azimuths α, from (L+1)² products per height.

        Args:
            height: Heights, shape (height,).
            azimuth: Azimuths, shape (azimuth,).

        Returns:
            φ on the grid, shape (height, azimuth, *components).
        """
        dtype, orders = self.coefficients.dtype, np.arange(self.degree + 1)
        height = np.asarray(height, np.float64)
        radius = np.sqrt((1 - height) * (1 + height))
        rows = [np.zeros((len(height), len(orders)))] * 2
        for constants in zip(*_recursion(self.degree, np.dtype(float)), strict=True):
            rows.append(_next_row(height[:, None], rows[-2], rows[-1], *constants))
        table = np.stack(rows[2:]) * radius[:, None] ** orders
        angle = np.asarray(azimuth, np.float64)[:, None] * orders
        values = 0.0
        for part, wave in zip(self._by_order(), (np.cos(angle), np.sin(angle)), strict=True):
            along = jnp.einsum("lhm,lm...->mh...", table.astype(dtype), part, precision=jax.lax.Precision.HIGHEST)
            values = values + jnp.einsum(
                "am,mh...->ha...", wave.astype(dtype), along, precision=jax.lax.Precision.HIGHEST
            )
        return jnp.asarray(values)


def _next_row(height: Any, before: Any, last: Any, steep: Any, older: Any, new: Any) -> Any:
    """Q_lm over the orders m in the last axis, from Q_{l−2,m} and Q_{l−1,m} at heights z; zero for m > l."""
    return steep * (height * last - older * before) + new


@lru_cache(maxsize=16)
def _recursion(degree: int, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The constants of `_next_row` for every l, arrays over (l, m); √2 for m > 0 is in Q."""
    l, m = np.meshgrid(np.arange(degree + 1), np.arange(degree + 1), indexing="ij")
    below, l_before = m < l, np.maximum(l - 1, 0)
    steep = np.sqrt(below * (4 * l * l - 1) / np.where(below, l * l - m * m, 1))
    older = np.sqrt(np.where(below, l_before**2 - m * m, 0) / np.maximum(4 * l_before**2 - 1, 1))
    orders = np.arange(1, degree + 1)
    diagonal = math.sqrt(1 / (4 * math.pi)) * np.cumprod([1.0, *np.sqrt((2 * orders + 1) / (2 * orders))])
    new = np.diag(diagonal * np.where(np.arange(degree + 1) > 0, math.sqrt(2), 1))
    return steep.astype(dtype), older.astype(dtype), new.astype(dtype)


@lru_cache(maxsize=16)
def _places(degree: int) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Places of a_{l,m} and a_{l,−m} for m ≥ 0, arrays over (l, m), and which of these exist."""
    l, m = np.meshgrid(np.arange(degree + 1), np.arange(degree + 1), indexing="ij")
    there = m <= l
    return (np.where(there, l * l + l + m, 0), np.where(there, l * l + l - m, 0)), there
