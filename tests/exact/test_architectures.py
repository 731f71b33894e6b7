"""Convolutions, attention, Kolmogorov-Arnold networks, shared amplitudes, smooth cut-offs: exact answers."""

import math

import numpy as np
import pytest
from normal_rule import normal_rule
from scipy import integrate, special

from nnft_ppl.exact import (
    attention_connected,
    convolution_connected,
    convolution_kernel,
    cosine_connected,
    fourier_kan_connected,
    pointwise_kernel,
    shared_amplitude_connected,
    smooth_cutoff_four_point,
    smooth_cutoff_moment,
)

X = np.array([1.0, 0.0, -1.0, 2.0])


def test_convolution_table():
    moved = np.roll(X, 1)
    keywords = (1.0, math.sqrt(0.2))
    assert convolution_kernel(X, X, *keywords) == pytest.approx(0.5501671456, abs=1e-10)
    assert convolution_kernel(X, moved, *keywords) == pytest.approx(0.0634603900, abs=1e-10)
    squares = [float(np.sum(X[[p - 1, p, (p + 1) % 4]] ** 2)) for p in range(4)]
    sites = [float(pointwise_kernel("erf", 1.0, 0.2 + one / 3)) for one in squares]
    np.testing.assert_allclose(sites, [0.57852455, 0.43729665, 0.57852455, 0.60632284], atol=5e-9)
    assert np.mean(sites) == pytest.approx(convolution_kernel(X, X, *keywords), abs=1e-12)
    for other in (X, moved):  # pooled, a translation is not seen, unless the chain has ends
        assert convolution_kernel(X, other, *keywords, "pooled") == pytest.approx(0.1452586639, abs=1e-10)
    ends = [convolution_kernel(X, other, *keywords, "pooled", "zero") for other in (X, moved)]
    assert abs(ends[0] - ends[1]) > 0.01


@pytest.mark.parametrize(
    ("readout", "padding", "sigma_w", "sigma_b"),
    [("dense", "periodic", 0.6, 0.3), ("pooled", "zero", 0.8, 0.5), ("dense", "zero", 0.5, 0.0)],
)
def test_convolution_by_a_gauss_hermite_rule(readout, padding, sigma_w, sigma_b):
    inputs = np.array([[0.5, -1.0, 0.8], [1.0, 0.3, -0.2]])
    grid, weights = normal_rule(20, 4)
    padded = [np.pad(one, 1, mode="wrap" if padding == "periodic" else "constant") for one in inputs]
    hidden = [
        special.erf(sigma_w / math.sqrt(3) * sum(grid[d] * one[d : d + 3, None] for d in range(3)) + sigma_b * grid[3])
        for one in padded
    ]
    a, b = hidden
    if readout == "pooled":
        a, b = a.mean(axis=0, keepdims=True), b.mean(axis=0, keepdims=True)
    t = {"aa": np.mean(a * a, axis=0), "ab": np.mean(a * b, axis=0), "bb": np.mean(b * b, axis=0)}
    mean = {name: weights @ values for name, values in t.items()}
    wanted = weights @ (t["aa"] * t["bb"] + 2 * t["ab"] ** 2) - mean["aa"] * mean["bb"] - 2 * mean["ab"] ** 2
    keywords = (sigma_w, sigma_b, readout, padding)
    assert convolution_connected(inputs[[0, 0, 1, 1]], 4, *keywords) == pytest.approx(wanted / 4, rel=2e-5)
    two = convolution_kernel(*inputs, *keywords)
    # The rule of the package, which is finer, against the closed form of two inputs.
    assert convolution_connected(inputs, 1, *keywords) == pytest.approx(
        convolution_kernel(*inputs, *keywords), abs=1e-9
    )
    assert mean["ab"] == pytest.approx(two, rel=1e-5)


A, B = [[1.0, 0.0], [0.0, 1.0]], [[0.5, 0.5], [1.0, -1.0]]


def test_attention_table():
    two = {"AA": 0.2753766320, "AB": 0.1381046121, "BB": 0.3337632730}
    four = {"AAAA": 0.0027205788, "BBBB": 0.0308299469, "AABB": 0.0096006926}
    for names, value in (two | four).items():
        inputs = [{"A": A, "B": B}[name] for name in names]
        found = attention_connected(inputs, 1, math.inf)
        assert found == pytest.approx(value, abs=1e-10)
        assert attention_connected(inputs, 5, math.inf) == pytest.approx(found / (5 if len(names) == 4 else 1))
    assert attention_connected([B, B], 1, 1) == pytest.approx(0.3305964, abs=1e-7)
    assert attention_connected([B] * 4, 1, 1) == pytest.approx(0.0282915, abs=1e-7)
    # Controls: many keys alone leave it non-Gaussian; with the other scaling the weights are equal and it is free.
    assert attention_connected([B] * 4, 1, 1000) == pytest.approx(four["BBBB"], rel=1e-3)
    assert attention_connected([B] * 4, 1, math.inf, "linear") == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize("key_dim", [1, 2])
def test_attention_of_two_inputs_with_few_keys_by_draws(key_dim, rng):
    tokens = np.array([A, B])
    draws = 50_000
    query, key = rng.normal(size=(2, draws, key_dim, 2)) / math.sqrt(2)
    q = np.einsum("nki,ai->ank", query, tokens[:, 0])
    k = np.einsum("nki,ai->ank", key, tokens[:, 0] - tokens[:, 1])
    share = special.expit(np.sum(q * k, axis=2) / math.sqrt(key_dim))
    out = share[..., None] * tokens[:, None, 0] + (1 - share[..., None]) * tokens[:, None, 1]
    both = np.sum(out[0] * out[1], axis=1) / 2
    sigma = abs(np.mean(both) - attention_connected([A, B], 1, key_dim)) / (np.std(both) / math.sqrt(draws))
    assert sigma < 5
    t = [both, *(np.sum(one**2, axis=1) / 2 for one in out)]
    centred = [one - one.mean() for one in t]
    influence = centred[1] * centred[2] + 2 * centred[0] ** 2
    error = np.std(influence) / math.sqrt(draws)
    assert abs(influence.mean() - attention_connected([A, A, B, B], 1, key_dim)) < 5 * error
    # Control: infinitely many keys are another theory.
    if key_dim == 1:
        assert abs(influence.mean() - attention_connected([A, A, B, B], 1, math.inf)) > 6 * error


def test_kolmogorov_arnold_table():
    for points, value, digits in (
        ((0.0, 0.0, 0.0, 0.0), 0.0, 1e-10),
        ((0.0, 0.0, 1.0, 1.0), 0.6156190035, 1e-10),
        ((0.0, 0.5, 1.0, 2.0), 0.1628984414, 1e-10),
        ((0.0, 0.5), 0.5298177500, 1e-10),
        ((0.0, 1.0), 0.20745918, 5e-9),
    ):
        scale = 3 if len(points) == 4 else 1
        assert scale * fourier_kan_connected(points, 3, 2) == pytest.approx(value, abs=digits)
    # Control: with coefficients that are not Gaussian it is not free where points coincide.
    assert 3 * fourier_kan_connected([0.0] * 4, 3, 2, "uniform") < -0.4


@pytest.mark.parametrize("law", ["gaussian", "uniform"])
@pytest.mark.parametrize(
    ("modes", "points"), [(1, (0.1, 0.9, 1.7, -0.6)), (1, (0.0, 0.0, 2.0, 2.0)), (2, (0.3, -0.4, 0.8, 1.5))]
)
def test_kolmogorov_arnold_by_a_gauss_hermite_rule(modes, points, law):
    grid, weights = normal_rule(60 if modes == 1 else 20, 2 * modes)
    waves = np.arange(1, modes + 1)
    rows = [np.concatenate([np.cos(waves * x), np.sin(waves * x)]) / math.sqrt(modes) for x in points]
    inner = [row @ grid for row in rows]
    values = [np.stack([wave(k * y) for k in waves for wave in (np.cos, np.sin)]) for y in inner]

    def pair(a, b):
        return np.mean([np.cos(k * (inner[a] - inner[b])) for k in waves], axis=0)

    wanted = 0.0 if law == "gaussian" else -1.2 / modes**2 * weights @ np.sum(np.prod(values, axis=0), axis=0)
    for (a, b), (c, d) in (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2))):
        wanted += weights @ (pair(a, b) * pair(c, d)) - (weights @ pair(a, b)) * (weights @ pair(c, d))
    assert fourier_kan_connected(points, 4, modes, law) == pytest.approx(wanted / 4, abs=2e-6)
    assert fourier_kan_connected(points[:2], 4, modes, law) == pytest.approx(weights @ pair(0, 1), abs=2e-6)


def six_of(covariance, weights):
    """Joint cumulants of T over the 15 pairings of six factors, at the nodes of a rule: N² G_c."""
    total = 0.0
    for first in range(1, 6):
        second, *rest = (one for one in range(1, 6) if one != first)
        for third in rest:
            pairs = [(0, first), (second, third), tuple(one for one in rest if one != third)]
            one, two, three = (t - weights @ t for t in (covariance(*pair) for pair in pairs))
            total += weights @ (one * two * three)
    return total


def test_six_points_of_channels_heads_and_series():
    grid, weights = normal_rule(16, 4)
    inputs = np.array([[0.5, -1.0, 0.8], [1.0, 0.3, -0.2]])
    padded = [np.pad(one, 1, mode="wrap") for one in inputs]
    hidden = [special.erf(0.6 / math.sqrt(3) * sum(grid[d] * one[d : d + 3, None] for d in range(3))) for one in padded]
    which = (0, 0, 0, 1, 1, 1)
    wanted = six_of(lambda a, b: np.mean(hidden[which[a]] * hidden[which[b]], axis=0), weights)
    found = convolution_connected(inputs[list(which)], 3, 0.6, 0.0)
    assert 9 * found == pytest.approx(wanted, rel=1e-4)
    (logit,), weights = normal_rule(80, 1)
    out = special.expit(math.sqrt(0.3125) * logit)[:, None] * np.subtract(*B) + B[1]
    t = np.sum(out**2, axis=1) / 2
    wanted = 15 * weights @ (t - weights @ t) ** 3
    assert 25 * attention_connected([B] * 6, 5, math.inf) == pytest.approx(wanted, rel=1e-7)
    places = (0.0, 0.0, 1.0, 1.0, 2.0, 2.5)
    (c, s), weights = normal_rule(60, 2)
    inner = [np.cos(x) * c + np.sin(x) * s for x in places]
    wanted = six_of(lambda a, b: np.cos(inner[a] - inner[b]), weights)
    assert 16 * fourier_kan_connected(places, 4, 1) == pytest.approx(wanted, abs=1e-6)
    assert abs(wanted) > 0.1
    # Control: κ₆ of uniform coefficients at one point, of unit variance each: 48/7 Σ_k E[cos⁶ + sin⁶] and its mixed
    # terms with κ₄; not that of Gaussian ones, which is 0.
    assert fourier_kan_connected([0.0] * 6, 4, 1) == 0
    turned = inner[0]
    unit = np.cos(turned) ** 2 + np.sin(turned) ** 2
    fourth, sixth = (np.cos(turned) ** n + np.sin(turned) ** n for n in (4, 6))
    four, six = 3 * unit - 1.2 * fourth, 15 * unit - 18 * fourth + 48 / 7 * sixth
    wanted = weights @ six - 15 * weights @ four + 30
    assert 16 * fourier_kan_connected([0.0] * 6, 4, 1, "uniform") == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize(("inputs", "scaling"), [((1.0, 0.2), "root"), ((0.4, 2.0), "linear"), ((0.8, 1.0), "root")])
def test_attention_of_other_tokens_and_one_key(inputs, scaling):
    """One input (p, 0), (0, q) with one key: the logits are a product of two normals, by a rule in the plane."""
    p, q = inputs
    tokens = np.array([[p, 0.0], [0.0, q]])
    (query, key), weights = normal_rule(120, 2)
    share = special.expit(query * p * key * math.hypot(p, q) / 2)
    t = ((share * p) ** 2 + ((1 - share) * q) ** 2) / 2
    mean = weights @ t
    assert attention_connected([tokens] * 2, 3, 1, scaling) == pytest.approx(mean, rel=1e-6)
    wanted = (3 * weights @ (t - mean) ** 2 / 3, 15 * weights @ (t - mean) ** 3 / 9)
    found = [attention_connected([tokens] * order, 3, 1, scaling) for order in (4, 6)]
    assert found == pytest.approx(wanted, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize(("width", "shape"), [(3, 0.7), (50, 1.5), (10**6, 4.0)])
def test_shared_amplitude_does_not_fall_with_the_width(width, shape):
    for points in ([0.0] * 4, [0.0, 0.0, 1.0, 1.0], [0.0, 0.5, 1.0, 2.0]):
        x = np.array(points)
        two = np.exp(-(np.subtract.outer(x, x) ** 2) / 2) / 2
        wick = two[0, 1] * two[2, 3] + two[0, 2] * two[1, 3] + two[0, 3] * two[1, 2]
        own = cosine_connected(points, width, 1.0, 1.0, "pair")
        fourth = integrate.quad(
            lambda a: a**2 * shape**shape * a ** (shape - 1) * math.exp(-shape * a) / math.gamma(shape), 0, 60
        )[0]
        wanted = fourth * (own + wick) - wick
        assert shared_amplitude_connected(points, width, shape) == pytest.approx(wanted, rel=1e-7)
        # Control: the law N^{1-k} of independent neurons.
        assert abs(own - wanted) > 0.04
    # At one point it is Gaussian given the amplitude.
    sixth = (1 + 1 / shape) * (1 + 2 / shape)
    wanted = (15 * sixth - 45 * (1 + 1 / shape) + 30) / 8
    assert shared_amplitude_connected([0.0] * 6, width, shape) == pytest.approx(wanted, rel=1e-9)


ZHANG = [(-0.625031, -0.232406), (0.813847, 0.122573), (0.581499, 0.364675), (-0.402185, 0.342462)]


def test_four_points_with_a_smooth_cutoff():
    for width, value, measured, error in (
        (30, 0.03062865, 0.030609, 62e-6),
        (50, 0.02987506, 0.029800, 62e-6),
        (100, 0.02930986, 0.029270, 62e-6),
    ):
        four, pairs = smooth_cutoff_four_point(ZHANG, width, 1.0, 100.0, 0)
        assert four == pytest.approx(value, abs=1.5e-8)
        assert pairs == pytest.approx(0.02874467, abs=1.5e-8)
        assert abs(four - measured) < 5 * error
        # Control: infinite width, which the published draws see is not theirs.
        assert abs(pairs - measured) > 6 * error
    norms = smooth_cutoff_moment(np.zeros(3), 2, 1.0, 100.0, 1.0)[0], 1591.5494309, 0.0795403614
    assert norms[0] == pytest.approx(0.7422022238, abs=1e-10)
    assert smooth_cutoff_moment(0.0, 2, 1.0, 100.0, 0) == pytest.approx(norms[1], abs=1e-7)
    assert smooth_cutoff_moment(0.0, 2, 1.0, 100.0, 2) == pytest.approx(norms[2], abs=1e-10)


@pytest.mark.parametrize(
    ("dim", "mass", "cutoff", "power"), [(1, 0.7, 3.0, 1.0), (2, 1.3, 4.0, 0.5), (3, 1.0, 2.0, 2.0)]
)
def test_smooth_cutoff_by_an_integral_over_momenta(dim, mass, cutoff, power):
    distance = 0.6
    wave = {1: np.cos, 2: special.j0, 3: lambda phase: np.sinc(phase / np.pi)}[dim]
    area = {1: 1 / np.pi, 2: 1 / (2 * np.pi), 3: 1 / (2 * np.pi**2)}[dim]

    def integrand(k):
        return k ** (dim - 1) * wave(k * distance) * np.exp(-(k**2) / (2 * cutoff**2)) / (k**2 + mass**2) ** power

    wanted = area * integrate.quad(integrand, 0, 9 * cutoff, epsabs=1e-13, limit=200)[0]
    assert smooth_cutoff_moment(distance, dim, mass, cutoff, power) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: convolution_connected([X] * 3, 1, 1.0, 1.0), "give 2, 4 or 6 of them, of shape .factor, site."),
        (lambda: convolution_kernel(X, X[:3], 1.0, 1.0), "give the same, 3 sites or more"),
        (lambda: convolution_kernel(X, X, 1.0, 1.0, "mean"), "readout = 'mean'; give one of 'dense'"),
        (lambda: attention_connected([A, B], 1, 0), "key_dim = 0; give an integer >= 1"),
        (lambda: attention_connected([A, B, np.eye(2) * 3, B], 1, 2), "3 inputs differ; give two different ones"),
        (lambda: fourier_kan_connected([0.0] * 3, 1, 1), r"points have shape \(3,\); give 2, 4 or 6 points"),
        (lambda: fourier_kan_connected([0.0] * 4, 1, 1, "t"), "law = 't'; give one of 'gaussian'"),
        (lambda: shared_amplitude_connected([0.0] * 4, 1, 0.0), "shape = 0.0; give a finite number > 0"),
        (lambda: smooth_cutoff_four_point(ZHANG, 1, 1.0, 1.0, 2), "alpha = 2; give a number from -1 to 1"),
        (lambda: smooth_cutoff_moment(1.0, 7, 1.0, 1.0, 1), "dim = 7; give an integer from 1 to 6"),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
