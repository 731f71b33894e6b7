"""What has no normal form is refused when a model is read, by name, with the way out."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
import pytest
from numpyro import handlers
from numpyro.contrib.control_flow import cond, scan
from numpyro.contrib.module import random_eqx_module

from nnft_ppl.theory import ModelError, Theory


def linear(*weights):
    total = sum(jnp.sum(weight) for weight in weights)
    return lambda x: total * x[0]


def scan_model():
    def step(carry, _):
        carry = numpyro.sample("step", dist.Normal(carry, 1.0))
        return carry, carry

    return linear(scan(step, 0.0, None, length=3)[1])


def cond_model():
    a = numpyro.sample("a", dist.Normal(0, 1))
    cond(a > 0, lambda _: numpyro.sample("b", dist.Normal(0, 1)), lambda _: a, None)
    return linear(a)


def masked_latent():
    with numpyro.plate("neuron", 2), handlers.mask(mask=jnp.array([True, False])):
        return linear(numpyro.sample("hidden", dist.Normal(0, 1)))


def discrete():
    return linear(numpyro.sample("winding", dist.NegativeBinomial2(2.0, 1.0)))


def subsampled():
    with numpyro.plate("batch", 10, subsample_size=3):
        return linear(numpyro.sample("a", dist.Normal(0, 1)))


def parameter():
    return linear(numpyro.param("scale", 1.0) * numpyro.sample("a", dist.Normal(0, 1)))


def improper():
    return linear(numpyro.sample("a", dist.ImproperUniform(dist.constraints.real, (), ())))


def hidden_randomness():
    numpyro.sample("a", dist.Normal(0, 1))
    return linear(jax.random.normal(numpyro.prng_key()))


def colliding_names():
    return linear(numpyro.sample("W", dist.Normal(0, 1)), numpyro.sample("w", dist.Normal(0, 1)))


def network_with_free_weights():
    network = eqx.nn.Linear(1, "scalar", key=jax.random.key(1))
    return random_eqx_module("net", network, prior={"weight": dist.Normal()})


def no_sites():
    return linear(jnp.ones(1))


def no_field():
    numpyro.sample("a", dist.Normal(0, 1))


def two_sizes():
    with numpyro.plate("neuron", 3):
        a = numpyro.sample("a", dist.Normal(0, 1))
    with numpyro.plate("neuron", 5):
        return linear(a, numpyro.sample("b", dist.Normal(0, 1)))


def plates_in_lower_case():
    with numpyro.plate("N", 3, dim=-2), numpyro.plate("n", 4, dim=-1):
        return linear(numpyro.sample("a", dist.Normal(0, 1)))


def plate_of_chains():
    with numpyro.plate("chain", 3):
        return linear(numpyro.sample("a", dist.Normal(0, 1)))


def site_of_draws():
    return linear(numpyro.sample("Draw", dist.Normal(0, 1)))


def factor_of_chains():
    a = numpyro.sample("a", dist.Normal(0, 1))
    numpyro.factor("chain", -(a**2))
    return linear(a)


def site_like_its_plate():
    with numpyro.plate("neuron", 3):
        return linear(numpyro.sample("neuron", dist.Normal(0, 1)))


def site_like_another_dimension():
    a = numpyro.sample("a", dist.Normal(0, 1).expand([2]).to_event(1))
    return linear(a, numpyro.sample("a_dim_0", dist.Normal(0, 1)))


def fields_of_one_name():
    a = numpyro.sample("a", dist.Normal(0, 1))
    return {"Phi": linear(a), "phi": linear(a)}


def no_bijection():
    return linear(numpyro.sample("direction", dist.ProjectedNormal(jnp.ones(3))))


REFUSED = {
    scan_model: "control_flow cannot be read",
    cond_model: "control_flow cannot be read",
    masked_latent: "'hidden' is masked",
    discrete: "'winding' .NegativeBinomial2. is discrete, and its quantiles are not known here: use Poisson",
    subsampled: "'batch' subsamples .3 of 10",
    parameter: "param 'scale' has no density",
    improper: "'a' is ImproperUniform",
    hidden_randomness: "randomness outside sample sites",
    colliding_names: "two sites are stored as 'w'",
    network_with_free_weights: "param 'net.params' has no density",
    no_sites: "no latent site",
    no_field: "returned NoneType, not a field",
    no_bijection: "'direction': ProjectedNormal has neither",
    two_sizes: "stored as 'neuron': 'neuron' of size 3, and 'neuron' of size 5 at site 'b'",
    plates_in_lower_case: "two plates are stored as 'n'",
    plate_of_chains: "plate 'chain' is stored as 'chain'",
    site_of_draws: "site 'Draw' is stored as 'draw'",
    factor_of_chains: "site 'chain' is stored as 'chain'",
    site_like_its_plate: "site 'neuron' has the name of a plate",
    site_like_another_dimension: "site 'a_dim_0' has the name of a plate",
    fields_of_one_name: "two fields are stored as 'phi', 'Phi' and 'phi'",
}


@pytest.mark.parametrize("model", REFUSED, ids=lambda model: model.__name__)
def test_refused_by_name(model):
    with pytest.raises(ModelError, match=REFUSED[model]):
        Theory(model)


def within(transform):
    """A model with a site, or a factor, inside a function that JAX transforms."""

    def model():
        a = numpyro.sample("a", dist.Normal(0, 1))
        return linear(transform(lambda c: numpyro.sample("inner", dist.Normal(c, 1)), a))

    return model


TRANSFORMS = {
    "jit": lambda f, a: jax.jit(f)(a),
    "checkpoint": lambda f, a: jax.checkpoint(f)(a),
    "vmap": lambda f, a: jax.vmap(f)(a * jnp.ones(3)),
    "grad": lambda f, a: jax.grad(f)(a),
    "map": lambda f, a: jax.lax.map(f, a * jnp.ones(3)),
    "scan": lambda f, a: jax.lax.scan(lambda c, i: (f(c), i), a, jnp.arange(3))[0],
    "while_loop": lambda f, a: jax.lax.while_loop(lambda c: c < 3, f, a),
    "cond": lambda f, a: jax.lax.cond(a > 0, f, lambda c: c, a),
    "factor": lambda f, a: a + jnp.sum(jax.jit(lambda c: numpyro.factor("inner", -(c**2)) or c)(a)),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_sites_inside_transformed_functions_are_refused(name):
    with pytest.raises(ModelError, match=rf"{__file__}:\d+: site 'inner' is inside a function that JAX transforms"):
        Theory(within(TRANSFORMS[name]))


def test_functions_that_transform_nothing_may_sample():
    """Control: a tree of sites, and numbers that are computed inside a compiled function."""
    trees = Theory(within(lambda f, a: sum(jax.tree.map(lambda n: numpyro.sample(n, dist.Normal(a, 1)), ["b", "c"]))))
    assert trees.dimension == 3
    assert Theory(within(lambda f, a: jax.jit(jnp.tanh)(f(a)))).dimension == 2
