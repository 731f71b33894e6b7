r"""The kinds of insertions: a field at points, its derivatives, its Fourier modes, and weighted sums and integrals."""

from collections.abc import Callable
from typing import Any, Protocol

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Shaped

from nnft_ppl.arguments import require_finite
from nnft_ppl.observables.insertion import Insertion
from nnft_ppl.observables.parts import Direction, Functional, Local, Part
from nnft_ppl.observables.readings import chosen, component_of


def at(
    x: Float[ArrayLike, "*shape dim"], field: str | int | None = None, component: int | tuple[int, ...] | None = None
) -> Insertion:
    r"""The field at points, $L[\phi] = \phi(x)$.

    Args:
        x: Points, in units of length.
        field: Which field, its key in the dict or position in the tuple that the model returns; None where it is one.
        component: Which component of the field; None for all, which then stand behind the shape, each to itself.

    Returns:
        Insertion of shape `shape`, in units of the field.

    Raises:
        TypeError: If the points are not real numbers.
        ValueError: If a point has no axis, or is not finite.
    """
    return Insertion.of(Part(Local(_points("at", x), field, component)))


def derivative(
    x: Float[ArrayLike, "*shape dim"],
    *axes: int | tuple[complex, ...] | np.ndarray,
    field: str | int | None = None,
    component: int | tuple[int, ...] | None = None,
) -> Insertion:
    r"""A derivative of the field at points, $\partial_{a_1} \cdots \partial_{a_n} \phi(x)$.

    `derivative(x, 0)` is ∂_0 φ, `derivative(x, 0, 1)` ∂_0 ∂_1 φ, and `derivative(x, (0.5, -0.5j))` the complex
    ∂_z = (∂_0 − i ∂_1)/2.

    Args:
        x: Points, in units of length.
        axes: One for every derivative: a coordinate axis, or a vector v of dim numbers for v·∂, real or complex.
        field: As for `at`.
        component: As for `at`.

    Returns:
        Insertion of shape `shape`, in units of the field per length to the power of the number of axes.

    Raises:
        TypeError: If the points are not real numbers, or an axis neither a whole number nor a vector of numbers.
        ValueError: If there is no axis, or one does not fit the points.
    """
    points = _points("derivative", x)
    if not axes:
        raise ValueError("derivative: no axis is given; give derivative(x, 0), or derivative(x, 0, 1) for two")
    directions = tuple(_direction(axis, points.shape[-1]) for axis in axes)
    return Insertion.of(Part(Local(points, field, component, directions)))


class Integrating(Protocol):
    """What is integrated over, such as a `nnft_ppl.spaces.Space`."""

    @property
    def volume(self) -> float:
        """Its volume."""
        ...

    def evaluate(self, field: Callable[[Array], Array], /) -> Shaped[Array, "..."]:
        """Values of the field on a grid."""
        ...

    def integrate(self, values: Shaped[Array, "..."], /) -> Shaped[Array, "..."]:
        """The integral of such values."""
        ...


def smeared(
    weights: Callable[[Array], Array] | Shaped[ArrayLike, "*shape point"],
    points: Float[ArrayLike, "point dim"] | None = None,
    *,
    space: Integrating | None = None,
    field: str | int | None = None,
    component: int | tuple[int, ...] | None = None,
) -> Insertion:
    r"""The field smeared, $\sum_j w_j\, \phi(x_j)$ over points or $\int d^dx\, w(x)\, \phi(x)$ over a space.

    Args:
        weights: w_j, shape (*shape, point), with points; w(x), a function of a point that gives a number, with a space.
        points: x_j.
        space: What is integrated over, by its quadrature; it must resolve the weight times the field. `nnft check`
            looks whether it does, where the space is built inside `observables()`; a run does not.
        field: As for `at`.
        component: As for `at`.

    Returns:
        Insertion of shape `shape` (none over a space).

    Raises:
        TypeError: If weights are of the wrong kind.
        ValueError: If there are both points and a space or neither, or weights do not fit the points.
    """
    if (points is None) == (space is None):
        raise ValueError("smeared: give points, or a space to integrate over")
    if space is not None:
        if not callable(weights):
            raise TypeError("smeared: weights over a space are a function w(x) of one point")
        return _integral(space, weights, (), field, component)
    places = _points("smeared", points)
    if callable(weights):
        raise TypeError("smeared: weights of points are numbers, one for each; a function w(x) needs space=")
    numbers = np.asarray(weights)
    if not np.issubdtype(numbers.dtype, np.number) or not np.all(np.isfinite(numbers)):
        raise TypeError("smeared: weights are not finite numbers")
    if places.ndim != 2 or not numbers.ndim or numbers.shape[-1] != len(places):
        raise ValueError(
            f"smeared: weights of shape {numbers.shape} with points of shape {places.shape}; give (*shape, point) and "
            "(point, dim)"
        )
    return Insertion.of(Part(Local(places, field, component), weights=numbers))


def mode(
    k: Float[ArrayLike, "*shape dim"],
    space: Integrating,
    field: str | int | None = None,
    component: int | tuple[int, ...] | None = None,
) -> Insertion:
    r"""A Fourier mode of the field, $\tilde\phi(k) = V^{-1} \int d^dx\, e^{-i k \cdot x}\, \phi(x)$, complex.

    By the space's quadrature, which is exact on a circle or torus whose grid resolves the field times the wave. There
    φ(x) = Σ_k φ̃(k) exp(i k·x).

    Args:
        k: Momenta, in inverse units of length.
        space: The region.
        field: As for `at`.
        component: As for `at`.

    Returns:
        Insertion of shape `shape`, in units of the field.

    Raises:
        TypeError: If the momenta are not real numbers.
        ValueError: If a momentum has no axis, is not finite, is none of a circle or torus, or is so high that it, with
            the modes that the space states, aliases on the grid.
    """
    momenta = _points("mode", k, "k")
    _refuse_unresolved(momenta, space)

    def wave(x: Array) -> Array:
        return jnp.exp(-1j * jnp.tensordot(momenta, x, axes=(-1, 0))) / space.volume

    return _integral(space, wave, momenta.shape[:-1], field, component)


def _refuse_unresolved(momenta: np.ndarray, space: Any) -> None:
    """Raise `ValueError` for momenta that a uniform grid takes for others."""
    periods = getattr(space, "periods", ())
    for axis, period in enumerate(periods if len(periods) == momenta.shape[-1] else ()):
        if not period:
            continue
        turns = momenta[..., axis] * period / (2 * np.pi)
        if np.any(np.abs(turns - np.round(turns)) > 1e-6):
            raise ValueError(
                f"mode: k = {momenta[..., axis]} along axis {axis} is no momentum of a period of {period:g}; give "
                f"2π/{period:g} times whole numbers"
            )
        highest, modes, points = int(np.max(np.abs(np.round(turns)))), getattr(space, "modes", None), space.shape[axis]
        if highest + (modes or 0) >= points:
            raise ValueError(
                f"mode: the {highest}-th mode of a field with modes up to {modes or 0} aliases on {points} points; "
                "give the space more points"
            )


def _integral(
    space: Integrating,
    weight: Callable[[Array], Array],
    shape: tuple[int, ...],
    field: str | int | None,
    component: int | tuple[int, ...] | None,
) -> Insertion:
    """∫ w φ over a space, with weights of that shape at every point."""

    def integral(fields: Any) -> Array:
        weights, values = space.evaluate(weight), space.evaluate(chosen(fields, field))
        axes = weights.ndim - len(shape)
        values = component_of(values, component, axes)
        grid, components = values.shape[:axes], values.shape[axes:]
        values = values.reshape(*grid, *(1,) * len(shape), *components)
        return space.integrate(weights.reshape(*weights.shape, *(1,) * len(components)) * values)

    return Insertion.of(Part(Functional(integral, shape)))


def _points(owner: str, points: Any, name: str = "x") -> np.ndarray:
    """Points, or momenta, as numbers of shape (*shape, dim)."""
    places = require_finite(owner, name, points)
    if not places.ndim or not places.shape[-1]:
        raise ValueError(f"{owner}: {name} has shape {places.shape}; give one of shape (dim,), or (*shape, dim)")
    return places


def _direction(axis: Any, dim: int) -> Direction:
    """A coordinate axis, or a vector, as a vector."""
    if isinstance(axis, int | np.integer) and not isinstance(axis, bool):
        if not 0 <= axis < dim:
            raise ValueError(f"derivative: axis {axis} of points of shape ({dim},); give 0 to {dim - 1}")
        return tuple(float(axis == one) for one in range(dim))
    vector = np.asarray(axis)
    if not np.issubdtype(vector.dtype, np.number):
        raise TypeError(f"derivative: {axis!r} is no axis; give a whole number, or a vector of {dim} numbers")
    if vector.shape != (dim,) or not np.all(np.isfinite(vector)) or not np.any(vector):
        raise ValueError(
            f"derivative: {axis!r} is no direction of points of shape ({dim},); give {dim} finite numbers, not all 0, "
            "or axes one after the other: derivative(x, 0, 1)"
        )
    return tuple(vector.tolist())
