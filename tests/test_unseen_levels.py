"""Levels that no draw has: heavy ones, and light ones that an observable amplifies; nothing where all are seen."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
import xarray as xr
from numpyro import distributions as dist

from nnft_ppl import Observable, Theory
from nnft_ppl.checks import FinishedDraws, Outcome, SecondRoute, UnseenLevels
from nnft_ppl.checks.unseen_levels import rare_levels
from nnft_ppl.densities import IntegerNormal
from nnft_ppl.draws import Kind
from nnft_ppl.statistics import estimate
from nnft_ppl.theory import ModelFile


def far(bonus):
    """Integers about zero, and a well at 14 of weight e^{bonus − 29.4} beside 4.58 of all others."""
    k = numpyro.sample("k", IntegerNormal(0.3))
    a = numpyro.sample("a", dist.Normal(0, 1))
    numpyro.factor("well", bonus * (k == 14))
    return lambda x: a + k * x[0]


def rare(share):
    s = numpyro.sample("s", dist.Bernoulli(share))
    a = numpyro.sample("a", dist.Normal(0, 1))
    return lambda x: a + 1e4 * s + 0 * x[0]


def judged(model, value, observable):
    """The check on 4 × 400 free draws of a model with one keyword."""
    file = replace(ModelFile.of(lambda: model(value)), observables=lambda: {"one": Observable(observable)})
    theory, check = Theory(file), UnseenLevels()
    measurement = check.measurement(theory)
    assert measurement is not None
    keys = jax.random.split(jax.random.key(3), (4, 400))

    def look(key):
        position = theory.free_draw(key)
        return measurement.function(position), theory.measure(position)["observables"]["one"], theory.action(position)

    measured, series, action = jax.tree.map(np.asarray, jax.jit(jax.vmap(jax.vmap(look)))(keys))
    dataset = xr.Dataset(
        {
            name: (("chain", "draw", *(f"{name}_{i}" for i in range(one.ndim - 2))), one)
            for name, one in measured.items()
        },
        coords={"draw": np.arange(400)},
    )
    draws = FinishedDraws(
        theory,
        Kind.FREE,
        estimate({"one": series}, log_weights=-action, independent=True),
        {"one": series},
        log_weights=-action,
        measured=dataset,
    )
    return check.outcome(draws)


@pytest.mark.parametrize(
    ("model", "value", "observable", "words"),
    [
        (far, 31.0, lambda phi, theta: 1.0 * theta["k"], "k = 14 weighs 0.5"),
        (far, 20.0, lambda phi, theta: 1.0 * theta["k"], None),  # the well weighs 2e-5
        (rare, 1e-4, lambda phi: phi(jnp.zeros(1)), "such as 1 of weight 0.0001, would move one by"),
        (rare, 1e-4, lambda phi, theta: 1e4 * theta["s"], "would move one quoted without error"),
        (rare, 1e-4, lambda phi, theta: theta["a"] + theta["s"], None),  # by 1e-4, which is below the error
        (rare, 0.3, lambda phi: phi(jnp.zeros(1)), None),
    ],
)
def test_unseen_levels(model, value, observable, words):
    outcome = judged(model, value, observable)
    assert outcome.verdict.status == ("good" if words is None else "failed")
    assert (words or "unseen levels: ") in outcome.verdict.text


def test_free_draws_without_the_levels_are_no_second_route():
    findings = judged(far, 31.0, lambda phi, theta: 1.0 * theta["k"]).findings
    assert rare_levels(findings, 10_000) == "levels of k that weigh 0.52 together, such as 14, are rare in free draws"
    assert rare_levels(judged(far, 0.0, lambda phi, theta: 1.0 * theta["k"]).findings, 10_000) == ""
    before = {UnseenLevels.name: Outcome(UnseenLevels().unavailable("").verdict, findings)}
    one = {"one": np.zeros((2, 100))}
    draws = FinishedDraws(Theory(lambda: rare(0.3)), Kind.CHAINS, {}, one, key=jax.random.key(0), before=before)
    with pytest.raises(ValueError, match="are rare in free draws"):
        SecondRoute().judge(draws)
