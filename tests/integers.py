"""A target of two integers by a table of their weights, small enough to be summed over."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtr, ndtri

from nnft_ppl.target import Discrete, Target


def integers(log_weights: np.ndarray) -> Target:
    """Two integers from 0 to A − 1, alike before the action −ln w(n_1, n_2), beside a free coordinate.

    Args:
        log_weights: ln w, shape (A, A).
    """
    table, levels = jnp.asarray(log_weights), len(log_weights)

    def point(z):
        return z.at[1:].set(jnp.floor(jnp.clip(levels * ndtr(z[1:]), 0, levels - 1)))

    def position(key, y):
        return y.at[1:].set(ndtri((y[1:] + jax.random.uniform(key, (2,))) / levels))

    def action(y):
        place = jnp.clip(jnp.round(y[1:]).astype(int), 0, levels - 1)
        return -table[place[0], place[1]]

    def potential(y):
        return jnp.where(jnp.all((y[1:] >= 0) & (y[1:] < levels)), action(y), jnp.inf)

    def measure(y):
        return {"n": y[1:]}

    def bounds(y):
        return jnp.array([-jnp.inf, 0, 0]), jnp.array([jnp.inf, levels - 1, levels - 1])

    return Target(
        lambda z: action(point(z)),
        lambda z: jnp.zeros(()),
        lambda key: jax.random.normal(key, (3,)),
        lambda z: measure(point(z)),
        3,
        {"x": slice(0, 1), "n": slice(1, 3)},
        Discrete({"n": (2,)}, potential, measure, point, position, bounds),
    )
