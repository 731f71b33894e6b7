r"""Functionals of one field: n-point functions, box averages, moments.

An observable is a function of the field that one draw of the parameters gives, together with the names of its
dimensions. Its average over draws is a correlator; averaging and errors live in `nnft_ppl.estimates`.

Source: derived here (definitions). Correlators are disconnected: nothing is subtracted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field as dataclass_field, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.fields import FourierSeries
from nnft_ppl.spaces import Box, Circle

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
    points: np.ndarray | None = None
    """Of a product of the field at points: the points, shape (*value's shape, number of factors, dim); else None."""

    units: Mapping[str, str] = dataclass_field(default_factory=dict)
    """Units of coordinates by dimension, and of the value under the name ""; "1" where there is none."""

    def __call__(self, fields: Any) -> Array:
        """The observable's value on one draw.

        Args:
            fields: What the model returns: a field, or a tuple or dict of fields.

        Returns:
            An array of the observable's shape.
        """
        return jnp.asarray(self.function(fields))

    def in_units(self, value: str, **coords: str) -> "Observable":
        """The same observable with its units stated; they are stored with the result and label axes.

        Args:
            value: Unit of the value, such as `mass^2`; `1` for a pure number.
            coords: Unit of the coordinate along each dimension, such as `separation="1/mass"`.

        Example:
            >>> two_point([0.0, 1.0]).in_units("1/mass", separation="1/mass").units
            {'': '1/mass', 'separation': '1/mass'}
        """
        return replace(self, units={"": value, **coords})


def two_point(separation: Sequence[float], dim: int = 1, centre: Sequence[float] | float = 0.0) -> Observable:
    r"""Two-point function of symmetric pairs on the first axis.

    $$G(r) = \langle \phi(x_c - r e_1/2)\, \phi(x_c + r e_1/2) \rangle$$

    Disconnected; no average over positions.

    Args:
        separation: Distances r, in units of length (inverse mass).
        dim: Dimension of the points.
        centre: Centre x_c of the pairs: one number for every axis, or one per axis.

    Returns:
        Observable with dimension `separation`, in units of field squared.
    """
    separations = np.asarray(separation, dtype=float)
    offset = separations[:, None] / 2 * np.eye(dim)[0]
    middle = np.broadcast_to(np.asarray(centre, dtype=float), (dim,))
    pairs = np.stack([middle - offset, middle + offset], axis=1)
    return n_point(pairs, ("separation",), {"separation": tuple(separations.tolist())})


def n_point(
    points: Float[ArrayLike, "*shape factor dim"],
    dims: tuple[str, ...] = (),
    coords: Mapping[str, Sequence[float]] | None = None,
) -> Observable:
    r"""Product of the field at given points, $\langle \phi(x_1) \cdots \phi(x_n) \rangle$, disconnected.

    It keeps its points, so that its average over Gaussian amplitudes can be taken by hand
    (`nnft_ppl.identities.improved`). A connected function is a `Derived` quantity of several of these.

    Args:
        points: One set of n points for every entry of the value.
        dims: Names of the value's dimensions.
        coords: Coordinate values along some of them.

    Returns:
        Observable of shape `shape` (and the field's own components, each to itself), in units of the field to the power
        n.

    Raises:
        ValueError: If the points have fewer than two axes, or are not finite.
    """
    places = np.asarray(points, dtype=float)
    if places.ndim < 2 or not np.all(np.isfinite(places)):
        raise ValueError(f"points have shape {places.shape}; give finite ones of shape (*shape, factor, dim)")

    def product(phi: Field) -> Array:
        values = jax.vmap(phi)(jnp.asarray(places.reshape(-1, places.shape[-1])))
        return jnp.prod(values.reshape(*places.shape[:-1], *values.shape[1:]), axis=places.ndim - 2)

    return Observable(product, dims, dict(coords or {}), places)


def circle_two_point(separation: Sequence[float]) -> Observable:
    r"""Two-point function of a `FourierSeries`, averaged exactly over the circle.

    $$G(t) = \frac1T \int_0^T ds\, \langle \phi(s)\, \phi(s+t) \rangle$$

    computed from the mode sums, so that no separation has to fall on a grid.

    Args:
        separation: Distances t along the circle, in units of length.

    Returns:
        Observable with dimension `separation`, in units of field squared.
    """
    separations = np.asarray(separation, dtype=float)

    def average(phi: FourierSeries) -> Array:
        return phi.translation_average(separations)

    return Observable(average, ("separation",), {"separation": tuple(separations.tolist())})


def box_average(space: Box | Circle, power: int) -> Observable:
    r"""Average of a power of the field over a space: $V^{-1} \int d^dx\, \phi(x)^p$, by the space's quadrature.

    Args:
        space: The space; its grid must resolve the power.
        power: The exponent p.

    Returns:
        Observable of the shape of the field's components, in units of the field to the power p.
    """
    return Observable(lambda phi: space.average(space.evaluate(phi) ** power))


def mean_squared(space: Box | Circle) -> Observable:
    r"""Square of the average field, $\bar\phi^2$ with $\bar\phi = V^{-1} \int d^dx\, \phi(x)$.

    Args:
        space: The space that is averaged over.

    Returns:
        Observable of the shape of the field's components, in units of field squared.
    """
    return Observable(lambda phi: space.average(space.evaluate(phi)) ** 2)


def default_observables(
    names: tuple | None, dim: int, centre: Sequence[float] | float = 0.0, side: float | None = None
) -> dict[str, Observable]:
    r"""What is measured for a model file that names no observables.

    `phi_squared` = φ(x_c)² at the centre (the origin without a space) and `two_point` at the separations
    0, ½, 1, 2 (capped at half the side). A tuple or dict of fields gets one of each per field, `two_point.NAME`.

    Args:
        names: Keys of the fields in the dict or tuple that the model returns; None where it returns one field.
        dim: Dimension of the points.
        centre: Centre of the space.
        side: Side of the space, None for an unbounded one.
    """
    separations = sorted({min(r, side / 2 if side else r) for r in (0.0, 0.5, 1.0, 2.0)})
    pairs = two_point(separations, dim, centre)
    point = np.broadcast_to(np.asarray(centre, dtype=float), (dim,))

    def for_field(select: Callable[[Any], Field], suffix: str) -> dict[str, Observable]:
        return {
            f"phi_squared{suffix}": Observable(lambda fields: select(fields)(jnp.asarray(point)) ** 2),
            f"two_point{suffix}": replace(pairs, function=lambda fields: pairs(select(fields))),
        }

    if names is None:
        return for_field(lambda phi: phi, "")
    every = [for_field(lambda fields, name=name: fields[name], f".{str(name).lower()}") for name in names]
    return {name: observable for one in every for name, observable in one.items()}
