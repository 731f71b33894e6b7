"""Windings on a circle with a θ term: sums of both sides of Poisson's formula, and what the run says."""

import numpy as np
import pytest
import xarray as xr
from statistical import ACCEPTED

from nnft_ppl import load, sample
from nnft_ppl.checks import FinishedDraws, SectorMixing, round_trips, sectors
from nnft_ppl.draws import Kind

FAR = 8.0
"""Errors by which a control is rejected."""


@pytest.mark.parametrize(
    ("keywords", "average", "squared"),
    [
        ({}, 0.1641551, -2.026424),
        ({"beta": 5.0}, 0.925683, None),
        ({"theta": 0.0}, 1.0, 0.505686),
        ({"theta": 0.0, "beta": 5.0}, 1.0, 0.0371596),
        ({"inertia": 2.3, "beta": 31.0, "theta": 0.7}, None, None),
        ({"inertia": 0.4, "beta": 3.0, "theta": 2.1}, None, None),
        ({"inertia": 5.0, "beta": 200.0, "theta": 1.5}, None, None),
    ],
)
def test_exact_sums_over_momenta(keywords, average, squared):
    """Over windings in the model, over momenta here; the susceptibility by second differences."""
    theory = load("particle_on_circle", **keywords)
    inertia, beta, theta = (theory.keywords[name] for name in ("inertia", "beta", "theta"))

    def over_momenta(theta):
        away = np.add.outer(np.arange(-60, 61), -np.asarray(theta) / (2 * np.pi))
        return np.sum(np.exp(-beta * away**2 / (2 * inertia)), axis=0)

    step = 1e-3
    left, here, right = over_momenta([theta - step, theta, theta + step])
    found = theory.exact
    np.testing.assert_allclose(found["phase_average"], here / over_momenta(0.0), rtol=1e-11)
    np.testing.assert_allclose(found["winding_squared"], -(left - 2 * here + right) / step**2 / here, atol=2e-5)
    for name, known in (("phase_average", average), ("winding_squared", squared)):
        if known is not None:
            np.testing.assert_allclose(found[name], known, atol=6e-7)
    if theta == np.pi:
        np.testing.assert_allclose(theory.control.answers["phase_average"], 1.0)


@pytest.fixture(scope="module")
def run():
    summed = sectors("winding", range(-4, 5))
    return sample(load("particle_on_circle"), "reweight", num_draws=3000, seed=5, keep="none", checks=[summed])


def test_a_run_agrees_and_its_control_does_not(run):
    found, theory = run.estimates(), load("particle_on_circle")
    for name in ("phase_average", "winding_squared"):
        value, error = np.real(found[name].value), np.real(found[name].error)
        assert abs(value - theory.exact[name]) < ACCEPTED * error
        assert abs(value - theory.control.answers[name]) > FAR * error
    assert next(one for one in run.provenance.verdicts if one.check == "phase").status == "good"


def test_sums_over_sectors_are_exact(run):
    """Nothing else moves the observables: the sum over the label has no noise left."""
    found = run.data["sectors_winding_estimates"].dataset
    assert found["weight"].dims == ("sector",)
    np.testing.assert_array_equal(found["sector"], np.arange(-4, 5))
    weights = np.exp(-2 * np.pi**2 * np.arange(-4, 5) ** 2 / 20)
    np.testing.assert_allclose(found["weight"], weights / weights.sum(), atol=1e-9)
    np.testing.assert_allclose(found["winding_squared"], np.arange(-4, 5) ** 2, atol=1e-9)
    np.testing.assert_allclose(found["winding_squared.sum"], -2.026424, atol=1e-6)
    assert "sectors of winding: -4: " in next(v.text for v in run.provenance.verdicts if v.check == "sectors_winding")


MISSED = {
    "no site": (lambda: sectors("charge", [0]), "there is no discrete site 'charge'; there are: winding"),
    "continuous": (lambda: sectors("start", [0]), "there is no discrete site 'start'"),
    "twice": (lambda: sectors("winding", [0, 0]), "give different whole numbers"),
    "none": (lambda: sectors("winding", []), "give different whole numbers"),
    "half": (lambda: sectors("winding", [0.5]), "give different whole numbers"),
}


@pytest.mark.parametrize("name", MISSED)
def test_sectors_that_are_none(name):
    make, words = MISSED[name]
    with pytest.raises(ValueError, match=words):
        make().measurement(load("particle_on_circle"))


def mixing(labels, kind=Kind.CHAINS):
    """Of sums of the winding; where all are zero, it is said that their squares are, too."""
    sums = np.stack([labels, labels**2], axis=-1)[:, :, None]
    measured = xr.Dataset({"label": (("chain", "draw", "site", "power"), sums)}, {"site": ["winding"]})
    theory = load("particle_on_circle")
    finished = FinishedDraws(theory, kind, {}, {}, measured=measured)
    assert SectorMixing().applies(finished)
    return SectorMixing().judge(finished)


def test_sector_mixing_counts_round_trips(rng):
    assert round_trips(np.array([[[0], [1], [0], [0], [1]], [[0], [0], [0], [0], [0]]])).tolist() == [1]
    free = mixing(rng.integers(-1, 2, size=(4, 300)))
    assert free.verdict.status == "good"
    assert free.findings["round_trips"]["winding"] > 100
    # Every chain in the sector in which it began: R̂ is bad. All in one: R̂ is 1, and nothing is known.
    stuck = mixing(np.repeat([[0], [1], [0], [1]], 300, axis=1))
    assert (stuck.verdict.status, stuck.verdict.value) == ("failed", 0)
    one = mixing(np.zeros((4, 300)))
    assert one.verdict.status == "warning"
    assert "winding never changed: other sectors are light, or were not reached" in one.verdict.text
    rare = np.zeros((4, 300))
    rare[1, 40] = 1
    assert mixing(rare).verdict.status == "warning"
    # Of free draws all that can be seen is that none has another level.
    assert mixing(np.zeros((4, 300)), Kind.FREE).verdict.status == "warning"
    assert mixing(rng.integers(-1, 2, size=(4, 300)), Kind.FREE).verdict.status == "good"


def test_a_sum_that_all_moves_keep_is_no_label(rng):
    """A neutral gas: the sum of its charges is zero, and the sum of their squares moves."""
    squares = rng.integers(0, 3, size=(4, 300))
    sums = np.stack([np.zeros_like(squares), squares], axis=-1)[:, :, None]
    measured = xr.Dataset({"label": (("chain", "draw", "site", "power"), sums)}, {"site": ["winding"]})
    finished = FinishedDraws(load("particle_on_circle"), Kind.CHAINS, {}, {}, measured=measured)
    assert SectorMixing().judge(finished).verdict.status == "good"
