r"""Dirac's equation on a lattice from a network whose weights are antisymmetric: its rollouts from states of Gibbs.

    i dψ/dt = Hψ,   (Hψ)_n = (m + rd/a) σ_3 ψ_n − Σ_j [(iσ_j + rσ_3) ψ_{n+ĵ} + (rσ_3 − iσ_j) ψ_{n−ĵ}]/2a

for two-component spinors on `sites`^d sites, d = `dim` (1 or 2): an activation with the weights −iH, which of the
parts of ψ are antisymmetric. Waves have E² = Σ_j sin²(k_j a)/a² + (m + (r/a) Σ_j (1 − cos k_j a))²: of 2^d species at
r = 0, of one at r = 1 (r is `wilson`). Steps are Cayley's, ψ(t+dt) = (1 + i dt H/2)^{−1} (1 − i dt H/2) ψ(t), unitary;
they keep the charge Q = Σ|ψ|², the energy ψ†Hψ and the momentum. States at the start have the stationary density
exp(−ψ†(H + ν)ψ/T); ν is `charge_weight`, above all energies, as H has no lower bound. A classical field, without a
filled sea.

`levels` are the four lowest E ≥ 0, read from the turn of each wave in two steps; `two_point` is
½ tr ⟨ψ(t, x+r) ψ†(0, x)⟩, averaged over x, at `time` (0, ¼, ½, 1) steps · dt and `separation` 0, 1, 2, 4 a on the first
axis; `charge` is Q per site. On every draw: `norm`, the relative change of Q; `conserved`, that of energy and momentum
in units of Q; `continuity`, d|ψ|²/dt and the outflow of the current at the last time, in units of the largest current
or 1.

Control: Wilson's term for none, or none for it, of which `levels` are others. Units: a = 1, c = 1, T of E. Source:
arXiv:2411.08138 (Dirac from antisymmetric weights); lattice, steps and ensemble derived in docs/theory/dirac.md.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl.arguments import require_count, require_positive
from nnft_ppl.dynamics import DiracLattice, gibbs_spinor
from nnft_ppl.families import spinor_exact, spinor_observables
from nnft_ppl.spaces import Lattice, Spacetime
from nnft_ppl.symmetries import Symmetry


def hamiltonian(sites, mass, wilson, dim):
    """H on the lattice."""
    return DiracLattice(Lattice([sites] * dim), mass, wilson)


def model(sites=32, mass=0.3, wilson=0.0, dt=0.1, dim=1, temperature=1.0, charge_weight=5.0, steps=20):
    """States of Gibbs at the start, and what becomes of them."""
    require_count("dirac", "dim", dim, most=2)
    require_count("dirac", "sites", sites, least=8)
    require_count("dirac", "steps", steps, least=4)
    require_positive("dirac", "mass", mass)
    dirac = hamiltonian(sites, mass, wilson, dim)
    noise = numpyro.sample("noise", dist.Normal(0, 1).expand((2, *dirac.shape)).to_event(dim + 2))
    return dirac.rollout(gibbs_spinor(dirac.hamiltonian(), noise, temperature, charge_weight), steps, dt)


def space(sites, dim, dt, steps):
    """Times and sites."""
    return Spacetime(require_positive("dirac", "dt", dt) * np.arange(steps + 1), Lattice([sites] * dim))


def observables(sites, mass, wilson, dt, dim, steps):
    """Levels, correlations with the start, and what the steps keep."""
    return spinor_observables(hamiltonian(sites, mass, wilson, dim), steps, dt)


def exact(sites, mass, wilson, dt, dim, temperature, charge_weight, steps):
    """Sums over the waves of the lattice."""
    return spinor_exact(hamiltonian(sites, mass, wilson, dim), steps, dt, temperature, charge_weight)


def symmetries(dim):
    """A phase of the whole field."""

    def lift(values):
        one, other = values["noise"]
        return {"noise": jnp.stack([-other, one])}

    return {"phase": Symmetry(lambda psi, x: 1j * psi(x), lift, points=[[0.0] * (1 + dim), [0.0, 1.0, 2.0][: 1 + dim]])}


def control(wilson):
    """The other number of species."""
    return {"wilson": 0.0 if wilson else 1.0}
