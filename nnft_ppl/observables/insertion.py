"""An insertion: a linear functional of what a model returns.

Products of insertions are correlators (`nnft_ppl.observables.product`). Because they are linear, the average of such a
product over Gaussian amplitudes can be taken by hand, whatever its factors are (`nnft_ppl.identities.improved`).

Source: derived in docs/theory/identities.md.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Array, ArrayLike, Shaped

from nnft_ppl.observables.parts import Functional, Local, Part
from nnft_ppl.observables.readings import read_off


class Insertion:
    """A linear functional of what a model returns: of its field, or of the tuple or dict of its fields.

    Insertions are added, subtracted, multiplied by numbers (real or complex, or arrays of them), and conjugated:
    `at(x) - at(y)`, `at(x, field="one") + 1j * at(x, field="two")`, `at(x).conjugate`. Each has a shape, that of its
    points, and broadcasts against others in a product.

    Args:
        function: A linear function of what the model returns, real or complex, of any shape. Where it turns out not to
            be linear, products of it are averaged as they are.

    Raises:
        TypeError: If it is no function.

    Example:
        >>> total = Insertion(lambda phi: phi(np.zeros(1)) + phi(np.ones(1)))
        >>> slope = 3 * (total - 2 * Insertion(lambda phi: phi(np.zeros(1))))
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
    def is_tried(self) -> bool:
        """Whether it is known to be linear only by trying: a function, or an integral, is a part of it."""
        return any(isinstance(part.read, Functional) for part in self.parts)

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


def require_insertions(owner: str, insertions: Sequence[Any], most: int | None = None) -> None:
    """Refuse what is no insertion, none or too many of them, and shapes that do not broadcast.

    Args:
        owner: Who asks.
        insertions: The factors.
        most: How many there may be.

    Raises:
        TypeError: If there is none, or one is something else.
        ValueError: If there are too many, or shapes do not broadcast.
    """
    wrong = next((one for one in insertions if not isinstance(one, Insertion)), None)
    if not insertions or wrong is not None:
        given = "nothing" if not insertions else f"{wrong!r}"
        raise TypeError(f"{owner}: {given} is no insertion; give at(x), derivative(x, 0), Insertion(function), ...")
    if most is not None and len(insertions) > most:
        raise ValueError(f"{owner}: {len(insertions)} insertions; give {most} at most")
    shapes = [one.shape for one in insertions]
    try:
        np.broadcast_shapes(*[shape for shape in shapes if shape is not None])
    except ValueError:
        raise ValueError(f"{owner}: insertions have shapes {shapes}; give shapes that broadcast") from None
    dims = {dim for one in insertions for dim in one.dims}
    if len(dims) > 1:
        raise ValueError(f"{owner}: points have dimensions {sorted(dims)}; give points of one dimension")


def some_points(insertions: Iterable[Insertion], most: int) -> list[Insertion]:
    """The fields and derivatives that insertions read at points, at some of these, evenly chosen; shape (point,).

    Args:
        insertions: Any number of them.
        most: How many points of each kind at most.
    """
    kinds: dict[tuple, list[np.ndarray]] = {}
    for part in (part for one in insertions for part in one.parts):
        if isinstance(read := part.read, Local):
            kinds.setdefault((read.field, read.directions), []).append(read.points.reshape(-1, read.points.shape[-1]))
    found = []
    for (field, directions), points in kinds.items():
        places = np.unique(np.concatenate(points), axis=0)
        some = np.unique(np.linspace(0, len(places) - 1, min(len(places), most)).astype(int))
        found.append(Insertion.of(Part(Local(places[some], field, None, directions))))
    return found
