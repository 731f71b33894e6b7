"""Cumulants of networks with one hidden layer against tables, Gauss-Hermite rules and generating functions."""

import math

import numpy as np
import pytest
from scipy import special

from nnft_ppl.exact import cosine_connected, erf_connected, erf_kernel, network_cumulant

XS = (-1.0, -0.6, -0.2, 0.2, 0.6, 1.0)
# Points: width^(n/2 - 1) times the connected function, at unit deviations.
ERF = {
    (1.0,) * 4: 0.3997964146,
    (0.2,) * 4: 0.3663314893,
    (-1.0, -1.0, 1.0, 1.0): 0.6969895744,
    (-1.0, -0.6, -0.2, 0.2): 0.3460630968,
    (1.0,) * 6: -0.2484836454,
    XS: 0.3684973997,
}
COSINE = {
    (0.0,) * 4: 0.375,
    (0.0, 0.0, 1.0, 1.0): 0.3668110106,
    (0.0, 0.5, 1.0, 2.0): 0.2562558458,
    (-0.3, -0.1, 0.1, 0.3): 0.3355585235,
    (0.0,) * 6: 0.0,
    (0.0, 0.0, 0.0, 0.0, 1.0, 1.0): 0.2996823007,
    (0.0, 0.0, 1.0, 1.0, 2.0, 2.0): 0.4371457544,
    (0.0, 1.0, 2.0, 3.0, 4.0, 5.0): 0.4441412020,
}


@pytest.mark.parametrize("width", [1, 3])
def test_tables(width):
    for points, value in ERF.items():
        found = erf_connected(points, width, 1.0, 1.0)
        assert width ** (len(points) // 2 - 1) * found == pytest.approx(value, abs=1.2e-10)
    for points, value in COSINE.items():
        found = cosine_connected(points, width, 1.0, 1.0, "gaussian")
        assert width ** (len(points) // 2 - 1) * found == pytest.approx(value, abs=1.2e-10)


def test_kernel_is_the_connected_function_of_two_points():
    first, second = (grid.ravel() for grid in np.meshgrid(XS, XS))
    for sigma_w, sigma_b in ((1.0, 1.0), (3.0, 0.5), (0.7, 0.0)):
        found = [erf_connected(pair, 5, sigma_w, sigma_b) for pair in zip(first, second, strict=True)]
        kernel = sigma_w**2 * erf_kernel(first, second, sigma_w, sigma_b)
        np.testing.assert_allclose(found, kernel, atol=1e-12)
    table = {(1.0, 1.0): 0.5903344706, (0.2, 0.2): 0.4719929798, (-0.2, 0.2): 0.4284792764, (-1.0, 1.0): 0.0}
    for (x, y), value in table.items():
        assert erf_kernel(x, y, 1.0, 1.0) == pytest.approx(value, abs=1e-10)
    for (x, y), value in {(-1.0, -0.6): 0.53222829, (0.6, -0.2): 0.34810266}.items():
        assert erf_kernel(x, y, 1.0, 1.0) == pytest.approx(value, abs=5e-9)
    # Control: without the factor 2 it is another activation's.
    k = 2.0
    assert abs(2 / math.pi * math.asin(k / (1 + k)) - erf_kernel(1.0, 1.0, 1.0, 1.0)) > 0.1


@pytest.mark.parametrize(("sigma_w", "sigma_b"), [(0.8, 0.6), (2.0, 0.3), (1.2, 0.0)])
def test_erf_moments_by_a_gauss_hermite_rule(sigma_w, sigma_b):
    nodes, weights = np.polynomial.hermite_e.hermegauss(160)
    weights = weights / np.sqrt(2 * np.pi)
    h = [special.erf(sigma_w * x * nodes[:, None] + sigma_b * nodes) for x in (0.1, 0.4, -0.5, 0.6)]

    def mean(*chosen):
        return weights @ np.prod([h[index] for index in chosen], axis=0) @ weights

    pairs = mean(0, 1) * mean(2, 3) + mean(0, 2) * mean(1, 3) + mean(0, 3) * mean(1, 2)
    expected = sigma_w**4 * (3 * mean(0, 1, 2, 3) - pairs) / 7
    assert erf_connected((0.1, 0.4, -0.5, 0.6), 7, sigma_w, sigma_b) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("amplitude", "logarithm"),
    [
        # Coefficients of t^2, t^4, ... in ln E exp(t a cos c) for E a^2 = 1.
        ("gaussian", lambda u: u / 4 + np.log(special.i0(u / 4))),
        ("constant", lambda u: np.log(special.iv(0, np.sqrt(u + 0j)).real)),
        ("pair", lambda u: u / 4),
    ],
)
def test_coincident_cumulants_are_those_of_the_generating_function(amplitude, logarithm):
    # u = t^2; Taylor coefficients by a contour of Chebyshev points.
    u = np.cos(np.pi * (np.arange(12) + 0.5) / 12)
    series = np.polynomial.Polynomial.fit(u, logarithm(u), 11).convert().coef
    for order in (2, 4, 6, 8):
        expected = math.factorial(order) * series[order // 2]
        found = cosine_connected(np.zeros((order, 3)), 2, 1.0, 1.0, amplitude)
        assert 2 ** (order // 2 - 1) * found == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("sigma_a", "sigma_b", "amplitude"), [(0.7, 0.9, "constant"), (1.3, 0.5, "gaussian"), (0.6, 1.4, "pair")]
)
def test_cosine_moments_of_many_directions(sigma_a, sigma_b, amplitude):
    # Averages over momentum and phase by quadrature, in two dimensions, of four and six points.
    rng = np.random.default_rng(5)
    points = rng.normal(size=(6, 2)) / 2
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    weights = weights / np.sqrt(2 * np.pi)
    momenta = sigma_b / math.sqrt(2) * np.stack(np.meshgrid(nodes, nodes), axis=-1).reshape(-1, 2)
    phases = 2 * np.pi * np.arange(16) / 16
    waves = np.cos((momenta @ points.T)[:, None, :] + phases[:, None])

    def moment(chosen):
        products = np.mean(np.prod(waves[..., list(chosen)], axis=-1), axis=1)
        powers = {"constant": (1, 1, 1), "gaussian": (1, 3, 15), "pair": (1, 2, 6)}[amplitude]
        law = 0.0 if len(chosen) % 2 else powers[len(chosen) // 2 - 1]
        return law * sigma_a ** len(chosen) * np.outer(weights, weights).ravel() @ products

    for factors in (2, 4, 6):
        expected = network_cumulant(moment, factors, 3)
        found = cosine_connected(points[:factors], 3, sigma_a, sigma_b, amplitude)
        assert found == pytest.approx(expected, abs=1e-12)


def test_network_cumulant_of_known_laws():
    # Exponential variables have cumulants (n-1)!, with odd ones; Poisson ones of mean 1 are all 1.
    for order in range(1, 7):
        assert network_cumulant(lambda s: math.factorial(len(s)), order, 1) == pytest.approx(math.factorial(order - 1))
    bell = [1, 1, 2, 5, 15, 52]
    assert network_cumulant(lambda s: bell[len(s)], 5, 4) == pytest.approx(4**-1.5)


def test_shifted_points_and_signs_of_amplitude_laws():
    points = np.array([0.0, 0.5, 1.0, 2.0])
    shifted = cosine_connected(points + 7.0, 4, 1.0, 1.0, "gaussian")
    assert shifted == pytest.approx(cosine_connected(points, 4, 1.0, 1.0, "gaussian"), rel=1e-12)
    laws = {law: cosine_connected(np.zeros(4), 4, 1.0, 1.0, law) for law in ("gaussian", "pair", "constant")}
    assert laws == pytest.approx({"gaussian": 3 / 32, "pair": 0.0, "constant": -3 / 32})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: network_cumulant(lambda _: 0.0, 11, 1), "factors = 11; give an integer from 1 to 10"),
        (lambda: erf_connected([1.0] * 3, 1, 1.0, 1.0), r"points have shape \(3,\); give 2, 4, 6 or 8 points"),
        (lambda: erf_connected(np.ones((4, 1)), 1, 1.0, 1.0), "give points on the line, of shape .factor,."),
        (lambda: erf_connected([1.0] * 4, 0, 1.0, 1.0), "width = 0; give an integer >= 1"),
        (lambda: erf_kernel(1.0, 1.0, -1.0, 1.0), "sigma_w = -1.0; give a finite number >= 0"),
        (lambda: cosine_connected([0.0] * 4, 1, 1.0, 1.0, "cauchy"), "amplitude = 'cauchy'; give one of 'gaussian'"),
        (lambda: cosine_connected([0.0] * 4, 1, 0.0, 1.0, "pair"), "sigma_a = 0.0; give a finite number > 0"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
