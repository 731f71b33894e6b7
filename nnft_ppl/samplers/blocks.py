"""Chains in blocks: the one loop that every Markov-chain sampler runs in.

A sampler is a function `(Target, Settings) -> iterator of Block`. Blocks arrive while the sampler runs, so that they
can be written to disk and shown as progress; all chains advance together in one compiled call per block.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from nnft_ppl.samplers.target import Target


class SamplerError(RuntimeError):
    """A sampler that cannot go on; the text says what to change."""


@dataclass(frozen=True)
class Settings:
    """What every sampler is told."""

    key: Array
    """Key of the whole run."""
    num_chains: int
    """Number of independent chains."""
    num_draws: int
    """Draws kept per chain."""
    num_warmup: int
    """Steps per chain that adapt the sampler and are thrown away."""
    keep_every: int
    """Positions are returned for every `keep_every`-th draw; 0 for none."""
    block_draws: int = 500
    """Draws per chain in one block, at most."""


class Block(NamedTuple):
    """A run of consecutive draws of all chains; NumPy arrays with leading (chain, draw)."""

    measured: Any
    """What `Target.measure` gives."""
    stats: dict[str, np.ndarray]
    """Per-draw statistics of the sampler, with ArviZ's names."""
    positions: np.ndarray | None
    """Every `keep_every`-th position z, shape (chain, kept, dimension)."""


Sampler = Callable[[Target, Settings], Iterator[Block]]
Step = Callable[[Array, Any], tuple[Any, dict[str, Array]]]
"""(key, state) -> (state, statistics) of one chain; a state has the field `position`."""


def block_lengths(num_draws: int, block_draws: int) -> list[int]:
    """Lengths of blocks as equal as they can be, so that one compiled program serves (nearly) all of them.

    Example:
        >>> block_lengths(1000, 400)
        [334, 334, 332]
    """
    longest = math.ceil(num_draws / math.ceil(num_draws / block_draws))
    return [min(longest, num_draws - start) for start in range(0, num_draws, longest)]


def start_positions(target: Target, key: Array, num_chains: int) -> Float[Array, "chain dimension"]:
    """One exact free draw per chain, where the density and its gradient are known to be finite.

    Raises:
        SamplerError: If they are not.
    """

    def start(key: Array) -> tuple[Array, Array, Array]:
        position = target.free_draw(key)
        return position, *jax.value_and_grad(target.potential)(position)

    positions, values, gradients = jax.jit(jax.vmap(start))(jax.random.split(key, num_chains))
    for chain in range(num_chains):
        if not jnp.isfinite(values[chain]):
            raise SamplerError(
                f"the action is {float(values[chain])} at the start of chain {chain}, a draw of the free theory: look "
                "for a logarithm or root of a negative number, a division by zero or an overflow in the model's "
                "factors (`nnft check` shows each term)"
            )
        if not jnp.all(jnp.isfinite(gradients[chain])):
            raise SamplerError(
                f"the gradient of the action is not finite at the start of chain {chain} although the action is: look "
                "for jnp.where, sqrt or norm at zero in the model"
            )
    return positions


def run_blocks(target: Target, settings: Settings, step: Step, states: Any, key: Array) -> Iterator[Block]:
    """Advance all chains block by block and measure every draw.

    Raises:
        SamplerError: If in the first block a chain never moves, or every transition diverges.
    """

    @partial(jax.jit, static_argnames="length")
    def advance(states: Any, keys: Array, length: int) -> tuple[Any, Any]:
        def one_draw(state: Any, key: Array) -> tuple[Any, Any]:
            state, stats = step(key, state)
            position = state.position if settings.keep_every else None
            return state, (target.measure(state.position), stats, position)

        def one_chain(state: Any, key: Array) -> tuple[Any, Any]:
            return jax.lax.scan(one_draw, state, jax.random.split(key, length))

        return jax.vmap(one_chain)(states, keys)

    lengths = block_lengths(settings.num_draws, settings.block_draws)
    done = 0
    for number, (length, key_block) in enumerate(zip(lengths, jax.random.split(key, len(lengths)), strict=True)):
        # A shorter last block runs at full length and is cut: a second compilation would cost more.
        states, out = advance(states, jax.random.split(key_block, settings.num_chains), lengths[0])
        measured, stats, positions = jax.tree.map(lambda array, n=length: np.asarray(array)[:, :n], out)
        if number == 0:
            _refuse_stuck(stats)
        if positions is not None:
            positions = positions[:, (-done) % settings.keep_every :: settings.keep_every]
        done += length
        yield Block(measured, stats, positions)


def _refuse_stuck(stats: dict[str, np.ndarray]) -> None:
    if np.all(stats["diverging"]):
        raise SamplerError(
            "every transition of the first block diverged: the action is too rough for this step size. Try more "
            "warm-up, --precision float64, a smaller coupling, or --sampler reweight"
        )
    accepted = np.max(np.nan_to_num(stats["acceptance_rate"]), axis=1)
    if np.any(accepted < 1e-6):
        raise SamplerError(
            f"chain {int(np.argmin(accepted))} never moved in the first {stats['diverging'].shape[1]} draws: the step "
            f"size {float(stats['step_size'].flat[-1]):.2g} is too large for this action. Try more warm-up, a smaller "
            "coupling, or --sampler reweight"
        )
