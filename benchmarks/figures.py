"""What a section gives: claims with the peer that they are measured against, and plain tables."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """One claim: a figure of ours, the same of a peer, and their ratio with the bound it must keep."""

    claim: str
    """What was done, in words."""
    ours: float
    """Our figure, in `unit`."""
    peer: float
    """The peer's figure, in `unit`."""
    against: str
    """Who the peer is."""
    ratio: float
    """The better of two figures over the other, or a cost over a cost: whichever `least` or `most` bounds."""
    unit: str = ""
    """Unit of both figures."""
    least: float | None = None
    """The claim: the ratio is at least this."""
    most: float | None = None
    """The claim: the ratio is at most this."""
    spread: tuple[float, float] | None = None
    """Smallest and largest ratio of the repetitions."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Everything else that was found, as JSON values."""

    @property
    def passed(self) -> bool:
        """Whether the ratio keeps its bounds; a ratio that is no number keeps none."""
        low = -math.inf if self.least is None else self.least
        high = math.inf if self.most is None else self.most
        return low <= self.ratio <= high

    @property
    def bound(self) -> str:
        """The claim's bound in words; empty where nothing is claimed."""
        least = "" if self.least is None else f"≥ {self.least:.3g}"
        most = "" if self.most is None else f"≤ {self.most:.3g}"
        return ", ".join(part for part in (least, most) if part)

    def to_json(self) -> dict[str, Any]:
        """The row as JSON values; numbers that are not finite become None."""
        return finite(asdict(self) | {"bound": self.bound, "passed": self.passed})

    @staticmethod
    def from_json(stored: Mapping[str, Any]) -> "Row":
        """The row that `to_json` wrote."""
        values: dict[str, Any] = {name: value for name, value in stored.items() if name not in ("bound", "passed")}
        values |= {name: math.nan for name in ("ours", "peer", "ratio") if values[name] is None}
        values["spread"] = None if values["spread"] is None else (values["spread"][0], values["spread"][1])
        return Row(**values)


@dataclass(frozen=True)
class Table:
    """Figures about which nothing is claimed."""

    title: str
    columns: Sequence[str]
    lines: Sequence[Sequence[str | float | None]]

    def to_json(self) -> dict[str, Any]:
        """The table as JSON values."""
        return finite(asdict(self))

    @staticmethod
    def from_json(stored: Mapping[str, Any]) -> "Table":
        """The table that `to_json` wrote."""
        return Table(stored["title"], stored["columns"], stored["lines"])


def finite(value: Any) -> Any:
    """The same JSON value with None for numbers that JSON does not have."""
    if isinstance(value, Mapping):
        return {str(name): finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def shown(number: str | float | None) -> str:
    """A figure with three digits."""
    if number is None or isinstance(number, str):
        return number or "–"
    if not math.isfinite(number):
        return "–"
    return f"{number:.0f}" if 1000 <= abs(number) < 1e7 else f"{number:.3g}"
