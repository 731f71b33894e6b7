"""A model file whose cumulants are known at every width."""

PRODUCTS = '''\
"""The sum of products of a normal and a uniform number: its fourth cumulant is 2.4/width."""

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist

from nnft_ppl import Derived, Observable


def model(width=4, scale=1.0):
    with numpyro.plate("neuron", width):
        a = numpyro.sample("a", dist.Normal(0, 1))
        b = scale * numpyro.sample("b", dist.Uniform(-(3**0.5), 3**0.5))
    return lambda x: jnp.sum(a * b) / jnp.sqrt(width) + 0 * x[0]


def observables():
    powers = Observable(lambda phi: phi(jnp.zeros(1)) ** jnp.array([2, 4]), ("power",), {"power": (2, 4)})
    return {
        "powers": powers.in_units("mass^2"),
        "odd": Observable(lambda phi: phi(jnp.zeros(1)) ** 3),
        "connected": Derived(lambda mean: mean["powers"][1] - 3 * mean["powers"][0] ** 2),
    }


def exact(width, scale):
    connected = 2.4 / width * scale**4
    return {"powers": jnp.array([scale**2, 3 * scale**4 + connected]), "odd": 0.0, "connected": connected}
'''
