r"""One Hamiltonian as several networks: weights, each with the loss that is dual to it, and one spectrum.

    dφ/dt = Kφ + β,    dβ/dt = −(∂_β + ∂_φ) H,    H = ½ β A β + β B φ + ½ φ C φ,    K = W − 1 = .3 Δ
    A + Bᵀ = K,    B + C = K² + M,    M = m² − Δ

on a ring of sites with spacing 1, in continuous time: Hamilton's equations of ½ π² + ½ φ M φ, π = β + Kφ. Of many
solutions `loss` is "kinetic", A = K and B = 0, or "mixed", A = 0 and B = K; the field equation is the same,
d²φ/dt² = −Mφ, and its spectrum ± i w_k, w_k² = m² + 2 − 2 cos k. States at the start have the density exp(−E).

`spectrum` is w_k by `wave` j, k = 2πj/L, from the ensemble, arccos(⟨φ_k(t) φ_k(0)*⟩/⟨|φ_k|²⟩)/t at t = 1, or earlier
where a wave would have turned by more than 2.5 radians. `energy` and `decay` should be nothing on every draw: the
relative change of ½ π² + ½ φ M φ from 0 to t, and the largest real part in the spectrum of the motion itself, from the
derivatives of its rates.

Control: the frequencies of the same C without A and B, those of friction K. Weights that are not symmetric have no such
loss, and are refused by `dual_loss`; with another loss `thermal_start` refuses them. Units: spacing and c = 1. Source:
arXiv:2411.08138; derived in docs/theory/emergent.md.
"""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from jax.flatten_util import ravel_pytree
from numpyro import distributions as dist

from nnft_ppl.arguments import require_choice, require_count, require_positive
from nnft_ppl.dynamics import LearningNetwork, continuous_rollout, dual_loss, thermal_start
from nnft_ppl.exact import lattice_frequency, lattice_potential
from nnft_ppl.observables import Derived, Invariant, Observable
from nnft_ppl.spaces import Lattice, Spacetime

HOPPING = 0.3


def network(sites, mass, loss):
    """Weights, the dual loss, and the network of both."""
    weight = np.eye(sites) - HOPPING * lattice_potential(sites)
    dual = dual_loss(
        weight, lattice_potential(sites, 1.0, mass), {"kinetic": None, "mixed": np.zeros_like(weight)}[loss]
    )
    return weight, dual, LearningNetwork(lambda phi, beta: jnp.asarray(weight) @ phi + beta, dual)


def model(sites=16, mass=0.7, loss="kinetic"):
    """Thermal states at the start, and what becomes of them."""
    require_count("hamiltonian_duality", "sites", sites, least=4)
    require_positive("hamiltonian_duality", "mass", mass)
    require_choice("hamiltonian_duality", "loss", loss, ("kinetic", "mixed"))
    with numpyro.plate("site", sites), numpyro.plate("part", 2):
        noise = numpyro.sample("noise", dist.Normal(0, 1))
    weight, dual, both = network(sites, mass, loss)
    return continuous_rollout(both, thermal_start(weight, dual, noise), times(mass)[1:], Lattice(sites), steps=8)


def times(mass):
    """The start, the middle and the end, before which no frequency, √(m² + 4) at most, turns by half a circle."""
    return np.array([0.0, 0.5, 1.0]) * min(1.0, 2.5 / np.sqrt(mass**2 + 4))


def space(sites, mass):
    """Times and sites."""
    return Spacetime(times(mass), Lattice(sites))


def observables(sites, mass, loss):
    """Frequencies of the ensemble, and what is kept."""
    label = {"dims": ("wave",), "coords": {"wave": tuple(range(sites // 2 + 1))}}
    both, potential = network(sites, mass, loss)[2], lattice_potential(sites, 1.0, mass)
    last = float(times(mass)[-1])
    rounding = 1000 * float(jnp.finfo(jnp.result_type(float)).eps)

    def correlations(phi):
        waves = jnp.fft.rfft(phi.phi, axis=1)
        return jnp.real(waves[jnp.array([0, -1])] * jnp.conj(waves[0])) / sites

    def energy(phi):
        first, then = (
            jnp.sum(both.momentum(at) ** 2 + at.phi * (potential @ at.phi)) for at in (phi.at(0), phi.at(-1))
        )
        return then / first - 1

    def decay(phi):
        flat, unravel = ravel_pytree(phi.at(0))
        motion = jax.jacfwd(lambda at: ravel_pytree(both.rates(unravel(at)))[0])(flat)
        return jnp.max(jnp.real(jnp.linalg.eigvals(motion)))

    return {
        "correlations": Observable(correlations, ("time", *label["dims"]), {"time": (0.0, last), **label["coords"]}),
        "spectrum": Derived(lambda mean: jnp.arccos(mean["correlations"][1] / mean["correlations"][0]) / last, **label),
        "energy": Invariant(energy, max(1e-7, rounding)),
        "decay": Invariant(decay, rounding),
    }


def exact(sites, mass):
    """Frequencies of the field equation."""
    return {"spectrum": frequencies(sites, mass)}


def control(sites, mass):
    """Frequencies where A + Bᵀ = 0, of C alone."""
    square = frequencies(sites, mass) ** 2
    friction = HOPPING * (square - mass**2)
    return {"spectrum": np.sqrt(square + 0.75 * friction**2)}


def frequencies(sites, mass):
    """w_k of the waves."""
    return lattice_frequency(2 * np.pi * np.arange(sites // 2 + 1)[:, None] / sites, 1.0, mass)
