"""A population of particles at one temperature: evaluated, resampled and moved, a chunk at a time.

At inverse temperature β of the action the density is exp(−|z|²/2 − reference(z) − β action(z)).
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from blackjax.mcmc import hmc as blackjax_hmc
from blackjax.smc.resampling import systematic
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float

from nnft_ppl.samplers.gaussian_flow import diverged
from nnft_ppl.target import Target

TRAJECTORY = 1.0
"""Rotation angle of a transition, and the largest step, in radians."""
MAX_STEPS = 4
"""Longest transition in steps."""
BATCH_NUMBERS = 2**16
"""Particles are vectorised in batches of about this many reference coordinates."""


class Particles(NamedTuple):
    """A population with all that weighing and moving need; arrays with leading (particle,)."""

    position: Float[Array, "particle dimension"]
    action: Float[Array, "particle"]
    action_gradient: Float[Array, "particle dimension"]
    reference: Float[Array, "particle"]
    reference_gradient: Float[Array, "particle dimension"]
    measured: Any


def chunk_count(size: int, dimension: int) -> int:
    """In how many chunks a population of at least `size` particles of `dimension` coordinates is moved."""
    return math.ceil(size / max(8, BATCH_NUMBERS // max(dimension, 1)))


def by_chunks(function: Callable, chunks: int) -> Callable:
    """`function` of one particle, for all of them, a chunk at a time; `chunks` divides their number."""

    def apply(*arguments: Any) -> Any:
        split = jax.tree.map(lambda array: array.reshape(chunks, -1, *array.shape[1:]), arguments)
        results = jax.lax.map(lambda arguments: jax.vmap(function)(*arguments), split)
        return jax.tree.map(lambda array: array.reshape(-1, *array.shape[2:]), results)

    return apply


def evaluate(target: Target, position: Float[Array, "dimension"]) -> Particles:
    """One particle with action, reference term, their gradients and what is measured."""
    action, reference = (jax.value_and_grad(term)(position) for term in (target.action, target.reference))
    return Particles(position, *action, *reference, target.measure(position))


def mean_over_particles(measured: Any) -> Any:
    """The plain average over the leading axis of every array."""
    return jax.tree.map(lambda array: jnp.mean(array, 0), measured)


def state_at(particle: Particles, beta: Array) -> Any:
    """The kernel's state of one particle at another temperature, without evaluating anything anew."""
    z = particle.position
    log_density = -0.5 * jnp.sum(z**2) - particle.reference - beta * particle.action
    gradient = -z - particle.reference_gradient - beta * particle.action_gradient
    parts: Any = (z, log_density, gradient)  # BlackJAX's annotation wants a float for the second
    return blackjax_hmc.HMCState(*parts)


def resample(key: Array, particles: Particles, rise: Array) -> tuple[Particles, Array]:
    """The particles resampled by the weights exp(−rise · action), and the logarithm of the weights' mean.

    Systematic resampling: relatives stay adjacent.
    """
    log_weights = -rise * particles.action
    total = logsumexp(log_weights)
    size = len(log_weights)
    key_resample, key_turn = jax.random.split(key)
    ancestors = systematic(key_resample, jnp.exp(log_weights - total), size)
    # Systematic resampling is unbiased over all slots together, not in each; turned, it is, and slots may be cut off.
    ancestors = jnp.roll(ancestors, jnp.floor(size * jax.random.uniform(key_turn)).astype(int))
    return jax.tree.map(lambda array: array[ancestors], particles), total - math.log(size)


def move(
    target: Target, integrator: Callable, chunks: int, key: Array, states: Any, beta: Array, step_size: Array
) -> tuple[Any, tuple[Array, Array]]:
    """One HMC transition of every particle, about a radian long, at β; acceptance and divergence of each."""
    transition: Callable = blackjax_hmc.build_kernel(integrator)
    num_steps = jnp.clip(jnp.round(TRAJECTORY / step_size), 1, MAX_STEPS).astype(int)

    def log_density(z: Array) -> Array:
        return -0.5 * jnp.sum(z**2) - target.reference(z) - beta * target.action(z)

    def one(key: Array, state: Any, angle: Array) -> tuple[Any, tuple[Array, Array]]:
        state, info = transition(key, state, log_density, angle, jnp.ones(target.dimension), num_steps)
        return state, (info.acceptance_rate, diverged(info))

    key_jitter, key = jax.random.split(key)
    size = len(states.position)
    # Jittered, lest a mode return to its start in every transition.
    angles = step_size * jax.random.uniform(key_jitter, (size,), step_size.dtype, 0.8, 1.2)
    return by_chunks(one, chunks)(jax.random.split(key, size), states, angles)
