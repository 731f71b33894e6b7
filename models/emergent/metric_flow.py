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

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist
from scipy.special import sph_harm_y

from nnft_ppl.arguments import require_choice, require_count, require_non_negative, require_positive
from nnft_ppl.dynamics import gradient_flow
from nnft_ppl.fields import Harmonics
from nnft_ppl.observables import Invariant, Observable
from nnft_ppl.spaces import Sphere


class Conformal:
    """The field ρ of s."""

    def __init__(self, s, output):
        self.s, self.rho = s, jnp.square if output == "square" else lambda value: jnp.exp(2 * value)

    def __call__(self, x):
        """ρ at one point."""
        return self.rho(self.s(x))

    def on_sphere(self, height, azimuth):
        """ρ on a grid."""
        return self.rho(self.s.on_sphere(height, azimuth))


def network(degree, radius, output):
    """From coefficients to ρ."""
    shift = np.zeros((degree + 1) ** 2)
    shift[0] = math.sqrt(4 * math.pi) * (radius if output == "square" else math.log(radius))
    return lambda a: Conformal(Harmonics(a + shift, degree), output)


@functools.cache
def harmonics(degree, points):
    """Weights of a grid of the sphere, shape (point,), Y_lm there, their gradients along meridians and circles."""
    sphere = Sphere(points=points)
    height, azimuth = (axis.ravel() for axis in np.meshgrid(*sphere.axes, indexing="ij"))
    l, m = np.array([(l, m) for l in range(degree + 1) for m in range(-l, l + 1)]).T
    polar = np.arccos(height)[:, None]
    complex_values, turned = sph_harm_y(l, np.abs(m), polar, azimuth[:, None], diff_n=1)
    slopes = turned / np.stack([np.ones_like(polar), np.sin(polar)], axis=-1)
    norm = np.where(m == 0, 1, math.sqrt(2) * (-1.0) ** m)  # theirs have the factor (−1)^m
    values, slopes = (norm * np.where(m < 0, x.imag, x.real) for x in (complex_values, np.moveaxis(slopes, -1, 0)))
    return np.outer(*sphere.weights).ravel(), values, slopes


def liouville(degree, output, points):
    """The loss F, a functional of the field."""
    weights, values, slopes = harmonics(degree, points)

    def loss(field):
        s, ds = values @ field.s.coefficients, slopes @ field.s.coefficients
        square = jnp.sum(ds**2, axis=0) / 2
        return weights @ (square / s**2 + jnp.log(s) if output == "square" else square + s)

    return loss


def model(degree=2, radius=1.0, spread=0.05, time=0.2, output="square"):
    """Coefficients at the start, and ρ after the flow."""
    require_count("metric_flow", "degree", degree, least=0)
    require_positive("metric_flow", "radius", radius)
    require_non_negative("metric_flow", "time", time)
    require_choice("metric_flow", "output", output, ("square", "exponential"))
    if not time < radius**2 / 2 or not 2 * (degree + 1) * require_positive("metric_flow", "spread", spread) < radius:
        raise ValueError(
            f"metric_flow: a sphere of radius {radius:g} collapses at time {radius**2 / 2:g}, and is none where spread "
            f"is above {radius / (2 * degree + 2):g}; time = {time:g} and spread = {spread:g}"
        )
    a = numpyro.sample("a", dist.Normal(0, spread).expand([(degree + 1) ** 2]).to_event(1))
    field, loss = network(degree, radius, output), liouville(degree, output, 4 * degree + 2)
    return field(gradient_flow(field, a, loss, time, steps=12, tolerance=1e-9))


def space(degree):
    """The sphere."""
    return Sphere(degree)


def observables(degree, radius, time, output):
    """The area, and what should be nothing."""
    field, sphere, fine = network(degree, radius, output), Sphere(points=4 * degree + 2), 12 * degree + 2

    def area(rho):
        return sphere.integrate(sphere.evaluate(rho))

    def gauss_bonnet(rho, parameters):
        return area(rho) - area(field(parameters["a"])) + 8 * math.pi * time

    def chain_rule(rho, parameters):
        weights, values, slopes = harmonics(degree, fine)
        here = values[:: len(values) // 3]
        loss, a = liouville(degree, output, fine), parameters["a"]
        rule, coefficients = field(a).rho, field(a).s.coefficients
        degrees = np.array([l for l in range(degree + 1) for _ in range(2 * l + 1)])
        s, ds, laplacian = (
            values @ coefficients,
            slopes @ coefficients,
            -degrees * (degrees + 1),
        )
        curved = values @ (laplacian * coefficients)  # Δs
        bent = curved / s - jnp.sum(ds**2, axis=0) / s**2 if output == "square" else curved  # Δu
        by_place, by_point = (jax.jacfwd(lambda c, y=y: rule(y @ c))(coefficients) for y in (here, values))
        speed = -by_place @ jax.grad(lambda moved: loss(field(moved)))(a)
        return speed + by_place @ (by_point.T @ (weights * (1 - bent) / (2 * rule(s))))

    rounding = 1e4 * float(jnp.finfo(float).eps)
    found = {"area": Observable(area), "chain_rule": Invariant(chain_rule, max(1e-10, rounding), ("place",))}
    return found | ({"gauss_bonnet": Invariant(gauss_bonnet, max(1e-8, rounding))} if output == "square" else {})


def exact(degree, radius, spread, time, output):
    """The area by Gauss and Bonnet."""
    known = 4 * math.pi * radius**2 + spread**2 * (degree + 1) ** 2 - 8 * math.pi * time
    return {"area": known} if output == "square" else {}


def control():
    """Another tangent kernel, by which it is no Ricci flow."""
    return {"output": "exponential"}
