"""Verdicts: whether a run can be trusted, in words, with what to do where it cannot.

A check compares one number with a stated threshold. A number that is not available (one chain has no R̂) is reported as
such: it is neither a pass nor a failure of the run; nor is a warning a failure.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from nnft_ppl.display import MARKS, mark_lines

MAX_PULL = 5.0
"""Two numbers that should be equal are apart beyond so many errors."""
STATUSES = ("good", "warning", "failed", "unavailable")


@dataclass(frozen=True)
class Verdict:
    """The outcome of one check."""

    check: str
    """What was checked."""
    status: str
    """`good`, `warning`, `failed`, or `unavailable`."""
    value: float | None
    """The number found; None where there is none."""
    threshold: float | None
    """What it is compared with."""
    text: str
    """The outcome in words; where it failed, what to do."""

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(f"a verdict's status is one of {', '.join(STATUSES)}, not {self.status!r}")

    @classmethod
    def of(
        cls, check: str, value: float, threshold: float | None, text: str, *, good: bool, advice: str = ""
    ) -> "Verdict":
        """`good` with the text alone, or `failed` with advice behind it.

        Args:
            check: What was checked.
            value: The number found.
            threshold: What it is compared with.
            text: The outcome in words.
            good: Whether it passed.
            advice: What to do where it did not.
        """
        if good:
            return cls(check, "good", value, threshold, text)
        return cls(check, "failed", value, threshold, f"{text}: {advice}" if advice else text)

    def _repr_html_(self) -> str:
        return mark_lines([(self.status, self.text)])

    def to_json(self) -> dict[str, Any]:
        """The verdict as plain JSON values."""
        return asdict(self)


class Verdicts(list[Verdict]):
    """Verdicts in the order in which they were made; a notebook shows them as lines with marks."""

    def __str__(self) -> str:
        return "\n".join(f"{MARKS[one.status]} {one.text}" for one in self)

    def _repr_html_(self) -> str:
        return mark_lines((one.status, one.text) for one in self)


def overall(verdicts: Iterable[Verdict]) -> str:
    """`good` unless a check failed, then `failed`.

    Args:
        verdicts: Those of a run.
    """
    return "failed" if any(verdict.status == "failed" for verdict in verdicts) else "good"
