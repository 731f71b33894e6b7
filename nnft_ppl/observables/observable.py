r"""Functionals of one draw: n-point functions, box averages, moments, and functions of the parameters.

An observable is a function of the field that one draw of the parameters gives (and of the parameters, where it asks
for them), together with the names of its dimensions. Its average over draws is a correlator; averages and their errors
are `nnft_ppl.statistics.estimate`.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field as dataclass_field, replace
from typing import Any, Protocol

import jax.numpy as jnp
from jaxtyping import Array, Float

from nnft_ppl.observables.insertion import Insertion
from nnft_ppl.observables.labels import Coordinates

Field = Callable[[Float[Array, "dim"]], Array]


class Draw(Protocol):
    """One draw of a theory, such as a `nnft_ppl.theory.Reading`."""

    @property
    def returned(self) -> Any:
        """What the model returned: its field, or a tuple or dict of fields."""

    @property
    def values(self) -> Mapping[str, Array]:
        """The parameters θ by stored name."""
        ...


@dataclass(frozen=True)
class Observable:
    """A functional of one draw with labelled dimensions.

    Example:
        >>> at_origin = Observable(lambda phi: phi(jnp.zeros(1)) ** 2)
        >>> float(at_origin(lambda x: 3.0 + x[0]))
        9.0
        >>> norm = Observable(lambda phi, parameters: jnp.sum(parameters["weight"] ** 2))
        >>> float(norm(lambda x: x, {"weight": jnp.array([3.0, 4.0])}))
        25.0
    """

    function: Callable[..., Array]
    """Takes what the model returns (a field, or the tuple or dict of fields), and, if it has two positional parameters
    without default, the parameters θ by stored name as the second; gives an array."""
    dims: tuple[str, ...] = ()
    """Names of the array's dimensions; names are shared between observables only where sizes are the same."""
    coords: Mapping[str, Coordinates] = dataclass_field(default_factory=dict)
    """Coordinates along some of the dimensions, numbers or texts, stored and printed with the result."""
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

    def __call__(self, fields: Any, parameters: Mapping[str, Array] | None = None) -> Array:
        """The observable's value on one draw.

        Args:
            fields: What the model returns: a field, or a tuple or dict of fields.
            parameters: The parameters θ by stored name, for a function that reads them.

        Returns:
            An array of the observable's shape; whole numbers and truth values come as floats, as all that is averaged.

        Raises:
            TypeError: If it reads the parameters and there are none.
        """
        value = jnp.asarray(evaluate(self.function, fields, parameters))
        return value if jnp.iscomplexobj(value) else value.astype(jnp.result_type(float))

    def on(self, draw: Draw) -> Array:
        """The observable's value on one draw, with all that there is of it: what whoever measures calls.

        Args:
            draw: The fields and the parameters, a `nnft_ppl.theory.Reading`.

        Returns:
            An array of the observable's shape.
        """
        return self(draw.returned, draw.values)

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


def evaluate(function: Callable[..., Any], fields: Any, parameters: Mapping[str, Array] | None) -> Any:
    """What a functional of one draw gives: φ -> f(φ), or (φ, θ) -> f(φ, θ) where it has two positional parameters.

    Args:
        function: The functional.
        fields: What the model returned.
        parameters: The parameters θ by stored name, of the sites' shapes; None where they are not known.

    Raises:
        TypeError: If it reads the parameters and there are none.
    """
    if not reads_parameters(function):
        return function(fields)
    if parameters is None:
        raise TypeError("it reads the parameters, too: call it with (fields, parameters), or on a draw, `on(reading)`")
    return function(fields, parameters)


def reads_parameters(function: Callable[..., Any]) -> bool:
    """Whether a functional has two positional parameters without default: the fields, and the parameters θ.

    Args:
        function: The functional.
    """
    try:
        given = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # some of C's have no signature
        return False
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(one.kind in positional and one.default is inspect.Parameter.empty for one in given) == 2


def hidden_names(observables: Mapping[str, Observable]) -> set[str]:
    """Names of those that no table and no figure shows.

    Args:
        observables: By name.
    """
    return {name for name, one in observables.items() if one.hidden}
