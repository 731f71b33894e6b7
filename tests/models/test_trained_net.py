"""The trained network as a theory: the read-out alone to O(1/N), all parameters network by network."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from statistical import ACCEPTED, REJECTED, worst_pull

from nnft_ppl import load, sample
from nnft_ppl.exact import erf_kernel, trained_moments

POINTS, VALUES = np.array([0.2, 2.0, -1.0, 0.5]), np.array([0.8, -0.4])
KERNEL = erf_kernel(POINTS[:, None], POINTS, 1.0, 1.0)


def test_the_ensemble_has_its_exact_moments_and_not_those_of_infinite_width(seed):
    theory = load("trained_net", width=32)
    run = sample(theory, "reweight", num_draws=2000, seed=seed, keep="none", checks=False)
    estimates = run.estimates()
    for name, exact in theory.exact.items():
        beyond = np.maximum(np.abs(estimates[name].value - exact) - theory.truncation[name], 0)
        assert np.max(beyond / estimates[name].error) < ACCEPTED
    limit = trained_moments(KERNEL, KERNEL, VALUES, 2.0)
    assert worst_pull(estimates["mean"], limit.mean) > REJECTED  # control: N → ∞
    late = trained_moments(KERNEL, KERNEL, VALUES, np.inf)
    assert worst_pull(estimates["mean"], late.mean) > REJECTED  # control: the posterior, which time 2 is far from


@pytest.mark.parametrize("train", ["last", "all"])
def test_each_network_follows_its_own_flow(train, key):
    theory = load("trained_net", width=16, train=train)
    assert set(theory.exact) == ({"mean", "covariance"} if train == "last" else set())

    def defects(key):
        reading = theory.at(theory.free_draw(key))
        defect = theory.invariants["flow_defect"]
        return defect.on(reading), defect.on(replace(reading, returned=lambda x: 1.001 * reading.returned(x)))

    own, other = jax.jit(jax.vmap(defects))(jax.random.split(key, 20))
    assert np.max(own) < 1e-8
    assert np.min(np.max(other, axis=1)) > 1e-5  # control: another field


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"width": 0}, "trained_net: width = 0; give an integer >= 1"),
        ({"train": "first"}, "trained_net: train = 'first'; give one of 'last', 'all'"),
        ({"time": -1.0}, "trained_net: time = -1.0; give a number >= 0"),
        ({"time": np.inf, "train": "all"}, "trained_net: time = inf; give a finite number >= 0"),
    ],
)
def test_bad_keywords_are_named(keywords, message):
    with pytest.raises(ValueError, match=message):
        load("trained_net", **keywords)


@pytest.mark.parametrize("time", [0.0, 20.0, np.inf])
def test_there_is_a_control_at_every_time(time):
    theory = load("trained_net", time=time)
    off = np.abs(theory.control.answers["covariance"] - theory.exact["covariance"])
    assert np.max(off - theory.truncation["covariance"]) > 0.05
