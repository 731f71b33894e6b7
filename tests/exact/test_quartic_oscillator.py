"""The quartic oscillator against published levels, sum rules, perturbation theory and classical limits."""

import math

import numpy as np
import pytest

from nnft_ppl.exact import free_circle_two_point, log_partition, spectrum, thermal_correlator, thermal_two_point
from nnft_ppl.exact.quartic_oscillator import _basis_frequency, missing_modes_constant

# Coupling: E0, E1, E2, E3 at mass 1. The rows 2.4 and 24 are the textbook's g x^4, g = 0.1 and 1.
LEVELS = {
    0.1: (0.503080864080, 1.515283496852, 2.539373559476, 3.574977747597),
    0.6: (0.517364848628, 1.583612683280, 2.708630710063, 3.885135635361),
    1.0: (0.527736127314, 1.631300532769, 2.822189562953, 4.086028954297),
    2.4: (0.559146327184, 1.769502643949, 3.138624308498, 4.628882808888),
    6.0: (0.620927029826, 2.025966164166, 3.698450319378, 5.557577138557),
    24.0: (0.803770651234, 2.737892268008, 5.179291687639, 7.942403984392),
}
# Coupling: |<0|x|1>|^2, |<0|x|3>|^2, <x^2>, <x^4> at mass 1.
MOMENTS = {
    0.1: (0.493963773349, 2.78912e-6, 0.493966562513, 0.729144125321),
    0.6: (0.468761495319, 5.46338e-5, 0.468816142179, 0.647316085978),
    1.0: (0.452738682341, 1.04948e-4, 0.452843673320, 0.599139631956),
    2.4: (0.412281723497, 2.43449e-4, 0.412525368384, 0.488736529333),
    6.0: (0.354434358104, 4.05387e-4, 0.354840251173, 0.354782371537),
    24.0: (0.256643450303, 5.05485e-4, 0.257149821443, 0.182206943264),
}
# (period, coupling): G at 0, T/8, T/4, T/2 at mass 1.
CIRCLE = {
    (4, 0): (0.51865736, 0.32430385, 0.21272953, 0.13786028),
    (4, 0.6): (0.48138779, 0.28964516, 0.18248123, 0.11220977),
    (4, 1): (0.46303398, 0.27276495, 0.16804723, 0.10028788),
    (4, 6): (0.35699197, 0.17848489, 0.09228561, 0.04267135),
    (4, 24): (0.25732693, 0.09789405, 0.03787267, 0.01072315),
    (8, 1): (0.45296654, 0.15038569, 0.05041554, 0.01095997),
    (8, 6): (0.35484806, 0.08698532, 0.02141439, 0.00256898),
    (8, 24): (0.25714990, 0.03709885, 0.00536492, 0.00022410),
}
FRACTIONS = np.array([0.0, 0.125, 0.25, 0.5])


@pytest.mark.parametrize("coupling", LEVELS)
def test_levels_and_residues(coupling):
    energies, position = spectrum(coupling, 1.0)
    squared = position @ position
    moments = [position[0, 1] ** 2, position[0, 3] ** 2, squared[0, 0], (squared @ squared)[0, 0]]
    np.testing.assert_allclose(energies[:4], LEVELS[coupling], atol=2e-12)
    np.testing.assert_allclose(moments, MOMENTS[coupling], rtol=3e-6)
    np.testing.assert_allclose(np.delete(moments, 1), np.delete(MOMENTS[coupling], 1), atol=2e-12)


@pytest.mark.parametrize(("coupling", "mass"), [(0.1, 1.0), (24.0, 0.3), (1000.0, 1.0), (5.0, 0.0), (0.0, 2.0)])
def test_sum_rule_and_virial_theorem(coupling, mass):
    energies, position = spectrum(coupling, mass)
    squared = position @ position
    assert np.sum((energies - energies[0]) * position[0] ** 2) == pytest.approx(0.5, abs=1e-12)
    virial = mass**2 * squared[0, 0] + 3 * coupling / 24 * (squared @ squared)[0, 0]
    assert energies[0] == pytest.approx(virial, rel=1e-12)


@pytest.mark.parametrize("coupling", [0.0, 0.1, 24.0, 1000.0])
def test_lower_half_of_the_levels_is_converged(coupling):
    energies, position = spectrum(coupling, 1.0)
    larger_energies, larger_position = spectrum(coupling, 1.0, states=330)
    np.testing.assert_allclose(energies[:120], larger_energies[:120], rtol=1e-11)
    np.testing.assert_allclose(np.abs(position[:100, :100]), np.abs(larger_position[:100, :100]), atol=1e-10)


def test_free_spectrum_is_harmonic():
    energies, position = spectrum(0.0, 2.5, states=30)
    np.testing.assert_allclose(energies, 2.5 * (np.arange(30) + 0.5), rtol=1e-13)
    np.testing.assert_allclose(np.abs(np.diag(position, 1)), np.sqrt(np.arange(1, 30) / 5.0), rtol=1e-13)


@pytest.mark.parametrize("states", [2, 3, 6])
def test_small_bases_follow_their_ladder_matrices(states):
    frequency = _basis_frequency(6.0, 1.0, states)
    ladder = np.sqrt(np.arange(1, states + 4) / (2 * frequency))
    position = np.diag(ladder, 1) + np.diag(ladder, -1)
    squared = position @ position
    harmonic = np.diag(frequency * (np.arange(states + 4) + 0.5))
    dense = harmonic + 0.5 * (1 - frequency**2) * squared + 0.25 * squared @ squared
    energies, vectors = np.linalg.eigh(dense[:states, :states])
    found, elements = spectrum(6.0, 1.0, states=states)
    np.testing.assert_allclose(found, energies, rtol=1e-13)
    expected = vectors.T @ position[:states, :states] @ vectors
    np.testing.assert_allclose(np.abs(elements), np.abs(expected), atol=1e-13)


def test_pure_quartic_ground_state():
    # p^2 + x^4 has the ground-state energy 1.060362090484182899647.
    energies, _ = spectrum(24.0 * 7.0, 0.0)
    assert energies[0] == pytest.approx(0.5 * 1.060362090484182899647 * (2 * 7.0) ** (1 / 3), rel=1e-12)


def test_gap_agrees_with_perturbation_theory_to_its_order():
    # m + c/8m^2 - 18 g^2 + (1791/8) g^3 with g = c/24 at m = 1; the remainder is of order g^4.
    remainders = []
    for coupling in (0.01, 0.02):
        energies, _ = spectrum(coupling, 1.0)
        g = coupling / 24
        remainders.append(energies[1] - energies[0] - (1 + coupling / 8 - 18 * g**2 + 1791 / 8 * g**3))
    assert math.log2(remainders[1] / remainders[0]) == pytest.approx(4.0, abs=0.05)


def test_levels_scale_with_the_mass():
    energies, position = spectrum(6.0, 1.0)
    scaled_energies, scaled_position = spectrum(6.0 * 8.0, 2.0)
    np.testing.assert_allclose(scaled_energies[:50], 2 * energies[:50], rtol=1e-12)
    np.testing.assert_allclose(scaled_position[:20, :20] ** 2, position[:20, :20] ** 2 / 2, atol=1e-11)


@pytest.mark.parametrize(("period", "coupling"), CIRCLE)
def test_circle_two_point(period, coupling):
    found = thermal_two_point(FRACTIONS * period, period, coupling, 1.0)
    np.testing.assert_allclose(found, CIRCLE[period, coupling], atol=6e-9)


def test_circle_table_rejects_a_wrong_coupling_convention():
    wrong = thermal_two_point(FRACTIONS * 4, 4.0, 24.0 * 1.0, 1.0)
    assert np.max(np.abs(wrong - CIRCLE[4, 1])) > 0.1


@pytest.mark.parametrize(
    ("coupling", "expected"),
    [
        (0.6, (0.4688161422, 0.2750648974, 0.1613955095, 0.0555675612, 0.0191317778)),
        (24.0, (0.2571498214, 0.0975897942, 0.0370985160, 0.0053625767, 0.0007751668)),
    ],
)
def test_long_circle_is_the_infinite_line(coupling, expected):
    found = thermal_two_point(np.array([0.0, 0.5, 1.0, 2.0, 3.0]), 5000.0, coupling, 1.0)
    np.testing.assert_allclose(found, expected, atol=6e-11)


def test_free_limit_of_the_thermal_two_point():
    times = np.linspace(-3.0, 7.0, 23).reshape(1, 23)
    thermal = thermal_two_point(times, 2.0, 0.0, 1.5)
    assert thermal.shape == (1, 23)
    np.testing.assert_allclose(thermal, free_circle_two_point(times, 2.0, 1.5), rtol=1e-12)


def test_two_point_is_reflection_symmetric_and_periodic():
    times = np.array([0.3, 1.1])
    reference = thermal_two_point(times, 3.0, 6.0, 1.0)
    for image in (-times, 3.0 - times, times + 6.0):
        np.testing.assert_allclose(thermal_two_point(image, 3.0, 6.0, 1.0), reference, rtol=1e-12)


@pytest.mark.parametrize(("period", "mass"), [(0.5, 1.0), (4.0, 1.0), (900.0, 2.0)])
def test_free_log_partition(period, mass):
    expected = -0.5 * mass * period - math.log(-math.expm1(-mass * period))
    assert log_partition(period, 0.0, mass) == pytest.approx(expected, rel=1e-12)


def test_log_partition_derivatives_are_thermal_averages():
    # d ln Z/d(m^2) = -(T/2) <x^2>; central difference in m^2, error O(step^2).
    period, coupling, step = 3.0, 6.0, 1e-4
    above, below = (log_partition(period, coupling, math.sqrt(1 + sign * step)) for sign in (1, -1))
    expected = -0.5 * period * thermal_two_point(0.0, period, coupling, 1.0)
    assert (above - below) / (2 * step) == pytest.approx(float(expected), rel=1e-7)


def test_high_temperature_limit_is_classical():
    # Z -> int dx e^{-T V(x)} / sqrt(2 pi T), with corrections of relative order T^2 <V''>.
    period, coupling = 0.05, 2000.0
    x = np.linspace(-8.0, 8.0, 4001)
    classical = np.sum(np.exp(-period * (0.5 * x**2 + coupling / 24 * x**4))) * (x[1] - x[0])
    correction = period**2 / 24 * (1 + 0.5 * coupling * float(thermal_two_point(0.0, period, coupling, 1.0)))
    found = math.exp(log_partition(period, coupling, 1.0))
    leading = classical / math.sqrt(2 * math.pi * period)
    assert found / leading == pytest.approx(1 - correction, abs=2 * correction**2)
    assert abs(found / leading - 1) > 4 * correction**2


def log_z_of_one_mode(period, coupling):
    """ln Z(λ)/Z(0) of the field c + r cos ω t with its counter-term, at mass 1; the phase of the mode drops out."""
    frequency = 2 * math.pi / period
    counter = float(free_circle_two_point(0.0, period, 1.0) - free_circle_two_point(0.0, period, 1.0, modes=1))
    variance = 2 / period / (frequency**2 + 1)
    c = np.linspace(-5, 5, 801)[:, None]
    r = np.sqrt(variance) * 7 * (np.arange(400) + 0.5) / 400
    free = r * np.exp(-period * c**2 / 2 - r**2 / (2 * variance))
    angles = 2 * math.pi * np.arange(8) / 8
    fields = [c + r * np.cos(angle) for angle in angles]
    action = sum(period / 8 * (coupling / 24 * phi**4 + coupling / 4 * counter * phi**2) for phi in fields)
    return math.log(np.sum(free * np.exp(-action)) / np.sum(free))


def test_missing_modes_constant_makes_the_error_of_log_z_second_order():
    period, errors, uncorrected = 4.0, [], []
    for coupling in (0.05, 0.1):
        exact = log_partition(period, coupling, 1.0) - log_partition(period, 0.0, 1.0)
        uncorrected.append(log_z_of_one_mode(period, coupling) - exact)
        errors.append(uncorrected[-1] - missing_modes_constant(period, coupling, 1.0, 1))
    assert math.log2(errors[1] / errors[0]) == pytest.approx(2.0, abs=0.05)
    assert math.log2(uncorrected[1] / uncorrected[0]) == pytest.approx(1.0, abs=0.05)  # without it: first order
    assert errors[1] < 0 < uncorrected[1]
    # At the 40 modes and coupling 6 of the shipped model nothing of it is visible.
    assert missing_modes_constant(period, 6.0, 1.0, 40) == pytest.approx(7.5e-5, rel=0.01)


def test_truncated_circle_sum():
    times, period, mass = np.array([0.0, 0.4, 1.7]), 4.0, 1.3
    zero_mode = free_circle_two_point(times, period, mass, modes=0)
    np.testing.assert_allclose(zero_mode, 1 / (period * mass**2), rtol=1e-14)
    one = free_circle_two_point(times, period, mass, modes=1) - zero_mode
    frequency = 2 * math.pi / period
    np.testing.assert_allclose(one, 2 / period * np.cos(frequency * times) / (frequency**2 + mass**2), rtol=1e-13)


def test_truncated_circle_sum_tends_to_all_modes():
    # The missing modes at t = 0 sum to T/(2 pi^2 K) up to relative order 1/K.
    missing = free_circle_two_point(0.0, 4.0, 1.0) - free_circle_two_point(0.0, 4.0, 1.0, modes=4000)
    assert missing == pytest.approx(4.0 / (2 * math.pi**2 * 4000), rel=1e-3)
    np.testing.assert_allclose(
        free_circle_two_point(1.0, 4.0, 1.0, modes=4001), free_circle_two_point(1.0, 4.0, 1.0), atol=1e-7
    )


def test_long_free_circle_does_not_overflow():
    assert free_circle_two_point(2.0, 1e5, 1.0) == pytest.approx(0.5 * math.exp(-2.0), rel=1e-14)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: spectrum(-1.0, 1.0), "coupling = -1.0; give a finite number >= 0"),
        (lambda: spectrum(0.0, 0.0), "are both 0, .*; give one that is > 0"),
        (lambda: spectrum(1.0, 1.0, states=1), "states = 1; give an integer >= 2"),
        (
            lambda: thermal_two_point(0.0, 0.01, 0.0, 1.0),
            "period = 0.01 is too short for 240 states; give a period >= ",
        ),
        (lambda: thermal_two_point(math.nan, 1.0, 0.0, 1.0), "separation holds NaN, .* give finite numbers"),
        (lambda: log_partition(-1.0, 0.0, 1.0), "log_partition: period = -1.0; give a finite number > 0"),
        (lambda: free_circle_two_point(0.0, 1.0, 0.0), "mass = 0.0; give a finite number > 0"),
        (lambda: free_circle_two_point(0.0, 1.0, 1.0, modes=-1), "modes = -1; give an integer >= 0"),
        (lambda: missing_modes_constant(1.0, -1.0, 1.0, 4), "coupling = -1.0; give a finite number >= 0"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_states_must_be_an_integer():
    with pytest.raises(TypeError, match=r"states = 20\.5; give an integer"):
        spectrum(1.0, 1.0, states=20.5)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("coupling", [0.6, 6.0])
def test_powers_of_the_position(coupling):
    """Moments of a long circle, Wick's theorem of the free one, and what is no power."""
    fourth = thermal_correlator(0.0, 40.0, coupling, 1.0, (2, 2))
    assert float(fourth) == pytest.approx(MOMENTS[coupling][3], abs=1e-11)
    assert float(thermal_correlator(0.0, 40.0, coupling, 1.0, (0, 4))) == pytest.approx(float(fourth), abs=1e-11)
    t = np.array([0.3, 1.0])
    here, there = free_circle_two_point(0.0, 4.0, 1.0), free_circle_two_point(t, 4.0, 1.0)
    cubes = thermal_correlator(t, 4.0, 0.0, 1.0, (3, 3))
    np.testing.assert_allclose(cubes, 9 * here**2 * there + 6 * there**3, rtol=1e-9)
    with pytest.raises(ValueError, match="powers = 5; give an integer from 0 to 4"):
        thermal_correlator(t, 4.0, 0.0, 1.0, (1, 5))
