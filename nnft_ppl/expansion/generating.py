"""The generating functional of connected functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.arguments import require_finite
from nnft_ppl.observables import Derived, Exponential, smeared

Coordinates = tuple[Any, ...]


def generating_functional(
    points: Float[ArrayLike, "point dim"],
    sources: Float[ArrayLike, "*shape point"],
    dims: tuple[str, ...] = (),
    coords: Mapping[str, Coordinates] | None = None,
    *,
    field: str | int | None = None,
    component: int | None = None,
) -> Derived:
    r"""$W[J] = \ln\langle e^{\sum_a J_a \phi(x_a)} \rangle$, whose derivatives at J = 0 are the connected functions.

    For N independent neurons it is $N \ln \mathbb E\, e^{J\cdot\Phi/\sqrt N}$. Where the field is linear in Gaussian
    amplitudes on which the action does not depend, the average over those is taken by hand, $e^{J T J/2}$ with the
    conditional covariance T. The average may not exist for large sources (for a ReLU network beyond
    $|J \phi| \sim \sqrt N$), which the verdict on tails then says.

    Args:
        points: The x_a, shape (point, dim).
        sources: J_a, shape (*shape, point), in inverse units of the field.
        dims: Names of the value's dimensions.
        coords: Coordinate values along some of them.
        field: Which field, where the model returns several.
        component: Which component of the field; None where it has one.

    Returns:
        Derived quantity of shape `shape`, a pure number. What it is made of is stored as `NAME.moments`.

    Raises:
        TypeError: If an argument is not real.
        ValueError: If shapes do not fit together, or a number is not finite.

    Source: the cumulant generating function; docs/theory/expansion.md.
    """
    numbers = require_finite("generating_functional", "sources", sources)
    places = require_finite("generating_functional", "points", points)
    if places.ndim != 2 or not numbers.ndim or numbers.shape[-1] != len(places):
        raise ValueError(
            f"generating_functional: sources of shape {numbers.shape} with points of shape {places.shape}; give "
            "(*shape, point) and (point, dim)"
        )
    exponent = smeared(numbers[None], places, field=field, component=component)
    own = Exponential(
        lambda fields: jnp.exp(exponent(fields)), dims, dict(coords or {}), hidden=True, exponent=exponent
    )
    return Derived(LogOfMean(), dims, dict(coords or {}), moments=own)


@dataclass(frozen=True)
class LogOfMean:
    """The logarithm of the mean exponential, compared by what it is: compiled for one it serves all."""

    def __call__(self, means: Mapping[str, Array]) -> Array:
        """W at these means, of the shape of the sources."""
        return jnp.log(means["moments"][0])
