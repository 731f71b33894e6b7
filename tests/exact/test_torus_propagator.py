"""Free modes on a torus against plain sums, the circle, and the action's own derivative on one mode."""

import math

import numpy as np
import pytest

from nnft_ppl.exact import free_circle_two_point, torus_first_order, torus_propagator

AXIS = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [4.0, 0.0]])
# Side 8, mass 1, 8 modes in two dimensions, without the counter-term.
SLOPES = (-0.0126231, -0.0077758, -0.0037228, -0.0013168)


def test_a_plain_sum_over_a_cube_of_modes():
    place, sides, numbers = np.array([0.3, 1.2, -0.7]), [2.0, 3.0, 4.0], np.arange(-3, 4)
    momenta = np.stack(np.meshgrid(*(2 * np.pi * numbers / side for side in sides), indexing="ij"), axis=-1)
    squared = np.sum(momenta**2, axis=-1) + 1.7**2
    for power in (1, 2):
        expected = np.sum(np.cos(momenta @ place) / squared**power) / math.prod(sides)
        assert torus_propagator(place, sides, 1.7, 3, power) == pytest.approx(expected, rel=1e-13)


def test_one_dimension_is_the_circle():
    places = np.linspace(-1, 5, 6).reshape(2, 3, 1)
    found = torus_propagator(places, 4.0, 1.3, 7)
    assert found.shape == (2, 3)
    np.testing.assert_allclose(found, free_circle_two_point(places[..., 0], 4.0, 1.3, modes=7), rtol=1e-12)


def test_slopes_of_the_shipped_torus():
    np.testing.assert_allclose(torus_first_order(AXIS, 8.0, 1.0, 8, counterterm=False), SLOPES, atol=6e-8)
    assert not torus_first_order(AXIS, 8.0, 1.0, 8, counterterm=True).any()
    # Control: the loop of one mode number less is seen.
    assert np.abs(torus_first_order(AXIS, 8.0, 1.0, 7, counterterm=False) - SLOPES).max() > 1e-4


@pytest.mark.parametrize("counterterm", [True, False])
def test_slope_of_a_single_mode_is_the_derivative_of_an_integral(counterterm):
    # The zero mode alone: a constant c of variance G = 1/(V m^2) with the action V lambda (c^4/24 - G c^2/4).
    side, mass, step = 1.5, 1.2, 1e-4
    variance = 1 / (side**2 * mass**2)
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    c = np.sqrt(variance) * nodes

    def two_point(coupling):
        action = side**2 * coupling * (c**4 / 24 - (variance / 4 * c**2 if counterterm else 0.0))
        weight = weights * np.exp(-action)
        return np.sum(weight * c**2) / np.sum(weight)

    slope = (two_point(step) - two_point(-step)) / (2 * step)
    found = torus_first_order(np.zeros((1, 2)), side, mass, 0, counterterm=counterterm)
    assert found[0] == pytest.approx(slope, abs=1e-8)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: torus_propagator(1.0, 8.0, 1.0, 8), r"displacement has shape \(\); give shape \(\*point, dim\)"),
        (lambda: torus_propagator([1.0, 0.0], [8.0], 1.0, 8), "1 sides for displacements of 2 coordinates; give one"),
        (lambda: torus_propagator([1.0], -8.0, 1.0, 8), "sides = -8.0; give a finite number > 0"),
        (lambda: torus_propagator([1.0], 8.0, 0.0, 8), "mass = 0.0; give a finite number > 0"),
        (lambda: torus_first_order([1.0], 8.0, 1.0, -1, counterterm=True), "modes = -1; give an integer >= 0"),
        (lambda: torus_propagator([1.0], 8.0, 1.0, 8, 0), "power = 0; give an integer >= 1"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
