"""How far quantities are from the errors that were asked for, and what it takes to get there."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from nnft_ppl.checks.errors import MIN_ESS
from nnft_ppl.checks.tolerance import Tolerance
from nnft_ppl.display import format_value
from nnft_ppl.statistics import Estimate

ZERO = 3.0
"""A value within so many of its errors may be zero."""


@dataclass(frozen=True)
class Distance:
    """How far a quantity is from its tolerance, at the entry that is farthest."""

    tolerance: Tolerance
    """The error that it is to have."""
    label: str
    """That entry, in words."""
    value: complex
    """Its estimate."""
    error: float
    """Its error, of a complex value √(σ² of real part + σ² of imaginary part); NaN where there is none."""
    largest: float
    """What the error may be."""
    trusted: bool
    """Whether every entry has at least 400 effective draws, and two error estimators agree."""
    never: str = ""
    """An entry that is 0 in every draw, of which a share is asked for, in words; empty where there is none."""

    @property
    def ratio(self) -> float:
        """The error by what it may be; infinite where it is not known."""
        if math.isnan(self.error):
            return math.inf
        return self.error / self.largest if self.largest > 0 else (math.inf if self.error > 0 else 0.0)

    @property
    def reached(self) -> bool:
        """Whether the quantity is there."""
        return self.trusted and self.ratio <= 1

    @property
    def may_be_zero(self) -> bool:
        """Whether a share is asked for of a value that is zero within its error."""
        return self.tolerance.relative and not self.reached and abs(self.value) <= ZERO * self.error

    @property
    def times(self) -> float:
        """How many times as many draws are enough, about, for errors fall as 1/√draws.

        At least twice as many, as far as is known, where an error is not to be trusted yet.
        """
        return self.ratio**2 if self.trusted else max(self.ratio**2, 2.0)

    @property
    def fewest_times(self) -> float:
        """How many times as many draws it takes at least, were the value three errors farther from zero.

        Nothing is known of an error that is not to be trusted.
        """
        if not self.trusted:
            return 0.0
        farther = abs(self.value) + ZERO * self.error
        largest = self.tolerance.size * farther if self.tolerance.relative else self.largest
        return (self.error / largest) ** 2 if largest > 0 else 0.0

    def now(self, factor: float = 1.0) -> str:
        """The error, as the tolerance is given: `1.4%`.

        Args:
            factor: The error is so many times what it was.
        """
        if not math.isfinite(self.ratio):
            return "?"
        # Two digits, rounded up where it would seem to be there, and is not.
        size = self.tolerance.size * self.ratio * factor
        text = f"{size:.2g}"
        if factor == 1.0 and self.ratio > 1 and float(text) <= self.tolerance.size:
            text = f"{size:.4g}"
        return self.tolerance.shown(float(text))


def distances(tolerances: Iterable[Tolerance], estimates: Mapping[str, Estimate]) -> tuple[Distance, ...]:
    """How far each quantity is, at the entry that is farthest.

    Args:
        tolerances: What is asked.
        estimates: By name.
    """
    return tuple(_distance(one, estimates[one.quantity]) for one in tolerances)


def _distance(tolerance: Tolerance, one: Estimate) -> Distance:
    value, error = np.asarray(one.value), np.abs(np.asarray(one.error))
    largest, wanted = tolerance.largest(one), tolerance.wanted(value.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(error == 0, 0.0, error / largest)
        ratio = np.where(np.isnan(ratio), np.inf, ratio)
        # What never changes has no effective draws.
        few = ~(np.asarray(one.ess) >= MIN_ESS) & (error != 0)
    agree = np.ones(value.shape, bool) if one.agree is None else np.asarray(one.agree, bool)
    doubtful = wanted & (few | ~agree)
    farthest = np.where(wanted, ratio, -1.0)
    index = np.unravel_index(int(np.argmax(farthest)), value.shape) if value.shape else ()
    place = tuple(int(axis) for axis in index)
    never = np.argwhere(wanted & (value == 0) & (error == 0) & tolerance.relative)
    return Distance(
        tolerance,
        tolerance.label(place, value.shape),
        value[place].item(),
        float(error[place]),
        float(largest[place]),
        not bool(doubtful.any()),
        tolerance.label(tuple(map(int, never[0])), value.shape) if len(never) else "",
    )


def value_words(one: Distance) -> str:
    """Value and error of the farthest entry, of a complex one its modulus."""
    return format_value(abs(one.value) if isinstance(one.value, complex) else one.value, one.error)
