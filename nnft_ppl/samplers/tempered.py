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
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from blackjax.smc.ess import ess
from blackjax.smc.solver import dichotomy
from jax.scipy.special import ndtri
from jaxtyping import Array, Float

from nnft_ppl.devices import over_chains
from nnft_ppl.samplers.blocks import Block, Curve, SamplerError, Settings, block_lengths
from nnft_ppl.samplers.gaussian_flow import rotation_integrator
from nnft_ppl.samplers.particles import (
    TRAJECTORY,
    Particles,
    by_chunks,
    chunk_count,
    evaluated,
    mean_over_particles,
    moved,
    resampled,
    state_at,
)
from nnft_ppl.target import Target

PILOT = 256
"""Particles of the pilot population, at most."""
MAX_LEVELS = 200
"""Temperatures that the pilot may take."""
EFFECTIVE = 0.75
"""Share of the particles that one reweighting leaves effective (Kish)."""
LARGEST_RISE = 0.25
"""Largest rise of β from one temperature to the next: the curve has at least four points above the free theory."""
ACCEPTANCE = 0.8
"""Acceptance that the step size of each level is adapted to."""
MOVES = 3
"""HMC transitions of each level. One would do on the circle at λ = 24; in d = 2, where steps are short, three leave
draws at β = 1 that count as if independent."""
PILOT_MOVES = 6
"""HMC transitions of each level of the pilot, with an update of the step size after each."""


class Ladder(NamedTuple):
    """The temperatures above zero, the last of them 1, and the step size of each."""

    beta: Float[Array, "level"]
    step_size: Float[Array, "level"]


class Population(NamedTuple):
    """What one population gives: its particles at β = 1, and the way there with leading (level,)."""

    particles: Particles
    log_z: Float[Array, "level"]
    averages: Any
    acceptance: Float[Array, "particle"]
    diverging: Array


def tempered(target: Target, settings: Settings, integrator: Callable = rotation_integrator) -> Iterator[Block]:
    """Independent populations, one per chain and block, each led from free draws to the full action.

    `log_weight` of a draw is ln Ẑ of its population: populations count by it, draws within one alike. `Block.curve`
    holds ln Ẑ(β) and the averages at every temperature. Relatives are adjacent along the draw axis.

    Args:
        target: Density and measurements.
        settings: `num_warmup` bounds the pilot population; it must be at least 1.
        integrator: `rotation_integrator`, or another with its signature.

    Raises:
        ValueError: If there is no warm-up.
        SamplerError: If the action is not a number or not bounded below on free draws, its gradient is not finite, the
            pilot needs more than 200 temperatures, or its particles do not move.

    Source: derived in docs/theory/partition.md.
    """
    if settings.num_warmup < 1:
        raise ValueError("this sampler finds its temperatures and step sizes during warm-up: warmup must be at least 1")
    key_pilot, key_draws = jax.random.split(settings.key)
    ladder = _pilot(target, settings, integrator, key_pilot)
    lengths = block_lengths(settings.num_draws, settings.population)
    chunks = chunk_count(lengths[0], target.dimension)
    size = chunks * math.ceil(lengths[0] / chunks)
    # A population fills a device by itself, so each device leads its own one after the other: the program is half as
    # long in compiling as that for all at once.
    population = jax.custom_batching.sequential_vmap(partial(_population, target, integrator, ladder, size, chunks))
    run = over_chains(population, settings.num_chains)
    beta = np.append(0.0, np.asarray(ladder.beta))
    done = 0
    for length, key in zip(lengths, jax.random.split(key_draws, len(lengths)), strict=True):
        populations = jax.tree.map(np.asarray, run(jax.random.split(key, settings.num_chains)))
        log_z = populations.log_z
        if not np.all(np.isfinite(log_z[:, -1])):
            raise SamplerError(
                f"ln Z of a population is {log_z[~np.isfinite(log_z[:, -1]), -1][0]}: the action is not a number or "
                "not bounded below on some draws (`nnft check` shows each term); or every particle has an infinite one"
            )
        particles = jax.tree.map(lambda array, n=length: array[:, :n], populations.particles)
        shape = (settings.num_chains, length)
        stats = {
            "log_weight": np.broadcast_to(log_z[:, -1:], shape).copy(),
            "acceptance_rate": populations.acceptance[:, :length],
            "diverging": populations.diverging[:, :length],
            "step_size": np.full(shape, ladder.step_size[-1]),
        }
        kept = None
        if settings.keep_every:
            kept = particles.position[:, (-done) % settings.keep_every :: settings.keep_every]
        done += length
        yield Block(particles.measured, stats, kept, Curve(beta, log_z, populations.averages))


def _population(target: Target, integrator: Callable, ladder: Ladder, size: int, chunks: int, key: Array) -> Population:
    """One population of `size` particles on a fixed ladder."""
    key_free, key_levels = jax.random.split(key)
    free = by_chunks(lambda key: evaluated(target, target.free_draw(key)), chunks)(jax.random.split(key_free, size))

    def one_level(carry: tuple[Particles, Array, Array], level: tuple) -> tuple[tuple[Particles, Array, Array], tuple]:
        particles, beta_before, log_z = carry
        key, beta, step_size = level
        key_resample, key_moves = jax.random.split(key)
        particles, increment = resampled(key_resample, particles, beta - beta_before)
        states = jax.vmap(partial(state_at, beta=beta))(particles)
        move = partial(moved, target, integrator, chunks, beta=beta)
        states, (acceptance, diverging) = jax.lax.scan(
            lambda states, key: move(key, states, step_size=step_size), states, jax.random.split(key_moves, MOVES)
        )
        particles = by_chunks(partial(evaluated, target), chunks)(states.position)
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


def _pilot(target: Target, settings: Settings, integrator: Callable, key: Array) -> Ladder:
    """Temperatures and step sizes, level by level, from a population of its own."""
    size = max(32, min(PILOT, settings.num_warmup, settings.num_chains * settings.num_draws))
    chunks = chunk_count(size, target.dimension)
    size = chunks * math.ceil(size / chunks)

    @jax.jit
    def start(key: Array) -> Particles:
        draws = jax.random.split(key, size)
        return by_chunks(lambda key: evaluated(target, target.free_draw(key)), chunks)(draws)

    @jax.jit
    def one_level(key: Array, particles: Particles, beta_before: Array, step_size: Array) -> tuple:
        key_resample, key_moves = jax.random.split(key)
        beta = beta_before + _increment(particles.action, jnp.minimum(LARGEST_RISE, 1 - beta_before))
        particles, _ = resampled(key_resample, particles, beta - beta_before)
        states = jax.vmap(partial(state_at, beta=beta))(particles)

        def one_move(carry: tuple[Any, Array], key: Array) -> tuple[tuple[Any, Array], Array]:
            states, step_size = carry
            states, (acceptance, _) = moved(target, integrator, chunks, key, states, beta=beta, step_size=step_size)
            accepted = jnp.mean(jnp.nan_to_num(acceptance))
            return (states, _adapted(step_size, accepted)), accepted

        keys = jax.random.split(key_moves, PILOT_MOVES)
        (states, step_size), accepted = jax.lax.scan(one_move, (states, step_size), keys)
        return by_chunks(partial(evaluated, target), chunks)(states.position), beta, step_size, accepted[-1]

    key, key_start = jax.random.split(key)
    particles = start(key_start)
    _refuse_hopeless(particles)
    beta = jnp.zeros((), particles.action.dtype)
    step_size = jnp.full((), TRAJECTORY, particles.action.dtype)
    found: list[tuple[Array, Array]] = []
    while beta < 1:
        if len(found) == MAX_LEVELS:
            raise SamplerError(
                f"{MAX_LEVELS} temperatures led from the free theory only to β = {float(beta):.2g} of the action: it "
                "is too far from free. Try a smaller coupling, or --sampler hmc"
            )
        key, key_level = jax.random.split(key)
        particles, beta, step_size, accepted = one_level(key_level, particles, beta, step_size)
        if not accepted > 0.1:
            raise SamplerError(
                f"{float(accepted):.1%} of the moves are accepted at β = {float(beta):.2g}, step size "
                f"{float(step_size):.2g}: the action is too rough. Try --precision float64, a smaller coupling, or "
                "--sampler reweight"
            )
        found.append((beta, step_size))
    return Ladder(*(jnp.asarray(np.stack(column)) for column in zip(*found, strict=True)))


def _refuse_hopeless(particles: Particles) -> None:
    action = np.asarray(particles.action)
    bad = np.isnan(action) | np.isneginf(action)
    if np.any(bad) or np.all(np.isposinf(action)):
        raise SamplerError(
            f"the action is {action[bad][0] if np.any(bad) else np.inf} on a draw of the free theory: look for a "
            "logarithm or root of a negative number, a division by zero or an overflow in the model's factors "
            "(`nnft check` shows each term)"
        )
    slopes = np.isfinite(np.asarray(particles.action_gradient + particles.reference_gradient)).all(1)
    if not np.all(slopes[np.isfinite(action)]):
        raise SamplerError(
            "the gradient of the action is not finite on a draw of the free theory although the action is: look for "
            "jnp.where, sqrt or norm at zero in the model"
        )


def _increment(action: Float[Array, "particle"], largest: Array) -> Array:
    """The rise of β that leaves the wanted share of effective particles, at most `largest`."""
    # Particles of infinite action die at any β > 0 and have no say.
    alive = jnp.isfinite(action)

    def surplus(rise: Array) -> Array:
        return ess(jnp.where(alive, -rise * jnp.where(alive, action, 0), -jnp.inf)) - EFFECTIVE * jnp.sum(alive)

    return dichotomy(surplus, jnp.zeros_like(largest), largest, eps=1e-3)


def _adapted(step_size: Array, accepted: Array) -> Array:
    """The step size that would have given the wanted acceptance, at most 1.5 and at least 0.4 times the old one.

    Acceptance is 2Φ(−c ε²) at fixed trajectory length (Beskos et al., arXiv:1001.4460), which fixes c.
    """
    spread = jnp.maximum(-ndtri(0.5 * accepted), 1e-6)
    factor = jnp.sqrt(-ndtri(0.5 * ACCEPTANCE) / spread)
    return jnp.minimum(step_size * jnp.clip(factor, 0.4, 1.5), TRAJECTORY)
