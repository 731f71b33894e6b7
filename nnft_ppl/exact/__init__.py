"""Closed forms and diagonalisations that samplers and networks are checked against, in NumPy and SciPy."""

from nnft_ppl.exact.deformed_rotation import RotationMoments, matrix_moments, radial_moments
from nnft_ppl.exact.propagator import (
    ball_moment,
    ball_propagator,
    box_mean_squared,
    coincident_fourth_cumulant,
)
from nnft_ppl.exact.quartic_oscillator import (
    free_circle_two_point,
    log_partition,
    missing_modes_constant,
    spectrum,
    thermal_correlator,
    thermal_two_point,
)

__all__ = [
    "RotationMoments",
    "ball_moment",
    "ball_propagator",
    "box_mean_squared",
    "coincident_fourth_cumulant",
    "free_circle_two_point",
    "log_partition",
    "matrix_moments",
    "missing_modes_constant",
    "radial_moments",
    "spectrum",
    "thermal_correlator",
    "thermal_two_point",
]
