"""What several model files share, and one model over several values of its keywords."""

from nnft_ppl.families.circle import circle_separations, completed_odd_matrix, fourier_network, missing_modes
from nnft_ppl.families.energy_waves import FREQUENCY_LAWS, energy_waves
from nnft_ppl.families.markov import markov_path
from nnft_ppl.families.over_keywords import Family, family
from nnft_ppl.families.points import connected_points, product_points
from nnft_ppl.families.scalar import (
    scalar_box,
    scalar_control,
    scalar_curves,
    scalar_exact,
    scalar_network,
    scalar_observables,
    scalar_separations,
)
from nnft_ppl.families.spinors import constant_links, spinor_exact, spinor_observables
from nnft_ppl.families.thermal_waves import time_translation, wave_energies
from nnft_ppl.families.weyl import refuse_cut_off, weyl_answers, weyl_observables

__all__ = [
    "FREQUENCY_LAWS",
    "Family",
    "circle_separations",
    "completed_odd_matrix",
    "connected_points",
    "constant_links",
    "energy_waves",
    "family",
    "fourier_network",
    "markov_path",
    "missing_modes",
    "product_points",
    "refuse_cut_off",
    "scalar_box",
    "scalar_control",
    "scalar_curves",
    "scalar_exact",
    "scalar_network",
    "scalar_observables",
    "scalar_separations",
    "spinor_exact",
    "spinor_observables",
    "time_translation",
    "wave_energies",
    "weyl_answers",
    "weyl_observables",
]
