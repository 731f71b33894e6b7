"""Names of dimensions, coordinates and units: what all that is measured carries; and how those not stated are found."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import EllipsisType
from typing import Protocol

Dims = tuple[str | EllipsisType, ...]
"""Names of dimensions; `...` stands for those that are not named."""


Coordinates = Sequence[float] | Sequence[str]
"""Where the entries along a dimension are: numbers, or texts."""


class Labelled(Protocol):
    """What has dimensions, such as an `Observable` or a `Derived`."""

    @property
    def dims(self) -> Dims:
        """Names of the dimensions, the first axes'; behind `...`, the last axes'."""
        ...

    @property
    def coords(self) -> Mapping[str, Coordinates]:
        """Coordinate values along some of them."""
        ...

    @property
    def units(self) -> Mapping[str, str]:
        """Units of coordinates by dimension, and of the value under the name ""."""
        ...


def name_dimensions[L: Labelled](
    name: str,
    quantity: L,
    shape: tuple[int, ...],
    known: Mapping[str, Labelled],
    sizes: Mapping[str, int],
) -> L:
    """The quantity with a name for every dimension, and the coordinates of those that it takes from others.

    An axis that it does not name is named as the axis of the quantities that it is `like`, counted from the last, where
    the sizes are the same; and else `NAME_dim_AXIS`.

    Args:
        name: Its name.
        quantity: The quantity.
        shape: Its shape.
        known: Quantities with all their dimensions named.
        sizes: Sizes of their dimensions.

    Raises:
        ValueError: For dimensions, coordinates or units that do not fit the shape or each other.
    """
    dims, coords = _named(name, quantity, shape, known, sizes)
    if len(set(dims)) < len(dims) or any("/" in dim or not dim for dim in dims):
        raise ValueError(f"{name!r}: dims {_shown(quantity.dims)} must be different names, without /")
    for dim, size in zip(dims, shape, strict=True):
        if dim in coords and len(coords[dim]) != size:
            raise ValueError(f"{name!r}: {len(coords[dim])} coordinates along {dim!r} of size {size}")
    if foreign := set(quantity.units) - {"", *coords}:
        raise ValueError(f"{name!r} states units of {sorted(foreign)}; it has coordinates {sorted(coords) or 'none'}")
    return replace(quantity, dims=dims, coords=coords)  # pyright: ignore[reportArgumentType]


def _named(
    name: str, quantity: Labelled, shape: tuple[int, ...], known: Mapping[str, Labelled], sizes: Mapping[str, int]
) -> tuple[tuple[str, ...], dict[str, Coordinates]]:
    """Names of all dimensions, and coordinates."""
    given, coords = list(quantity.dims), dict(quantity.coords)
    cut = given.index(...) if ... in given else len(given)
    first, last = given[:cut], given[cut + 1 :]
    if ... in last:
        raise ValueError(f"{name!r}: dims {_shown(quantity.dims)} name ... twice")
    named = {axis: str(dim) for axis, dim in enumerate(first)}
    named |= {len(shape) - len(last) + axis: str(dim) for axis, dim in enumerate(last)}
    if len(first) + len(last) > len(shape):
        raise ValueError(f"{name!r} declares dims {_shown(quantity.dims)}, but its value has shape {shape}")
    for axis, size in enumerate(shape):
        if axis in named:
            continue
        named[axis] = f"{name}_dim_{axis}"
        for other in getattr(quantity, "like", ()):
            places = known[other].dims if other in known else ()
            dim = str(places[axis - len(shape)]) if len(shape) - axis <= len(places) else ""
            if dim and sizes[dim] == size and dim not in named.values():
                named[axis] = dim
                coords |= {dim: known[other].coords[dim]} if dim in known[other].coords else {}
                break
    return tuple(named[axis] for axis in range(len(shape))), coords


def _shown(dims: Dims) -> str:
    """Dimensions as a model file writes them."""
    return f"({', '.join('...' if dim is ... else repr(dim) for dim in dims)})"
