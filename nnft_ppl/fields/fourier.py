"""A field on a circle, given by its Fourier coefficients, and the scales of the free field."""

import math
from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.arguments import require_count, require_positive


@final
class FourierSeries(eqx.Module):
    """Field on a circle, φ(t) = constant + Σ_{n=1}^K [cosine_n cos(ω_n t) + sine_n sin(ω_n t)].

    ω_n = 2πn/period. `period` is static: a Python number, part of the structure and not a parameter.

    Attributes:
        period: Length of the circle, in units of length.
        constant: Average of φ over the circle, a scalar.
        cosine: Coefficients of cos(ω_n t), n = 1..K, shape (modes,).
        sine: Coefficients of sin(ω_n t), n = 1..K, shape (modes,).

    Source: derived here.
    """

    period: float = eqx.field(static=True)
    constant: Float[Array, ""]
    cosine: Float[Array, " modes"]
    sine: Float[Array, " modes"]

    def __init__(
        self,
        period: float,
        constant: Float[ArrayLike, ""],
        cosine: Float[ArrayLike, " modes"],
        sine: Float[ArrayLike, " modes"],
    ) -> None:
        """Check the shapes and bring the coefficients to one dtype.

        Args:
            period: Length of the circle, a positive Python number.
            constant: Average of φ over the circle, a scalar.
            cosine: Coefficients of the cosines from n = 1, shape (modes,).
            sine: Coefficients of the sines from n = 1, shape (modes,).

        Raises:
            TypeError: If `period` is not a Python number or a coefficient is complex.
            ValueError: If `period` is not positive or shapes do not fit together.
        """
        self.period = require_positive("FourierSeries", "period", period)
        constant, cosine, sine = jnp.asarray(constant), jnp.asarray(cosine), jnp.asarray(sine)
        if constant.shape != ():
            raise ValueError(
                f"FourierSeries: constant has shape {constant.shape}; give a scalar (batches of fields: jax.vmap)"
            )
        if cosine.ndim != 1 or sine.shape != cosine.shape:
            raise ValueError(
                f"FourierSeries: cosine has shape {cosine.shape} and sine {sine.shape}; give both of shape (modes,)"
            )
        dtype = jnp.result_type(float, constant, cosine, sine)
        if jnp.issubdtype(dtype, jnp.complexfloating):
            raise TypeError("FourierSeries: a coefficient is complex; give real ones")
        self.constant, self.cosine, self.sine = (part.astype(dtype) for part in (constant, cosine, sine))

    @property
    def dim(self) -> int:
        """Number of coordinates, always 1."""
        return 1

    @property
    def modes(self) -> int:
        """Number of modes K."""
        return self.cosine.shape[-1]

    def _tables(
        self, times: Float[ArrayLike, " *times"]
    ) -> tuple[Float[ArrayLike, " *times modes"], Float[ArrayLike, " *times modes"]]:
        """The cosines and sines of ω_n t, made with numpy when the times are numbers and not traced."""
        harmonic = np.arange(1, self.modes + 1)
        if isinstance(times, jax.Array):
            angle = (times / self.period * (2 * math.pi))[..., None] * harmonic.astype(times.dtype)
            return jnp.cos(angle), jnp.sin(angle)
        # Whole turns are dropped before the cosine, where they would cost digits.
        turns = np.remainder((np.asarray(times, np.float64) / self.period)[..., None] * harmonic, 1.0)
        dtype = self.cosine.dtype
        return np.cos(2 * np.pi * turns).astype(dtype), np.sin(2 * np.pi * turns).astype(dtype)

    def _sum(
        self,
        constant: Float[Array, ""],
        coefficient: Float[Array, " modes"],
        table: Float[ArrayLike, " *times modes"],
    ) -> Float[Array, " *times"]:
        return constant + jnp.matmul(table, coefficient, precision=jax.lax.Precision.HIGHEST)

    def __call__(self, x: Float[ArrayLike, " 1"] | Float[ArrayLike, ""]) -> Float[Array, ""]:
        """Value of the field at one point of the circle.

        Args:
            x: The point, shape (1,) or a scalar; points a period apart are the same.

        Returns:
            φ(x), a scalar.

        Raises:
            ValueError: If `x` is not one point.
        """
        x = jnp.asarray(x)
        if x.shape not in {(1,), ()}:
            raise ValueError(
                f"FourierSeries: x has shape {x.shape}; give one point of shape (1,), and many points through jax.vmap"
            )
        cosine, sine = self._tables(x.reshape(()))
        return self._sum(self._sum(self.constant, self.cosine, cosine), self.sine, sine)

    def on_grid(self, axes: tuple[Float[ArrayLike, " points"]]) -> Float[Array, " points"]:
        """Values on a grid, by products with tables of cosines and sines.

        For a numpy axis the tables are made once, with numpy in float64, and enter a compiled function as
        constants in the dtype of the field; for a traced axis they are computed where they are used.

        Args:
            axes: One array of points in a tuple, shape (points,).

        Returns:
            φ on the grid, shape (points,).

        Raises:
            ValueError: If there is not exactly one 1-d axis.
        """
        if len(axes) != 1 or jnp.ndim(axes[0]) != 1:
            raise ValueError(
                f"FourierSeries: axes have shapes {[jnp.shape(axis) for axis in axes]}; "
                "give one axis of shape (points,)"
            )
        cosine, sine = self._tables(self._follow(axes[0]))
        return self._sum(self._sum(self.constant, self.cosine, cosine), self.sine, sine)

    def translation_average(self, separation: Float[ArrayLike, " *separation"]) -> Float[Array, " *separation"]:
        """Two-point function averaged over the circle, (1/T) ∫_0^T φ(s) φ(s+t) ds with T = period.

        Exactly constant² + ½ Σ_n (cosine_n² + sine_n²) cos(ω_n t). It is not connected: no ⟨φ⟩² is
        taken off.

        Args:
            separation: Separations t, any shape.

        Returns:
            The average at each t, of the shape of `separation`.

        Source: derived here (orthogonality of the modes).
        """
        power = (self.cosine**2 + self.sine**2) / 2
        return self._sum(self.constant**2, power, self._tables(self._follow(separation))[0])

    def _follow(self, times: Float[ArrayLike, " *times"]) -> Float[ArrayLike, " *times"]:
        """JAX arrays of times in the dtype of the field; everything else as numpy."""
        return times.astype(self.cosine.dtype) if isinstance(times, jax.Array) else np.asarray(times)


def free_scales(
    period: float, mass: float | Float[Array, ""], modes: int
) -> tuple[float | Float[ArrayLike, ""], Float[ArrayLike, " modes"]]:
    """Standard deviations of the Fourier coefficients of the free field on a circle.

    With T = period, independent normal coefficients of deviation 1/(m√T) for the constant and
    √(2/T / (ω_n² + m²)) for cosine_n and sine_n alike give
    ⟨φ(s) φ(s+t)⟩ = (1/T) Σ_{n=−K}^{K} exp(iω_n t) / (ω_n² + m²), the free propagator 1/(p² + m²) cut at
    K modes, for the action ∫ [½ φ'² + ½ m² φ²].

    Args:
        period: Length of the circle T, a positive Python number.
        mass: m, positive, in inverse units of length; a number, or a scalar JAX array, which is followed
            in its dtype and may be traced (its sign is then not checked).
        modes: Number of modes K.

    Returns:
        The deviation of the constant, a scalar, and that of the modes n = 1..K, shape (modes,). Numpy for
        a number `mass`, JAX arrays for an array.

    Raises:
        TypeError: If `modes` is not an integer, or `period` or `mass` not a number.
        ValueError: If `modes` is negative, or `period` or `mass` not positive.

    Source: derived here.
    """
    period = require_positive("free_scales", "period", period)
    modes = require_count("free_scales", "modes", modes, least=0)
    omega = 2 * np.pi / period * np.arange(1, modes + 1)
    if isinstance(mass, jax.Array):
        return 1 / (mass * math.sqrt(period)), jnp.sqrt(
            (2 / period) / (omega.astype(jnp.result_type(float, mass)) ** 2 + mass**2)
        )
    mass = require_positive("free_scales", "mass", mass)
    return 1 / (mass * math.sqrt(period)), np.sqrt((2 / period) / (omega**2 + mass**2))
