"""Moments and connected functions of a network with one hidden layer, at any width, from those of one neuron."""

import math
from collections.abc import Callable
from functools import cache
from itertools import combinations

import numpy as np
from jaxtyping import ArrayLike, Float
from scipy import special

from nnft_ppl.arguments import require_choice, require_count, require_finite, require_non_negative, require_positive
from nnft_ppl.exact.quadrature import interval_rule

AMPLITUDE_LAWS = ("gaussian", "constant", "pair")
# Beyond it a Gaussian in the plane has exp(-36) of its weight.
_RADIUS = 8.5


def network_cumulant(moment: Callable[[tuple[int, ...]], float], factors: int, width: int) -> float:
    """Connected function of `phi = width^(-1/2) sum_i Phi_i` with independent, equally distributed neurons.

    `G_c = width^(1 - n/2) kappa`, exact at every width, with the joint cumulant of one neuron
    `kappa(S) = m(S) - sum_{B < S, B contains the first} kappa(B) m(S - B)`.

    Args:
        moment: Mean of the product of the neuron's values at these factors, `m((0, 2, 3)) = E[Phi_0 Phi_2 Phi_3]`;
            each tuple in ascending order. Odd ones are asked for, too.
        factors: Number n of factors, 1 to 10.
        width: Number of neurons.

    Returns:
        The connected function.

    Raises:
        TypeError: If `factors` or `width` is not an integer.
        ValueError: If one lies outside the ranges above.

    Source: Cumulants of independent variables add; the recursion is that of moments and cumulants.
    """
    require_count("network_cumulant", "factors", factors, most=10)
    require_count("network_cumulant", "width", width)
    moment = cache(moment)

    @cache
    def cumulant(block: tuple[int, ...]) -> float:
        first, rest = block[0], block[1:]
        total = moment(block)
        for size in range(len(rest)):
            for others in combinations(rest, size):
                left = tuple(index for index in rest if index not in others)
                total -= cumulant((first, *others)) * moment(left)
        return total

    return width ** (1 - factors / 2) * cumulant(tuple(range(factors)))


def network_moment(moment: Callable[[tuple[int, ...]], float], factors: int, width: int | float) -> float:
    """Mean of a product of fields `phi = width^(-1/2) sum_i Phi_i` with independent, equally distributed neurons.

    The sum over all ways in which the factors fall on neurons,
    `width^(-n/2) sum_{partitions} width (width - 1) ... prod_{B} m(B)`, at infinite width that over pairs.

    Args:
        moment: As for `network_cumulant`; m of one factor must vanish at infinite width.
        factors: Number n of factors, 1 to 10.
        width: Number of neurons, or infinity.

    Returns:
        The mean, disconnected.

    Raises:
        TypeError: If `factors` or a finite `width` is not an integer.
        ValueError: If one lies outside the ranges above.

    Source: derived here.
    """
    require_count("network_moment", "factors", factors, most=10)
    if not isinstance(width, float):
        require_count("network_moment", "width", width)
    elif width != math.inf:
        raise TypeError(f"network_moment: width = {width!r}; give an integer >= 1, or math.inf")
    moment = cache(moment)

    @cache
    def mean(left: tuple[int, ...], neurons: float) -> float:
        """Of the factors that are left, where the first of them falls on one of so many neurons."""
        if not left or neurons == 0:
            return float(not left)
        total = 0.0
        for size in range(len(left)):
            share = float(size == 1) if math.isinf(width) else neurons * width ** (-(size + 1) / 2)
            for others in combinations(left[1:], size) if share else ():
                rest = tuple(index for index in left[1:] if index not in others)
                total += share * moment((left[0], *others)) * mean(rest, neurons - 1)
        return total

    return mean(tuple(range(factors)), width)


def erf_kernel(
    first: Float[ArrayLike, "*point"], second: Float[ArrayLike, "*point"], sigma_w: float, sigma_b: float
) -> Float[np.ndarray, "*point"]:
    """Mean of the product of two values of an erf neuron on the line, the arcsine kernel.

    `E[erf(w x + b) erf(w y + b)] = (2/pi) arcsin(2 k_xy / sqrt((1 + 2 k_xx)(1 + 2 k_yy)))`,
    `k_xy = sigma_b^2 + sigma_w^2 x y`, for `w ~ N(0, sigma_w^2)` and `b ~ N(0, sigma_b^2)`.

    Args:
        first: Points x, any shape.
        second: Points y, of the same shape.
        sigma_w: Deviation of the weight, at least zero.
        sigma_b: Deviation of the bias, at least zero.

    Returns:
        The kernel, dimensionless, of the points' shape.

    Raises:
        TypeError, ValueError: If an argument is not a number, or out of range.

    Source: C. K. I. Williams, Neural Computation 10 (1998) 1203.
    """
    x, y = (require_finite("erf_kernel", "points", points) for points in (first, second))
    squared_w = require_non_negative("erf_kernel", "sigma_w", sigma_w) ** 2
    squared_b = require_non_negative("erf_kernel", "sigma_b", sigma_b) ** 2
    mixed, left, right = (squared_b + squared_w * a * b for a, b in ((x, y), (x, x), (y, y)))
    sine = 2 * mixed / np.sqrt((1 + 2 * left) * (1 + 2 * right))
    # The sine of equal points far out rounds to more than 1.
    return 2 / math.pi * np.arcsin(np.clip(sine, -1, 1))


def erf_connected(points: Float[ArrayLike, " factor"], width: int, sigma_w: float, sigma_b: float) -> float:
    """Connected function of the erf-net without its output bias, which for four points or more is that with it.

    `phi(x) = sum_i v_i erf(w_i x + b_i)`, `v ~ N(0, sigma_w^2/width)`, `w ~ N(0, sigma_w^2)`, `b ~ N(0, sigma_b^2)`.
    For four points `width G_c = sigma_w^4 (3 h_1234 - h_12 h_34 - h_13 h_24 - h_14 h_23)` with `h` the means of
    products of erf's. They are taken in polar coordinates of (w, b), by Gauss-Legendre in the radius and uniform
    angles, to a relative accuracy of about 1e-12 for deviations up to 20.

    Args:
        points: The points on the line, an even number of them up to 8.
        width: Number of neurons.
        sigma_w: Deviation of the weights, positive.
        sigma_b: Deviation of the bias, at least zero.

    Returns:
        The connected function, dimensionless.

    Raises:
        TypeError: If `width` is not an integer.
        ValueError: If an argument lies outside the ranges above.

    Source: derived here.
    """
    owner = "erf_connected"
    places = even_points(owner, points)
    if places.ndim != 1:
        raise ValueError(f"{owner}: points have shape {places.shape}; give points on the line, of shape (factor,)")
    scale = require_positive(owner, "sigma_w", sigma_w)
    slopes = np.stack([scale * places, np.full(len(places), require_non_negative(owner, "sigma_b", sigma_b))])
    steepest = math.ceil(float(np.max(np.hypot(*slopes))))
    radius, weights = interval_rule(0.0, _RADIUS, 48 + 10 * steepest)
    weights = weights * radius * np.exp(-(radius**2) / 2)
    # Products of an even number of factors repeat after half a turn.
    angles = math.pi * (np.arange(64 + 40 * steepest) + 0.5) / (64 + 40 * steepest)
    directions = np.stack([np.cos(angles), np.sin(angles)])
    values = [special.erf(np.outer(radius, slope @ directions)) for slope in slopes.T]

    def moment(chosen: tuple[int, ...]) -> float:
        if len(chosen) % 2:
            return 0.0
        product = np.mean(np.prod([values[index] for index in chosen], axis=0), axis=1)
        return scale ** len(chosen) * gaussian_moment(len(chosen)) * float(weights @ product)

    return network_cumulant(moment, len(places), width)


def cosine_connected(
    points: Float[ArrayLike, "factor dim"], width: int, sigma_a: float, sigma_b: float, amplitude: str
) -> float:
    """Connected function of the cos-net, in closed form.

    `phi(x) = sum_i a_i cos(b_i.x + c_i)`, `b ~ N(0, sigma_b^2/dim)`, uniform phases, amplitudes of variance
    `sigma_a^2/width` that are `gaussian` or `constant`, or a `pair` of them, independent Gaussian amplitudes of cosine
    and sine of half that variance. With `e(q) = exp(-sigma_b^2 |q|^2/(2 dim))` the moments of one neuron are
    `E a^n 2^(1-n) sum_{splits} e(x_A - x_B)` over the splits of the n points into two halves A, B, with
    `E a^2, a^4, a^6 = 1, 3, 15 | 1, 1, 1 | 1, 2, 6` in units of `sigma_a^2`.

    Args:
        points: The points, an even number of them up to 8.
        width: Number of neurons.
        sigma_a: Deviation of the amplitude times the root of the width, positive.
        sigma_b: Deviation of the momentum times the root of the dimension, positive.
        amplitude: `gaussian`, `constant` or `pair`.

    Returns:
        The connected function, in units of sigma_a to the number of points. It does not change when all points move.

    Raises:
        TypeError: If `width` is not an integer.
        ValueError: If an argument lies outside the ranges above.

    Source: derived here (averages over the phase keep as many plus as minus signs).
    """
    owner = "cosine_connected"
    places = even_points(owner, points)
    places = places.reshape(len(places), -1)
    require_positive(owner, "sigma_a", sigma_a)
    require_positive(owner, "sigma_b", sigma_b)
    require_choice(owner, "amplitude", amplitude, AMPLITUDE_LAWS)

    return network_cumulant(cosine_moment(places, sigma_a, sigma_b, amplitude), len(places), width)


def cosine_moment(
    places: Float[np.ndarray, "factor dim"], sigma_a: float, sigma_b: float, amplitude: str
) -> Callable[[tuple[int, ...]], float]:
    """Moments of one neuron of `cosine_connected`, by the numbers of its factors, as for `network_cumulant`."""

    def moment(chosen: tuple[int, ...]) -> float:
        if len(chosen) % 2:
            return 0.0
        half = len(chosen) // 2
        law = {"gaussian": gaussian_moment(2 * half), "constant": 1.0, "pair": float(math.factorial(half))}
        total = np.sum(places[list(chosen)], axis=0)
        # The first point is in A: half of all splits, each of which stands for two.
        splits = [places[[chosen[0], *others]] for others in combinations(chosen[1:], half - 1)]
        squares = [np.sum((2 * np.sum(split, axis=0) - total) ** 2) for split in splits]
        waves = np.exp(-(sigma_b**2) / (2 * places.shape[1]) * np.array(squares))
        return law[amplitude] * sigma_a ** (2 * half) * 2.0 ** (1 - 2 * half) * float(np.sum(waves))

    return moment


def gaussian_moment(order: int) -> float:
    """Even moment of a standard normal variable, (order - 1)!!."""
    return float(special.factorial2(order - 1))


def even_points(owner: str, points: ArrayLike) -> Float[np.ndarray, "factor *dim"]:
    """Points as an array, 2, 4, 6 or 8 of them."""
    places = require_finite(owner, "points", points)
    if places.ndim not in {1, 2} or len(places) not in {2, 4, 6, 8}:
        raise ValueError(f"{owner}: points have shape {places.shape}; give 2, 4, 6 or 8 points")
    return places
