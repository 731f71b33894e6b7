"""The cut-off free scalar against tabulated values, closed forms and position-space integrals."""

import math

import numpy as np
import pytest
from scipy import integrate, special

from nnft_ppl.exact import ball_moment, ball_propagator, box_mean_squared, coincident_fourth_cumulant

INF = math.inf
# (dim, cutoff): G at r = 0, 0.5, 1, 2 at mass 1.
TABLE = {
    (1, 5): (0.4371670418, 0.320656349, 0.172884435, 0.0653971701),
    (1, 10): (0.4682744826, 0.297603112, 0.182786002, 0.0690241649),
    (1, INF): (0.5, 0.303265330, 0.183939721, 0.0676676416),
    (2, 5): (0.2592710845, 0.171263408, 0.0597273261, 0.0194524640),
    (2, 10): (0.3672596216, 0.139715125, 0.0683878058, 0.0185204983),
    (2, INF): (INF, 0.147125865, 0.0670081205, 0.0181267728),
    (3, 5): (0.1837256634, 0.117362663, 0.0281592085, 0.0075149218),
    (3, 10): (0.4320777196, 0.0943873145, 0.0336652551, 0.0048201098),
    (3, INF): (INF, 0.0965323526, 0.0292749158, 0.0053848198),
    (4, 5): (0.1376822121, 0.0893443642, 0.0195177344, 0.0032744657),
    (4, 10): (0.6040318057, 0.101676440, 0.0214203610, 0.0007244037),
    (4, INF): (INF, 0.0839162875, 0.0152464883, 0.0017714221),
}
RADII = np.array([0.0, 0.5, 1.0, 2.0])
# dim: width * kappa_4 / G(0)^2 for uniform momenta, Gaussian amplitudes, mass 1, cutoff 5, 10, 20, 50.
UNIFORM_KURTOSIS = {
    1: (6.3383, 13.3237, 27.559, 70.478),
    2: (7.190, 17.918, 46.976, 180.68),
    3: (5.419, 11.147, 22.846, 58.139),
    4: (3.832, 5.965, 8.587, 12.452),
}


def coincident(dim, mass, cutoff):
    ratio = cutoff / mass
    if dim == 1:
        return math.atan(ratio) / (math.pi * mass)
    if dim == 2:
        return math.log1p(ratio**2) / (4 * math.pi)
    if dim == 3:
        return (cutoff - mass * math.atan(ratio)) / (2 * math.pi**2)
    return (cutoff**2 - mass**2 * math.log1p(ratio**2)) / (16 * math.pi**2)


@pytest.mark.parametrize(("dim", "cutoff"), TABLE)
def test_table(dim, cutoff):
    np.testing.assert_allclose(ball_propagator(RADII, dim, 1.0, cutoff), TABLE[dim, cutoff], atol=6e-10)


@pytest.mark.parametrize("dim", [1, 2, 3, 4])
def test_table_rejects_the_propagator_without_cutoff(dim):
    unbounded = ball_propagator(RADII[2:], dim, 1.0)
    assert np.max(np.abs(unbounded / np.asarray(TABLE[dim, 5])[2:] - 1)) > 0.03


@pytest.mark.parametrize("dim", [1, 2, 3, 4])
@pytest.mark.parametrize(("mass", "cutoff"), [(1.0, 5.0), (1e-3, 40.0), (3.0, 2.0), (0.2, 900.0)])
def test_coincident_closed_form(dim, mass, cutoff):
    expected = coincident(dim, mass, cutoff)
    assert float(ball_propagator(0.0, dim, mass, cutoff)) == pytest.approx(expected, rel=1e-12)
    assert ball_moment(dim, mass, cutoff, 1) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("mass", "cutoff", "radius"), [(1.0, 50.0, 30.0), (0.01, 3.0, 7.0), (2.0, 0.5, 100.0)])
def test_oscillating_integrals_against_the_fourier_rule_of_quadpack(mass, cutoff, radius):
    def direct(weight, power):
        value, _ = integrate.quad(
            lambda p: p**power / (p**2 + mass**2), 0.0, cutoff, weight=weight, wvar=radius, epsabs=1e-13, limit=400
        )
        return value

    tolerance = 1e-11 * coincident(3, mass, cutoff)
    line, space = (float(ball_propagator(radius, dim, mass, cutoff)) for dim in (1, 3))
    assert line == pytest.approx(direct("cos", 0) / math.pi, abs=1e-11 * coincident(1, mass, cutoff))
    assert space == pytest.approx(direct("sin", 1) / (2 * math.pi**2 * radius), abs=tolerance)


def test_planar_propagator_is_the_line_propagator_integrated_over_the_other_momentum():
    mass, cutoff, radius = 2.0, 6.0, 1.9
    nodes, weights = np.polynomial.legendre.leggauss(120)
    angles = 0.5 * math.pi * nodes
    # p_y = cutoff*sin(angle) keeps the edge of the disc smooth.
    across, jacobian = cutoff * np.sin(angles), 0.5 * math.pi * weights * cutoff * np.cos(angles)
    lines = [float(ball_propagator(radius, 1, math.hypot(mass, p), math.sqrt(cutoff**2 - p**2))) for p in across]
    expected = np.dot(jacobian, lines) / (2 * math.pi)
    assert float(ball_propagator(radius, 2, mass, cutoff)) == pytest.approx(expected, rel=1e-11)


def test_propagator_obeys_dimensional_recursion():
    # G in d + 2 is -(1/(2 pi r)) dG/dr in d, up to the boundary of the ball, which moves with neither.
    step, radius = 1e-4, 1.3
    for dim in (1, 2):
        ahead, behind = (float(ball_propagator(radius + s, dim, 1.0, 8.0)) for s in (step, -step))
        derivative = (ahead - behind) / (2 * step)
        higher = float(ball_propagator(radius, dim + 2, 1.0, 8.0))
        assert -derivative / (2 * math.pi * radius) == pytest.approx(higher, rel=1e-5)


def test_shape_sign_and_blocks():
    radii = np.linspace(-3.0, 3.0, 20001).reshape(3, 6667)
    values = ball_propagator(radii, 4, 1.0, 20.0)
    assert values.shape == radii.shape
    np.testing.assert_allclose(values.ravel(), values.ravel()[::-1], atol=1e-13)
    assert values[1, 3333] == pytest.approx(coincident(4, 1.0, 20.0), rel=1e-12)


@pytest.mark.parametrize("dim", [1, 2, 3, 4])
@pytest.mark.parametrize("power", [-1.5, 0, 0.3, 2, 5.5])
def test_ball_moment_is_a_hypergeometric_function(dim, power):
    mass, cutoff = 1.4, 3.1
    volume = (cutoff / (2 * math.pi)) ** dim * math.pi ** (dim / 2) / math.gamma(dim / 2 + 1)
    series = special.hyp2f1(power, dim / 2, dim / 2 + 1, -((cutoff / mass) ** 2))
    expected = volume * mass ** (-2 * power) * series
    assert ball_moment(dim, mass, cutoff, power) == pytest.approx(expected, rel=1e-12)


def test_ball_moment_without_cutoff():
    assert ball_moment(1, 0.5, INF, 1) == pytest.approx(1.0, rel=1e-14)
    assert ball_moment(3, 2.0, INF, 2) == pytest.approx(1 / (8 * math.pi * 2.0), rel=1e-14)
    assert ball_moment(4, 1.0, INF, 3) == pytest.approx(ball_moment(4, 1.0, 1e6, 3), rel=1e-11)
    assert ball_moment(4, 1.0, INF, 2) == INF


@pytest.mark.parametrize(
    ("dim", "side", "mass", "cutoff", "nodes"),
    [
        (1, 2.0, 1.0, 5.0, 30),
        (1, 64.0, 0.5, 1.0, 70),
        (2, 3.0, 0.3, 6.0, 40),
        (2, 12.8, 1.0, 5.0, 70),
        (3, 4.0, 1.0, 5.0, 40),
        (3, 0.4, 2.0, 10.0, 20),
        (4, 4.0, 1.0, 5.0, 32),
        (4, 12.8, 1.0, 5.0, 52),
    ],
)
def test_box_average_is_the_propagator_averaged_over_pairs_of_points(dim, side, mass, cutoff, nodes):
    # 2^d int_{[0, L]^d} prod_i (L - z_i)/L^2 G(|z|), with G, an entire function of r^2, interpolated.
    points, weights = np.polynomial.legendre.leggauss(nodes)
    squares = (0.5 * side * (1 + points)) ** 2
    weights = 0.5 * weights * (1 - points)
    largest = dim * side**2

    scaled = np.polynomial.chebyshev.chebpts1(2 * nodes)
    sampled = ball_propagator(np.sqrt(0.5 * largest * (1 + scaled)), dim, mass, cutoff)
    series = np.polynomial.chebyshev.chebfit(scaled, sampled, 2 * nodes - 1)
    first, second = np.triu_indices(nodes)
    multiplicity = np.where(first == second, 1.0, 2.0)
    pairs, pair_weights = squares[first] + squares[second], multiplicity * weights[first] * weights[second]
    left, left_weights = (squares, weights) if dim == 1 else (pairs, pair_weights)
    right, right_weights = (pairs, pair_weights) if dim == 4 else (squares, weights)
    if dim <= 2:
        right, right_weights = np.zeros(1), np.ones(1)
    expected = 0.0
    for square, weight in zip(right, right_weights, strict=True):
        values = np.polynomial.chebyshev.chebval(2 * (left + square) / largest - 1, series)
        expected += weight * float(np.sum(left_weights * values))
    assert box_mean_squared(side, dim, mass, cutoff) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("dim", [1, 2, 3, 4])
def test_box_average_limits(dim):
    mass, cutoff = 1.0, 4.0
    assert box_mean_squared(0.0, dim, mass, cutoff) == pytest.approx(ball_moment(dim, mass, cutoff, 1), rel=1e-12)
    # prod_i sinc^2 = 1 - (side^2/12) p^2 + ..., and p^2/(p^2 + m^2) = 1 - m^2/(p^2 + m^2).
    side = 1e-3
    slope = ball_moment(dim, mass, cutoff, 0) - mass**2 * ball_moment(dim, mass, cutoff, 1)
    drop = ball_moment(dim, mass, cutoff, 1) - box_mean_squared(side, dim, mass, cutoff)
    assert drop == pytest.approx(side**2 / 12 * slope, rel=1e-5)


@pytest.mark.parametrize("dim", [1, 2, 3, 4])
def test_uniform_momenta_with_gaussian_amplitudes(dim):
    found = [
        20 * coincident_fourth_cumulant(20, dim, 1.0, cutoff, -1.0, 3.0) / coincident(dim, 1.0, cutoff) ** 2
        for cutoff in (5.0, 10.0, 20.0, 50.0)
    ]
    np.testing.assert_allclose(found, UNIFORM_KURTOSIS[dim], rtol=1.2e-4)


@pytest.mark.parametrize(("fourth", "kurtosis"), [(1.0, -1.5), (3.0, 1.5), (2.0, 0.0)])
@pytest.mark.parametrize(("dim", "cutoff"), [(1, 7.0), (2, 30.0), (3, 5.0), (4, 90.0), (1, INF)])
def test_propagator_momenta_have_a_universal_kurtosis(fourth, kurtosis, dim, cutoff):
    squared = ball_moment(dim, 0.8, cutoff, 1) ** 2
    found = 5 * coincident_fourth_cumulant(5, dim, 0.8, cutoff, 0.0, fourth) / squared
    assert found == pytest.approx(kurtosis, abs=1e-12)


def test_fourth_cumulant_of_sampled_networks():
    # The mean over the phase is done exactly: E[cos^2] = 1/2, E[cos^4] = 3/8.
    mass, cutoff, draws = 1.0, 5.0, 400_000
    generator = np.random.default_rng(20240607)
    momenta = generator.uniform(-cutoff, cutoff, draws)
    amplitude = generator.standard_normal(draws)
    neuron = 2 * ball_moment(1, mass, cutoff, 0) * amplitude**2 / (momenta**2 + mass**2)
    second, fourth = 0.5 * neuron, 0.375 * neuron**2
    # By the delta method the estimate mean(fourth) - 3 mean(second)^2 has this influence function.
    influence = fourth - 6 * second.mean() * second
    estimate = fourth.mean() - 3 * second.mean() ** 2
    error = influence.std() / math.sqrt(draws)
    expected = coincident_fourth_cumulant(1, 1, mass, cutoff, -1.0, 3.0)
    assert abs(estimate - expected) < 5 * error
    for wrong in (
        coincident_fourth_cumulant(1, 1, mass, cutoff, 0.0, 3.0),
        coincident_fourth_cumulant(1, 1, mass, cutoff, -1.0, 2.0),
    ):
        assert abs(estimate - wrong) > 6 * error


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ball_propagator(1.0, 5, 1.0, 1.0), "ball_propagator: dim = 5; give an integer from 1 to 4"),
        (lambda: ball_propagator(1.0, 2, 0.0, 1.0), "mass = 0.0; give a finite number > 0"),
        (lambda: ball_propagator(1.0, 2, 1.0, math.nan), "cutoff = nan; give a number > 0 .it may be infinite"),
        (lambda: ball_moment(2, 1.0, 1.0, INF), "power = inf; give a finite number"),
        (lambda: box_mean_squared(1.0, 2, 1.0, INF), "box_mean_squared: cutoff = inf; give a finite number > 0"),
        (lambda: box_mean_squared(-1.0, 2, 1.0, 1.0), "side = -1.0; give a finite number >= 0"),
        (
            lambda: coincident_fourth_cumulant(1, 2, 1.0, INF, 0.0, 3.0),
            "momentum integrals diverge .*; give a finite cutoff",
        ),
        (lambda: coincident_fourth_cumulant(0, 2, 1.0, 1.0, 0.0, 3.0), "width = 0; give an integer >= 1"),
        (
            lambda: coincident_fourth_cumulant(1, 2, 1.0, 1.0, 0.0, 0.5),
            "amplitude_fourth_moment = 0.5; give a finite number >= 1",
        ),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
