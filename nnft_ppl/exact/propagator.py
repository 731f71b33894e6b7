"""The free scalar with momenta in a ball: propagator, ball moments, box averages, finite-width cumulant."""

import math

import numpy as np
from jaxtyping import Float
from scipy import special

from nnft_ppl.arguments import require_count, require_finite, require_non_negative, require_number, require_positive
from nnft_ppl.exact.quadrature import interval_rule, momentum_rule

_BLOCK = 2**20


def ball_propagator(
    separation: Float[np.ndarray, "*point"] | float, dim: int, mass: float, cutoff: float = math.inf
) -> Float[np.ndarray, "*point"]:
    """Two-point function of the free scalar whose momenta fill a ball.

    `G(r) = int_{|p|<cutoff} d^dp/(2 pi)^d exp(i p.x) / (p^2 + mass^2)`, `r = |x|`.
    With `cutoff = inf` it is, for d = 1, 2, 3, 4, `exp(-mr)/(2m)`, `K0(mr)/(2 pi)`,
    `exp(-mr)/(4 pi r)`, `m K1(mr)/(4 pi^2 r)`, infinite at `r = 0` for d >= 2. With a finite cut-off
    the absolute error is about 1e-14 of `G(0)`.

    Args:
        separation: Distance r of the two points (its sign is ignored), any shape, units 1/mass.
        dim: Dimension d of space, 1 to 4.
        mass: Positive; zero in d = 3 and 4 with a finite cut-off.
        cutoff: Radius of the ball, positive, units of the mass; may be infinite.

    Returns:
        G at each separation, units mass^(d-2).

    Raises:
        TypeError: If `dim` is not an integer.
        ValueError: If an argument lies outside the ranges above.

    Source: Fourier transform of a radial function; derived here. The cut-off field is that of arXiv:2307.03223.
    """
    distance = np.abs(require_finite("ball_propagator", "separation", separation))
    require_ball("ball_propagator", dim, mass, cutoff, massless=True)
    if math.isinf(cutoff):
        return np.asarray(_unbounded_propagator(distance, dim, mass))
    flat = distance.ravel()
    momenta, weights = momentum_rule(mass, cutoff, float(np.max(flat, initial=0.0)))
    weights = shell_area(dim) * weights * momenta ** (dim - 1) / (momenta**2 + mass**2)
    result = np.empty_like(flat)
    block = max(1, _BLOCK // momenta.size)
    for start in range(0, flat.size, block):
        phases = flat[start : start + block, None] * momenta
        result[start : start + block] = spherical_wave(phases, dim) @ weights
    return result.reshape(distance.shape)


def ball_moment(dim: int, mass: float, cutoff: float, power: float) -> float:
    """Integral of a power of the free propagator over the ball of momenta.

    `int_{|p|<cutoff} d^dp/(2 pi)^d (p^2 + mass^2)^(-power)`; power 0 gives the ball's volume over
    `(2 pi)^d`, power 1 the two-point function at coincident points. With `cutoff = inf` it is
    `mass^(d - 2 power) Gamma(power - d/2) / ((4 pi)^(d/2) Gamma(power))`, infinite unless `2 power > d`.

    Args:
        dim: Dimension d of space, 1 to 4.
        mass: Positive; zero in d = 3 and 4 with a finite cut-off, where the integral is infinite if `2 power >= d`.
        cutoff: Radius of the ball, positive, units of the mass; may be infinite.
        power: Any real number.

    Returns:
        The integral, units mass^(d - 2 power).

    Raises:
        TypeError: If `dim` is not an integer.
        ValueError: If an argument lies outside the ranges above.

    Source: derived here.
    """
    require_ball("ball_moment", dim, mass, cutoff, massless=True)
    require_number("ball_moment", "power", power)
    if mass == 0:
        excess = dim - 2 * power
        return math.inf if excess <= 0 else shell_area(dim) * cutoff**excess / excess
    if math.isinf(cutoff):
        if 2 * power <= dim:
            return math.inf
        log_ratio = math.lgamma(power - dim / 2) - math.lgamma(power) - dim / 2 * math.log(4 * math.pi)
        return mass ** (dim - 2 * power) * math.exp(log_ratio)
    momenta, weights = momentum_rule(mass, cutoff, 0.0)
    density = momenta ** (dim - 1) * np.hypot(momenta, mass) ** (-2 * power)
    return shell_area(dim) * float(np.sum(weights * density))


def box_mean_squared(side: float, dim: int, mass: float, cutoff: float) -> float:
    """Mean square of the field averaged over a cube.

    `<(side^-d int_cube phi)^2> = int_{|p|<cutoff} d^dp/(2 pi)^d prod_i s(p_i) / (p^2 + mass^2)` with
    `s(q) = (sin(q side/2) / (q side/2))^2`. As the numerator is a product, the integral over the directions
    in one orthant nests one-dimensional ones, each over a quarter turn: `A_2(p) = int s(p cos) s(p sin)`,
    `A_3(p) = int sin s(p cos) A_2(p sin)` and, in Hopf coordinates,
    `A_4(p) = int sin cos A_2(p cos) A_2(p sin)`.

    Args:
        side: Edge of the cube, at least zero (zero gives the coincident two-point function), units 1/mass.
        dim: Dimension d of space, 1 to 4.
        mass: Positive.
        cutoff: Radius of the ball of momenta, finite and positive, units of the mass.

    Returns:
        The mean square, units mass^(d-2), to a relative accuracy of about 1e-12.

    Raises:
        TypeError: If `dim` is not an integer.
        ValueError: If an argument lies outside the ranges above.

    Source: derived here.
    """
    require_non_negative("box_mean_squared", "side", side)
    require_ball("box_mean_squared", dim, mass, cutoff, infinite=False)
    momenta, weights = momentum_rule(mass, cutoff, math.sqrt(dim) * side)
    # The inner functions have bandwidth sqrt(2)*side*cutoff and are integrated over a quarter turn.
    angles, angle_weights = interval_rule(0.0, 0.5 * math.pi, 32 + math.ceil(0.8 * side * cutoff))
    scaled = 0.5 * side * momenta
    block = max(1, _BLOCK // angles.size**2)
    angular = np.concatenate(
        [
            _orthant_average(scaled[start : start + block], dim, angles, angle_weights)
            for start in range(0, scaled.size, block)
        ]
    )
    radial = weights * momenta ** (dim - 1) / (momenta**2 + mass**2)
    return float(np.sum(radial * angular)) * math.pi**-dim


def coincident_fourth_cumulant(
    width: int, dim: int, mass: float, cutoff: float, alpha: float, amplitude_fourth_moment: float
) -> float:
    """Connected four-point function at coincident points of the plane-wave network of finite width.

    With `G(b) = 1/(b^2 + mass^2)` the field is
    `phi(x) = sqrt(2 Z_alpha/width) sum_i a_i G(b_i)^(-alpha/2) cos(b_i.x + c_i)`: momenta `b` of density
    `G^(1+alpha) / ((2 pi)^d Z_alpha)` in the ball, uniform phases `c`, amplitudes `a` of unit variance.
    Every alpha has the same two-point function. Exactly,
    `kappa_4 = (3/width) [ (E[a^4]/2) Z_alpha Z_{-alpha} - Z_0^2 ]` with
    `Z_alpha = int d^dp/(2 pi)^d G^(1+alpha)`.

    Args:
        width: Number of neurons.
        dim: Dimension d of space, 1 to 4.
        mass: Positive; zero in d = 3 and 4 where the integrals converge.
        cutoff: Radius of the ball of momenta, units of the mass; infinite only where the integrals converge.
        alpha: -1 for momenta uniform in the ball, 0 for momenta drawn from the propagator.
        amplitude_fourth_moment: `E[a^4]` at `E[a^2] = 1`, at least 1: 3 Gaussian, 1 constant modulus, 2 for the pair
            law (independent Gaussian cosine and sine amplitudes).

    Returns:
        `<phi^4> - 3 <phi^2>^2` at one point, units mass^(2d-4).

    Raises:
        TypeError: If `width` or `dim` is not an integer.
        ValueError: If an argument is out of range, or an integral diverges because the cut-off is infinite.

    Source: derived here; the alpha family is that of arXiv:2604.27050.
    """
    owner = "coincident_fourth_cumulant"
    fourth, squared = _neuron_moments(owner, width, dim, mass, cutoff, alpha, amplitude_fourth_moment)
    return 3.0 / width * (0.5 * fourth - squared)


def separated_fourth_cumulant(
    width: int, dim: int, mass: float, cutoff: float, alpha: float, amplitude_fourth_moment: float
) -> float:
    """Connected four-point function of two pairs of points that are infinitely far apart, of the plane-wave network.

    `G_c(x, x, y, y) -> (1/width) [ E[a^4] Z_alpha Z_{-alpha} - Z_0^2 ]` for `|x - y| -> inf`, with the network and the
    integrals of `coincident_fourth_cumulant`: waves in random directions never forget their size, and clusters are
    independent for infinitely many neurons alone.

    Args and errors as for `coincident_fourth_cumulant`.

    Returns:
        The limit, units mass^(2d-4).

    Source: derived here (the mean of cos^2 over its phase is 1/2 at either place).
    """
    owner = "separated_fourth_cumulant"
    fourth, squared = _neuron_moments(owner, width, dim, mass, cutoff, alpha, amplitude_fourth_moment)
    return (fourth - squared) / width


def _neuron_moments(
    owner: str, width: int, dim: int, mass: float, cutoff: float, alpha: float, amplitude_fourth_moment: float
) -> tuple[float, float]:
    """E[a^4] Z_alpha Z_{-alpha} and Z_0^2."""
    require_count(owner, "width", width)
    require_number(owner, "amplitude_fourth_moment", amplitude_fourth_moment, least=1)
    here, mirrored, coincident = (ball_moment(dim, mass, cutoff, 1 + shift) for shift in (alpha, -alpha, 0.0))
    if math.isinf(max(here, mirrored, coincident)):
        cause, remedy = ("mass = 0", "positive mass") if mass == 0 else ("cutoff = inf", "finite cutoff")
        raise ValueError(
            f"{owner}: {cause}, where the momentum integrals diverge (dim = {dim}, alpha = {alpha}); give a {remedy}"
        )
    return amplitude_fourth_moment * here * mirrored, coincident**2


def require_ball(
    owner: str, dim: int, mass: float, cutoff: float, *, infinite: bool = True, massless: bool = False
) -> None:
    """Look at the arguments of a ball of momenta."""
    require_count(owner, "dim", dim, most=4)
    if massless and dim > 2 and mass == 0:
        infinite = False
    else:
        require_positive(owner, "mass", mass)
    require_positive(owner, "cutoff", cutoff, infinite=infinite)


def shell_area(dim: int) -> float:
    """Area of the unit sphere in d dimensions over `(2 pi)^d`."""
    return 2 * math.pi ** (dim / 2) / math.gamma(dim / 2) / (2 * math.pi) ** dim


def spherical_wave(phase: Float[np.ndarray, "*shape"], dim: int) -> Float[np.ndarray, "*shape"]:
    """`exp(i p.x)` averaged over the directions of p, as a function of `|p||x|`."""
    if dim == 1:
        return np.cos(phase)
    if dim == 2:
        return special.j0(phase)
    if dim == 3:
        return np.sinc(phase / math.pi)
    # j1(0)/0 has the limit 1/2; below 1e-8 the limit is exact in double precision.
    safe = np.maximum(phase, 1e-8)
    return 2.0 * special.j1(safe) / safe


def _unbounded_propagator(distance: Float[np.ndarray, "*point"], dim: int, mass: float) -> Float[np.ndarray, "*point"]:
    scaled = mass * distance
    with np.errstate(divide="ignore"):
        if dim == 1:
            return np.exp(-scaled) / (2 * mass)
        if dim == 2:
            return special.k0(scaled) / (2 * math.pi)
        if dim == 3:
            return np.exp(-scaled) / (4 * math.pi * distance)
        return mass * special.k1(scaled) / (4 * math.pi**2 * distance)


def _sinc_squared(argument: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    return np.sinc(argument / math.pi) ** 2


def _orthant_average(
    scaled: Float[np.ndarray, "radius"],
    dim: int,
    angles: Float[np.ndarray, "angle"],
    weights: Float[np.ndarray, "angle"],
) -> Float[np.ndarray, "radius"]:
    """Integral of `prod_i sinc^2(q_i)` over the directions of `q` in one orthant, `|q| = scaled`."""
    cosine, sine = np.cos(angles), np.sin(angles)

    def planar(radius: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
        values = _sinc_squared(radius[..., None] * cosine)
        # The nodes are symmetric about pi/4, so reversing them swaps cosine and sine.
        return (values * values[..., ::-1]) @ weights

    if dim == 1:
        return _sinc_squared(scaled)
    if dim == 2:
        return planar(scaled)
    if dim == 3:
        return (_sinc_squared(scaled[:, None] * cosine) * planar(scaled[:, None] * sine)) @ (weights * sine)
    values = planar(scaled[:, None] * cosine)
    return (values * values[:, ::-1]) @ (weights * sine * cosine)
