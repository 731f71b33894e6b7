r"""The textbook samplers for a Gaussian reference with an action: one ellipse, or one step size, for all coordinates.

Both are functions (Target, Settings) -> Sampler, as the library's own are, and run on the same fast fields.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import blackjax
import jax
import jax.numpy as jnp
from jaxtyping import Array

from nnft_ppl.samplers import Chains, Sampler, Settings, one_draw, start_positions
from nnft_ppl.target import Target

PCN_STEPS = 10
"""pCN steps per draw: measuring costs as much as a step."""
PCN_ACCEPTANCE = 0.25


def plain_elliptical_slice(target: Target, settings: Settings) -> Sampler:
    """`blackjax.elliptical_slice` on the whole vector of reference coordinates; warm-up is burn-in."""

    def likelihood(position: Array) -> Array:
        return -target.potential(position)

    algorithm: Any = blackjax.elliptical_slice(
        likelihood, mean=jnp.zeros(target.dimension), cov=jnp.ones(target.dimension)
    )

    def step(key: Array, state: Any) -> tuple[Any, dict[str, Array]]:
        state, info = algorithm.step(key, state)
        one = jnp.ones(())
        return state, _statistics(state.position, state.logdensity, one, one, info.subiter)

    key_start, key_warmup, key_draws = jax.random.split(settings.key, 3)

    def begin(_: Callable) -> tuple[Any, tuple]:
        states = jax.jit(jax.vmap(algorithm.init))(start_positions(target, key_start, settings.num_chains))
        return _burn_in(step, states, key_warmup, settings), ()

    return Chains(settings, key_draws, begin, lambda _: one_draw(target, settings, step))


class _Walker(NamedTuple):
    position: Array
    potential: Array


def plain_pcn(target: Target, settings: Settings) -> Sampler:
    r"""Preconditioned Crank–Nicolson, z' = √(1 − β²) z + β ξ, with one β for all coordinates and chains.

    β is adapted during warm-up to an acceptance of 25 %. Source: Cotter et al., arXiv:1202.0709, section 4.2.
    """

    def walk(key: Array, walker: _Walker, beta: Array) -> tuple[_Walker, Array]:
        key_noise, key_accept = jax.random.split(key)
        noise = jax.random.normal(key_noise, walker.position.shape, walker.position.dtype)
        position = jnp.sqrt(1 - beta**2) * walker.position + beta * noise
        potential = target.potential(position)
        acceptance = jnp.nan_to_num(jnp.minimum(1.0, jnp.exp(walker.potential - potential)))
        accepted = jax.random.uniform(key_accept) < acceptance
        moved = jax.tree.map(lambda new, old: jnp.where(accepted, new, old), _Walker(position, potential), walker)
        return moved, acceptance

    def adapt(carry: tuple[_Walker, Array], inputs: tuple[Array, Array]) -> tuple[tuple[_Walker, Array], None]:
        walkers, log_beta = carry
        key, number = inputs
        keys = jax.random.split(key, settings.num_chains)
        walkers, acceptance = jax.vmap(walk, in_axes=(0, 0, None))(keys, walkers, jnp.exp(log_beta))
        log_beta += 2 * (jnp.mean(acceptance) - PCN_ACCEPTANCE) / jnp.sqrt(number)
        return (walkers, jnp.minimum(log_beta, 0.0)), None

    @jax.jit
    def warm_up(positions: Array, key: Array) -> tuple[_Walker, Array]:
        walkers = _Walker(positions, jax.vmap(target.potential)(positions))
        steps = settings.num_warmup * PCN_STEPS
        inputs = (jax.random.split(key, steps), 1.0 + jnp.arange(steps))
        (walkers, log_beta), _ = jax.lax.scan(adapt, (walkers, jnp.log(0.5)), inputs)
        return walkers, jnp.exp(log_beta)

    key_start, key_warmup, key_draws = jax.random.split(settings.key, 3)

    def begin(_: Callable) -> tuple[_Walker, Array]:
        return warm_up(start_positions(target, key_start, settings.num_chains), key_warmup)

    def build(fixed: Any) -> Callable:
        beta = jnp.asarray(fixed)

        def step(key: Array, walker: _Walker) -> tuple[_Walker, dict[str, Array]]:
            keys = jax.random.split(key, PCN_STEPS)
            walker, acceptance = jax.lax.scan(lambda walker, key: walk(key, walker, beta), walker, keys)
            steps = jnp.asarray(PCN_STEPS)
            return walker, _statistics(walker.position, -walker.potential, jnp.mean(acceptance), beta, steps)

        return one_draw(target, settings, step)

    return Chains(settings, key_draws, begin, build)


def _burn_in(step: Callable, states: Any, key: Array, settings: Settings) -> Any:
    """States after the warm-up's steps."""

    def burn(state: Any, key: Array) -> Any:
        keys = jax.random.split(key, settings.num_warmup)
        return jax.lax.scan(lambda state, key: (step(key, state)[0], None), state, keys)[0]

    return jax.jit(jax.vmap(burn))(states, jax.random.split(key, settings.num_chains))


def _statistics(position: Array, likelihood: Array, acceptance: Array, size: Array, steps: Array) -> dict[str, Array]:
    """What the library's verdicts read."""
    lp = likelihood - 0.5 * jnp.sum(position**2)
    return {
        "diverging": jnp.zeros((), bool),
        "energy": -lp,
        "acceptance_rate": acceptance,
        "n_steps": steps,
        "lp": lp,
        "step_size": size,
    }
