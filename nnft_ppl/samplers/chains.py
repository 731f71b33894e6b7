"""Chains in blocks: the one loop that every Markov-chain sampler runs in.

All chains advance together in compiled calls, spread over the devices that there are. The key of every draw is made of
that of the run, the chain and the number of the draw: neither blocks nor calls change what is drawn.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from nnft_ppl.devices import over_chains
from nnft_ppl.draws import Kind, check_statistics
from nnft_ppl.samplers.sampler import (
    CHECK_DRAWS,
    Block,
    SamplerError,
    Settings,
    kept_positions,
    next_length,
)
from nnft_ppl.target import Target

CALL_SECONDS = 2.0
"""A call takes about so long at most: between two of them the state can be stored."""
Step = Callable[[Array, Any], tuple[Any, dict[str, Array]]]
"""(key, state) -> (state, statistics) of one chain; a state has the field `position`."""


class Draws(NamedTuple):
    """What is recorded of consecutive draws of one chain; arrays with leading (draw,)."""

    measured: Any
    stats: dict[str, Array]
    positions: Array | None


Sweep = Callable[[Array, Any], tuple[Any, Draws]]
"""(key, state) -> (state, draws) of one chain, a fixed number of draws in each."""


def one_draw(target: Target, settings: Settings, step: Step) -> Sweep:
    """The sweep of a single step.

    Args:
        target: Gives what is measured.
        settings: Say whether positions are returned.
        step: One transition of a chain.
    """

    def sweep(key: Array, state: Any) -> tuple[Any, Draws]:
        state, stats = step(key, state)
        draw = record(target, settings, state.position, stats)
        return state, jax.tree.map(lambda array: jnp.asarray(array)[None], draw)

    return sweep


def record(target: Target, settings: Settings, position: Array, stats: dict[str, Array]) -> Draws:
    """What is kept of one draw."""
    return Draws(target.measure(position), stats, target.place(position) if settings.keep_every else None)


@dataclass
class Program:
    """A sweep compiled for all chains, to be repeated as often as asked for.

    Warm-up, which looks at the chains often, and draws call the same compiled program: compiling costs seconds.
    """

    advance: Callable
    """(states, keys, first sweep, number of sweeps) -> (states, draws), all but numbers with leading chain axis."""
    own_keys: Callable[[Array], Array]
    """Key of the chains -> key of each."""
    draws_per_sweep: int
    most_sweeps: int
    """Sweeps of one call, at most."""
    sweep_seconds: float = math.inf
    """How long one took, in the fastest call so far."""

    @classmethod
    def of(cls, settings: Settings, sweep: Sweep, draws_per_sweep: int = 1) -> "Program":
        """The program for blocks of these settings."""
        longest = max(CHECK_DRAWS, min(settings.num_draws, settings.block_draws))
        most = math.ceil(longest / draws_per_sweep)

        def one_chain(state: Any, key: Array, first: Array, sweeps: Array) -> tuple[Any, Draws]:
            def one_sweep(number: Array, carry: tuple[Any, Draws]) -> tuple[Any, Draws]:
                state, kept = carry
                state, draws = sweep(jax.random.fold_in(key, first + number), state)
                place = jax.lax.dynamic_update_index_in_dim
                return state, jax.tree.map(lambda all, new: place(all, new, number, 0), kept, draws)

            shapes = jax.eval_shape(sweep, key, state)[1]
            room = jax.tree.map(lambda shape: jnp.zeros((most, *shape.shape), shape.dtype), shapes)
            state, kept = jax.lax.fori_loop(0, sweeps, one_sweep, (state, room))
            return state, jax.tree.map(lambda array: array.reshape(-1, *array.shape[2:]), kept)

        return cls(over_chains(one_chain, settings.num_chains, shared=2), settings.own_keys, draws_per_sweep, most)

    def __call__(
        self, states: Any, key: Array, num_draws: int, first: int = 0, seconds: float = math.inf
    ) -> tuple[Any, Draws]:
        """The next states, and at least so many draws of shape (chain, draw, ...), or all that one call gives.

        Args:
            states: Those of all chains.
            key: Key of the chains; the same one for calls that go on from one another.
            num_draws: Draws wanted.
            first: Sweeps made with this key before.
            seconds: How long the call should take at most, but for one of `CHECK_DRAWS` draws.
        """
        sweeps = min(self.most_sweeps, math.ceil(num_draws / self.draws_per_sweep))
        if seconds < math.inf:
            fit = max(int(seconds / max(self.sweep_seconds, 1e-9)), math.ceil(CHECK_DRAWS / self.draws_per_sweep))
            sweeps = min(sweeps, fit)
        keys, begun = self.own_keys(key), time.perf_counter()
        states, draws = self.advance(states, keys, np.int32(first), np.int32(sweeps))
        made = sweeps * self.draws_per_sweep
        draws = jax.tree.map(lambda array: np.asarray(array)[:, :made], draws)
        self.sweep_seconds = min(self.sweep_seconds, (time.perf_counter() - begun) / sweeps)
        return states, draws


class ChainsState(NamedTuple):
    """All that the next block of chains depends on."""

    chains: Any
    """States of all chains, with leading chain axis."""
    fixed: Any
    """What the warm-up found and the program has built in, as arrays."""
    done: np.ndarray
    """Draws per chain in blocks so far."""
    sweeps: np.ndarray
    """Sweeps so far."""
    pending: Draws | None
    """Draws made but not yet in a block."""


class Chains:
    """A sampler of Markov chains, from how they begin and what one sweep does.

    Args:
        settings: What the sampler was told.
        key: Key of the draws, a scalar.
        begin: Makes the states of all chains, warmed up, and what is fixed from then on. It is given `program`, the
            function below, for a warm-up that runs the draws' own program.
        build: The sweep, or its program, for what is fixed.
    """

    def __init__(
        self,
        settings: Settings,
        key: Array,
        begin: Callable[[Callable[[Any], Program]], tuple[Any, Any]],
        build: Callable[[Any], Program | Sweep],
    ) -> None:
        self._settings, self._key, self._begin, self._build = settings, key, begin, build
        self._program: Program | None = None

    def program(self, fixed: Any) -> Program:
        """The program, made on the first call.

        Args:
            fixed: What the warm-up fixed, arrays of any shape.
        """
        if self._program is None:
            built = self._build(fixed)
            self._program = built if isinstance(built, Program) else Program.of(self._settings, built)
        return self._program

    def start(self) -> ChainsState:
        """The chains, warmed up.

        Raises:
            SamplerError: If they cannot begin.
        """
        chains, fixed = self._begin(self.program)
        return ChainsState(chains, jax.tree.map(np.asarray, fixed), np.array(0), np.array(0), None)

    def part(self, state: ChainsState) -> ChainsState:
        """The part that these settings have of the state from which all chains start.

        Args:
            state: Of all chains.
        """
        first, own = self._settings.shared.first, self._settings.num_chains
        return state._replace(chains=jax.tree.map(lambda array: array[first : first + own], state.chains))

    def step(self, state: ChainsState, /) -> tuple[ChainsState, Block]:
        """The next block of draws.

        Args:
            state: Where the chains are.

        Raises:
            SamplerError: If in the first block a chain never moves, or every transition diverges.
        """
        settings, program, done = self._settings, self.program(state.fixed), int(state.done)
        length, chains, sweeps = next_length(settings, done), state.chains, int(state.sweeps)
        parts = [] if state.pending is None else [state.pending]

        def here() -> ChainsState:
            return state._replace(chains=chains, sweeps=np.array(sweeps), pending=_join(parts))

        while (left := length - sum(_length(part) for part in parts)) > 0:
            if parts:
                settings.checkpoint(here)
            chains, draws = program(chains, self._key, left, sweeps, CALL_SECONDS)
            parts.append(draws)
            sweeps += _length(draws) // program.draws_per_sweep
        together = _join(parts)
        draws, pending = (
            jax.tree.map(lambda array, cut=cut: array[:, cut], together) for cut in (slice(length), slice(length, None))
        )
        if done == 0:
            check_statistics(Kind.CHAINS, draws.stats)
            _refuse_stuck(draws.stats)
        positions = kept_positions(draws.positions, done, self._settings.keep_every)
        state = ChainsState(chains, state.fixed, np.array(done + length), np.array(sweeps), pending)
        return state, Block(Kind.CHAINS, draws.measured, draws.stats, positions)


def _join(parts: list[Draws]) -> Draws:
    return jax.tree.map(lambda *arrays: np.concatenate(arrays, axis=1), *parts)


def _length(draws: Draws) -> int:
    return jax.tree.leaves((draws.measured, draws.stats))[0].shape[1]


def _refuse_stuck(stats: dict[str, np.ndarray]) -> None:
    if np.all(stats["diverging"]):
        raise SamplerError(
            "every transition of the first block diverged: the action is too rough for this step size. Try more "
            "warm-up, --precision float64, a smaller coupling, or --sampler reweight"
        )
    if "acceptance_rate" not in stats:
        return
    accepted = np.max(np.nan_to_num(stats["acceptance_rate"]), axis=1)
    if np.any(accepted < 1e-6):
        size = f"the step size {float(stats['step_size'].flat[-1]):.2g}" if "step_size" in stats else "every move"
        raise SamplerError(
            f"chain {int(np.argmin(accepted))} never moved in the first {stats['diverging'].shape[1]} draws: {size} is "
            "too large for this action. Try more warm-up, a smaller coupling, or --sampler reweight"
        )
