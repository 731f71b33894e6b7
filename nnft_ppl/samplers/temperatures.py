"""The temperatures of a tempered population, and the step size at each, found by a pilot population."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from blackjax.smc.ess import ess
from blackjax.smc.solver import dichotomy
from jax.scipy.special import ndtri
from jaxtyping import Array, Float

from nnft_ppl.samplers.particles import (
    TRAJECTORY,
    Particles,
    by_chunks,
    chunk_count,
    evaluate,
    move,
    resample,
    state_at,
)
from nnft_ppl.samplers.sampler import SamplerError, Settings
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
PILOT_MOVES = 6
"""HMC transitions of each level of the pilot, with an update of the step size after each."""


class Ladder(NamedTuple):
    """The temperatures above zero, the last of them 1, and the step size of each."""

    beta: Float[Array, "level"]
    step_size: Float[Array, "level"]


def find_ladder(target: Target, settings: Settings, integrator: Callable, key: Array) -> Ladder:
    """Temperatures and step sizes, level by level, from a population of its own."""
    size = max(32, min(PILOT, settings.num_warmup, settings.num_chains * settings.num_draws))
    chunks = chunk_count(size, target.dimension)
    size = chunks * math.ceil(size / chunks)

    @jax.jit
    def start(key: Array) -> Particles:
        draws = jax.random.split(key, size)
        return by_chunks(lambda key: evaluate(target, target.free_draw(key)), chunks)(draws)

    @jax.jit
    def one_level(key: Array, particles: Particles, beta_before: Array, step_size: Array) -> tuple:
        key_resample, key_moves = jax.random.split(key)
        beta = beta_before + _increment(particles.action, jnp.minimum(LARGEST_RISE, 1 - beta_before))
        particles, _ = resample(key_resample, particles, beta - beta_before)
        states = jax.vmap(partial(state_at, beta=beta))(particles)

        def one_move(carry: tuple[Any, Array], key: Array) -> tuple[tuple[Any, Array], Array]:
            states, step_size = carry
            states, (acceptance, _) = move(target, integrator, chunks, key, states, beta=beta, step_size=step_size)
            accepted = jnp.mean(jnp.nan_to_num(acceptance))
            return (states, _adapt(step_size, accepted)), accepted

        keys = jax.random.split(key_moves, PILOT_MOVES)
        (states, step_size), accepted = jax.lax.scan(one_move, (states, step_size), keys)
        return by_chunks(partial(evaluate, target), chunks)(states.position), beta, step_size, accepted[-1]

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


def _adapt(step_size: Array, accepted: Array) -> Array:
    """The step size that would have given the wanted acceptance, at most 1.5 and at least 0.4 times the old one.

    Acceptance is 2Φ(−c ε²) at fixed trajectory length (Beskos et al., arXiv:1001.4460), which fixes c.
    """
    spread = jnp.maximum(-ndtri(0.5 * accepted), 1e-6)
    factor = jnp.sqrt(-ndtri(0.5 * ACCEPTANCE) / spread)
    return jnp.minimum(step_size * jnp.clip(factor, 0.4, 1.5), TRAJECTORY)
