"""Sums over windings: dualities, closed values, and what a wrong duality gives; Villain's model by two routes."""

import itertools

import numpy as np
import pytest

from nnft_ppl.exact import (
    background_matrix,
    background_sum,
    boson_energy,
    boson_partition,
    dual_background,
    theta,
    villain_two_by_two,
)

BACKGROUND, STRENGTH = (1.0, 0.3, 2.0, 0.5), 0.8


@pytest.mark.parametrize(("radius", "modulus"), [(1.0, 1.0), (2.0, 1.0), (3.0, 0.6), (0.3, 2.5), (0.01, 0.5)])
def test_boson_on_a_circle_is_dual(radius, modulus):
    numbers = np.arange(-60, 61)
    plain = np.sum(np.exp(-np.pi * radius / modulus * numbers**2))
    assert theta(radius / modulus) == pytest.approx(plain, rel=1e-12)
    whole = boson_partition(radius, modulus)
    assert whole == pytest.approx(boson_partition(1 / radius, modulus), rel=1e-12)
    assert whole == pytest.approx(boson_partition(radius, 1 / modulus), rel=1e-12)
    energies = boson_energy(radius, modulus), boson_energy(1 / radius, modulus)
    assert radius * energies[0] + energies[1] / radius == pytest.approx(1.0, rel=1e-12)
    m, w = np.meshgrid(numbers, numbers)
    weights = np.exp(-np.pi * radius * (m**2 / modulus + w**2 * modulus))
    mean = np.pi * np.sum(weights * (m**2 / modulus + w**2 * modulus)) / np.sum(weights)
    assert energies[0] == pytest.approx(mean, rel=1e-11)


def test_closed_values_of_the_boson():
    assert boson_partition(1, 1) == pytest.approx(2, rel=1e-14)
    assert boson_partition(2, 1) == pytest.approx(1 + 2**0.5, rel=1e-14)
    assert boson_partition(3, 0.6) == pytest.approx(3.2335849, abs=5e-8)
    assert [boson_energy(1, t) for t in (0.3, 1.0, 2.0)] == pytest.approx([0.5] * 3, rel=1e-14)
    # Control: without the volume of the zero mode, sqrt x, the dual radii differ by a factor of 2.
    assert boson_partition(2, 1) / 2**0.5 / (boson_partition(0.5, 1) / 0.5**0.5) == pytest.approx(0.5, rel=1e-12)


def test_background_in_three_dual_frames():
    plain, matrix = 0.0, background_matrix(BACKGROUND)
    for z in itertools.product(range(-6, 7), repeat=4):
        plain += np.exp(-np.pi * STRENGTH * np.array(z) @ matrix @ np.array(z))
    sums = [background_sum(BACKGROUND, STRENGTH)]
    sums += [background_sum(dual_background(BACKGROUND, duality), STRENGTH) for duality in ("full", "single")]
    np.testing.assert_allclose(sums, plain, rtol=1e-12)
    assert plain == pytest.approx(2.1181862, abs=5e-8)
    assert np.linalg.det(matrix) == pytest.approx(1, rel=1e-12)
    for duality in ("full", "single"):  # each is its own inverse
        twice = dual_background(dual_background(BACKGROUND, duality), duality)
        np.testing.assert_allclose(twice, BACKGROUND, atol=1e-12)
    # Control: G inverted and B kept is no duality.
    wrong = background_sum(dual_background(BACKGROUND, "metric only"), STRENGTH)
    assert wrong == pytest.approx(1.9480540, abs=5e-8)


@pytest.mark.parametrize(
    ("beta", "known"), [(0.3, (0.3866172, 0.2420726, 0.1444223)), (0.75, (0.777077, 0.713684, 0.745705)), (3.0, None)]
)
def test_villain_by_currents_and_by_angles(beta, known):
    currents, angles = (villain_two_by_two(beta, route) for route in ("currents", "angles"))
    np.testing.assert_allclose(currents, angles, rtol=1e-11)
    if known:
        np.testing.assert_allclose(currents, known, atol=6e-7)
    # Spin waves alone, exp(-3/(16 beta)): wrong where vortices are many, right where they are frozen out.
    spin_wave = np.exp(-3 / (16 * beta))
    assert (abs(currents.neighbour - spin_wave) > 0.1) == (beta == 0.3)
    assert (abs(currents.neighbour - spin_wave) < 1e-6) == (beta == 3.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: theta(0), "strength must be|strength = 0"),
        (lambda: boson_partition(-1, 1), "radius_squared"),
        (lambda: boson_energy(1, float("nan")), "modulus"),
        (lambda: background_matrix((1, 2)), "give four numbers"),
        (lambda: background_matrix((1, 2, 1, 0)), "G is not positive definite"),
        (lambda: dual_background(BACKGROUND, "half"), "duality = 'half'; give one of"),
        (lambda: villain_two_by_two(0), "beta"),
        (lambda: villain_two_by_two(1, "spins"), "route = 'spins'; give one of"),
    ],
)
def test_mistakes_in_theta_sums(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()
