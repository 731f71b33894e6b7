r"""A generalised free field of any dimension Δ > 0: plane waves whose momenta follow a power law.

    φ(x) = √(G_0/N) Σ_{i=1}^N [α_i cos(p_i·x) + β_i sin(p_i·x)],    α, β ~ N(0, 1),    S = 0
    density of p in R^D ∝ |p|^{2Δ−D} e^{−p²/Λ²}:  p²/Λ² ~ Gamma(Δ), its direction uniform;  Λ = `cutoff`

⟨φ(x) φ(0)⟩ = ∫d^Dp/(2π)^D e^{ip·x} |p|^{2Δ−D} e^{−p²/Λ²} = C |x|^{−2Δ} (1 + 4Δ(Δ + 1 − D/2)/(Λx)² + …) at every width,
C = Γ(Δ)/(4^{D/2−Δ} π^{D/2} Γ(D/2−Δ)), G_0 its value at x = 0. Δ = (D − 2)/2 is the free massless boson, without
corrections but e^{−Λ²x²/4}: its `laplacian` ⟨∇²φ(x) φ(0)⟩ vanishes away from x = 0, and that of no other Δ does.
Four-point functions add Σ_3 of the covariance of cosines over N to the three pairings; with N → ∞ these stand alone.

`separation` 1, 2 is along the first axis; `four_point_full` is at (0, 0, 0), (1, 0, 0), (.3, .8, 0), (−.4, .5, .9).
Control: a dimension larger by 1/4, whose Laplacian is another one, at the free boson's not zero.
Units: lengths arbitrary; φ has that of length^{−Δ}. Limits: Λ → ∞ is the conformal field. Source: arXiv:2409.12222;
cut-off forms are derived in docs/theory/conformal.md.
"""

import math

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_count, require_positive
from nnft_ppl.exact import power_law_propagator
from nnft_ppl.fields import PlaneWaves
from nnft_ppl.observables import at, derivative, n_point, product
from nnft_ppl.spaces import Box

POINTS = np.array([[0, 0, 0], [1, 0, 0], [0.3, 0.8, 0], [-0.4, 0.5, 0.9]])
SEPARATIONS = np.array([1.0, 2.0])
PAIRINGS = (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2)))


def model(width=16, dimension=0.5, dim=3, cutoff=6.0):
    """Plane waves with independent cosine and sine amplitudes."""
    require_count("generalized_free", "width", width)
    require_count("generalized_free", "dim", dim)
    require_positive("generalized_free", "dimension", dimension)
    require_positive("generalized_free", "cutoff", cutoff)
    with numpyro.plate("neuron", width):
        squared = numpyro.sample("momentum_squared", dist.Gamma(dimension, 1.0))
        direction = numpyro.sample("direction", dist.Normal(0, 1).expand([dim]).to_event(1))
        pair = numpyro.sample("amplitude", dist.Normal(0, 1).expand([2]).to_event(1))
    length = jnp.linalg.norm(direction, axis=-1)
    momentum = cutoff * (jnp.sqrt(squared) / length)[:, None] * direction
    coincident = power_law_propagator(0.0, dimension, dim, cutoff)
    return PlaneWaves(pair, momentum, weight=math.sqrt(coincident / width))


def space(dim):
    """Where the field is looked at; it is not integrated over it."""
    return Box(4.0, dim, points=4)


def four_points(dim):
    """The four points, (factor, dim)."""
    return np.pad(POINTS, ((0, 0), (0, max(dim - 3, 0))))[:, :dim]


def observables(dim):
    """Two points, the Laplacian of their function, and four points."""
    label = {"dims": ("separation",), "coords": {"separation": tuple(SEPARATIONS)}}
    places, origin = SEPARATIONS[:, None] * np.eye(dim)[0], at(np.zeros(dim))
    laplacian = derivative(places, 0, 0)
    for axis in range(1, dim):
        laplacian = laplacian + derivative(places, axis, axis)
    found = {
        "two_point": product(at(places), origin, **label).in_units("length^-2Δ", separation="length"),
        "laplacian": product(laplacian, origin, **label).in_units("length^-2Δ-2", separation="length"),
    }
    return found | {"four_point_full": n_point(four_points(dim)).in_units("length^-4Δ")}


def exact(width, dimension, dim, cutoff):
    """The cut-off power law; of four points its pairings and what the width adds to them."""

    def propagator(vector, larger=0):
        return power_law_propagator(np.linalg.norm(vector, axis=-1), dimension + larger, dim, cutoff)

    points, places = four_points(dim), SEPARATIONS[:, None] * np.eye(dim)[0]
    total = 0.0
    for (a, b), (c, d) in PAIRINGS:
        one, other = points[a] - points[b], points[c] - points[d]
        pairing = propagator(one) * propagator(other)
        cosines = propagator(0 * one) * (propagator(one + other) + propagator(one - other)) / 2
        total += pairing + (cosines - pairing) / width
    return {"two_point": propagator(places), "laplacian": -propagator(places, 1), "four_point_full": total}


def control(dimension):
    """A larger dimension."""
    return {"dimension": dimension + 0.25}
