"""What a run found on the symmetries of its model, as tables on the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nnft_ppl.results import ABOUT_PARTS, BREAKING_HEADINGS, WARD_HEADINGS, breaking_rows, lift_words, ward_rows


def print_symmetries(symmetries: Mapping[str, Mapping[str, Any]], console: Console) -> None:
    """Print how well lifts do what they should, the parts of breaking functions, and every Ward identity.

    Args:
        symmetries: Findings by name.
        console: Where.
    """
    for name, one in symmetries.items():
        if words := lift_words(name, one):
            console.print(words, highlight=False, markup=False, soft_wrap=True)
    parts = [row for name, one in symmetries.items() for row in breaking_rows(name, one)]
    if parts:
        console.print(_table(BREAKING_HEADINGS, parts, words=2))
        console.print(ABOUT_PARTS, highlight=False, soft_wrap=True)
    identities = [row for one in symmetries.values() for row in ward_rows(one)]
    if identities:
        console.print(_table(WARD_HEADINGS, identities, words=2))


def _table(headings: list[str], rows: list[list[str]], words: int) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column, heading in enumerate(headings):
        table.add_column(escape(heading), justify="left" if column < words else "right")
    for row in rows:
        table.add_row(*map(escape, row))
    return table
