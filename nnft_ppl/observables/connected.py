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
from functools import cached_property, partial
from itertools import combinations
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from nnft_ppl.observables.derived import Derived
from nnft_ppl.observables.insertion import Insertion, require_insertions
from nnft_ppl.observables.labels import Coordinates
from nnft_ppl.observables.observable import Observable
from nnft_ppl.observables.readings import factors_of

MOST = 8
"""Insertions at most: the next order would have four times as many terms."""

Moment = tuple[int, ...]
"""A product of factors by their numbers, in order; one may occur more than once."""


@dataclass(frozen=True)
class Moments(Observable):
    """Several products ⟨Π_{j ∈ M} L_j⟩ of the same factors, along the first dimension."""

    moments: tuple[Moment, ...] = ()
    """Which factors are multiplied."""
    neglected: tuple[Moment, ...] = ()
    """Products whose averages are stated to vanish, and are factors of all that is left out because of that."""
    over_neurons: bool = False
    """Whether the first axis of the factors is that of neurons that are all alike, over which products are averaged."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Coordinates of the products, such as `0 0 1 1`; of neurons `neuron 0 0 1 1`."""
        kind = "neuron " if self.over_neurons else ""
        return tuple(kind + " ".join(map(str, moment)) for moment in self.moments)

    def averaged(self, found: Array) -> Array:
        """Products as they are stored.

        Args:
            found: Shape (product, *shape of the factors).
        """
        return jnp.mean(found, axis=1) if self.over_neurons else found

    def neglected_on(self, fields: Any) -> Array:
        """The products that should vanish on average on one draw, shape (product, ...).

        Args:
            fields: What the model returns.
        """
        assert self.factors  # it is made of insertions
        return self.averaged(
            products(self.neglected, jnp.stack(jnp.broadcast_arrays(*factors_of(self.factors, fields))))
        )


def connected(
    *insertions: Insertion,
    dims: tuple[str, ...] = (),
    coords: Mapping[str, Coordinates] | None = None,
    even: bool = False,
) -> Derived:
    r"""The connected function of insertions, their joint cumulant $\langle L_1 \cdots L_n \rangle_c$.

    Named among the observables of a model file it brings the moments that it needs, under a name such as
    `four_point.moments`; they are stored with the draws, and shown nowhere.

    Args:
        insertions: Up to 8, whose shapes broadcast (one entry a configuration); equal ones cost nothing more.
        dims: Names of the value's dimensions.
        coords: Coordinate values along some of them.
        even: Whether all moments of odd order are known to vanish by a symmetry φ -> −φ, and are left out. A run's
            check `odd_moments` looks whether they do.

    Returns:
        Derived quantity of the shape to which they broadcast, complex if one of them is.

    Raises:
        TypeError: If there is none, or one is no insertion.
        ValueError: If there are more than 8, shapes do not broadcast, or there is an odd number and `even` is set.

    Example:
        >>> kurtosis = connected(*[Insertion(lambda phi: phi(np.zeros(1)))] * 4, even=True)
        >>> float(kurtosis({"moments": np.array([2.0, 15.0])}))  # of φ² and φ⁴: 15 − 3·2²
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

    own = Moments(
        measured, dims, dict(coords or {}), factors, hidden=True, moments=cumulant.moments, neglected=cumulant.neglected
    )
    return Derived(OfMoments(cumulant), dims, dict(coords or {}), moments=own)


@dataclass(frozen=True)
class OfMoments:
    """A cumulant as a function of {"moments": their means}, compared by which cumulant it is."""

    cumulant: "Cumulant"
    """Which."""

    def __call__(self, means: Mapping[str, Array]) -> Array:
        """The cumulant at these means."""
        return self.cumulant(means["moments"])


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

    @property
    def neglected(self) -> tuple[Moment, ...]:
        """The moments of odd order, one of which is a factor of every product that `even` leaves out.

        Such a product has two factors of odd order at least, of which one has at most half of all insertions.
        """
        orders = range(1, len(self.factors) // 2 + 1, 2) if self.even else ()
        return tuple(sorted({tuple(sorted(part)) for one in orders for part in combinations(self.factors, one)}))

    @cached_property
    def _steps(self) -> tuple[np.ndarray, ...]:
        """One for every cumulant that contains the first factor, by order: its moment, and what is subtracted.

        That is a sum of products of an earlier cumulant, by its number, and a moment, each so many times.
        """
        places = {moment: place for place, moment in enumerate(self.moments)}
        order = [moment for moment in self.moments if moment[0] == 0]
        done = {moment: number for number, moment in enumerate(order)}
        sums = [self._subtracted(moment, done, places) for moment in order]
        longest = max(map(len, sums))
        terms = [[(*pair, times) for pair, times in one.items()] for one in sums]
        terms = [one + [(0, 0, 0)] * (longest - len(one)) for one in terms]
        table = np.array(terms, int).reshape(len(order), longest, 3)
        own = np.array([places[moment] for moment in order])
        return np.arange(len(order)), own, *np.moveaxis(table, -1, 0)

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

    @partial(jax.jit, static_argnums=0)
    def __call__(self, means: Array) -> Array:
        """The cumulant; compiled, for its operations are many and small.

        Args:
            means: Of the moments, shape (moment, *shape).
        """
        means = jnp.asarray(means)
        number, own, cumulants, moments, times = self._steps

        def step(lower: Array, one: tuple[Array, ...]) -> tuple[Array, None]:
            number, own, cumulants, moments, times = one
            subtracted = jnp.tensordot(times.astype(means.dtype), lower[cumulants] * means[moments], 1)
            return lower.at[number].set(means[own] - subtracted), None

        start = jnp.zeros((len(own), *means.shape[1:]), means.dtype)
        found, _ = jax.lax.scan(step, start, tuple(map(jnp.asarray, (number, own, cumulants, moments, times))))
        return found[-1]
