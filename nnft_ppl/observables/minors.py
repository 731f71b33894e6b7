r"""Correlators of fermions: determinants and Pfaffians of a kernel of two points.

A bilocal field is any callable S(x, y), such as `nnft_ppl.fields.Bilocal`: the propagator of a fermionic network at
fixed features, where its Grassmann weights are integrated out. By Wick's theorem for Grassmann variables every
correlator at fixed features is a determinant (of ψ and ψ̄) or a Pfaffian (of Majorana fermions) of its values; the
average over features is that of any observable.

Source: Berezin's integrals; derived in docs/theory/fermions.md.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Inexact

from nnft_ppl.arguments import require_finite
from nnft_ppl.observables.labels import Coordinates
from nnft_ppl.observables.observable import Observable
from nnft_ppl.observables.readings import chosen

Spinors = Sequence[int] | None
"""Which component of the spinor each point has; None where there are none."""


def determinant(
    x: Float[ArrayLike, "*shape n dim"],
    y: Float[ArrayLike, "*shape n dim"],
    dims: tuple[str, ...] = (),
    coords: Mapping[str, Coordinates] | None = None,
    *,
    rows: Spinors = None,
    columns: Spinors = None,
    field: str | int | None = None,
) -> Observable:
    r"""A correlator of fermions, $\langle\psi(x_1)\bar\psi(y_1)\cdots\psi(x_n)\bar\psi(y_n)\rangle = \det S(x_i, y_j)$.

    With spinors it is $\det S_{a_i b_j}(x_i, y_j)$, a minor of the propagator between all points and components.

    Args:
        x: Points of ψ, one set of n for every entry of the value, in units of length.
        y: Points of ψ̄, as many.
        dims: Names of the value's dimensions.
        coords: Coordinate values along some of them.
        rows: Components a_i of ψ, n whole numbers; None where S is a number.
        columns: Components b_j of ψ̄, n whole numbers.
        field: Which field, where the model returns several.

    Returns:
        Observable of shape `shape`, in units of S to the power n; complex if S is.

    Raises:
        TypeError: If the points are not real numbers; when measured, if the field takes one point alone.
        ValueError: If there are not as many ψ as ψ̄, or not as many components as points; when measured, if components
            do not fit the field.

    Example:
        >>> slater = determinant([[0.0], [1.0]], [[0.5], [1.5]])
        >>> round(float(slater(lambda x, y: jnp.exp(-((x[0] - y[0]) ** 2) / 2))), 7)
        0.492296
    """
    first, second = (_points("determinant", name, one) for name, one in (("x", x), ("y", y)))
    if first.shape != second.shape:
        raise ValueError(
            f"determinant: x has shape {first.shape} and y {second.shape}; give as many points of ψ̄ as of ψ, both of "
            "shape (*shape, n, dim): a correlator of unequal numbers is zero"
        )
    number = first.shape[-2]
    if (rows is None) != (columns is None):
        raise ValueError("determinant: of rows and columns one alone is given; give both, or none where S is a number")
    for name, components in (("rows", rows), ("columns", columns)):
        if components is not None and len(components) != number:
            raise ValueError(f"determinant: {name} = {components!r}; give {number} components, one for each point")

    def value(fields: Any) -> Array:
        kernel = _bilocal("determinant", chosen(fields, field))
        return _each(lambda x, y: jnp.linalg.det(_values("determinant", kernel, x, y, rows, columns)), first, second)

    return Observable(value, dims, dict(coords or {}))


def pfaffian(
    x: Float[ArrayLike, "*shape n dim"],
    dims: tuple[str, ...] = (),
    coords: Mapping[str, Coordinates] | None = None,
    *,
    components: Spinors = None,
    field: str | int | None = None,
) -> Observable:
    r"""A correlator of Majorana fermions, $\langle\psi(x_1)\cdots\psi(x_n)\rangle = \operatorname{Pf} A(x_i, x_j)$.

    For even n. $A(x, y)$ is the antisymmetric part $\frac12[S(x, y) - S(y, x)]$ of the field; with spinors components
    change places, too.

    Args:
        x: One set of n points for every entry of the value, in units of length.
        dims: Names of the value's dimensions.
        coords: Coordinate values along some of them.
        components: Components of the spinors, n whole numbers; None where S is a number.
        field: Which field, where the model returns several.

    Returns:
        Observable of shape `shape`, in units of S to the power n/2; complex if S is.

    Raises:
        TypeError: If the points are not real numbers; when measured, if the field takes one point alone.
        ValueError: If the number of points is odd, or not that of the components; when measured, if components do not
            fit the field.

    Example:
        >>> four = pfaffian([[0.0], [1.0], [2.0], [3.0]])
        >>> round(float(four(lambda x, y: x[0] - y[0])), 6)
        0.0
    """
    places = _points("pfaffian", "x", x)
    number = places.shape[-2]
    if number % 2:
        raise ValueError(
            f"pfaffian: x has shape {places.shape}, {number} points; give an even number: a correlator of an odd "
            "number of fermions is zero"
        )
    if components is not None and len(components) != number:
        raise ValueError(f"pfaffian: components = {components!r}; give {number}, one for each point")

    def value(fields: Any) -> Array:
        kernel = _bilocal("pfaffian", chosen(fields, field))

        def one(x: Array, _: Array) -> Array:
            values = _values("pfaffian", kernel, x, x, components, components)
            return pfaffian_of((values - values.T) / 2)

        return _each(one, places, places)

    return Observable(value, dims, dict(coords or {}))


def pfaffian_of(matrix: Inexact[Array, "n n"]) -> Inexact[Array, ""]:
    """The Pfaffian of an antisymmetric matrix of even size, by elimination of two rows at a time with pivots.

    Args:
        matrix: A, of which only what stands above the diagonal is read at the end.

    Source: Parlett and Reid's elimination; Pf A = a Pf(D − (r⊗s − s⊗r)/a) for A with first rows (0, a, r) and
    (−a, 0, s), and D behind them.
    """
    if len(matrix) == 2:
        return matrix[0, 1]
    pivot = jnp.argmax(jnp.abs(matrix[0, 1:]))
    order = jnp.arange(len(matrix) - 1).at[0].set(pivot).at[pivot].set(0)
    row, behind = matrix[0, 1:][order], matrix[1:, 1:][order][:, order]
    head = row[0]
    # A row of zeros makes the Pfaffian zero, whatever the rest.
    moved = jnp.outer(row[1:], behind[0, 1:]) / jnp.where(head == 0, 1, head)
    return jnp.where(pivot == 0, head, -head) * pfaffian_of(behind[1:, 1:] - moved + moved.T)


def _points(owner: str, name: str, points: Any) -> np.ndarray:
    places = require_finite(owner, name, points)
    if places.ndim < 2 or not places.shape[-1] or not places.shape[-2]:
        raise ValueError(f"{owner}: {name} has shape {places.shape}; give (*shape, n, dim), in d = 1 with dim = 1")
    return places


def _values(owner: str, field: Callable[..., Array], x: Array, y: Array, rows: Spinors, columns: Spinors) -> Array:
    """S_ab(x_i, y_j) with the components a_i and b_j, shape (n, n), whole numbers as floats."""
    values = jax.vmap(lambda x: jax.vmap(lambda y: jnp.asarray(field(x, y)))(y))(x)
    components = values.shape[2:]
    if rows is not None and columns is not None:
        if len(components) != 2 or not (_within(rows, components[0]) and _within(columns, components[1])):
            raise ValueError(f"{owner}: there are no components {rows!r}, {columns!r} of S(x, y) of shape {components}")
        number = np.arange(len(rows))
        values = values[number[:, None], number, np.asarray(rows)[:, None], np.asarray(columns)]
    elif components:
        raise ValueError(f"{owner}: S(x, y) has shape {components}; say which component each point has")
    return values if jnp.iscomplexobj(values) else values.astype(jnp.result_type(float))


def _within(components: Sequence[int], size: int) -> bool:
    return all(0 <= one < size for one in components)


def _bilocal(owner: str, field: Callable[..., Array]) -> Callable[..., Array]:
    """The field, if it takes two points."""
    try:
        inspect.signature(field).bind(None, None)
    except TypeError as error:
        raise TypeError(
            f"{owner}: the field takes one point; it wants a kernel S(x, y), such as nnft_ppl.fields.Bilocal"
        ) from error
    return field


def _each(function: Callable[..., Array], x: np.ndarray, y: np.ndarray) -> Array:
    """A function of n points and n points, for every set of them."""
    shape = x.shape[:-2]
    sets = (jnp.asarray(one.reshape(-1, *one.shape[-2:])) for one in (x, y))
    return jax.vmap(function)(*sets).reshape(shape)
