"""Heavy tails: Pareto's k of what is averaged, what is exempt, which series is quoted, and what the check says."""

import numpy as np
import pytest
from arviz_stats.base.array import array_stats
from scipy.special import ndtr

from nnft_ppl.checks import FinishedDraws, ObservableTails
from nnft_ppl.draws import Kind
from nnft_ppl.statistics import Tails, contributions, estimate, mix, tails
from nnft_ppl.statistics.tails import SMALL

SHAPE = (4, 2000, 40)


def shapes(series, **told):
    return tails(contributions(series), **told).k_hat


def test_shape_of_a_pareto_tail_has_its_error(rng):
    for k in (0.3, 0.6, 1.0):
        found = tails(contributions(rng.random(SHAPE) ** -k), independent=True)
        length = 3 * np.sqrt(8000)
        expected = (length * k + 5) / (length + 10)
        assert abs(np.mean(found.k_hat) - expected) < 5 * np.mean(found.error) / np.sqrt(40)
        assert np.std(found.k_hat) == pytest.approx(np.mean(found.error), rel=0.5)


def test_the_heavier_side_counts(rng):
    heavy = rng.random(SHAPE) ** -0.9
    np.testing.assert_array_equal(shapes(heavy, independent=True), shapes(-heavy, independent=True))
    assert np.mean(shapes(heavy, independent=True)) > 0.8


@pytest.mark.parametrize(
    "law",
    [
        lambda rng: rng.random(SHAPE) < 0.01,  # an indicator
        lambda rng: np.tanh(6 * (rng.normal(size=SHAPE) + 2.5)),  # rarely far from the edge
        lambda rng: rng.poisson(0.5, SHAPE) ** 2,  # few values
        lambda rng: np.ones(SHAPE),
    ],
)
def test_bounded_series_have_no_tail(rng, law):
    assert np.mean(shapes(np.asarray(law(rng), float), independent=True) == -np.inf) > 0.9


def test_a_steep_density_that_ends_is_no_heavy_tail(rng):
    """x¹² of a uniform x with a sign ends, and has no large draw; a law of shape 1 has one."""
    ends, heavy = rng.choice([-1, 1], SHAPE) * rng.random(SHAPE) ** 12, rng.random(SHAPE) ** -1.0
    for series, useless in ((ends, False), (heavy, True)):
        found = tails(contributions(series), independent=True)
        assert (np.mean(found.useless(2.0)) > 0.8) == useless
        assert np.all((found.largest >= SMALL) == useless)
    # Without that the fit would speak against bounded series now and then.
    assert not np.any(found._replace(k_hat=0 * found.k_hat + 0.99, largest=0.01).useless(2.0))


def test_correlated_draws_know_less(rng):
    """Every draw ten times over has the shape of the draws once, and the error of a tenth of them."""
    series = rng.random((1, 2000, 1)) ** -0.4
    once, often = tails(contributions(series)), tails(contributions(np.repeat(series, 10, axis=1)))
    assert often.effective == pytest.approx(once.effective, rel=0.2)
    assert often.error == pytest.approx(once.error, rel=0.2)
    assert np.isnan(tails(contributions(series[:, :20])).k_hat).all()


def test_weights_count():
    """Weights exp(a z²/2) of N(0, 1) have k = a, whatever is averaged."""
    z = np.random.default_rng(3).normal(size=(4, 50_000))
    found = [float(tails(contributions(np.sign(z), 0.5 * a * z**2), independent=True).k_hat) for a in (0.2, 0.8)]
    assert found[0] < 0.45 < 0.65 < found[1]


def test_raw_draws_are_quoted_where_the_mix_is_heavier(rng):
    raw = 1 + rng.normal(size=(4, 1000, 2))
    improved = 1 + 0.001 * (rng.random((4, 1000, 2)) ** -1.2 - 5)
    improved[..., 1] = 1 + 0.1 * rng.normal(size=(4, 1000))
    found = mix(raw, improved)
    np.testing.assert_array_equal(found[..., 0], raw[..., 0])
    assert np.std(found[..., 1]) < 0.2


def judged(series, kind=Kind.FREE):
    estimates = estimate({"one": series}, independent=kind.independent)
    return ObservableTails().judge(FinishedDraws(None, kind, estimates, {"one": series}))


@pytest.mark.parametrize(
    ("law", "statuses"),
    [
        (lambda z: z**2, {"good"}),
        (np.exp, {"good"}),  # lognormal of σ = 1
        (lambda z: np.exp(4 * z), {"failed"}),
        (lambda z: np.tan(np.pi * (ndtr(z) - 0.5)) ** 2, {"failed"}),  # a Cauchy law
        (lambda z: z**6, {"good", "warning"}),
    ],
)
def test_verdicts(rng, law, statuses):
    outcome = [judged(law(rng.normal(size=(4, 2000)))) for _ in range(8)]
    assert {one.verdict.status for one in outcome} <= statuses
    row = outcome[0].findings["rows"][0]
    if statuses == {"failed"}:
        assert "too heavy a tail of one, k̂ = " in outcome[0].verdict.text
        assert "the median of means, biased where a tail is one-sided, is" in outcome[0].verdict.text
        assert row["median_of_means_error"] > 0


def test_many_components_are_judged_together(rng):
    """Tails of k about 0.55, z⁶: among two hundred the largest k is above 0.7 by chance."""
    verdict = judged(rng.normal(size=(4, 2000, 200)) ** 6).verdict
    assert verdict.status == "warning"
    assert verdict.value > 0.7


@pytest.mark.parametrize(
    ("k_hat", "error", "unseen", "sigmas", "useless"),
    [
        (0.95, 0.1, 0.0, 2.0, True),  # two errors above 0.7
        (0.85, 0.1, 0.0, 2.0, False),
        (0.85, 0.1, 3.0, 2.0, True),  # what did not come would move the mean
        (0.65, 0.1, 3.0, 2.0, False),
        (0.95, 0.1, 0.0, 3.0, False),  # the largest of many
        (np.nan, 0.1, 3.0, 2.0, False),
    ],
)
def test_where_an_error_says_nothing(k_hat, error, unseen, sigmas, useless):
    found = Tails(np.array(k_hat), np.array(error), np.array(unseen), 1000.0)
    assert found.useless(sigmas) == useless


@pytest.mark.parametrize("law", [np.exp, lambda z: z**4, lambda z: np.exp(3 * z)])
def test_shapes_are_those_of_arviz(rng, law):
    series = law(rng.normal(size=(4, 2000)))
    series = series - series.mean()
    above = np.where(series > 0, series, 1e-12)  # ArviZ takes log likelihoods, of which the lower tail is fitted
    theirs = array_stats.psislw(-np.log(above.ravel()))[1]
    assert float(tails(series, independent=True).k_hat) == pytest.approx(float(theirs), abs=1e-4)
