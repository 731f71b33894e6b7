"""Figures of checks, one small function each: from what a check found to a `Panel`."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pandas as pd

from nnft_ppl.report import pulls
from nnft_ppl.report.panel import Panel
from nnft_ppl.results import Ensemble

MOST_ROWS = 40
"""Identities that are drawn; more would make a figure of many pages."""

Draw = Callable[[Mapping[str, Any]], Panel | None]
"""A check's findings, as they stand in the result's JSON object, to its figure; None where there is nothing to draw."""
FIGURES: dict[str, Draw] = {}
"""Check -> its figure."""


def figure_of(check: str) -> Callable[[Draw], Draw]:
    """Make a function the figure of a check.

    Args:
        check: The name that its findings have in the result.
    """

    def join(draw: Draw) -> Draw:
        FIGURES[check] = draw
        return draw

    return join


def check_figures(ensemble: Ensemble) -> Iterator[Panel]:
    """The figure of every check that was made and has one, in the order in which they were found."""
    for check, findings in ensemble.provenance["findings"].items():
        if findings is not None and check in FIGURES and (panel := FIGURES[check](findings)):
            yield panel


@figure_of("schwinger_dyson")
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
