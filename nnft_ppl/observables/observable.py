r"""Functionals of one field: n-point functions, box averages, moments.

An observable is a function of the field that one draw of the parameters gives, together with the names of its
dimensions. Its average over draws is a correlator; averages and their errors are `nnft_ppl.statistics.estimate`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field as dataclass_field, replace
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from nnft_ppl.observables.insertion import Insertion

Field = Callable[[Float[Array, "dim"]], Array]


@dataclass(frozen=True)
class Observable:
    """A functional of one field with labelled dimensions.

    Example:
        >>> at_origin = Observable(lambda phi: phi(jnp.zeros(1)) ** 2)
        >>> float(at_origin(lambda x: 3.0 + x[0]))
        9.0
    """

    function: Callable[[Any], Array]
    """Takes what the model returns (a field, or the tuple or dict of fields) and gives an array."""
    dims: tuple[str, ...] = ()
    """Names of the array's dimensions; names are shared between observables only where sizes are the same."""
    coords: Mapping[str, Sequence[float]] = dataclass_field(default_factory=dict)
    """Coordinate values along some of the dimensions, stored and printed with the result."""
    factors: tuple[Insertion, ...] | None = None
    """Of a product of linear functionals: these, so that it can be improved; else None."""
    units: Mapping[str, str] = dataclass_field(default_factory=dict)
    """Units of coordinates by dimension, and of the value under the name ""; "1" where there is none."""
    hidden: bool = False
    """Whether it is measured for what is computed from it alone, and left out of tables and figures."""

    def __post_init__(self) -> None:
        """Refuse factors that are points, which they once were."""
        if self.factors is not None and not (
            isinstance(self.factors, tuple) and all(isinstance(one, Insertion) for one in self.factors)
        ):
            raise TypeError(
                "Observable: factors are a tuple of insertions; a product of the field at points is n_point(points), "
                "and of anything else product(at(x), derivative(x, 0), ...)"
            )

    @property
    def insertions(self) -> tuple[Insertion, ...]:
        """All linear functionals that it is made of, as far as it says so."""
        return self.factors or ()

    def __call__(self, fields: Any) -> Array:
        """The observable's value on one draw.

        Args:
            fields: What the model returns: a field, or a tuple or dict of fields.

        Returns:
            An array of the observable's shape; whole numbers and truth values come as floats, as all that is averaged.
        """
        value = jnp.asarray(self.function(fields))
        return value if jnp.iscomplexobj(value) else value.astype(jnp.result_type(float))

    def in_units(self, value: str, **coords: str) -> "Observable":
        """The same observable with its units stated; they are stored with the result and label axes.

        Args:
            value: Unit of the value, such as `mass^2`; `1` for a pure number.
            coords: Unit of the coordinate along each dimension, such as `separation="1/mass"`.

        Example:
            >>> at_origin = Observable(lambda phi: phi(jnp.zeros(1)) ** 2)
            >>> at_origin.in_units("1/mass").units
            {'': '1/mass'}
        """
        return replace(self, units={"": value, **coords})


def hidden_names(observables: Mapping[str, Observable]) -> set[str]:
    """Names of those that no table and no figure shows.

    Args:
        observables: By name.
    """
    return {name for name, one in observables.items() if one.hidden}
