r"""Preconditioned Crank–Nicolson: proposals that leave the free theory invariant, accepted by the action alone.

With density exp(−|z|²/2 − U(z)), a proposal z → z' that is reversible in N(0, I) is accepted with probability

    min(1, e^{U(z) − U(z')}).

The Gaussian drops out, and with it the number of coordinates: acceptance has a limit as the width grows. No gradient is
needed. Two such moves alternate: a short step of all coordinates, and fresh draws of a few.

Source: Cotter, Roberts, Stuart and White, arXiv:1202.0709, sec. 1; fresh draws of a random subset are a
Gibbs proposal, their reversibility is derived in `refresh_some`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from blackjax.adaptation.step_size import dual_averaging_adaptation
from jaxtyping import Array, Float

from nnft_ppl.samplers.chains import Chains, Sweep, one_draw
from nnft_ppl.samplers.sampler import Sampler, Settings
from nnft_ppl.samplers.starts import start_positions
from nnft_ppl.target import Position, Target

ACCEPTANCE = 0.25
"""Acceptance that the size of each move is adapted to. In d = 2 at λ = 24, sizes of acceptance 0.15 to 0.35 gave the
same effective draws per evaluation within 20 %, 0.45 gave half."""
ROUNDS = 2
"""Times that a draw goes through the moves: measuring a draw costs about as much as one step."""

Move = Callable[[Array, Position, Array], Position]
"""(key, z, size in (0, 1]) -> z', reversible in N(0, I); a larger size moves further, size 1 draws z' afresh."""


def crank_nicolson(key: Array, position: Position, size: Float[Array, ""]) -> Position:
    """All coordinates a step further: z' = √(1−β²) z + β ξ with ξ ~ N(0, I) and β the size.

    (z, z') is jointly Gaussian with symmetric covariance, hence reversible.
    """
    return jnp.sqrt(1 - size**2) * position + size * jax.random.normal(key, position.shape, position.dtype)


def refresh_some(key: Array, position: Position, size: Float[Array, ""]) -> Position:
    """Each coordinate drawn afresh from N(0, 1) with probability `size`, else kept.

    Coordinates are chosen without regard to z, and each is replaced by an independent draw of its own law: (z, z') and
    (z', z) have the same distribution.
    """
    key_which, key_fresh = jax.random.split(key)
    fresh = jax.random.normal(key_fresh, position.shape, position.dtype)
    return jnp.where(jax.random.uniform(key_which, position.shape, position.dtype) < size, fresh, position)


class PcnState(NamedTuple):
    """A chain's place and what its action is there."""

    position: Position
    potential: Float[Array, ""]


def metropolis(
    key: Array, state: PcnState, position: Position, potential: Callable
) -> tuple[PcnState, Float[Array, ""]]:
    """A proposal that is reversible in N(0, I), taken or not; and its probability min(1, e^{U(z) − U(z')})."""
    proposed = PcnState(position, potential(position))
    # An undefined action counts as infinite.
    acceptance = jnp.nan_to_num(jnp.exp(jnp.minimum(state.potential - proposed.potential, 0.0)))
    accepted = jax.random.uniform(key, (), acceptance.dtype) < acceptance
    return jax.tree.map(lambda new, old: jnp.where(accepted, new, old), proposed, state), acceptance


def pcn(target: Target, settings: Settings, moves: tuple[Move, ...] = (crank_nicolson, refresh_some)) -> Sampler:
    """Preconditioned Crank–Nicolson, each draw two rounds of all moves.

    Warm-up adapts the size of each move, one for all chains, to an acceptance of 0.25. Of the statistics,
    `acceptance_rate` is the mean over the steps of a draw, `n_steps` their number (one evaluation of the action each),
    `step_size` the size of the first move.

    Args:
        target: Density and measurements.
        settings: `num_warmup` must be at least 1.
        moves: Proposals, taken in turn.

    Raises:
        ValueError: If there is no warm-up.
        SamplerError: If the action is not finite on a free draw, or a chain never moves.

    Source: Cotter et al., arXiv:1202.0709, sec. 1.
    """
    if settings.num_warmup < 1:
        raise ValueError("pcn finds the sizes of its moves during warm-up: warmup must be at least 1")
    key_start, key_warmup, key_draws = jax.random.split(settings.key, 3)

    def begin(_: Callable) -> tuple[PcnState, Float[Array, "move"]]:
        positions = start_positions(target, key_start, settings.num_chains, settings.modes)
        warm_up = jax.jit(_warm_up, static_argnums=(0, 1, 2))
        return warm_up(target.potential, moves, settings.num_warmup, positions, key_warmup)

    def build(sizes: Any) -> Sweep:
        sizes = jnp.asarray(sizes)

        def draw(key: Array, state: PcnState) -> tuple[PcnState, dict[str, Array]]:
            keys = jax.random.split(key, ROUNDS)
            state, acceptance = jax.lax.scan(
                lambda state, key: _round(target.potential, moves, sizes, key, state), state, keys
            )
            return state, {
                "diverging": jnp.zeros((), bool),
                "acceptance_rate": jnp.mean(acceptance),
                "n_steps": jnp.asarray(ROUNDS * len(moves)),
                "lp": -0.5 * jnp.sum(state.position**2) - state.potential,
                "step_size": sizes[0],
            }

        return one_draw(target, settings, draw)

    return Chains(settings, key_draws, begin, build)


def _round(
    potential: Callable, moves: tuple[Move, ...], sizes: Float[Array, "move"], key: Array, state: PcnState
) -> tuple[PcnState, Float[Array, "move"]]:
    """Every move once, and the acceptance probability of each."""

    def step(state: PcnState, given: tuple[Array, Array, Array]) -> tuple[PcnState, Array]:
        key, number, size = given
        key_move, key_accept = jax.random.split(key)
        position = jax.lax.switch(number, moves, key_move, state.position, size)
        return metropolis(key_accept, state, position, potential)

    # A loop, that the potential is compiled once.
    return jax.lax.scan(step, state, (jax.random.split(key, len(moves)), jnp.arange(len(moves)), sizes))


def _warm_up(
    potential: Callable,
    moves: tuple[Move, ...],
    num_warmup: int,
    positions: Float[Array, "chain dimension"],
    key: Array,
) -> tuple[PcnState, Float[Array, "move"]]:
    """States of all chains and the size of each move, by dual averaging of the chains' mean acceptance."""
    begin, update, finish = (jax.vmap(part) for part in dual_averaging_adaptation(target=ACCEPTANCE))
    states = jax.vmap(lambda z: PcnState(z, potential(z)))(positions)

    def one_round(carry: tuple[PcnState, Any], key: Array) -> tuple[tuple[PcnState, Any], None]:
        states, adaptation = carry
        sizes = jnp.minimum(jnp.exp(adaptation.log_step_size), 1.0)
        keys = jax.random.split(key, len(positions))
        advance = jax.vmap(lambda key, state: _round(potential, moves, sizes, key, state))
        states, acceptance = advance(keys, states)
        return (states, update(adaptation, jnp.mean(acceptance, 0))), None

    start = begin(jnp.full(len(moves), 0.5, states.potential.dtype))
    (states, adaptation), _ = jax.lax.scan(one_round, (states, start), jax.random.split(key, ROUNDS * num_warmup))
    return states, jnp.minimum(finish(adaptation), 1.0)
