"""Theories with integers in them, by samplers of their own: Villain's model by its currents, a gas of vortices."""

from nnft_ppl.topology.coulomb_gas import (
    bare_stiffness,
    dipole_moment,
    gas_action,
    pair_energies,
    spin_wave_field,
    spin_wave_modes,
    spin_wave_two_point,
    vortex_angles,
)
from nnft_ppl.topology.currents import villain_currents
from nnft_ppl.topology.vortices import gas_moves, vortex_gas

__all__ = [
    "bare_stiffness",
    "dipole_moment",
    "gas_action",
    "gas_moves",
    "pair_energies",
    "spin_wave_field",
    "spin_wave_modes",
    "spin_wave_two_point",
    "villain_currents",
    "vortex_angles",
    "vortex_gas",
]
