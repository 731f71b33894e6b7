"""What a run found on the axioms of Osterwalder and Schrader, as tables on the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nnft_ppl.checks import Axioms, Check
from nnft_ppl.results import ABOUT_POSITIVITY, POSITIVITY_HEADINGS, positivity_rows

LONGEST = 60
"""Characters of a witness that a row of the terminal has room for."""


def print_axioms(axioms: Mapping[str, Mapping[str, Any]], console: Console) -> None:
    """Print every family of functionals with its witness.

    Args:
        axioms: Findings by axiom.
        console: Where.
    """
    if not (positivity := axioms.get("reflection_positivity")):
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column, heading in enumerate(POSITIVITY_HEADINGS):
        table.add_column(escape(heading), justify="right" if column in (3, 4, 5) else "left")
    for row in positivity_rows(positivity):
        witness = row[-1] if len(row[-1]) <= LONGEST else f"{row[-1][:LONGEST]}…"
        table.add_row(*map(escape, [*row[:-1], witness]))
    console.print(table)
    console.print(ABOUT_POSITIVITY, highlight=False, soft_wrap=True)


def with_times(checks: Sequence[str], times: Sequence[float] | None) -> list[str | Check]:
    """What `--check` and `--times` ask for together: times belong to the check `axioms`, and ask for it.

    Args:
        checks: Of `--check`.
        times: Of `--times`, or None.
    """
    if times is None:
        return list(checks)
    return [*(one for one in checks if one != Axioms.name), Axioms(times=times)]
