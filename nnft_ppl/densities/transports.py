"""Exact maps from standard normals to draws of a NumPyro distribution.

A site theta ~ p is written theta = T(z) with z ~ N(0, I), so that p(T(z)) |det dT/dz| = N(z; 0, I) holds
pointwise. For a scalar law with distribution function F, T(z) = F^{-1}(Phi(z)). Those of discrete laws are in
`nnft_ppl.densities.discrete`.

Both tails are always carried as the small number itself, Phi(z) or Phi(-z), never as one minus it:
in single precision Phi(5.5) rounds to 1, and a quantile of 1 is an edge or an infinity. Maps of symmetric laws
are odd in z - location to the last bit. Accuracy is tested to |z| = 8 in single and double precision.

Source: derived here from F(T(z)) = Phi(z) for each law.
"""

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.special import erf, expit, ndtri
from jax.typing import ArrayLike
from jaxtyping import Array, Float
from numpyro import distributions as dist
from numpyro.distributions.transforms import AbsTransform

from nnft_ppl.densities.discrete import discrete_law
from nnft_ppl.densities.standard_laws import (
    ROOT_HALF,
    exponential,
    half_cauchy,
    half_normal,
    inside,
    laplace,
    laplace_tail,
    log_expm1,
    log_exponential,
    log_one_minus_exp,
    logistic,
    lower,
    magnitude,
    soft_laplace,
    standard_cauchy,
)
from nnft_ppl.densities.student_t import student_t

type Transport = Callable[[Float[Array, "*shape"]], Float[Array, "*shape"]]
type _Map = Callable[[Array], Array]


def transport(fn: dist.Distribution) -> Transport | None:
    """The exact map from standard normals to draws of a distribution, or None where none is known.

    A method `fn.transport(z)`, if the distribution has one, is taken at its word; it must broadcast over
    leading axes. A subclass that redefines `sample` or `log_prob` does not inherit its parent's map.

    Args:
        fn: a NumPyro distribution, as found at a site of a trace (expanded and independent ones included).

    Returns:
        The map z -> theta for z of shape `fn.shape()` (batch + event), giving theta of the same shape, the
        same precision, and the units of fn; or None.

    Raises:
        TypeError: If `fn` is not a NumPyro distribution.

    Source: derived here (inverse distribution functions).
    """
    if not isinstance(fn, dist.Distribution):
        raise TypeError(
            f"transport: fn is {type(fn).__name__}; give a numpyro.distributions.Distribution, such as the entry 'fn' "
            "of a site in a trace"
        )
    own = getattr(fn, "transport", None)
    if callable(own):
        return lambda z: jnp.asarray(own(z))
    if (discrete := discrete_law(fn)) is not None:
        return discrete.transport
    law = next((parent for parent in type(fn).__mro__ if parent in _rule.registry), object)
    known = issubclass(law, dist.Distribution)
    if known and (type(fn).sample is not law.sample or type(fn).log_prob is not law.log_prob):
        return None
    return _rule(fn)


@functools.singledispatch
def _rule(fn: dist.Distribution) -> _Map | None:
    """The map of a law that is known by its class; the fallback knows none."""
    return None


@_rule.register
def _(fn: dist.ExpandedDistribution) -> _Map | None:
    return transport(fn.base_dist)


@_rule.register
def _(fn: dist.Independent) -> _Map | None:
    return transport(fn.base_dist)


@_rule.register
def _(fn: dist.TransformedDistribution) -> _Map | None:
    base = transport(fn.base_dist)
    folds = any(isinstance(part, AbsTransform) for part in fn.transforms)
    if base is None or folds or fn.base_dist.shape() != fn.shape():
        return None
    return lambda z: jnp.asarray(functools.reduce(lambda theta, part: part(theta), fn.transforms, base(z)))


# theta = location + scale standard(z); a half law has location 0.
_STANDARD: dict[type, _Map] = {
    dist.Normal: lambda z: z,
    dist.Cauchy: standard_cauchy,
    dist.Laplace: laplace,
    dist.Logistic: logistic,
    dist.Gumbel: lambda z: -log_exponential(-z),
    dist.HalfNormal: half_normal,
    dist.HalfCauchy: half_cauchy,
    dist.SoftLaplace: soft_laplace,
    # The law of 1/x² for normal x: its upper tail is where x is small.
    dist.Levy: lambda z: jnp.exp(-2 * jnp.log(half_normal(-z))),
}


@_rule.register(dist.Normal)
@_rule.register(dist.Cauchy)
@_rule.register(dist.Laplace)
@_rule.register(dist.Logistic)
@_rule.register(dist.Gumbel)
@_rule.register(dist.HalfNormal)
@_rule.register(dist.HalfCauchy)
@_rule.register(dist.SoftLaplace)
@_rule.register(dist.Levy)
def _(fn: Any) -> _Map:
    standard = next(_STANDARD[parent] for parent in type(fn).__mro__ if parent in _STANDARD)
    # jnp.asarray leaves Python numbers weakly typed, so the precision stays that of z.
    return lambda z: jnp.asarray(getattr(fn, "loc", 0.0)) + jnp.asarray(fn.scale) * standard(z)


@_rule.register
def _(fn: dist.Exponential) -> _Map:
    return lambda z: exponential(z) / jnp.asarray(fn.rate)


@_rule.register
def _(fn: dist.Weibull) -> _Map:
    # The logarithm keeps the power's derivative finite where the exponential draw is tiny.
    return lambda z: jnp.asarray(fn.scale) * jnp.exp(log_exponential(z) / jnp.asarray(fn.concentration))


@_rule.register
def _(fn: dist.Pareto) -> _Map:
    return lambda z: _pareto(z, jnp.asarray(fn.scale), jnp.asarray(fn.alpha))


@_rule.register
def _(fn: dist.LowerTruncatedPowerLaw) -> _Map:
    return lambda z: _pareto(z, jnp.asarray(fn.low), -1 - jnp.asarray(fn.alpha))


def _pareto(z: Array, scale: Array, power: Array) -> Array:
    theta = scale * jnp.exp(exponential(z) / power)
    # The support is open at the scale: take the next number above it.
    edge = jax.lax.stop_gradient(jnp.asarray(scale, theta.dtype))
    return inside(theta, jnp.nextafter(edge, jnp.full_like(edge, jnp.inf)), None)


@_rule.register
def _(fn: dist.StudentT) -> _Map:
    return lambda z: jnp.asarray(fn.loc) + jnp.asarray(fn.scale) * student_t(z, jnp.asarray(fn.df))


@_rule.register
def _(fn: dist.AsymmetricLaplace) -> _Map:
    return lambda z: _asymmetric_laplace(z, jnp.asarray(fn.loc), jnp.asarray(fn.scale), jnp.asarray(fn.asymmetry))


@_rule.register
def _(fn: dist.AsymmetricLaplaceQuantile) -> _Map:
    share = jnp.asarray(fn.quantile)
    asymmetry = jnp.sqrt(share / (1 - share))
    return lambda z: _asymmetric_laplace(z, jnp.asarray(fn.loc), jnp.asarray(fn.scale) * asymmetry / share, asymmetry)


def _asymmetric_laplace(z: Array, location: Array, scale: Array, asymmetry: Array) -> Array:
    """Exponential laws of scales s κ to the left and s/κ to the right, which hold κ²/(1 + κ²) and 1/(1 + κ²)."""
    left = jnp.log1p(asymmetry**-2) - exponential(-z)
    right = exponential(z) - jnp.log1p(asymmetry**2)
    return location + jnp.where(left < 0, scale * asymmetry * left, scale / asymmetry * right)


@_rule.register
def _(fn: dist.Gompertz) -> _Map:
    return lambda z: jnp.log1p(exponential(z) / jnp.asarray(fn.concentration)) / jnp.asarray(fn.rate)


@_rule.register
def _(fn: dist.Dagum) -> _Map:
    def push(z: Array) -> Array:
        log_y = log_exponential(-z) - jnp.log(jnp.asarray(fn.concentration))
        return jnp.asarray(fn.scale) * jnp.exp(-log_expm1(log_y) / jnp.asarray(fn.sharpness))

    return push


@_rule.register
def _(fn: dist.Kumaraswamy) -> _Map:
    def push(z: Array) -> Array:
        log_y = log_exponential(z) - jnp.log(jnp.asarray(fn.concentration0))
        return jnp.exp(log_one_minus_exp(log_y) / jnp.asarray(fn.concentration1))

    return push


@_rule.register
def _(fn: dist.Uniform) -> _Map:
    def push(z: Array) -> Array:
        low, high = jnp.asarray(fn.low), jnp.asarray(fn.high)
        width = high - low
        # About the middle near the middle, from the edge near an edge: each keeps its own small distance exact.
        middle = 0.5 * (low + high) + 0.5 * width * erf(z * ROOT_HALF)
        size = magnitude(z)
        tail = width * lower(-size)
        edge = jnp.where(z < 0, low + tail, high - tail)
        return inside(jnp.where(size < 1.0, middle, edge), low, high)

    return push


@_rule.register
def _(fn: dist.MultivariateNormal | dist.LowRankMultivariateNormal) -> _Map:
    return lambda z: jnp.asarray(fn.loc) + jnp.einsum("...ij,...j->...i", jnp.asarray(fn.scale_tril), z)


# For each law symmetric about 0: its distribution function F, accurate in the lower tail, and F^{-1} on (0, 1/2].
_SYMMETRIC: dict[type, tuple[_Map, _Map]] = {
    dist.Normal: (lower, ndtri),
    dist.Cauchy: (lambda x: jnp.arctan2(1.0, -x) / math.pi, lambda p: -1 / jnp.tan(math.pi * p)),
    dist.Laplace: (laplace_tail, lambda p: jnp.log(2 * p)),
    dist.Logistic: (expit, lambda p: jnp.log(p) - jnp.log1p(-p)),
}


@_rule.register(dist.LeftTruncatedDistribution)
@_rule.register(dist.RightTruncatedDistribution)
@_rule.register(dist.TwoSidedTruncatedDistribution)
def _(fn: Any) -> _Map | None:
    """Location + scale F^{-1}(p) with p and q = 1 - p both built as sums of positive terms.

    p = F(a) Phi(-z) + F(b) Phi(z), q = F(-a) Phi(-z) + F(-b) Phi(z), for the edges a, b in units of the scale;
    whichever is below 1/2 is inverted. The tail probabilities at the edges must be representable: for a normal,
    edges within 12 scales (single precision) or 37 (double) of the location when both lie on the same side.
    """
    if type(fn.base_dist) not in _SYMMETRIC:
        return None
    cdf, quantile = _SYMMETRIC[type(fn.base_dist)]
    location, scale = jnp.asarray(fn.base_dist.loc), jnp.asarray(fn.base_dist.scale)
    low, high = getattr(fn, "low", None), getattr(fn, "high", None)

    def tails(edge: ArrayLike | None, beyond: float) -> tuple[Array | float, Array | float]:
        if edge is None:
            return beyond, 1.0 - beyond
        edge = jnp.asarray(edge)
        finite = jnp.isfinite(edge)
        # An infinite edge is a constant: its slope in location and scale would be inf * 0.
        units = jnp.where(finite, (jnp.where(finite, edge, location) - location) / scale, edge)
        return cdf(units), cdf(-units)

    def push(z: Array) -> Array:
        (below_low, above_low), (below_high, above_high) = tails(low, 0.0), tails(high, 1.0)
        p = below_low * lower(-z) + below_high * lower(z)
        q = above_low * lower(-z) + above_high * lower(z)
        left = p < q
        units = quantile(jnp.where(left, p, q))
        return inside(location + scale * jnp.where(left, units, -units), low, high)

    return push
