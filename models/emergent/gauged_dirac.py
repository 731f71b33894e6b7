r"""Dirac's equation on a ring in a constant gauge field, and its covariance under phases in space and time.

    i (∂_t + iA_0)ψ = H[A]ψ,    ψ_{n+1} → U_n ψ_{n+1} in the hops of `dirac`,    U_n = e^{iaA_n},    A_n = `link`

The gauge field enters the weights by phases of their hops, and the steps by A_0. It is a given background: nothing
here moves it. ψ → e^{iα}ψ, A_n → A_n − (α_{n+1} − α_n)/a and A_0 → A_0 − (α(t+dt) − α(t))/dt is exact on the lattice,
step by step, ψ(t+dt) = e^{−i dt A_0/2} (1 + i dt H/2)^{−1} (1 − i dt H/2) e^{−i dt A_0/2} ψ(t), where A turns with the
mean of α(t) and α(t+dt). Waves have the energies of k + A: only the flux around the ring matters, and A → A + 2π/(La),
a phase of its own, leaves all levels as they are.

Everything is as in `dirac`. `covariance` is, on every draw and at every step `from_start`, the largest difference
between the rollout of turned states in the turned gauge field and the turned rollout, for a phase α(t, x), in units of
the norm √Q of ψ.

Control: half a flux more, A + π/(La), of which `levels` are others. Units: a = 1, c = 1. Source: arXiv:2411.08138 (U(1)
covariance with a background); on the lattice derived in docs/theory/dirac.md.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_count, require_number, require_positive
from nnft_ppl.dynamics import DiracLattice, GaugeField, gibbs_spinor
from nnft_ppl.families import constant_links, spinor_exact, spinor_observables
from nnft_ppl.observables import Invariant
from nnft_ppl.spaces import Lattice, Spacetime
from nnft_ppl.symmetries import Symmetry


def model(sites=32, mass=0.3, wilson=0.0, dt=0.1, link=0.1, temperature=1.0, charge_weight=5.0, steps=60):
    """States of Gibbs at the start, and what becomes of them."""
    require_count("gauged_dirac", "sites", sites, least=8)
    require_count("gauged_dirac", "steps", steps, least=4)
    require_positive("gauged_dirac", "mass", mass)
    require_number("gauged_dirac", "link", link)
    dirac = DiracLattice(Lattice(sites), mass, wilson)
    noise = numpyro.sample("noise", dist.Normal(0, 1).expand((2, *dirac.shape)).to_event(3))
    start = gibbs_spinor(dirac.hamiltonian(constant_links(dirac, link)), noise, temperature, charge_weight)
    return dirac.rollout(start, steps, dt, background(dirac, link, 1))


def background(dirac, link, steps):
    """The constant gauge field, without A_0."""
    return GaugeField(np.zeros((steps, *dirac.lattice.sites)), np.stack([constant_links(dirac, link)] * steps))


def space(sites, dt, steps):
    """Times and sites."""
    return Spacetime(require_positive("gauged_dirac", "dt", dt) * np.arange(steps + 1), Lattice(sites))


def observables(sites, mass, wilson, dt, link, steps):
    """Those of `dirac`, and how far a turned rollout is from the rollout that was turned."""
    dirac = DiracLattice(Lattice(sites), mass, wilson)
    times, places = np.meshgrid(dt * np.arange(steps + 1), 2 * np.pi * np.arange(sites) / sites, indexing="ij")
    alpha = 2 * np.sin(places - times) + np.cos(3 * places + 5 * times)
    turned, phase = background(dirac, link, steps).turned(alpha, dt), np.exp(1j * alpha)[..., None]

    def covariance(psi):
        other = dirac.rollout(phase[0] * psi.phi[0], steps, dt, turned)
        return jnp.max(jnp.abs(other.phi - phase * psi.phi), axis=(1, 2)) / jnp.linalg.norm(psi.phi[0])

    judged = Invariant(covariance, 45 * float(jnp.finfo(float).eps) * max(1, steps / 60), ("from_start",))
    return spinor_observables(dirac, steps, dt, link) | {"covariance": judged}


def exact(sites, mass, wilson, dt, link, temperature, charge_weight, steps):
    """Sums over the waves of the ring, of energies at k + A."""
    return spinor_exact(DiracLattice(Lattice(sites), mass, wilson), steps, dt, temperature, charge_weight, link)


def symmetries():
    """A phase of the whole field."""

    def lift(values):
        one, other = values["noise"]
        return {"noise": jnp.stack([-other, one])}

    return {"phase": Symmetry(lambda psi, x: 1j * psi(x), lift, points=[[0.0, 0.0], [0.0, 1.0]])}


def control(sites, link):
    """Half a flux more around the ring."""
    return {"link": link + np.pi / sites}
