"""The automatic choice: by what free draws are worth, then on to stronger samplers, never quietly bad."""

import importlib
import time
from dataclasses import replace

import numpy as np
import pytest

from nnft_ppl import load, sample
from nnft_ppl.draws import Kind
from nnft_ppl.runs.auto import Choice, Pilot
from nnft_ppl.runs.trial import TRIAL_DRAWS, Outdone, on_trial
from nnft_ppl.samplers import Block, SamplerError, Settings, run_blocks

auto = importlib.import_module("nnft_ppl.runs.auto")  # `samplers.auto` could be taken for the choice itself


def told(key, num_draws=2000):
    """What a sampler would be told."""
    return Settings(key, num_chains=4, num_draws=num_draws, num_warmup=300, keep_every=0)


def test_free_draws_while_they_are_worth_it(key):
    choice = Pilot(load("phi4_circle", modes=8, coupling=1.0).target(), told(key)).choose()
    assert choice.name == "reweight"
    assert "free draws are worth" in choice.reason


def test_chains_where_free_draws_are_worth_nothing(key):
    choice = Pilot(load("phi4_circle", modes=8, coupling=3000.0, period=12.0).target(), told(key)).choose()
    assert choice.name == "hmc"
    assert "too few to reweight" in choice.reason


@pytest.fixture
def ten_seconds_to_start(monkeypatch):
    """(effective draws of HMC per second) -> that, after a start-up of 10 seconds; free draws give about 90 at once."""
    monkeypatch.setattr(auto, "_fastest", lambda call: 1.0)

    def rate_of_chains(rate):
        monkeypatch.setattr(auto, "_chain_cost", lambda target, settings: (auto.CHAIN_WORTH / rate, 10.0))

    return rate_of_chains


def test_chains_where_there_is_time_for_them(key, ten_seconds_to_start):
    target = load("phi4_circle", modes=8, coupling=50.0).target()
    ten_seconds_to_start(600.0)
    found = Pilot(target, told(key, num_draws=10**7)).choose()
    assert (found.name, found.trial) == ("hmc", None)
    assert Pilot(target, told(key, num_draws=10**7)).choose(seconds=11.0).name == "reweight"
    assert Pilot(target, told(key, num_draws=100)).choose().name == "reweight"


def test_chains_on_trial_where_it_is_close_and_there_is_time(key, ten_seconds_to_start):
    target = load("phi4_circle", modes=8, coupling=50.0).target()
    for rate, on_trial_then in ((150.0, True), (60.0, True), (10.0, False)):
        ten_seconds_to_start(rate)
        found = Pilot(target, told(key, num_draws=10**7)).choose(seconds=60.0)
        assert (found.trial is not None) == on_trial_then
        assert found.name == ("hmc" if on_trial_then else "reweight")
        assert Pilot(target, told(key, num_draws=10**7)).choose(seconds=20.0).trial is None


@pytest.fixture
def clock(monkeypatch):
    """(seconds) -> a clock in place of the machine's goes on by so much; by itself it stands still."""
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])

    def go_on(seconds):
        now[0] += seconds

    return go_on


@pytest.fixture
def slow_chains(monkeypatch, clock):
    """(values in a block of 25 draws of two chains) -> in place of HMC, blocks of those that take 10 ms each."""

    class Slow:
        """A sampler without a target."""

        def __init__(self, values):
            self._values = values

        def start(self):
            return 0

        def step(self, state):
            clock(0.01)
            measured = {"o": self._values() * np.ones((2, 25))}
            return state + 1, Block(Kind.CHAINS, measured, {"diverging": np.zeros((2, 25), bool)}, None)

    def instead(values):
        monkeypatch.setattr("nnft_ppl.runs.trial.hmc", lambda target, settings: Slow(values))

    return instead


def test_a_trial_passes_or_not_before_the_first_block(slow_chains, key, rng):
    settings = replace(told(key, num_draws=1000), num_chains=2)
    target = load("phi4_circle", modes=8).target()
    slow_chains(lambda: rng.normal(size=(2, 25)))  # independent: 5000 effective draws a second
    passed = list(run_blocks(on_trial(500.0), target, settings))
    assert sum(block.stats["diverging"].shape[1] for block in passed) == 1000
    with pytest.raises(Outdone, match=r"on trial hmc gave \d"):
        on_trial(50_000.0)(target, settings).start()
    # Told to draw less than a trial: all of it.
    assert len(list(run_blocks(on_trial(500.0), target, replace(settings, num_draws=TRIAL_DRAWS // 4)))) == 2
    slow_chains(lambda: rng.normal(size=(2, 1)))  # the same value 25 times: 200 a second
    with pytest.raises(Outdone, match="on trial hmc gave"):
        on_trial(500.0)(target, settings).start()
    slow_chains(lambda: np.nan)  # not for the trial to say: the run refuses NaN by name
    assert np.isnan(next(run_blocks(on_trial(500.0), target, settings)).measured["o"]).all()


def test_a_trial_that_cannot_go_on_is_lost(key, monkeypatch):
    monkeypatch.setattr("nnft_ppl.runs.trial.hmc", Refusing)
    with pytest.raises(Outdone, match=r"could not go on \(no\)"):
        on_trial(1.0)(load("phi4_circle", modes=8).target(), told(key)).start()


class Refusing:
    """A sampler that cannot begin."""

    def __init__(self, target, settings):
        pass

    def start(self):
        raise SamplerError("no")

    def step(self, state):
        raise AssertionError("it never began")


@pytest.mark.parametrize(("least", "name"), [(1e9, "reweight"), (0.0, "hmc")])
def test_free_draws_follow_a_lost_trial(least, name, seed, monkeypatch):
    from nnft_ppl.runs import sampling

    monkeypatch.setattr(sampling.Pilot, "choose", lambda self, seconds: Choice("hmc", "close", on_trial(least)))
    run = sample(load("phi4_circle", modes=8, coupling=1.0), seed=seed, num_draws=1000, checks=False, keep="none")
    used = run.provenance.sampler
    assert used.name == name
    assert used.reason.startswith("close; on trial hmc gave" if name == "reweight" else "close")
    assert used.draws == 1000
    assert ("log_weight" in run.data["sample_stats"]) == (name == "reweight")


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
