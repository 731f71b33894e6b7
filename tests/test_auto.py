"""The automatic choice: by what free draws are worth, then on to stronger samplers, never quietly bad."""

import importlib
import time
from dataclasses import replace

import numpy as np
import pytest
from pilots import choice_of

from nnft_ppl import load, sample
from nnft_ppl.samplers import SamplerError, Settings

auto = importlib.import_module("nnft_ppl.runs.auto")  # `samplers.auto` could be taken for the choice itself


def told(key, num_draws=2000):
    """What a sampler would be told."""
    return Settings(key, num_chains=4, num_draws=num_draws, num_warmup=300, keep_every=0)


def test_free_draws_while_they_are_worth_it(key):
    choice, targets = choice_of(load("phi4_circle", modes=8, coupling=1.0), told(key))
    assert choice.name == "reweight"
    assert "free draws are worth" in choice.reason
    assert targets.reference is None


def test_draws_of_a_reference_where_free_ones_are_worth_little(key):
    theory = load("phi4_circle", modes=8, coupling=60.0)
    choice, targets = choice_of(theory, told(key))
    assert choice.name == "reweight"
    assert "draws of a Gaussian that knows the action are worth" in choice.reason
    assert targets.reference is not None
    assert targets.draws.proposal is not None


def test_chains_where_no_draws_are_worth_anything(key):
    theory = load("phi4_circle", modes=8, coupling=3000.0, period=12.0)
    choice, targets = choice_of(theory, told(key), bare=True)
    assert choice.name == "hmc"
    assert "too few to reweight" in choice.reason
    assert targets.reference is None


@pytest.mark.parametrize(("cost", "name"), [(1e-3, "hmc"), (1e12, "reweight")])
def test_counts_decide_where_draws_are_worth_little(key, monkeypatch, cost, name):
    monkeypatch.setattr(auto, "_chain_cost", lambda target, settings: cost * settings.num_draws)
    choice, _ = choice_of(load("phi4_circle", modes=8, coupling=60.0), told(key), bare=True)
    assert choice.name == name


@pytest.fixture
def clock(monkeypatch):
    """(seconds) -> a clock in place of the machine's goes on by so much; by itself it stands still."""
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])

    def go_on(seconds):
        now[0] += seconds

    return go_on


class Refusing:
    """A sampler that cannot begin."""

    def __init__(self, target, settings):
        pass

    def start(self):
        raise SamplerError("no")

    def step(self, state):
        raise AssertionError("it never began")


def test_runs_and_says_why(seed):
    theory = load("phi4_circle", modes=8)
    run = sample(theory, seed=seed, num_draws=2000, keep="none")
    used = run.provenance.sampler
    assert (used.asked, used.name) == ("auto", "reweight")
    assert run.provenance.verdict == "good"
    assert run.provenance.log_z.error < 0.02
    curve = run.tempering
    assert curve is not None
    np.testing.assert_allclose(curve["log_z"].values[-1], run.provenance.log_z.value, rtol=1e-12)
    assert curve["log_z"].values[0] == 0.0


@pytest.fixture
def poor_reweighting(monkeypatch):
    """Twelve free draws a chain where `reweight` is asked for: its checks must fail."""
    from nnft_ppl.runs import sampling
    from nnft_ppl.samplers import reweight

    def poor(target, settings):
        return reweight(target, replace(settings, num_draws=12))

    monkeypatch.setitem(sampling.SAMPLERS, "reweight", poor)


def test_goes_on_to_the_stronger_sampler_where_checks_fail(poor_reweighting, seed, tmp_path):
    theory = load("phi4_circle", modes=8, coupling=1.0)
    run = sample(theory, seed=seed, num_draws=4000, checks=False, out=tmp_path / "out")
    used = run.provenance.sampler
    assert used.name == "hmc"
    assert used.reason.startswith("reweight failed (")
    assert run.provenance.verdict == "good"
    assert "posterior" in run.data


def test_keeps_the_weaker_result_where_the_stronger_cannot_go_on(poor_reweighting, seed, monkeypatch):
    from nnft_ppl.runs import sampling

    monkeypatch.setitem(sampling.SAMPLERS, "hmc", Refusing)
    run = sample(load("phi4_circle", modes=8, coupling=1.0), seed=seed, num_draws=4000, checks=False)
    assert run.provenance.sampler.name == "reweight"
    assert "hmc could not go on (no)" in run.provenance.sampler.reason
    assert run.provenance.verdict == "failed"


def test_time_limit_ends_a_run_of_too_many_draws(seed, clock):
    theory = load("phi4_circle", modes=8)
    drawn = []

    def progress(stage):
        clock(0.1)
        drawn.append(stage.done)

    run = sample(theory, "reweight", seed=seed, num_draws=10**7, time_limit=1.5, keep="none", progress=progress)
    assert 0 < run.data["observables"].sizes["draw"] == max(drawn) < 10**7
    assert 1 < len({done for done in drawn if done}) < 15  # blocks in 1.5 s, by a clock of a tenth a stage
    assert run.provenance.interrupted is False
    with pytest.raises(ValueError, match="time_limit must be a positive number"):
        sample(theory, time_limit=0.0)


def test_chains_lie_on_all_devices_and_give_the_same(tmp_path):
    """Two processes, of one and of two processor devices: the same chains, from either layout."""
    import json
    import subprocess
    import sys

    script = """
import json, jax
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_num_cpu_devices", {devices})
from nnft_ppl import load, sample
run = sample(load("deformed_rotation"), "hmc", num_draws=1000, checks=False)
one = run.estimates()["trace"]
print(json.dumps([len(jax.devices()), float(one.value), float(one.error)]))
"""
    found = []
    for devices in (1, 2):
        done = subprocess.run(
            [sys.executable, "-c", script.format(devices=devices)], capture_output=True, text=True, check=True
        )
        found.append(json.loads(done.stdout))
    assert [one[0] for one in found] == [1, 2]
    (_, first, error), (_, second, other) = found
    assert abs(first - second) < 5 * np.hypot(error, other)
