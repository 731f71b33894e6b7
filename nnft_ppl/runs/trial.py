"""HMC on trial: it goes on only if its first draws give more per second than free draws would.

What a chain's draws are worth cannot be told from their cost, and not from free draws; a few hundred of them tell.
"""

import time
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from nnft_ppl.complex_parts import in_parts
from nnft_ppl.display import Stage
from nnft_ppl.samplers import Block, MakeSampler, SamplerError, Settings, hmc
from nnft_ppl.statistics import gamma_method
from nnft_ppl.target import Target

TRIAL_DRAWS = 200
"""Draws per chain of a trial: with four chains their worth is known to a fifth or so."""


class Outdone(RuntimeError):
    """HMC gave less than free draws; the text says by how much, or why it could not go on."""


def on_trial(least: float) -> MakeSampler:
    """HMC, whose start ends with `Outdone` after `TRIAL_DRAWS` draws per chain, if they are worth too few.

    Args:
        least: Effective draws per second, of all chains and the slowest observable, that it has to give.
    """
    return lambda target, settings: _OnTrial(target, settings, least)


class _OnTrial:
    """HMC that has to prove itself; the draws of the trial are its first blocks."""

    def __init__(self, target: Target, settings: Settings, least: float) -> None:
        self._hmc = hmc(target, replace(settings, growing=True))
        self._settings, self._least = settings, least
        self._held: list[tuple[Any, Block]] = []

    def start(self) -> Any:
        """The state before the trial, which is passed."""
        settings = self._settings
        try:
            start = self._hmc.start()
            self._held = [self._hmc.step(start)]
            begun = time.perf_counter()  # what comes before the first block, and in it, may compile
            while (made := self._made) < min(TRIAL_DRAWS, settings.num_draws):
                settings.progress(Stage("trial of hmc", made, TRIAL_DRAWS))
                self._held.append(self._hmc.step(self._held[-1][0]))
            seconds = time.perf_counter() - begun
        except SamplerError as error:
            raise Outdone(f"hmc could not go on ({error})") from error
        timed = 1 - self._held[0][1].length / self._made
        worth = timed * _effective_draws([block for _, block in self._held]) / seconds if timed else np.inf
        if worth < self._least:
            raise Outdone(f"on trial hmc gave {worth:.3g} a second")
        return start

    def step(self, state: Any, /) -> tuple[Any, Block]:
        """The blocks of the trial again, then new ones."""
        return self._held.pop(0) if self._held else self._hmc.step(state)

    @property
    def _made(self) -> int:
        return sum(block.length for _, block in self._held)


def _effective_draws(blocks: list[Block]) -> float:
    """Effective draws of all chains, of the observable that has fewest; infinite with NaN, which the run refuses."""
    measured = jax.tree.map(lambda *arrays: np.concatenate(arrays, axis=1), *(block.measured for block in blocks))
    leaves = [np.asarray(in_parts(array), float) for array in jax.tree.leaves(measured)]
    if not all(np.all(np.isfinite(array)) for array in leaves):
        return np.inf
    return min(float(np.min(gamma_method(array).ess, initial=np.inf)) for array in leaves)
