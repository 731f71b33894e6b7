r"""Connected functions, joint cumulants of insertions, as functions of means that share what they have in common.

$$\kappa(1 \ldots n) = \langle 1 \cdots n \rangle - \sum_{B \ni 1,\, B \subsetneq \{1 \ldots n\}}
\kappa(B)\, \langle \textstyle\prod_{j \notin B} j \rangle$$

All moments are measured on every draw as one observable, and improved together where their factors are linear in
Gaussian amplitudes: then the noise of the moments cancels in κ, which is smaller by a power of the number of neurons.

Source: the recursion of moments and cumulants; docs/theory/identities.md.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from nnft_ppl.observables.derived import Derived
from nnft_ppl.observables.insertion import Insertion
from nnft_ppl.observables.observable import Observable
from nnft_ppl.observables.readings import factors_of, require_insertions

MOST = 8
"""Insertions at most: the next order would have four times as many terms."""

Moment = tuple[int, ...]
"""A product of factors by their numbers, in order; one may occur more than once."""


@dataclass(frozen=True)
class Moments(Observable):
    """Several products of the same factors, along the first dimension."""

    moments: tuple[Moment, ...] = ()
    """Which factors are multiplied."""


def connected(
    *insertions: Insertion,
    dims: tuple[str, ...] = (),
    coords: Mapping[str, Sequence[float]] | None = None,
    even: bool = False,
) -> Derived:
    r"""The connected function of insertions, their joint cumulant $\langle L_1 \cdots L_n \rangle_c$.

    Named among the observables of a model file it brings the moments that it needs, under a name such as
    `four_point.moments`; they are stored with the draws, and shown nowhere.

    Args:
        insertions: Up to 8, whose shapes broadcast (one entry a configuration); equal ones cost nothing more.
        dims: Names of the value's dimensions.
        coords: Coordinate values along some of them.
        even: Whether all moments of odd order are known to vanish by a symmetry φ -> −φ, and are left out.

    Returns:
        Derived quantity of the shape to which they broadcast, complex if one of them is.

    Raises:
        TypeError: If there is none, or one is no insertion.
        ValueError: If there are more than 8, shapes do not broadcast, or there is an odd number and `even` is set.

    Example:
        >>> kurtosis = connected(*[at([0.0])] * 4, even=True)
        >>> kurtosis({"moments": np.array([2.0, 15.0])})  # of φ² and φ⁴: 15 − 3·2²
        3.0
    """
    require_insertions("connected", insertions, MOST)
    if even and len(insertions) % 2:
        raise ValueError(
            f"connected: {len(insertions)} insertions with even=True; an odd function of an even theory is 0"
        )
    numbers: dict[tuple, int] = {}
    which = tuple(numbers.setdefault(one.content, len(numbers)) for one in insertions)
    factors = tuple(insertions[which.index(number)] for number in range(len(numbers)))
    cumulant = Cumulant(which, even)

    def measured(fields: Any) -> Array:
        return products(cumulant.moments, jnp.stack(jnp.broadcast_arrays(*factors_of(factors, fields))))

    own = Moments(measured, dims, dict(coords or {}), factors, hidden=True, moments=cumulant.moments)
    return Derived(lambda means: cumulant(means["moments"]), moments=own)


def products(moments: Sequence[Moment], factors: Array) -> Array:
    """Products of factors, shape (moment, *shape).

    Args:
        moments: Which factors are multiplied, each by its numbers.
        factors: Shape (factor, *shape).
    """
    longest = max(map(len, moments))
    padded = np.array([moment + (len(factors),) * (longest - len(moment)) for moment in moments])
    ones = jnp.ones((1, *factors.shape[1:]), factors.dtype)
    return jnp.prod(jnp.concatenate([factors, ones])[padded], axis=1)


@dataclass(frozen=True)
class Cumulant:
    """The joint cumulant of factors as a function of their moments."""

    factors: Moment
    """The factors by their numbers; the first is 0."""
    even: bool
    """Whether moments of odd order are left out."""

    @cached_property
    def moments(self) -> tuple[Moment, ...]:
        """The moments that it is a function of."""
        sizes = range(2 if self.even else 1, len(self.factors) + 1, 2 if self.even else 1)
        found = {tuple(sorted(part)) for size in sizes for part in combinations(self.factors, size)}
        return tuple(sorted(found, key=lambda moment: (len(moment), moment)))

    @cached_property
    def _levels(self) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        """Per order: the moment of every cumulant that contains the first factor; and what is subtracted.

        That is a sum of products of a cumulant of lower order, by its number, and a moment, each so many times.
        """
        places = {moment: place for place, moment in enumerate(self.moments)}
        done: dict[Moment, int] = {}
        levels = []
        for size in sorted({len(moment) for moment in self.moments}):
            level = [moment for moment in self.moments if len(moment) == size and moment[0] == 0]
            sums = [self._subtracted(moment, done, places) for moment in level]
            longest = max(map(len, sums))
            table = np.array([list(one) + [(0, 0)] * (longest - len(one)) for one in sums], int)
            table = table.reshape(len(level), longest, 2)
            counts = np.array([list(one.values()) + [0] * (longest - len(one)) for one in sums], float)
            levels.append((np.array([places[one] for one in level]), table[..., 0], table[..., 1], counts))
            done |= {moment: len(done) + at for at, moment in enumerate(level)}
        return levels

    @staticmethod
    def _subtracted(moment: Moment, done: Mapping[Moment, int], places: Mapping[Moment, int]) -> Counter:
        """(cumulant, moment) of its parts -> how many times they occur."""
        found: Counter = Counter()
        for size in range(1, len(moment)):
            for kept in combinations(range(1, len(moment)), size - 1):
                own = (0, *(moment[one] for one in kept))
                rest = tuple(number for one, number in enumerate(moment) if one and one not in kept)
                if own in done and rest in places:
                    found[done[own], places[rest]] += 1
        return found

    def __call__(self, means: Array) -> Array:
        """The cumulant.

        Args:
            means: Of the moments, shape (moment, *shape).
        """
        means, lower = jnp.asarray(means), jnp.zeros((0, *means.shape[1:]))
        for own, cumulants, moments, counts in self._levels:
            value = means[own]
            if counts.size:
                times = counts.reshape(*counts.shape, *(1,) * (means.ndim - 1))
                value = value - jnp.sum(times * lower[cumulants] * means[moments], axis=1)
            lower = jnp.concatenate([lower, value])
        return lower[-1]
