"""Averages over a space of powers of the field, and over positions of products of insertions."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import jax.numpy as jnp
from jaxtyping import Array, Shaped

from nnft_ppl.observables.connected import Moments
from nnft_ppl.observables.insertion import Insertion, require_insertions
from nnft_ppl.observables.labels import Coordinates
from nnft_ppl.observables.observable import Field, Observable
from nnft_ppl.observables.readings import factors_of


class Averaging(Protocol):
    """What is averaged over, such as a `nnft_ppl.spaces.Space`."""

    def evaluate(self, field: Field, /) -> Shaped[Array, "..."]:
        """Values of the field on a grid."""
        ...

    def average(self, values: Shaped[Array, "..."], /) -> Shaped[Array, "..."]:
        """The average of such values over the region."""
        ...


@dataclass(frozen=True)
class PowerAverage(Observable):
    """A power of the field averaged over a space."""

    space: Averaging | None = None
    """Over which."""
    power: int = 1
    """The exponent."""


def box_average(space: Averaging, power: int) -> PowerAverage:
    r"""Average of a power of the field over a space: $V^{-1} \int d^dx\, \phi(x)^p$, by the space's quadrature.

    Args:
        space: The space; its grid must resolve the power.
        power: The exponent p.

    Returns:
        Observable of the shape of the field's components, in units of the field to the power p.
    """
    return PowerAverage(lambda phi: space.average(space.evaluate(phi) ** power), space=space, power=power)


@dataclass(frozen=True)
class Averaged(Moments):
    """A product of insertions averaged over the first axis of their shape: over positions of the whole of it."""

    def averaged(self, found: Array) -> Array:
        """The average, of the shape of the observable.

        Args:
            found: The product, shape (1, position, *shape).
        """
        return jnp.mean(found[0], axis=0)


def averaged(
    *insertions: Insertion, dims: tuple[str, ...] = (), coords: Mapping[str, Coordinates] | None = None
) -> Observable:
    r"""Average over positions of a product of insertions, $n^{-1} \sum_{k=1}^n L_{1k}[\phi] \cdots L_{mk}[\phi]$.

    As with `product`, the average over Gaussian amplitudes can be taken by hand.

    Args:
        insertions: The factors, whose shapes broadcast to (position, *shape).
        dims: Names of the value's dimensions.
        coords: Coordinate values along some of them.

    Returns:
        Observable of that shape without its first axis, in units of the product.

    Raises:
        TypeError: If there is none, or one is no insertion.
        ValueError: If the shapes do not broadcast, or there is no axis to average over.

    Example:
        >>> from nnft_ppl.observables import at
        >>> squared = averaged(at([[1.0], [3.0]]), at([[1.0], [3.0]]))
        >>> float(squared(lambda x: x[0]))
        5.0
    """
    require_insertions("averaged", insertions)
    if all(one.shape == () for one in insertions):
        raise ValueError("averaged: no insertion has an axis to average over; give points of shape (position, dim)")

    def value(fields: Any) -> Array:
        return jnp.mean(functools.reduce(jnp.multiply, factors_of(insertions, fields)), axis=0)

    return Averaged(value, dims, dict(coords or {}), insertions, moments=(tuple(range(len(insertions))),))
