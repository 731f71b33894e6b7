"""Statements that hold exactly on every draw: conserved energies, outputs that a redundancy does not change."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import jax.numpy as jnp
from jaxtyping import Array, Float

from nnft_ppl.observables.labels import Coordinates, Dims
from nnft_ppl.observables.observable import Draw, evaluate


@dataclass(frozen=True, eq=False)
class Invariant:
    """A deviation that is zero on every draw, |d(φ, θ)| ≤ tolerance; it is judged by its largest value, not its mean.

    An average of something that should vanish hides a draw on which it does not; the check `invariants` of a run looks
    at some hundred draws, one by one, and fails by name and place.

    Example:
        >>> odd = Invariant(lambda phi: phi(jnp.ones(1)) + phi(-jnp.ones(1)), tolerance=1e-12)

    Raises:
        ValueError: If the tolerance is not a number ≥ 0.

    Source: derived here.
    """

    function: Callable[..., Array]
    """Takes what the model returns (and the parameters θ, as for `Observable`) and gives the deviation, any shape; a
    relative one, where it is divided by a scale."""
    tolerance: float
    """The largest modulus that rounding explains, in units of the deviation."""
    dims: Dims = ()
    """Names of the array's dimensions."""
    coords: Mapping[str, Coordinates] = field(default_factory=dict)
    """Coordinate values along some of them: they say where it deviates."""
    units: Mapping[str, str] = field(default_factory=dict)
    """Units of coordinates by dimension, and of the deviation under the name ""."""

    def __post_init__(self) -> None:
        if not isinstance(self.tolerance, int | float) or not 0 <= self.tolerance < math.inf:
            raise ValueError(f"Invariant: tolerance = {self.tolerance!r}; give a number >= 0, such as 1e-9")

    def on(self, draw: Draw) -> Float[Array, "*shape"]:
        """The modulus of the deviation on one draw.

        Args:
            draw: The fields and the parameters, a `nnft_ppl.theory.Reading`.

        Returns:
            An array ≥ 0 of the deviation's shape.
        """
        deviation = jnp.asarray(evaluate(self.function, draw.returned, draw.values))
        return jnp.abs(deviation).astype(jnp.result_type(float))
