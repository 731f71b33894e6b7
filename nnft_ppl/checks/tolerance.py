"""How small an error is to be: a share of its value, or in its units; of a whole quantity, or of one entry."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from nnft_ppl.display import did_you_mean, places_along
from nnft_ppl.observables import hidden_names
from nnft_ppl.statistics import Estimate
from nnft_ppl.theory import Theory

EXAMPLE = "for instance two_point=1%, or phi_squared=0.002"
_NAMED = re.compile(r"(?P<quantity>[^\[\]=]+)(?:\[(?P<entry>[^\[\]]*)\])?")


@dataclass(frozen=True)
class Tolerance:
    """The largest error that a quantity, or one entry of it, is to have."""

    quantity: str
    """Name of the observable or derived quantity."""
    entry: str
    """Which entry, as it was asked for: `2`, or `separation=1`; empty for all of them."""
    size: float
    """The error: a share of the value's modulus, or in units of the quantity."""
    relative: bool
    """Whether it is a share."""
    index: tuple[int, ...] | None = None
    """The entry's index, once the theory is known; None for all."""
    labels: tuple[str, ...] = ()
    """Every entry's coordinates in words, as the axes run."""

    @property
    def name(self) -> str:
        """The quantity, and its entry in brackets."""
        return f"{self.quantity}[{self.entry}]" if self.entry else self.quantity

    @property
    def amount(self) -> str:
        """The error as it is asked for: `1%`, or `0.002`."""
        return self.shown(self.size)

    def __str__(self) -> str:
        return f"{self.name}={self.amount}"

    def shown(self, size: float) -> str:
        """An error as this one is given, in per cent or in units.

        Args:
            size: The error, or its share of the value.
        """
        return f"{100 * size:.12g}%" if self.relative else f"{size:.12g}"

    def largest(self, one: Estimate) -> Float[ndarray, "*shape"]:
        """The largest error that each entry may have.

        Args:
            one: The estimate.
        """
        value = np.abs(np.asarray(one.value))
        return self.size * value if self.relative else np.full(value.shape, self.size)

    def wanted(self, shape: tuple[int, ...]) -> Bool[ndarray, "*shape"]:
        """Which entries are meant.

        Args:
            shape: Of the quantity.
        """
        chosen = np.full(shape, self.index is None)
        if self.index is not None:
            chosen[self.index] = True
        return chosen

    def label(self, index: tuple[int, ...], shape: tuple[int, ...]) -> str:
        """The quantity at an entry, in words.

        Args:
            index: Of the entry.
            shape: Of the quantity.
        """
        if not shape:
            return self.quantity
        place = self.labels[np.ravel_multi_index(index, shape)] if self.labels else ", ".join(map(str, index))
        return f"{self.quantity}[{place}]"


def tolerances_of(until: Mapping[str, str | float] | None) -> tuple[Tolerance, ...]:
    """The tolerances that are asked for.

    Args:
        until: Name -> `1%` of the value, or a number in units of the quantity. A name may have an entry in brackets, by
            its index or its coordinates: `two_point[2]`, `two_point[separation=1]`.

    Raises:
        TypeError: If that is not a mapping to texts and numbers.
        ValueError: If an error is no number above zero, or a name is none.

    Example:
        >>> [str(one) for one in tolerances_of({"two_point[2]": "1 %", "phi_squared": 0.002})]
        ['two_point[2]=1%', 'phi_squared=0.002']
    """
    if until is None:
        return ()
    if not isinstance(until, Mapping):
        raise TypeError(f"until is a dict such as {{'two_point': '1%'}}, not {until!r}")
    found = []
    for name, amount in until.items():
        named = _NAMED.fullmatch(name) if isinstance(name, str) else None
        if not named:
            raise ValueError(f"until: {name!r} is no name of a quantity: {EXAMPLE}")
        quantity, entry = named["quantity"].strip(), (named["entry"] or "").strip()
        found.append(Tolerance(quantity, entry, *_amount(name, amount)))
    return tuple(found)


def _amount(name: str, amount: Any) -> tuple[float, bool]:
    """The size of an error, and whether it is a share."""
    if isinstance(amount, bool) or not isinstance(amount, str | int | float | np.number):
        raise TypeError(f"until {name}={amount!r}: an error is a text such as '1%', or a number")
    text = str(amount).strip()
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        number = math.nan
    size = number / 100 if text.endswith("%") else number
    if not 0 < size < math.inf:
        why = f"{text} is not above zero" if number <= 0 else f"{text} is no error that can be reached"
        raise ValueError(f"until {name}={amount}: {why}; {EXAMPLE}")
    return size, text.endswith("%")


def of_theory(tolerances: Iterable[Tolerance], theory: Theory) -> tuple[Tolerance, ...]:
    """The tolerances with the entries that they mean.

    Args:
        tolerances: What is asked.
        theory: What is to be sampled.

    Raises:
        ValueError: For a quantity or an entry that there is not.
    """
    hidden = hidden_names(theory.observables)
    known = [name for name in theory.observables if name not in hidden]
    known += [*theory.derived, *theory.held_out]
    found = []
    for one in tolerances:
        if one.quantity not in known:
            near = did_you_mean(one.quantity, known)
            raise ValueError(f"until {one}: {theory.name} has no {one.quantity!r}; it has {', '.join(known)}{near}")
        labels = dict(places_along(_coordinates(one.quantity, theory)))
        index = next((index for index, place in labels.items() if _names(one.entry, index, place)), None)
        if one.entry and (index is None or not index):
            shown = [f"{one.quantity}[{place}]" for place in labels.values() if place][:6]
            more = ", ..." if len(labels) > len(shown) else ""
            there = f"there are {', '.join(shown)}{more}" if shown else "it is one number"
            raise ValueError(f"until {one}: {one.quantity} has no entry [{one.entry}]; {there}")
        found.append(replace(one, index=index if one.entry else None, labels=tuple(labels.values())))
    return tuple(found)


def _names(entry: str, index: tuple[int, ...], place: str) -> bool:
    """Whether words mean an entry: its index, or its coordinates, numbers compared as such."""
    parts, labels = [[one.strip() for one in words.split(",")] for words in (entry, place)]
    if parts == [str(one) for one in index]:
        return True
    pairs = [[one.partition("=")[::2] for one in words] for words in (parts, labels)]
    if len(pairs[0]) != len(pairs[1]):
        return False
    return all(
        here[0].strip() == there[0] and _same(here[1].strip(), there[1]) for here, there in zip(*pairs, strict=True)
    )


def _same(one: str, other: str) -> bool:
    try:
        # Coordinates are shown with six digits.
        return math.isclose(float(one), float(other), rel_tol=1e-5)
    except ValueError:
        return one == other


def _coordinates(name: str, theory: Theory) -> dict[str, Any]:
    """Coordinates of a quantity along each dimension in turn, plain numbers where it has none."""
    if name in theory.held_out:
        return {}
    one = theory.observables.get(name) or theory.derived[name]
    pairs = zip(map(str, one.dims), theory.shapes[name], strict=True)
    return {dim: one.coords[dim] if dim in one.coords else np.arange(size) for dim, size in pairs}
