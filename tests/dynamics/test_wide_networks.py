"""Networks all of whose parameters are trained: their limit at infinite width by extrapolation in 1/N, by times."""

import jax
import jax.numpy as jnp
import numpy as np
from statistical import ACCEPTED, REJECTED

from nnft_ppl.dynamics import SquaredLoss, gradient_flow
from nnft_ppl.exact import erf_kernel, erf_tangent_kernel, trained_moments
from nnft_ppl.fields import Dense

LOSS = SquaredLoss([-1.0, 0.5], [0.8, -0.4])
PLACES, TIMES, WIDTHS, PAIRS = np.array([0.2, 2.0]), np.array([0.5, 2.0, 4.0]), np.array([8, 16, 32]), 200
POINTS = np.concatenate([PLACES, LOSS.points[:, 0]])


def trained(key, width):
    """φ at all times and places, of a network and of that with −a; neurons past the width are mute, and stay so."""
    a, w, b = jax.random.normal(key, (3, max(WIDTHS)))
    scale = jnp.where(jnp.arange(len(a)) < width, 1 / jnp.sqrt(1.0 * width), 0.0)

    def network(theta):
        return Dense((theta[1][:, None], (scale * theta[0])[None, :]), (theta[2], None), jax.scipy.special.erf)

    def values(a):
        way = gradient_flow(network, jnp.stack([a, w, b]), LOSS, TIMES, steps=16, tolerance=1e-3)
        return jax.vmap(lambda theta: jax.vmap(network(theta))(PLACES[:, None]))(way)

    return jnp.stack([values(a), values(-a)])


def limits(tangent):
    """Mean and covariance at infinite width, shape (time, place) and (time, pair)."""
    kernels = [one(POINTS[:, None], POINTS, 1.0, 1.0) for one in (erf_kernel, tangent)]
    found = [trained_moments(*kernels, LOSS.values, time) for time in TIMES]
    return np.stack([one.mean for one in found]), np.stack([one.covariance[np.triu_indices(2)] for one in found])


def test_extrapolated_networks_follow_the_tangent_kernel(key):
    keys = jax.random.split(key, (len(WIDTHS), PAIRS))
    draws = np.asarray(jax.jit(jax.vmap(jax.vmap(trained, (0, None))))(keys, WIDTHS))
    # The first order of the start is gone from the mean of a pair.
    means, products = draws.mean(axis=2), np.mean(draws[..., [0, 0, 1]] * draws[..., [0, 1, 1]], axis=2)
    apart = products - means[..., [0, 0, 1]] * means.mean(axis=1, keepdims=True)[..., [0, 1, 1]]
    fit = np.linalg.pinv(np.stack([np.ones(3), 1 / WIDTHS], axis=1))[0]

    def pulls(series, known):
        error = np.std(series, axis=1) / np.sqrt(PAIRS)
        return np.abs(np.tensordot(fit, series.mean(axis=1), 1) - known) / np.sqrt(np.tensordot(fit**2, error**2, 1))

    mean, covariance = limits(erf_tangent_kernel)
    assert np.max(pulls(means, mean)) < ACCEPTED
    assert np.max(pulls(apart, covariance)) < ACCEPTED
    # Controls: the posterior, of the kernel; and, at the last time, that of whatever time.
    posterior = limits(erf_kernel)[0]
    assert np.min(np.max(pulls(means, posterior), axis=1)) > REJECTED
    kernel = erf_kernel(POINTS[:, None], POINTS, 1.0, 1.0)
    late = trained_moments(kernel, kernel, LOSS.values, np.inf).mean
    assert np.max(pulls(means, late)[-1]) > REJECTED
