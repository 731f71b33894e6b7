"""Maps from standard normals to standard draws of one law each, accurate in both tails.

Both tails are always carried as the small number itself, Phi(z) or Phi(-z), never as one minus it:
in single precision Phi(5.5) rounds to 1, and a quantile of 1 is an edge or an infinity.

Source: derived here from F(T(z)) = Phi(z) for each law.
"""

import math

import jax
import jax.numpy as jnp
from jax.scipy.special import erf, erfc, erfinv, log_ndtr, ndtri
from jax.typing import ArrayLike
from jaxtyping import Array, Float

ROOT_HALF = math.sqrt(0.5)


def magnitude(z: Array) -> Array:
    """|z|, with the slope from the right at 0."""
    # jnp.abs has slope 0 at 0 under jax.grad; every use here needs the slope from the right.
    return jnp.where(z < 0, -z, z)


def odd(z: Array, size: Array) -> Array:
    """`size` with the sign of z."""
    return jnp.where(z < 0, -size, size)


def lower(z: Array) -> Array:
    """Phi(z), to full relative precision for z < 0."""
    return 0.5 * erfc(-z * ROOT_HALF)


def inside(theta: Array, low: ArrayLike | None, high: ArrayLike | None) -> Array:
    """Theta moved onto [low, high] where rounding pushed it out, with theta's own derivative."""
    # jnp.clip would set the derivative to zero (or halve it on the edge itself).
    rounding = theta - jax.lax.stop_gradient(theta)
    for edge, outside in ((low, jnp.less), (high, jnp.greater)):
        if edge is not None:
            edge_value = jax.lax.stop_gradient(jnp.asarray(edge))
            theta = jnp.where(outside(theta, edge_value), edge_value + rounding, theta)
    return theta


def exponential(z: Array) -> Array:
    """-ln Phi(-z): a standard exponential draw."""
    # log_ndtr loses the logarithm of numbers next to 1, log1p does not.
    below = z < 0
    near_one = -jnp.log1p(-lower(jnp.where(below, z, -1.0)))
    return jnp.where(below, near_one, -log_ndtr(jnp.where(below, 1.0, -z)))


def log_exponential(z: Array) -> Array:
    """ln(-ln Phi(-z)), finite where Phi(z) itself underflows."""
    far = z < -5.0
    tail = lower(jnp.where(far, z, -5.0))
    # -ln(1 - p) = p (1 + p/2 + p^2/3 + ...) with p < 3e-7.
    far_value = log_ndtr(jnp.where(far, z, -5.0)) + jnp.log1p(tail * (0.5 + tail / 3))
    return jnp.where(far, far_value, jnp.log(exponential(jnp.where(far, 0.0, z))))


def laplace(z: Array) -> Array:
    """A standard Laplace draw, odd in z."""
    size = magnitude(z)
    near = size < 1.0
    near_value = -jnp.log1p(-erf(jnp.where(near, size, 0.5) * ROOT_HALF))
    far_value = -(math.log(2.0) + log_ndtr(-jnp.where(near, 1.0, size)))
    return odd(z, jnp.where(near, near_value, far_value))


def logistic(z: Array) -> Array:
    """A standard logistic draw, odd in z."""
    size = magnitude(z)
    near = size < 1.0
    near_value = 2 * jnp.arctanh(erf(jnp.where(near, size, 0.5) * ROOT_HALF))
    far_z = jnp.where(near, 1.0, size)
    far_value = jnp.log1p(-lower(-far_z)) - log_ndtr(-far_z)
    return odd(z, jnp.where(near, near_value, far_value))


def farthest(z: Array) -> float:
    """Where maps to laws with power-law tails stop, for their slopes to be numbers."""
    return 9.0 if jnp.finfo(z.dtype).bits <= 32 else 26.0


def standard_cauchy(z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The map tan(pi (Phi(z) - 1/2)) from standard normals to standard Cauchy draws.

    The slope 1 + tan^2 must be a number: the map stays constant beyond |z| = 9 in single and 26 in double precision,
    where a normal draw has probability 2e-19 and 5e-149.

    Args:
        z: Standard normal draws.

    Returns:
        Standard Cauchy draws of the same shape.

    Source: derived here (Cauchy quantile function).
    """
    size = jnp.minimum(magnitude(z), farthest(z))
    near = size < 0.7
    near_value = jnp.tan(0.5 * math.pi * erf(jnp.where(near, size, 0.5) * ROOT_HALF))
    far_value = 1 / jnp.tan(math.pi * lower(-jnp.where(near, 1.0, size)))
    return odd(z, jnp.where(near, near_value, far_value))


def half_cauchy(z: Array) -> Array:
    """tan(pi Phi(z)/2): a standard half-Cauchy draw."""
    below = z < 0
    near_value = jnp.tan(0.5 * math.pi * lower(jnp.where(below, z, -1.0)))
    far_z = jnp.minimum(jnp.where(below, 1.0, z), farthest(z))
    return jnp.where(below, near_value, 1 / jnp.tan(0.5 * math.pi * lower(-far_z)))


def half_normal(z: Array) -> Array:
    """A standard half-normal draw, of distribution function 2 Phi(x) - 1."""
    below = z < 0
    near_value = math.sqrt(2.0) * erfinv(lower(jnp.where(below, z, -1.0)))
    return jnp.where(below, near_value, -ndtri(0.5 * lower(-jnp.where(below, 1.0, z))))


def soft_laplace(z: Array) -> Array:
    """Ln tan(pi Phi(z)/2), odd in z: a draw of the law with density 1/(pi cosh x)."""
    size = magnitude(z)
    near = size < 1.0
    near_value = 2 * jnp.arctanh(jnp.tan(0.25 * math.pi * erf(jnp.where(near, size, 0.5) * ROOT_HALF)))
    far_value = -jnp.log(jnp.tan(0.5 * math.pi * lower(-jnp.where(near, 1.0, size))))
    return odd(z, jnp.where(near, near_value, far_value))


def log_expm1(log_y: Array) -> Array:
    """ln(exp(y) - 1) from ln y, where y itself or exp(y) may be out of range."""
    small = log_y < 0
    y = jnp.exp(jnp.where(small, log_y, 0.0))
    # y + y^2/2 + ... over y, with y from 0 to 1.
    ratio = jnp.where(y > 1e-4, jnp.expm1(y) / jnp.where(y > 1e-4, y, 1.0), 1 + 0.5 * y + y * y / 6)
    large = jnp.exp(jnp.where(small, 0.0, log_y))
    return jnp.where(small, log_y + jnp.log(ratio), large + jnp.log1p(-jnp.exp(-large)))


def log_one_minus_exp(log_y: Array) -> Array:
    """ln(1 - exp(-y)) from ln y, where y itself may be out of range."""
    small = log_y < 0
    y = jnp.exp(jnp.where(small, log_y, 0.0))
    ratio = jnp.where(y > 1e-4, -jnp.expm1(-y) / jnp.where(y > 1e-4, y, 1.0), 1 - 0.5 * y + y * y / 6)
    return jnp.where(small, log_y + jnp.log(ratio), jnp.log1p(-jnp.exp(-jnp.exp(jnp.where(small, 0.0, log_y)))))


def laplace_tail(x: Array) -> Array:
    """Distribution function of the standard Laplace law, to full relative precision for x < 0."""
    small = 0.5 * jnp.exp(-magnitude(x))
    return jnp.where(x < 0, small, 1 - small)
