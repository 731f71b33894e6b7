"""Averages of powers of the field over a space."""

from typing import Protocol

from jaxtyping import Array, Shaped

from nnft_ppl.observables.observable import Field, Observable


class Averaging(Protocol):
    """What is averaged over, such as a `nnft_ppl.spaces.Space`."""

    def evaluate(self, field: Field, /) -> Shaped[Array, "..."]:
        """Values of the field on a grid."""
        ...

    def average(self, values: Shaped[Array, "..."], /) -> Shaped[Array, "..."]:
        """The average of such values over the region."""
        ...


def box_average(space: Averaging, power: int) -> Observable:
    r"""Average of a power of the field over a space: $V^{-1} \int d^dx\, \phi(x)^p$, by the space's quadrature.

    Args:
        space: The space; its grid must resolve the power.
        power: The exponent p.

    Returns:
        Observable of the shape of the field's components, in units of the field to the power p.
    """
    return Observable(lambda phi: space.average(space.evaluate(phi) ** power))


def mean_squared(space: Averaging) -> Observable:
    r"""Square of the average field, $\bar\phi^2$ with $\bar\phi = V^{-1} \int d^dx\, \phi(x)$.

    Args:
        space: The space that is averaged over.

    Returns:
        Observable of the shape of the field's components, in units of field squared.
    """
    return Observable(lambda phi: space.average(space.evaluate(phi)) ** 2)
