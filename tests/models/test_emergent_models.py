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


def test_a_shadow_energy_of_large_fields_is_kept_up_to_their_rounding(key):
    theory = load("klein_gordon", mass=1e-4, sites=8, dt=0.5, steps=200)
    invariant = theory.invariants["shadow_energy"]
    found = jax.jit(lambda key: invariant.on(theory.at(theory.free_draw(key))))(key)
    assert np.max(found) <= invariant.tolerance


@pytest.mark.parametrize("derivative", ["total", "partial"])
def test_time_translation_is_a_symmetry_of_steps_that_keep_their_energy(derivative, key):
    """The lift, an antisymmetric turn of white noise, moves the field as the flow of E_s does, at every time."""
    theory = load("klein_gordon", sites=8, steps=4, dt=0.3, derivative=derivative)
    declared = theory.symmetries["time_translation"]
    points = [np.array([t, x]) for t in (0.0, 0.3, 1.2) for x in (0.0, 3.0)]

    def both(key):
        z = theory.free_draw(key)
        lift = declared.lift({"noise": z.reshape(2, 8)})["noise"].ravel()
        values = lambda z: jax.numpy.stack([theory.at(z).returned(x) for x in points])  # noqa: E731
        own = jax.jvp(values, (z,), (lift,))[1]
        return own, jax.numpy.stack([declared.variation(theory.at(z).returned, x) for x in points]), z @ lift

    moved, wanted, divergence = jax.jit(both)(key)
    assert abs(divergence) < 1e-12  # the density of white noise stays
    assert (np.max(np.abs(moved - wanted)) < 1e-12) == (derivative == "total")
    assert derivative == "total" or np.max(np.abs(moved - wanted)) > 1e-2


def test_waves_that_turn_by_more_than_half_a_circle_are_looked_at_earlier():
    theory = load("hamiltonian_duality", mass=3.0, sites=6)
    draws = free_draws(theory, 1000, seed=5)[0]["correlations"]
    mean = draws[0].mean(axis=0)
    found = theory.derived["spectrum"]({"correlations": mean})
    np.testing.assert_allclose(found, theory.exact["spectrum"], atol=0.1)
    assert np.max(theory.exact["spectrum"]) > np.pi  # by arccos at t = 1 it would be folded


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
        ("klein_gordon", {"dt": 1.0}, "klein_gordon: dt = 1: steps of 1 are unstable; give dt < 0.970143"),
        ("klein_gordon", {"dt": -0.1}, "klein_gordon: dt = -0.1; give"),
        ("klein_gordon", {"mass": -1.0}, "klein_gordon: mass = -1.0; give"),
        ("klein_gordon", {"sites": 4}, "klein_gordon: sites = 4; give an integer >= 8"),
        ("klein_gordon", {"derivative": "old"}, "derivative = 'old'; give one of 'total', 'partial'"),
        ("klein_gordon", {"mass": 0.0}, "klein_gordon: mass = 0.0; give a finite number > 0"),
        ("hamiltonian_duality", {"loss": "other"}, "loss = 'other'; give one of 'kinetic', 'mixed'"),
        ("metric_flow", {"time": 0.6}, "a sphere of radius 1 collapses at time 0.5"),
        ("metric_flow", {"spread": 0.3}, "with a spread of 0.166667 it may have no radius"),
    ],
)
def test_bad_keywords_are_named(name, keywords, message):
    with pytest.raises(ValueError, match=message):
        load(name, **keywords)
