"""Chains in blocks: the one loop that every Markov-chain sampler runs in.

A sampler is a function `(Target, Settings) -> iterator of Block`. Blocks arrive while the sampler runs, so that they
can be written to disk and shown as progress; all chains advance together in one compiled call per block, spread over
the devices that there are.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from nnft_ppl.devices import over_chains
from nnft_ppl.display import Progress
from nnft_ppl.target import Target

CHECK_DRAWS = 25
"""Draws per chain after which the warm-up looks at the chains."""


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
    population: int = 500
    """Particles in one population of a sampler that tempers, at most."""
    growing: bool = False
    """Whether blocks of chains are short at first: for runs that may end after any of them, when time is up."""
    show: Progress = lambda stage: None
    """Told what is being done before the first block."""


class Curve(NamedTuple):
    """What a tempered sampler finds on its way from the free theory (β = 0) to the full action (β = 1).

    One entry of the leading axis per independent population: their spread is the error.
    """

    beta: np.ndarray
    """Temperatures, shape (level,), rising from 0 to 1."""
    log_z: np.ndarray
    """ln Z(β)/Z(0), shape (population, level)."""
    measured: Any
    """Averages of what `Target.measure` gives at each level, arrays of shape (population, level, ...)."""


class Block(NamedTuple):
    """A run of consecutive draws of all chains; NumPy arrays with leading (chain, draw)."""

    measured: Any
    """What `Target.measure` gives."""
    stats: dict[str, np.ndarray]
    """Per-draw statistics of the sampler, with ArviZ's names."""
    positions: np.ndarray | None
    """Every `keep_every`-th position z, shape (chain, kept, dimension)."""
    curve: Curve | None = None
    """The way from the free theory, of samplers that temper."""


Sampler = Callable[[Target, Settings], Iterator[Block]]
Step = Callable[[Array, Any], tuple[Any, dict[str, Array]]]
"""(key, state) -> (state, statistics) of one chain; a state has the field `position`."""


class Draws(NamedTuple):
    """What is recorded of consecutive draws of one chain; arrays with leading (draw,)."""

    measured: Any
    stats: dict[str, Array]
    positions: Array | None


Sweep = Callable[[Array, Any], tuple[Any, Draws]]
"""(key, state) -> (state, draws) of one chain, a fixed number of draws in each."""


def lengths_of(settings: Settings) -> Iterator[int]:
    """Lengths of a chain's blocks: equal, or, where they grow, `CHECK_DRAWS` and later a tenth of what is there before.

    Example:
        >>> list(lengths_of(Settings(jax.random.key(0), 4, 330, 0, 0, growing=True)))
        [25, 25, 25, 25, 25, 25, 25, 25, 25, 25, 25, 27, 28]
    """
    if not settings.growing:
        yield from block_lengths(settings.num_draws, settings.block_draws)
        return
    done = 0
    while done < settings.num_draws:
        length = min(max(done // 10, CHECK_DRAWS), settings.block_draws, settings.num_draws - done)
        yield length
        done += length


def block_lengths(num_draws: int, block_draws: int) -> list[int]:
    """Lengths of blocks as equal as they can be, so that one compiled program serves (nearly) all of them.

    Example:
        >>> block_lengths(1000, 400)
        [334, 334, 332]
    """
    longest = math.ceil(num_draws / math.ceil(num_draws / block_draws))
    return [min(longest, num_draws - start) for start in range(0, num_draws, longest)]


def one_draw(target: Target, settings: Settings, step: Step) -> Sweep:
    """The sweep of a single step."""

    def sweep(key: Array, state: Any) -> tuple[Any, Draws]:
        state, stats = step(key, state)
        draw = recorded(target, settings, state.position, stats)
        return state, jax.tree.map(lambda array: jnp.asarray(array)[None], draw)

    return sweep


def recorded(target: Target, settings: Settings, position: Array, stats: dict[str, Array]) -> Draws:
    """What is kept of one draw."""
    return Draws(target.measure(position), stats, position if settings.keep_every else None)


@dataclass(frozen=True)
class Program:
    """A sweep compiled for all chains, to be repeated as often as asked for.

    Warm-up, which looks at the chains often, and draws call the same compiled program: compiling costs seconds.
    """

    advance: Callable
    """(states, keys, number of sweeps) -> (states, draws), all but the number with leading chain axis."""
    num_chains: int
    draws_per_sweep: int
    most_sweeps: int
    """Sweeps of one call, at most."""

    @classmethod
    def of(cls, settings: Settings, sweep: Sweep, draws_per_sweep: int = 1) -> "Program":
        """The program for blocks of these settings."""
        longest = max(CHECK_DRAWS, block_lengths(settings.num_draws, settings.block_draws)[0])
        most = math.ceil(longest / draws_per_sweep)

        def one_chain(state: Any, key: Array, sweeps: Array) -> tuple[Any, Draws]:
            def one_sweep(number: Array, carry: tuple[Any, Draws]) -> tuple[Any, Draws]:
                state, kept = carry
                state, draws = sweep(jax.random.fold_in(key, number), state)
                place = jax.lax.dynamic_update_index_in_dim
                return state, jax.tree.map(lambda all, new: place(all, new, number, 0), kept, draws)

            shapes = jax.eval_shape(sweep, key, state)[1]
            room = jax.tree.map(lambda shape: jnp.zeros((most, *shape.shape), shape.dtype), shapes)
            state, kept = jax.lax.fori_loop(0, sweeps, one_sweep, (state, room))
            return state, jax.tree.map(lambda array: array.reshape(-1, *array.shape[2:]), kept)

        return cls(over_chains(one_chain, settings.num_chains, shared=1), settings.num_chains, draws_per_sweep, most)

    def __call__(self, states: Any, key: Array, num_draws: int) -> tuple[Any, Draws]:
        """The next states, and at least so many draws (or all that one call gives) of shape (chain, draw, ...)."""
        sweeps = min(self.most_sweeps, math.ceil(num_draws / self.draws_per_sweep))
        keys = jax.random.split(key, self.num_chains)
        states, draws = self.advance(states, keys, np.int32(sweeps))
        made = sweeps * self.draws_per_sweep
        return states, jax.tree.map(lambda array: np.asarray(array)[:, :made], draws)


def run_blocks(settings: Settings, program: Program | Sweep, states: Any, key: Array) -> Iterator[Block]:
    """Advance all chains block by block.

    Args:
        settings: What the sampler was told.
        program: The compiled program, or a sweep of one draw to compile.
        states: States of all chains, with leading chain axis.
        key: Key of these draws.

    Raises:
        SamplerError: If in the first block a chain never moves, or every transition diverges.
    """
    if not isinstance(program, Program):
        program = Program.of(settings, program)
    pending: list[Draws] = []
    done = calls = 0
    for length in lengths_of(settings):
        while (left := length - sum(draws.stats["diverging"].shape[1] for draws in pending)) > 0:
            states, draws = program(states, jax.random.fold_in(key, calls), left)
            pending.append(draws)
            calls += 1
        together = jax.tree.map(lambda *arrays: np.concatenate(arrays, axis=1), *pending)
        draws = jax.tree.map(lambda array, n=length: array[:, :n], together)
        pending = [jax.tree.map(lambda array, n=length: array[:, n:], together)]
        if done == 0:
            _refuse_stuck(draws.stats)
        positions = draws.positions
        if positions is not None:
            positions = positions[:, (-done) % settings.keep_every :: settings.keep_every]
        done += length
        yield Block(draws.measured, draws.stats, positions)


def _refuse_stuck(stats: dict[str, np.ndarray]) -> None:
    if np.all(stats["diverging"]):
        raise SamplerError(
            "every transition of the first block diverged: the action is too rough for this step size. Try more "
            "warm-up, --precision float64, a smaller coupling, or --sampler reweight"
        )
    accepted = np.max(np.nan_to_num(stats["acceptance_rate"]), axis=1)
    if np.any(accepted < 1e-6):
        size = f"the step size {float(stats['step_size'].flat[-1]):.2g}" if "step_size" in stats else "every move"
        raise SamplerError(
            f"chain {int(np.argmin(accepted))} never moved in the first {stats['diverging'].shape[1]} draws: {size} is "
            "too large for this action. Try more warm-up, a smaller coupling, or --sampler reweight"
        )
