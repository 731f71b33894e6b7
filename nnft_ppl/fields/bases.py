"""Functions of one variable in which the edges of a Kolmogorov–Arnold network are expanded."""

import math
from dataclasses import dataclass
from typing import Protocol, final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.arguments import require_count, require_finite, require_positive


class Basis(Protocol):
    """Functions of one variable, in which ψ(x) = Σ_k c_k B_k(x); hashable, for a basis is no parameter.

    Source: Z. Liu et al., arXiv:2404.19756.
    """

    @property
    def size(self) -> int:
        """How many functions."""
        ...

    def __call__(self, x: Float[ArrayLike, "*shape"], /) -> Float[Array, "*shape size"]:
        """Their values at x, along a last axis.

        Args:
            x: Any shape.

        Returns:
            B_k(x), shape (*shape, size).
        """
        ...


@final
@dataclass(frozen=True)
class FourierBasis:
    """cos(ω k x) for k = 1, ..., modes, and then sin(ω k x), ω = 2π/period.

    Attributes:
        modes: Highest wave number.
        period: Length after which all of them repeat.

    Raises:
        TypeError: If `modes` is not an integer.
        ValueError: If one is not positive.

    Source: Fourier series.
    """

    modes: int
    period: float = 2 * math.pi

    def __post_init__(self) -> None:
        require_count("FourierBasis", "modes", self.modes)
        require_positive("FourierBasis", "period", self.period)

    @property
    def size(self) -> int:
        """Number of functions, 2 modes."""
        return 2 * self.modes

    def __call__(self, x: Float[ArrayLike, "*shape"], /) -> Float[Array, "*shape size"]:
        """Cosines, then sines.

        Args:
            x: Any shape.
        """
        x = jnp.asarray(x)
        waves = (2 * math.pi / self.period * np.arange(1, self.modes + 1)).astype(jnp.result_type(float, x))
        angles = x[..., None] * waves
        return jnp.concatenate([jnp.cos(angles), jnp.sin(angles)], axis=-1)


@final
@dataclass(frozen=True)
class SplineBasis:
    """B-splines of one degree n on equal intervals, intervals + n of them, with Σ_k B_k(x) = 1 between the two ends.

    In units of an interval, B_k^n(x) = [(x − k) B_k^{n−1}(x) + (k + n + 1 − x) B_{k+1}^{n−1}(x)]/n. Beyond the ends
    they fall to 0 within `degree` intervals: a value that leaves the grid by more is not seen.

    Attributes:
        lower: Left end.
        upper: Right end.
        intervals: Number of intervals between the ends.
        degree: Of the polynomials, 1 to 5.

    Raises:
        TypeError: If `intervals` or `degree` is not an integer.
        ValueError: If one lies outside its range, or the ends are in the wrong order.

    Source: C. de Boor's recursion.
    """

    lower: float
    upper: float
    intervals: int
    degree: int = 3

    def __post_init__(self) -> None:
        ends = require_finite("SplineBasis", "ends", [self.lower, self.upper])
        if ends[0] >= ends[1]:
            raise ValueError(f"SplineBasis: lower = {self.lower}, upper = {self.upper}; give lower < upper")
        require_count("SplineBasis", "intervals", self.intervals)
        require_count("SplineBasis", "degree", self.degree, most=5)

    @property
    def size(self) -> int:
        """Number of functions."""
        return self.intervals + self.degree

    def __call__(self, x: Float[ArrayLike, "*shape"], /) -> Float[Array, "*shape size"]:
        """The splines from left to right.

        Args:
            x: Any shape.
        """
        x = jnp.asarray(x)
        dtype = jnp.result_type(float, x)
        # In units of an interval, from the first knot: knots are the whole numbers.
        place = ((x - self.lower) * (self.intervals / (self.upper - self.lower)) + self.degree).astype(dtype)[..., None]
        knots = np.arange(self.intervals + 2 * self.degree).astype(dtype)
        values = jnp.asarray((place >= knots) & (place < knots + 1), dtype)
        for degree in range(1, self.degree + 1):
            knots = knots[:-1]
            rising = (place - knots) * values[..., :-1]
            values = (rising + (knots + degree + 1 - place) * values[..., 1:]) / degree
        return values
