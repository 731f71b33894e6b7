"""Estimates: derived quantities and reweighting against closed forms, heavy tails, and how values are printed."""

import re

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from statistical import autoregressive, sigmas

from nnft_ppl.display import format_value
from nnft_ppl.observables import Derived, effective_mass, ratio
from nnft_ppl.statistics import (
    Estimate,
    estimate,
    gamma_method,
    kish,
    log_mean_weight,
    median_of_means,
    smooth_log_weights,
    weighted_agreement,
)


def test_ratio_has_the_delta_method_error(rng):
    draws, replicas, correlation = 1000, 60, 0.8
    bottom = rng.normal(size=(1, draws, replicas))
    top = correlation * bottom + np.sqrt(1 - correlation**2) * rng.normal(size=bottom.shape)
    found = estimate({"top": top + 3, "bottom": bottom + 5}, {"ratio": ratio("top", "bottom")}, independent=True)
    uncorrelated = np.sqrt((1 / 25 + 9 / 625) / draws)
    exact = np.sqrt((1 / 25 + 9 / 625 - 2 * correlation * 3 / 125) / draws)
    assert sigmas(found["ratio"].error, exact) < 5
    assert sigmas(found["ratio"].error, uncorrelated) > 6
    assert sigmas(found["ratio"].value, 3 / 5) < 5
    np.testing.assert_allclose(found["ratio"].value, found["top"].value / found["bottom"].value, rtol=1e-6)


def test_derived_error_of_an_effective_mass_uses_correlations(rng):
    points = np.array([0.0, 1.0, 3.0])
    common = 1 + 0.3 * autoregressive(rng, 0.6, (2, 2000, 1))
    correlator = 2.0 * np.exp(-0.5 * points) * common + 0.01 * rng.normal(size=(2, 2000, 3))
    found = estimate({"c": correlator}, {"mass": effective_mass("c", points)})
    mass, relative = found["mass"], found["c"].error / found["c"].value
    assert np.all(np.abs(mass.value - 0.5) < 5 * mass.error)
    assert np.all(mass.error < 0.2 * np.hypot(relative[:-1], relative[1:]) / np.diff(points))
    np.testing.assert_allclose(
        estimate({"c": correlator}, {"mass": effective_mass("c", 2.0)})["mass"].value,
        np.log(found["c"].value[:-1] / found["c"].value[1:]) / 2,
        rtol=1e-5,
    )


def test_effective_mass_on_a_circle_is_that_of_the_cosh(rng):
    period, mass = 6.0, 1.3
    points = np.array([0.0, 1.0, 2.0, 2.75, 3.25, 4.5, 6.0])
    curve = np.cosh(mass * (period / 2 - points))
    quantity = effective_mass("c", points, period)
    found = np.asarray(quantity({"c": curve}))
    known = np.abs(3.0 - points[:-1]) != np.abs(3.0 - points[1:])
    np.testing.assert_allclose(found[known], mass, rtol=1e-5)
    assert np.isnan(found[~known]).all()
    # Its derivative, by which errors are propagated, is that of the root.
    noise = 1e-3 * curve * rng.normal(size=(2, 500, len(points)))
    one = estimate({"c": curve + noise}, {"m": quantity}, independent=True)["m"]
    step, relative = 1e-3, 1e-3 / np.sqrt(1000)
    ratio_error = np.sqrt(2) * relative
    shifted = [np.asarray(quantity({"c": curve * np.array([np.exp(way * step), *np.ones(6)])}))[0] for way in (-1, 1)]
    assert one.error[0] == pytest.approx(ratio_error * (shifted[1] - shifted[0]) / (2 * step), rel=0.1)
    # Control: on an open line the two ways round look like a falling mass.
    line = np.asarray(effective_mass("c", points)({"c": curve}))
    assert line[2] < 0.7 * mass
    assert line[3] == pytest.approx(0, abs=1e-6)
    assert np.isnan(np.asarray(quantity({"c": 1 / curve}))).all()
    with pytest.raises(ValueError, match="give distances from 0 to the period, 6"):
        effective_mass("c", points + 1, period)


def test_connected_part_by_a_derived_quantity(rng):
    field = 1.5 + 0.7 * autoregressive(rng, 0.5, (4, 2000))
    variance = Derived(lambda means: means["square"] - means["field"] ** 2)
    found = estimate({"field": field, "square": field**2}, {"variance": variance})["variance"]
    assert abs(found.value - 0.49) < 5 * found.error
    # The linearised series is (x - mean)^2 up to a constant, whatever the offset.
    direct = gamma_method((field - field.mean()) ** 2)
    np.testing.assert_allclose([found.value, found.error], [direct.value, direct.error], rtol=1e-5)
    assert abs(found.error - gamma_method(field**2).error) > 6 * found.error / np.sqrt(2 * found.ess)


def test_undefined_derived_component_is_nan_and_the_rest_stands(rng):
    correlator = np.array([2.0, 1.0, -0.5]) + 0.1 * rng.normal(size=(2, 200, 3))
    mass = estimate({"c": correlator}, {"mass": effective_mass("c", 1.0)})["mass"]
    assert np.isnan([mass.value[1], mass.error[1], mass.ess[1], mass.second_error[1]]).all()
    assert abs(mass.value[0] - np.log(2)) < 5 * mass.error[0]
    assert mass.agree is not None
    assert mass.agree.tolist() == [True, False]
    assert str(mass).endswith("nan(?)]")


def test_reweighting_to_a_tilted_gaussian(rng):
    tilt, draws, replicas = 0.7, 1000, 60
    found, logs, unweighted = [], [], []
    for _ in range(replicas):
        x = rng.normal(size=(2, draws // 2))
        logs.append(log_mean_weight(-tilt * x))
        found.append(estimate({"x": x}, log_weights=5 - tilt * x, independent=True)["x"])
        unweighted.append(estimate({"x": x}, independent=True)["x"].value)
    values, errors = np.array([[one.value, one.error] for one in found]).T
    # E[w^2 (x + c)^2] / (n E[w]^2) with w = exp(-c x) and x standard normal; the mean of w is exp(c^2 / 2).
    exact = np.sqrt(np.exp(tilt**2) * (1 + tilt**2) / draws)
    assert sigmas(values, -tilt) < 5
    assert sigmas(unweighted, -tilt) > 6
    assert sigmas(errors**2, exact**2) < 5
    assert sigmas(errors**2, 1 / draws) > 6
    assert sigmas([one.ess for one in found], np.exp(-(tilt**2)) / (1 + tilt**2) * draws) < 5
    assert np.mean([bool(one.agree) for one in found]) > 0.9
    log_mean, log_error = np.array(logs).T
    assert sigmas(log_mean, tilt**2 / 2) < 5
    assert sigmas(log_mean, 0.0) > 6
    assert sigmas(log_error**2, (np.exp(tilt**2) - 1) / draws) < 5


def test_kish_counts_equal_weights():
    assert kish(np.full(40, 3.0)) == pytest.approx(40)
    assert kish(np.array([0.0, 0.0, -np.inf])) == pytest.approx(2)
    with pytest.raises(ValueError, match="1 of 2 entries NaN"):
        kish(np.array([0.0, np.nan]))
    with pytest.raises(ValueError, match="weight zero"):
        kish(np.array([-np.inf]))


def test_pareto_smoothing(rng):
    uniform = rng.random((2, 5000))
    tail = 3 * np.sqrt(uniform.size)
    shapes = {}
    for shape in (0.1, 0.9):
        smoothed, shapes[shape] = smooth_log_weights(-shape * np.log(uniform))
        assert smoothed.shape == uniform.shape
        assert np.exp(smoothed).sum() == pytest.approx(1)
        # The maximum-likelihood error of a Pareto shape is (1 + k) / sqrt(tail); k_hat shrinks to 1/2 by 10 draws.
        expected = (tail * shape + 5) / (tail + 10)
        assert abs(shapes[shape] - expected) < 5 * (1 + shape) / np.sqrt(tail)
    assert shapes[0.9] - shapes[0.1] > 6 * 1.1 / np.sqrt(tail)
    smoothed, k_hat = smooth_log_weights(np.full((2, 50), 4.0))
    np.testing.assert_allclose(smoothed, -np.log(100))
    assert k_hat == -np.inf


def test_weights_of_few_values_end_and_a_heavy_tail_with_ties_does_not(rng):
    spins = rng.choice([-1, 1], size=(4000, 6))
    action = 0.5 * np.sum(spins * np.roll(spins, 1, axis=1), axis=1) + 0.2 * np.sum(spins, axis=1)
    steps = rng.geometric(0.5, size=(6, 4000)) - 1  # 2^{a n} has the shape a
    few = np.arange(4000)
    for logs in (action, np.where(few < 30, 3.0, 0.0), np.where(few < 2, 3.0, 0.0), np.minimum(few % 3, 1.0)):
        smoothed, k_hat = smooth_log_weights(logs)
        assert k_hat == -np.inf
        np.testing.assert_allclose(np.exp(smoothed - logs), np.exp(smoothed[0] - logs[0]))
    assert smooth_log_weights(np.where(few < 2, 10.0, 0.0))[1] == np.inf  # two draws have all the weight
    light, heavy = (np.mean([smooth_log_weights(a * np.log(2) * one)[1] for one in steps]) for a in (0.3, 1.0))
    assert light < 0.5
    assert heavy > 0.8


def test_median_of_means_has_the_error_it_quotes(rng):
    draws = rng.normal(size=(320, 2000))
    value, error = median_of_means(draws)
    squares = (value / np.sqrt(np.mean(error**2))) ** 2
    assert sigmas(squares, 1.0) < 5
    assert sigmas(squares, 2 / np.pi) > 6
    # Infinite variance spoils the mean, and leaves the median of means with an error no smaller than its spread.
    heavy = rng.standard_t(1.8, size=(1600, 500))
    value, error = median_of_means(heavy)
    assert np.mean(np.abs(value) < error) > 0.6827
    with pytest.raises(ValueError, match="blocks = 400; give an integer from 8 to"):
        median_of_means(draws, blocks=400)


def test_pulls_between_estimates():
    def known(value, error):
        return Estimate(np.asarray(value), np.asarray(error), np.ones(2), np.asarray(error))

    pulls = weighted_agreement(known([1.0, 2.0], [0.3, 0.0]), known([0.5, 2.0], [0.4, 0.0]))
    np.testing.assert_allclose(pulls, [1.0, 0.0])
    assert weighted_agreement(known([1.0, 2.0], [0.0, 1.0]), known([1.5, 2.0], [0.0, 1.0]))[0] == -np.inf
    with pytest.raises(ValueError, match="shapes"):
        weighted_agreement(known([1.0, 2.0], [0.3, 0.0]), known(1.0, 0.3))


def test_misuse_of_estimate_is_explained(rng):
    x = rng.normal(size=(2, 20))
    with pytest.raises(ValueError, match="series 'x' holds NaN"):
        estimate({"x": np.where(x > 0, np.nan, x)})
    with pytest.raises(ValueError, match=r"asks for 'y'; the observables are \['x'\]"):
        estimate({"x": x}, {"r": ratio("x", "y")})
    with pytest.raises(ValueError, match="rename"):
        estimate({"x": x}, {"x": ratio("x", "x")})
    with pytest.raises(ValueError, match="equally many draws"):
        estimate({"x": x, "y": x[:, :10]})
    with pytest.raises(ValueError, match="one weight per draw"):
        estimate({"x": x}, log_weights=x[0])
    with pytest.raises(ValueError, match="increasing"):
        effective_mass("x", np.array([0.0, 2.0, 1.0]))


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.35702, 0.0007, "0.3570(7)"),
        (0.357, 0.012, "0.357(12)"),
        (12.3, 1.4, "12.3(1.4)"),
        (-1.2e-5, 3e-7, "-1.20(3)e-05"),
        (1234.0, 56.0, "1234(56)"),
        (0.357, 0.0, "0.357"),
        (2 / 3, 0.0, "0.666667"),
        (0.357, np.nan, "0.357(?)"),
        (np.nan, 0.1, "nan(?)"),
        (0.36, 0.096, "0.36(10)"),
        (12.3, 0.96, "12.3(1.0)"),
        (0.0, 0.5, "0.0(5)"),
        (1.0, 0.001, "1.0000(10)"),
        (1e7, 5600.0, "1.0000(6)e+07"),
        (9.999e-5, 3e-6, "0.000100(3)"),
        (1e-6, 2e-5, "0(2)e-05"),
    ],
)
def test_format(value, error, text):
    assert format_value(value, error) == text
    assert str(Estimate(np.asarray(value), np.asarray(error), np.ones(()), np.asarray(error))) == text


@settings(max_examples=60, deadline=None)
@given(st.floats(-1e12, 1e12), st.floats(1e-9, 1e9))
def test_format_loses_less_than_its_last_digit(value, error):
    text = format_value(value, error)
    found = re.fullmatch(r"(-?[\d.]+)\(([\d.]+)\)(?:e(.+))?", text)
    assert found is not None, text
    mantissa, bracket, exponent = found.groups()
    decimals = len(mantissa.partition(".")[2])
    unit = 10.0 ** (int(exponent or 0) - decimals)
    shown = float(bracket) * (10.0 ** int(exponent or 0) if "." in bracket or decimals == 0 else unit)
    assert abs(float(mantissa) * 10.0 ** int(exponent or 0) - value) <= 0.501 * unit + 1e-15 * abs(value)
    assert abs(shown - error) <= 0.501 * unit
    assert abs(shown / error - 1) <= 0.251


def test_negative_error_is_refused():
    with pytest.raises(ValueError, match="give a standard error >= 0"):
        format_value(1.0, -0.1)
