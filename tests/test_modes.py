"""Runs of densities with a mode where no free draw is: found, jumped to, weighed; or failed by the mode's name."""

from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist
from scipy import integrate

from nnft_ppl import Observable, Theory, sample
from nnft_ppl.checks import EarlierSamplers, FinishedDraws, ModeCoverage, Outcome
from nnft_ppl.checks.modes import SURE, _unseen
from nnft_ppl.draws import Kind
from nnft_ppl.modes import Mode, ModeSearch
from nnft_ppl.statistics import Verdict
from nnft_ppl.theory import ModelFile

PLACE, WIDTHS, SHARE = 6.0, (0.5, 0.1), 0.7


def two_modes():
    """A mixture of Gaussians of shares 0.3 and 0.7, the heavier six standard deviations of the free theory away."""
    z = numpyro.sample("z", dist.Normal(0, 1))
    near = jnp.log(1 - SHARE) - jnp.log(WIDTHS[0]) - 0.5 * (z / WIDTHS[0]) ** 2
    far = jnp.log(SHARE) - jnp.log(WIDTHS[1]) - 0.5 * ((z - PLACE) / WIDTHS[1]) ** 2
    numpyro.factor("modes", jnp.logaddexp(near, far) + 0.5 * z**2)
    return lambda x: z + 0 * x[0]


def observables() -> dict:
    return {"phi": Observable(lambda phi: phi(jnp.zeros(1)))}


def theory() -> Theory:
    return Theory(ModelFile(two_modes, "two_modes", observables=observables))


def mode_findings(ensemble: Any) -> Any:
    return ensemble.findings["modes"]


def test_auto_ends_right_where_no_free_draw_has_been():
    ensemble = sample(theory(), num_draws=1000, num_warmup=150)
    one = ensemble.estimates()["phi"]
    assert ensemble.provenance.verdict == "good", str(ensemble.verdicts)
    assert abs(one.value - SHARE * PLACE) < 5 * one.error
    assert ensemble.provenance.sampler.name == "hmc"
    found = mode_findings(ensemble)["found"]
    assert [mode["weight"] for mode in found] == pytest.approx([SHARE, 1 - SHARE], rel=1e-3)
    assert all(mode["visited"] for mode in found)
    # What was tried before is told, with what it failed on.
    words = next(one for one in ensemble.verdicts if one.check == "earlier")
    assert words.status == "good"
    assert "reweight failed (not visited: a mode of weight 0.7 (Laplace) at phi = 6" in words.text


def test_a_sampler_that_stays_in_one_mode_is_failed_by_the_name_of_the_other():
    draws = sample(theory(), "reweight", num_draws=500, checks=["modes"])
    verdict = next(one for one in draws.verdicts if one.check == "modes")
    assert verdict.status == "failed"
    assert "not visited: a mode of weight 0.7 (Laplace) at phi = 6" in verdict.text


def judged(
    theory: Theory,
    kind: Kind,
    positions: np.ndarray,
    log_weight: np.ndarray | None = None,
    check: ModeCoverage | None = None,
) -> Any:
    """The check's outcome on draws at these positions, (chain, draw, dimension)."""
    stats = {} if log_weight is None else {"log_weight": log_weight}
    draws = FinishedDraws(
        theory, kind, {}, {"phi": positions[..., 0]}, stats, log_weights=log_weight, positions=positions,
        numbers=np.arange(positions.shape[1]),
    )  # fmt: skip
    return (check or ModeCoverage()).judge(draws)


def flat_well(share: float):
    """A second mode that is flat within 0.1 and steep outside: Laplace's weight is ten times what it weighs."""

    def model():
        z = numpyro.sample("z", dist.Normal(0, 1))
        away = z - PLACE
        far = jnp.log(share / WELL) - 0.5 * away**2 - (away / 0.1) ** 4
        numpyro.factor("modes", jnp.logaddexp(-0.5 * z**2 - 0.5 * jnp.log(2 * jnp.pi), far) + 0.5 * z**2)
        return lambda x: z + 0 * x[0]

    return Theory(ModelFile(model, "flat_well", observables=observables))


WELL = integrate.quad(lambda x: np.exp(-0.5 * x**2 - (x / 0.1) ** 4), -1, 1, points=[0])[0]


@pytest.mark.parametrize(("share", "status"), [(3e-4, "good"), (5e-3, "failed")])
def test_a_mode_that_is_light_by_importance_sampling_is_not_missed(share: float, status: str):
    draws = np.random.default_rng(0).normal(size=(4, 2000, 1))
    outcome = judged(flat_well(share), Kind.CHAINS, draws)
    assert outcome.verdict.status == status, outcome.verdict.text
    assert share < 1e-3 or "not visited" in outcome.verdict.text


def test_draws_near_a_mode_are_counted_where_descents_lead_elsewhere(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ModeSearch, "families_of", lambda search, _: {search.modes[-1].family})
    random = np.random.default_rng(0)
    near, far = WIDTHS[0] * random.normal(size=(1, 300, 1)), PLACE + WIDTHS[1] * random.normal(size=(1, 700, 1))
    made, check = theory(), ModeCoverage()
    draws = {number: np.concatenate([near, far[:, :number]], axis=1) for number in (0, 20, 700)}
    told = {number: judged(made, Kind.CHAINS, one, check=check).verdict.status for number, one in draws.items()}
    # Fewer than a tenth of those that should be near are none.
    assert told == {0: "failed", 20: "failed", 700: "good"}


def test_visited_modes_pass_and_too_few_draws_are_said_to_be_few():
    random = np.random.default_rng(0)
    near, far = WIDTHS[0] * random.normal(size=(2, 200, 1)), PLACE + WIDTHS[1] * random.normal(size=(2, 200, 1))
    both = np.concatenate([near, far], axis=1)
    assert judged(theory(), Kind.CHAINS, both).verdict.status == "good"
    assert judged(theory(), Kind.CHAINS, near).verdict.status == "failed"
    few = judged(theory(), Kind.CHAINS, near[:1, :4]).verdict
    assert (few.status, "may be chance" in few.text) == ("warning", True)


@pytest.mark.parametrize(
    ("led", "directions", "words"),
    [
        ([20, 48], 48, "searched along 48 random directions, which find a mode that 1 in 16 lead to (95 %)"),
        ([48, 0], 48, "which find a mode that 1 in 16"),  # the second one was met by draws alone
        ([47, 1, 1], 48, "of 48 random directions searched 2 led where no other did: about 1 in 24 further ones"),
        ([2], 2, "searched along 2 random directions only"),
    ],
)
def test_the_text_says_what_a_search_can_miss(led: list[int], directions: int, words: str):
    modes = [Mode(np.zeros(1), 0.0, directions=frozenset(range(number))) for number in led]
    assert words in _unseen(modes, directions)


def test_a_share_that_is_promised_is_missed_with_5_percent_at_most():
    for number in (8, 48, 1000):
        assert (1 - SURE / number) ** number < 0.05 < (1 - SURE / 2 / number) ** number


PROVED = {
    "convex": (lambda z: jnp.sum(z**4), "convex"),
    "bounded": (lambda z: 1 - jnp.cos(jnp.sum(z)), "bounded"),
    "neither": (lambda z: 0.3 * z[0] ** 4 - z[0] ** 2, "search"),
}


@pytest.mark.parametrize("name", PROVED)
def test_the_argument_is_told(name: str):
    action, argument = PROVED[name]

    def model():
        z = numpyro.sample("z", dist.Normal(0, 1).expand([2]).to_event(1))
        numpyro.factor("action", -action(z))
        return lambda x: z[0] + 0 * x[0]

    theory = Theory(model)
    positions = np.random.default_rng(1).normal(size=(1, 8000, 2))
    log_weight = -np.asarray(jnp.apply_along_axis(action, -1, positions))
    outcome = judged(theory, Kind.FREE, positions, log_weight)
    assert (outcome.findings["argument"], outcome.verdict.status) == (argument, "good"), outcome.verdict.text


def test_one_check_judges_several_runs_each_for_itself():
    """A search, and where draws were, belong to one theory and one run."""
    random, check = np.random.default_rng(2), ModeCoverage()
    near, far = WIDTHS[0] * random.normal(size=(2, 200, 1)), PLACE + WIDTHS[1] * random.normal(size=(2, 200, 1))
    one = theory()
    assert judged(one, Kind.CHAINS, far, check=check).verdict.status == "failed"
    assert judged(one, Kind.CHAINS, near, check=check).verdict.status == "failed"  # not: visited by the first run

    def free():
        z = numpyro.sample("z", dist.Normal(0, 1))
        numpyro.factor("mass", -(z**2))
        return lambda x: z + 0 * x[0]

    assert judged(Theory(free), Kind.CHAINS, near, check=check).findings["argument"] == "convex"


FAILED = Verdict("k_hat", "failed", 1.0, 0.7, "tail of the weights k̂ = 1.00: use --sampler hmc")
VISITED = Outcome(Verdict("modes", "good", 0.0, 1e-3, "one mode, visited by the draws"))


@pytest.mark.parametrize(
    ("failed", "before", "status"),
    [
        ("k_hat", {"modes": VISITED}, "good"),
        ("k_hat", {}, "warning"),  # nobody looked whether every mode was visited
        ("schwinger_dyson", {"modes": VISITED}, "warning"),  # another density is explained by no mode
        ("exact_answers", {"modes": VISITED}, "warning"),
    ],
)
def test_what_earlier_samplers_failed_on_is_explained_or_not(failed: str, before: dict, status: str):
    draws = FinishedDraws(theory(), Kind.CHAINS, {}, {}, earlier={"reweight": (replace(FAILED, check=failed),)})
    verdict = EarlierSamplers().judge(replace(draws, before=before)).verdict
    assert verdict.status == status
    assert "reweight failed (tail of the weights k̂ = 1.00)" in verdict.text
