"""A model file that says nothing about fields, and samplers that cost no compilation of their own."""

import signal
from collections.abc import Iterator

import numpy as np

from nnft_ppl.samplers import Block, Settings, reweight
from nnft_ppl.target import Target

GAUSSIAN = """\
import numpy as np
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from nnft_ppl import Observable


def model(scale=1.0):
    "A number that is the same everywhere."
    a = numpyro.sample("a", dist.Normal(0, 1))
    return lambda x: scale * a + 0 * x[0]


def observables():
    return {
        "moments": Observable(lambda phi: phi(jnp.zeros(1)) ** jnp.array([2, 4]), ("power",), {"power": (2, 4)}),
        "sixth": Observable(lambda phi: phi(jnp.zeros(1)) ** 6),
    }


def exact(scale):
    return {"moments": np.array([scale**2, np.nan])}
"""


def chains(target: Target, settings: Settings) -> Iterator[Block]:
    """Free draws that call themselves chains."""
    for block in reweight(target, settings):
        draws = block.stats["log_weight"].shape
        energy = np.random.default_rng(0).normal(size=draws)
        stats = {"diverging": np.zeros(draws, bool), "energy": energy, "lp": -energy, "n_steps": np.ones(draws, int)}
        stats |= {"acceptance_rate": np.ones(draws), "step_size": np.ones(draws)}
        yield Block(block.measured, stats, block.positions)


def first_block_only(target: Target, settings: Settings) -> Iterator[Block]:
    """Interrupted in the second block, as from Python."""
    yield next(chains(target, settings))
    raise KeyboardInterrupt


def no_block(target: Target, settings: Settings) -> Iterator[Block]:
    """Interrupted in the first block, as from Python."""
    raise KeyboardInterrupt
    yield  # a generator, like every sampler


def signalled(target: Target, settings: Settings) -> Iterator[Block]:
    """A signal that arrives while the second block is drawn."""
    for number, block in enumerate(chains(target, settings)):
        if number == 1:
            signal.raise_signal(signal.SIGTERM)
        yield block


def signalled_at_once(target: Target, settings: Settings) -> Iterator[Block]:
    """A signal that arrives before any block: while something is compiled, say."""
    signal.raise_signal(signal.SIGINT)
    yield from chains(target, settings)


QUICK_SAMPLERS = (chains, first_block_only, no_block, signalled, signalled_at_once)
