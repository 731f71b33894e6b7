"""What insertions read off one draw, evaluated together: each field once at every point that occurs.

Source: derived here (bookkeeping).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from nnft_ppl.observables.parts import Direction, Functional, Local, Part, Summed


class Readings(NamedTuple):
    """The values of some insertions on one draw, $L_k = v_{r_k}$: those of the k-th are `values[rows[k]]`."""

    values: Array
    """All that differ, shape (row,)."""
    rows: list[np.ndarray]
    """Where in `values` those of each insertion are: whole numbers of shape (*shape, *components)."""
    axes: list[int]
    """How many of the axes of each are the shape's; components stand behind."""
    real: list[bool]
    """Whether each insertion's values are real; `values` are complex if any of them is."""


def read_off(insertions: Sequence[Summed], fields: Any) -> Readings:
    """The values of insertions on one draw.

    Args:
        insertions: At least one; one that occurs twice is evaluated once.
        fields: What the model returns.

    Raises:
        ValueError: If an insertion asks for a field or component that there is not, or one that it cannot be added to.
    """
    distinct = list(dict.fromkeys(insertions))
    plain = {one: read for one in distinct if (read := _plain(one))}
    sums = [one for one in distinct if one not in plain]
    at_points = _evaluate(plain.values(), fields)
    in_sums = _evaluate([part.read for one in sums for part in one.parts], fields)
    blocks: list[Array] = []
    starts: dict[tuple[int, bool], int] = {}
    found: dict[Summed, tuple[np.ndarray, int, bool]] = {}

    def add(block: Array) -> int:
        blocks.append(jnp.ravel(block))
        return sum(one.size for one in blocks[:-1])

    for one, read in plain.items():
        values, index = at_points[read]
        mirrored = one.parts[0].conjugated and jnp.iscomplexobj(values)
        if (key := (id(values), mirrored)) not in starts:
            starts[key] = add(jnp.conj(values) if mirrored else values)
        entries = np.arange(values.size).reshape(values.shape)
        rows = starts[key] + component_of(entries[index], read.component, index.ndim)
        found[one] = rows, index.ndim, not jnp.iscomplexobj(values)
    for one in sums:
        value, axes = _sum(one.parts, in_sums, fields)
        found[one] = add(value) + np.arange(value.size).reshape(value.shape), axes, not jnp.iscomplexobj(value)
    rows, axes, real = (list(column) for column in zip(*(found[one] for one in insertions), strict=True))
    used, places = np.unique(np.concatenate([np.ravel(one) for one in rows]), return_inverse=True)
    ends = np.cumsum([one.size for one in rows])[:-1]
    rows = [new.reshape(one.shape) for new, one in zip(np.split(np.ravel(places), ends), rows, strict=True)]
    return Readings(jnp.concatenate(blocks)[used], rows, axes, real)


def factors_of(insertions: Sequence[Summed], fields: Any) -> list[Array]:
    """The values of insertions on one draw, with shapes that broadcast; real where they are.

    Args:
        insertions: At least one.
        fields: What the model returns.
    """
    found = read_off(insertions, fields)
    values = [found.values[rows] for rows in found.rows]
    parts = [value.real if real else value for value, real in zip(values, found.real, strict=True)]
    return aligned(parts, found.axes)


def aligned[T: (np.ndarray, Array)](values: Iterable[T], axes: Sequence[int]) -> list[T]:
    """Arrays with as many axes each, so that shapes broadcast against shapes and components against components.

    Args:
        values: Of shapes (*shape, *components).
        axes: How many of the axes of each are the shape's.
    """
    values = list(values)
    shapes = max(axes)
    behind = max(value.ndim - own for value, own in zip(values, axes, strict=True))
    return [
        value.reshape(
            (1,) * (shapes - own) + value.shape[:own] + (1,) * (behind - value.ndim + own) + value.shape[own:]
        )
        for value, own in zip(values, axes, strict=True)
    ]


def chosen(fields: Any, field: str | int | None) -> Callable[[Array], Array]:
    """One field of what a model returns.

    Args:
        fields: What the model returns.
        field: Its key or position; None where there is one.

    Raises:
        ValueError: If there is none of that name, or several and none is named.
    """
    if not isinstance(fields, dict | tuple):
        if field is not None:
            raise ValueError(f"an insertion has field={field!r}, but the model returns one field: leave field out")
        return fields
    named: dict[Any, Any] = fields if isinstance(fields, dict) else dict(enumerate(fields))
    if field not in named:
        asked = "does not say which field it reads" if field is None else f"has field={field!r}"
        raise ValueError(
            f"an insertion {asked}, and the model returns the fields {list(named)}: give field=, one of them"
        )
    return named[field]


def component_of[T: (np.ndarray, Array)](values: T, component: int | tuple[int, ...] | None, axis: int) -> T:
    """One component of the values of a field, or all.

    Args:
        values: Of shape (*grid, *components).
        component: Which; None for all.
        axis: How many axes the grid has.

    Raises:
        ValueError: If there is no such component.
    """
    if component is None:
        return values
    index, sizes = component if isinstance(component, tuple) else (component,), values.shape[axis:]
    if len(index) > len(sizes) or any(not -size <= i < size for i, size in zip(index, sizes, strict=False)):
        raise ValueError(f"an insertion has component={component!r}, but the field has components of shape {sizes}")
    return values[(*(slice(None),) * axis, *index)]


def along(function: Callable[[Array], Array], direction: Direction) -> Callable[[Array], Array]:
    """The derivative of a function of a point along a vector, real or complex.

    Args:
        function: Takes a point of shape (dim,).
        direction: dim numbers.
    """
    parts = [(1.0, np.real(direction)), (1j, np.imag(direction))]

    def slope(x: Array) -> Array:
        found = [
            unit * jax.jvp(function, (x,), (jnp.asarray(part, x.dtype),))[1] for unit, part in parts if np.any(part)
        ]
        return sum(found[1:], start=found[0])

    return slope


def _plain(insertion: Summed) -> Local | None:
    """What it reads, where that is a field, or a derivative, at points and nothing else is done with it."""
    first, *more = insertion.parts
    scaled = first.weights is not None or np.ndim(first.coefficient) or first.coefficient != 1
    return first.read if not more and not scaled and isinstance(first.read, Local) else None


def _evaluate(reads: Iterable[Local | Functional], fields: Any) -> dict[Local, tuple[Array, np.ndarray]]:
    """Of each, the values at all points of its kind, (place, *components), and which of these are its own, (*shape)."""
    kinds: dict[tuple, list[Local]] = {}
    for read in dict.fromkeys(reads):
        if isinstance(read, Local):
            kinds.setdefault((read.field, read.directions, read.points.shape[-1]), []).append(read)
    found = {}
    for (field, directions, dim), alike in kinds.items():
        points = np.concatenate([read.points.reshape(-1, dim) for read in alike])
        places, index = np.unique(points, axis=0, return_inverse=True)
        function = chosen(fields, field)
        if directions and (only := getattr(function, "only_at", "")):
            raise ValueError(
                f"a derivative of a {type(function).__name__}: it has values at its {only} only; take differences, "
                "at(x + a) - at(x)"
            )
        for direction in reversed(directions):
            function = along(function, direction)
        values = jax.vmap(function)(jnp.asarray(places))
        ends = np.cumsum([read.points.size // dim for read in alike])[:-1]
        for read, own in zip(alike, np.split(np.ravel(index), ends), strict=True):
            found[read] = values, own.reshape(read.shape)
    return found


def _sum(parts: Sequence[Part], local: dict[Local, tuple[Array, np.ndarray]], fields: Any) -> tuple[Array, int]:
    """The sum of parts, and how many axes of it are the shape's."""
    values, axes = [], []
    for part in parts:
        if isinstance(part.read, Local):
            every, index = local[part.read]
            value, own = component_of(every[index], part.read.component, index.ndim), index.ndim
        else:
            value = jnp.asarray(part.read.function(fields))
            own = value.ndim if part.read.shape is None else len(part.read.shape)
        value = jnp.conj(value) if part.conjugated else value
        if part.weights is not None:
            value, weights = aligned([value, jnp.asarray(part.weights)], [own, part.weights.ndim])
            own = max(own, part.weights.ndim) - 1
            value = jnp.sum(weights * value, axis=own)
        if isinstance(part.coefficient, np.ndarray):
            value, scale = aligned([value, jnp.asarray(part.coefficient)], [own, part.coefficient.ndim])
            values.append(scale * value)
            axes.append(max(own, part.coefficient.ndim))
        else:
            values.append(part.coefficient * value)
            axes.append(own)
    terms = aligned(values, axes)
    return sum(terms[1:], start=terms[0]), max(axes)
