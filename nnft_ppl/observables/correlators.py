r"""Products of insertions, n-point functions among them, and exponentials; disconnected: nothing is subtracted."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from nnft_ppl.arguments import require_finite
from nnft_ppl.observables.averages import Averaging, averaged
from nnft_ppl.observables.insertion import Insertion, require_insertions
from nnft_ppl.observables.insertions import at
from nnft_ppl.observables.labels import Coordinates
from nnft_ppl.observables.observable import Observable
from nnft_ppl.observables.parts import Local, Part
from nnft_ppl.observables.readings import factors_of


@dataclass(frozen=True)
class Exponential(Observable):
    r"""The exponential of an insertion, which is kept, times a product of others, $c\,L_1[\phi] \cdots e^{L[\phi]}$.

    Source: derived in docs/theory/identities.md.
    """

    exponent: Insertion | None = None
    """What is exponentiated."""
    others: tuple[Insertion, ...] = ()
    """By what the exponential is multiplied."""
    scale: Float[np.ndarray, "*shape"] | float = 1.0
    """A constant that it is multiplied by, as normal ordering does."""

    @property
    def insertions(self) -> tuple[Insertion, ...]:
        """The exponent, and the factors of the exponential."""
        return (self.exponent, *self.others) if self.exponent else ()

    def scaled(self, value: Array) -> Array:
        """The exponential, of shape (*shape, *components), times the constant.

        Args:
            value: The exponential.
        """
        scale = np.asarray(self.scale)
        return value * scale.reshape(scale.shape + (1,) * (value.ndim - scale.ndim)) if np.any(scale != 1) else value


def two_point(
    separation: Sequence[float],
    dim: int = 1,
    centre: Sequence[float] | Float[np.ndarray, "dim"] | Float[np.ndarray, "pair dim"] | float = 0.0,
    *,
    field: str | int | None = None,
    component: int | tuple[int, ...] | None = None,
) -> Observable:
    r"""Two-point function of symmetric pairs on the first axis.

    $$G(r) = \langle \phi(x_c - r e_1/2)\, \phi(x_c + r e_1/2) \rangle$$

    Disconnected; averaged over the centres, where several are given: less noise, for more evaluations of the field.

    Args:
        separation: Distances r, in units of length (inverse mass).
        dim: Dimension of the points.
        centre: Centre x_c of the pairs: one number for every axis, one per axis; or those of several pairs, shape
            (pair, dim), such as `nnft_ppl.spaces.Box.bulk`. Where the theory is not invariant under translations (near
            the edges of a box with an action) that is another correlator.
        field: Which field, where the model returns several.
        component: Which component; None for all, each to itself.

    Returns:
        Observable with dimension `separation`, in units of field squared.
    """
    pairs = symmetric_pairs(separation, dim, centre)
    coordinates = {"separation": tuple(np.asarray(separation, dtype=float).tolist())}
    if pairs.ndim == 3:
        return n_point(pairs, ("separation",), coordinates, field=field, component=component)
    ends = (at(pairs[:, :, end], field, component) for end in (0, 1))
    return averaged(*ends, dims=("separation",), coords=coordinates)


def symmetric_pairs(
    separation: Sequence[float],
    dim: int,
    centre: Sequence[float] | Float[np.ndarray, "dim"] | Float[np.ndarray, "pair dim"] | float,
) -> Float[np.ndarray, "*pair separation 2 dim"]:
    """Pairs of points on the first axis, symmetric about a centre, or about several.

    Args:
        separation: Their distances.
        dim: Dimension of the points.
        centre: One number for every axis, one per axis; or several centres, shape (pair, dim).

    Raises:
        TypeError: If the centres are not real numbers.
        ValueError: If they are not finite, or of another shape.
    """
    offset = np.asarray(separation, dtype=float)[:, None] / 2 * np.eye(dim)[0]
    middle = require_finite("two_point", "centre", centre)
    if middle.ndim > 2 or not middle.size or middle.shape[-1:] not in [(), (1,), (dim,)]:
        raise ValueError(
            f"two_point: centre has shape {middle.shape}; give a number, one per axis ({dim},), or several centres, "
            f"(pair, {dim})"
        )
    middle = np.broadcast_to(middle, (*middle.shape[:-1], dim))[..., None, :]
    return np.stack([middle - offset, middle + offset], axis=-2)


def n_point(
    points: Float[ArrayLike, "*shape factor dim"],
    dims: tuple[str, ...] = (),
    coords: Mapping[str, Coordinates] | None = None,
    *,
    field: str | int | None = None,
    component: int | tuple[int, ...] | None = None,
) -> Observable:
    r"""Product of the field at given points, $\langle \phi(x_1) \cdots \phi(x_n) \rangle$, disconnected.

    The `product` of `at(x_1)`, ..., `at(x_n)`.

    Args:
        points: One set of n points for every entry of the value.
        dims: Names of the value's dimensions.
        coords: Coordinate values along some of them.
        field: Which field, where the model returns several.
        component: Which component; None for all, each to itself.

    Returns:
        Observable of shape `shape` (and the field's own components, each to itself), in units of the field to the power
        n.

    Raises:
        TypeError: If the points are not real numbers.
        ValueError: If they have fewer than two axes, or are not finite.
    """
    places = require_finite("n_point", "points", points)
    if places.ndim < 2:
        raise ValueError(f"n_point: points have shape {places.shape}; give shape (*shape, factor, dim)")
    return product(*(at(x, field, component) for x in np.moveaxis(places, -2, 0)), dims=dims, coords=coords)


def product(
    *insertions: Insertion, dims: tuple[str, ...] = (), coords: Mapping[str, Coordinates] | None = None
) -> Observable:
    r"""Product of insertions, $\langle L_1[\phi] \cdots L_n[\phi] \rangle$, disconnected: nothing is subtracted.

    It keeps its factors, so that its average over Gaussian amplitudes can be taken by hand
    (`nnft_ppl.identities.improved`). The connected function is `connected(*insertions)`.

    Args:
        insertions: The factors, whose shapes broadcast; several components broadcast behind the shapes.
        dims: Names of the value's dimensions.
        coords: Coordinate values along some of them.

    Returns:
        Observable of the shape to which they broadcast, in units of the product; complex if one of them is.

    Raises:
        TypeError: If there is none, or one is no insertion.
        ValueError: If the shapes do not broadcast.

    Example:
        >>> nearby = product(at([1.0]), at([2.0]))
        >>> float(nearby(lambda x: 3 * x[0]))
        18.0
    """
    require_insertions("product", insertions)

    def value(fields: Any) -> Array:
        return functools.reduce(jnp.multiply, factors_of(insertions, fields))

    return Observable(value, dims, dict(coords or {}), insertions)


def vertex(
    points: Float[ArrayLike, "*shape charge dim"],
    charges: Float[ArrayLike, "*shape charge"],
    dims: tuple[str, ...] = (),
    coords: Mapping[str, Coordinates] | None = None,
    *,
    times: tuple[Insertion, ...] = (),
    ordering: float = 0.0,
    neutral: bool = False,
    field: str | int | None = None,
    component: int | tuple[int, ...] | None = None,
) -> Observable:
    r"""Product of vertex operators, $\langle L_1[\phi] \cdots L_n[\phi]\, e^{i \sum_j p_j \phi(x_j)} \rangle$, complex.

    Where the field is linear in Gaussian amplitudes on which the action does not depend, the average over those is
    taken by hand, $e^{i \sum_j p_j \phi_0(x_j) - \frac12 \sum_i (\sum_j p_j h_i(x_j))^2}$ with
    $\phi = \phi_0 + \sum_i z_i h_i$; each of the insertions before the exponential is shifted by its
    contraction with the exponent, $L \to L[\phi_0] + i \sum_i L[h_i] \sum_j p_j h_i(x_j)$, and they are paired.

    Args:
        points: Where the charges are, in units of length.
        charges: p_j, in inverse units of the field; neutral if they add up to 0.
        dims: Names of the value's dimensions.
        coords: Coordinate values along some of them.
        times: Insertions that multiply it, such as twice a derivative: the stress tensor of a free field.
        ordering: K(0) of normal ordering, $e^{ip\phi} \to e^{p^2 K(0)/2 + ip\phi}$; 0 leaves operators as they are.
        neutral: Whether charges that do not add up to 0 are refused: of a massless field in two dimensions their
            correlators vanish, or are what an infrared cut-off leaves of them.
        field: Which field, where the model returns several.
        component: Which component; None for all, each to itself.

    Returns:
        Observable of shape `shape` (and the field's components).

    Raises:
        TypeError: If an argument is not real.
        ValueError: If shapes do not fit together, a number is not finite, or charges are not neutral where they must
            be.

    Source: derived in docs/theory/identities.md.
    """
    places, numbers = require_finite("vertex", "points", points), require_finite("vertex", "charges", charges)
    fits = places.ndim > 1 and numbers.ndim and numbers.shape[-1] == places.shape[-2]
    if not fits or np.broadcast_shapes(numbers.shape, places.shape[:-1]) != places.shape[:-1]:
        raise ValueError(
            f"vertex: points of shape {places.shape} with charges of shape {numbers.shape}; give (*shape, charge, dim) "
            "and (*shape, charge), or one (charge,) for all"
        )
    sums = np.sum(numbers, axis=-1)
    if neutral and np.any(np.abs(sums) > 1e-9 * np.max(np.abs(numbers))):
        added = ", ".join(f"{one:g}" for one in np.unique(sums[np.abs(sums) > 1e-9 * np.max(np.abs(numbers))]))
        raise ValueError(
            f"vertex: charges {numbers.tolist()} add up to {added}; of a massless field only neutral "
            "ones have correlators, others vanish with the infrared cut-off: give charges that add up to 0"
        )
    total = 1j * Insertion.of(Part(Local(places, field, component), weights=numbers))
    if times:
        require_insertions("vertex", (total, *times))
    scale = np.exp(ordering * np.sum(np.broadcast_to(numbers, places.shape[:-1]) ** 2, axis=-1) / 2)
    if times:
        require_insertions("vertex", (total, *times))
        scale, times = np.ones(()), (times[0] * scale, *times[1:])

    def value(fields: Any) -> Array:
        if not times:
            return whole.scaled(jnp.exp(total(fields)))
        exponent, *others = factors_of((total, *times), fields)
        return functools.reduce(jnp.multiply, others, jnp.exp(exponent))

    whole = Exponential(value, dims, dict(coords or {}), exponent=total, others=times, scale=scale)
    return whole


def circle_two_point(separation: Sequence[float]) -> Observable:
    r"""Two-point function of a `nnft_ppl.fields.FourierSeries`, averaged exactly over the circle.

    $$G(t) = \frac1T \int_0^T ds\, \langle \phi(s)\, \phi(s+t) \rangle$$

    computed from the mode sums, so that no separation has to fall on a grid.

    Args:
        separation: Distances t along the circle, in units of length.

    Returns:
        Observable with dimension `separation`, in units of field squared.
    """
    separations = np.asarray(separation, dtype=float)

    def average(phi: Any) -> Array:
        return phi.translation_average(separations)

    return Observable(average, ("separation",), {"separation": tuple(separations.tolist())})


def mean_squared(space: Averaging) -> Observable:
    r"""Square of the average field, $\bar\phi^2$ with $\bar\phi = V^{-1} \int d^dx\, \phi(x)$, a product.

    Args:
        space: The space that is averaged over.

    Returns:
        Observable of the shape of the field's components, in units of field squared.
    """
    average = Insertion(lambda phi: space.average(space.evaluate(phi)))
    return product(average, average)
