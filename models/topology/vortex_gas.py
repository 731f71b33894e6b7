r"""An angle on a torus of sites, b θ_sw + θ_v: smooth spin waves, and the vortices of a neutral Coulomb gas.

    θ_sw: Gaussian, ⟨θθ⟩ = Σ_n e^{2πi n·x/L}/(2πn²), a logarithm;      θ_v: turns by 2π q_p around plaquette p
    P(q) ∝ y^{Σ|q|} exp[(1/b²) Σ_{p<p′} q_p q_p′ ln(r + 1)] Σ_sectors exp(−(K/2) (2π/L)² P²),   K = 1/(2πb²)

with q_p ∈ {−1, 0, 1}, Σ q = 0, y = `fugacity`, r the chordal distance on the torus and P the dipole moment of the
charges, which a torus knows up to turns of L: each value is a sector, `turn` the integer that says which. `two_point` =
⟨cos(θ(x) − θ(x + r))⟩ at `separation` r along an axis; `vortices` per plaquette; `stiffness` Υ/T = K − K² (2π/L)² ⟨P²⟩
per axis.

Below the transition `two_point` falls as sin(πr/L)^{−η} with η = b², which vortices at y -> 0 do not change: b_c = ½
holds in that limit alone, where Υ/T jumps from 2/π. At larger fugacity they make K smaller and η > b², at last decay
exponential. `charges=False` is spin waves alone, exact at every size: the control. Chains of the vortices alone are
`nnft_ppl.topology.vortex_gas`; its moves are those of `mixed` here. Units: spacing. Source: arXiv:2604.02313, with
a_c = 1 and all modes of the spin waves; the torus is derived in docs/theory/topology.md.
"""

import jax.numpy as jnp
import numpy as np
import numpyro
from numpyro import distributions as dist

from nnft_ppl import Observable
from nnft_ppl.arguments import require_count, require_positive
from nnft_ppl.densities import IntegerNormal, ValueTable
from nnft_ppl.fields import LatticeField
from nnft_ppl.spaces import Lattice
from nnft_ppl.topology import (
    bare_stiffness,
    dipole_moment,
    gas_action,
    gas_moves,
    spin_wave_field,
    spin_wave_two_point,
    vortex_angles,
)


def model(size=32, b=0.4, fugacity=0.05, charges=True):
    """Spin waves and vortices; the field is the angle."""
    require_count("vortex_gas", "size", size, least=3)
    require_positive("vortex_gas", "b", b)
    require_positive("vortex_gas", "fugacity", fugacity)
    with numpyro.plate("x", size, dim=-2), numpyro.plate("y", size, dim=-1):
        angle = b * spin_wave_field(numpyro.sample("wave", dist.Normal(0, 1)))
        if not charges:
            return LatticeField(angle, space(size))
        # Few of them, so that many free draws are neutral.
        charge = numpyro.sample("charge", ValueTable([-1, 0, 1], np.log([1 / size**2, 1.0, 1 / size**2])))
    with numpyro.plate("axis", 2):
        turn = numpyro.sample("turn", IntegerNormal(4 * np.pi**2 * bare_stiffness(b)))
    dipole = dipole_moment(charge, turn)
    own = -jnp.sum(jnp.abs(charge)) * np.log(1 / size**2) + 2 * np.pi**2 * bare_stiffness(b) * jnp.sum(turn**2)
    action = gas_action(charge, dipole, b, fugacity) - own  # what is not in the weights of the integers
    numpyro.factor("gas", jnp.where(jnp.sum(charge) == 0, -action, -jnp.inf))
    return LatticeField(angle + vortex_angles(charge, dipole), space(size))


def space(size):
    """The torus, with spacing 1."""
    return Lattice((size, size))


def observables(size, b, charges):
    """The two-point function of the phase, the density of vortices, the helicity modulus."""
    stiffness, separations = bare_stiffness(b), tuple(range(size // 2 + 1))

    def two_point(phi):
        phase = jnp.stack([jnp.cos(phi.values), jnp.sin(phi.values)])
        moved = [[jnp.roll(phase, -r, axis) for axis in (1, 2)] for r in separations]
        return jnp.mean(jnp.sum(jnp.stack([jnp.stack(pair) for pair in moved]) * phase, axis=2), axis=(1, 2, 3))

    def density(phi, parameters):
        return jnp.mean(jnp.abs(parameters["charge"]).astype(float)) if charges else jnp.zeros(())

    def helicity(phi, parameters):
        if not charges:
            return jnp.asarray(stiffness)
        squared = jnp.mean(dipole_moment(parameters["charge"], parameters["turn"]).astype(float) ** 2)
        return stiffness - (2 * np.pi * stiffness / size) ** 2 * squared

    pairs = Observable(two_point, ("separation",), {"separation": separations})
    return {
        "two_point": pairs.in_units("1"),
        "vortices": Observable(density).in_units("1"),
        "stiffness": Observable(helicity).in_units("1"),
    }


def moves(size, b, fugacity, charges):
    """Displacing a vortex, making and removing a pair, by energies that are carried along."""
    return gas_moves(size, b, fugacity) if charges else None


def exact(size, b, charges):
    """Of spin waves alone."""
    if charges:
        return {}
    line = np.arange(size // 2 + 1)[:, None] * np.array([1.0, 0.0])
    return {"two_point": spin_wave_two_point(size, b, line), "vortices": 0.0, "stiffness": bare_stiffness(b)}


def control(b, charges):
    """The density and the stiffness without vortices; of spin waves alone another b."""
    return {"vortices": 0.0, "stiffness": bare_stiffness(b)} if charges else {"b": 1.5 * b}
