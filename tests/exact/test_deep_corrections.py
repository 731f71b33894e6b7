"""Corrections in the inverse width to the two-point function of deep networks: tables, other rules, drawn layers."""

import math

import numpy as np
import pytest
from scipy import special

from nnft_ppl.exact import deep_kernel, deep_width_correction, pointwise_kernel

PLACES = np.array([(1.0, 0.0), (0.6, 0.8), (0.0, 1.0)])


def test_table_and_what_has_no_correction():
    assert deep_width_correction("erf", [[1.0]], 2, 1.0, 1.0)[0, 0] == pytest.approx(-0.00561025, abs=5e-9)
    relu = deep_width_correction("relu", [*PLACES, 2 * PLACES[0]], 3, math.sqrt(2), 0.0)
    np.testing.assert_allclose([relu[0, 0], relu[0, 3]], 0.0, atol=1e-12)  # at one point, and along a ray
    assert relu[0, 1] < -0.1  # control: that of different directions
    for activation, depth in (("linear", 4), ("erf", 1), ("relu", 1), ("erf", 0)):
        np.testing.assert_allclose(deep_width_correction(activation, PLACES, depth, 1.2, 0.4), 0.0, atol=1e-12)


@pytest.mark.parametrize(("place", "sigma_w", "sigma_b"), [(0.5, 1.4, 0.6), (1.0, 0.8, 0.3), (2.0, 1.1, 1.0)])
def test_two_layers_of_erf_by_differences_of_the_kernel(place, sigma_w, sigma_b):
    z = np.arange(-9.0, 9.01, 0.02)
    weights = 0.02 * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    start, middle = (float(deep_kernel("erf", [[place]], depth, sigma_w, sigma_b)[0, 0]) for depth in (0, 1))
    squares = sigma_w**2 * special.erf(math.sqrt(start) * z) ** 2
    variance = weights @ squares**2 - (weights @ squares) ** 2
    kernel = [sigma_w**2 * pointwise_kernel("erf", 1.0, middle + step) for step in (-1e-3, 0.0, 1e-3)]
    curvature = (kernel[0] - 2 * kernel[1] + kernel[2]) / 1e-6
    found = deep_width_correction("erf", [[place]], 2, sigma_w, sigma_b)[0, 0]
    assert found == pytest.approx(float(variance * curvature / 2), rel=1e-4)


@pytest.mark.parametrize(
    ("activation", "sigma_w", "sigma_b"), [("erf", 1.3, 0.4), ("relu", 1.4, 0.2), ("relu", math.sqrt(2), 0.0)]
)
def test_two_layers_at_two_points_by_drawn_neurons(activation, sigma_w, sigma_b, rng):
    """½ f'':C by draws of a neuron, along which f'' is a difference: E[f(K + εd) + f(K − εd) − 2f(K)]/2ε²."""
    a, b = PLACES[:2]
    (start, kernel), weight = (deep_kernel(activation, [a, b], depth, sigma_w, sigma_b) for depth in (0, 1)), sigma_w**2
    z = np.linalg.cholesky(start) @ rng.normal(size=(2, 100_000))
    h = np.maximum(z, 0) if activation == "relu" else special.erf(z)
    step = 1e-3 * (sigma_b**2 + weight * np.einsum("an,bn->nab", h, h) - kernel)

    def mixed(k):
        size = np.sqrt(k[:, 0, 0] * k[:, 1, 1])
        if activation == "relu":
            angle = np.arccos(k[:, 0, 1] / size)
            return weight * size * (np.sin(angle) + (np.pi - angle) * np.cos(angle)) / (2 * np.pi)
        return weight * 2 / np.pi * np.arcsin(2 * k[:, 0, 1] / np.sqrt((1 + 2 * k[:, 0, 0]) * (1 + 2 * k[:, 1, 1])))

    series = (mixed(kernel + step) + mixed(kernel - step) - 2 * mixed(kernel[None])) / 2e-6
    error = np.std(series) / math.sqrt(len(series))
    exact = deep_width_correction(activation, [a, b], 2, sigma_w, sigma_b)[0, 1]
    assert abs(np.mean(series) - exact) < 5 * error
    assert abs(np.mean(series) - exact / 2) > 6 * error  # control


def drawn_kernel(activation, depth, width, sigma_w, sigma_b, draws, rng):
    """The covariance that a network of finite layers has given all but its read-out, of x = (1, 0) and (0, 1)."""
    start = sigma_b**2 + sigma_w**2 * PLACES[[0, 2]] @ PLACES[[0, 2]].T / 2
    kernel = np.broadcast_to(start, (draws, 2, 2))
    for _ in range(depth):
        z = np.linalg.cholesky(kernel + 1e-12 * np.eye(2)) @ rng.normal(size=(draws, 2, width))
        h = np.maximum(z, 0) if activation == "relu" else special.erf(z)
        kernel = sigma_b**2 + sigma_w**2 / width * h @ h.transpose(0, 2, 1)
    return kernel


def test_three_rectified_layers_at_finite_widths(rng):
    width, law = 16, (3, math.sqrt(2), 0.0)
    depth, sigma_w, sigma_b = law
    drawn = drawn_kernel("relu", depth, width, sigma_w, sigma_b, 40_000, rng)
    limit = deep_kernel("relu", PLACES, *law)[0]
    # (K_xx + K_zz)/2 has the mean 1 at every width and fluctuates along.
    along = (drawn[:, 0, 0] + drawn[:, 1, 1]) / 2 - 1
    slope = np.cov(drawn[:, 0, 1], along)[0, 1] / np.var(along)
    series = drawn[:, 0, 1] - slope * along - limit[2]
    error = np.std(series) / math.sqrt(len(series))
    first = deep_width_correction("relu", PLACES, *law)[0, 2] / width
    assert abs(np.mean(series) - first) < 5 * error + depth * abs(first) / width
    assert abs(np.mean(series)) > 6 * error + depth * abs(first) / width  # control: the recursion alone


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: deep_width_correction("tanh", [[1.0]], 2, 1.0, 1.0), "activation = 'tanh'; give one of 'relu'"),
        (lambda: deep_width_correction("erf", [[1.0]], -1, 1.0, 1.0), "depth = -1; give an integer >= 0"),
        (lambda: deep_width_correction("erf", [[1.0]], 2, 0.0, 1.0), "sigma_w = 0.0; give a finite number > 0"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("activation", ["relu", "erf"])
def test_where_the_field_is_zero(activation):
    found = deep_width_correction(activation, [[0.0, 0.0], [1.0, 0.0]], 3, 1.4, 0.0)
    np.testing.assert_array_equal([found[0, 0], found[0, 1]], 0.0)
    beside = deep_width_correction("erf", [[1e-6, 0.0], [1.0, 0.0]], 3, 1.4, 0.0)
    if activation == "erf":
        np.testing.assert_allclose(found, beside, atol=1e-5)
        assert found[1, 1] != 0  # control
