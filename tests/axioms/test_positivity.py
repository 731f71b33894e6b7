"""Reflection positivity on draws: what is violated is seen, and what is positive is not said to be violated."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist
from paths import gaussian, mirrored, split, waves
from statistical import ACCEPTED, REJECTED, sigmas

from nnft_ppl import Theory
from nnft_ppl.axioms import (
    AxiomError,
    ReflectionPositivity,
    families,
    find_witness,
    kernel_positivity,
    positivity_of,
    unskewed,
)
from nnft_ppl.spaces import Box, Lattice
from nnft_ppl.theory import ModelFile

TIMES = (0.25, 0.75, 1.5)
SHORT = (0.1, 0.2, 0.3)


def smeared(t):
    """A path averaged over a window of length 1."""
    offset = np.linspace(-0.5, 0.5, 41)
    return np.exp(-np.abs(t[..., None, None] + offset[:, None] - offset)).mean((-1, -2))


def cut_off(t, cutoff=5.0):
    """Momenta below a cut-off."""
    momentum, weight = np.polynomial.legendre.leggauss(100)
    momentum = cutoff * momentum
    return (np.cos(np.multiply.outer(t, momentum)) * weight * cutoff / (momentum**2 + 1)).sum(-1)


VIOLATED = {
    "gaussian": (lambda t: np.exp(-(t**2) / 2), TIMES),
    "matern32": (lambda t: (1 + t) * np.exp(-t), TIMES),
    "matern52": (lambda t: (1 + t + t**2 / 3) * np.exp(-t), TIMES),
    "smeared": (smeared, SHORT),
    "ball": (cut_off, SHORT),
}


@pytest.mark.parametrize("name", VIOLATED)
def test_what_is_violated_is_seen(name, rng):
    kernel, times = VIOLATED[name]
    found = positivity_of([gaussian(rng, kernel, times, 20_000)], independent=True)
    linear = found.families[0]
    assert (found.verdict, linear.verdict, linear.family) == ("violated", "violated", "φ")
    assert linear.z < -8
    assert sum(linear.z > row.z + 8 for row in found.families) <= 2
    # A witness that was found on half of the draws is nearly as good as the best one.
    exact = kernel_positivity(kernel, times)
    assert exact.rho - ACCEPTED * linear.rho_error < linear.rho < 0.8 * exact.rho
    assert found.text.startswith("violated; E[(ΘF)* F] = ")


POSITIVE = {
    "path": lambda rng: gaussian(rng, lambda t: np.exp(-t), TIMES, 20_000),
    "two levels": lambda rng: gaussian(rng, lambda t: np.exp(-t) + np.exp(-3 * t), TIMES, 20_000),
    "many waves": lambda rng: waves(rng, TIMES, 20_000, 64),
    "split": lambda rng: split(rng, TIMES, 20_000),
    "tanh": lambda rng: _tanh(gaussian(rng, lambda t: np.exp(-t), TIMES, 20_000)),
}


def _tanh(pair):
    return pair._replace(behind=np.tanh(pair.behind), mirrored=np.tanh(pair.mirrored))


@pytest.mark.parametrize("name", POSITIVE)
def test_what_is_positive_is_not_called_violated(name, rng):
    found = positivity_of([POSITIVE[name](rng)], independent=True, tolerance=0.1)
    assert found.verdict in {"consistent", "undecided"}
    assert found.families[0].verdict == "consistent"
    assert found.families[0].lower_bound > -0.1
    assert all(row.z > -ACCEPTED for row in found.families)
    assert found.p_value > 1e-4


def test_one_neuron(rng):
    pair = waves(rng, (0.05, 2.0), 60_000, 1)
    v = np.array([-0.8412, 0.5408])
    sides = (side[..., 0].reshape(-1, 2) for side in (pair.behind, pair.mirrored))
    behind, image = (np.stack([one[:, 1], one[:, 0] ** 2 * one[:, 1]], -1) @ v for one in sides)
    assert sigmas(behind * image, -0.066498) < ACCEPTED
    assert sigmas(behind * image, 0.00269) > REJECTED  # of infinitely many neurons
    linear, _, cubic = positivity_of([pair], independent=True).families
    assert (linear.verdict, cubic.verdict) == ("consistent", "violated")
    assert cubic.z < -8


def test_weights(rng):
    """A potential on the mirror keeps a path positive, and a smooth process not."""
    for kernel, verdict in ((lambda t: np.exp(-t), False), (VIOLATED["gaussian"][0], True)):
        pair = gaussian(rng, kernel, (0.0, *TIMES), 20_000)
        values = np.concatenate([pair.behind[:, :, 1:, 0], pair.mirrored[:, :, 1:, 0]], axis=-1)
        own = mirrored(TIMES, values)
        found = positivity_of([own], weights=-(pair.behind[..., 0, 0] ** 2), independent=True)
        assert (found.verdict == "violated") is verdict


def test_heavy_tails_decide_nothing(rng):
    pair = gaussian(rng, VIOLATED["gaussian"][0], TIMES, 4000)
    scale = rng.standard_cauchy((*pair.behind.shape[:2], 1, 1))
    found = positivity_of([pair._replace(behind=scale * pair.behind, mirrored=scale * pair.mirrored)], independent=True)
    assert found.verdict == "undecided"
    assert "have too heavy tails" in found.text


def test_few_draws_are_undecided(rng):
    found = positivity_of([gaussian(rng, lambda t: np.exp(-t), TIMES, 1000)], independent=True, tolerance=0.01)
    assert found.verdict == "undecided"
    assert found.families[0].draws_needed > 1000
    assert "effective draws would decide" in found.text


def test_skewness_only_weakens():
    z = np.array([-8.0, -4.0, 0.0, 3.0])
    assert np.allclose(unskewed(z, -np.ones(4), np.full(4, 100.0)), z)
    skew = unskewed(z, np.full(4, 5.0), np.full(4, 1000.0))
    assert np.all(np.diff(skew) > 0)
    assert -4.0 < skew[1] < -3.0


def test_families():
    linear, square, cubic = families(1, 3)
    assert [len(one.products) for one in (linear, square, cubic)] == [3, 7, 13]
    words = cubic.words(["a", "b", "c"])
    assert words[:5] == ["a", "b", "c", "a³", "a² b"]
    letters = np.array([2.0, 3.0, 5.0])
    assert square(letters).tolist() == [1, 4, 6, 10, 9, 15, 25]
    assert max(len(one.products) for one in families(3, 8)) <= 24


def test_constants_and_rounding_are_no_witness(rng):
    behind = np.concatenate([np.zeros((100, 1)), np.ones((100, 2))], axis=1)
    assert np.all(np.isfinite(find_witness(behind, behind)))
    assert find_witness(0 * behind, 0 * behind).tolist() == [0, 0, 0]
    # Two functionals that are the same but for the rounding of single precision.
    one = rng.normal(size=(1000, 1))
    near = np.concatenate([one, one * (1 + 1e-7 * rng.normal(size=one.shape))], axis=1)
    v = find_witness(near, near, rounding=1e-7)
    assert np.max(np.abs(v)) < 10


def two_fields(law="cauchy"):
    """A complex field of charge, and a vector: no class of the library, in two dimensions."""
    with numpyro.plate("neuron", 8):
        a = numpyro.sample("a", dist.Normal(0, 1).expand([2]).to_event(1))
        unit = numpyro.sample("unit", dist.Normal(0, 1) if law == "gaussian" else dist.Cauchy(0, 1))

    def psi(x):
        return jnp.sum((a[:, 0] + 1j * a[:, 1]) * jnp.exp(1j * unit * x[0])) / 4

    return {"psi": psi, "chi": lambda x: jnp.stack([jnp.sum(a[:, 0]), jnp.sum(a[:, 1] * jnp.cos(x[1]))])}


@pytest.mark.parametrize(("law", "verdict"), [("cauchy", "consistent"), ("gaussian", "violated")])
def test_fields_of_a_file_of_ones_own(law, verdict, key):
    theory = Theory(ModelFile(two_fields, "two_fields", space=lambda: Box(4.0, 2)), law=law)
    positivity = ReflectionPositivity(theory, [0.5, 1.0], tolerance=0.2)

    def measured(key):
        return positivity.measure(theory.free_draw(key))

    keys = jax.random.split(key, (4, 3000))
    series = {name: np.asarray(one) for name, one in jax.jit(jax.vmap(jax.vmap(measured)))(keys).items()}
    assert series["values"].shape == (4, 3000, 4, 3)
    found = positivity.conclude(series, independent=True)
    assert found.families[0].verdict == verdict
    assert found.families[0].functionals[:3] == ["Re psi(0.5)", "Im psi(0.5)", "chi[0](0.5)"]
    with pytest.raises(AxiomError, match=r"4 × 2 draws are too few to find a functional"):
        positivity.conclude({"values": series["values"][:, :2]})
    series["values"] = np.where(np.arange(4)[:, None] == 2, np.nan, series["values"])
    with pytest.raises(AxiomError, match=r"not finite at \(-0.5, 0\), where it is looked at"):
        positivity.conclude(series)


def test_mirrored_is_one_field(rng):
    pair = mirrored((1.0,), rng.normal(size=(1, 400, 2)))
    assert positivity_of([pair]).families[0].times == (1.0,)


@pytest.mark.parametrize(("squared", "violated"), [(0.0, set()), (3.0, {"site", "link"})])
def test_mirrors_of_a_lattice(squared, violated, key):
    """−Δ + 1 + c Δ² on a ring: hopping further than to neighbours is not reflection positive."""
    sites = np.arange(12)
    momentum = 2 * np.pi * sites / 12
    hopping = 2 - 2 * np.cos(momentum)
    distance = np.subtract.outer(sites, sites)[..., None]
    covariance = (np.cos(distance * momentum) / (1 + hopping + squared * hopping**2)).mean(-1)

    def ring():
        phi = numpyro.sample("phi", dist.MultivariateNormal(jnp.zeros(12), covariance))
        return lambda x: phi[jnp.round(x[0]).astype(int) % 12]

    theory = Theory(ModelFile(ring, "ring", space=lambda: Lattice(12)))
    positivity = ReflectionPositivity(theory, tolerance=0.2)
    measured = jax.vmap(jax.vmap(lambda key: positivity.measure(theory.free_draw(key))))
    draws = jax.jit(measured)(jax.random.split(key, (4, 1500)))
    found = positivity.conclude(jax.tree.map(np.asarray, draws), independent=True)
    assert {row.reflection for row in found.families} == {"site", "link"}
    assert {row.reflection for row in found.families if row.family == "φ" and row.verdict == "violated"} == violated
    assert (found.verdict == "violated") is bool(violated)
