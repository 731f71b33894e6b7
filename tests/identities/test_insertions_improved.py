"""Improved products of insertions: several fields, components, derivatives, complex numbers, exponentials."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
from numpyro import distributions as dist
from statistical import ACCEPTED, REJECTED, sigmas

from nnft_ppl import Theory
from nnft_ppl.identities import Improvement, products
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


def shifted():
    """φ(x) = 1 + z_1 + z_2 x/2."""
    slope = numpyro.sample("slope", dist.Normal(1.0, 0.5).expand([2]).to_event(1))
    return lambda x: slope[0] / 0.5 - 1 + (slope[1] - 1) * x[0]


def test_an_exponential_keeps_what_does_not_fluctuate(key):
    theory = measured(shifted, {"vertex": vertex(np.array([[[0.0], [2.0]], [[1.0], [4.0]]]), [0.3, 0.4])})
    found = jax.jit(Improvement(theory))(theory.free_draw(key))["vertex"]
    slopes = np.array([0.4, 0.3 * 0.5 + 0.4 * 2.0])
    np.testing.assert_allclose(found, np.exp(0.7j - 0.5 * (0.7**2 + slopes**2)), rtol=1e-12)


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
    right = products.inner_products
    monkeypatch.setattr(products, "inner_products", lambda *given: 3 * right(*given))
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
