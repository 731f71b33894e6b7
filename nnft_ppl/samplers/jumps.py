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
from jaxtyping import Array, Float

MOST_MODES = 64
"""Modes between which chains jump, at most: those of largest weight."""
MOST_NUMBERS = 2**22
"""Fewer of them where their matrices would have more numbers together, but at least eight."""
LEAST_CURVATURE = 1e-2
"""A flatter direction counts as this flat; a Gaussian of free parameters has 1."""


class Modes(NamedTuple):
    """Modes of a density, the heaviest first, with the curvature of −ln(density) there."""

    place: Float[Array, "mode dimension"]
    """z at the modes."""
    tension: Float[Array, "mode dimension dimension"]
    """H^{1/2}, symmetric."""
    spread: Float[Array, "mode dimension dimension"]
    """H^{−1/2}, symmetric."""
    half_log_det: Float[Array, " mode"]
    """½ ln det H."""

    @classmethod
    def of(cls, places: Float[np.ndarray, "mode dimension"], curvatures: list[np.ndarray]) -> "Modes":
        """The modes at these places.

        Args:
            places: z at each, the heaviest first.
            curvatures: H at each, shape (dimension, dimension).
        """
        tension, spread, half = [], [], []
        most = min(MOST_MODES, max(8, MOST_NUMBERS // places.shape[1] ** 2))
        for curvature in curvatures[:most]:
            values, vectors = np.linalg.eigh(curvature)
            values = np.maximum(values, LEAST_CURVATURE)
            tension.append((vectors * np.sqrt(values)) @ vectors.T)
            spread.append((vectors / np.sqrt(values)) @ vectors.T)
            half.append(0.5 * np.sum(np.log(values)))
        arrays = (places[:most], np.stack(tension), np.stack(spread), np.array(half))
        return cls(*(jnp.asarray(array, jnp.zeros(()).dtype) for array in arrays))


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


def start_in_modes(key: Array, modes: Modes, num_chains: int) -> Float[Array, "chain dimension"]:
    """Where chains start: each in the next of the modes, at a draw of its Gaussian approximation.

    Args:
        key: A random key, a scalar.
        modes: At least one.
        num_chains: Number of chains.
    """
    which = np.arange(num_chains) % len(modes.place)
    noise = jax.random.normal(key, (num_chains, modes.place.shape[1]))
    return modes.place[which] + jnp.einsum("cij,cj->ci", modes.spread[which], noise)
