r"""Sequential Monte Carlo in the temperature of the action: draws, ln Z and averages all the way from the free theory.

A population of N exact free draws is led through the densities

    π_β(z) ∝ exp(−|z|²/2 − reference(z) − β action(z)),    0 = β_0 < β_1 < ... < β_K = 1.

Each level weighs the particles by w = exp(−(β_k − β_{k−1}) S), resamples them, and moves each by a few HMC transitions
that leave π_{β_k} invariant. The product of the mean weights,

    Ẑ_k = Π_{j ≤ k} (1/N) Σ_i w_j^i,    E[Ẑ_k] = Z(β_k)/Z(0),

is unbiased for any N, and so is Ẑ_k times an average over the particles, because temperatures and step sizes are fixed
beforehand, by a pilot population that is thrown away. Populations are independent.

Source: Del Moral, Doucet and Jasra, J. R. Statist. Soc. B 68 (2006) 411; unbiasedness and errors are derived in
docs/theory/partition.md. Bisection, resampling and the HMC kernel are BlackJAX's.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from nnft_ppl.devices import over_chains
from nnft_ppl.draws import Kind
from nnft_ppl.samplers.gaussian_flow import rotation_integrator
from nnft_ppl.samplers.particles import (
    Particles,
    by_chunks,
    chunk_count,
    evaluate,
    mean_over_particles,
    move,
    resample,
    state_at,
)
from nnft_ppl.samplers.sampler import (
    Block,
    Curve,
    Sampler,
    SamplerError,
    Settings,
    kept_positions,
    next_length,
)
from nnft_ppl.samplers.starts import refuse_discrete
from nnft_ppl.samplers.temperatures import Ladder, find_ladder
from nnft_ppl.target import Target

MOVES = 3
"""HMC transitions of each level. One would do on the circle at λ = 24; in d = 2, where steps are short, three leave
draws at β = 1 that count as if independent."""


class Population(NamedTuple):
    """What one population gives: its particles at β = 1, and the way there with leading (level,)."""

    particles: Particles
    log_z: Float[Array, "level"]
    averages: Any
    acceptance: Float[Array, "particle"]
    diverging: Array


class TemperedState(NamedTuple):
    """All that the next block of populations depends on."""

    ladder: Ladder
    """Temperatures and step sizes, fixed by the pilot."""
    done: np.ndarray
    """Draws per chain in blocks so far."""
    blocks: np.ndarray
    """Blocks so far."""


def tempered(target: Target, settings: Settings, integrator: Callable = rotation_integrator) -> Sampler:
    """Independent populations, one per chain and block, each led from free draws to the full action.

    `log_weight` of a draw is ln Ẑ of its population: populations count by it, draws within one alike. `Block.curve`
    holds ln Ẑ(β) and the averages at every temperature. Relatives are adjacent along the draw axis.

    Args:
        target: Density and measurements.
        settings: `num_warmup` bounds the pilot population; it must be at least 1.
        integrator: `rotation_integrator`, or another with its signature.

    Raises:
        ValueError: If there is no warm-up, or for discrete coordinates.

    Source: derived in docs/theory/partition.md.
    """
    refuse_discrete(target)
    if settings.num_warmup < 1:
        raise ValueError("this sampler finds its temperatures and step sizes during warm-up: warmup must be at least 1")
    return Populations(target, settings, integrator)


class Populations:
    """The sampler of `tempered`."""

    def __init__(self, target: Target, settings: Settings, integrator: Callable) -> None:
        self._target, self._settings, self._integrator = target, settings, integrator
        self._key_pilot, self._key_draws = jax.random.split(settings.key)
        self._longest = min(settings.num_draws, settings.population)
        self._chunks = chunk_count(self._longest, target.dimension)
        self._run: Callable | None = None

    def start(self) -> TemperedState:
        """The temperatures, by a pilot population.

        Raises:
            SamplerError: If the action is not a number or not bounded below on free draws, its gradient is not finite,
                the pilot needs more than 200 temperatures, or its particles do not move.
        """
        ladder = find_ladder(self._target, self._settings, self._integrator, self._key_pilot)
        return TemperedState(jax.tree.map(np.asarray, ladder), np.array(0), np.array(0))

    def part(self, state: TemperedState) -> TemperedState:
        """All that chains start from is the same for all."""
        return state

    def step(self, state: TemperedState, /) -> tuple[TemperedState, Block]:
        """One population per chain.

        Args:
            state: The ladder, and how far the draws are.

        Raises:
            SamplerError: If ln Z of a population is not finite.
        """
        settings, ladder, done, number = self._settings, state.ladder, int(state.done), int(state.blocks)
        length = next_length(settings, done, settings.population)
        keys = settings.own_keys(jax.random.fold_in(self._key_draws, number))
        populations = jax.tree.map(np.asarray, self._program(ladder)(keys))
        log_z = populations.log_z
        if not np.all(np.isfinite(log_z[:, -1])):
            raise SamplerError(
                f"ln Z of a population is {log_z[~np.isfinite(log_z[:, -1]), -1][0]}: the action is not a number or "
                "not bounded below on some draws (`nnft check` shows each term); or every particle has an infinite one"
            )
        particles = jax.tree.map(lambda array: array[:, :length], populations.particles)
        shape = (settings.num_chains, length)
        stats = {
            "log_weight": np.broadcast_to(log_z[:, -1:], shape).copy(),
            "population": np.full(shape, number),
            "acceptance_rate": populations.acceptance[:, :length],
            "diverging": populations.diverging[:, :length],
            "step_size": np.full(shape, ladder.step_size[-1]),
        }
        positions = kept_positions(particles.position, done, settings.keep_every)
        curve = Curve(np.append(0.0, ladder.beta), log_z, populations.averages)
        block = Block(Kind.POPULATIONS, particles.measured, stats, positions, curve)
        return TemperedState(ladder, np.array(done + length), np.array(number + 1)), block

    def _program(self, ladder: Ladder) -> Callable:
        """One population of every chain, with the ladder built in; compiled once."""
        if self._run is None:
            size = self._chunks * math.ceil(self._longest / self._chunks)
            built_in = jax.tree.map(jnp.asarray, ladder)
            population = partial(_population, self._target, self._integrator, built_in, size, self._chunks)
            # A population fills a device by itself, so each device leads its own one after the other: the program is
            # half as long in compiling as that for all at once.
            self._run = over_chains(jax.custom_batching.sequential_vmap(population), self._settings.num_chains)
        return self._run


def _population(target: Target, integrator: Callable, ladder: Ladder, size: int, chunks: int, key: Array) -> Population:
    """One population of `size` particles on a fixed ladder."""
    key_free, key_levels = jax.random.split(key)
    free = by_chunks(lambda key: evaluate(target, target.free_draw(key)), chunks)(jax.random.split(key_free, size))

    def one_level(carry: tuple[Particles, Array, Array], level: tuple) -> tuple[tuple[Particles, Array, Array], tuple]:
        particles, beta_before, log_z = carry
        key, beta, step_size = level
        key_resample, key_moves = jax.random.split(key)
        particles, increment = resample(key_resample, particles, beta - beta_before)
        states = jax.vmap(partial(state_at, beta=beta))(particles)
        advance = partial(move, target, integrator, chunks, beta=beta)
        states, (acceptance, diverging) = jax.lax.scan(
            lambda states, key: advance(key, states, step_size=step_size), states, jax.random.split(key_moves, MOVES)
        )
        particles = by_chunks(partial(evaluate, target), chunks)(states.position)
        log_z = log_z + increment
        found = (log_z, mean_over_particles(particles.measured), jnp.mean(acceptance, 0), jnp.any(diverging, 0))
        return (particles, beta, log_z), found

    levels = (jax.random.split(key_levels, len(ladder.beta)), *ladder)
    start = jnp.zeros((), free.action.dtype)
    (particles, *_), (log_z, averages, acceptance, diverging) = jax.lax.scan(one_level, (free, start, start), levels)
    averages = jax.tree.map(
        lambda first, rest: jnp.concatenate([first[None], rest]), mean_over_particles(free.measured), averages
    )
    return Population(
        particles, jnp.append(start, log_z), averages, jnp.mean(jnp.nan_to_num(acceptance), 0), diverging[-1]
    )
