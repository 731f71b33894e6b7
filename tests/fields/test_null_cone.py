"""Homogeneous fields on the null cone."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

from nnft_ppl.fields import NullCone
from nnft_ppl.spaces import Box

THETA = np.array([[0.3, -1.2, 0.7, 0.5], [1.1, 0.4, -0.6, 2.0], [-0.2, 0.9, 0.1, -1.3]])
X = np.array([0.4, -1.5])


def embedded(x):
    return np.array([1j * (1 + x @ x) / 2, *x, (1 - x @ x) / 2])


def test_value_is_the_nested_formula():
    linear = THETA @ embedded(X)
    assert NullCone(THETA[0], 3)(X) == pytest.approx(linear[0] ** 3, rel=1e-13)
    np.testing.assert_allclose(NullCone(THETA, -1)(X), 1 / linear, rtol=1e-13)
    first, second = np.array([[1.0, -0.5, 2.0], [0.3, 0.2, -1.0]]), np.array([[0.7, -0.4]])
    deep = NullCone(THETA, (2, 3, 1), (first, second))
    assert deep(X) == pytest.approx((second @ (first @ linear**2) ** 3)[0], rel=1e-12)
    assert (deep.dim, deep.dimension) == (2, -6)
    real = NullCone(THETA[0], 1, lorentzian=False)(X)
    assert real.dtype == jnp.result_type(float)
    assert real == pytest.approx(THETA[0] @ [(1 + X @ X) / 2, *X, (1 - X @ X) / 2], rel=1e-13)


def test_it_runs_on_grids_in_both_precisions():
    box = Box(2.0, 2, points=3)
    for dtype, kind in ((jnp.float32, jnp.complex64), (jnp.float64, jnp.complex128)):
        values = jax.jit(lambda theta: box.evaluate(NullCone(theta, 2)))(jnp.asarray(THETA[0], dtype))
        assert (values.shape, values.dtype) == ((3, 3), kind)
    point = np.array([box.axes[0][1], box.axes[1][2]])
    assert values[1, 2] == pytest.approx((THETA[0] @ embedded(point)) ** 2, rel=1e-12)


@pytest.mark.parametrize(("width", "power"), [(1, 2), (2, 1), (2, 2)])
def test_dimensions_multiply_and_normal_ordering_is_automatic(width, power):
    """Φ = (N^{−1/2} Σ (Θ_i·X)^p)² has ⟨ΦΦ'⟩ = (X·X')^{2p} (p!)² (2 + (C(2p, p) − 2)/N): a rule for polynomials."""
    order = 2 * power + 1
    nodes, weights = special.roots_hermitenorm(order)
    grid = np.array(list(itertools.product(nodes, repeat=3 * width)))
    chance = np.prod(list(itertools.product(weights / math.sqrt(2 * math.pi), repeat=3 * width)), axis=1)
    mix = np.full((1, width), width**-0.5)
    points = np.array([[0.2], [-0.9]])

    def values(theta):
        phi = NullCone(theta.reshape(width, 3), (power, 2), (mix,))
        return jnp.stack([phi(points[0]), phi(points[1])])

    first, second = np.asarray(jax.jit(jax.vmap(values))(jnp.asarray(grid))).T
    inner = -(1.1**2) / 2
    expected = inner ** (2 * power) * math.factorial(power) ** 2 * (2 + (math.comb(2 * power, power) - 2) / width)
    assert chance @ (first * second) == pytest.approx(expected, rel=1e-9)
    assert abs(chance @ first) < 1e-9  # nothing to subtract
    assert abs(chance @ (first * first)) < 1e-8


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: NullCone(np.ones(2)), ValueError, r"theta has shape \(2,\); give \(dim \+ 2,\)"),
        (lambda: NullCone(np.ones((2, 2, 4))), ValueError, r"theta has shape \(2, 2, 4\)"),
        (lambda: NullCone(THETA, 0), ValueError, "powers = 0; give at least one, none of them 0"),
        (lambda: NullCone(THETA, 0.5), TypeError, "powers = 0.5; give whole numbers"),
        (lambda: NullCone(THETA, (1, 1.5), (np.ones((1, 3)),)), TypeError, r"powers = \(1, 1.5\); give whole numbers"),
        (lambda: NullCone(THETA, (1, 2)), ValueError, "0 weights and 2 powers; give one matrix between two powers"),
        (lambda: NullCone(THETA, (1, 2), (np.ones((1, 2)),)), ValueError, r"layer 2 has weights of shape \(1, 2\)"),
        (lambda: NullCone(THETA)(np.ones(3)), ValueError, r"x has shape \(3,\); give one point of shape \(2,\)"),
    ],
)
def test_mistakes_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
