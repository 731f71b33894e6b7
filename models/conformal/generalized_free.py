r"""A generalised free field of dimension Δ: plane waves whose momenta follow a power law.

    φ(x) = √(G_0/N) Σ_{i=1}^N [α_i cos(p_i·x) + β_i sin(p_i·x)],    α, β ~ N(0, 1),    S = 0
    p = Λ √b g in R^D,    g ~ N(0, ½)^D,    b = U^{1/Δ},    U uniform on [0, 1];    Λ = `cutoff`

⟨φ(x) φ(0)⟩ = C |x|^{−2Δ} up to e^{−Λ²x²/4}, at every width: ∫d^Dp/(2π)^D e^{ip·x} |p|^{2Δ−D} with a smooth cut-off,
C = Γ(Δ)/(4^{D/2−Δ} π^{D/2} Γ(D/2−Δ)) for 0 < Δ < D/2, and G_0 = C (Λ/2)^{2Δ}/Γ(Δ+1) at x = 0. Δ = (D − 2)/2 is the free
massless boson: `laplacian` = ⟨∇²φ(x) φ(0)⟩ = 2Δ(2Δ + 2 − D) C |x|^{−2Δ−2} vanishes for it alone. Four-point functions
add Σ_3 of the covariance of two cosines over N to the three pairings; with N → ∞ these stand alone.

`separation` 1, 2 is along the first axis; `four_point_full` is at (0, 0, 0), (1, 0, 0), (.3, .8, 0), (−.4, .5, .9).
Control: a dimension halfway to D/2, whose power law and Laplacian are others. Units: lengths arbitrary; φ has that of
length^{−Δ}. Limits: Λ → ∞ is the conformal field. Source: arXiv:2409.12222; the cut-off is derived in
docs/theory/conformal.md.
"""

import math

import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_count, require_positive
from nnft_ppl.exact import power_law_laplacian, power_law_propagator
from nnft_ppl.fields import PlaneWaves
from nnft_ppl.observables import at, derivative, n_point, product
from nnft_ppl.spaces import Box

POINTS = np.array([[0, 0, 0], [1, 0, 0], [0.3, 0.8, 0], [-0.4, 0.5, 0.9]])
SEPARATIONS = np.array([1.0, 2.0])
PAIRINGS = (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2)))


def model(width=64, dimension=0.5, dim=3, cutoff=5.0):
    """Plane waves with independent cosine and sine amplitudes."""
    require_count("generalized_free", "width", width)
    require_count("generalized_free", "dim", dim)
    if require_positive("generalized_free", "dimension", dimension) >= dim / 2:
        raise ValueError(f"generalized_free: dimension = {dimension}; give one below dim/2 = {dim / 2}")
    require_positive("generalized_free", "cutoff", cutoff)
    with numpyro.plate("neuron", width):
        uniform = numpyro.sample("uniform", dist.Uniform(0, 1))
        gaussian = numpyro.sample("gaussian", dist.Normal(0, math.sqrt(0.5)).expand([dim]).to_event(1))
        pair = numpyro.sample("amplitude", dist.Normal(0, 1).expand([2]).to_event(1))
    momentum = cutoff * (uniform ** (0.5 / dimension))[:, None] * gaussian
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

    def propagator(vector):
        return power_law_propagator(np.linalg.norm(vector, axis=-1), dimension, dim, cutoff)

    points = four_points(dim)
    total = 0.0
    for (a, b), (c, d) in PAIRINGS:
        one, other = points[a] - points[b], points[c] - points[d]
        pairing = propagator(one) * propagator(other)
        cosines = propagator(0 * one) * (propagator(one + other) + propagator(one - other)) / 2
        total += pairing + (cosines - pairing) / width
    return {
        "two_point": power_law_propagator(SEPARATIONS, dimension, dim, cutoff),
        "laplacian": power_law_laplacian(SEPARATIONS, dimension, dim, cutoff),
        "four_point_full": total,
    }


def control(dimension, dim):
    """A dimension halfway to D/2."""
    return {"dimension": (dimension + dim / 2) / 2}
