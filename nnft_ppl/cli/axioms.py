"""What a run found on the axioms of Osterwalder and Schrader, as tables on the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nnft_ppl.checks import Axioms, Check
from nnft_ppl.results import (
    ABOUT_CLUSTER,
    ABOUT_EUCLIDEAN,
    ABOUT_POSITIVITY,
    AXIOM_HEADINGS,
    CLUSTER_HEADINGS,
    EUCLIDEAN_HEADINGS,
    POSITIVITY_HEADINGS,
    axiom_rows,
    cluster_rows,
    euclidean_rows,
    positivity_rows,
)

LONGEST = 60
"""Characters of a witness that a row of the terminal has room for."""


def print_axioms(axioms: Mapping[str, Mapping[str, Any]], console: Console) -> None:
    """Print the verdict on every axiom, and behind it every family of functionals, motion and pair of clusters.

    Args:
        axioms: Findings by axiom.
        console: Where.
    """
    console.print(_table(AXIOM_HEADINGS, axiom_rows(axioms)))
    if rows := positivity_rows(axioms.get("reflection_positivity", {"families": []})):
        short = [[*row[:-1], row[-1] if len(row[-1]) <= LONGEST else f"{row[-1][:LONGEST]}…"] for row in rows]
        console.print(_table(POSITIVITY_HEADINGS, short, right=(3, 4, 5)))
        console.print(ABOUT_POSITIVITY, highlight=False, soft_wrap=True)
    if (euclidean := axioms.get("euclidean")) and (rows := euclidean_rows(euclidean)):
        console.print(_table(EUCLIDEAN_HEADINGS, rows, right=(2, 3, 4)))
        console.print(ABOUT_EUCLIDEAN, highlight=False, soft_wrap=True)
    if (cluster := axioms.get("cluster")) and (rows := cluster_rows(cluster)):
        console.print(_table(CLUSTER_HEADINGS, rows, right=(1, 2, 3, 4)))
        console.print(ABOUT_CLUSTER, highlight=False, soft_wrap=True)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column, heading in enumerate(headings):
        table.add_column(escape(heading), justify="right" if column in right else "left")
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def with_times(checks: Sequence[str], times: Sequence[float] | None) -> list[str | Check]:
    """What `--check` and `--times` ask for together: times belong to the check `axioms`, and ask for it.

    Args:
        checks: Of `--check`.
        times: Of `--times`, or None.
    """
    if times is None:
        return list(checks)
    return [*(one for one in checks if one != Axioms.name), Axioms(times=times)]
