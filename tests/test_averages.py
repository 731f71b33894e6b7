"""Averages of consecutive draws: the same means and errors as the draws, in constant memory."""

import jax
import numpy as np
import pytest
from statistical import autoregressive

from nnft_ppl.runs.long_series import averaged_over
from nnft_ppl.runs.tempering import GROUP, FreeCurve, curve_of_free_draws, curve_of_populations, joined_curves
from nnft_ppl.samplers import Curve
from nnft_ppl.statistics import (
    Averages,
    SingleDraws,
    average_of_two,
    estimate,
    kish,
    kish_of_averages,
    log_mean_weight,
    mix,
    mixed_alike,
    relative_weights,
    smooth_log_weights,
    weight_of_two,
)

CHAINS, DRAWS, MOST = 4, 2**14, 2**9


def joined(first, second):
    """Pairs of weighted draws."""
    logs, share = weight_of_two(first["log_weight"], second["log_weight"])
    return {
        "log_weight": logs,
        "value": average_of_two(first["value"], second["value"], share),
        "single": jax.tree.map(np.copy, first["single"]),
    }


def unweighted(first, second):
    """The planted mistake: values are averaged as if all weights were equal."""
    return joined(first, second) | {"value": average_of_two(first["value"], second["value"])}


def averages_of(draws, join=joined, most=MOST):
    """Averages of weighted draws, which come in one part; and single draws."""
    averages = Averages(most, join)
    averages.add(draws | {"single": {"value": draws["value"], "log_weight": draws["log_weight"]}})
    found = averages.series
    return averages.each, found, SingleDraws({"O": found["single"]["value"]}, found["single"]["log_weight"])


def weighted(seed, share_behind_wall=0.0):
    """Independent draws x of a normal law, and weights e^{−x²/2 + x/2} that make another of them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(CHAINS, DRAWS))
    behind = rng.random(x.shape) < share_behind_wall
    return {"value": x + 1.0, "log_weight": np.where(behind, -np.inf, -(x**2) / 2 + x / 2)}


def test_only_the_number_of_draws_counts():
    """Parts of any length give the same bits; k grows by one where there are too many."""
    draws = {"log_weight": weighted(0)["log_weight"][:, :1000], "value": weighted(0)["value"][:, :1000]}
    whole = draws | {"single": {}}
    for most, seed in ((7, 1), (100, 2), (999, 3)):
        one, other = Averages(most, joined), Averages(most, joined)
        one.add(whole)
        edges = np.sort(np.random.default_rng(seed).integers(0, 1000, 30))
        for first, last in zip([0, *edges], [*edges, 1000], strict=True):
            if last > first:
                other.add(jax.tree.map(lambda array, at=slice(first, last): array[:, at], whole))
        assert one.each == other.each == 2 ** int(np.ceil(np.log2(1000 / (most + 1)) + 1e-9))
        for name in draws:
            np.testing.assert_array_equal(one.series[name], other.series[name])
            assert one.series[name].shape[1] == 1000 // one.each <= most


def test_of_how_many_draws_an_average_is():
    assert [averaged_over(draws) for draws in (20_000, 20_001, 40_001, 40_002, 1_000_000)] == [1, 2, 2, 4, 64]


@pytest.mark.parametrize("wall", [0.0, 0.9])
def test_weighted_draws(wall):
    """Means to rounding; errors, effective draws, Kish's number and ln Z within their own errors; −inf is no weight."""
    draws = weighted(7, wall)
    each, found, singles = averages_of(draws)
    assert each == DRAWS // MOST
    logs = found["log_weight"]
    whole = estimate({"O": draws["value"]}, None, draws["log_weight"], independent=True)["O"]
    made = estimate({"O": found["value"]}, None, logs, independent=True, singles=singles)["O"]
    np.testing.assert_allclose(made.value, whole.value, rtol=1e-13)
    assert abs(made.value - 1.25) < 5 * made.error
    # An error from n averages is good to 1/√(2n) = 1.6 %, and the variance of as many single draws to some per cent.
    assert abs(made.error / whole.error - 1) < 5 / np.sqrt(2 * CHAINS * MOST)
    assert abs(made.ess / whole.ess - 1) < 0.25
    assert bool(made.agree)
    assert abs(kish_of_averages(logs, each) / kish(draws["log_weight"]) - 1) < 0.3
    log_z, of_draws = log_mean_weight(logs), log_mean_weight(draws["log_weight"])
    np.testing.assert_allclose(log_z[0], of_draws[0], rtol=1e-12)
    assert abs(log_z[1] / of_draws[1] - 1) < 0.1
    assert smooth_log_weights(logs)[1] < 0.3
    # A function of means has the same error, too, and as many effective draws.
    square = {"square": lambda means: means["O"] ** 2}
    derived = estimate({"O": found["value"]}, square, logs, independent=True, singles=singles)["square"]
    np.testing.assert_allclose(derived.ess, made.ess, rtol=1e-6)


def test_averages_without_their_weights_are_seen():
    """The planted mistake moves the mean by many errors; the right one does not."""
    draws = weighted(8)
    values = [averages_of(draws, join)[1]["value"] for join in (joined, unweighted)]
    pulls = []
    for value in values:
        made = estimate({"O": value}, None, averages_of(draws)[1]["log_weight"], independent=True)["O"]
        pulls.append(abs(made.value - 1.25) / made.error)
    assert pulls[0] < 5 < 20 < pulls[1]


def test_nothing_of_no_weight_counts():
    """An infinite value behind a wall is not there; two draws behind it leave their mean, of weight zero."""
    value, logs = np.array([[np.inf, 1.0, 2.0, 4.0]]), np.array([[-np.inf, 0.0, -np.inf, -np.inf]])
    log_weight, share = weight_of_two(logs[:, ::2], logs[:, 1::2])
    np.testing.assert_array_equal(average_of_two(value[:, ::2], value[:, 1::2], share), [[1.0, 3.0]])
    np.testing.assert_allclose(log_weight, [[-np.log(2), -np.inf]])
    assert average_of_two(np.float32([[3.0]]), np.float32([[4.0]])).dtype == np.float64
    constant = np.full((1, 5), 0.1)
    assert np.all(average_of_two(constant, constant, np.full((1, 5), 1 / 3)) == 0.1)


@pytest.mark.parametrize("coefficient", [0.0, 0.9])
def test_effective_draws_of_chains(coefficient):
    """N (1 − a)/(1 + a) of them, as many as the exact formula says, whether averages are correlated or not."""
    series = autoregressive(np.random.default_rng(11), coefficient, (CHAINS, DRAWS))
    draws = {"value": series, "log_weight": np.zeros(series.shape)}
    _, found, singles = averages_of(draws)
    made = estimate({"O": found["value"]}, singles=singles._replace(log_weights=None))["O"]
    exact = series.size * (1 - coefficient) / (1 + coefficient)
    # Error² from n averages is good to a few √(2/n), and the variance of as many single draws, too.
    assert abs(made.ess / exact - 1) < 0.2
    assert abs(made.value) < 5 * made.error
    averages_alone = estimate({"O": found["value"]})["O"]
    assert averages_alone.ess < exact / 2  # counted in averages: what single draws are there for


def test_single_draws_are_mixed_as_averages_are():
    rng = np.random.default_rng(5)
    raw = rng.normal(size=(2, 200, 3))
    improved = np.array([0.5, 0.0, 1.0]) * raw + 0.1 * rng.normal(size=raw.shape)
    mixed = mix(raw, improved)
    np.testing.assert_allclose(mixed_alike(raw, improved, (raw, improved, mixed)), mixed, rtol=1e-9, atol=1e-12)
    turned = [np.exp(0.3j) * one for one in (raw, improved)]
    mixed = mix(*turned)
    np.testing.assert_allclose(mixed_alike(*turned, (*turned, mixed)), mixed, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("proposal", [False, True])
def test_curve_of_many_free_draws(proposal):
    """Groups of draws give the curve of the draws, its error within its own; draws come in any parts."""
    draws = weighted(3, 0.2)
    length = 40 * GROUP
    value, logs = draws["value"][:, :length, None], draws["log_weight"][:, :length]
    over = 0.1 * draws["value"][:, :length] if proposal else None
    whole = curve_of_free_draws({"O": value}, logs, {}, over)
    free, together = FreeCurve(["O"]), Averages(16, joined_curves)
    for first in range(0, length, 300):
        at = slice(first, first + 300)
        made = free.curves({"O": value[:, at]}, logs[:, at], None if over is None else over[:, at])
        if made is not None:
            together.add(made)
    log_z, averages = jax.tree.map(lambda one: one.reshape(-1, *one.shape[2:]), together.series)
    assert together.each == 4
    curve = curve_of_populations([Curve(whole["beta"].values, log_z, {"observables": averages})], {"O": ("x",)})
    for name in ("log_z", "O"):
        np.testing.assert_allclose(curve[name].values, whole[name].values, rtol=1e-10, atol=1e-12)
        errors, of_draws = curve[f"{name}.error"].values[1:], whole[f"{name}.error"].values[1:]
        assert np.all(np.abs(errors / of_draws - 1) < 5 / np.sqrt(2 * log_z.shape[0]))
    assert relative_weights(log_z[:, -1]).shape == (40,)
