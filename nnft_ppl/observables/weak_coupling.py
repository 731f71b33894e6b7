r"""What the connected functions of lower order make of a product of four or six fields in a weakly coupled even theory.

$$\langle\phi_1\cdots\phi_6\rangle = \sum_{15} G_2G_2G_2 + \sum_{15} G_2G_4 + G_6, \qquad
\langle\phi_1\cdots\phi_4\rangle = \sum_3 G_2G_2 + G_4,$$

for a network of N neurons sums of orders 1, 1/N and 1/N². The first is Wick's theorem, the first two are the prediction
of the action with a quartic vertex. Source: moments and cumulants; docs/theory/expansion.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jax.numpy as jnp
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

        def moment(places: Sequence[int]) -> Array:
            return stored[self.moments.index(tuple(sorted(self.product[place] for place in places)))]

        def connected(places: Sequence[int]) -> Array:
            if len(places) == 2:
                return moment(places)
            return moment(places) - sum(moment(one) * moment(other) for one, other in partitions(places, [2]))

        def summed(sizes: Sequence[int]) -> Array:
            total = jnp.zeros(stored.shape[1:], stored.dtype)
            for blocks in partitions(range(len(self.product)), sizes):
                term = jnp.ones_like(total)
                for block in blocks:
                    term = term * connected(block)
                total = total + term
            return total

        measured, gaussian, quartic = moment(range(len(self.product))), summed([2]), summed([2, 4])
        left = [(measured - one) / gaussian for one in (gaussian, quartic)]
        return jnp.stack([measured, gaussian, quartic, *left])
