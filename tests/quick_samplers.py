"""A model file that says nothing about fields, and samplers that cost no compilation of their own."""

import signal
from collections.abc import Callable
from typing import Any

import numpy as np

from nnft_ppl.draws import Kind
from nnft_ppl.samplers import Block, Sampler, Settings, reweight
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


class Chains:
    """Free draws that call themselves chains."""

    def __init__(self, target: Target, settings: Settings) -> None:
        self._free = reweight(target, settings)

    def start(self) -> Any:
        return self._free.start()

    def part(self, state: Any) -> Any:
        return state

    def step(self, state: Any) -> tuple[Any, Block]:
        state, block = self._free.step(state)
        draws = block.stats["log_weight"].shape
        energy = np.random.default_rng(0).normal(size=draws)
        stats = {"diverging": np.zeros(draws, bool), "energy": energy, "lp": -energy, "n_steps": np.ones(draws, int)}
        stats |= {"acceptance_rate": np.ones(draws), "step_size": np.ones(draws)}
        return state, Block(Kind.CHAINS, block.measured, stats, block.positions)


def chains(target: Target, settings: Settings) -> Sampler:
    """Free draws that call themselves chains."""
    return Chains(target, settings)


class Disturbed(Chains):
    """Chains with something that happens before a block.

    Args:
        happens: What; called with the number of the block to come.
    """

    def __init__(self, target: Target, settings: Settings, happens: Callable[[int], object]) -> None:
        super().__init__(target, settings)
        self._happens, self._blocks = happens, 0

    def step(self, state: Any) -> tuple[Any, Block]:
        self._happens(self._blocks)
        self._blocks += 1
        return super().step(state)


def _interrupt(number: int, at: int) -> None:
    if number == at:
        raise KeyboardInterrupt


def _signal(number: int, at: int, which: signal.Signals) -> None:
    if number == at:
        signal.raise_signal(which)


def first_block_only(target: Target, settings: Settings) -> Sampler:
    """Interrupted in the second block, as from Python."""
    return Disturbed(target, settings, lambda number: _interrupt(number, 1))


def no_block(target: Target, settings: Settings) -> Sampler:
    """Interrupted in the first block, as from Python."""
    return Disturbed(target, settings, lambda number: _interrupt(number, 0))


def signalled(target: Target, settings: Settings) -> Sampler:
    """A signal that arrives while the second block is drawn."""
    return Disturbed(target, settings, lambda number: _signal(number, 1, signal.SIGTERM))


def signalled_at_once(target: Target, settings: Settings) -> Sampler:
    """A signal that arrives before any block: while something is compiled, say."""
    return Disturbed(target, settings, lambda number: _signal(number, 0, signal.SIGINT))


QUICK_SAMPLERS = (chains, first_block_only, no_block, signalled, signalled_at_once)
