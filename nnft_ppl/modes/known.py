"""What is known of an intermediate value f(z): bounds of every element, and how it curves.

Every property is closed under addition, so that a sum has the properties that all its terms share:

    CONVEX, CONCAVE      both together: affine
    CONSTANT             the same for all z
    ROOT                 f ≥ 0 and √f convex: |affine|² and its sums (Minkowski), f² of f ≥ 0 convex
    LOG                  f ≥ 0 and ln f convex: exp(convex) and its sums (Hölder); implies ROOT, which implies CONVEX

For a value of complex type bounds and curvature are those of its real part; an affine one is affine in both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Flag, auto
from functools import reduce
from operator import and_
from typing import Any

import numpy as np


class Has(Flag):
    """Properties of a function of z, closed under addition."""

    NOTHING = 0
    CONVEX = auto()
    CONCAVE = auto()
    CONSTANT = auto()
    ROOT = auto()
    LOG = auto()
    AFFINE = CONVEX | CONCAVE


ROOT = Has.ROOT | Has.CONVEX
LOG = Has.LOG | ROOT
CONSTANT = Has.CONSTANT | Has.AFFINE


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of one array; the same object is the same array."""

    lower: np.ndarray
    """Lower bounds: of the shape of the array, or a scalar for all its elements."""
    upper: np.ndarray
    """Upper bounds, likewise."""
    has: Has = Has.NOTHING
    """What all elements have."""
    imaginary: bool = False
    """Whether there may be an imaginary part."""
    base: "Known | None" = None
    """What this is a power of, if it is one."""
    power: int = 1
    """Of `base`."""
    factor: "Known | None" = None
    """The constant in front of that power."""
    conjugate: "Known | None" = None
    """What this is the complex conjugate of, if it is one."""

    @property
    def constant(self) -> bool:
        """The same for all z, though perhaps of unknown value."""
        return Has.CONSTANT in self.has

    @property
    def affine(self) -> bool:
        """Affine in z."""
        return Has.AFFINE in self.has

    @property
    def exact(self) -> bool:
        """A constant of known value."""
        return self.lower is self.upper and not self.imaginary

    @property
    def least(self) -> np.ndarray:
        """The lower bound of all elements."""
        return np.min(self.lower, initial=np.inf)

    @property
    def most(self) -> np.ndarray:
        """The upper bound of all elements."""
        return np.max(self.upper, initial=-np.inf)


def known(lower: Any, upper: Any, has: Has = Has.NOTHING, *, imaginary: bool = False, **more: Any) -> Known:
    """Bounds and properties; a bound that is no number is none, and what is ≥ 0 and constant has every property.

    Args:
        lower: Lower bounds.
        upper: Upper bounds; the same object as `lower` for a constant of known value.
        has: Properties.
        imaginary: Whether there may be an imaginary part.
        more: Other members of `Known`.
    """
    low = np.asarray(lower, float)
    high = low if upper is lower else np.asarray(upper, float)
    if np.isnan(low).any() or np.isnan(high).any():
        low, high = np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)
    if Has.CONSTANT in has and not imaginary:
        has = CONSTANT | (LOG if np.all(low >= 0) else Has.NOTHING)
    return Known(low, high, has, imaginary, **more)


def value_of(array: Any) -> Known:
    """A constant of known value, which is that of its real part."""
    try:
        values = np.asarray(array)
        imaginary = bool(np.iscomplexobj(values) and np.any(values.imag))
        real = values.real.astype(float)
    except (TypeError, ValueError):  # a random key
        return known(-np.inf, np.inf, CONSTANT)
    return known(real, real, CONSTANT, imaginary=imaginary)


def nothing(aval: Any, has: Has = Has.NOTHING) -> Known:
    """All that is known of an array by its type."""
    dtype = np.dtype(aval.dtype) if isinstance(aval.dtype, np.dtype) else None  # a random key has a type of its own
    if dtype is not None and dtype.kind == "b":
        return known(0, 1, has)
    return known(-np.inf, np.inf, has, imaginary=dtype is not None and dtype.kind == "c")


def shared(values: Sequence[Known]) -> Has:
    """The properties that all have."""
    return reduce(and_, (value.has for value in values))


def hull(values: Sequence[Known], has: Has) -> Known:
    """Bounds for all elements of all of them."""
    lower, upper = min(value.least for value in values), max(value.most for value in values)
    return known(lower, upper, has, imaginary=any(value.imaginary for value in values))


def opposite(has: Has) -> Has:
    """The properties of −f."""
    turned = has & Has.CONSTANT
    turned |= Has.CONCAVE if Has.CONVEX in has else Has.NOTHING
    return turned | (Has.CONVEX if Has.CONCAVE in has else Has.NOTHING)


def scaled(has: Has, by: Known) -> Has:
    """The properties of f · c (or of sums of f_i c_i) for a constant c, by its sign."""
    if by.exact and not np.all(np.isfinite(by.lower)):
        return Has.NOTHING
    if by.least >= 0:
        return has
    if by.most <= 0:
        return opposite(has)
    return has & CONSTANT if Has.AFFINE in has else Has.NOTHING


def product(a: Known, b: Known) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of a · b; what vanishes times what has no bound vanishes."""
    if a.exact and b.exact:
        both = a.lower * b.lower
        return both, both
    corners = [np.nan_to_num(x * y, nan=0.0, posinf=np.inf, neginf=-np.inf) for x in _ends(a) for y in _ends(b)]
    return reduce(np.minimum, corners), reduce(np.maximum, corners)


def _ends(value: Known) -> tuple[np.ndarray, ...]:
    return (value.lower,) if value.exact else (value.lower, value.upper)
