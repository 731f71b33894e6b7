"""Closed forms and diagonalisations that samplers and networks are checked against, in NumPy and SciPy."""

from nnft_ppl.exact.attention import HeadAverages, head_averages, normalised_head_averages
from nnft_ppl.exact.attention_heads import SCALINGS, attention_connected
from nnft_ppl.exact.conformal import (
    box_function,
    cross_ratios,
    power_law_amplitude,
    power_law_laplacian,
    power_law_propagator,
    special_conformal,
)
from nnft_ppl.exact.convolutions import PADDINGS, READOUTS, convolution_connected, convolution_kernel
from nnft_ppl.exact.deep_corrections import deep_width_correction
from nnft_ppl.exact.deep_networks import DEEP_ACTIVATIONS, deep_kernel, deep_kurtosis
from nnft_ppl.exact.deformed_rotation import RotationMoments, matrix_moments, radial_moments
from nnft_ppl.exact.dilatation import beta_coefficient, bubble_flux, bubble_growth, cutoff_derivative, mass_derivative
from nnft_ppl.exact.double_well import well_sign, well_sign_pairs, well_spectrum, well_two_point
from nnft_ppl.exact.energy_waves import composite_positivity, energy_propagator, wave_moment
from nnft_ppl.exact.erf_rotation import TurnedKernel, erf_rotation
from nnft_ppl.exact.fermions import (
    FERMION_FEATURES,
    dirac_minor,
    dirac_propagator,
    fermion_determinant,
    gamma_matrices,
)
from nnft_ppl.exact.gauss_neurons import gauss_connected
from nnft_ppl.exact.kernels import KERNELS, Lowest, lowest, time_kernel
from nnft_ppl.exact.kolmogorov_arnold import COEFFICIENT_LAWS, fourier_kan_connected
from nnft_ppl.exact.last_layer import (
    WidthSeries,
    erf_last_layer_moments,
    erf_last_layer_series,
    erf_last_layer_slope,
)
from nnft_ppl.exact.lattice_dirac import cayley_frequency, dirac_energy, thermal_dirac_two_point
from nnft_ppl.exact.lattice_waves import (
    lattice_frequency,
    lattice_potential,
    step_frequency,
    thermal_wave_two_point,
)
from nnft_ppl.exact.neurons import (
    AMPLITUDE_LAWS,
    cosine_connected,
    erf_connected,
    erf_kernel,
    network_cumulant,
    network_moment,
)
from nnft_ppl.exact.null_cone import (
    THETA_LAWS,
    length_moment,
    null_cone_inverse,
    null_cone_moment,
    null_sphere_four_point,
    null_sphere_two_point,
)
from nnft_ppl.exact.output_groups import OUTPUT_GROUPS, OUTPUT_LAWS, group_four_point, group_two_point
from nnft_ppl.exact.overlap import overlap_index
from nnft_ppl.exact.pointwise import POINTWISE, hermite_weights, pointwise_kernel
from nnft_ppl.exact.propagator import (
    ball_moment,
    ball_propagator,
    box_mean_squared,
    coincident_fourth_cumulant,
    separated_fourth_cumulant,
)
from nnft_ppl.exact.quartic_oscillator import (
    free_circle_two_point,
    log_partition,
    missing_modes_constant,
    spectrum,
    thermal_correlator,
    thermal_two_point,
)
from nnft_ppl.exact.radial_oscillator import (
    angular_degeneracy,
    radial_spectrum,
    thermal_fourth_moment,
    thermal_vector_two_point,
)
from nnft_ppl.exact.relu_neurons import relu_connected, relu_kernel
from nnft_ppl.exact.rescaling import RescalingBreaking, rescaling_breaking
from nnft_ppl.exact.ring import ring_current, ring_power
from nnft_ppl.exact.shared_amplitude import shared_amplitude_connected
from nnft_ppl.exact.smooth_cutoff import smooth_cutoff_four_point, smooth_cutoff_moment
from nnft_ppl.exact.sphere_harmonics import harmonics_table
from nnft_ppl.exact.string_amplitudes import (
    AMPLITUDE_REGIONS,
    TachyonAmplitude,
    veneziano,
    virasoro_shapiro,
)
from nnft_ppl.exact.theta_sums import (
    DUALITIES,
    background_matrix,
    background_sum,
    boson_energy,
    boson_partition,
    dedekind_eta,
    dual_background,
    theta,
    theta_energy,
)
from nnft_ppl.exact.torus import torus_first_order, torus_propagator
from nnft_ppl.exact.training import TrainedMoments, erf_tangent_kernel, trained_moments
from nnft_ppl.exact.villain import VillainMoments, villain_two_by_two
from nnft_ppl.exact.weyl import (
    Tower,
    critical_dimension,
    finite_part,
    sphere_heat_trace,
    sphere_mode_count,
    sphere_spectrum,
    sphere_zero_modes,
    string_towers,
    weyl_breaking,
)
from nnft_ppl.exact.weyl_torus import (
    TORUS_MEASURES,
    TorusModes,
    torus_area_term,
    torus_curvature_term,
    torus_heat_trace,
    torus_modes,
    torus_plane_flow,
)
from nnft_ppl.exact.worldsheet_boson import BOSON_AMPLITUDES, BOSON_SPECTRA, WorldsheetBoson

__all__ = [
    "AMPLITUDE_LAWS",
    "AMPLITUDE_REGIONS",
    "BOSON_AMPLITUDES",
    "BOSON_SPECTRA",
    "COEFFICIENT_LAWS",
    "DEEP_ACTIVATIONS",
    "DUALITIES",
    "FERMION_FEATURES",
    "KERNELS",
    "OUTPUT_GROUPS",
    "OUTPUT_LAWS",
    "PADDINGS",
    "POINTWISE",
    "READOUTS",
    "SCALINGS",
    "THETA_LAWS",
    "TORUS_MEASURES",
    "HeadAverages",
    "Lowest",
    "RescalingBreaking",
    "RotationMoments",
    "TachyonAmplitude",
    "TorusModes",
    "Tower",
    "TrainedMoments",
    "TurnedKernel",
    "VillainMoments",
    "WidthSeries",
    "WorldsheetBoson",
    "angular_degeneracy",
    "attention_connected",
    "background_matrix",
    "background_sum",
    "ball_moment",
    "ball_propagator",
    "beta_coefficient",
    "boson_energy",
    "boson_partition",
    "box_function",
    "box_mean_squared",
    "bubble_flux",
    "bubble_growth",
    "cayley_frequency",
    "coincident_fourth_cumulant",
    "composite_positivity",
    "convolution_connected",
    "convolution_kernel",
    "cosine_connected",
    "critical_dimension",
    "cross_ratios",
    "cutoff_derivative",
    "dedekind_eta",
    "deep_kernel",
    "deep_kurtosis",
    "deep_width_correction",
    "dirac_energy",
    "dirac_minor",
    "dirac_propagator",
    "dual_background",
    "energy_propagator",
    "erf_connected",
    "erf_kernel",
    "erf_last_layer_moments",
    "erf_last_layer_series",
    "erf_last_layer_slope",
    "erf_rotation",
    "erf_tangent_kernel",
    "fermion_determinant",
    "finite_part",
    "fourier_kan_connected",
    "free_circle_two_point",
    "gamma_matrices",
    "gauss_connected",
    "group_four_point",
    "group_two_point",
    "harmonics_table",
    "head_averages",
    "hermite_weights",
    "lattice_frequency",
    "lattice_potential",
    "length_moment",
    "log_partition",
    "lowest",
    "mass_derivative",
    "matrix_moments",
    "missing_modes_constant",
    "network_cumulant",
    "network_moment",
    "normalised_head_averages",
    "null_cone_inverse",
    "null_cone_moment",
    "null_sphere_four_point",
    "null_sphere_two_point",
    "overlap_index",
    "pointwise_kernel",
    "power_law_amplitude",
    "power_law_laplacian",
    "power_law_propagator",
    "radial_moments",
    "radial_spectrum",
    "relu_connected",
    "relu_kernel",
    "rescaling_breaking",
    "ring_current",
    "ring_power",
    "separated_fourth_cumulant",
    "shared_amplitude_connected",
    "smooth_cutoff_four_point",
    "smooth_cutoff_moment",
    "special_conformal",
    "spectrum",
    "sphere_heat_trace",
    "sphere_mode_count",
    "sphere_spectrum",
    "sphere_zero_modes",
    "step_frequency",
    "string_towers",
    "thermal_correlator",
    "thermal_dirac_two_point",
    "thermal_fourth_moment",
    "thermal_two_point",
    "thermal_vector_two_point",
    "thermal_wave_two_point",
    "theta",
    "theta_energy",
    "time_kernel",
    "torus_area_term",
    "torus_curvature_term",
    "torus_first_order",
    "torus_heat_trace",
    "torus_modes",
    "torus_plane_flow",
    "torus_propagator",
    "trained_moments",
    "veneziano",
    "villain_two_by_two",
    "virasoro_shapiro",
    "wave_moment",
    "well_sign",
    "well_sign_pairs",
    "well_spectrum",
    "well_two_point",
    "weyl_breaking",
]
