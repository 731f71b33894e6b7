"""The free scalar with a smooth cut-off, exp(-k^2/(2 cutoff^2)): its integrals, and its four points at any width."""

import math

import numpy as np
from jaxtyping import ArrayLike, Float

from nnft_ppl.arguments import require_count, require_finite, require_number, require_positive

# Nodes of a trapezoidal rule in ln s; the integrand falls like a power below, and doubly exponentially above.
_STEP = 0.02


def smooth_cutoff_moment(
    distance: Float[ArrayLike, "*point"], dim: int, mass: float, cutoff: float, power: float
) -> Float[np.ndarray, "*point"]:
    r"""`I_p(r) = int d^dk/(2 pi)^d exp(-k^2/(2 cutoff^2)) cos(k.r)/(k^2 + mass^2)^p`.

    With Schwinger's parameter, `a = 1/(2 cutoff^2)`,
    `I_p = 1/Gamma(p) int_0^inf ds s^(p-1) exp(-s mass^2) (4 pi (s + a))^(-d/2) exp(-r^2/(4 (s + a)))`.

    Args:
        distance: r, any shape.
        dim: Dimension d, 1 to 6 (a gradient in d dimensions is -2 pi x times the moment in d + 2).
        mass: Positive.
        cutoff: Positive.
        power: p, at least zero.

    Returns:
        The integral, of the shape of the distances; units mass^(d - 2p).

    Raises:
        TypeError: If `dim` is not an integer.
        ValueError: If an argument lies outside the ranges above.

    Source: derived here.
    """
    owner = "smooth_cutoff_moment"
    require_count(owner, "dim", dim, most=6)
    squared = require_positive(owner, "mass", mass) ** 2
    floor = 1 / (2 * require_positive(owner, "cutoff", cutoff) ** 2)
    require_number(owner, "power", power, least=0.0)
    apart = np.square(require_finite(owner, "distance", distance))
    if power == 0:
        return (4 * math.pi * floor) ** (-dim / 2) * np.exp(-apart / (4 * floor))
    # From where s^p is 1e-18 of the smallest scale to where exp(-s m^2) is.
    low, high = math.log(min(floor, 1 / squared)) - 42 / power, math.log(42 / squared)
    logs = np.arange(low, high, _STEP)
    schwinger = np.exp(logs)
    weights = _STEP * np.exp(power * logs - schwinger * squared - math.lgamma(power))
    weights *= (4 * math.pi * (schwinger + floor)) ** (-dim / 2)
    return np.exp(-np.multiply.outer(apart, 1 / (4 * (schwinger + floor)))) @ weights


def smooth_cutoff_four_point(
    points: Float[ArrayLike, "4 dim"], width: int, mass: float, cutoff: float, alpha: float
) -> tuple[float, float]:
    r"""Disconnected four-point function of the alpha family with constant amplitudes, and its part at infinite width.

    Neurons are cosines of uniform phase whose momenta have the density `exp(-k^2/(2 cutoff^2)) (k^2 + m^2)^(-1-alpha)`
    up to its norm `Omega = I_{1+alpha}(0)`, and amplitudes `(k^2 + m^2)^(alpha/2)` that give all of them the two-point
    function `I_1`:
    `G = (1 - 1/width) sum_3 I_1 I_1 + Omega/(2 width) sum_y I_{1-alpha}(|y|)` over the three
    combinations `y` of the four points with two plus and two minus signs.

    Args:
        points: Four points, shape (4, dim).
        width: Number of neurons.
        mass: Positive.
        cutoff: Positive.
        alpha: From -1 (momenta by the cut-off alone) to 1.

    Returns:
        The function, and `sum_3 I_1 I_1`; units mass^(2d-4).

    Raises:
        TypeError: If `width` is not an integer.
        ValueError: If an argument lies outside the ranges above.

    Source: derived here; the family is that of arXiv:2604.27050.
    """
    owner = "smooth_cutoff_four_point"
    places = require_finite(owner, "points", points)
    if places.ndim != 2 or len(places) != 4:
        raise ValueError(f"{owner}: points have shape {places.shape}; give 4 points, of shape (4, dim)")
    require_count(owner, "width", width)
    if not -1 <= require_number(owner, "alpha", alpha) <= 1:
        raise ValueError(f"{owner}: alpha = {alpha}; give a number from -1 to 1")
    one, two, three, four = places
    dim = places.shape[1]

    def integral(separations: list[np.ndarray], power: float) -> np.ndarray:
        return smooth_cutoff_moment(np.linalg.norm(separations, axis=1), dim, mass, cutoff, power)

    first = integral([one - two, one - three, one - four], 1.0)
    second = integral([three - four, two - four, two - three], 1.0)
    splits = [one + two - three - four, one - two + three - four, one - two - three + four]
    norm = float(smooth_cutoff_moment(0.0, dim, mass, cutoff, 1 + alpha))
    pairs = float(first @ second)
    return (1 - 1 / width) * pairs + norm / (2 * width) * float(np.sum(integral(splits, 1 - alpha))), pairs
