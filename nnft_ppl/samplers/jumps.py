r"""Jumps between the modes of a density: what lets a chain cross where no trajectory does.

With modes at z_a of curvature H_a, a pair (a, b) of them and a sign are picked at random, and

    z' = z_b ± H_b^{−1/2} H_a^{1/2} (z − z_a)

is proposed, which maps mode a's Gaussian approximation to that of b. The pair (b, a) with the same sign leads back, and
is picked as often, so that the density is left invariant by accepting with probability

    min(1, π(z')/π(z) · √(det H_a/det H_b)),

whatever the modes are: bad ones cost acceptance, never exactness.

Source: the deterministic proposals of Green, Biometrika 82 (1995) 711, for one model; derived in docs/theory/modes.md.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from blackjax.mcmc.hmc import HMCState
from jaxtyping import Array

from nnft_ppl.samplers.chains import Draws, Sweep
from nnft_ppl.samplers.modes import Modes
from nnft_ppl.samplers.tuning import State
from nnft_ppl.target import Target


class Fixed(NamedTuple):
    """What the program of the draws has built in."""

    scales: np.ndarray
    """Scale of each coordinate, by which parameters rest or move."""
    modes: Modes | None
    """Modes to jump between."""


def jump(key: Array, state: HMCState, log_density: Callable, modes: Modes) -> tuple[HMCState, Array]:
    """The state after one proposed jump, and the probability with which it was accepted.

    Args:
        key: A random key, a scalar.
        state: Of one chain.
        log_density: Of the target.
        modes: At least two.
    """
    key_pair, key_sign, key_accept = jax.random.split(key, 3)
    count = len(modes.place)
    modes = Modes(*map(jnp.asarray, modes))  # NumPy's, where a state was restored
    pair = jax.random.randint(key_pair, (2,), 0, jnp.array([count, count - 1]))
    one, other = pair[0], (pair[0] + 1 + pair[1]) % count
    sign = jnp.where(jax.random.bernoulli(key_sign), 1.0, -1.0)
    position = modes.place[other] + sign * modes.spread[other] @ (
        modes.tension[one] @ (jnp.asarray(state.position) - modes.place[one])
    )
    value, gradient = jax.value_and_grad(log_density)(position)
    ratio = value - state.logdensity + modes.half_log_det[one] - modes.half_log_det[other]
    probability = jnp.where(jnp.isnan(ratio), 0.0, jnp.exp(jnp.minimum(ratio, 0.0)))
    accepted = jax.random.uniform(key_accept, dtype=probability.dtype) < probability
    proposed = HMCState(position, value, gradient)
    return jax.tree.map(lambda new, old: jnp.where(accepted, new, old), proposed, state), probability


def with_jumps(sweep: Sweep, target: Target, modes: Modes | None) -> Sweep:
    """The sweep with a jump between modes before it, told as `jump_rate`; without modes the sweep itself.

    Args:
        sweep: A sweep of chains with the state of `nnft_ppl.samplers.tuning`.
        target: What is sampled.
        modes: At least two, or None.
    """
    if modes is None:
        return sweep

    def jump_and_sweep(key: Array, state: State) -> tuple[State, Draws]:
        key_jump, key = jax.random.split(key)
        inner, probability = jump(key_jump, state.inner, target.log_density, modes)
        state, draws = sweep(key, State(inner, state.tuning))
        count = jax.tree.leaves(draws)[0].shape[0]
        return state, draws._replace(stats=draws.stats | {"jump_rate": jnp.full(count, probability)})

    return jump_and_sweep
