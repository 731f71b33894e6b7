"""Double and tilted wells against the single well, finite differences, and tunnelling in the semiclassical limit."""

import numpy as np
import pytest
from scipy.linalg import eigh_tridiagonal

from nnft_ppl.exact import spectrum, thermal_two_point, well_sign, well_sign_pairs, well_spectrum, well_two_point

TIMES = np.array([0.0, 0.5, 1.0, 2.0])


def levels_on_a_grid(coupling, mass_squared, tilt, points):
    """Lowest levels and densities by finite differences of second order."""
    x = np.linspace(-6, 6, points)
    step = x[1] - x[0]
    potential = mass_squared / 2 * x**2 + coupling / 24 * x**4 + tilt * x
    energies, vectors = eigh_tridiagonal(
        1 / step**2 + potential, np.full(points - 1, -0.5 / step**2), select="i", select_range=(0, 30)
    )
    return x, energies, vectors


def test_a_single_well_is_the_quartic_oscillator():
    energies, position, _ = well_spectrum(6.0, 1.0)
    known, elements = spectrum(6.0, 1.0)
    np.testing.assert_allclose(energies[:80], known[:80], rtol=1e-12)
    np.testing.assert_allclose(position[:40, :40] ** 2, elements[:40, :40] ** 2, atol=1e-11)
    found = well_two_point(TIMES, 4.0, 6.0, 1.0)
    np.testing.assert_allclose(found, thermal_two_point(TIMES, 4.0, 6.0, 1.0), rtol=1e-12)


@pytest.mark.parametrize("tilt", [0.0, 0.1, -0.5])
def test_wells_on_a_grid(tilt):
    # The error of finite differences falls as the square of the step: two grids are extrapolated.
    period, results = 4.0, []
    for points in (1201, 2401):
        x, energies, vectors = levels_on_a_grid(6.0, -4.0, tilt, points)
        weights = np.exp(-period * (energies - energies[0]))
        density = vectors**2 @ weights / np.sum(weights)
        sign = (vectors.T * np.sign(x)) @ vectors
        pairs = weights**0.75 @ sign**2 @ weights**0.25 / np.sum(weights)  # a quarter of the circle apart
        results.append([*energies[:4], density @ x**2, density @ np.sign(x), pairs])
    coarse, fine = np.array(results)
    energies, _, _ = well_spectrum(6.0, -4.0, tilt)
    found = [*energies[:4], float(well_two_point(0.0, period, 6.0, -4.0, tilt)), well_sign(period, 6.0, -4.0, tilt)]
    found.append(float(well_sign_pairs(1.0, period, 6.0, -4.0, tilt)))
    np.testing.assert_allclose(found, fine + (fine - coarse) / 3, atol=2e-8)
    assert np.sign(found[-2]) == -np.sign(tilt)


def test_wells_far_apart_tunnel_as_the_instanton_says():
    # V = g/4 (x^2 - a^2)^2: the gap is 2 w sqrt(6 S/pi) e^{-S} (1 + O(1/S)), w = a sqrt(2g), S = w^3/(3g).
    ratios, actions = [], []
    for coupling in (4.0, 2.0):
        energies, _, _ = well_spectrum(coupling, -4.0, states=200)
        frequency, action = np.sqrt(8.0), np.sqrt(8.0) ** 3 / (3 * coupling / 6)
        instanton = 2 * frequency * np.sqrt(6 * action / np.pi) * np.exp(-action)
        ratios.append((energies[1] - energies[0]) / instanton)
        actions.append(action)
    # The first correction is -71/(72 S).
    np.testing.assert_allclose(np.array(actions) * (1 - np.array(ratios)), 71 / 72, rtol=0.1)


def test_signs_square_to_one_and_turn_with_the_tilt():
    _, _, sign = well_spectrum(6.0, -4.0, 0.3, states=240)
    np.testing.assert_allclose(np.diag(sign @ sign)[:4], 1.0, atol=0.02)  # slowly, as states go
    assert well_sign(4.0, 6.0, -4.0) == pytest.approx(0.0, abs=1e-12)
    assert well_sign(4.0, 6.0, -4.0, 0.2) == pytest.approx(-well_sign(4.0, 6.0, -4.0, -0.2), rel=1e-10)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: well_spectrum(0.0, -4.0), "coupling = 0.0; give a finite number > 0"),
        (lambda: well_spectrum(1.0, np.inf), "mass_squared = inf; give a finite number"),
        (lambda: well_spectrum(1.0, 1.0, states=3), "states = 3; give an integer >= 4"),
        (lambda: well_sign(-1.0, 1.0, 1.0), "period = -1.0; give a finite number > 0"),
        (lambda: well_two_point(0.0, 0.01, 1.0, 1.0), "period = 0.01 is too short; give a period >= "),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
