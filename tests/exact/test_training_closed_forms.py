"""Trained networks of infinite width: tables of mean and covariance, descent, and the first correction in 1/N."""

import math

import numpy as np
import pytest
from scipy import special
from statistical import ACCEPTED, REJECTED, sigmas

from nnft_ppl.exact import (
    erf_kernel,
    erf_last_layer_moments,
    erf_last_layer_series,
    erf_last_layer_slope,
    erf_tangent_kernel,
    trained_moments,
)

POINTS, VALUES = np.array([0.2, 2.0, -1.0, 0.5]), np.array([0.8, -0.4])
KERNEL = erf_kernel(POINTS[:, None], POINTS, 1.0, 1.0)
TANGENT = erf_tangent_kernel(POINTS[:, None], POINTS)
# Time, mean at .2 and 2; variance at .2, covariance, variance at 2.
LAST = [
    (0.0, 0.0, 0.0, 0.47199298, 0.31948578, 0.72644470),
    (1.0, 0.00050303, -0.26880747, 0.14772091, 0.11536515, 0.41362295),
    (2.0, -0.02499403, -0.45786599, 0.05581431, 0.03685957, 0.27404212),
    (5.0, -0.10273911, -0.74253349, 0.01416751, -0.01564299, 0.16905534),
    (math.inf, -0.15646398, -0.87610213, 0.01157670, -0.02077122, 0.15793321),
]
ALL = [
    (0.5, -0.01661362, -0.27422275, 0.13425855, 0.09982512, 0.40203287),
    (1.0, -0.05559098, -0.45076963, 0.04818635, 0.02499072, 0.27112731),
    (2.0, -0.12076860, -0.63399816, 0.01603895, -0.01352249, 0.19100669),
    (math.inf, -0.17858368, -0.75224562, 0.01218619, -0.02231379, 0.16612498),
]


@pytest.mark.parametrize(("tangent", "rows"), [(KERNEL, LAST), (TANGENT, ALL)], ids=["last", "all"])
def test_tables_of_training(tangent, rows):
    for time, *known in rows:
        found = trained_moments(KERNEL, tangent, VALUES, time)
        np.testing.assert_allclose([*found.mean, *found.covariance[np.triu_indices(2)]], known, atol=6e-9)
        np.testing.assert_allclose(found.covariance, found.covariance.T, atol=1e-15)


def test_rates_at_the_data():
    np.testing.assert_allclose(np.linalg.eigvalsh(KERNEL[2:, 2:]), [0.38913146, 0.70769958], atol=6e-9)
    np.testing.assert_allclose(np.linalg.eigvalsh(TANGENT[2:, 2:]), [0.95659387, 1.63881087], atol=6e-9)


def test_the_tangent_kernel_is_an_average_over_neurons():
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    plane = np.multiply.outer(weights, weights) / (2 * math.pi)
    x, y, sigma_w, sigma_b = 0.7, -1.3, 0.8, 0.5

    def hidden(at):
        return sigma_w * at * nodes[:, None] + sigma_b * nodes

    slopes = 4 / math.pi * np.exp(-(hidden(x) ** 2) - hidden(y) ** 2)
    inside = (sigma_b**2 + sigma_w**2 * x * y) * np.sum(plane * slopes)
    outside = np.sum(plane * special.erf(hidden(x)) * special.erf(hidden(y)))
    assert erf_tangent_kernel(x, y, sigma_w, sigma_b) == pytest.approx(outside + inside, abs=1e-12)


def test_descent_by_steps_one_by_one():
    step, number = 0.4, 7
    mean, seen = np.zeros(4), np.eye(4)
    for _ in range(number):
        mean = mean - step * TANGENT[:, 2:] @ (mean[2:] - VALUES)
        seen = seen - step * TANGENT[:, 2:] @ seen[2:]
    found = trained_moments(KERNEL, TANGENT, VALUES, step * number, step)
    np.testing.assert_allclose(found.mean, mean[:2], atol=1e-13)
    np.testing.assert_allclose(found.covariance, (seen @ KERNEL @ seen.T)[:2, :2], atol=1e-13)
    flow = trained_moments(KERNEL, TANGENT, VALUES, step * number)
    assert abs(flow.mean[1] - mean[1]) > 1e-3  # control: steps are no flow


def test_what_is_never_learned():
    # Two data at one point: their difference has the rate 0 and stays.
    every = np.array([0.2, 0.5, 0.5])
    kernel = erf_kernel(every[:, None], every, 1.0, 1.0)
    found = trained_moments(kernel, kernel, [1.0, 1.0], 2.0)
    once = trained_moments(kernel[:2, :2], kernel[:2, :2], [1.0], 4.0)
    np.testing.assert_allclose(found.mean, once.mean, rtol=1e-12)


def test_the_first_correction_on_networks_of_forty_neurons(rng):
    time, width, number = 2.0, 40, 20_000
    weight, bias = rng.standard_normal((2, number, width), dtype=np.float32)
    neuron = special.erf(weight[..., None] * POINTS.astype(np.float32) + bias[..., None])
    kernels = np.einsum("nia,nib->nab", neuron, neuron) / width
    rates, modes = np.linalg.eigh(kernels[:, 2:, 2:])
    a = np.einsum("npa,nab,nb,ncb->npc", kernels[:, :2, 2:], modes, -np.expm1(-rates * time) / rates, modes)
    means = a @ VALUES
    seen = np.concatenate([np.broadcast_to(np.eye(2), a.shape), -a], axis=2)
    apart = means - means.mean(axis=0)
    covariances = seen @ kernels @ seen.transpose(0, 2, 1) + apart[:, :, None] * apart[:, None, :]
    limit, slope = (
        trained_moments(KERNEL, KERNEL, VALUES, time), erf_last_layer_slope(POINTS[:2], POINTS[2:], VALUES, time)
    )  # fmt: skip
    rejected = []
    for series, known, more in [
        (means[:, 1], limit.mean[1], slope.mean[1]),
        (covariances[:, 0, 0], limit.covariance[0, 0], slope.covariance[0, 0]),
        (covariances[:, 0, 1], limit.covariance[0, 1], slope.covariance[0, 1]),
        (covariances[:, 1, 1], limit.covariance[1, 1], slope.covariance[1, 1]),
    ]:
        assert sigmas(series, known + more / width) < ACCEPTED
        rejected.append(sigmas(series, known))
    assert max(rejected) > REJECTED  # control: the limit alone


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((KERNEL, TANGENT[:3, :3], VALUES, 1.0), r"shapes \(4, 4\), \(3, 3\) and \(2,\); give two of"),
        ((KERNEL, TANGENT, np.ones(5), 1.0), "whose last points are the data"),
        ((KERNEL, TANGENT, VALUES, -1.0), "time = -1.0; give a number >= 0"),
        ((KERNEL, TANGENT, VALUES, 1.0, -0.1), "step = -0.1; give a finite number >= 0"),
        ((KERNEL, TANGENT, VALUES, 1.0, 0.3), "time = 1.0 is no whole number of steps of 0.3"),
        ((KERNEL, TANGENT, VALUES, math.inf, 0.3), "time = inf is no whole number of steps"),
        ((KERNEL, TANGENT, [0.1, math.nan], 1.0), "values"),
    ],
)
def test_mistakes_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        trained_moments(*arguments)


@pytest.mark.parametrize(
    ("width", "time", "entry", "right", "error"),
    [(8, 1.34, (0, 0), 0.10229, 6e-5), (8, 8.45, (0, 1), -0.01754, 5e-5), (8, np.inf, (1, 1), 0.1845, 6e-4)],
)
def test_the_truncation_bounds_what_lies_beyond_or_nothing_is_known(width, time, entry, right, error):
    """Right: 200 000 networks, each by its own kernel. A slope that crosses zero would bound nothing."""
    found, beyond = erf_last_layer_moments(width, [0.2, 2.0], [-1.0, 0.5], [0.8, -0.4], time)
    assert np.isnan(found.covariance).all() == (time > 2)
    if time < 2:
        assert abs(found.covariance[entry] - right) < beyond.covariance[entry] + 5 * error
    series = erf_last_layer_series([0.2, 2.0], [-1.0, 0.5], [0.8, -0.4], time)
    line = series.limit.covariance[entry] + series.first.covariance[entry] / width
    assert abs(line - right) > 4 * abs(series.first.covariance[entry]) / width**2 + 5 * error  # control: its slope


def test_steep_neurons_take_more_nodes_or_are_refused():
    data = [-1.0, 0.5], [0.8, -0.4], 2.0
    far = erf_last_layer_slope([10.0, -10.0], *data).covariance
    np.testing.assert_allclose(far[[0, 0, 1], [0, 1, 1]], [-0.4709, 0.3229, -0.4240], atol=6e-5)
    np.testing.assert_allclose(erf_last_layer_slope([5.0, -5.0], *data).covariance[0, 0], -0.3897, atol=6e-5)
    with pytest.raises(ValueError, match=r"erf_last_layer_slope: averages with .* give smaller points"):
        erf_last_layer_slope([0.2], *data, sigma_w=1e4)


def test_coincident_data_in_infinite_time():
    points, values = np.array([0.2, 2.0, -1.0, -1.0, 0.5]), [0.8, 0.4, -0.4]
    kernel = erf_kernel(points[:, None], points, 1.0, 1.0)
    late, last = (trained_moments(kernel, kernel, values, time) for time in (1e8, np.inf))
    np.testing.assert_allclose(last.mean, [-0.20264, -0.76238], atol=5e-6)
    np.testing.assert_allclose(last.covariance, late.covariance, atol=1e-9)
    slopes = [erf_last_layer_slope(points[:2], points[2:], values, time).mean for time in (1e6, np.inf)]
    np.testing.assert_allclose(slopes[1], slopes[0], atol=1e-6)
    nothing = trained_moments(np.eye(3), np.zeros((3, 3)), [1.0, 2.0], np.inf)
    assert (nothing.mean, nothing.covariance) == (0.0, 1.0)
