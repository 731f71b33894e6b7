r"""Replica exchange in the temperature of the action: chains that cross barriers by way of the free theory.

Each chain holds K replicas with the density ∏_k exp(−|z_k|²/2 − reference(z_k) − β_k action(z_k)), 0 = β_1 < ... < β_K
= 1. An iteration draws replica 1 afresh from the free theory, moves the others by HMC, then swaps neighbours (k, k+1),
those with odd k and those with even k in turn, with probability

    min(1, exp[(β_{k+1} − β_k)(S_{k+1} − S_k)]).

What is recorded is replica K, which is marginally the full theory. Ladder and step sizes are fixed before the draws.

Source: Okabe et al., Chem. Phys. Lett. 335 (2001) 435 (alternating swaps); Syed, Bouchard-Côté, Deligiannidis and
Doucet, arXiv:1905.02939 (why they must alternate; the ladder of equal rejection, in `refine_ladder`).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from blackjax.mcmc import hmc as blackjax_hmc
from jaxtyping import Array, Float

from nnft_ppl.samplers.chains import Chains, Program, Sweep, one_draw
from nnft_ppl.samplers.gaussian_flow import diverged, energy_of, rotation_integrator
from nnft_ppl.samplers.sampler import CHECK_DRAWS, Sampler, SamplerError, Settings
from nnft_ppl.samplers.starts import refuse_discrete, start_positions
from nnft_ppl.samplers.tuning import next_step
from nnft_ppl.target import Target

ACCEPTANCE = 0.8
"""Acceptance that the step size of each level is adapted to."""
NUM_STEPS = 2
"""Steps of a transition, the same at all levels: these advance together, so that fewer steps at one save nothing."""
LARGEST_STEP = 0.5
"""Largest step, in radians: a transition turns by at most one radian, see docs/theory/sampling.md."""
MOVES = 2
"""HMC transitions of each replica between swaps."""
PILOT_LEVELS = 12
"""Levels of the pilot, first at β = (k/11)³: the action changes fastest near the free theory."""
MAX_LEVELS = 24
"""Levels at most."""
MIN_SWAP_RATE = 0.1
"""Swaps that must be accepted, on average over pairs, once the ladder is made."""
MIN_PARTS = 3
"""Times that pilot and final ladder are each corrected, at least; the final ladder stays for the last of them."""

SwapRule = Callable[[Float[Array, "level"], Float[Array, "level"]], Float[Array, "pair"]]
"""(β, S) -> logarithm of the acceptance ratio of each neighbouring pair."""


def swap_log_ratio(beta: Float[Array, "level"], action: Float[Array, "level"]) -> Float[Array, "pair"]:
    """(β_{k+1} − β_k)(S_{k+1} − S_k), the logarithm of the density after swapping k and k+1 over that before."""
    return jnp.diff(beta) * jnp.diff(action)


def refine_ladder(beta: np.ndarray, rejection: np.ndarray, num_levels: int | None = None) -> np.ndarray:
    """The ladder on which, by interpolation, every pair is rejected alike.

    Λ(β_k) = Σ_{j<k} r_j is the cumulative rejection; its limit for many levels does not depend on the ladder, and the
    new β divide Λ(1) evenly. Replicas travel fastest when r = 1/2, so that K = 2 Λ(1) + 1.

    Args:
        beta: The present ladder, from 0 to 1.
        rejection: Mean rejection probability r of each pair.
        num_levels: Levels of the new ladder; None for ⌈2 Λ(1)⌉ + 1, within 2 and 24.

    Returns:
        The new ladder, from 0 to 1.

    Source: Syed et al., arXiv:1905.02939; Λ is their communication barrier, estimated on the present ladder.
    """
    # No rejection at all would leave an interval without points, and its inverse undefined.
    barrier = np.append(0.0, np.cumsum(np.maximum(rejection, 1e-6)))
    if num_levels is None:
        num_levels = int(np.clip(math.ceil(2 * np.sum(rejection)) + 1, 2, MAX_LEVELS))
    ladder = np.interp(np.linspace(0, barrier[-1], num_levels), barrier, beta)
    ladder[0], ladder[-1] = 0.0, 1.0
    return ladder


class Replicas(NamedTuple):
    """One chain's replicas, with all that moving and swapping need, none of it dependent on temperature."""

    z: Float[Array, "level dimension"]
    action: Float[Array, "level"]
    action_gradient: Float[Array, "level dimension"]
    unseen: Array
    """Whether a replica comes from a free draw that has not been at β = 1 yet, shape (level,)."""


class Ladder(NamedTuple):
    """What the warm-up finds, the same for all chains."""

    beta: Float[Array, "level"]
    step_size: Float[Array, "level"]


class Chain(NamedTuple):
    """The state of one chain. It holds the ladder so that warm-up and draws are one compiled program."""

    replicas: Replicas
    ladder: Ladder
    parity: Array
    """Which pairs swap next: 0 or 1."""
    round_trips: Array
    """Free draws that have reached β = 1 so far."""
    moves: Float[Array, "pair"]
    """Acceptance of HMC at each level but the first, summed over iterations."""
    swaps: Float[Array, "pair"]
    """Acceptance probability of each pair's swap, summed over iterations."""

    @property
    def position(self) -> Float[Array, "dimension"]:
        """The replica at β = 1."""
        return self.replicas.z[-1]


class Moves(NamedTuple):
    """What is told of HMC transitions; arrays with leading (move,), of all levels (level, move)."""

    acceptance_rate: Array
    diverging: Array
    energy: Array


@dataclass(frozen=True)
class Exchange:
    """The kernel of one iteration."""

    target: Target
    swap_rule: SwapRule

    def __call__(self, key: Array, chain: Chain) -> tuple[Chain, dict[str, Array]]:
        """Fresh free draw, HMC of the others, swaps; the next state and its statistics."""
        key_free, key_moves, key_swaps = jax.random.split(key, 3)
        replicas, (beta, step_size) = chain.replicas, chain.ladder
        free = self.target.free_draw(key_free)
        fresh = Replicas(free, *jax.value_and_grad(self.target.action)(free), jnp.ones((), bool))
        others = jax.tree.map(lambda array: array[1:], replicas)
        keys = jax.random.split(key_moves, len(beta) - 1)
        others, moves = jax.vmap(self._move)(keys, others, beta[1:], step_size[1:])
        replicas = jax.tree.map(lambda one, rest: jnp.concatenate([one[None], rest]), fresh, others)
        # Two replicas behind a wall may swap: neither counts. NaN is what an undefined action gives: such ones stay.
        behind = jnp.isposinf(replicas.action)
        ratio = jnp.where(behind[1:] & behind[:-1], 0.0, self.swap_rule(beta, replicas.action))
        swaps = jnp.nan_to_num(jnp.exp(jnp.minimum(ratio, 0.0)))
        replicas = self._swap(key_swaps, replicas, swaps, chain.parity)
        trips = chain.round_trips + replicas.unseen[-1]
        replicas = replicas._replace(unseen=replicas.unseen.at[-1].set(False))
        acceptance = jnp.mean(jnp.nan_to_num(moves.acceptance_rate), axis=1)
        state = Chain(replicas, chain.ladder, 1 - chain.parity, trips, chain.moves + acceptance, chain.swaps + swaps)
        return state, {
            "diverging": jnp.any(moves.diverging[-1]),
            "energy": moves.energy[-1, -1],
            "acceptance_rate": acceptance[-1],
            "n_steps": jnp.asarray(1 + MOVES * NUM_STEPS * (len(beta) - 1)),
            "lp": self._rest(state.position) - replicas.action[-1],
            "step_size": step_size[-1],
            "swap_rate": jnp.mean(swaps),
            "round_trips": trips,
        }

    def _swap(self, key: Array, replicas: Replicas, acceptance: Float[Array, "pair"], parity: Array) -> Replicas:
        """The replicas after the swaps of every other pair."""
        chosen = jnp.arange(len(acceptance)) % 2 == parity
        swapped = (chosen & (jax.random.uniform(key, acceptance.shape, acceptance.dtype) < acceptance)).astype(int)
        source = jnp.arange(len(acceptance) + 1).at[:-1].add(swapped).at[1:].add(-swapped)
        return jax.tree.map(lambda array: array[source], replicas)

    def _rest(self, z: Array) -> Array:
        """The log density of the free theory."""
        return -0.5 * jnp.sum(z**2) - self.target.reference(z)

    def _move(self, key: Array, replica: Replicas, beta: Array, step_size: Array) -> tuple[Replicas, Moves]:
        """A few HMC transitions of one replica."""
        transition: Callable = blackjax_hmc.build_kernel(rotation_integrator)
        mass = jnp.ones_like(replica.z)

        def log_density(z: Array) -> Array:
            return self._rest(z) - beta * self.target.action(z)

        def one_move(state: blackjax_hmc.HMCState, key: Array) -> tuple[blackjax_hmc.HMCState, Moves]:
            key_jitter, key = jax.random.split(key)
            # Jittered, lest a mode return to its start in every transition.
            jittered = step_size * jax.random.uniform(key_jitter, (), step_size.dtype, 0.8, 1.2)
            state, info = transition(key, state, log_density, jittered, mass, NUM_STEPS)
            return state, Moves(info.acceptance_rate, diverged(info), energy_of(state, info))

        value, gradient = jax.value_and_grad(self._rest)(replica.z)
        state = blackjax_hmc.HMCState(
            replica.z, value - beta * replica.action, gradient - beta * replica.action_gradient
        )
        state, moves = jax.lax.scan(one_move, state, jax.random.split(key, MOVES))
        z = jnp.asarray(state.position)
        # The kernel knows the action only within its log density: taking the rest off saves an evaluation. What this
        # costs in rounding is divided by β, but enters swaps multiplied by a difference of β.
        value, gradient = jax.value_and_grad(self._rest)(z)
        action, action_gradient = (value - state.logdensity) / beta, (gradient - state.logdensity_grad) / beta
        return Replicas(z, action, action_gradient, replica.unseen), moves


def replica_exchange(target: Target, settings: Settings, swap_rule: SwapRule = swap_log_ratio) -> Sampler:
    """Replicas between the free theory and the full action that swap; the last is recorded.

    Warm-up finds ladder and step sizes. Of the statistics, `acceptance_rate`, `diverging`, `energy` and `step_size`
    belong to the HMC transitions at β = 1, `swap_rate` is the acceptance probability averaged over pairs,
    `round_trips` counts the free draws that have reached β = 1, `n_steps` the gradients of all replicas.

    Args:
        target: Density and measurements.
        settings: `num_warmup` must be at least 1; warm-up takes at least 150 draws.
        swap_rule: Logarithm of the acceptance ratio of each pair.

    Raises:
        ValueError: If there is no warm-up, or for discrete coordinates.
        SamplerError: If the action is not finite on a free draw, or 24 temperatures are too few.

    Source: Syed et al., arXiv:1905.02939.
    """
    refuse_discrete(target)
    if settings.num_warmup < 1:
        raise ValueError("replica_exchange finds its temperatures during warm-up: warmup must be at least 1")
    key_start, key_warmup, key_draws = jax.random.split(settings.key, 3)

    def begin(program: Callable) -> tuple[Chain, tuple]:
        positions = start_positions(target, key_start, settings.num_chains, settings.modes)
        return _warm_up(target, settings, program(()), positions, key_warmup), ()

    def build(_: tuple) -> Sweep:
        return one_draw(target, settings, Exchange(target, swap_rule))

    return Chains(settings, key_draws, begin, build)


def _warm_up(
    target: Target, settings: Settings, program: Program, positions: Float[Array, "chain dimension"], key: Array
) -> Chain:
    """All chains on their final ladder: a pilot tells how many levels are wanted, then these are placed anew."""
    values, gradients = jax.jit(jax.vmap(jax.value_and_grad(target.action)))(positions)
    unseen = jnp.zeros(len(positions), bool)
    replicas = jax.tree.map(
        lambda array: jnp.repeat(array[:, None], PILOT_LEVELS, axis=1), Replicas(positions, values, gradients, unseen)
    )
    beta, step_size = np.linspace(0, 1, PILOT_LEVELS) ** 3, np.full(PILOT_LEVELS, LARGEST_STEP / 2)
    parts = max(MIN_PARTS, settings.num_warmup // (2 * CHECK_DRAWS))
    rejection, steps = np.zeros(0), []
    for part in range(2 * parts):
        chains, draws = program(_assemble(replicas, beta, step_size), jax.random.fold_in(key, part), CHECK_DRAWS)
        replicas, iterations = chains.replicas, draws.stats["diverging"].shape[1]
        moved, rejection = (np.mean(array, axis=0) / iterations for array in (chains.moves, chains.swaps))
        rejection = 1 - rejection
        found = [
            next_step(step, accepted, ACCEPTANCE, LARGEST_STEP)
            for step, accepted in zip(step_size[1:], moved, strict=True)
        ]
        step_size = np.append(LARGEST_STEP, found)
        if part < 2 * parts - MIN_PARTS + 1:
            ladder = refine_ladder(beta, rejection, None if part == parts - 1 else len(beta))
            # From none of the free draws, which may lie behind a wall.
            nearest = np.append(0, 1 + np.argmin(np.abs(beta[1:] - ladder[1:, None]), axis=1))
            replicas = jax.tree.map(lambda array, nearest=nearest: array[:, nearest], replicas)
            beta, step_size = ladder, np.interp(ladder, beta, step_size)
        else:
            steps.append(step_size)
    if np.mean(rejection) > 1 - MIN_SWAP_RATE:
        raise SamplerError(
            f"only {1 - np.mean(rejection):.1%} of the swaps between {len(beta)} temperatures are accepted, and "
            f"{MAX_LEVELS} is the most: the action is too far from the free theory, or warm-up was too short to find "
            "the temperatures. Try more warm-up, a smaller coupling, or --sampler hmc"
        )
    return _assemble(replicas, beta, np.exp(np.mean(np.log(steps), axis=0)))


def _assemble(replicas: Replicas, beta: np.ndarray, step_size: np.ndarray) -> Chain:
    """Chains on this ladder, with all counts at zero."""
    count, dtype = len(replicas.action), replicas.action.dtype
    ladder = Ladder(*(jnp.tile(jnp.asarray(array, dtype), (count, 1)) for array in (beta, step_size)))
    zero, zeros = jnp.zeros(count, int), jnp.zeros((count, len(beta) - 1), dtype)
    return Chain(replicas, ladder, zero, zero, zeros, zeros)
