r"""The sampler for a theory, chosen from a short pilot.

Independent free draws are the cheapest of all draws as long as their weights are not too uneven: the pilot counts what
they are worth, and times them and a gradient on this device. Where they are worth less than a chain, HMC follows, and
after it, if its chains do not agree, replica exchange.
"""

import time
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from nnft_ppl.samplers.blocks import over_chains
from nnft_ppl.samplers.hmc import split_parameters
from nnft_ppl.samplers.reweight import free_draws_function
from nnft_ppl.samplers.target import Target
from nnft_ppl.samplers.tuning import coordinate_scales

PILOT_DRAWS = 1024
"""Free draws of the pilot."""
ENOUGH = 20
"""The fewest effective draws among them for which reweighting is considered: below, the weights' tail is unknown."""
NEARLY_ALL = 0.8
"""Where free draws are worth this share of their number no chain is asked: its draws would be worth less."""
CHAIN_WORTH = 0.3
"""Effective draws that one draw of HMC is taken to give; 0.25 to 0.7 were found on the shipped models."""
CHAIN_GRADIENTS = (2.5, 0.8)
"""Cost of one draw of HMC, measuring included, in gradients: where all parameters move, and where costly ones rest."""
TIMED_GRADIENTS = 10
"""Gradients in one call that is timed."""
STRONGER = {"reweight": "hmc", "hmc": "replica-exchange"}
"""Where to go when the checks of a sampler's run fail."""


class Choice(NamedTuple):
    """A sampler's name, and why it was chosen."""

    name: str
    """One of `SAMPLERS`."""
    reason: str
    """Why, in words with the numbers that decided."""


def choose(target: Target, key: Array, num_chains: int, *, keep: bool = False) -> Choice:
    """The sampler that should give most effective draws per second.

    Args:
        target: What is to be sampled.
        key: Random key of the pilot, a scalar.
        num_chains: Chains that HMC would advance together.
        keep: Whether positions will be kept: the program of the pilot is then that of the run.
    """
    draws, batch = free_draws_function(target, keep=keep)
    rounds = -(-PILOT_DRAWS // batch)
    keys = jax.random.split(key, (rounds, batch))
    found = [draws(one) for one in keys]
    measured, log_weight = jax.tree.map(lambda *parts: np.concatenate(parts), *(one[:2] for one in found))
    if not np.all(np.isfinite(log_weight)):
        return Choice("hmc", "the action of some free draws is not finite")
    worth = _effective_share(measured, log_weight)
    spread = float(np.std(log_weight))
    pilot = f"{rounds * batch} free draws are worth {worth * rounds * batch:.0f} (sd of the action {spread:.2g})"
    if worth * rounds * batch < ENOUGH:
        return Choice("hmc", f"{pilot}: too few to reweight")
    if worth > NEARLY_ALL:
        return Choice("reweight", f"{pilot}: nearly every one counts")
    start = time.perf_counter()
    draws(keys[-1])  # compiled by now
    free, chain = worth * batch / (time.perf_counter() - start), CHAIN_WORTH / _chain_cost(target, keys[0], num_chains)
    rates = f"about {free:.3g} effective draws per second against {chain:.3g} of hmc"
    return Choice("reweight" if free > chain else "hmc", f"{pilot}: {rates}")


def _effective_share(measured: Any, log_weight: Float[ndarray, " draw"]) -> float:
    """Effective draws per free draw of the observable that suffers most: Σ w (O − Ō)² / Σ w² (O − Ō)², Σ w = 1."""
    weights = np.exp(log_weight - np.max(log_weight))
    weights = (weights / np.sum(weights))[:, None]
    columns = [np.asarray(array, float).reshape(len(log_weight), -1) for array in jax.tree.leaves(measured)]
    series = np.concatenate(columns, axis=1)
    squares = (series - np.sum(weights * series, axis=0)) ** 2
    noise = np.sum(weights**2 * squares, axis=0)
    shares = np.sum(weights * squares, axis=0)[noise > 0] / noise[noise > 0] / len(log_weight)
    # Where few draws carry the weight their observables are the average, and seem to have no noise.
    kish = 1 / np.sum(weights**2) / len(log_weight)
    return float(min(np.min(shares, initial=1.0), kish))


def _chain_cost(target: Target, keys: Array, num_chains: int) -> float:
    """Seconds per draw of HMC: gradients of all chains are timed, the fastest of three rounds."""
    positions = jax.jit(jax.vmap(target.free_draw))(keys[:num_chains])
    force = jax.grad(target.potential)

    def several(position: Array) -> Array:
        """A loop, for one call of a small kernel costs more than its gradient."""
        last = jax.lax.fori_loop(0, TIMED_GRADIENTS - 1, lambda _, z: position + 1e-6 * force(z), position)
        return force(last)

    gradients = over_chains(several, num_chains)
    forces = jax.block_until_ready(gradients(positions))
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        jax.block_until_ready(gradients(positions))
        seconds.append(time.perf_counter() - start)
    rests = split_parameters(target, coordinate_scales(np.asarray(forces)[:, None], target.groups)).draws > 1
    return CHAIN_GRADIENTS[rests] * min(seconds) / (TIMED_GRADIENTS * num_chains)
