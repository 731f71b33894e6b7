"""Reflection positivity in closed form: numbers of kernels, waves at any width, and functions of a Gaussian process."""

import math
from itertools import product

import numpy as np
import pytest
from scipy import integrate, special

from nnft_ppl.exact import (
    POINTWISE,
    composite_positivity,
    energy_propagator,
    hermite_weights,
    lowest,
    network_moment,
    pointwise_kernel,
    time_kernel,
    wave_moment,
)

FUNCTIONS = {
    "linear": lambda u: u,
    "square": np.square,
    "cube": lambda u: u**3,
    "sin": np.sin,
    "erf": special.erf,
    "relu": lambda u: np.maximum(u, 0),
    "tanh": np.tanh,
}


def test_known_numbers_of_pointwise_functions():
    r = np.exp(-0.7)
    known = {"cube": 5.204006, "sin": 0.1902848, "erf": 0.2148104, "relu": 0.3033617}
    for name, number in known.items():
        assert float(pointwise_kernel(name, r)) == pytest.approx(number, abs=5e-7)
    # Of the process of variance ½ with weight 2: .5903344706, .1901753341 and .0690610670 at t = 0, 1, 2.
    found = pointwise_kernel("erf", np.exp([0.0, -1.0, -2.0]), 2.0)
    np.testing.assert_allclose(found, [0.5903344706, 0.1901753341, 0.0690610670], atol=5e-11)
    np.testing.assert_allclose(
        hermite_weights(special.erf, 6, 2.0)[1::2], [0.50929582, 0.05432489, 0.01564557], atol=1e-8
    )
    np.testing.assert_allclose(hermite_weights(special.erf, 4)[1::2], [0.4244, 0.0314], atol=5e-5)


@pytest.mark.parametrize("name", POINTWISE)
@pytest.mark.parametrize(("correlation", "variance"), [(0.5, 1.0), (0.93, 0.3), (-0.4, 2.2)])
def test_pointwise_functions_by_quadrature(name, correlation, variance):
    """In the angle between u and u', where a kink of the function is a line through 0; and by their levels."""
    rule = np.polynomial.legendre.leggauss(60)
    turn = np.arctan2(-correlation, np.sqrt(1 - correlation**2)) % np.pi
    edges = np.sort([turn, turn + np.pi, *(np.pi / 2 * np.arange(5))])
    half, middle = np.diff(edges)[:, None] / 2, (edges[1:] + edges[:-1])[:, None] / 2
    angles, turns = (middle + half * rule[0]).ravel(), (half * rule[1]).ravel()
    radius, weight = 4.6 * (rule[0] + 1), 4.6 * rule[1]
    weight = weight * radius * np.exp(-(radius**2) / 2) / (2 * np.pi)
    first = np.cos(angles)
    second = correlation * np.cos(angles) + np.sqrt(1 - correlation**2) * np.sin(angles)
    values = [FUNCTIONS[name](variance**0.5 * np.outer(radius, leg)) for leg in (first, second)]
    found = float(pointwise_kernel(name, correlation, variance))
    assert found == pytest.approx(weight @ (values[0] * values[1]) @ turns, abs=1e-9)
    if name != "relu":
        levels = hermite_weights(FUNCTIONS[name], 64, variance) @ correlation ** np.arange(64)
        assert found == pytest.approx(levels, abs=1e-6 if correlation < 0.9 else 1e-4)


@pytest.mark.parametrize("width", [1, 2, 3])
def test_moments_of_a_network_by_all_ways_to_fall_on_neurons(width):
    moments = {1: 0.3, 2: 1.1, 3: -0.4, 4: 2.5}

    def moment(chosen):
        return moments[len(chosen)] * (1 + 0.1 * sum(chosen))

    total = 0.0
    for neurons in product(range(width), repeat=4):
        blocks = [tuple(at for at in range(4) if neurons[at] == one) for one in range(width)]
        total += math.prod(moment(block) for block in blocks if block)
    assert network_moment(moment, 4, width) == pytest.approx(total / width**2, rel=1e-12)


def test_infinitely_many_neurons_are_gaussian():
    def covariance(chosen):
        return 1.0 + sum(chosen) if len(chosen) == 2 else 7.0 * (len(chosen) == 4)

    pairs = covariance((0, 1)) * covariance((2, 3)) + covariance((0, 2)) * covariance((1, 3))
    pairs += covariance((0, 3)) * covariance((1, 2))
    assert network_moment(covariance, 4, math.inf) == pytest.approx(pairs)
    near = network_moment(covariance, 4, 10**7)
    assert near == pytest.approx(pairs, rel=1e-5)
    assert near != pairs


def test_finite_width_breaks_reflection_positivity():
    """{φ(t_3), φ(.05)² φ(t_3)}: the trend in N; the two-point function is positive at every N."""
    matrix = composite_positivity([0.05, 0.05, 2.0], 1, 1, 1.0)
    np.testing.assert_allclose(matrix, [[0.009158, 0.117684], [0.117684, 0.116562]], atol=6e-7)
    known = {1: -0.066498, 2: -0.0205, 4: -0.00694, 16: 0.00069, math.inf: 0.00269}
    for width, value in known.items():
        found = lowest(composite_positivity([0.05, 0.05, 2.0], width, 1, 1.0)).value
        assert found == pytest.approx(value, abs=5e-5 if width == 2 else 6e-6)
    assert lowest(composite_positivity([0.05, 0.05, 4.0], 256, 1, 1.0)).value == pytest.approx(-7.5e-5, abs=6e-7)
    assert lowest(composite_positivity([0.05, 0.05, 4.0], math.inf, 1, 1.0)).value == pytest.approx(4.9e-5, abs=6e-7)
    vector = lowest(matrix).vector
    np.testing.assert_allclose(vector, [0.8412, -0.5408], atol=5e-5)


@pytest.mark.parametrize(
    ("dim", "mass", "cutoff", "time", "distance"),
    [(1, 0.7, 1.0, 0.9, 0.0), (2, 1.0, 4.0, 0.5, 0.3), (3, 0.6, 3.0, 1.1, 0.8), (4, 1.4, 5.0, 0.2, 0.5)],
)
def test_waves_by_quadrature(dim, mass, cutoff, time, distance):
    """Both momenta of the propagator by adaptive rules, and the mean of four fields at one width."""

    def over_space(function):
        if dim == 1:
            return function(0.0)
        area = {2: 1 / np.pi, 3: 1 / (2 * np.pi), 4: 1 / (2 * np.pi**2)}[dim]
        return area * integrate.quad(lambda p: p ** (dim - 2) * function(p), 0, cutoff, epsabs=1e-12)[0]

    wave = {1: lambda x: 1.0, 2: np.cos, 3: special.j0, 4: lambda x: np.sin(x) / x if x else 1.0}[dim]

    def over_frequency(p):
        law = {"weight": "cos", "wvar": time}
        return integrate.quad(lambda k: 1 / np.pi / (k**2 + p**2 + mass**2), 0, np.inf, **law)[0] * wave(p * distance)

    found = float(energy_propagator(time, dim, mass, cutoff, distance))
    assert found == pytest.approx(over_space(over_frequency), abs=1e-7)

    def pair(t):
        return float(energy_propagator(t, dim, mass, cutoff))

    assert wave_moment([0.0, time], 5, dim, mass, cutoff) == pytest.approx(pair(time), rel=1e-12)
    at = np.array([0.1, 0.4, -0.3, time])
    signs = [np.array(s) for s in product([1, -1], repeat=4) if sum(s) == 0]
    volume = over_space(lambda p: 1.0)

    def one_wave(p):
        energy = np.hypot(p, mass)
        return sum(np.exp(-energy * abs(s @ at)) for s in signs) / 16 / energy**2

    pairs = [((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2))]
    gaussian = sum(pair(at[a] - at[b]) * pair(at[c] - at[d]) for (a, b), (c, d) in pairs)
    expected = volume * over_space(one_wave) / 5 + (1 - 1 / 5) * gaussian
    assert wave_moment(at, 5, dim, mass, cutoff) == pytest.approx(expected, rel=1e-9)


def test_without_a_cutoff_in_space_it_is_the_free_propagator():
    found = float(energy_propagator(0.5, 2, 1.0, 400.0, 0.3))
    assert found == pytest.approx(special.k0(np.hypot(0.5, 0.3)) / (2 * np.pi), rel=1e-10)


@pytest.mark.parametrize(
    ("kernel", "four", "two"),
    [
        ("exponential", 0.0, 0.0),
        ("gaussian", -0.09889, -0.01821),
        ("matern32", -0.06375, -0.01920),
        ("matern52", -0.1109, -0.0360),
        ("pauli_villars", -0.00898, -0.00191),
    ],
)
def test_kernels_at_mirrored_times(kernel, four, two):
    for times, value in (((0.25, 0.75, 1.5, 2.5), four), ((0.5, 1.5), two)):
        found = lowest(time_kernel(kernel, np.add.outer(times, times))).value
        assert found == pytest.approx(value, abs=6e-5 if kernel == "matern52" else 6e-6)


def test_lowest_is_an_eigenvector():
    matrix = np.array([[2.0, -1.0, 0.3], [-1.0, 1.0, 0.2], [0.3, 0.2, -0.5]])
    value, vector = lowest(matrix)
    np.testing.assert_allclose(matrix @ vector, value * vector, atol=1e-14)
    assert vector[np.argmax(np.abs(vector))] > 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pointwise_kernel("gelu", 0.5), "activation = 'gelu'; give one of 'linear'"),
        (lambda: pointwise_kernel("erf", 1.5), "correlation = 1.5; give numbers from -1 to 1"),
        (lambda: pointwise_kernel("erf", 0.5, -1.0), "variance = -1.0; give a finite number > 0"),
        (lambda: hermite_weights(np.tanh, 65), "states = 65"),
        (lambda: network_moment(lambda chosen: 1.0, 11, 2), "factors = 11"),
        (lambda: network_moment(lambda chosen: 1.0, 2, 0), "width = 0"),
        (lambda: energy_propagator(1.0, 1, 1.0, 1.0, 0.5), "distance = 0.5, where dim = 1 has no space; give 0"),
        (lambda: composite_positivity([0.1, -0.1, 1.0], 1, 1, 1.0), "give three times > 0"),
        (lambda: time_kernel("matern", 1.0), "name = 'matern'; give one of 'exponential'"),
    ],
)
def test_mistakes(call, message):
    with pytest.raises(ValueError, match=message):
        call()
