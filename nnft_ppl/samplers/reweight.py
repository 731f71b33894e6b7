r"""Exact free draws and their weights.

Draws of the free theory are independent and exact, and an average in the interacting theory is

    ⟨F⟩ = E_free[F e^{−S}] / E_free[e^{−S}].

Weights are smoothed and judged (Pareto k̂, Kish's effective size) by `nnft_ppl.estimates`; here they are only recorded.
"""

from collections.abc import Iterator
from functools import partial

import jax
import numpy as np
from jaxtyping import Array

from nnft_ppl.samplers.blocks import Block, SamplerError, Settings, block_lengths
from nnft_ppl.samplers.target import Target

BATCH_NUMBERS = 2**18
"""Draws are vectorised in batches of about this many reference coordinates: enough to keep a CPU busy."""


def reweight(target: Target, settings: Settings) -> Iterator[Block]:
    """Free draws with `log_weight` = −S, in `num_chains` × `num_draws` independent draws; warm-up is not needed.

    Raises:
        SamplerError: If the action of a free draw is NaN or −∞.
    """
    batch = max(1, min(256, BATCH_NUMBERS // max(target.dimension, 1)))

    def one_draw(key: Array) -> tuple:
        position = target.free_draw(key)
        return target.measure(position), -target.action(position), position if settings.keep_every else None

    draw_all = jax.jit(lambda keys: jax.lax.map(one_draw, keys, batch_size=batch))
    lengths = block_lengths(settings.num_draws, max(settings.block_draws, settings.num_draws // 20))
    done = 0
    for length, key in zip(lengths, jax.random.split(settings.key, len(lengths)), strict=True):
        # A whole number of batches (the surplus is cut): a remainder would be compiled as a second program.
        keys = jax.random.split(key, -(-settings.num_chains * lengths[0] // batch) * batch)
        by_chain = partial(_by_chain, num_chains=settings.num_chains, length=length)
        measured, log_weight, positions = jax.tree.map(by_chain, draw_all(keys))
        if np.any(np.isnan(log_weight)) or np.any(np.isposinf(log_weight)):
            raise SamplerError(
                f"the action is {-log_weight[~np.isfinite(log_weight)][0]} on a draw of the free theory: look for a "
                "logarithm or root of a negative number or an overflow in the model's factors (`nnft check` shows "
                "each term)"
            )
        if positions is not None:
            positions = positions[:, (-done) % settings.keep_every :: settings.keep_every]
        done += length
        yield Block(measured, {"log_weight": log_weight}, positions)


def _by_chain(draws: Array, num_chains: int, length: int) -> np.ndarray:
    """(draw, ...) -> (chain, `length`, ...), as NumPy."""
    return np.asarray(draws)[: num_chains * length].reshape(num_chains, length, *draws.shape[1:])
