"""Reflection positivity of two-point functions in closed form: all numbers are exact."""

import numpy as np
import pytest

from nnft_ppl.axioms import kernel_positivity

FOUR, TWO, OTHERS = (0.25, 0.75, 1.5, 2.5), (0.5, 1.5), (0.25, 0.75, 1.25, 2.0)
KERNELS = {
    "path": (lambda t: np.exp(-t), 0.0, 0.0),
    "two levels": (lambda t: (np.exp(-t) + np.exp(-3 * t)) / 2, 0.0, 0.001999),
    "1/(1+t)": (lambda t: 1 / (1 + t), 0.000063, 0.0190),
    "gaussian": (lambda t: np.exp(-(t**2) / 2), -0.09889, -0.01821),
    "matern32": (lambda t: (1 + t) * np.exp(-t), -0.06375, -0.01920),
    "matern52": (lambda t: (1 + t + t**2 / 3) * np.exp(-t), -0.1109, -0.0360),
    "sinc": (lambda t: np.sinc(3 * t / np.pi), -0.2449, None),
    "pauli_villars": (lambda t: np.exp(-t) / 2 - np.exp(-2 * t) / 4, -0.00898, -0.00191),
    "cos": (lambda t: np.cos(t) * np.exp(-t), -0.1106, None),
    "stretched": (lambda t: np.exp(-(t**1.5)), -0.0337, None),
    "lorentz": (lambda t: 1 / (1 + t**2), -0.0085, 0.0172),
}


@pytest.mark.parametrize("name", KERNELS)
def test_gaussian_theories(name):
    kernel, four, two = KERNELS[name]
    for times, expected in ((FOUR, four), (TWO, two)):
        if expected is not None:  # to the digits that are known
            assert kernel_positivity(kernel, times).smallest == pytest.approx(expected, abs=6e-5, rel=1e-3)


def cut_off(cutoff):
    """1/(p² + 1) on |p| < Λ in one dimension."""
    nodes, weights = np.polynomial.legendre.leggauss(20)
    edges = np.linspace(0, cutoff, 81)[:-1, None]
    momentum = (edges + (nodes + 1) * cutoff / 160).ravel()
    weight = np.tile(weights, 80) * cutoff / 160 / (momentum**2 + 1) / np.pi
    return lambda t: np.cos(np.multiply.outer(t, momentum)) @ weight


@pytest.mark.parametrize(("cutoff", "expected"), [(5, -3.196e-3), (10, -2.025e-3), (20, -1.473e-3), (50, -2.94e-5)])
def test_a_cut_off_of_momenta(cutoff, expected):
    assert kernel_positivity(cut_off(cutoff), OTHERS).smallest == pytest.approx(expected, rel=2e-3)
    # Times as short as the cut-off show what longer ones hardly do.
    assert kernel_positivity(cut_off(cutoff), np.array([1, 2, 3]) / (2 * cutoff)).rho < -0.99


def test_eigenvalues_and_vectors():
    free = np.linalg.eigvalsh(np.exp(-np.add.outer(OTHERS, OTHERS)) / 2)
    assert free == pytest.approx([0, 0, 0, 0.46503], abs=1e-5)
    found = kernel_positivity(lambda t: np.exp(-(t**2) / 2) / 2, OTHERS)
    assert found.smallest == pytest.approx(-0.0608806, abs=1e-7)
    vector = found.vector * np.sign(found.vector[1])
    assert vector == pytest.approx([-0.53834, 0.53461, 0.61117, 0.22551], abs=2e-5)
    assert kernel_positivity(lambda t: (1 + t) * np.exp(-t) / 4, OTHERS).smallest == pytest.approx(-0.0169075, abs=1e-7)


def test_the_witness_is_that_of_the_ratio():
    kernel = KERNELS["pauli_villars"][0]
    found, at = kernel_positivity(kernel, FOUR), np.array(FOUR)
    v, matrix, second = found.witness, kernel(at[:, None] + at), kernel(np.abs(at[:, None] - at))
    assert (v @ matrix @ v, v @ second @ v) == pytest.approx((found.rho, 1.0))
    assert 64 / found.rho**2 == pytest.approx(6100, rel=0.01)  # draws for 8 errors


def lattice(squared, sites=64):
    """The propagator of −Δ + 1 + c Δ² on a ring."""
    p = 2 * np.pi * np.arange(sites) / sites
    hopping = 2 - 2 * np.cos(p)
    return lambda x: (np.cos(np.multiply.outer(x, p)) / (1 + hopping + squared * hopping**2)).mean(-1)


SITES, LINKS = np.arange(3), np.arange(3) + 0.5
WHOLE = np.arange(33), np.arange(32) + 0.5


@pytest.mark.parametrize(
    ("squared", "site", "link"), [(0.0, 0.0, 0.0), (0.3, -0.0233, -0.0041), (-1 / 12, 0.0, -0.0017)]
)
def test_lattices(squared, site, link):
    found = [kernel_positivity(lattice(squared), times).smallest for times in (SITES, LINKS)]
    assert found == pytest.approx([site, link], abs=5e-5)


def test_a_whole_half_of_a_lattice():
    found = [kernel_positivity(lattice(0.3), times).smallest for times in WHOLE]
    assert found == pytest.approx([-0.024295, -0.004273], abs=1e-6)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([], "times = "),
        ([0.5, -1.0], "none below 0"),
        ([0.5, 0.5], "give different times"),
        ([0.5, np.nan], "times"),
    ],
)
def test_mistakes(times, message):
    with pytest.raises(ValueError, match=message):
        kernel_positivity(lambda t: np.exp(-t), times)
