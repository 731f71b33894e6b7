"""Averages of products of homogeneous functions on the null cone, over Gaussian, spherical and null Θ."""

import math
from collections.abc import Iterator

import numpy as np
from jaxtyping import ArrayLike, Float
from numpy import ndarray

from nnft_ppl.arguments import require_choice, require_count, require_finite, require_number
from nnft_ppl.exact.conformal import box_function, cross_ratios

THETA_LAWS = ("gaussian", "sphere")


def null_cone_moment(
    points: Float[ArrayLike, "*shape factor dim"], power: int = 1, theta: str = "gaussian"
) -> Float[ndarray, " *shape"]:
    """Mean of a product of fields `Phi(x) = (Theta.X)^p` on the null cone, with `X.Y = -(x - y)^2/2`.

    Wick's theorem for a Gaussian Theta, where no field is paired with itself: with whole numbers `n_ij >= 0` of pairs,
    `<prod Phi(x_i)> = sum_n prod_i p! prod_{i<j} (X_i.X_j)^n_ij/n_ij!` over all n with `sum_j n_ij = p` for every i.
    Of another law that rotations leave alone only the length matters, by a factor of the means of `|Theta|^(kp)` for k
    fields (`length_moment`).

    Args:
        points: One set of points for every entry.
        power: p >= 1.
        theta: `gaussian`, of unit variance, or `sphere`, uniform on that of radius `sqrt(dim + 2)`.

    Returns:
        The means, 0 for odd numbers of factors times powers; real.

    Raises:
        TypeError: If the points are not real, or `power` is no integer.
        ValueError: If they are not finite, have fewer than two axes, or the law is another.

    Example:
        >>> float(null_cone_moment([[0.0, 0.0], [1.0, 2.0]]))
        -2.5

    Source: arXiv:2409.12222 (p = 1); derived in docs/theory/conformal.md.
    """
    places = _places("null_cone_moment", points)
    require_count("null_cone_moment", "power", power)
    inner, factors = _inner_products(places), places.shape[-2]
    total = np.zeros(places.shape[:-2])
    pairs = [(i, j) for i in range(factors) for j in range(i + 1, factors)]
    for numbers in _pairings([power] * factors):
        term = math.factorial(power) ** factors
        for (i, j), number in zip(pairs, numbers, strict=True):
            term = term * inner[..., i, j] ** number / math.factorial(number)
        total = total + term
    return total * _length_factor(theta, places.shape[-1] + 2, factors * power)


def length_moment(size: int, degree: float) -> float:
    """Mean of `|Theta|^degree` for standard normal Theta of some number of components.

    `2^(degree/2) Gamma((size + degree)/2)/Gamma(size/2)`; a homogeneous function of Theta averages to this times its
    average over the unit sphere.

    Args:
        size: Number of components.
        degree: Any number > -size.

    Raises:
        TypeError: If an argument is no number.
        ValueError: If it is out of range.

    Example:
        >>> round(length_moment(5, 4), 9)
        35.0
    """
    require_count("length_moment", "size", size)
    require_number("length_moment", "degree", degree)
    if degree <= -size:
        raise ValueError(f"length_moment: degree = {degree}; give a number > {-size}, below which there is no mean")
    return 2 ** (degree / 2) * math.gamma((size + degree) / 2) / math.gamma(size / 2)


def null_cone_inverse(points: Float[ArrayLike, "*shape 2 dim"], theta: str = "gaussian") -> Float[ndarray, " *shape"]:
    """Mean of `1/((Theta.X)(Theta.Y))`, which is not conformally covariant: it depends on more than the distance.

    `ln(1 + X.Y/(2 X0 Y0))/(-X.Y)` with `X0 = (1 + x^2)/2` for a Gaussian Theta, not `1/(X.Y)` times a number: the poles
    at `Theta.X = 0` break the symmetry. The variance of what is averaged is infinite.

    Args:
        points: Pairs of different points.
        theta: As for `null_cone_moment`.

    Raises:
        TypeError: If the points are not real.
        ValueError: If they are not finite or no pairs, or the law is another.

    Source: derived in docs/theory/conformal.md.
    """
    places = _places("null_cone_inverse", points, 2)
    product = _inner_products(places)[..., 0, 1]
    heights = np.prod((1 + np.sum(places**2, axis=-1)) / 2, axis=-1)
    return np.log1p(product / (2 * heights)) / -product * _length_factor(theta, places.shape[-1] + 2, -2)


def null_sphere_four_point(points: Float[ArrayLike, "*shape 4 4"]) -> Float[ndarray, " *shape"]:
    """Mean of `prod_i (-2 Theta.X_i)^-1` over null `Theta = (1, n)`, n uniform on the sphere S^4, of four points.

    With `t` the stereographic image of n, `-2 Theta.X = 2 (t - x)^2/(1 + t^2)`, so that the mean is the conformal
    integral `3/(8 pi^2) int d^4t prod_i 1/(t - x_i)^2 = (3/8) Phi(u, v)/(x13^2 x24^2)` of `box_function`.

    Args:
        points: Four different points of R^4 for every entry.

    Raises:
        TypeError: If the points are not real.
        ValueError: If they are not finite, or of another shape.

    Source: derived in docs/theory/conformal.md.
    """
    places = _places("null_sphere_four_point", points, 4, 4)
    square = -2 * _inner_products(places)
    return 3 / 8 * box_function(*cross_ratios(places)) / (square[..., 0, 2] * square[..., 1, 3])


def null_sphere_two_point(points: Float[ArrayLike, "*shape 2 4"]) -> Float[ndarray, " *shape"]:
    """The same of two points, `<(-2 Theta.X)^-1 (-2 Theta.Y)^-1>`, which is not covariant.

    `-3 ln((1 - c)/2)/(4 X0 Y0 (1 + c))` with c the cosine between the directions of X and Y on S^4 and
    `X0 = (1 + x^2)/2`; a covariant function would be a number times a power of `(x - y)^2`.

    Args:
        points: Two different points of R^4 for every entry.

    Raises:
        TypeError: If the points are not real.
        ValueError: If they are not finite, or of another shape.

    Source: derived in docs/theory/conformal.md.
    """
    places = _places("null_sphere_two_point", points, 2, 4)
    heights = np.prod((1 + np.sum(places**2, axis=-1)) / 2, axis=-1)
    near = -_inner_products(places)[..., 0, 1] / (2 * heights)  # (1 - c)/2
    opposite = 1 - near < 1e-9
    quotient = -np.log(near) / np.where(opposite, 1.0, 1 - near)
    return 3 / 8 * np.where(opposite, 1.0, quotient) / heights


def _places(owner: str, points: ArrayLike, factors: int | None = None, dim: int | None = None) -> ndarray:
    places = require_finite(owner, "points", points)
    fits = places.ndim >= 2 and factors in (None, places.shape[-2]) and dim in (None, places.shape[-1])
    if not fits:
        wanted = f"(*shape, {factors or 'factor'}, {dim or 'dim'})"
        raise ValueError(f"{owner}: points have shape {places.shape}; give shape {wanted}")
    return places


def _inner_products(places: ndarray) -> ndarray:
    """X_i.X_j = -(x_i - x_j)^2/2."""
    return -np.sum((places[..., :, None, :] - places[..., None, :, :]) ** 2, axis=-1) / 2


def _pairings(degrees: list[int]) -> Iterator[tuple[int, ...]]:
    """Numbers n_ij >= 0 of pairs i < j, in order, with which every factor has its degree."""
    if len(degrees) == 1:
        if degrees[0] == 0:
            yield ()
        return
    first, rest = degrees[0], degrees[1:]
    for own in _shares(first, rest):
        for others in _pairings([degree - one for degree, one in zip(rest, own, strict=True)]):
            yield (*own, *others)


def _shares(total: int, most: list[int]) -> Iterator[tuple[int, ...]]:
    """Ways to write a number as a sum, each term at most so large."""
    if not most:
        if total == 0:
            yield ()
        return
    for first in range(min(total, most[0]) + 1):
        for rest in _shares(total - first, most[1:]):
            yield (first, *rest)


def _length_factor(theta: str, size: int, degree: int) -> float:
    """<r^degree> over that of a Gaussian; for a sphere of squared radius `size`."""
    require_choice("null_cone", "theta", theta, THETA_LAWS)
    return 1.0 if theta == "gaussian" else size ** (degree / 2) / length_moment(size, degree)
