"""Improved products of insertions: several fields, components, derivatives, complex numbers, exponentials."""

import math
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist
from statistical import ACCEPTED, REJECTED, sigmas

from nnft_ppl import Theory
from nnft_ppl.fields import PlaneWaves
from nnft_ppl.identities import Improvement, improved
from nnft_ppl.identities.contractions import contract, pairs_of
from nnft_ppl.observables import Insertion, Observable, at, derivative, product, smeared, vertex
from nnft_ppl.theory import ModelFile


def measured(model, observables: dict[str, Observable], **keywords) -> Theory:
    """A theory with observables that are looked at by its improvement alone."""
    nothing = {"nothing": Observable(lambda fields: jnp.ones(()))}
    theory = Theory(replace(ModelFile.of(model), observables=lambda: nothing), **keywords)
    theory.observables = observables
    return theory


def series(function, theory: Theory, key, draws: int) -> dict[str, np.ndarray]:
    """What a function of z gives on independent free draws."""
    positions = jax.vmap(theory.free_draw)(jax.random.split(key, draws))
    found = jax.jit(lambda many: jax.lax.map(function, many, batch_size=100))(positions)
    return {name: np.asarray(values) for name, values in found.items()}


SITES, MASS_SQUARED = 12, 0.25


def propagator(mass_squared: float) -> np.ndarray:
    step = np.roll(np.eye(SITES), 1, axis=0)
    return np.linalg.inv((mass_squared + 2) * np.eye(SITES) - step - step.T)


def ring():
    """Two free fields on a ring of sites."""
    law = dist.MultivariateNormal(jnp.zeros(SITES), propagator(MASS_SQUARED))
    values = {name: numpyro.sample(name, law) for name in ("one", "two")}
    return {name: lambda x, own=own: own[jnp.round(x[0]).astype(int) % SITES] for name, own in values.items()}


def test_the_current_of_two_fields_on_a_ring_is_exact_in_one_draw(key):
    """J_t = φ_1(t) φ_2(t+1) − φ_2(t) φ_1(t+1) between φ_1(2) and φ_2(6): flat, and flat again across the charges."""
    sites = np.arange(float(SITES))[:, None]
    charges = at([2.0], "one"), at([6.0], "two")
    observables = {
        "there": product(at(sites, "one"), at(sites + 1, "two"), *charges),
        "back": product(at(sites, "two"), at(sites + 1, "one"), *charges),
    }
    theory = measured(ring, observables)
    found = jax.jit(Improvement(theory))(theory.free_draw(key))
    current = np.asarray(found["there"] - found["back"])

    def exact(mass_squared):
        g = propagator(mass_squared)
        return g[:, 2] * np.roll(g, -1, axis=0)[:, 6] - g[:, 6] * np.roll(g, -1, axis=0)[:, 2]

    between = (np.arange(SITES) >= 2) & (np.arange(SITES) < 6)
    np.testing.assert_allclose(current, np.where(between, 0.134642, -0.018247), atol=5e-7)
    np.testing.assert_allclose(current, exact(MASS_SQUARED), rtol=1e-10)
    assert np.min(np.abs(current - exact(0.5))) > 1e-3  # the control: another mass


INFRARED, ALPHA_PRIME = 0.05, 2.0


def momenta(ultraviolet: float):
    """Momenta in two dimensions with a density ∝ |k|^{−2} between smooth cut-offs."""
    log_t = numpyro.sample("log_t", dist.Uniform(-2 * math.log(ultraviolet), -2 * math.log(INFRARED)))
    width = jnp.exp(-log_t / 2)[:, None] / math.sqrt(2)
    return numpyro.sample("k", dist.Normal(jnp.zeros(2), width).to_event(1))


def pairs(width=100, ultraviolet=4.0):
    """The free boson with the logarithm for its kernel, cosines and sines in pairs."""
    scale = math.sqrt(ALPHA_PRIME * math.log(ultraviolet / INFRARED))
    with numpyro.plate("neuron", width):
        k = momenta(ultraviolet)
        amplitude = numpyro.sample("amplitude", dist.Normal(0, scale).expand([2]).to_event(1))
    return PlaneWaves(amplitude, k, weight=width**-0.5)


def phases(width=10, ultraviolet=6.0):
    """The same of single cosines with random phases."""
    scale = math.sqrt(2 * ALPHA_PRIME * math.log(ultraviolet / INFRARED))
    with numpyro.plate("neuron", width):
        k = momenta(ultraviolet)
        phase = numpyro.sample("phase", dist.Uniform(-math.pi, math.pi))
        amplitude = numpyro.sample("amplitude", dist.Normal(0, scale))
    return PlaneWaves(amplitude, k, phase, weight=width**-0.5)


def test_currents_of_a_free_boson_are_derivatives_along_complex_directions(key):
    """⟨∂X ∂X⟩ = −C and 2⟨TT⟩ = C²(1 − 1/N) + 3 ln(Λ/μ)/8N at |z| = 1, without normal ordering."""
    here, there = (derivative(x, (0.5, -0.5j)) for x in ([1.0, 0.0], [0.0, 0.0]))
    observables = {
        "current": product(here, there),
        "tension": product(here, here, there, there),
        "mirrored": product(here, here, there.conjugate, there.conjugate),
    }
    theory = measured(pairs, observables, dim=2)
    found = series(Improvement(theory), theory, key, 4000)
    ends = [scale**2 / 4 for scale in (INFRARED, 4.0)]
    c = np.diff([-math.exp(-u) * (1 + u) for u in ends])[0]
    exact = c**2 * (1 - 1 / 100) + 3 * math.log(4.0 / INFRARED) / 800
    np.testing.assert_allclose([c, exact], [0.9084216, 0.83341], rtol=1e-5)
    assert sigmas(found["current"].real, -c) < ACCEPTED
    assert sigmas(found["current"].imag, 0.0) < ACCEPTED
    tension = 2 * found["tension"].real / ALPHA_PRIME**2
    assert sigmas(tension, exact) < ACCEPTED
    assert sigmas(2 * found["mirrored"].real / ALPHA_PRIME**2, exact) > REJECTED  # the control: ∂̄ in place of ∂


def test_vertex_operators_are_averaged_by_hand(key):
    """⟨e^{ipX(1)} e^{−ipX(0)}⟩ at width 10; its closed form is the tenth power of an average over one neuron."""
    neutral = vertex([[1.0, 0.0], [0.0, 0.0]], [0.5, -0.5])
    theory = measured(phases, {"vertex": neutral}, dim=2)
    improvement = Improvement(theory)

    def both(position):
        return improvement(position) | {"raw": neutral(theory.realise(position))}

    found = series(both, theory, key, 4000)
    assert np.allclose(found["vertex"].imag, 0, atol=1e-12)
    assert sigmas(found["vertex"].real, 0.558950) < ACCEPTED
    assert sigmas(found["raw"].real, 0.558950) < ACCEPTED
    assert sigmas(found["vertex"].real, 0.499845) > REJECTED  # the control: infinite width
    assert np.std(found["vertex"].real) < 0.5 * np.std(found["raw"])


def shifted():
    """φ(x) = 1 + z_1 + z_2 x/2."""
    slope = numpyro.sample("slope", dist.Normal(1.0, 0.5).expand([2]).to_event(1))
    return lambda x: slope[0] / 0.5 - 1 + (slope[1] - 1) * x[0]


def test_an_exponential_keeps_what_does_not_fluctuate(key):
    theory = measured(shifted, {"vertex": vertex(np.array([[[0.0], [2.0]], [[1.0], [4.0]]]), [0.3, 0.4])})
    found = jax.jit(Improvement(theory))(theory.free_draw(key))["vertex"]
    slopes = np.array([0.4, 0.3 * 0.5 + 0.4 * 2.0])
    np.testing.assert_allclose(found, np.exp(0.7j - 0.5 * (0.7**2 + slopes**2)), rtol=1e-12)


def complex_scalar(width=8):
    """Φ(x) of mass 1 in one dimension, with amplitudes of variance 1 (real part) and ½ (imaginary part)."""
    with numpyro.plate("neuron", width):
        k = numpyro.sample("k", dist.Cauchy(0, 1))
        phase = numpyro.sample("phase", dist.Uniform(-math.pi, math.pi))
        real = numpyro.sample("real", dist.Normal(0, 1))
        imaginary = numpyro.sample("imaginary", dist.Normal(0, 0.5**0.5))
    return lambda x: jnp.sum((real + 1j * imaginary) * jnp.cos(k * x[0] + phase)) / math.sqrt(2 * width)


def test_a_complex_scalar_is_contracted_without_conjugation(key):
    """E[ΦΦ] = (1 − ½) G/2 and E[ΦΦ*] = (1 + ½) G/2 with G = e^{−1}/2."""
    here, there = at([0.0]), at([1.0])
    observables = {
        "plain": product(here, there),
        "mixed": product(here, there.conjugate),
        "modulus": product(here, here.conjugate, there, there.conjugate),
    }
    theory = measured(complex_scalar, observables)
    improvement = Improvement(theory)
    assert improvement.sites == ("real", "imaginary")
    found = series(improvement, theory, key, 4000)
    g = math.exp(-1) / 2
    assert sigmas(found["plain"].real, g / 4) < ACCEPTED
    assert sigmas(found["mixed"].real, 3 * g / 4) < ACCEPTED
    assert sigmas(found["mixed"].real, g / 4) > REJECTED  # the control: conjugation left out
    np.testing.assert_allclose(found["modulus"].imag, 0, atol=1e-12)


def interacting():
    """Two components and a second field, linear in the same amplitudes, with a quartic action."""
    a = numpyro.sample("a", dist.Normal(0, 1).expand([3]).to_event(1))
    b = numpyro.sample("b", dist.Normal(0, 1))

    def phi(x):
        return jnp.stack([a[0] * jnp.cos(x[0]) + b * a[1] * x[0], a[1] + b + 0.6])

    numpyro.factor("quartic", -0.2 * jnp.sum(phi(jnp.array([0.7])) ** 2) ** 2 - 0.1 * a[2] ** 4)
    return {"pair": phi, "wave": lambda x: jnp.sum((a[0] + 1j * a[2]) * jnp.exp(1j * x))}


def mean_errors(theory: Theory, function, key) -> dict[str, float]:
    """How many errors the improved average is away from the raw one, under the action's weights."""
    names = theory.observables

    def differences(position):
        reading, better = theory.at(position), function(position)
        weight = jnp.exp(-sum(reading.action_terms.values()))
        raw = {name: names[name](reading.returned) for name in names}
        return {name: weight * (better[name] - raw[name]) for name in names}

    found = series(differences, theory, key, 20_000)
    return {name: max(sigmas(part, 0.0) for part in (values.real, values.real + values.imag))
            for name, values in found.items()}  # fmt: skip


def test_improved_and_raw_agree_where_the_fields_interact(key, monkeypatch):
    one = at([0.4], "pair", 0)
    observables = {
        "components": product(one, at([-0.3], "pair", 1), at([0.4], "pair", 0), at([1.0], "pair", 1)),
        "slopes": product(derivative([0.4], 0, field="pair", component=0), one),
        "waves": product(2 * at([0.2], "wave") - 1j * at([0.5], "wave").conjugate, one),
        "three": product(one, smeared([0.5, 0.25], [[0.0], [1.0]], field="pair", component=1), one),
    }
    theory = measured(interacting, observables)
    improvement = Improvement(theory)
    assert improvement.sites == ("a",)
    assert improvement.names == tuple(observables), improvement.reasons
    assert max(mean_errors(theory, improvement, key).values()) < ACCEPTED
    # The control: contractions three times too large.
    right = improved.inner_products
    monkeypatch.setattr(improved, "inner_products", lambda *given: 3 * right(*given))
    wrong = mean_errors(theory, Improvement(theory), key)
    assert min(wrong.values()) > REJECTED


def kinked():
    a = numpyro.sample("a", dist.Normal(0, 1).expand([2]).to_event(1))
    numpyro.factor("action", -jnp.sum(a**2))
    return lambda x: a[0] * x[0] + a[1]


REFUSED = {
    "a function that is not linear": (
        product(Insertion(lambda phi: phi(jnp.ones(1)) ** 2), at([1.0])),
        "a factor of it is not linear",
    ),
    "a function with a kink": (
        product(Insertion(lambda phi: jnp.maximum(phi(jnp.ones(1)), -1e9)), at([1.0])),
        "it may jump or kink",
    ),
    "an exponential where the action acts": (vertex([[1.0]], [1.0]), "the action depends on the amplitudes"),
}


def test_what_stays_as_it_is_says_why():
    good = product(Insertion(lambda phi: phi(jnp.ones(1)) - phi(jnp.zeros(1))), at([1.0]))
    theory = measured(kinked, {name: one for name, (one, _) in REFUSED.items()} | {"good": good})
    found = Improvement(theory)
    assert found.names == ("good",)
    for name, (_, reason) in REFUSED.items():
        assert reason in found.reasons[name]


@pytest.mark.parametrize("order", [3, 4])
def test_products_are_as_by_hand(order):
    """The recursion on Gaussian factors with means of their own, averaged by quadrature, against their product."""
    rng = np.random.default_rng(order)
    features, shift = rng.normal(size=(order, 40)), rng.normal(size=order)
    nodes, weights = np.polynomial.hermite_e.hermegauss(8)
    k = features @ features.T
    moment = (tuple(range(order)),)
    pairs_k = jnp.array([k[j, i] for j, i in pairs_of(moment)])
    # Its average over z, by quadrature along the directions that matter.
    root = np.linalg.cholesky(k)
    grids = np.stack(np.meshgrid(*[nodes] * order, indexing="ij"), axis=-1).reshape(-1, order)
    law = np.prod(np.stack(np.meshgrid(*[weights] * order, indexing="ij"), axis=-1).reshape(-1, order), axis=1)
    z = shift + grids @ root.T
    by_hand = np.sum(law * np.prod(z, axis=1)) / law.sum()
    improved_values = jax.jit(jax.vmap(lambda one: contract(moment, one, jnp.asarray(shift), pairs_k)[0]))(
        jnp.asarray(z)
    )
    np.testing.assert_allclose(np.sum(law * improved_values) / law.sum(), by_hand, rtol=1e-10)
