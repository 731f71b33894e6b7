r"""The map from standard normals to draws of Student's t law.

With t = √ν sinh u the law has the density C cosh(u)^(−ν), C = Γ((ν+1)/2)/(√π Γ(ν/2)), whose logarithm is concave in u,
and so is that of its tail, ½ I(ν/2, ½; 1/cosh² u) with I the regularised incomplete beta function. Newton's method for
ln tail(u) = ln Φ(−|z|) therefore comes down to the root from one side, from any beginning. Near the middle the
probability between 0 and t is inverted, ½ I(½, ν/2; tanh² u) = ½ erf(|z|/√2), which keeps small t exact.

Source: derived here; for I see NIST DLMF 8.17.
"""

import math

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero
from jax.scipy.special import betainc, erf, gammaln, log_ndtr
from jaxtyping import Array, Float

from nnft_ppl.densities.standard_laws import ROOT_HALF, farthest, magnitude, odd

STEPS = 10
"""Steps of Newton's method: six reach rounding for ν from 0.1 to 10⁶."""
NEAR = 1.0
"""Up to here the probability from the middle is inverted."""


def student_t(z: Float[Array, "*shape"], df: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Student's t draws of unit scale from standard normals.

    In single precision it is good to about 1e-7 (ν + 10), the rounding of ln Γ(ν/2) inside the beta function.
    It stays constant beyond |z| = 9 in single and 26 in double precision, as that of the Cauchy law does.

    Args:
        z: Standard normal draws.
        df: Degrees of freedom ν > 0, of a shape that broadcasts with z.
    """
    df = jnp.broadcast_to(jnp.asarray(df, z.dtype), jnp.broadcast_shapes(jnp.shape(df), z.shape))
    size = jnp.broadcast_to(jnp.minimum(magnitude(z), farthest(z)), df.shape)
    return odd(z, _positive(size, df))


@jax.custom_jvp
def _positive(z: Array, df: Array) -> Array:
    """The map for z ≥ 0."""
    near = z < NEAR
    middle, tail = 0.5 * erf(z * ROOT_HALF), log_ndtr(-z)
    first, second = jnp.where(near, 0.5, 0.5 * df), jnp.where(near, 0.5 * df, 0.5)
    log_front = _log_front(df)

    def step(_: int, u: Array) -> Array:
        log_cosh = _log_cosh(u)
        log_density = log_front - df * log_cosh
        argument = jnp.where(near, jnp.tanh(u) ** 2, jnp.exp(-2 * log_cosh))
        probability = 0.5 * betainc(first, second, argument)
        # Far out, where the argument may underflow, the tail is the density over ν.
        power_law = argument < float(jnp.finfo(z.dtype).eps)
        log_tail = jnp.where(power_law, log_density - jnp.log(df), jnp.log(jnp.where(power_law, 1.0, probability)))
        change = (middle - probability) * jnp.exp(-log_density)
        return jnp.maximum(u + jnp.where(near, change, jnp.exp(log_tail - log_density) * (log_tail - tail)), 0.0)

    # A quantile of Student's law is never smaller than the normal one.
    u = jax.lax.fori_loop(0, STEPS, step, jnp.arcsinh(z / jnp.sqrt(df)))
    # tanh² u underflows where t is proportional to z.
    tiny = z < float(jnp.finfo(z.dtype).eps) ** 0.5
    return jnp.sqrt(df) * jnp.where(tiny, middle * jnp.exp(-log_front), jnp.sinh(u))


def _positive_jvp(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    """Dt = φ(z)/f(t) dz, and a symmetric difference in ν: the derivative of I in its parameters has no short form."""
    z, df = primals
    z_dot, df_dot = tangents
    value = _positive(z, df)
    change = jnp.zeros_like(value)
    if not isinstance(z_dot, SymbolicZero):
        log_normal = -0.5 * z**2 - 0.5 * math.log(2 * math.pi)
        log_density = _log_front(df) - 0.5 * jnp.log(df) - (df + 1) * _log_cosh(jnp.arcsinh(value / jnp.sqrt(df)))
        change += jnp.exp(log_normal - log_density) * z_dot
    if not isinstance(df_dot, SymbolicZero):
        width = float(jnp.finfo(z.dtype).eps) ** (1 / 3)
        change += (_positive(z, df * (1 + width)) - _positive(z, df * (1 - width))) / (2 * width * df) * df_dot
    return value, change


_positive.defjvp(_positive_jvp, symbolic_zeros=True)


def _log_front(df: Array) -> Array:
    """Ln C."""
    return gammaln(0.5 * (df + 1)) - gammaln(0.5 * df) - 0.5 * math.log(math.pi)


def _log_cosh(u: Array) -> Array:
    return jnp.logaddexp(u, -u) - math.log(2.0)
