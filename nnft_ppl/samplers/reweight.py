r"""Independent draws and their weights.

Draws of the free theory are independent and exact, and an average in the interacting theory is

    ⟨F⟩ = E_free[F e^{−S}] / E_free[e^{−S}].

Where the target has a better proposal, of density q, the average is over its draws, with e^{−S} p_free/q for e^{−S}.

Weights are smoothed and judged (Pareto k̂, Kish's effective size) by `nnft_ppl.statistics.log_weights`; here they are
only recorded.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import numpy as np

from nnft_ppl.devices import over_chains
from nnft_ppl.draws import Kind
from nnft_ppl.samplers.sampler import Block, Sampler, SamplerError, Settings, kept_positions, next_length
from nnft_ppl.target import Target

BATCH_NUMBERS = 2**14
"""Draws are vectorised in batches of about this many reference coordinates: enough to keep a CPU busy."""
CALL_DRAWS = 256
"""Draws of each device in one call of the compiled program, about; pilot and blocks use the same program."""
CALL_NUMBERS = 2**23
"""Reference coordinates of each device in one call, at most, unless it is one batch."""


class FreeState(NamedTuple):
    """All that the next block of free draws depends on."""

    done: np.ndarray
    """Draws per chain in blocks so far."""
    calls: np.ndarray
    """Calls of the program so far."""
    pending: Any
    """Draws made but not yet in a block: (measured, statistics, positions), each with leading (draw,)."""


def reweight(target: Target, settings: Settings) -> Sampler:
    """Draws with their `log_weight`, in `num_chains` × `num_draws` independent draws; warm-up is not needed.

    The weight is e^{−S}, or e^{−S} p_free/q where the target has a proposal; then `log_proposal` is ln q/p_free.

    Args:
        target: Density and measurements.
        settings: How many draws; `num_warmup` is not used.
    """
    return FreeDraws(target, settings)


class FreeDraws:
    """The sampler of `reweight`."""

    def __init__(self, target: Target, settings: Settings) -> None:
        self._settings = settings
        self._draws, self._batch = free_draws_function(target, keep=bool(settings.keep_every))

    def start(self) -> FreeState:
        """Nothing is drawn yet."""
        return FreeState(np.array(0), np.array(0), None)

    def part(self, state: FreeState) -> FreeState:
        """All that chains start from is the same for all."""
        return state

    def step(self, state: FreeState, /) -> tuple[FreeState, Block]:
        """The next block of draws.

        Args:
            state: How far the draws are.

        Raises:
            SamplerError: If the action of a free draw is NaN or −∞.
        """
        settings, done, calls = self._settings, int(state.done), int(state.calls)
        length = next_length(settings, done, settings.block_draws)
        wanted = settings.num_chains * length
        # Draws are numbered through all chains of a block: those of other processes are left out.
        first = settings.shared.total * done + settings.shared.first * length
        parts = [] if state.pending is None else [state.pending]
        if first != calls * self._batch - sum(len(part[1]["log_weight"]) for part in parts):
            calls, others = divmod(first, self._batch)
            parts = [_cut(self._draws(settings.key, calls), others)]
            calls += 1

        def here() -> FreeState:
            return FreeState(state.done, np.array(calls), jax.tree.map(lambda *arrays: np.concatenate(arrays), *parts))

        while sum(len(part[1]["log_weight"]) for part in parts) < wanted:
            if parts:
                settings.checkpoint(here)
            parts.append(self._draws(settings.key, calls))
            calls += 1
        together = jax.tree.map(lambda *arrays: np.concatenate(arrays), *parts)
        pending = _cut(together, wanted)
        shape = (settings.num_chains, length)
        measured, stats, positions = jax.tree.map(
            lambda array: array[:wanted].reshape(*shape, *array.shape[1:]), together
        )
        log_weight = stats["log_weight"]
        if np.any(np.isnan(log_weight)) or np.any(np.isposinf(log_weight)):
            raise SamplerError(
                f"the action is {-log_weight[~np.isfinite(log_weight)][0]} on a draw of the free theory: look for a "
                "logarithm or root of a negative number or an overflow in the model's factors (`nnft check` shows "
                "each term)"
            )
        block = Block(Kind.FREE, measured, stats, kept_positions(positions, done, settings.keep_every))
        return FreeState(np.array(done + length), np.array(calls), pending), block


def _cut(draws: tuple, first: int) -> tuple:
    """Draws of one call from this number on."""
    return jax.tree.map(lambda array: array[first:], draws)


@lru_cache(maxsize=4)
def free_draws_function(target: Target, *, keep: bool) -> tuple[Callable, int]:
    """The function (key, number of the call) -> (measured, statistics, positions or None) of draws, as NumPy arrays.

    Beside it, how many draws one call makes. A pilot and the run after it get the same function, compiled once: in the
    background, from this call on.

    Args:
        target: What is drawn.
        keep: Whether positions are returned.
    """
    dimension = max(target.dimension, 1)
    size = max(1, min(256, BATCH_NUMBERS // dimension))
    devices = len(jax.local_devices())
    batch = size * max(1, min(CALL_DRAWS, CALL_NUMBERS // dimension) // size)

    def one_draw(key: jax.Array) -> tuple:
        # The barrier keeps the compiler from writing the draw out again in everything that is computed from it.
        if target.proposal is None:
            position = jax.lax.optimization_barrier(target.free_draw(key))
            stats = {"log_weight": -target.action(position)}
            return target.measure(position), stats, position if keep else None
        proposal = jax.lax.optimization_barrier(target.proposal(key))
        position, log_ratio, _ = proposal
        stats = {"log_weight": -target.action(position) - log_ratio, "log_proposal": log_ratio}
        return target.measure_draw(proposal), stats, position if keep else None

    def draw_all(keys: jax.Array) -> tuple:
        batches = jax.lax.map(jax.vmap(one_draw), keys.reshape(-1, size))
        return jax.tree.map(lambda array: array.reshape(-1, *array.shape[2:]), batches)

    @jax.jit
    def keys_of(key: jax.Array, call: int) -> jax.Array:
        return jax.random.split(jax.random.fold_in(key, call), devices * batch).reshape(devices, batch)

    everywhere = over_chains(draw_all, devices).traced(keys_of(jax.random.key(0), 0))()

    def draws(key: jax.Array, call: int) -> tuple:
        found = everywhere.result()(keys_of(key, call))
        return jax.tree.map(lambda array: np.asarray(array).reshape(-1, *array.shape[2:]), found)

    return draws, devices * batch
