"""Radial functions of the ball densities, smooth in the squared length and free of cancellation.

They are compiled as a whole, so that drawing outside a compiled function does not compile every operation alone.
"""

import functools
import math

import jax
import jax.numpy as jnp
from jax.scipy.special import erfc, gammaincc
from jaxtyping import Array, Float

_SERIES_EDGE = 0.25
_SERIES_TERMS = 25


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def ball_factor(dim: int, squared: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The factor g(|z|^2) for which z g(|z|^2) is uniform in the unit ball when z ~ N(0, I_d).

    g = F^{1/d} / |z|, F = P(d/2, s) the chi-square distribution function at s = |z|^2 / 2. Up to s = d/2 + 1,
    F = s^{d/2} e^{-s} M(1, d/2 + 1, s) / Gamma(d/2 + 1) with Kummer's series of positive terms; beyond,
    F = 1 - Q with the upper tail Q. Two derivatives come with it, for a compiler would write the series out once for
    each of them and once more for whatever uses it: q = -d ln g / ds obeys

        dq/ds = d q^2 - q + (1 - (d + 2) q) / (2s),        q(0) = 1 / (d + 2).

    Args:
        dim: d >= 1.
        squared: |z|^2.

    Returns:
        g, of the same shape, positive; g(0) = (2^{d/2} Gamma(d/2 + 1))^{-1/d}.

    Source: DLMF 8.5.1 (incomplete gamma function by Kummer's function); composition derived here.
    """
    return _ball(dim, squared)[0]


@ball_factor.defjvp
def _ball_factor_jvp(dim: int, primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    factor = ball_factor(dim, *primals)
    return factor, -0.5 * factor * _ball_slope(dim, *primals) * tangents[0]


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _ball_slope(dim: int, squared: Array) -> Array:
    """The slope q = -d ln g / ds."""
    return _ball(dim, squared)[1]


@_ball_slope.defjvp
def _ball_slope_jvp(dim: int, primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    return _ball_slope(dim, *primals), 0.5 * _ball(dim, *primals)[2] * tangents[0]


@functools.partial(jax.jit, static_argnums=0)
def _ball(dim: int, squared: Array) -> tuple[Array, Array, Array]:
    """g, q = -d ln g / ds and dq/ds at s = |z|^2 / 2."""
    half = 0.5 * dim
    edge = half + 1
    s = 0.5 * squared
    near = s < edge
    near_s, far_s = jnp.where(near, s, 0.0), jnp.where(near, 2 * edge, s)
    # M(1, b, s) = 1 + M(1, b + 1, s) s / b, from b = d/2 + 3 down to d/2 + 1.
    third = jnp.ones_like(near_s)
    for k in range(_kummer_terms(half + 2, edge), 0, -1):
        third = 1 + third * (near_s / (half + 2 + k))
    second = 1 + near_s / (half + 2) * third
    first = 1 + near_s / edge * second
    near_log = (jnp.log(first) - near_s - math.lgamma(edge)) / dim
    near_q = second / ((dim + 2) * first)
    # (1 - (d + 2) q) / (2s) without its cancellation at small s.
    near_rest = (second / edge - third / (half + 2)) / (2 * first)

    log_inside = jnp.log1p(-_upper_tail(dim, far_s))
    far_log = log_inside / dim - 0.5 * jnp.log(far_s)
    density = jnp.exp((half - 1) * jnp.log(far_s) - far_s - math.lgamma(half) - log_inside)
    far_q = 0.5 / far_s - density / dim
    far_rest = (1 - (dim + 2) * far_q) / (2 * far_s)

    q, rest = jnp.where(near, near_q, far_q), jnp.where(near, near_rest, far_rest)
    return math.sqrt(0.5) * jnp.exp(jnp.where(near, near_log, far_log)), q, dim * q**2 - q + rest


def _kummer_terms(below: float, largest: float) -> int:
    """Terms of sum_k s^k / ((below + 1) ... (below + k)) that count for s up to the largest."""
    count, term = 0, 1.0
    while term > 1e-17:
        count += 1
        term *= largest / (below + count)
    return count


def _upper_tail(dim: int, s: Array) -> Array:
    """Q(d/2, s), the probability that |z|^2 / 2 > s."""
    match dim:
        case 1:
            return erfc(jnp.sqrt(s))
        case 2:
            return jnp.exp(-s)
        case 3:
            return erfc(jnp.sqrt(s)) + 2 / math.sqrt(math.pi) * jnp.sqrt(s) * jnp.exp(-s)
        case 4:
            return (1 + s) * jnp.exp(-s)
        case _:
            return gammaincc(jnp.full_like(s, 0.5 * dim), s)


@jax.jit
def growth_factor(t: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The function (e^t - 1) / t, equal to 1 at t = 0 and smooth there.

    Args:
        t: Any real numbers.

    Returns:
        (e^t - 1) / t, of the same shape.

    Source: derived here.
    """
    near = jnp.abs(t) < 0.1
    near_t, far_t = jnp.where(near, t, 0.0), jnp.where(near, 1.0, t)
    series = jnp.ones_like(near_t)
    for k in range(11, 1, -1):
        series = 1 + near_t / k * series
    return jnp.where(near, series, jnp.expm1(far_t) / far_t)


@functools.partial(jax.jit, static_argnums=0)
def shell_ratio(dim: int, y: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The mean of 1 / (1 + |b|^2) over the ball |b|^2 < y in d dimensions.

    C_d(y) = d y^{-d/2} int_0^{sqrt y} x^{d-1} / (1 + x^2) dx = 2F1(1, d/2; d/2 + 1; -y):
    atan(x)/x, ln(1 + y)/y, 3 (1 - atan(x)/x)/y, 2 (1 - ln(1 + y)/y)/y for d = 1..4, with x = sqrt y.

    Args:
        dim: d, 1 to 4.
        y: Squared radius in units of the squared mass, >= 0.

    Returns:
        C_d(y), of the same shape, in (0, 1], decreasing.

    Source: derived here.
    """
    near = y < _SERIES_EDGE
    near_y, far_y = jnp.where(near, y, 0.0), jnp.where(near, 1.0, y)
    series = jnp.zeros_like(near_y)
    for k in range(_SERIES_TERMS, -1, -1):
        series = dim / (2 * k + dim) - near_y * series
    if dim % 2:
        root = jnp.sqrt(far_y)
        mean = jnp.arctan(root) / root
    else:
        mean = jnp.log1p(far_y) / far_y
    return jnp.where(near, series, mean if dim <= 2 else dim / (dim - 2) * (1 - mean) / far_y)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def solve_shell(dim: int, q: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The solution y >= 0 of y C_d(y)^{2/d} = q, for d = 3 or 4.

    The left side is (the weight of the ball |b|^2 < y)^{2/d}. In ln y its logarithm is increasing and concave, with
    slope 1 / ((1 + y) C_d(y)) between 1 and (d-2)/d; Newton's iteration from a lower bound therefore rises
    monotonically to the root and needs no bracket. Eight steps reach rounding in both precisions (tested over
    60 decades). The derivative is the implicit one, dy/dq = (1 + y) C_d(y)^{1 - 2/d}.

    Args:
        dim: d, 3 or 4.
        q: Target, >= 0.

    Returns:
        y, of the same shape.

    Source: derived here.
    """
    positive = q > 0
    target = jnp.where(positive, q, 1.0)
    exponent = dim / (dim - 2)
    # C <= 1 and C <= exponent / y, so both are lower bounds of the root.
    start = jnp.maximum(target, target**exponent * exponent ** (-2 / (dim - 2)))

    def step(_: int, y: Array) -> Array:
        ratio = shell_ratio(dim, y)
        # The ratio of left side to target is 1 at the root: its logarithm loses no digits of y.
        return y * jnp.exp(-jnp.log(y * ratio ** (2 / dim) / target) * (1 + y) * ratio)

    return jnp.where(positive, jax.lax.fori_loop(0, 8, step, start), 0.0)


@solve_shell.defjvp
def _solve_shell_jvp(dim: int, primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    y = solve_shell(dim, primals[0])
    return y, (1 + y) * shell_ratio(dim, y) ** (1 - 2 / dim) * tangents[0]
