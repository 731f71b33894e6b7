"""An insertion: a linear functional of what a model returns.

Products of insertions are correlators (`nnft_ppl.observables.product`). Because they are linear, the average of such a
product over Gaussian amplitudes can be taken by hand, whatever its factors are (`nnft_ppl.identities.improved`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Array, ArrayLike, Float, Shaped

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


class Insertion:
    """A linear functional of what a model returns: of its field, or of the tuple or dict of its fields.

    Insertions are added, subtracted, multiplied by numbers (real or complex, or arrays of them), and conjugated:
    `at(x) - at(y)`, `at(x, field="one") + 1j * at(x, field="two")`, `at(x).conjugate`. Each has a shape, that of its
    points, and broadcasts against others in a product.

    Args:
        function: A linear function of what the model returns, real or complex, of any shape. Where it turns out not to
            be linear, products of it are averaged as they are.

    Example:
        >>> total = Insertion(lambda phi: phi(jnp.zeros(1)) + phi(jnp.ones(1)))
        >>> slope = 3 * (total - 2 * Insertion(lambda phi: phi(jnp.zeros(1))))
        >>> float(slope(lambda x: 5 * x[0]))
        15.0
    """

    def __init__(self, function: Callable[[Any], Array]) -> None:
        if not callable(function):
            raise TypeError(f"Insertion: {function!r} is no function; give a linear function of what the model returns")
        self.parts: tuple[Part, ...] = (Part(Functional(function)),)

    @classmethod
    def of(cls, *parts: Part) -> "Insertion":
        """The sum of parts.

        Args:
            parts: At least one.

        Raises:
            ValueError: If their shapes do not broadcast.
        """
        insertion = cls.__new__(cls)
        insertion.parts = parts
        shapes = [part.shape for part in parts]
        try:
            np.broadcast_shapes(*[shape for shape in shapes if shape is not None])
        except ValueError:
            raise ValueError(f"insertions of shapes {shapes} cannot be added; give shapes that broadcast") from None
        return insertion

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Shape of the value, components of a field left out; None where only the value tells."""
        shapes = [part.shape for part in self.parts]
        known = [shape for shape in shapes if shape is not None]
        return np.broadcast_shapes(*known) if len(known) == len(shapes) else None

    @property
    def dims(self) -> set[int]:
        """Dimensions of its points, one at most; none where it names no points."""
        return {part.read.points.shape[-1] for part in self.parts if isinstance(part.read, Local)}

    @property
    def content(self) -> tuple:
        """What two insertions have in common that are the same: hashable, and compared by value."""
        return tuple(part.content for part in self.parts)

    @property
    def conjugate(self) -> "Insertion":
        """The complex conjugate."""
        return Insertion.of(
            *(
                replace(
                    part,
                    coefficient=part.coefficient.conjugate(),
                    weights=None if part.weights is None else part.weights.conjugate(),
                    conjugated=not part.conjugated,
                )
                for part in self.parts
            )
        )

    def __call__(self, fields: Any) -> Array:
        """The value on one draw, of shape `shape` and, where the insertion takes all of them, the field's components.

        Args:
            fields: What the model returns.
        """
        from nnft_ppl.observables.readings import read_off  # written in terms of insertions

        found = read_off([self], fields)
        return found.values[found.rows[0]]

    def __add__(self, other: "Insertion") -> "Insertion":
        return Insertion.of(*self.parts, *other.parts) if isinstance(other, Insertion) else NotImplemented

    def __mul__(self, factor: complex | Shaped[ArrayLike, "*shape"]) -> "Insertion":
        if isinstance(factor, Insertion):
            raise TypeError("a product of insertions is no insertion; give product(a, b)")
        number = np.asarray(factor)
        if not np.issubdtype(number.dtype, np.number) or not np.all(np.isfinite(number)):
            raise TypeError(f"an insertion cannot be multiplied by {factor!r}; give finite numbers")
        scale = number if number.ndim else number.item()
        return Insertion.of(*(replace(part, coefficient=part.coefficient * scale) for part in self.parts))

    __rmul__ = __mul__
    # NumPy's arrays would take an insertion for one of their entries.
    __array_ufunc__ = None

    def __neg__(self) -> "Insertion":
        return -1.0 * self

    def __sub__(self, other: "Insertion") -> "Insertion":
        return self + -other if isinstance(other, Insertion) else NotImplemented

    def __truediv__(self, number: complex | Shaped[ArrayLike, "*shape"]) -> "Insertion":
        return self * (1 / np.asarray(number))
