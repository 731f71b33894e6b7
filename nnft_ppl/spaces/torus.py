"""A periodic box with a uniform grid, and Fourier transforms both ways."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Complex, Float, Shaped

from nnft_ppl.arguments import require_count, require_finite, require_positive
from nnft_ppl.spaces.circle import uniform_rule
from nnft_ppl.spaces.space import Space


@final
@dataclass(frozen=True, init=False)
class Torus(Space):
    """The torus Π_j [0, side_j) with a uniform grid of `points` points along each axis, all of one weight.

    Waves of momenta 2πn_j/side_j are integrated exactly for |n_j| < points; a multiple of `points` aliases onto a
    constant, silently. So φ⁴ of a field of the modes |n_j| ≤ K, with harmonics up to 4K, needs more than 4K points
    along each axis. In one dimension it is the `Circle`.

    Attributes:
        sides: Length of each axis.
        dim: Number of coordinates.
        points: Number of points along each axis, refinement included.
        modes: Highest mode K along each axis of the field, or None.

    Source: derived here (sums of geometric series).
    """

    sides: tuple[float, ...]
    points: int
    modes: int | None

    def __init__(
        self,
        sides: float | Sequence[float],
        modes: int | None = None,
        points: int | None = None,
        *,
        dim: int | None = None,
    ) -> None:
        """Check the arguments and settle the number of points.

        Args:
            sides: Length of each axis; or one number, positive, for `dim` axes.
            modes: Highest mode K along each axis of the field, of which up to the fourth power is integrated.
            points: Points along each axis; by default 4K + 4, or 32 without modes.
            dim: Number of axes where `sides` is one number, 1 by default.

        Raises:
            TypeError: If an argument is not a number, or `modes`, `points` or `dim` not an integer.
            ValueError: If a number is out of range, there are no sides, or `points` is not above 4K.
        """
        if isinstance(sides, Sequence | np.ndarray):
            if not len(sides) or dim not in (None, len(sides)):
                raise ValueError(f"Torus: sides has {len(sides)} entries for dim = {dim}; give one for each axis")
            lengths = tuple(sides)
        else:
            lengths = (sides,) * (1 if dim is None else require_count("Torus", "dim", dim))
        lengths = tuple(require_positive("Torus", "sides", side) for side in lengths)
        modes = None if modes is None else require_count("Torus", "modes", modes, least=0)
        if points is None:
            points = 32 if modes is None else 4 * modes + 4
        points = require_count("Torus", "points", points)
        if modes is not None and points <= 4 * modes:
            raise ValueError(
                f"Torus: points = {points}, on which φ⁴ of {modes} modes, with harmonics up to {4 * modes}, aliases "
                f"silently; give points > {4 * modes}, where a uniform grid is exact"
            )
        vars(self).update(sides=lengths, points=points * self.refinement, modes=modes)
        vars(self).update(dim=len(lengths), centre=np.array(lengths) / 2)

    @property
    def limited(self) -> bool:
        """Whether `modes` was given."""
        return self.modes is not None

    @property
    def periods(self) -> tuple[float, ...]:
        """The length of each axis, shape (dim,)."""
        return self.sides

    def rules(self, refinement: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """The uniform grid and its weights along each axis; arguments as for `Space.rules`."""
        points = self.points // self.refinement * refinement
        return [uniform_rule(side, points) for side in self.sides]

    @property
    def volume(self) -> float:
        """Volume of the torus, Π_j side_j."""
        return math.prod(self.sides)

    @property
    def momenta(self) -> tuple[Float[np.ndarray, " points"], ...]:
        """Momenta k = 2πn/side along each axis, in the order of `modes_of`: n = 0, 1, …, −1; shape (points,)."""
        return tuple(2 * np.pi / side * _whole(self.points) for side in self.sides)

    def modes_of(self, values: Shaped[ArrayLike, "..."]) -> Complex[Array, "..."]:
        """Fourier coefficients c_k of a field, φ(x) = Σ_k c_k e^{ik·x}: c_k = V^{-1} ∫ φ(x) e^{−ik·x} by FFT.

        Args:
            values: Values on the grid, shape (n_1, ..., n_dim) and any components behind.

        Returns:
            The coefficients at `momenta`, complex, of the shape of `values`.

        Raises:
            ValueError: If the leading shape is not that of the grid.
        """
        values = jnp.asarray(values)
        self._check("modes_of", "values have", values)
        return jnp.fft.fftn(values, axes=range(self.dim)) / self.points**self.dim

    def values_of(self, modes: Shaped[ArrayLike, "..."]) -> Complex[Array, "..."]:
        """Values φ(x) = Σ_k c_k e^{ik·x} on the grid, by FFT: the inverse of `modes_of`.

        Args:
            modes: Coefficients at `momenta`, shape (n_1, ..., n_dim) and any components behind.

        Returns:
            The values, complex (a real field's imaginary part is rounding), of the shape of `modes`.

        Raises:
            ValueError: If the leading shape is not that of the grid.
        """
        modes = jnp.asarray(modes)
        self._check("values_of", "modes have", modes)
        return jnp.fft.ifftn(modes, axes=range(self.dim)) * self.points**self.dim

    def translation_average(
        self,
        values: Shaped[ArrayLike, "..."],
        separations: Float[ArrayLike, "*shape dim"] | None = None,
        other: Shaped[ArrayLike, "..."] | None = None,
    ) -> Shaped[Array, "..."]:
        """Two-point function averaged over all translations, G(r) = V^{-1} ∫ dx φ(x) χ(x + r), by FFT.

        Exact where the grid resolves the field itself: with modes up to K it needs more than 2K points. It is not
        connected, and nothing is conjugated.

        Args:
            values: Values of φ on the grid, shape (n_1, ..., n_dim) and any components behind.
            separations: Separations r, which need not be on the grid, shape (*shape, dim); None for all points of the
                grid.
            other: Values of χ, of the shape of `values`; φ itself by default.

        Returns:
            G(r), shape (*shape) or that of the grid, and the components (each with its own); real for real fields.

        Raises:
            TypeError: If the separations are not real numbers.
            ValueError: If a leading shape is not that of the grid, or the separations' last axis is not the dimension.
        """
        values = jnp.asarray(values)
        other = values if other is None else jnp.asarray(other)
        power = jnp.conj(self.modes_of(jnp.conj(values))) * self.modes_of(other)
        if separations is None:
            found = self.values_of(power)
        else:
            places = require_finite("Torus.translation_average", "separations", separations)
            if places.shape[-1:] != (self.dim,):
                raise ValueError(
                    f"Torus.translation_average: separations have shape {places.shape}; give (*shape, {self.dim})"
                )
            found = self._at(power, places.reshape(-1, self.dim))
            found = found.reshape(*places.shape[:-1], *found.shape[1:])
        return found if jnp.iscomplexobj(values) or jnp.iscomplexobj(other) else found.real

    def _at(self, modes: Array, points: np.ndarray) -> Array:
        """Σ_k c_k e^{ik·x} at a few points, shape (point, components)."""
        for axis, momenta in enumerate(self.momenta):
            waves = np.exp(1j * points[:, axis, None] * momenta).astype(modes.dtype)
            sums = "pk,k...->p..." if axis == 0 else "pk,pk...->p..."
            modes = jnp.einsum(sums, waves, modes, precision=jax.lax.Precision.HIGHEST)
        return modes


def _whole(points: int) -> np.ndarray:
    """Whole numbers in the order of an FFT."""
    return np.fft.fftfreq(points, 1 / points)
