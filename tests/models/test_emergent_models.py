"""Networks that run and learn as theories: thermal waves, a dual pair, and a sphere that shrinks."""

import math

import jax
import numpy as np
import pytest
from statistical import ACCEPTED, REJECTED, free_draws, sigmas, worst_pull

from nnft_ppl import load, sample
from nnft_ppl.dynamics import gradient_descent
from nnft_ppl.exact import thermal_wave_two_point

EIGHT = 8.0
"""Errors by which explicit Euler steps are rejected at t = 10."""


@pytest.fixture(scope="module")
def waves():
    return sample(load("klein_gordon"), "reweight", num_draws=500, seed=11, keep="none", checks=False)


def test_thermal_waves_have_the_exact_dispersion(waves):
    estimates, theory = waves.estimates(), load("klein_gordon")
    assert estimates["two_point"].value.shape == (4, 4)
    for name, exact in theory.exact.items():
        assert worst_pull(estimates[name], exact) < ACCEPTED, name
    two_point = estimates["two_point"]
    sizes = {"sites": 64, "mass": 0.5, "time_step": 0.1}
    times, distances = 0.1 * np.array([0, 25, 50, 100]), [0, 1, 2, 4]
    np.testing.assert_allclose(theory.exact["two_point"], thermal_wave_two_point(times, distances, **sizes), rtol=1e-12)
    other = thermal_wave_two_point(times, distances, **sizes | {"mass": 0.7})
    assert worst_pull(two_point, other) > REJECTED  # control: another mass


def test_explicit_euler_steps_are_rejected(waves):
    file = load("klein_gordon")
    theory = load("klein_gordon", **file.control.keywords)
    assert theory.exact == {}
    draws, _ = free_draws(theory, 500, seed=2)
    for name in ("two_point", "energy"):
        late, exact = draws[name][0][:, -1], file.exact[name][-1]
        assert sigmas(late.reshape(500, -1)[:, 0], np.ravel(exact)[0]) > EIGHT


@pytest.mark.parametrize("derivative", ["total", "partial"])
def test_the_shadow_energy_is_an_invariant_of_the_total_derivative(derivative, key):
    theory = load("klein_gordon", derivative=derivative)
    invariant = theory.invariants["shadow_energy"]
    found = jax.jit(lambda key: invariant.on(theory.at(theory.free_draw(key))))(key)
    assert found.shape == (100,)
    assert (np.max(found) <= invariant.tolerance) == (derivative == "total")


@pytest.mark.parametrize("loss", ["kinetic", "mixed"])
def test_dual_pairs_have_one_spectrum(loss):
    theory = load("hamiltonian_duality", loss=loss)
    first, last = np.moveaxis(free_draws(theory, 4000, seed=5)[0]["correlations"][0], 1, 0)
    for spectrum, accepted in ((theory.exact["spectrum"], True), (theory.control.answers["spectrum"], False)):
        pulls = [sigmas(one, 0) for one in (last - np.cos(spectrum) * first).T]
        assert max(pulls) < ACCEPTED if accepted else max(pulls) > REJECTED
        assert max(sigmas(one, 1 / w**2) for one, w in zip(first.T, theory.exact["spectrum"], strict=True)) < ACCEPTED


def test_the_motion_of_a_dual_pair_neither_grows_nor_decays(key):
    theory = load("hamiltonian_duality", sites=6)
    found = jax.jit(lambda key: {n: one.on(theory.at(theory.free_draw(key))) for n, one in theory.invariants.items()})(
        key
    )
    assert found["decay"] < 1e-13
    assert found["energy"] < 1e-9


def test_a_sphere_of_every_network_shrinks_as_gauss_and_bonnet_say(key):
    theory = load("metric_flow")
    found = jax.jit(
        lambda key: (
            theory.measure(theory.free_draw(key))["observables"]["area"],
            {n: one.on(theory.at(theory.free_draw(key))) for n, one in theory.invariants.items()},
        )
    )(key)
    assert np.max(found[1]["chain_rule"]) < 1e-10
    assert found[1]["gauss_bonnet"] < 1e-8
    assert theory.exact["area"] == pytest.approx(4 * math.pi * (1 - 2 * 0.2) + 9 * 0.05**2)
    assert abs(found[0] - theory.exact["area"]) > 1e-3  # a draw is not the mean


def test_a_round_sphere_has_ricci_flow_to_the_order_of_the_steps():
    r"""r² = r₀² − 2t: u of ρ = s², s = c Y_00, has ∂F/∂c = 4π/c."""
    loss = lambda c: 4 * np.pi * jax.numpy.log(c)  # noqa: E731
    start, known = math.sqrt(4 * math.pi), 1 - 2 * 0.2
    found = [gradient_descent(lambda c: c, start, loss, n, 0.2 / n) ** 2 / (4 * math.pi) - known for n in (40, 80, 160)]
    np.testing.assert_allclose(np.array(found[:-1]) / found[1:], 2, rtol=0.02)
    assert abs(found[-1]) < 2e-3


@pytest.mark.parametrize(
    ("name", "keywords", "message"),
    [
        ("klein_gordon", {"dt": 1.0}, "steps of 1 are unstable at the frequency 2.06155; give steps < 0.970143"),
        ("klein_gordon", {"sites": 4}, "klein_gordon: sites = 4; give an integer >= 8"),
        ("klein_gordon", {"derivative": "old"}, "derivative = 'old'; give one of 'total', 'partial'"),
        ("klein_gordon", {"mass": 0.0}, r"cannot be normalised; give a potential with positive ones"),
        ("hamiltonian_duality", {"loss": "other"}, "loss = 'other'; give one of 'kinetic', 'mixed'"),
        ("metric_flow", {"time": 0.6}, "a sphere of radius 1 collapses at time 0.5"),
        ("metric_flow", {"spread": 0.3}, "with a spread of 0.166667 it may have no radius"),
    ],
)
def test_bad_keywords_are_named(name, keywords, message):
    with pytest.raises(ValueError, match=message):
        load(name, **keywords)
