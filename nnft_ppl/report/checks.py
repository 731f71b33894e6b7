"""What checks found: a figure for some, one small function each, and for every one its numbers."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from nnft_ppl.report import axioms, pulls, symmetries
from nnft_ppl.report.panel import Panel
from nnft_ppl.results import Ensemble

MOST_ROWS = 40
"""Identities that are drawn; more would make a figure of many pages."""


def check_figures(ensemble: Ensemble) -> Iterator[Panel]:
    """The figures of every check that was made and has any, in the order in which they were made."""
    for check, findings in ensemble.findings.items():
        if check == symmetries.CHECK:
            yield from symmetries.symmetry_panels(findings)
        if check == axioms.CHECK:
            yield from axioms.axiom_panels(findings)
        if check in FIGURES and (panel := FIGURES[check](findings)):
            yield panel


@dataclass(frozen=True)
class Found:
    """What one check found, to be shown as it stands."""

    check: str
    """Its name."""
    facts: list[tuple[str, str]]
    """Single numbers and words, each with its name; those of nested dicts under `outer.inner`."""
    tables: list[tuple[str, list[str], list[list[str]]]]
    """Lists of dicts: name, headings, rows."""


def check_findings(ensemble: Ensemble) -> list[Found]:
    """The findings of every check, whichever it is; those that have a figure have their tables there."""
    found = []
    for check, findings in ensemble.findings.items():
        if check in {axioms.CHECK, symmetries.CHECK}:  # have sections of their own
            continue
        facts, tables = _sorted_out(findings)
        found.append(Found(check, facts, [] if check in FIGURES else tables))
    return found


def _sorted_out(findings: Mapping[str, Any], before: str = "") -> tuple[list, list]:
    facts, tables = [], []
    for name, value in findings.items():
        if isinstance(value, Mapping):
            inner = _sorted_out(value, f"{before}{name}.")
            facts, tables = facts + inner[0], tables + inner[1]
        elif isinstance(value, list) and value and all(isinstance(row, Mapping) for row in value):
            headings = list(value[0])
            rows = [[_words(row.get(heading)) for heading in headings] for row in value]
            tables.append((f"{before}{name}", headings, rows))
        else:
            facts.append((f"{before}{name}", _words(value)))
    return facts, tables


def _words(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, float):
        return f"{value:.6g}"
    return ", ".join(map(_words, value)) if isinstance(value, list) else str(value)


def identities(findings: Mapping[str, Any]) -> Panel | None:
    """The residuals of the bank, in units of their errors."""
    rows = findings["rows"]
    shown = [row for row in rows if row["z"] is not None]
    if not shown:
        return None
    words = (
        "Residuals of identities that hold for the exact density, without any reference answer, in units of their "
        "errors; a fault of sampler, density or transport moves them. The verdict on all together is above."
    )
    if len(shown) > MOST_ROWS:
        words += f" Of {len(shown)} identities the {MOST_ROWS} that are farthest off; the table has all."
        farthest = sorted(shown, key=lambda row: -abs(row["z"]))[:MOST_ROWS]
        shown = [row for row in shown if row in farthest]
    return Panel(
        "schwinger_dyson",
        "Schwinger–Dyson identities",
        words,
        pd.DataFrame(rows),
        lambda figure: pulls.plot_pulls(shown, figure.subplots()),
        pulls.height_of(len(shown)),
    )


FIGURES: dict[str, Callable[[Mapping[str, Any]], Panel | None]] = {"schwinger_dyson": identities}
"""Check -> its figure, made from its findings; None where there is nothing to draw."""
