"""Gauss- and ReLU-nets, and deep networks: kernels and connected functions against tables and other rules."""

import math
from itertools import product

import numpy as np
import pytest
from normal_rule import normal_rule
from scipy import special

from nnft_ppl.exact import (
    deep_kernel,
    deep_kurtosis,
    gauss_connected,
    network_cumulant,
    pointwise_kernel,
    relu_connected,
    relu_kernel,
)

HALF, SLIGHT = math.sqrt(0.5), math.sqrt(0.05)
APART = np.array([-0.3, -0.1, 0.1, 0.3])


def from_hidden(hidden, weights, width, scale=1.0):
    """Connected function of a Gaussian read-out of these hidden values, from their moments by a rule."""

    def moment(chosen):
        if len(chosen) % 2:
            return 0.0
        mean = np.prod([hidden[one] for one in chosen], axis=0) @ weights
        return scale ** len(chosen) * special.factorial2(len(chosen) - 1) * mean

    return network_cumulant(moment, len(hidden), width)


@pytest.mark.parametrize(
    ("points", "sigma_b", "value"),
    [
        ([0.3] * 4, SLIGHT, 1.3868537683),
        (APART, SLIGHT, 0.5073603165),
        (APART + 0.3, SLIGHT, 1.1612369993),
        (APART + 1, SLIGHT, 21.6903573000),
        (APART, 0.0, -0.0936401836),
        (APART + 1, 0.0, 17.2495308891),
        ([0.3] * 6, SLIGHT, 11.09871895),
    ],
)
def test_gauss_net_table(points, sigma_b, value):
    for width in (1, 3):
        found = width ** (len(points) // 2 - 1) * gauss_connected(points, width, HALF, sigma_b)
        assert found == pytest.approx(value, abs=1e-8 if len(points) == 6 else 1e-9)
    # What no number of draws gives, a rule does.
    (w, b), weights = normal_rule(60, 2)
    hidden = [np.exp(HALF * x * w + sigma_b * b - sigma_b**2 - x**2 / 2) for x in points]
    assert from_hidden(hidden, weights, 1) == pytest.approx(value, rel=1e-8)


@pytest.mark.parametrize(("sigma_w", "sigma_b"), [(0.5, 0.2), (0.8, 0.0), (1.1, 0.3)])
def test_gauss_net_of_other_laws_in_the_plane(sigma_w, sigma_b, rng):
    points = rng.normal(size=(4, 2)) / 2
    (v, w, b), weights = normal_rule(30, 3)
    slope = sigma_w / math.sqrt(2)
    hidden = [
        np.exp(slope * (x * v + y * w) + sigma_b * b - sigma_b**2 - slope**2 * (x * x + y * y)) for x, y in points
    ]
    assert gauss_connected(points, 5, sigma_w, sigma_b) == pytest.approx(from_hidden(hidden, weights, 5), rel=1e-7)
    kernel = np.exp(-(slope**2) * np.sum((points[0] - points[1]) ** 2) / 2)
    assert gauss_connected(points[:2], 5, sigma_w, sigma_b) == pytest.approx(kernel, rel=1e-13)
    # Control: of two points it is stationary, of four it is not, unlike that of cosines.
    assert gauss_connected(points[:2] + 1, 5, sigma_w, sigma_b) == pytest.approx(kernel, rel=1e-13)
    assert abs(gauss_connected(points + 1, 5, sigma_w, sigma_b) / gauss_connected(points, 5, sigma_w, sigma_b) - 1) > 1


@pytest.mark.parametrize("width", [2, 3, 4])
def test_relu_cumulants_are_15_and_660_of_the_two_point_function(width):
    for x, sigma_w, leak in product((0.3, 1.0), (1.0, 0.7), (0.0, 0.5)):
        two, four, six = (relu_connected([x] * n, width, sigma_w, leak=leak) for n in (2, 4, 6))
        wanted = (width * four / two**2, width**2 * six / two**3)
        if leak == 0:
            assert wanted == pytest.approx((15, 660), rel=1e-11)
        else:  # control
            assert abs(wanted[0] - 15) > 1


def test_relu_tables():
    plane = np.array([(0.5, 0.5), (0.5, 1), (1, 0.5), (1, 1)])
    assert relu_connected(plane[[0, 3]], 1, 1.0) == pytest.approx(0.25, abs=1e-10)
    assert relu_connected(plane[[1, 2]], 1, 1.0) == pytest.approx(0.2584749125, abs=1e-10)
    assert relu_connected(plane, 1, 1.0) == pytest.approx(1.01349652, abs=5e-9)
    pairs = [[(0, 1), (2, 3)], [(0, 2), (1, 3)], [(0, 3), (1, 2)]]
    wick = sum(math.prod(relu_connected(plane[list(pair)], 1, 1.0) for pair in two) for two in pairs)
    assert (relu_connected(plane, 1, 1.0) + wick) / 3 == pytest.approx(0.4065930345, abs=1e-10)  # E[hhhh]
    crossed = [(1, 0), (1, 0), (0, 1), (0, 1)]
    assert relu_connected(crossed, 1, 1.0) == pytest.approx(0.1123348520, abs=1e-10)
    assert relu_connected([1.0, -1.0], 1, 1.0) == 0.0
    assert relu_connected([0.3, 0.4, 0.5, 0.6], 7, 1.3) == pytest.approx(15 / 4 * 1.3**8 * 0.036 / 7, rel=1e-12)


@pytest.mark.parametrize(("sigma_w", "sigma_b", "leak"), [(0.8, 0.5, 0.0), (1.3, 0.2, 0.0), (1.0, 1.0, 0.3)])
def test_relu_with_a_bias_by_a_uniform_rule(sigma_w, sigma_b, leak):
    points = np.array([0.4, 1.0, -0.7, 0.9])
    angle = 2 * np.pi * (np.arange(200_000) + 0.5) / 200_000
    waves = [sigma_w * x * np.cos(angle) + sigma_b * np.sin(angle) for x in points]
    values = [np.where(wave > 0, wave, leak * wave) for wave in waves]

    def moment(chosen):
        count = len(chosen)
        radial = 2 ** (count / 2) * math.gamma(count / 2 + 1)
        mean = radial * np.mean(np.prod([values[one] for one in chosen], axis=0))
        return 0.0 if count % 2 else sigma_w**count * special.factorial2(count - 1) * mean

    found = relu_connected(points, 3, sigma_w, sigma_b, leak)
    assert found == pytest.approx(network_cumulant(moment, 4, 3), rel=1e-8)
    k = sigma_b**2 + sigma_w**2 * np.multiply.outer(points, points)
    if leak == 0:
        two = sigma_w**2 * relu_kernel(k[0, 2], k[0, 0], k[2, 2])
        assert relu_connected(points[[0, 2]], 3, sigma_w, sigma_b) == pytest.approx(float(two), rel=1e-12)
        assert relu_kernel(k[0, 0], k[0, 0], k[0, 0]) == pytest.approx(k[0, 0] / 2)


def test_deep_kernel_tables():
    erf = {
        1: (1.5903344706, 1.2673505337, 1.0),
        2: (1.5503901453, 1.4291644690, 1.3175606199),
        3: (1.5458380890, 1.4930953042, 1.4442804078),
        5: (1.5452492333, 1.5338777906, 1.5236493434),
        60: (1.5452411816,) * 3,
    }
    for depth, row in erf.items():
        found = deep_kernel("erf", [[-1.0], [0.2], [1.0]], depth, 1.0, 1.0)
        np.testing.assert_allclose(found[0], row, atol=2e-10)
    assert deep_kernel("erf", [[0.2]], 1, 1.0, 1.0)[0, 0] == pytest.approx(1.4719929798, abs=1e-10)
    relu = {1: (0.6775475678, 1 / math.pi), 2: (0.7334337858, 0.4937310902), 3: (0.7753124348, 0.6048257201)}
    relu[5] = (0.8332166240, 0.7359463506)
    for depth, row in relu.items():
        found = deep_kernel("relu", [(1, 0), (0.6, 0.8), (0, 1)], depth, math.sqrt(2), 0.0)
        np.testing.assert_allclose(found[0], (1.0, *row), atol=1e-10)
    # Control: a kernel with another slope has another fixed point.
    assert abs(deep_kernel("erf", [[1.0]], 60, 1.1, 1.0)[0, 0] - 1.5452411816) > 0.1


@pytest.mark.parametrize(("sigma_w", "sigma_b"), [(0.7, 0.4), (1.3, 0.2), (1.6, 0.9)])
@pytest.mark.parametrize("activation", ["erf", "relu"])
def test_deep_kernel_by_another_recursion(activation, sigma_w, sigma_b):
    # Two points of one size keep one variance, for which the kernel of one activation is known elsewhere.
    points = np.array([[0.6, 0.8], [1.0, 0.0]])
    size, mixed = sigma_b**2 + sigma_w**2 / 2, sigma_b**2 + sigma_w**2 * 0.6 / 2
    for _ in range(4):
        size, mixed = (
            sigma_b**2 + sigma_w**2 * float(pointwise_kernel(activation, one / size, size)) for one in (size, mixed)
        )
    found = deep_kernel(activation, points, 4, sigma_w, sigma_b)
    np.testing.assert_allclose(found, [[size, mixed], [mixed, size]], rtol=1e-12)


def test_deep_kurtosis():
    assert deep_kurtosis("relu", [8]) / 3 == pytest.approx(1.625)
    assert deep_kurtosis("relu", [8] * 3) / 3 == pytest.approx(4.291015625)
    assert deep_kurtosis("linear", [8] * 3) / 3 == pytest.approx(1.953125)
    assert deep_kurtosis("relu", [16] * 3) / 3 == pytest.approx(2.260986, abs=5e-7)
    assert deep_kurtosis("linear", [16] * 3) / 3 == pytest.approx(1.423828, abs=5e-7)
    # One layer has the neurons' fourth cumulant.
    two, four = (relu_connected([0.4] * n, 6, 1.2) for n in (2, 4))
    assert deep_kurtosis("relu", [6]) == pytest.approx(3 + four / two**2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gauss_connected([0.0] * 3, 1, 1.0, 1.0), r"points have shape \(3,\); give 2, 4, 6 or 8 points"),
        (lambda: relu_connected(np.eye(3)[[0, 1, 2, 2]], 1, 1.0), "points and bias span 3 dimensions; give points on"),
        (lambda: relu_kernel(0.1, -1.0, 1.0), "relu_kernel: a variance is negative"),
        (lambda: deep_kernel("tanh", [[1.0]], 1, 1.0, 1.0), "activation = 'tanh'; give one of 'relu'"),
        (lambda: deep_kernel("erf", [1.0], 1, 1.0, 1.0), r"points have shape \(1,\); give shape \(point, dim\)"),
        (lambda: deep_kurtosis("erf", [1]), "activation = 'erf'; give one of 'relu', 'linear'|'relu' or 'linear'"),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
