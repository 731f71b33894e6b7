"""Averages of powers of the field over a space."""

from nnft_ppl.observables.observable import Observable
from nnft_ppl.spaces import Space


def box_average(space: Space, power: int) -> Observable:
    r"""Average of a power of the field over a space: $V^{-1} \int d^dx\, \phi(x)^p$, by the space's quadrature.

    Args:
        space: The space; its grid must resolve the power.
        power: The exponent p.

    Returns:
        Observable of the shape of the field's components, in units of the field to the power p.
    """
    return Observable(lambda phi: space.average(space.evaluate(phi) ** power))


def mean_squared(space: Space) -> Observable:
    r"""Square of the average field, $\bar\phi^2$ with $\bar\phi = V^{-1} \int d^dx\, \phi(x)$.

    Args:
        space: The space that is averaged over.

    Returns:
        Observable of the shape of the field's components, in units of field squared.
    """
    return Observable(lambda phi: space.average(space.evaluate(phi)) ** 2)
