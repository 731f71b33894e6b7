"""Determinants of fermions at finite width and Dirac's propagator, against integrals done another way."""

import itertools
import math

import numpy as np
import pytest
from scipy import special

from nnft_ppl.exact import dirac_minor, dirac_propagator, fermion_determinant, gamma_matrices

PAIR = (0.0, 1.0), (0.5, 1.5)
THREE = (0.0, 1.0, 2.0), (0.5, 1.5, 2.5)


@pytest.mark.parametrize(
    ("points", "width", "features", "known"),
    [
        (PAIR, 5, "complex", 0.3938367889689719),  # (1 − 1/5) (e^{−1/4} − e^{−5/4})
        (PAIR, 5, "cosine", 0.480303),
        (PAIR, 50, "cosine", 0.491097),
        (THREE, 10**9, "complex", 0.2374582),
        (THREE, 5, "complex", 0.1139799),
        (THREE, 2, "complex", 0.0),
        (THREE, 1, "cosine", 0.0),
    ],
)
def test_reference_values(points, width, features, known):
    assert fermion_determinant(*points, width, features) == pytest.approx(known, abs=1e-6 if known else 0)


@pytest.mark.parametrize(("features", "width"), [("complex", 3), ("cosine", 2), ("cosine", 3)])
def test_three_points_by_quadrature_over_all_momenta(features, width):
    x, y = np.array([0.0, 0.7, 1.1]), np.array([0.2, 0.9, -0.4])
    nodes, weights = special.roots_hermitenorm(24)
    momenta = np.array(list(itertools.product(nodes, repeat=width)))
    chance = np.prod(list(itertools.product(weights / math.sqrt(2 * math.pi), repeat=width)), axis=1)
    waves = np.exp(1j * momenta[:, :, None, None] * (x[:, None] - y)).mean(axis=1)
    found = chance @ np.linalg.det(waves if features == "complex" else waves.real)
    assert fermion_determinant(x, y, width, features) == pytest.approx(found, abs=1e-9)
    other = "cosine" if features == "complex" else "complex"
    assert abs(fermion_determinant(x, y, width, other) - found) > 1e-3  # the control


def test_the_propagator_of_one_dimension_is_a_smeared_step():
    t, mass, cutoff = np.array([-1.3, -0.1, 0.0, 0.1, 0.9]), 0.7, 3.0
    smeared = special.erfc(mass / cutoff / math.sqrt(2) - cutoff * t / math.sqrt(2)) / 2
    smeared *= np.exp(mass**2 / (2 * cutoff**2) - mass * t)
    np.testing.assert_allclose(dirac_propagator(t[:, None], mass, cutoff)[:, 0, 0], smeared, atol=1e-12)
    jump = dirac_propagator(np.array([[-1e-4], [0.0], [1e-4]]), 1.0, 1e6)[:, 0, 0]
    np.testing.assert_allclose(jump, [0, 0.5, 1], atol=2e-4)


@pytest.mark.parametrize(("dim", "half"), [(1, 40), (2, 40), (3, 25), (4, 16)])
def test_propagator_and_minor_by_a_sum_over_momenta(dim, half):
    """The trapezoidal rule converges as exp(−2π m/step) for poles at distance m from the axes."""
    mass, cutoff, width, step = 1.5, 1.0, 3, 6.5 / half
    axes = np.arange(-half, half + 1) * step
    p = np.stack(np.meshgrid(*[axes] * dim, indexing="ij"), axis=-1).reshape(-1, dim)
    x, y = np.zeros((2, dim)), np.zeros((2, dim))
    x[:, 0], y[:, 0] = (0.5, 1.5), (0.0, 1.0)
    x[1, -1] += 0.3
    gamma = gamma_matrices(dim)
    squared = np.sum(p**2, axis=1)
    density = np.exp(-squared / 2) / (2 * math.pi) ** (dim / 2) * step**dim
    size = density / (2 * math.pi) ** (dim / 2) / (squared + mass**2)

    def propagator(z):
        wave = size * np.exp(1j * p @ z)
        return wave.sum() * mass * np.eye(gamma.shape[1]) - 1j * np.tensordot(wave @ p, gamma, 1)

    values = [[propagator(one - two) for two in y] for one in x]
    np.testing.assert_allclose(dirac_propagator(x[:, None] - y, mass, cutoff), values, atol=1e-9)
    spin = min(dim - 1, 1)
    (a, b), (c, d) = values
    apart = a[0, 0] * d[spin, spin] - b[0, spin] * c[spin, 0]
    first, last = (mass * np.eye(len(gamma[0]))[n, n] - 1j * p @ gamma[:, n, n] for n in (0, spin))
    across = (p @ gamma[:, 0, spin]) * (p @ gamma[:, spin, 0]) * -1 if spin else first * last
    once = np.sum(size**2 / density * (first * last - across) * np.exp(1j * p @ (x - y).sum(axis=0)))
    found = dirac_minor(x, y, width, mass, cutoff)
    assert found == pytest.approx((1 - 1 / width) * apart + once / width, abs=1e-9)
    if spin:  # the control: neurons of rank one
        assert abs(found - (1 - 1 / width) * apart) > 0.1 * abs(found)


@pytest.mark.parametrize("dim", [1, 2, 3, 4])
def test_gamma_matrices_are_a_clifford_algebra(dim):
    gamma = gamma_matrices(dim)
    products = np.einsum("aij,bjk->abik", gamma, gamma)
    wanted = 2 * np.eye(dim)[:, :, None, None] * np.eye(gamma.shape[1])
    np.testing.assert_array_equal(products + products.swapaxes(0, 1), wanted)
    np.testing.assert_array_equal(gamma, gamma.conj().swapaxes(1, 2))


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: fermion_determinant([0, 1], [0], 5, "complex"), r"x has shape \(2,\) and y \(1,\); give 1 to 6"),
        (lambda: fermion_determinant([0], [0], 5, "sine"), "features = 'sine'; give one of 'complex', 'cosine'"),
        (lambda: dirac_minor([[0.0]], [[0.0]], 5, 1.0, 1.0), r"give two points each, \(2, dim\)"),
        (lambda: dirac_propagator([0.0] * 5, 1.0, 1.0), "gamma_matrices: dim = 5; give an integer from 1 to 4"),
    ],
)
def test_mistakes_are_named(ask, message):
    with pytest.raises(ValueError, match=message):
        ask()
