"""The arcsine kernel in several dimensions, and its change under rotations of its points."""

from typing import NamedTuple

import numpy as np
from jaxtyping import ArrayLike, Float

from nnft_ppl.arguments import require_finite


class TurnedKernel(NamedTuple):
    """A kernel of two points and its derivatives as they turn, dimensionless."""

    kernel: float
    """K(x, y)."""
    first: float
    """d/dt K(exp(tA) x, y) at t = 0."""
    second: float
    """d/dt K(x, exp(tA) y) at t = 0."""

    @property
    def total(self) -> float:
        """d/dt K(exp(tA) x, exp(tA) y) at t = 0."""
        return self.first + self.second


def erf_rotation(
    x: Float[ArrayLike, " dim"],
    y: Float[ArrayLike, " dim"],
    covariance: Float[ArrayLike, "dim dim"],
    bias: float,
    generator: Float[ArrayLike, "dim dim"],
) -> TurnedKernel:
    r"""`K(x, y) = E[erf(w.x + c) erf(w.y + c)]` for `w ~ N(0, Sigma)` and `c ~ N(0, bias)`, and how it turns.

    `K = (2/pi) arcsin(u)`, `u = 2 q_xy/((1 + 2 q_xx)(1 + 2 q_yy))^(1/2)`, `q_xy = x Sigma y + bias`; under
    `x -> x + t A x`, `u' = 2 q'_xy/(...)^(1/2) - u q'_xx/(1 + 2 q_xx)` with `q'_xy = Ax Sigma y` and
    `q'_xx = 2 Ax Sigma x`.

    Args:
        x: The first point.
        y: The second point.
        covariance: Sigma, of the weights of one neuron.
        bias: Variance of its bias.
        generator: A, an antisymmetric matrix.

    Returns:
        K and its derivatives.

    Raises:
        TypeError, ValueError: If an argument is not finite.

    Source: C. K. I. Williams, Neural Computation 10 (1998) 1203; the derivative is derived here.
    """
    owner = "erf_rotation"
    x, y, sigma, turn = (
        require_finite(owner, name, value)
        for name, value in (("x", x), ("y", y), ("covariance", covariance), ("generator", generator))
    )
    mixed, left, right = x @ sigma @ y + bias, 1 + 2 * (x @ sigma @ x + bias), 1 + 2 * (y @ sigma @ y + bias)
    root = np.sqrt(left * right)
    sine = 2 * mixed / root
    slope = 2 / np.pi / np.sqrt(1 - sine**2)

    def turned(moved: np.ndarray, own: np.ndarray, other: np.ndarray, size: float) -> float:
        change = moved @ sigma @ other
        return float(slope * (2 * change / root - sine * 2 * (moved @ sigma @ own) / size))

    kernel = float(2 / np.pi * np.arcsin(sine))
    return TurnedKernel(kernel, turned(turn @ x, x, y, float(left)), turned(turn @ y, y, x, float(right)))
