"""Results beside one another on the terminal: the members of a family, and runs that are compared."""

from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nnft_ppl.results import SideBySide


def print_beside(tables: Iterable[SideBySide], console: Console) -> None:
    """Print a table for every observable, with a row for each result.

    Args:
        tables: The observables.
        console: Where to.
    """
    for one in tables:
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for number, heading in enumerate(one.headings):
            table.add_column(escape(heading), justify="left" if number < one.words else "right")
        for row in one.rows:
            table.add_row(*map(escape, row))
        console.print(f"[bold]{escape(one.name)}[/]", highlight=False, soft_wrap=True)
        console.print(table)
