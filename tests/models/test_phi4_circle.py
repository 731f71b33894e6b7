"""φ⁴ on a circle against Tr e^{−TH}: both routes at every coupling, and controls that the same test rejects."""

import jax
import numpy as np
import pytest
from statistical import ACCEPTED, REJECTED, worst_pull

from nnft_ppl import load, sample
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
    """At 5 modes their exact values hold, missing modes included; those of the whole field are rejected."""
    theory = load("phi4_circle", modes=5, spectrum=True)

    def one(key):
        position = theory.free_draw(key)
        return theory.measure(position)["observables"], -theory.action(position)

    measure = jax.jit(lambda keys: jax.lax.map(one, keys, batch_size=500))
    observables, logs = measure(jax.random.split(jax.random.key(seed), 40_000))
    series = {name: np.asarray(values)[None] for name, values in observables.items()}
    found = estimate(series, theory.derived, np.asarray(logs)[None], independent=True)
    for name in ("levels", "kurtosis", "phi_fourth"):
        assert worst_pull(found[name], theory.exact[name]) < ACCEPTED, name
    whole = load("phi4_circle", modes=400, spectrum=True).exact
    assert worst_pull(found["levels"], whole["levels"]) > REJECTED
    assert worst_pull(found["phi_fourth"], whole["phi_fourth"]) > REJECTED
    gaps = np.array([1.405039134340908, 4.936650108731068])
    np.testing.assert_allclose(whole["levels"], gaps, rtol=0.015)  # a long circle would have these
    assert whole["kurtosis"] == pytest.approx(-0.18229011, rel=0.03)
