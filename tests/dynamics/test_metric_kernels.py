"""The kernel by which a network moves a metric, which stays as it is only in wide ones."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.scipy.linalg import expm

from nnft_ppl.dynamics import SquaredLoss, gradient_flow, tangent_kernel

POINTS = np.array([[0.0, 0.0], [1.0, 0.3], [-0.6, 0.8]])
TARGET = np.array([[4.0, 1.0, 3.0], [3.0, -1.0, 4.0], [2.0, 0.5, 5.0]])
"""g_11, g_12 and g_22 there."""
LOSS = SquaredLoss(POINTS, TARGET)
TIME, NETWORKS = 0.3, 24


def network(power):
    """Parameters -> g(x) = 1 + N^{−power} Σ_i a_i tanh(w_i x): lazy at ½, and with features that move at 1."""

    def metric(parameters):
        amplitudes, weights = parameters
        return lambda x: jnp.array([1.0, 0.0, 1.0]) + jnp.tanh(weights @ x) @ amplitudes / len(weights) ** power

    return metric


def defects(width, power):
    """By how much Θ changes in training, and g misses the flow of the fixed kernel, root mean squares with errors."""
    made, rate = network(power), width ** (2 * power - 1)  # of the same speed

    def one(key):
        first, other = jax.random.split(key)
        start = jax.random.normal(first, (width, 3)), jax.random.normal(other, (width, 2))
        end = gradient_flow(made, start, lambda phi: rate * LOSS(phi), TIME, steps=16, tolerance=1e-6)
        before, after = (rate * tangent_kernel(made, one, POINTS) for one in (start, end))
        flat = before.reshape(9, 9)
        residual = LOSS.residual(made(start)).ravel()
        missed = LOSS.residual(made(end)).ravel() - expm(-TIME * flat) @ residual
        return jnp.sum((after - before) ** 2) / jnp.sum(before**2), jnp.sum(missed**2)

    found = np.stack(jax.jit(jax.vmap(one))(jax.random.split(jax.random.key(3), NETWORKS)))
    mean = found.mean(axis=1)
    return np.log2(mean) / 2, found.std(axis=1) / mean / np.log(2) / 2 / NETWORKS**0.5


@pytest.mark.parametrize(("power", "fixed"), [(0.5, True), (1.0, False)])
def test_the_kernel_is_fixed_in_the_limit_of_wide_networks(power, fixed):
    """Θ moves, and g misses the flow of a fixed one, by 1/N; in the control, of amplitudes 1/N, at every width."""
    (narrow, error), (wide, other) = (defects(width, power) for width in (64, 512))
    slope, size = (wide - narrow) / 3, np.hypot(error, other) / 3
    assert np.all(np.abs(slope + 1) < 5 * size) == fixed
    assert fixed or np.all(slope > -0.5)
