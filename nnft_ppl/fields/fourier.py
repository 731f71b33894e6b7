"""A field on a circle or a torus, given by its Fourier coefficients."""

from collections.abc import Sequence
from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.arguments import require_positive
from nnft_ppl.fields.torus_modes import half_modes, highest_mode, mode_sum, waves


@final
class FourierSeries(eqx.Module):
    """Field on a circle, φ(t) = constant + Σ_{n=1}^K [cosine_n cos(ω_n t) + sine_n sin(ω_n t)], ω_n = 2πn/period.

    On a torus of dimension d it is φ(x) = constant + Σ_n [cosine_n cos(p_n·x) + sine_n sin(p_n·x)] with the momenta
    p_nj = 2πn_j/side_j of the integer vectors |n_j| ≤ K, one of each pair ±n (`half_modes`, in their order).
    `period` is static: Python numbers, part of the structure and not a parameter.

    Attributes:
        sides: Length of each axis, in units of length.
        constant: Average of φ, a scalar.
        cosine: Coefficients of the cosines, shape (modes,).
        sine: Coefficients of the sines, shape (modes,).

    Source: derived here.
    """

    sides: tuple[float, ...] = eqx.field(static=True)
    constant: Float[Array, ""]
    cosine: Float[Array, " modes"]
    sine: Float[Array, " modes"]

    def __init__(
        self,
        period: float | Sequence[float],
        constant: Float[ArrayLike, ""],
        cosine: Float[ArrayLike, " modes"],
        sine: Float[ArrayLike, " modes"],
    ) -> None:
        """Check the shapes and bring the coefficients to one dtype.

        Args:
            period: Length of the circle, a positive Python number; or of each axis of the torus.
            constant: Average of φ, a scalar.
            cosine: Coefficients of the cosines, shape (modes,): from n = 1 on a circle; on a torus of dimension d there
                are ((2K+1)^d − 1)/2.
            sine: Coefficients of the sines, shape (modes,).

        Raises:
            TypeError: If `period` is not of Python numbers or a coefficient is complex.
            ValueError: If `period` is not positive or shapes do not fit together.
        """
        lengths = tuple(period) if isinstance(period, Sequence | np.ndarray) else (period,)
        self.sides = tuple(require_positive("FourierSeries", "period", side) for side in lengths)
        constant, cosine, sine = jnp.asarray(constant), jnp.asarray(cosine), jnp.asarray(sine)
        if constant.shape != ():
            raise ValueError(
                f"FourierSeries: constant has shape {constant.shape}; give a scalar (batches of fields: jax.vmap)"
            )
        if cosine.ndim != 1 or sine.shape != cosine.shape:
            raise ValueError(
                f"FourierSeries: cosine has shape {cosine.shape} and sine {sine.shape}; give both of shape (modes,)"
            )
        if not self.sides or highest_mode(len(cosine), self.dim) is None:
            raise ValueError(
                f"FourierSeries: {len(cosine)} modes on a torus of {self.dim} dimensions; there are ((2K+1)^{self.dim} "
                "- 1)/2 with |n_j| <= K, in the order of half_modes(K, dim)"
            )
        dtype = jnp.result_type(float, constant, cosine, sine)
        if jnp.issubdtype(dtype, jnp.complexfloating):
            raise TypeError("FourierSeries: a coefficient is complex; give real ones")
        self.constant, self.cosine, self.sine = (part.astype(dtype) for part in (constant, cosine, sine))

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return len(self.sides)

    @property
    def period(self) -> float:
        """Length of the circle, a number.

        Raises:
            AttributeError: If this is a torus of more dimensions.
        """
        if self.dim > 1:
            raise AttributeError(f"FourierSeries: a torus of {self.dim} dimensions has `sides`, no period")
        return self.sides[0]

    @property
    def modes(self) -> int:
        """Highest mode K along each axis."""
        found = highest_mode(self.cosine.shape[-1], self.dim)
        assert found is not None
        return found

    def _tables(
        self, points: Float[ArrayLike, "*points dim"]
    ) -> tuple[Float[ArrayLike, "*points modes"], Float[ArrayLike, "*points modes"]]:
        """Cosines and sines of p_n·x, made with numpy where the points are numbers and not traced."""
        turns = points / np.array(self.sides, points.dtype if isinstance(points, jax.Array) else np.float64)
        return waves(turns, half_modes(self.modes, self.dim), self.cosine.dtype)

    def _sum(
        self,
        constant: Float[Array, ""],
        coefficient: Float[Array, " modes"],
        table: Float[ArrayLike, " *times modes"],
    ) -> Float[Array, " *times"]:
        return constant + jnp.matmul(table, coefficient, precision=jax.lax.Precision.HIGHEST)

    def __call__(self, x: Float[ArrayLike, " dim"] | Float[ArrayLike, ""]) -> Float[Array, ""]:
        """Value of the field at one point.

        Args:
            x: The point, shape (dim,), on a circle also a scalar; points a period apart are the same.

        Returns:
            φ(x), a scalar.

        Raises:
            ValueError: If `x` is not one point.
        """
        x = jnp.asarray(x)
        if x.shape != (self.dim,) and (self.dim > 1 or x.shape != ()):
            raise ValueError(
                f"FourierSeries: x has shape {x.shape}; give one point of shape ({self.dim},), and many points through "
                "jax.vmap"
            )
        cosine, sine = self._tables(x.reshape(self.dim))
        return self._sum(self._sum(self.constant, self.cosine, cosine), self.sine, sine)

    def on_grid(self, axes: tuple[Float[ArrayLike, " points"], ...]) -> Float[Array, "..."]:
        """Values on a tensor grid, by products with tables of cosines and sines, one axis after the other.

        For a numpy axis the tables are made once, with numpy in float64, and enter a compiled function as
        constants in the dtype of the field; for a traced axis they are computed where they are used.

        Args:
            axes: One array of points per dimension, shapes (n_1,), ..., (n_dim,).

        Returns:
            φ on the grid, shape (n_1, ..., n_dim).

        Raises:
            ValueError: If there is not exactly one 1-d axis per dimension.
        """
        if len(axes) != self.dim or any(jnp.ndim(axis) != 1 for axis in axes):
            wanted = "one axis of shape (points,)" if self.dim == 1 else f"{self.dim} axes of shape (points,)"
            raise ValueError(f"FourierSeries: axes have shapes {[jnp.shape(axis) for axis in axes]}; give {wanted}")
        if self.dim == 1:
            cosine, sine = self._tables(self._follow(axes[0])[:, None])
            return self._sum(self._sum(self.constant, self.cosine, cosine), self.sine, sine)
        turns = [self._follow(axis) / side for axis, side in zip(axes, self.sides, strict=True)]
        return mode_sum(self.modes, self.constant, self.cosine, self.sine, turns)

    def translation_average(self, separation: Float[ArrayLike, "..."]) -> Float[Array, " *separation"]:
        """Two-point function averaged over all translations, (1/V) ∫ dx φ(x) φ(x+r).

        Exactly constant² + ½ Σ_n (cosine_n² + sine_n²) cos(p_n·r). It is not connected: no ⟨φ⟩² is
        taken off.

        Args:
            separation: Separations r: on a circle of any shape, on a torus of shape (*separation, dim).

        Returns:
            The average at each r, of the shape of `separation`, on a torus without its last axis.

        Raises:
            ValueError: If the last axis is not the dimension of the torus.

        Source: derived here (orthogonality of the modes).
        """
        apart = self._follow(separation)
        if self.dim == 1:
            apart = apart[..., None]
        if apart.shape[-1:] != (self.dim,):
            raise ValueError(
                f"FourierSeries: separations have shape {apart.shape}; give (*separation, {self.dim}), vectors"
            )
        power = (self.cosine**2 + self.sine**2) / 2
        return self._sum(self.constant**2, power, self._tables(apart)[0])

    def _follow(self, points: Float[ArrayLike, "..."]) -> Float[Array, "..."] | Float[np.ndarray, "..."]:
        """JAX arrays of points in the dtype of the field; everything else as numpy."""
        return points.astype(self.cosine.dtype) if isinstance(points, jax.Array) else np.asarray(points)
