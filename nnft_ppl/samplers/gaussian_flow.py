r"""HMC and NUTS whose integrator solves the Gaussian part of the density exactly.

With density exp(−|z|²/2 − U(z)) and unit masses, H = |p|²/2 + |z|²/2 + U(z). The Gaussian part of the flow is a
rotation of every pair (z, p), and the step is the symmetric splitting

    p ← p − (ε/2) ∇U(z);   (z, p) ← (z cos ε + p sin ε, p cos ε − z sin ε);   p ← p − (ε/2) ∇U(z).

It is symplectic, reversible, exact for U = 0 at any ε, and its error does not grow with the number of directions that U
does not see. Source: the splitting is standard (Shahbaba et al., arXiv:1106.5941; Beskos et al., arXiv:1004.3354 in
function space); the sign conventions are ours. The kernels are BlackJAX's.
"""

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
from blackjax.adaptation.step_size import dual_averaging_adaptation
from blackjax.mcmc import hmc as blackjax_hmc, nuts as blackjax_nuts
from blackjax.mcmc.integrators import IntegratorState
from jaxtyping import Array

from nnft_ppl.samplers.blocks import Block, Settings, one_draw, run_blocks, start_positions
from nnft_ppl.samplers.target import Target

TRAJECTORY = 1.0
"""Rotation angle of an HMC trajectory, and the largest step. A free coordinate forgets itself after π/2; but the
action stiffens the field's own modes, whose squares come back after half a turn of *their* angle. On the circle, one
radian gave up to ten times the effective draws per gradient of a quarter turn."""
MAX_STEPS = 4
"""Longest HMC trajectory in steps: past it, more steps cost more than the field gains (in d = 2 at λ = 24, three or
four steps gave twice the effective draws per gradient of eleven)."""
ACCEPTANCE = 0.85
"""Acceptance that the step size is adapted to; at 0.8 stiff actions already diverge now and then."""

Kernel = Callable[[Array, Any, Array], tuple[Any, dict[str, Array]]]
"""(key, state, step size) -> (state, statistics) of one chain."""


def rotation_integrator(log_density: Callable, kinetic_energy: Callable) -> Callable[[Any, Any], IntegratorState]:
    """The integrator above, in BlackJAX's form; `log_density` is −|z|²/2 − U(z), the mass matrix the identity."""
    with_gradient = jax.value_and_grad(log_density)

    def one_step(state: Any, step_size: Any) -> IntegratorState:
        z, p, _, gradient = state
        p = p + 0.5 * step_size * (gradient + z)  # gradient + z = −∇U
        cos, sin = jnp.cos(step_size), jnp.sin(step_size)
        z, p = z * cos + p * sin, p * cos - z * sin
        value, gradient = with_gradient(z)
        return IntegratorState(z, p + 0.5 * step_size * (gradient + z), value, gradient)

    return one_step


def hmc(target: Target, settings: Settings, integrator: Callable = rotation_integrator) -> Iterator[Block]:
    """Hybrid Monte Carlo with the exact Gaussian flow: trajectories of about one radian.

    The step size is adapted to an acceptance of 0.85; each transition jitters it by ±20 %, so that no mode can return
    to its start in every trajectory.
    """
    transition: Callable = blackjax_hmc.build_kernel(integrator)

    def kernel(key: Array, state: Any, step_size: Array) -> tuple[Any, dict[str, Array]]:
        key_jitter, key = jax.random.split(key)
        num_steps = jnp.clip(jnp.round(TRAJECTORY / step_size), 1, MAX_STEPS).astype(int)
        jittered = step_size * jax.random.uniform(key_jitter, minval=0.8, maxval=1.2)
        mass = jnp.ones(target.dimension)
        state, info = transition(key, state, target.log_density, jittered, mass, num_steps)
        return state, _statistics(state, info, step_size)

    return _adapted(target, settings, kernel)


def nuts(target: Target, settings: Settings, integrator: Callable = rotation_integrator) -> Iterator[Block]:
    """The no-U-turn sampler with the exact Gaussian flow, step size adapted to an acceptance of 0.85."""
    transition: Callable = blackjax_nuts.build_kernel(integrator)

    def kernel(key: Array, state: Any, step_size: Array) -> tuple[Any, dict[str, Array]]:
        state, info = transition(key, state, target.log_density, step_size, jnp.ones(target.dimension))
        return state, _statistics(state, info, step_size) | {"tree_depth": info.num_trajectory_expansions}

    return _adapted(target, settings, kernel)


def _statistics(state: Any, info: Any, step_size: Array) -> dict[str, Array]:
    return {
        "diverging": info.is_divergent,
        "energy": info.energy,
        "acceptance_rate": info.acceptance_rate,
        "n_steps": info.num_integration_steps,
        "lp": state.logdensity,
        "step_size": step_size,
    }


def _adapted(target: Target, settings: Settings, kernel: Kernel) -> Iterator[Block]:
    """Adapt one step size for all chains by dual averaging of their mean acceptance, then draw."""
    if settings.num_warmup < 1:
        raise ValueError("this sampler finds its step size during warm-up: warmup must be at least 1")
    key_start, key_warmup, key_draws = jax.random.split(settings.key, 3)
    positions = start_positions(target, key_start, settings.num_chains)
    begin, update, finish = dual_averaging_adaptation(target=ACCEPTANCE)

    @jax.jit
    def warm_up(positions: Array, key: Array) -> tuple[Any, Array]:
        states = jax.vmap(lambda z: blackjax_hmc.init(z, target.log_density))(positions)

        def one_step(carry: tuple[Any, Any], key: Array) -> tuple[tuple[Any, Any], None]:
            states, adaptation = carry
            keys = jax.random.split(key, settings.num_chains)
            step_size = jnp.minimum(jnp.exp(adaptation.log_step_size), TRAJECTORY)
            states, stats = jax.vmap(kernel, in_axes=(0, 0, None))(keys, states, step_size)
            acceptance = jnp.mean(jnp.nan_to_num(stats["acceptance_rate"]))
            return (states, update(adaptation, acceptance)), None

        keys = jax.random.split(key, settings.num_warmup)
        (states, adaptation), _ = jax.lax.scan(one_step, (states, begin(0.5)), keys)
        return states, jnp.minimum(finish(adaptation), TRAJECTORY)

    states, step_size = warm_up(positions, key_warmup)
    sweep = one_draw(target, settings, lambda key, state: kernel(key, state, step_size))
    yield from run_blocks(settings, sweep, states, key_draws)
