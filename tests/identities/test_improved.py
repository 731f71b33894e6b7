"""Improved correlators: exact where they must be, unbiased, and better."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist
from statistical import ACCEPTED, REJECTED, worst_pull

from nnft_ppl import Derived, Observable, Theory, load, sample
from nnft_ppl.identities import Improvement
from nnft_ppl.identities.linear_sites import linear_sites
from nnft_ppl.observables import at, n_point, product, two_point
from nnft_ppl.statistics import estimate
from nnft_ppl.theory import ModelFile


def with_observables(model, **observables: Observable) -> Theory:
    return Theory(replace(ModelFile.of(model), observables=lambda: observables))


def line():
    """φ(x) = 1 + z_1 + z_2 x/2, both Gaussian."""
    slope = numpyro.sample("slope", dist.Normal(1.0, 0.5).expand([2]).to_event(1))
    return lambda x: slope[0] / 0.5 - 1 + (slope[1] - 1) * x[0]


POINTS = np.array([0.3, -0.8, 1.1, 0.6])[:, None]


def test_products_of_up_to_four_fields(key):
    theory = with_observables(line, two=n_point(POINTS[:2]), four=n_point(POINTS), three=n_point(POINTS[:3]))
    x = POINTS[:, 0]
    k = 1 + 0.25 * np.outer(x, x)
    exact = {
        "two": 1 + k[0, 1],
        "three": 1 + k[0, 1] + k[0, 2] + k[1, 2],
        "four": 1 + k[np.triu_indices(4, 1)].sum() + k[0, 1] * k[2, 3] + k[0, 2] * k[1, 3] + k[0, 3] * k[1, 2],
    }
    many = jax.jit(jax.vmap(Improvement(theory)))(jax.vmap(theory.free_draw)(jax.random.split(key, 20_000)))
    for name, value in exact.items():
        found = np.asarray(many[name])
        assert abs(found.mean() - value) < ACCEPTED * found.std() / np.sqrt(len(found))


def test_the_free_circle_is_exact_in_every_draw(key):
    theory = load("phi4_circle", coupling=0.0)
    improvement = Improvement(theory)
    assert improvement.sites == ("constant", "cosine", "sine")
    for one in jax.random.split(key, 3):
        np.testing.assert_allclose(
            improvement(theory.free_draw(one))["two_point"], theory.exact["two_point"], rtol=1e-10
        )


def test_fourth_cumulants_of_the_amplitude_laws(seed):
    """κ₄ = 3Z²/2N for Gaussian amplitudes and exactly 0 for pairs; α = 0, N = 16, m = 1. (Constant ones: models/.)"""
    origin = np.zeros((4, 1))
    file = load("free_scalar").file
    for amplitude, exact in {"gaussian": 0.0234375, "pair": 0.0}.items():
        observables = {"two": n_point(origin[:2]), "four": n_point(origin)}
        theory = Theory(
            replace(file, observables=lambda found=observables: found, exact=None, curves=None),
            width=16, dim=1, cutoff=np.inf, alpha=0, amplitude=amplitude,
        )  # fmt: skip
        run = sample(theory, "reweight", num_draws=4000, seed=seed, keep="none", checks=False)
        connected = Derived(lambda means: means["four"] - 3 * means["two"] ** 2)
        cumulant = run.estimates({"connected": connected})["connected"]
        assert abs(cumulant.value - exact) < ACCEPTED * cumulant.error + 1e-12  # the pair's is exact in every draw
        # The control: another law's value. Without the amplitudes' noise it is far away.
        assert abs(cumulant.value + 0.0234375) > REJECTED * cumulant.error


def test_interacting_circle_is_unbiased_and_better(seed):
    theory = load("phi4_circle", coupling=1.0)
    run = sample(theory, "hmc", num_draws=4000, seed=seed, checks=False)
    raw, improved, quoted = run.estimates_of("raw"), run.estimates_of("improved"), run.estimates()
    for one in (raw, improved, quoted):
        assert worst_pull(one["two_point"], theory.exact["two_point"]) < ACCEPTED
    assert np.all(raw["two_point"].error / improved["two_point"].error > 2.5)
    assert np.all(quoted["two_point"].error < 1.05 * improved["two_point"].error)
    # The control: the force of another coupling.
    wrong = Improvement(load("phi4_circle", coupling=1.5))
    draws = run.data["posterior"].dataset
    parameters = {name: jnp.asarray(values.values) for name, values in draws.items()}
    z = jax.jit(jax.vmap(jax.vmap(theory.coordinates)))(parameters)
    series = np.asarray(jax.jit(jax.vmap(jax.vmap(wrong)))(z)["two_point"])
    assert worst_pull(estimate({"wrong": series})["wrong"], theory.exact["two_point"]) > REJECTED


def quadratic(width=3):
    a = numpyro.sample("a", dist.Normal(0, 1).expand([width]).to_event(1))
    return lambda x: jnp.sum(a**2) * x[0]


def deep():
    w = numpyro.sample("w", dist.Normal(0, 1).expand([4]).to_event(1))
    v = numpyro.sample("v", dist.Normal(0, 2).expand([4]).to_event(1))
    c = numpyro.sample("c", dist.Normal(0.5, 1))
    s = numpyro.sample("s", dist.Laplace(0, 1))
    return lambda x: v @ jnp.tanh(w * x[0]) + c + s


def pair_of_fields():
    a = numpyro.sample("a", dist.Normal(0, 1).expand([2]).to_event(1))
    return {"left": lambda x: a[0] * x[0], "right": lambda x: a[1] + x[0]}


def complex_field():
    a = numpyro.sample("a", dist.Normal(0, 1))
    return lambda x: a * jnp.exp(1j * x[0])


@pytest.mark.parametrize(
    ("model", "sites"), [(quadratic, ()), (deep, ("v", "c")), (pair_of_fields, ("a",)), (complex_field, ("a",))]
)
def test_which_sites_the_field_is_linear_in(model, sites):
    observables = {"two": Observable(lambda phi: jnp.ones(()))}
    assert linear_sites(with_observables(model, **observables)) == sites


def test_what_cannot_be_improved_says_why():
    theory = with_observables(deep, two=two_point([0.0]), odd=Observable(lambda phi: phi(jnp.ones(1)) ** 3))
    found = Improvement(theory)
    assert found.names == ("two",)
    assert found.reasons == {"odd": "it is not quadratic in the amplitudes"}
    assert set(Improvement(with_observables(quadratic, two=two_point([0.0]))).reasons.values()) == {
        "the field is not linear in any Gaussian parameter"
    }
    box = Improvement(load("phi4")).reasons
    assert "name its factors" in box["phi_squared"]
    assert "two_point" not in box


def two_components():
    a = numpyro.sample("a", dist.Normal(0, 1).expand([2]).to_event(1))
    return lambda x: jnp.stack([a[0] * jnp.cos(x[0]), a[1]])


def test_components_are_correlated_each_with_itself(key):
    theory = with_observables(two_components, two=two_point([0.0, 1.0]), cross=product(at([0.2]), at([0.5], None, 1)))
    assert theory.shapes["two"] == (2, 2)
    z = theory.free_draw(key)
    expected = np.array([[z[0] ** 2, z[1] ** 2], [z[0] ** 2 * np.cos(0.5) ** 2, z[1] ** 2]])
    np.testing.assert_allclose(theory.measure(z)["observables"]["two"], expected, rtol=1e-12)
    found = Improvement(theory)(z)
    np.testing.assert_allclose(found["two"], expected / z**2, rtol=1e-12)  # ⟨z_i²⟩ = 1
    np.testing.assert_allclose(found["cross"], [0, 1], atol=1e-12)
