"""Conformal maps, cross-ratios, the one-loop box, and propagators of generalised free fields."""

import math

import numpy as np
from jaxtyping import ArrayLike, Float
from numpy import ndarray
from scipy import special

from nnft_ppl.arguments import require_count, require_finite, require_positive, require_sign


def special_conformal(
    points: Float[ArrayLike, "*shape dim"], parameter: Float[ArrayLike, " dim"]
) -> tuple[Float[ndarray, "*shape dim"], Float[ndarray, " *shape"]]:
    """Where a special conformal map carries points, and by how much lengths grow there.

    `x -> (x - b x^2)/(1 - 2 b.x + b^2 x^2)`, and `Omega(x) = 1/(1 - 2 b.x + b^2 x^2)`, so that
    `(x' - y')^2 = Omega(x) Omega(y) (x - y)^2`. A field of dimension Delta has
    `<prod Phi(x'_i)> = prod Omega(x_i)^-Delta <prod Phi(x_i)>`.

    Args:
        points: In any unit of length.
        parameter: b, in the inverse unit.

    Returns:
        The images, and Omega at each point.

    Raises:
        TypeError: If an argument is not real.
        ValueError: If it is not finite, shapes do not fit, or a point goes to infinity.

    Example:
        >>> image, growth = special_conformal([1.0, 0.0], [0.5, 0.0])
        >>> image.tolist(), float(growth)
        ([2.0, 0.0], 4.0)

    Source: textbook definition; an inversion, a translation and an inversion.
    """
    places = require_finite("special_conformal", "points", points)
    vector = require_finite("special_conformal", "parameter", parameter)
    if vector.ndim != 1 or places.shape[-1:] != vector.shape:
        raise ValueError(
            f"special_conformal: points of shape {places.shape} with a parameter of shape {vector.shape}; give "
            "(*shape, dim) and (dim,)"
        )
    square = np.sum(places**2, axis=-1)
    denominator = 1 - 2 * places @ vector + vector @ vector * square
    if np.any(denominator == 0):
        raise ValueError("special_conformal: a point goes to infinity; give another parameter")
    return (places - vector * square[..., None]) / denominator[..., None], 1 / denominator


def cross_ratios(
    points: Float[ArrayLike, "*shape 4 dim"],
) -> tuple[Float[ndarray, " *shape"], Float[ndarray, " *shape"]]:
    """The cross-ratios of four points, `u = x12^2 x34^2/(x13^2 x24^2)` and `v = x14^2 x23^2/(x13^2 x24^2)`.

    Conformal maps leave them alone; exchanging points 1 and 3 exchanges them.

    Args:
        points: Four of them, shape (*shape, 4, dim), with `x13` and `x24` not 0.

    Returns:
        u and v, each of shape (*shape,).

    Raises:
        TypeError: If they are not real.
        ValueError: If they are not finite or not four.

    Source: textbook definition.
    """
    places = require_finite("cross_ratios", "points", points)
    if places.ndim < 2 or places.shape[-2] != 4:
        raise ValueError(f"cross_ratios: points have shape {places.shape}; give four, of shape (*shape, 4, dim)")
    square = np.sum((places[..., :, None, :] - places[..., None, :, :]) ** 2, axis=-1)
    across = square[..., 0, 2] * square[..., 1, 3]
    return square[..., 0, 1] * square[..., 2, 3] / across, square[..., 0, 3] * square[..., 1, 2] / across


def box_function(u: Float[ArrayLike, "*shape"], v: Float[ArrayLike, "*shape"]) -> Float[ndarray, "*shape"]:
    """The one-loop box of four points in four dimensions.

    `int d^4y prod_i 1/(y - x_i)^2 = pi^2 Phi(u, v)/(x13^2 x24^2)` with
    `Phi = (2 Li2(z) - 2 Li2(z') + ln(z z') ln((1 - z)/(1 - z')))/(z - z')`, `z z' = u`, `(1 - z)(1 - z') = v`.
    For points of Euclidean space z' is the conjugate of z, and real where the four lie on a circle.

    Args:
        u: First cross-ratio, > 0.
        v: Second one, > 0.

    Returns:
        Phi(u, v), > 0, symmetric in u and v.

    Raises:
        TypeError: If an argument is not real.
        ValueError: If it is not positive, or no four points of Euclidean space have these cross-ratios.

    Source: N. I. Usyukina and A. I. Davydychev, Phys. Lett. B 298 (1993) 363.
    """
    first, second = require_finite("box_function", "u", u), require_finite("box_function", "v", v)
    require_sign("box_function", "u", first)
    require_sign("box_function", "v", second)
    # u/c, v/c and 1/c of the largest c of u, v, 1: |z| <= |1 - z| <= 1, and a permutation of the points in Phi/c.
    small, middle, large = np.sort(np.stack(np.broadcast_arrays(first, second, 1.0)), axis=0)
    u, v = small / large, middle / large
    size = np.sqrt(u)
    real = np.clip((1 + u - v) / 2, -size, size)
    if np.any(((1 + u - v) / 2) ** 2 - u > 1e-12 * np.maximum(size, 1e-8)):
        raise ValueError(
            f"box_function: u = {first}, v = {second}; give those of four points, for which (1 + u - v)^2 <= 4 u"
        )
    height = np.sqrt(np.maximum(u - real**2, 0.0))
    # Close to the real axis the quotient is its limit, up to the square of the angle.
    on_line = height < 1e-6 * size
    z = real + 1j * np.where(on_line, 1.0, height)
    dilogarithm = special.spence(1 - z).imag + np.angle(1 - z) * np.log(np.abs(z))  # of Bloch and Wigner
    with np.errstate(divide="ignore", invalid="ignore"):
        limit = -np.log(np.abs(1 - real)) / real - np.log(np.abs(real)) / (1 - real)
    return 2 * np.where(on_line, limit, dilogarithm / np.where(on_line, 1.0, height)) / large


def power_law_amplitude(dimension: float, dim: int) -> float:
    """C of the propagator `int d^Dp/(2 pi)^D e^{ip.x} p^(2 Delta - D) = C |x|^(-2 Delta)`.

    `C = Gamma(Delta)/(4^(D/2 - Delta) pi^(D/2) Gamma(D/2 - Delta))`; at `Delta = (D - 2)/2` the field is the free
    massless boson.

    Args:
        dimension: Delta, between 0 and D/2.
        dim: D.

    Raises:
        TypeError: If an argument is no number.
        ValueError: If it is out of range.

    Example:
        >>> round(power_law_amplitude(0.5, 3), 10)  # 1/(4 pi)
        0.0795774715
    """
    require_count("power_law_amplitude", "dim", dim)
    require_positive("power_law_amplitude", "dimension", dimension)
    rest = dim / 2 - dimension
    if rest <= 0:
        raise ValueError(f"power_law_amplitude: dimension = {dimension}; give one below dim/2 = {dim / 2}")
    return math.gamma(dimension) / (4**rest * math.pi ** (dim / 2) * math.gamma(rest))


def power_law_propagator(
    separation: Float[ArrayLike, "*shape"], dimension: float, dim: int, cutoff: float
) -> Float[ndarray, "*shape"]:
    """The propagator of a generalised free field whose momenta are cut off smoothly.

    `C |x|^(-2 Delta) P(Delta, L^2 x^2/4)` with the regularised incomplete gamma function P, the mean of
    `G0 cos(p.x)` over `p = L sqrt(b) g` with `g ~ N(0, 1/2)^D` and `b = U^(1/Delta)`, U uniform on [0, 1]:
    at every Delta the power law up to `exp(-L^2 x^2/4)`. `G0 = C (L/2)^(2 Delta)/Gamma(Delta + 1)`, its value at 0.

    Args:
        separation: |x|, >= 0, in units of length.
        dimension: Delta, between 0 and D/2.
        dim: D.
        cutoff: L, in inverse units of length.

    Raises:
        TypeError: If an argument is no number.
        ValueError: If it is out of range.

    Source: derived in docs/theory/conformal.md.
    """
    reach = _reach("power_law_propagator", separation, cutoff)
    return _coincident(dimension, dim, cutoff) * dimension * _moment(dimension, reach)


def power_law_laplacian(
    separation: Float[ArrayLike, "*shape"], dimension: float, dim: int, cutoff: float
) -> Float[ndarray, "*shape"]:
    """The Laplacian of `power_law_propagator`.

    `(d^2/dr^2 + ((D - 1)/r) d/dr) G = 2 Delta (2 Delta + 2 - D) C r^(-2 Delta - 2)` up to `exp(-L^2 r^2/4)` at
    `r = |x|`: 0 for the free boson alone.

    Args:
        separation: As for `power_law_propagator`.
        dimension: As there.
        dim: As there.
        cutoff: As there.

    Raises:
        TypeError: If an argument is no number.
        ValueError: If it is out of range.

    Source: derived in docs/theory/conformal.md.
    """
    reach = _reach("power_law_laplacian", separation, cutoff)
    slope = (dimension + 1 - dim / 2) * _moment(dimension + 1, reach) - np.exp(-reach)
    return _coincident(dimension, dim, cutoff) * dimension * cutoff**2 * slope


def _reach(owner: str, separation: ArrayLike, cutoff: float) -> ndarray:
    """L²x²/4."""
    require_positive(owner, "cutoff", cutoff)
    distance = require_finite(owner, "separation", separation)
    require_sign(owner, "separation", distance, zero=True)
    return (cutoff * distance) ** 2 / 4


def _coincident(dimension: float, dim: int, cutoff: float) -> float:
    """The propagator at one point."""
    return power_law_amplitude(dimension, dim) * (cutoff / 2) ** (2 * dimension) / math.gamma(dimension + 1)


def _moment(power: float, reach: ndarray) -> ndarray:
    """The integral of b^(power − 1) e^(−b reach) over [0, 1]."""
    far = np.where(reach > 0, reach, 1.0)
    return np.where(reach > 0, math.gamma(power) * special.gammainc(power, far) * far**-power, 1 / power)
