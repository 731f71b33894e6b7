"""Far along many rays: places behind a barrier of −ln(density), from which a descent may end in another mode.

A descent costs some dozens of evaluations with gradients, one after the other; looking at E on thousands of rays is one
program without any. A narrow mode lies in the way of few rays, and E has a second minimum along these.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

RADII = np.concatenate([[0.0], 2.0 ** np.arange(-1, 5.5, 0.5)])
"""Multiples of each free draw at which E is looked at."""
TOGETHER = 256
"""Rays that are looked at together: more would take memory where fields are evaluated on grids."""


def behind_barriers(
    energy: Callable[[Array], Array], free: Float[Array, "draw dimension"], barrier: float, most: int
) -> Float[ndarray, "start dimension"]:
    """The lowest places on rays through free draws with a barrier between them and a lower-lying place nearer to 0.

    Args:
        energy: E of one place z, shape (dimension,); NaN counts as a wall.
        free: Free draws, a multiple of 256 of them.
        barrier: E rises by more than this on the way, and falls by more behind.
        most: Places at most, one on each ray.
    """

    def along(draw: Array) -> Array:
        return jax.vmap(lambda radius: energy(radius * draw))(jnp.asarray(RADII, draw.dtype))

    rays = jax.jit(lambda draws: jax.lax.map(jax.vmap(along), draws))(free.reshape(-1, TOGETHER, free.shape[1]))
    heights = np.asarray(rays, float).reshape(len(free), len(RADII))
    heights = np.where(np.isnan(heights), np.inf, heights)
    rises = heights > np.minimum.accumulate(heights, axis=1) + barrier
    tops = np.maximum.accumulate(np.where(rises, heights, -np.inf), axis=1)
    # The last place is no minimum: what comes behind it is not known.
    lows = np.where(tops > heights + barrier, heights, np.inf)[:, :-1]
    at = np.argmin(lows, axis=1)
    found = lows[np.arange(len(free)), at]
    rays_taken = np.argsort(found)[: min(most, np.count_nonzero(np.isfinite(found)))]
    return np.asarray(free, float)[rays_taken] * RADII[at[rays_taken], None]
