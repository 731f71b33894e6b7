"""How long the blocks of a run are, and which of its draws keep their parameters: what memory, disk and time allow."""

import math
from typing import Any

import jax.numpy as jnp

from nnft_ppl.runs.long_series import averaged_over
from nnft_ppl.samplers import Settings
from nnft_ppl.samplers.sampler import CHECK_DRAWS, longest_block

KEPT_BYTES = 256 * 2**20
"""`keep="auto"` keeps all parameters below this size, else as many draws as fit, at most `KEPT_DRAWS` per chain."""
KEPT_DRAWS = 1000
LIMITED_BLOCK = 250
"""Draws per chain in a block, at most, where the time is limited."""
MOST_BLOCKS = 40
"""Long runs have about so many blocks, for each costs some ten milliseconds; none has more than `LONGEST_BLOCK` draws
per chain."""
LONGEST_BLOCK = 5000
BLOCK_BYTES = 2**26
"""What the parameters of a block may take, but for `CHECK_DRAWS` draws per chain, which every block may have."""


def block_sizes(dimension: int, num_chains: int, num_draws: int, *, limited: bool) -> dict[str, Any]:
    """What samplers are told of blocks: longer in long runs, short where time is limited or the parameters are many.

    Args:
        dimension: Number of parameters.
        num_chains: Number of chains.
        num_draws: Draws per chain, at most, when the run began.
        limited: Whether it might end before, when its time is up.

    Returns:
        The fields `block_draws`, `growing` and `population` of `Settings`.
    """
    fit = BLOCK_BYTES // _bytes(dimension, num_chains)
    many = max(Settings.block_draws, min(num_draws // MOST_BLOCKS, LONGEST_BLOCK))
    longest = min(LIMITED_BLOCK if limited else many, max(fit, CHECK_DRAWS))
    # A population of few particles says little: it has the usual number, however large they are.
    population = LIMITED_BLOCK if limited else max(Settings.population, longest)
    equal = {"block_draws": longest, "population": population}
    return {name: longest_block(num_draws, size) for name, size in equal.items()} | {"growing": limited}


def kept_every(dimension: int, num_chains: int, num_draws: int, keep: str) -> int:
    """Parameters of every so many draws are kept; 0 for none.

    Args:
        dimension: Number of parameters.
        num_chains: Number of chains.
        num_draws: Draws per chain.
        keep: `all`, `none`, or `auto`: all below `KEPT_BYTES`.
    """
    if keep == "none":
        return 0
    size = num_draws * _bytes(dimension, num_chains)
    if keep == "all":
        return 1
    every = 1 if size < KEPT_BYTES else max(math.ceil(num_draws / KEPT_DRAWS), math.ceil(size / KEPT_BYTES))
    averaged = averaged_over(num_draws)  # of long runs these are the draws whose series are there one by one
    return averaged * math.ceil(every / averaged)


def _bytes(dimension: int, num_chains: int) -> int:
    """Size of the parameters of one draw of all chains."""
    return num_chains * max(dimension, 1) * jnp.zeros(()).dtype.itemsize
