r"""Finite shifts in place of derivatives, for discrete coordinates.

For a pair of points y, y' = y ± e_i with probabilities π, π' (their ratio is all that is known of them)

    E[ Σ_± w(y, y') (F(y') − F(y)) ] = 0,        w(y, y') = π'/(π + π')

for every F: the sum over y exchanges with that over y', and π w is the same for both. A y' outside the support has
π' = 0, so that no boundary term is left. It is the identity E[F(n + 1) P(n + 1)/P(n)] = E[F(n)] of a shift with a
test function that keeps the weights bounded. F is the level itself, ln π, of which a wrong action has most, and
the bounded observable of the bank.

Source: the shift of a sum, standard; bounded weights as A. A. Barker's, Aust. J. Phys. 18 (1965) 119; derived in
docs/theory/discrete.md.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from nnft_ppl.target import Position, Target

MOST_ENTRIES = 8
"""Entries of a site that are shifted, of more as many at random in every draw; each costs two evaluations."""


class Shifted(NamedTuple):
    """What the shifts of one draw give."""

    residual: Float[Array, "site 2"]
    """Σ w (F' − F) of every site, for the level and for ln π."""
    rate: Float[Array, " shift"]
    """w of every shift, counted through all sites."""
    value: Float[Array, " shift"]
    """The observable after it."""


class Shifts:
    """The shifts of a target's discrete coordinates.

    Args:
        target: With discrete coordinates.
        value: y -> the observable.

    Attributes:
        site: Number of the site of every shift.
    """

    def __init__(self, target: Target, value: Callable[[Position], Array]) -> None:
        assert target.discrete is not None
        self._potential, self._value = target.discrete.potential, value
        self._parts = {name: target.groups[name] for name in target.discrete.sites}
        self.names = tuple(self._parts)
        counts = [2 * min(part.stop - part.start, MOST_ENTRIES) for part in self._parts.values()]
        self.site = np.repeat(np.arange(len(counts)), counts)

    def __call__(self, key: Array, point: Position) -> Shifted:
        """The shifts of one draw.

        Args:
            key: A random key, for which entries are shifted.
            point: y.
        """
        entries = []
        for number, part in enumerate(self._parts.values()):
            size = part.stop - part.start
            chosen = jnp.arange(size)
            if size > MOST_ENTRIES:
                chosen = jax.random.permutation(jax.random.fold_in(key, number), size)[:MOST_ENTRIES]
            entries.append(jnp.tile(part.start + chosen, 2))
        entry = jnp.concatenate(entries)
        step = jnp.concatenate([jnp.repeat(jnp.array([1.0, -1.0]), len(one) // 2) for one in entries])
        here = self._potential(point)

        def shift(entry: Array, step: Array) -> tuple[Array, Array]:
            there = point.at[entry].add(step)
            return self._potential(there), self._value(there)

        potential, value = jax.vmap(shift)(entry, step.astype(point.dtype))
        gain = here - potential
        inside = ~jnp.isneginf(gain)
        rate = jnp.where(inside, jax.nn.sigmoid(gain), 0.0)
        changes = jnp.stack([step * rate, jnp.where(inside, gain, 0.0) * rate], axis=1)
        # A value outside the support is that of no point.
        return Shifted(jax.ops.segment_sum(changes, self.site, len(self.names)), rate, jnp.where(inside, value, 0.0))
