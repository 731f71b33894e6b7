"""A model of one layer, and samplers that cost next to nothing: what the tests of this folder store."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from nnft_ppl.samplers import Chains, Sampler, Settings, one_draw, reweight
from nnft_ppl.target import Target

MODEL = '''
"""One network layer."""

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist

from nnft_ppl import Observable, ratio


def model(coupling=1e-4, width=3):
    with numpyro.plate("Neuron", width):
        weight = numpyro.sample("net/layers[0].weight", dist.Normal(0, 1))
    slope = numpyro.sample("Slope", dist.HalfNormal(1.0))
    numpyro.factor("quartic", -coupling * jnp.sum(weight**2) ** 2)
    return {"A": lambda x: jnp.sum(weight) * x[0], "B": lambda x: slope * weight}


def observables():
    return {
        "weight": Observable(lambda fields: fields["B"](jnp.ones(1)), ("neuron",)),
        "square": Observable(lambda fields: fields["A"](jnp.array([1.0])) ** 2),
        "powers": Observable(
            lambda fields: fields["A"](jnp.ones(1)) ** jnp.array([2, 4]), ("power",), {"power": (2.0, 4.0)}
        ),
        "quotient": ratio("weight", "square"),
    }


def exact(coupling):
    return {"square": jnp.nan, "powers": jnp.array([jnp.nan, jnp.nan])}
'''
ASKED = 1200
"""Draws per chain; blocks of 400, which are no multiple of the thinning."""


BLOCK_DRAWS = 400


class State(NamedTuple):
    """What the loop of chains needs of a state."""

    position: Array


def chains(target: Target, settings: Settings) -> Sampler:
    """Independent free draws through the loop that every chain runs in: next to nothing to compile."""

    def step(key: Array, state: State) -> tuple[State, dict[str, Array]]:
        energy = jax.random.normal(jax.random.fold_in(key, 1))
        stats = {"diverging": energy > 100, "energy": energy, "lp": -energy, "n_steps": energy > 0}
        return State(target.free_draw(key)), stats | {"acceptance_rate": energy**0, "step_size": energy**0}

    def begin(program: Callable) -> tuple[State, tuple]:
        return State(jnp.zeros((settings.num_chains, target.dimension))), ()

    short = replace(settings, block_draws=BLOCK_DRAWS)
    return Chains(short, settings.key, begin, lambda fixed: one_draw(target, short, step))


def free_draws(target: Target, settings: Settings) -> Sampler:
    """Reweighting in blocks of another length."""
    return reweight(target, replace(settings, block_draws=BLOCK_DRAWS))
