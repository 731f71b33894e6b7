"""φ⁴ on a circle against Tr e^{−TH}: both routes at every coupling, and controls that the same test rejects."""

import numpy as np
import pytest
from statistical import ACCEPTED, REJECTED, free_draws, worst_pull

from nnft_ppl import Derived, load, sample
from nnft_ppl.exact import thermal_two_point
from nnft_ppl.statistics import estimate

DRAWS = {("hmc", 1.0): 4000, ("hmc", 6.0): 5000, ("hmc", 24.0): 12_000}
DRAWS |= {("reweight", 1.0): 5000, ("reweight", 6.0): 10_000, ("reweight", 24.0): 20_000}


def two_point(sampler, num_draws, seed, **keywords):
    theory = load("phi4_circle", **keywords)
    ensemble = sample(theory, sampler, num_draws=num_draws, seed=seed, keep="none", checks=False)
    return ensemble.estimates()["two_point"], theory


@pytest.mark.parametrize(("sampler", "coupling"), DRAWS)
def test_reproduces_the_quartic_oscillator(sampler, coupling, seed):
    estimate, theory = two_point(sampler, DRAWS[sampler, coupling], seed, coupling=coupling)
    assert worst_pull(estimate, theory.exact["two_point"]) < ACCEPTED
    assert estimate.error[2] / estimate.value[2] < 0.01  # one per cent on G(T/4)


def test_longer_circle_by_markov_chain(seed):
    estimate, theory = two_point("hmc", 6000, seed, period=8.0)
    assert worst_pull(estimate, theory.exact["two_point"]) < ACCEPTED
    assert estimate.error[2] / estimate.value[2] < 0.03


def test_controls_are_rejected(seed):
    """Few modes without counter-term, λ/24 for λ, and another period, each against the right theory."""
    truncated, theory = two_point("reweight", 5000, seed, modes=5, counterterm=False)
    assert worst_pull(truncated, theory.exact["two_point"]) > REJECTED
    right = load("phi4_circle").exact["two_point"]
    weak, _ = two_point("reweight", 2000, seed, coupling=6.0 / 24)
    assert worst_pull(weak, right) > REJECTED
    longer, _ = two_point("reweight", 4000, seed, period=6.0)
    assert worst_pull(longer, right) > REJECTED


def test_counterterm_makes_up_for_missing_modes(seed):
    """At 5 modes the counter-term alone brings the same test back within its bound."""
    estimate, theory = two_point("reweight", 5000, seed, modes=5)
    assert worst_pull(estimate, theory.exact["two_point"]) < ACCEPTED


def test_exact_holds_at_any_number_of_modes():
    few, many = (load("phi4_circle", modes=modes).exact["two_point"] for modes in (5, 400))
    full = thermal_two_point(np.array([0, 0.5, 1, 2]), 4.0, 6.0, 1.0)
    assert abs(many - full).max() < 6e-4  # what is left of the propagator's tail, 1/(π Λ)
    n = np.arange(6, 100_000)
    assert (full - few)[0] == pytest.approx(np.sum(0.5 / ((np.pi * n / 2) ** 2 + 1)), rel=1e-4)


def test_action_terms_are_stored_apart(seed):
    ensemble = sample(load("phi4_circle", modes=4), "reweight", num_draws=50, seed=seed, checks=False)
    assert set(ensemble.data["action"].data_vars) == {"quartic", "counterterm"}
    total = sum(ensemble.data["action"].dataset[name] for name in ("quartic", "counterterm"))
    np.testing.assert_allclose(-ensemble.data["sample_stats"]["log_weight"], total, rtol=1e-12)


def test_levels_and_kurtosis(seed):
    """E₁ − E₀ to 1 %, E₃ − E₀ to 5 %, κ₄/κ₂² of the oscillator at λ = 6 and 24; those of the other λ are rejected."""
    theories = {coupling: load("phi4_circle", period=8.0, coupling=coupling) for coupling in (6.0, 24.0)}
    theory = theories[6.0]
    series, logs = free_draws(theory, 30_000, seed)
    for times, coupling, wrong in ((1, 6.0, 24.0), (4, 24.0, 6.0)):  # the action is proportional to λ
        found = estimate(series, theory.derived, times * logs, independent=True)
        exact = theories[coupling].exact
        for name in ("levels", "kurtosis", "phi_fourth"):
            assert worst_pull(found[name], exact[name]) < ACCEPTED, name
            assert worst_pull(found[name], theories[wrong].exact[name]) > REJECTED, name
        error = found["levels"].error
        assert (error / exact["levels"] < [0.01, 0.05]).all()
        if coupling == 6.0:
            np.testing.assert_allclose(exact["levels"], [1.405039134340908, 4.936650108731068], rtol=1e-9)
            assert exact["kurtosis"] == pytest.approx(-0.18229011, rel=1e-3)
    assert worst_pull(gaussian_kurtosis(seed), theory.exact["kurtosis"]) > REJECTED


def gaussian_kurtosis(seed):
    """κ₄/κ₂² of Gaussian fields with the two-point function of the interacting ones."""
    grid = np.arange(164) * 8.0 / 164
    exact = thermal_two_point(grid, 8.0, 6.0, 1.0)
    power = np.fft.rfft(exact).real
    noise = np.fft.rfft(np.random.default_rng(seed).normal(size=(20_000, 164)), axis=1)
    field = np.fft.irfft(noise * np.sqrt(np.maximum(power, 0)), n=164, axis=1)
    moments = np.stack([(field**2).mean(1), (field**4).mean(1)], axis=1)[None]
    quantity = Derived(lambda mean: mean["m"][1] / mean["m"][0] ** 2 - 3)
    found = estimate({"m": moments}, {"kurtosis": quantity}, independent=True)
    assert worst_pull(found["m"], np.array([exact[0], 3 * exact[0] ** 2])) < ACCEPTED
    return found["kurtosis"]


def test_levels_are_measured_on_long_circles_or_where_they_are_asked_for():
    """On a short one what they see is E₃ − E₀ less what goes round between excited states, and is stated."""
    assert "levels" not in load("phi4_circle", modes=4).derived
    short = load("phi4_circle", modes=4, spectrum=True)
    assert {"levels", "kurtosis"} == set(short.derived)
    assert short.truncation["levels"][0] < 2e-3
    assert 0.03 < short.truncation["levels"][1] < 0.08
    assert (load("phi4_circle", period=8.0).truncation["levels"] < [2e-5, 0.02]).all()
