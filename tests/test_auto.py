"""The automatic choice: by what free draws are worth, then on to stronger samplers, never quietly bad."""

import importlib

import numpy as np
import pytest

from nnft_ppl import load, sample
from nnft_ppl.samplers import Pilot, SamplerError, Settings

auto = importlib.import_module("nnft_ppl.samplers.auto")  # `samplers.auto` could be taken for the choice itself


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


def test_chains_where_there_is_time_for_them(key, monkeypatch):
    """600 effective draws a second after 10 seconds, against about 90 at once: it depends on the time there is."""
    monkeypatch.setattr(auto, "_fastest", lambda call: 1.0)
    monkeypatch.setattr(auto, "_chain_cost", lambda target, settings: (auto.CHAIN_WORTH / 600, 10.0))
    target = load("phi4_circle", modes=8, coupling=50.0).target()
    assert Pilot(target, told(key, num_draws=10**7)).choose().name == "hmc"
    assert Pilot(target, told(key, num_draws=10**7)).choose(seconds=11.0).name == "reweight"
    assert Pilot(target, told(key, num_draws=100)).choose().name == "reweight"


def test_runs_and_says_why(seed):
    theory = load("phi4_circle", modes=8)
    run = sample(theory, seed=seed, num_draws=2000, keep="none")
    used = run.provenance["sampler"]
    assert (used["asked"], used["name"]) == ("auto", "reweight")
    assert run.provenance["verdict"] == "good"
    assert run.provenance["log_z"]["error"] < 0.02
    curve = run.tempering
    assert curve is not None
    np.testing.assert_allclose(curve["log_z"].values[-1], run.provenance["log_z"]["value"], rtol=1e-12)
    assert curve["log_z"].values[0] == 0.0


@pytest.fixture
def poor_reweighting(monkeypatch):
    """Twelve free draws a chain where `reweight` is asked for: its checks must fail."""
    from dataclasses import replace

    from nnft_ppl import sampling
    from nnft_ppl.samplers import reweight

    def poor(target, settings):
        return reweight(target, replace(settings, num_draws=12))

    monkeypatch.setitem(sampling.SAMPLERS, "reweight", poor)


def test_goes_on_to_the_stronger_sampler_where_checks_fail(poor_reweighting, seed, tmp_path):
    theory = load("phi4_circle", modes=8, coupling=1.0)
    run = sample(theory, seed=seed, num_draws=4000, checks=False, out=tmp_path / "out")
    used = run.provenance["sampler"]
    assert used["name"] == "hmc"
    assert used["reason"].startswith("reweight failed (")
    assert run.provenance["verdict"] == "good"
    assert "posterior" in run.data


def test_keeps_the_weaker_result_where_the_stronger_cannot_go_on(poor_reweighting, seed, monkeypatch):
    from nnft_ppl import sampling

    def refuses(target, settings):
        raise SamplerError("no")
        yield

    monkeypatch.setitem(sampling.SAMPLERS, "hmc", refuses)
    run = sample(load("phi4_circle", modes=8, coupling=1.0), seed=seed, num_draws=4000, checks=False)
    assert run.provenance["sampler"]["name"] == "reweight"
    assert "hmc could not go on (no)" in run.provenance["sampler"]["reason"]
    assert run.provenance["verdict"] == "failed"


def test_time_limit_ends_a_run_of_too_many_draws(seed):
    theory = load("phi4_circle", modes=8)
    run = sample(theory, "reweight", seed=seed, num_draws=10**7, time_limit=0.5, keep="none")
    assert 0 < run.data["observables"].sizes["draw"] < 10**7
    assert run.provenance["interrupted"] is False
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
