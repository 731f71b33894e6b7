r"""Ricci flow of a sphere as the training of a network: its tangent kernel is local, and its loss is Liouville's.

    g(x) = ρ(x) ĝ(x),    ρ = e^{2u} = s²,    s = Σ_{l ≤ degree, m} (a_lm + √4π r₀ δ_l0) Y_lm(x),   a ~ N(0, spread²)
    da/dt = −∂F/∂a,    F = ∫ dΩ (½ |∇u|² + u)

on the unit sphere with its metric ĝ, a at the start. The field ρ follows at every width

    dρ/dt = −∫ dΩ′ Θ(x, x′) δF/δρ(x′),    Θ = Σ_lm ∂_lm ρ(x) ∂_lm ρ(x′),    δF/δρ = (1 − Δu)/2ρ

and Θ is 4 s(x) s(x′) times the δ-function of harmonics up to `degree`. With all of them dρ/dt = −2 (1 − Δu), the Ricci
flow dg/dt = −2 Ric; a round sphere stays one, ρ = r₀² − 2t. With any of them the area falls as Gauss and Bonnet say, by
8π in a unit of time, as F changes by 4πε where s is multiplied by 1 + ε.

`area` = ∫ dΩ ρ at `time`. `gauss_bonnet` is its change on every draw plus 8πt, and `chain_rule` the difference of the
two sides above at the start, with derivatives of ρ and with Δu, at a few places; both should be nothing.

Control: `output="exponential"`, ρ = e^{2s} of s with ln r₀ for r₀: another kernel, 4 ρ(x) ρ(x′) times the same. Units:
none. The sphere must not collapse, time < r₀²/2. Source: arXiv:2310.19870; derived in docs/theory/emergent.md.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_choice, require_count, require_non_negative, require_positive
from nnft_ppl.dynamics import gradient_flow
from nnft_ppl.exact import harmonics_table
from nnft_ppl.fields import Harmonics
from nnft_ppl.observables import Invariant, Observable
from nnft_ppl.spaces import Sphere


def coefficients(a, radius, output):
    """Those of s."""
    return a.at[0].add(math.sqrt(4 * math.pi) * (radius if output == "square" else math.log(radius)))


def metric(s, output):
    """ρ of s."""
    return s**2 if output == "square" else jnp.exp(2 * s)


def tables(degree, points):
    """Weights of a grid of the sphere, harmonics there, and their gradients."""
    sphere = Sphere(points=points)
    axes = (axis.ravel() for axis in np.meshgrid(*sphere.axes, indexing="ij"))
    return np.outer(*sphere.weights).ravel(), *harmonics_table(degree, *axes)


def liouville(degree, output, points):
    """The loss F of the coefficients of s."""
    weights, values, slopes = tables(degree, points)

    def loss(c):
        s, square = values @ c, jnp.sum((slopes @ c) ** 2, axis=0) / 2
        return weights @ (square / s**2 + jnp.log(s) if output == "square" else square + s)

    return loss


def model(degree=2, radius=1.0, spread=0.05, time=0.2, output="square"):
    """Coefficients at the start, and ρ after the flow."""
    require_count("metric_flow", "degree", degree, least=0)
    require_positive("metric_flow", "radius", radius)
    require_non_negative("metric_flow", "time", time)
    require_choice("metric_flow", "output", output, ("square", "exponential"))
    widest = radius / (2 * degree + 2)
    if not time < radius**2 / 2 or not require_positive("metric_flow", "spread", spread) < widest:
        raise ValueError(
            f"metric_flow: time = {time:g} and spread = {spread:g}; a sphere of radius {radius:g} collapses at time "
            f"{radius**2 / 2:g}, and with a spread of {widest:g} it may have no radius; give less"
        )
    a = numpyro.sample("a", dist.Normal(0, spread).expand([(degree + 1) ** 2]).to_event(1))
    start, loss = coefficients(a, radius, output), liouville(degree, output, 4 * degree + 2)
    s = Harmonics(gradient_flow(lambda c: c, start, loss, time, steps=12, tolerance=1e-9), degree)
    return lambda x: metric(s(x), output)


def space(degree):
    """The sphere."""
    return Sphere(degree)


def observables(degree, radius, time, output):
    """The area, and what should be nothing."""
    sphere, points = Sphere(points=4 * degree + 2), 12 * degree + 2

    def area(rho):
        return sphere.integrate(sphere.evaluate(rho))

    def gauss_bonnet(rho, parameters):
        return area(rho) - jnp.sum(coefficients(parameters["a"], radius, output) ** 2) + 8 * math.pi * time

    def chain_rule(rho, parameters):
        c, (weights, values, slopes) = coefficients(parameters["a"], radius, output), tables(degree, points)
        degrees = np.repeat(np.arange(degree + 1), 2 * np.arange(degree + 1) + 1)
        s, bent = values @ c, -values @ (degrees * (degrees + 1) * c)  # s and Δs
        if output == "square":
            bent = bent / s - jnp.sum((slopes @ c) ** 2, axis=0) / s**2  # Δ ln s
        change = jax.jacfwd(lambda c: metric(values @ c, output))(c)
        speed, force = -change @ jax.grad(liouville(degree, output, points))(c), (1 - bent) / (2 * metric(s, output))
        return (speed + change @ (change.T @ (weights * force)))[:: len(s) // 3]

    rounding = 1e4 * float(jnp.finfo(jnp.result_type(float)).eps)
    found = {"area": Observable(area), "chain_rule": Invariant(chain_rule, max(1e-10, rounding), ("place",))}
    return found | ({"gauss_bonnet": Invariant(gauss_bonnet, max(1e-8, rounding))} if output == "square" else {})


def exact(degree, radius, spread, time, output):
    """The area by Gauss and Bonnet."""
    known = 4 * math.pi * radius**2 + spread**2 * (degree + 1) ** 2 - 8 * math.pi * time
    return {"area": known} if output == "square" else {}


def control():
    """Another tangent kernel, by which it is no Ricci flow."""
    return {"output": "exponential"}
