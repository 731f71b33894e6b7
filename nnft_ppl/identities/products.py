"""The products that an observable is made of: their factors as linear functions of the amplitudes, each one once."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Array

from nnft_ppl.identities.contractions import contract, pairs_of
from nnft_ppl.identities.features import Features, inner_products
from nnft_ppl.observables import Moment, Moments, Observable


@dataclass(frozen=True)
class Products:
    """A product of insertions, or several of the same ones."""

    observable: Observable
    values: Array
    """Of all that occurs in its insertions, shape (row,)."""
    features: Array
    """h of the same, shape (row, amplitude)."""
    rows: np.ndarray
    """Which of them every factor is, shape (factor, *shape): equal factors are one."""
    moments: tuple[Moment, ...]
    """The products, by the numbers of their factors."""

    @classmethod
    def of(cls, observable: Observable, linear: Features) -> "Products":
        """Those of an observable.

        Args:
            observable: One that names its factors.
            linear: Its insertions on one draw.
        """
        (values, features), which = linear.table(observable.insertions)
        factors = list({rows.tobytes(): rows for rows in which}.values())
        number = {rows.tobytes(): at for at, rows in enumerate(factors)}
        own = [number[rows.tobytes()] for rows in which]
        moments = observable.moments if isinstance(observable, Moments) else (tuple(range(len(which))),)
        products = tuple(tuple(sorted(own[one] for one in moment)) for moment in moments)
        return cls(observable, values, features, np.stack(factors), products)

    def contracted(self, values: Array, source: Array, features: Array) -> Array:
        """The observable, from products of which each is averaged over the amplitudes by `contract`.

        Args:
            values: φ_k of every row, shape (row,).
            source: σ_k, of the same shape.
            features: h of which K is made, shape (row, amplitude).
        """
        pairs = inner_products(features, self.rows, np.array(pairs_of(self.moments), int).reshape(-1, 2))
        found = contract(self.moments, values[self.rows], source[self.rows], pairs)
        return self.observable.averaged(found) if isinstance(self.observable, Moments) else found[0]
