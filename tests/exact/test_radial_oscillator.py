"""The O(n) oscillator against one dimension, free fields, a basis of products, sum rules and the virial theorem."""

import numpy as np
import pytest
from scipy import linalg

from nnft_ppl.exact import (
    angular_degeneracy,
    free_circle_two_point,
    log_partition,
    radial_spectrum,
    thermal_fourth_moment,
    thermal_two_point,
    thermal_vector_two_point,
)

TIMES = np.array([[0.0, 0.5], [1.0, 2.0]])


def test_degeneracies():
    assert [[angular_degeneracy(n, l) for l in range(4)] for n in (1, 2, 3, 4)] == [
        [1, 1, 0, 0],
        [1, 2, 2, 2],
        [1, 3, 5, 7],
        [1, 4, 9, 16],
    ]


def test_one_component_is_the_quartic_oscillator():
    found = thermal_vector_two_point(TIMES, 4.0, 6.0, 1.0, 1)
    np.testing.assert_allclose(found, thermal_two_point(TIMES, 4.0, 6.0, 1.0), rtol=1e-12)


@pytest.mark.parametrize("components", [2, 3, 5])
def test_free_components_are_independent(components):
    found = thermal_vector_two_point(TIMES, 3.0, 0.0, 1.3, components)
    np.testing.assert_allclose(found, free_circle_two_point(TIMES, 3.0, 1.3), rtol=1e-12)
    squared = float(free_circle_two_point(0.0, 3.0, 1.3)) ** 2
    expected = components * (components + 2) * squared
    assert thermal_fourth_moment(3.0, 0.0, 1.3, components) == pytest.approx(expected, rel=1e-12)


def test_two_components_in_a_basis_of_products():
    # H = h(x) + h(y) + (coupling/12) x^2 y^2 in products of harmonic states, with no use of the rotation symmetry.
    states, frequency, coupling, period = 20, 2.0, 6.0, 4.0
    step = np.sqrt(np.arange(1, states + 4) / (2 * frequency))
    x = np.diag(step, 1) + np.diag(step, -1)
    squared, fourth = (x @ x)[:states, :states], (x @ x @ x @ x)[:states, :states]
    one, x = np.eye(states), x[:states, :states]
    single = np.diag(frequency * (np.arange(states) + 0.5)) + (1 - frequency**2) / 2 * squared + coupling / 24 * fourth
    energy = np.kron(single, one) + np.kron(one, single) + coupling / 12 * np.kron(squared, squared)
    levels, vectors = linalg.eigh(energy, subset_by_index=(0, 59))
    weights = np.exp(-(levels - levels[0]))
    position = vectors.T @ np.kron(x, one) @ vectors
    length = np.kron(fourth, one) + np.kron(one, fourth) + 2 * np.kron(squared, squared)
    length = np.sum(vectors * (length @ vectors), axis=0)
    partition = np.sum(weights**period)
    expected = [weights ** (period - t) @ position**2 @ weights**t / partition for t in (0.0, 0.5, 2.0)]
    found = thermal_vector_two_point(np.array([0.0, 0.5, 2.0]), period, coupling, 1.0, 2)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    invariant = weights**period @ length / partition
    assert thermal_fourth_moment(period, coupling, 1.0, 2) == pytest.approx(invariant, rel=1e-8)
    # Control: the quartic term as two separate oscillators, which has the same free limit.
    assert abs(found[0] / thermal_two_point(0.0, period, coupling, 1.0) - 1) > 0.05


@pytest.mark.parametrize(("coupling", "mass", "components"), [(6.0, 1.0, 2), (24.0, 0.5, 3), (100.0, 0.0, 4)])
def test_sum_rule_and_virial_theorem(coupling, mass, components):
    energies, radius, quartic = radial_spectrum(coupling, mass, components, 0)
    upper, _, _ = radial_spectrum(coupling, mass, components, 1)
    # From the ground state: sum over (E - E_0)|<i|x_a|0>|^2 = 1/2, and sum_a |<1, m|u_a|0>|^2 summed over m is 1.
    assert np.sum((upper - energies[0]) * radius[:, 0] ** 2) / components == pytest.approx(0.5, rel=1e-11)
    squared = np.sum(radius[:, 0] ** 2)
    assert energies[0] == pytest.approx(mass**2 * squared + coupling / 8 * quartic[0, 0], rel=1e-11)


def test_lower_half_of_the_levels_is_converged():
    for momentum in (0, 7):
        energies, larger = (radial_spectrum(6.0, 1.0, 3, momentum, states)[0] for states in (64, 100))
        np.testing.assert_allclose(energies[:32], larger[:32], rtol=1e-12)


def test_mean_square_is_the_derivative_of_the_partition_function():
    # For one component, where ln Z is known: the two parities are the two angular momenta.
    step = 1e-4
    above, below = (log_partition(3.0, 6.0, np.sqrt(1 + sign * step)) for sign in (1, -1))
    squared = thermal_vector_two_point(0.0, 3.0, 6.0, 1.0, 1)
    assert (above - below) / (2 * step) == pytest.approx(-1.5 * float(squared), rel=1e-7)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: angular_degeneracy(0, 1), "components = 0; give an integer >= 1"),
        (lambda: angular_degeneracy(2, -1), "momentum = -1; give an integer >= 0"),
        (lambda: radial_spectrum(-1.0, 1.0, 2, 0), "coupling = -1.0; give a finite number >= 0"),
        (lambda: radial_spectrum(0.0, 0.0, 2, 0), "are both 0, .*; give one that is > 0"),
        (lambda: radial_spectrum(1.0, 1.0, 2, 0, 1), "states = 1; give an integer >= 2"),
        (lambda: thermal_vector_two_point(0.0, 0.1, 0.0, 1.0, 2), "period = 0.1 is too short; give a period >= "),
        (lambda: thermal_vector_two_point(np.nan, 1.0, 0.0, 1.0, 2), "separation holds NaN"),
        (lambda: thermal_fourth_moment(-1.0, 1.0, 1.0, 2), "period = -1.0; give a finite number > 0"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
