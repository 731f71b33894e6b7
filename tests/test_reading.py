"""A catalogue of NumPyro models read into normal form."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from numpyro import handlers
from numpyro.contrib.module import random_eqx_module
from numpyro.infer.reparam import LocScaleReparam
from numpyro.infer.util import log_density

from nnft_ppl.densities import PropagatorMomentum, UniformBall
from nnft_ppl.theory import Theory, label_of


def linear(*weights):
    total = sum(jnp.sum(weight) for weight in weights)
    return lambda x: total * x[0]


def plates():
    with numpyro.plate("neuron", 3):
        a = numpyro.sample("a", dist.Normal(0.5, 2.0))
        c = numpyro.sample("c", dist.Uniform(-math.pi, math.pi))
    numpyro.factor("quartic", -jnp.sum(a**4) / 24)
    return lambda x: jnp.sum(a * jnp.cos(x[0] + c))


def nested_plates():
    with numpyro.plate("out", 2, dim=-2), numpyro.plate("in", 3, dim=-1):
        return linear(numpyro.sample("w", dist.Laplace(0, 1)))


def to_event():
    return linear(numpyro.sample("w", dist.Normal(jnp.zeros(4), 2.0).expand([3, 4]).to_event(2)))


def dependent_scale():
    scale = numpyro.sample("scale", dist.HalfNormal(1.0))
    with numpyro.plate("neuron", 3):
        return linear(numpyro.sample("a", dist.Normal(0, scale)))


def multivariate_normal():
    covariance = jnp.array([[2.0, 0.5], [0.5, 1.0]])
    with numpyro.plate("neuron", 3):
        return linear(numpyro.sample("a", dist.MultivariateNormal(jnp.ones(2), covariance)))


def truncated():
    return linear(numpyro.sample("a", dist.TruncatedNormal(0.3, 1.2, low=-1.0, high=2.0)))


def cauchy():
    return linear(numpyro.sample("b", dist.Cauchy(0.0, 1.0).expand([3]).to_event(1)))


def decentred():
    with handlers.reparam(config={"a": LocScaleReparam(0.3)}):
        loc = numpyro.sample("loc", dist.Normal(0, 1))
        return linear(numpyro.sample("a", dist.Normal(loc, 2.0)))


def scoped():
    return handlers.scope(dependent_scale, "net")()


def scaled_latent():
    with handlers.scale(scale=2.5):
        return linear(numpyro.sample("a", dist.Normal(0.5, 1.0)))


def scaled_observation():
    a = numpyro.sample("a", dist.Normal(0, 1))
    with handlers.scale(scale=0.5), numpyro.plate("data", 3):
        numpyro.sample("y", dist.Normal(a, 1.0), obs=jnp.array([0.1, 0.5, -0.3]))
    return linear(a)


def masked_observation():
    a = numpyro.sample("a", dist.Normal(0, 1))
    with numpyro.plate("data", 3), handlers.mask(mask=jnp.array([True, False, True])):
        numpyro.sample("y", dist.Normal(a, 1.0), obs=jnp.array([0.1, 9.5, -0.3]))
    return linear(a)


def two_fields():
    a = numpyro.sample("a", dist.Normal(0, 1).expand([2]).to_event(1))
    return {"left": linear(a[0]), "right": linear(a[1])}


def gamma_amplitude():
    with numpyro.plate("neuron", 3):
        size = numpyro.sample("size", dist.Gamma(2.0, 1.5))
    numpyro.factor("cost", -jnp.sum(size**2))
    return linear(size)


def simplex():
    return linear(numpyro.sample("mixture", dist.Dirichlet(jnp.array([1.0, 2.0, 3.0])))[0])


def balls():
    with numpyro.plate("neuron", 3):
        b = numpyro.sample("b", UniformBall(2, 3.0))
        p = numpyro.sample("p", PropagatorMomentum(3, 1.0, 4.0))
    return linear(b, p)


def factor_in_plate():
    with numpyro.plate("neuron", 4):
        a = numpyro.sample("a", dist.Normal(0, 1))
        numpyro.factor("per_neuron", -0.1 * a**2)
    return linear(a)


def sample_shape():
    return linear(numpyro.sample("a", dist.Logistic(0, 1), sample_shape=(5,)))


def equinox_network():
    network = eqx.nn.MLP(1, "scalar", 4, 1, key=jax.random.key(1))
    phi = random_eqx_module("net", network, prior=lambda name, shape: dist.Normal(0, 1.5))
    numpyro.factor("quadratic", -(phi(jnp.ones(1)) ** 2))
    return phi


CATALOGUE = {
    model.__name__: model
    for model in (
        plates, nested_plates, to_event, dependent_scale, multivariate_normal, truncated, cauchy, decentred, scoped,
        scaled_latent, scaled_observation, masked_observation, two_fields, gamma_amplitude, simplex, balls,
        factor_in_plate, sample_shape, equinox_network,
    )
}  # fmt: skip


def log_volume(theory, position):
    """ln |∂θ/∂z|, all sites together; a site on a manifold is measured in its own first coordinates."""

    def values(position):
        sizes = {site.label: math.prod(site.reference_shape) for site in theory.sites}
        return jnp.concatenate([value.reshape(-1)[: sizes[name]] for name, value in theory.transport(position).items()])

    return jnp.linalg.slogdet(jax.jacfwd(values)(position))[1]


def normal_form_sum(model, theory, position):
    """ln p(θ) + ln|∂θ/∂z| + |z|²/2 + S + reference, constant where the reading is right."""
    reading = theory.at(position)
    by_name = {site.name: reading.values[site.label] for site in theory.sites}
    log_p, _ = log_density(model, (), {}, by_name)
    gaussian = jnp.sum(position**2) / 2
    return log_p + log_volume(theory, position) + gaussian + theory.action(position) + theory.reference(position)


@pytest.mark.parametrize("name", CATALOGUE)
def test_normal_form_is_exact(name, key):
    model = CATALOGUE[name]
    theory = Theory(model)
    positions = jax.vmap(theory.free_draw)(jax.random.split(key, 12))
    sums = jax.jit(jax.vmap(lambda position: normal_form_sum(model, theory, position)))(positions)
    assert np.ptp(sums) < 1e-10 * max(1.0, np.max(np.abs(sums)))


def test_a_lost_term_breaks_the_normal_form(key):
    """Control: without the reference term of a site that has no transport, the sum is far from constant."""
    theory = Theory(gamma_amplitude)
    positions = jax.vmap(theory.free_draw)(jax.random.split(key, 12))
    sums = jax.vmap(lambda z: normal_form_sum(gamma_amplitude, theory, z) - theory.reference(z))(positions)
    assert np.ptp(sums) > 0.1


@pytest.mark.parametrize("name", CATALOGUE)
def test_measuring_composes(name, key):
    """A functional of the field, composed with the reading, under jit, vmap and grad at once."""
    theory = Theory(CATALOGUE[name])

    def at_one(position):
        fields = theory.realise(position)
        fields = list(fields.values()) if isinstance(fields, dict) else [fields]
        return sum(jnp.sum(phi(jnp.ones(1))) for phi in fields)

    positions = jax.vmap(theory.free_draw)(jax.random.split(key, 3))
    gradients = jax.jit(jax.vmap(jax.grad(at_one)))(positions)
    values = jax.jit(jax.vmap(at_one))
    finite = (values(positions + 1e-5) - values(positions - 1e-5)) / 2e-5
    np.testing.assert_allclose(jnp.sum(gradients, axis=1), finite, rtol=1e-5, atol=1e-6)


def test_free_draws_are_ancestral(key):
    """Means of free draws against known moments, for sites with and without a transport, and a wrong one rejected."""
    n = 20_000
    theory = Theory(gamma_amplitude)
    draws = jax.jit(jax.vmap(lambda k: theory.at(theory.free_draw(k)).values["size"]))
    sizes = np.asarray(draws(jax.random.split(key, n)))
    error = sizes.std() / np.sqrt(sizes.size)
    assert abs(sizes.mean() - 2.0 / 1.5) < 5 * error
    assert abs(sizes.mean() - 1.5 / 2.0) > 6 * error


def test_action_and_site_terms_are_told_apart():
    theory = Theory(gamma_amplitude)
    reading = theory.at(jnp.zeros(3))
    assert set(reading.action_terms) == {"cost"}
    assert set(reading.reference_terms) == {"site:size"}
    assert float(reading.action_terms["cost"]) == pytest.approx(3.0)  # size = exp(0) for three neurons


def test_dims_come_from_plates():
    sites = {site.label: site for site in Theory(nested_plates).sites}
    assert sites["w"].dims == ("out", "in")
    assert sites["w"].shape == (2, 3)
    assert Theory(to_event).sites[0].dims == ("w_dim_0", "w_dim_1")


def test_scaled_latent_is_an_action_term():
    """ln p^2.5 = ln p + 1.5 ln p: the free draws stay those of p."""
    theory = Theory(scaled_latent)
    z = jnp.array([0.7])
    expected = 1.5 * (0.7**2 / 2 + math.log(2 * math.pi) / 2)
    assert float(theory.at(z).action_terms["scale.a"]) == pytest.approx(expected)


def test_groups_cut_positions_by_site():
    theory = Theory(plates)
    assert theory.groups == {"a": slice(0, 3), "c": slice(3, 6)}
    assert theory.dimension == 6


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("net/layers[0].weight", "net.layers.0.weight"),
        ("W", "w"),
        ("2nd", "_2nd"),
        ("ok_1", "ok_1"),
        ("φ", "phi"),
        ("Δψ_0", "deltapsi_0"),
        ("λ", "lambda"),
        ("ä²", "a2"),
        ("ж", "zhe"),
    ],
)
def test_labels(name, label):
    assert label_of(name) == label


def delta_of(kind):
    def model():
        a = numpyro.sample("a", dist.Normal(0, 1))
        if kind == "to_event":
            b = numpyro.sample("d", dist.Delta(a * jnp.ones(3), log_density=-(a**2) / 3).to_event(1))
        elif kind == "plate":
            with numpyro.plate("n", 3):
                b = numpyro.sample("d", dist.Delta(a, log_density=-(a**2) / 3))
        elif kind == "event_dim":
            b = numpyro.sample("d", dist.Delta(a * jnp.ones(3), log_density=-(a**2), event_dim=1))
        elif kind == "scaled":
            with handlers.scale(scale=0.5):
                b = numpyro.sample("d", dist.Delta(a * jnp.ones(1), log_density=-2 * a**2, event_dim=1))
        else:
            b = numpyro.sample("d", dist.Delta(a * jnp.ones(3)).to_event(1))
        return linear(b)

    return model


@pytest.mark.parametrize("kind", ["to_event", "plate", "event_dim", "scaled", "plain"])
def test_a_delta_brings_its_density(kind):
    """One coordinate, and the action a² that is injected; none where nothing is."""
    theory, z = Theory(delta_of(kind)), jnp.array([1.3])
    assert theory.dimension == 1
    assert theory.action_terms == (() if kind == "plain" else ("d",))
    assert float(theory.action(z)) == pytest.approx(0.0 if kind == "plain" else 1.69)
    entries = 1 if kind == "scaled" else 3
    assert float(theory.realise(z)(jnp.ones(1))) == pytest.approx(1.3 * entries)
    assert float(jax.grad(theory.action)(z)[0]) == pytest.approx(0.0 if kind == "plain" else 2.6)
