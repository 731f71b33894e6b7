"""What an insertion is made of: fields at points, linear functions, and their coefficients."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from jaxtyping import Array, Float

Direction = tuple[complex, ...]


@dataclass(frozen=True, eq=False)
class Local:
    """A field, or a derivative of it, at points."""

    points: Float[np.ndarray, "*shape dim"]
    field: str | int | None
    """Which of the fields, its key or position; None where there is one."""
    component: int | tuple[int, ...] | None
    """Which component; None for all of them, behind the shape."""
    directions: tuple[Direction, ...] = ()
    """Along which to differentiate, one after the other, each as a vector of shape (dim,)."""

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the points."""
        return self.points.shape[:-1]


@dataclass(frozen=True, eq=False)
class Functional:
    """A linear function of what the model returns."""

    function: Callable[[Any], Array]
    shape: tuple[int, ...] | None = None
    """Of its value, components of a field left out; None where all axes are the shape's."""


@dataclass(frozen=True, eq=False)
class Part:
    """A coefficient times something that is read off the fields, or times a weighted sum of it over its last axis."""

    read: Local | Functional
    coefficient: complex | np.ndarray = 1.0
    weights: np.ndarray | None = None
    """Shape (*shape, point), broadcasting; None for no sum."""
    conjugated: bool = False
    """Whether what is read is conjugated; coefficient and weights are not."""

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Of the value; None where only the value tells."""
        if self.read.shape is None:
            return None
        read = self.read.shape
        if self.weights is not None:
            read = np.broadcast_shapes(read, self.weights.shape)[:-1]
        return np.broadcast_shapes(read, np.shape(self.coefficient))

    @property
    def content(self) -> tuple:
        """What is the same in two parts that are: hashable, and compared by value."""
        read = self.read
        what = (read.points, read.field, read.component, read.directions) if isinstance(read, Local) else (read,)
        return tuple(map(_by_value, (*what, self.coefficient, self.weights, self.conjugated)))


def _by_value(value: Any) -> Any:
    return (value.shape, value.tobytes()) if isinstance(value, np.ndarray) else value


class Summed(Protocol):
    """A sum of parts: an insertion."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """One at least."""
        ...
