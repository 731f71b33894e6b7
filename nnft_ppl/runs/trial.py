"""HMC on trial: it goes on only if its first draws give more per second than free draws would.

What a chain's draws are worth cannot be told from their cost, and not from free draws; a few hundred of them tell.
"""

import time
from collections.abc import Iterator
from dataclasses import replace

import jax
import numpy as np

from nnft_ppl.display import Stage
from nnft_ppl.statistics import gamma_method
from nnft_ppl.samplers.blocks import Block, Sampler, SamplerError, Settings
from nnft_ppl.samplers.hmc import hmc
from nnft_ppl.target import Target

TRIAL_DRAWS = 200
"""Draws per chain of a trial: with four chains their worth is known to a fifth or so."""


class Outdone(RuntimeError):
    """HMC gave less than free draws; the text says by how much, or why it could not go on."""


def on_trial(least: float) -> Sampler:
    """HMC, which ends with `Outdone` after `TRIAL_DRAWS` draws per chain, before its first block, if they are too few.

    Args:
        least: Effective draws per second, of all chains and the slowest observable, that it has to give.
    """

    def sampler(target: Target, settings: Settings) -> Iterator[Block]:
        blocks = hmc(target, replace(settings, growing=True))
        try:
            held = [next(blocks)]
            begun = time.perf_counter()  # what comes before the first block, and in it, may compile
            while (made := _draws(held)) < min(TRIAL_DRAWS, settings.num_draws):
                settings.show(Stage("trial of hmc", made, TRIAL_DRAWS))
                held.append(next(blocks))
            seconds = time.perf_counter() - begun
        except SamplerError as error:
            raise Outdone(f"hmc could not go on ({error})") from error
        timed = _draws(held[1:]) / _draws(held)
        found = timed * _effective_draws(held) / seconds if timed else np.inf
        if found < least:
            raise Outdone(f"on trial hmc gave {found:.3g} a second")
        yield from held
        yield from blocks

    return sampler


def _draws(blocks: list[Block]) -> int:
    return sum(len(jax.tree.leaves(block.stats)[0][0]) for block in blocks)


def _effective_draws(blocks: list[Block]) -> float:
    """Effective draws of all chains, of the observable that has fewest; infinite with NaN, which the run refuses."""
    measured = jax.tree.map(lambda *arrays: np.concatenate(arrays, axis=1), *(block.measured for block in blocks))
    leaves = [np.asarray(array, float) for array in jax.tree.leaves(measured)]
    if not all(np.all(np.isfinite(array)) for array in leaves):
        return np.inf
    return min(float(np.min(gamma_method(array).ess, initial=np.inf)) for array in leaves)
