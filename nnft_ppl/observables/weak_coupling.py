r"""What the connected functions of lower order make of a product of four or six fields in a weakly coupled even theory.

$$\langle\phi_1\cdots\phi_6\rangle = \sum_{15} G_2G_2G_2 + \sum_{15} G_2G_4 + G_6, \qquad
\langle\phi_1\cdots\phi_4\rangle = \sum_3 G_2G_2 + G_4,$$

for a network of N neurons sums of orders 1, 1/N and 1/N². The first is Wick's theorem, the first two are the prediction
of the action with a quartic vertex. Source: moments and cumulants; docs/theory/expansion.md.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from nnft_ppl.observables.derived import Derived
from nnft_ppl.observables.partitions import partitions

WEAK_COUPLING_TERMS = ("measured", "gaussian", "quartic", "beyond gaussian", "beyond quartic")
"""The average of a product, what it would be with two-point functions alone, and with four-point functions, too; and
what each of these leaves, in units of the first."""


def weak_coupling_terms(name: str, labels: Sequence[str]) -> Derived | None:
    r"""The average of a product of fields beside its predictions, from the moments that `connected` stores.

    Args:
        name: Of the stored moments, such as `six_point.moments`.
        labels: Their coordinates, such as `0 1 2 3`.

    Returns:
        Derived quantity whose first axis is `WEAK_COUPLING_TERMS`, shape (5, *shape), the predictions
        $\sum G_2 \cdots G_2$ and $\sum G_2G_4$; None where these are no moments of even order up to four or six.
    """
    if not all(label.replace(" ", "").isdigit() for label in labels):
        return None
    moments = tuple(tuple(map(int, label.split())) for label in labels)
    longest = max(moments, key=len)
    if len(longest) not in (4, 6) or any(len(moment) % 2 for moment in moments):
        return None
    return Derived(_Terms(name, moments, longest))


@dataclass(frozen=True)
class _Terms:
    """The function of `weak_coupling_terms`, compared by what it is made of."""

    name: str
    moments: tuple[tuple[int, ...], ...]
    product: tuple[int, ...]

    def __call__(self, means: Mapping[str, Array]) -> Array:
        stored = means[self.name]
        # One product of moments for each row, padded with ones, and how often it occurs in each of the terms.
        rows, times = self._table
        padded = jnp.concatenate([stored, jnp.ones((1, *stored.shape[1:]), stored.dtype)])
        measured, gaussian, quartic = jnp.tensordot(
            times.astype(stored.dtype), jnp.prod(padded[rows], axis=1), 1, precision="highest"
        )
        left = [(measured - one) / gaussian for one in (gaussian, quartic)]
        return jnp.stack([measured, gaussian, quartic, *left])

    @cached_property
    def _table(self) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of moments, (row, factor), and coefficients, (term, row)."""
        places = range(len(self.product))
        pairings, divisions = list(partitions(places, [2])), list(partitions(places, [2, 4]))
        # With G₄ = m₄ − Σ m₂m₂ a pairing is subtracted once for every way to take two of its pairs together.
        excess = len(self.product) // 2 * (len(self.product) // 2 - 1) // 2 - 1
        sums = [
            Counter([self._row([places])]),
            Counter(map(self._row, pairings)),
            Counter(self._row(one) for one in divisions if len(one) < len(pairings[0])),
        ]
        sums[2].subtract({row: excess * number for row, number in sums[1].items()})
        rows = sorted({row for one in sums for row in one})
        return np.array(rows), np.array([[one[row] for row in rows] for one in sums])

    def _row(self, blocks: Sequence[Sequence[int]]) -> tuple[int, ...]:
        """Which moments are multiplied."""
        found = [self.moments.index(tuple(sorted(self.product[place] for place in block))) for block in blocks]
        return tuple(sorted(found)) + (len(self.moments),) * (len(self.product) // 2 - len(found))
