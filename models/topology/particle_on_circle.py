r"""A particle on a circle at temperature 1/β with a θ term: winding numbers are discrete parameters of the network.

    θ(τ) = θ₀ + 2πw τ/β + Σ_{n=1}^8 √(2/(Iβ)) (a_n cos ω_n τ + b_n sin ω_n τ)/ω_n,    ω_n = 2πn/β
    P(w) ∝ exp(−2π²I w²/β),   w ∈ ℤ,   θ₀ ~ U[−π, π],   a, b ~ N(0, 1);   S = −iϑw

I is `inertia`, ϑ is `theta`. The kinetic action of a closed path is 2π²Iw²/β and that of its fluctuations, which are
Gaussian and the same in every sector. `phase_average` = E[e^{iϑw}] = Σ_n e^{−β(n − ϑ/2π)²/2I} / Σ_n e^{−βn²/2I} over
the momenta n, Poisson's dual sum; `winding_squared` = E[w² e^{iϑw}]/E[e^{iϑw}], the topological susceptibility. At
β = 20, I = 1: .1641551 and −2.026424 at ϑ = π, where n = 0 and 1 are degenerate, and .505686 at ϑ = 0.

Control: the sum over even windings alone, for which e^{iπw} is 1. Limits: the average phase falls as 2e^{−β/8I} at
ϑ = π, and the number of draws that it needs grows as its inverse square: the sign problem.
Units: τ and β in those of I. Source: standard (the rotor with a θ term); windings as parameters arXiv:2604.02313.
"""

import math

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_positive
from nnft_ppl.densities import IntegerNormal
from nnft_ppl.fields import FourierSeries, WindingPath
from nnft_ppl.observables import Derived, Observable

MODES = 8  # of the fluctuations, which do not mix with the winding


def model(inertia=1.0, beta=20.0, theta=math.pi):
    """A path with its winding number; the θ term is a phase."""
    winding = numpyro.sample("winding", IntegerNormal(stiffness(inertia, beta)))
    start = numpyro.sample("start", dist.Uniform(-jnp.pi, jnp.pi))
    with numpyro.plate("mode", MODES):
        cosine = numpyro.sample("cosine", dist.Normal(0, 1))
        sine = numpyro.sample("sine", dist.Normal(0, 1))
    scale = math.sqrt(2 / (inertia * beta)) / (2 * math.pi * np.arange(1, MODES + 1) / beta)
    if theta:
        numpyro.factor("theta_term", 1j * theta * winding)
    return WindingPath(winding, FourierSeries(beta, start, scale * cosine, scale * sine))


def stiffness(inertia, beta):
    """The weight of a winding is exp(−stiffness w²/2)."""
    rate = require_positive("particle_on_circle", "inertia", inertia)
    return 4 * math.pi**2 * rate / require_positive("particle_on_circle", "beta", beta)


def observables(theta):
    """The average phase, by what undoes the θ term, and the susceptibility."""
    return {
        "winding_squared": Observable(lambda path: 1.0 * path.winding**2),
        "undone": Observable(lambda path: jnp.exp(-1j * theta * path.winding), hidden=True),
        "phase_average": Derived(lambda means: jnp.real(1 / means["undone"])),
    }


def sums(windings, inertia, beta, theta):
    """Both by sums over some windings."""
    weight = np.exp(-stiffness(inertia, beta) * windings**2 / 2)
    turned = weight * np.cos(theta * windings)
    return {
        "phase_average": np.sum(turned) / np.sum(weight),
        "winding_squared": np.sum(windings**2 * turned) / np.sum(turned),
    }


def exact(inertia, beta, theta):
    """The sums over all windings."""
    most = math.ceil(13 / math.sqrt(stiffness(inertia, beta)))
    return sums(np.arange(-most, most + 1), inertia, beta, theta)


def control(inertia, beta, theta):
    """Even windings alone."""
    most = math.ceil(13 / math.sqrt(stiffness(inertia, beta)))
    return sums(2 * np.arange(-most, most + 1), inertia, beta, theta)
