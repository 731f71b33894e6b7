"""Hard walls: a factor of −∞ is a weight of zero, for every sampler."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist
from pilots import choice_of
from scipy.stats import norm
from statistical import ACCEPTED, REJECTED

from nnft_ppl import Theory, sample
from nnft_ppl.samplers import SamplerError, Settings, start_positions
from nnft_ppl.statistics import smooth_log_weights

EDGE = 0.5
EXACT = 1 + EDGE * norm.pdf(EDGE) / norm.sf(EDGE)
"""⟨a² | a > EDGE⟩."""


def walled(edge=EDGE, height=jnp.inf):
    a = numpyro.sample("a", dist.Normal(0, 1))
    numpyro.factor("wall", jnp.where(a > edge, 0.0, -height))
    return lambda x: a + 0 * x[0]


@pytest.fixture(scope="module")
def theory() -> Theory:
    return Theory(walled)


@pytest.mark.parametrize(
    "sampler", ["auto", "reweight", "hmc", "pcn", "elliptical-slice", "replica-exchange", "tempered"]
)
def test_every_sampler_knows_a_wall(theory, sampler, seed):
    run = sample(theory, sampler, num_draws=1000, seed=seed, checks=sampler in ("auto", "reweight"))
    quoted = run.estimates()["phi_squared"]
    assert abs(quoted.value - EXACT) < ACCEPTED * quoted.error
    assert abs(quoted.value - 1) > REJECTED * quoted.error  # the control: no wall
    assert all("the action jumps" in reason for reason in run.provenance.improved.reasons.values())
    assert not [one for one in run.verdicts if one.check in ("divergences", "bfmi", "k_hat") and one.status != "good"]
    if run.provenance.log_z:
        assert abs(run.provenance.log_z.value - norm.logsf(EDGE)) < ACCEPTED * run.provenance.log_z.error


def test_chains_start_inside(key):
    target = Theory(walled, edge=2.0).target()
    starts = np.asarray(start_positions(target, key, 4))
    assert starts.shape == (4, 1)
    assert np.all(starts > 2)


def test_where_nothing_is_inside_it_is_said(key):
    with pytest.raises(SamplerError, match=r"infinite on all but 0 of 512 draws of the free theory"):
        start_positions(Theory(walled, edge=9.0).target(), key, 4)


def test_an_undefined_action_is_still_an_error(key):
    target = Theory(walled).target()
    undefined = replace(target, action=lambda z: jnp.log(-1 - z[0] ** 2))
    with pytest.raises(SamplerError, match="the action is nan at the start of chain 0"):
        start_positions(undefined, key, 2)


def test_the_pilot_takes_a_wall_for_weights_of_zero(theory):
    told = Settings(jax.random.key(0), 4, 2000, 300, 1)
    choice, _ = choice_of(theory, told)
    assert choice.name == "reweight"
    assert "not a number" not in choice.reason


def test_weights_of_zero_are_no_tail():
    logs = np.where(np.arange(4000) % 50 == 0, 0.0, -np.inf)
    smoothed, k_hat = smooth_log_weights(logs)
    assert k_hat == -np.inf
    np.testing.assert_allclose(np.exp(smoothed).sum(), 1.0)
    assert np.sum(np.isfinite(smoothed)) == 80
