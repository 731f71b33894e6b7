"""HMC on trial: it goes on only if its first draws give more per second than free draws would.

What a chain's draws are worth cannot be told from their cost, and not from free draws; a few hundred of them tell.
"""

import time
from collections.abc import Iterator
from dataclasses import replace

import jax
import numpy as np

from nnft_ppl.autocorrelation import gamma_method
from nnft_ppl.samplers.blocks import Block, Sampler, SamplerError, Settings
from nnft_ppl.samplers.hmc import hmc
from nnft_ppl.samplers.target import Target

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
        held: list[Block] = []
        seconds = 0.0
        try:
            while (made := _draws(held)) < min(TRIAL_DRAWS, settings.num_draws):
                settings.show("trial of hmc", made, TRIAL_DRAWS)
                begun = time.perf_counter()
                held.append(next(blocks))
                # The first block may compile.
                seconds += time.perf_counter() - begun if len(held) > 1 else 0.0
        except SamplerError as error:
            raise Outdone(f"hmc could not go on ({error})") from error
        timed = _draws(held[1:]) / _draws(held)
        found = timed * _effective_draws(held) / seconds if seconds else np.inf
        if found < least:
            raise Outdone(f"on trial hmc gave {found:.3g} a second")
        yield from held
        yield from blocks

    return sampler


def _draws(blocks: list[Block]) -> int:
    return sum(len(jax.tree.leaves(block.stats)[0][0]) for block in blocks)


def _effective_draws(blocks: list[Block]) -> float:
    """Effective draws of all chains, of the observable that has fewest: N / (2 τ)."""
    measured = jax.tree.map(lambda *arrays: np.concatenate(arrays, axis=1), *(block.measured for block in blocks))
    leaves = [np.asarray(array, float) for array in jax.tree.leaves(measured)]
    chains, draws = leaves[0].shape[:2]
    slowest = max(float(np.max(gamma_method(array).tau_int, initial=0.5)) for array in leaves)
    return chains * draws / (2 * slowest)
