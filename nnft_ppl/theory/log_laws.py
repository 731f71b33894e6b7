r"""Laws whose draws crowd at an edge, drawn and judged in the logarithmic coordinates of NumPyro's bijections.

A draw of Gamma(α) is below 10^{-308} with probability 10^{-308 α}, one of Beta(a, b) is nearer to 1 than 10^{-16} with
10^{-16 b}: with small shapes the number is lost, but not its logarithm. With g_c = ln of a Gamma(c) draw,

    Gamma(α, β)    u = ln θ          = g_α − ln β               p(u) = β^α e^{αu − βe^u} / Γ(α)
    Beta(a, b)     u = ln θ/(1 − θ)  = g_a − g_b                p(u) = σ(u)^a σ(−u)^b / B(a, b)
    Dirichlet(c)   w_i = ln of θ_i over Σ_{j>i} θ_j             each as of Beta(c_i, Σ_{j>i} c_j), independent

Source: gamma representations of the beta and Dirichlet laws, L. Devroye, Non-Uniform Random Variate Generation (1986).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import betaln, gammaln
from jaxtyping import Array
from numpyro import distributions as dist
from numpyro.distributions.transforms import (
    ExpTransform,
    IndependentTransform,
    SigmoidTransform,
    StickBreakingTransform,
    Transform,
)

from nnft_ppl.theory.latent_laws import base_distribution


class LogLaw(NamedTuple):
    """A law in unconstrained coordinates u."""

    draw: Callable[[Array], Array]
    """Random key -> u."""
    log_density: Callable[[Array], Array]
    """u -> ln p(u), summed over everything. Scalar."""


def unconstrained(fn: dist.Distribution, bijection: Any) -> LogLaw:
    """A law in the coordinates u of NumPyro's bijection of its support: how to draw u, and ln p(u).

    Args:
        fn: The law, layers and all.
        bijection: From u to the value.
    """

    def log_density(u: Array) -> Array:
        value = bijection(u)
        return jnp.sum(fn.log_prob(value)) + jnp.sum(bijection.log_abs_det_jacobian(u, value))

    law = log_law(fn, base_distribution(fn), bijection)
    return law or LogLaw(lambda key: bijection.inv(fn.sample(key)), log_density)


def log_law(fn: dist.Distribution, base: Any, bijection: Transform) -> LogLaw | None:
    """A law of a site in its unconstrained coordinates; None where it is none of these.

    Args:
        fn: The law, with the expansions of plates and `to_event`.
        base: The law inside these.
        bijection: NumPyro's, from u to the value.
    """
    shape = fn.shape()
    while isinstance(bijection, IndependentTransform):
        bijection = bijection.base_transform
    if type(base) in (dist.Gamma, dist.Chi2) and type(bijection) is ExpTransform:
        return _gamma(jnp.broadcast_to(base.concentration, shape), jnp.broadcast_to(base.rate, shape))
    if type(base) in (dist.Beta, dist.BetaProportion) and type(bijection) is SigmoidTransform:
        return _beta(jnp.broadcast_to(base.concentration1, shape), jnp.broadcast_to(base.concentration0, shape))
    if type(base) is dist.Dirichlet and type(bijection) is StickBreakingTransform:
        return _dirichlet(jnp.broadcast_to(base.concentration, shape))
    return None


def _gamma(shape: Array, rate: Array) -> LogLaw:
    def log_density(u: Array) -> Array:
        v = u + jnp.log(rate)
        return jnp.sum(shape * v - jnp.exp(v) - gammaln(shape))

    return LogLaw(lambda key: jax.random.loggamma(key, shape) - jnp.log(rate), log_density)


def _beta(a: Array, b: Array) -> LogLaw:
    def draw(key: Array) -> Array:
        one, other = jax.random.split(key)
        return jax.random.loggamma(one, a) - jax.random.loggamma(other, b)

    return LogLaw(draw, lambda u: _logit_beta(a, b, u))


def _dirichlet(shape: Array) -> LogLaw:
    entries = shape.shape[-1]
    # NumPyro's coordinates are shifted, so that u = 0 is the middle of the simplex.
    shift = jnp.log(entries - 1.0 - jnp.arange(entries - 1))
    beyond = jnp.cumsum(shape[..., ::-1], axis=-1)[..., ::-1]

    def draw(key: Array) -> Array:
        logs = jax.random.loggamma(key, shape)
        rest = jax.lax.cumlogsumexp(logs, axis=logs.ndim - 1, reverse=True)
        return logs[..., :-1] - rest[..., 1:] + shift

    return LogLaw(draw, lambda u: _logit_beta(shape[..., :-1], beyond[..., 1:], u - shift))


def _logit_beta(a: Array, b: Array, u: Array) -> Array:
    return jnp.sum(a * jax.nn.log_sigmoid(u) + b * jax.nn.log_sigmoid(-u) - betaln(a, b))
