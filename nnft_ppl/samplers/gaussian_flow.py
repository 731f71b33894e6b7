r"""The integrator that solves the Gaussian part of the density exactly, shared by HMC, NUTS and the tempered samplers.

With density exp(−|z|²/2 − U(z)) and unit masses, H = |p|²/2 + |z|²/2 + U(z). The Gaussian part of the flow is a
rotation of every pair (z, p), and the step is the symmetric splitting

    p ← p − (ε/2) ∇U(z);   (z, p) ← (z cos ε + p sin ε, p cos ε − z sin ε);   p ← p − (ε/2) ∇U(z).

It is symplectic, reversible, exact for U = 0 at any ε, and its error does not grow with the number of directions that U
does not see. ε may be a vector: masses m_i = 1/s_i² in the kinetic energy turn coordinate i by ε s_i, in terms of the
momentum p_i/√m_i, which is standard normal again.

Source: the splitting is standard (Shahbaba et al., arXiv:1106.5941; Beskos et al., arXiv:1004.3354 in function space);
the sign conventions and the scaled form are ours.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from blackjax.mcmc.integrators import IntegratorState
from jaxtyping import Array

LARGEST_ANGLE = 1.0
"""Largest rotation in one step, in radians: a free coordinate forgets itself after π/2, but the action stiffens the
field's own modes, whose squares come back after half a turn of *their* angle."""

COMMON_SIZE = 30.0
"""Root mean square of z, in units of the reference law, below which an infinite action is a wall and no overflow."""


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


def angles(step_size: Array, scales: Array, jitter: Array | float = 1.0) -> Array:
    """The rotation of each coordinate in one step, ε s_i, cut at `LARGEST_ANGLE` and then jittered."""
    return jitter * jnp.minimum(step_size * scales, LARGEST_ANGLE)


def diverged(info: Any) -> Array:
    """Whether a BlackJAX transition lost its energy.

    A trajectory that ends behind a wall, where the action is +∞ although the parameters are of common size, is only
    rejected: that is how a chain learns of the wall.

    Args:
        info: BlackJAX's, of HMC or NUTS.
    """
    names = ("proposal", "trajectory_leftmost_state", "trajectory_rightmost_state")
    ends = [getattr(info, name) for name in names if hasattr(info, name)]
    behind = [jnp.isneginf(end.logdensity) & (jnp.mean(end.position**2) < COMMON_SIZE**2) for end in ends]
    return info.is_divergent & ~jnp.any(jnp.stack(behind)) if behind else info.is_divergent


def energy_of(state: Any, info: Any) -> Array:
    """The energy of a transition: of its end, or of its beginning where it ended behind a wall and was rejected."""
    if not hasattr(info, "proposal"):
        return info.energy
    return jnp.where(jnp.isposinf(info.energy), 0.5 * jnp.sum(info.momentum**2) - state.logdensity, info.energy)


def statistics(state: Any, info: Any, step_size: Array) -> dict[str, Array]:
    """Per-draw statistics of a BlackJAX transition, with ArviZ's names."""
    return {
        "diverging": diverged(info),
        "energy": energy_of(state, info),
        "acceptance_rate": info.acceptance_rate,
        "n_steps": info.num_integration_steps,
        "lp": state.logdensity,
        "step_size": step_size,
    }
