"""A run beside what is known of a theory: exact values, identities, or the wrong answers of a control."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nnft_ppl.checks import IdentityBank, Invariants
from nnft_ppl.display import without_noise
from nnft_ppl.results import Ensemble, places
from nnft_ppl.runs import judge_again
from nnft_ppl.statistics import MAX_PULL, pulls
from nnft_ppl.theory import Control, Theory

IDENTITY = "identity"
"""Stands for the observable where a Schwinger–Dyson identity is compared with zero."""
REJECTED = 8.0
"""A control must be further from an answer than so many errors, in one of its components at least."""


class Row(NamedTuple):
    """One estimate beside what it should be: an exact value, or the zero of an identity."""

    theory: str
    observable: str
    place: str
    exact: complex
    value: complex
    error: complex
    pull: float
    """(value − exact)/error; infinite where the estimate is not a number."""
    sampler: str


class Rejection(NamedTuple):
    """A control beside the answer that it is furthest from."""

    control: Control
    row: Row | None
    """None where nothing could be compared."""

    @property
    def rejected(self) -> bool:
        """Whether it is as far as a control must be."""
        return self.row is not None and abs(self.row.pull) > REJECTED

    @property
    def words(self) -> str:
        """Whether it is rejected, and by what."""
        outcome = "rejected" if self.rejected else "NOT rejected"
        if self.row is None:
            return f"{outcome}: nothing could be compared"
        where = f"{self.row.observable} {self.row.place}".strip()
        distance = f"{abs(self.row.pull):.1f} errors" if np.isfinite(self.row.pull) else "beyond rounding"
        return f"{outcome} by {self.row.sampler}, {distance} at {where}"


def knows(theory: Theory) -> bool:
    """Whether any value of a theory is known exactly."""
    return any(np.isfinite(value).any() for value in theory.exact.values())


def unknown(theory: Theory) -> tuple[int, int]:
    """How many of the values that a theory states exactly are not known after all (NaN), and how many there are."""
    return sum(int(np.isnan(value).sum()) for value in theory.exact.values()), sum(map(np.size, theory.exact.values()))


def compare(ensemble: Ensemble, theory: Theory) -> list[Row]:
    """A run beside what is known of a theory, its own or another one: exact values, or else identities."""
    if knows(theory):
        return beside(ensemble, theory.name, theory.exact, theory.truncation)
    return _identities(ensemble, theory)


def deviations(ensemble: Ensemble, theory: Theory) -> list[Row]:
    """The largest deviation of every invariant beside zero, its tolerance taken for the largest pull that agrees."""
    if not theory.invariants:
        return []
    outcome = judge_again(ensemble, theory, [Invariants()], lambda stage: None)[Invariants.name]
    rows = []
    for row in outcome.findings["rows"]:
        error = row["tolerance"] / MAX_PULL
        pull = row["largest"] / error if error else np.inf if row["largest"] else 0.0
        place = f"draw {row['draw']} of chain {row['chain']}"
        place = f"{row['place']}, {place}" if row["place"] else place
        rows.append(Row(theory.name, row["invariant"], place, 0.0, row["largest"], error, pull, _sampler(ensemble)))
    return rows


def _identities(ensemble: Ensemble, theory: Theory) -> list[Row]:
    outcome = judge_again(ensemble, theory, [IdentityBank()], lambda stage: None)["schwinger_dyson"]
    if outcome.verdict.status == "unavailable":  # of too few draws residuals are no multiples of their errors
        return []
    return [
        Row(theory.name, IDENTITY, _identity(row), 0.0, row["residual"], row["error"], row["z"], _sampler(ensemble))
        for row in outcome.findings.get("rows", [])
        if np.isfinite(row["z"])
    ]


def beside(
    ensemble: Ensemble,
    theory: str,
    answers: Mapping[str, np.ndarray],
    truncation: Mapping[str, np.ndarray] | None = None,
) -> list[Row]:
    """Every estimate beside an answer, where that is a number."""
    estimates, rows = ensemble.estimates(), []
    for name, exact in answers.items():
        one = estimates[name]
        distances = pulls(one, exact, (truncation or {}).get(name, 0.0), ensemble.provenance.precision)
        scale = float(np.max(np.abs(exact[~np.isnan(exact)]), initial=0.0))
        for index, place in places(ensemble, name):
            if np.isnan(exact[index]):
                continue
            # An estimate that is NaN agrees with nothing.
            pull = np.inf if np.isnan(distances[index]) else float(distances[index])
            value, error = one.value[index].item(), one.error[index].item()
            known = without_noise(exact[index].item(), scale)
            rows.append(Row(theory, name, place, known, value, error, pull, _sampler(ensemble)))
    return rows


def furthest(control: Control, rows: Sequence[Row]) -> Rejection:
    """The row that is furthest off; what is no number, or has no error, rejects nothing."""
    numbers = [row for row in rows if np.isfinite([row.value, row.error]).all()]
    return Rejection(control, max(numbers, key=lambda row: abs(row.pull), default=None))


def largest_pull(rows: Sequence[Row]) -> float:
    """The largest |pull|; 0 where nothing was compared."""
    return max((abs(row.pull) for row in rows), default=0.0)


def _sampler(ensemble: Ensemble) -> str:
    return ensemble.provenance.sampler.name


def _identity(row: Mapping[str, Any]) -> str:
    """A row of the bank in words: its vector field, and its observable if that is not 1."""
    return row["vector_field"] + (f", F = {row['observable']}" if row["observable"] != "1" else "")
