"""Several results beside one another: a table for every observable, with a row for each of them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from nnft_ppl.results.ensemble import Ensemble, estimate_rows
from nnft_ppl.results.members import Ensembles

MOST_COLUMNS = 6
"""Components beside one another; more make a second table."""
Cells = dict[str, list[dict[str, str]]]
"""Name of an estimate -> heading -> cell of `estimate_rows`, for each of its components."""


class SideBySide(NamedTuple):
    """One observable in several results."""

    name: str
    """Its name, with the unit."""
    headings: list[str]
    """Of its columns."""
    rows: list[list[str]]
    """Its cells, a row for each result."""
    words: int
    """How many columns, the first, tell the results apart."""


def cells_of(ensemble: Ensemble) -> Cells:
    """The cells of `estimate_rows` by name.

    Args:
        ensemble: A result.
    """
    headings, rows = estimate_rows(ensemble)
    found: Cells = {}
    for row in rows:
        found.setdefault(row[0], []).append(dict(zip(headings, row, strict=True)))
    return found


def member_tables(ensembles: Ensembles) -> list[SideBySide]:
    """A table for every estimate of a family, with a row for each member.

    Args:
        ensembles: The family's result.
    """
    cells, number = cells_of(ensembles), len(ensembles.places)
    results = []
    for row, place in enumerate(ensembles.places):
        own: Cells = {}
        for name, all_cells in cells.items():
            size = len(all_cells) // number
            own[name] = [
                one | {"at": one["at"].removeprefix(place).removeprefix(", ")}
                for one in all_cells[row * size : (row + 1) * size]
            ]
        # `width=4, amplitude=pair`, without the names, which stand above.
        results.append(([part.partition("=")[2] for part in place.split(", ")], own))
    return side_by_side(list(ensembles.scanned), results)


def side_by_side(
    labels: Sequence[str],
    results: Sequence[tuple[Sequence[str], Cells]],
    apart: Mapping[str, Sequence[str]] | None = None,
) -> list[SideBySide]:
    """A table for every estimate that any of the results has.

    Args:
        labels: Headings of what tells the results apart.
        results: That of each, and its cells.
        apart: Name -> how far each result is from the one that it is compared with, if any is.
    """
    names = dict.fromkeys(name for _, cells in results for name in cells)
    return [table for name in names for table in _tables(name, list(labels), results, (apart or {}).get(name))]


def _tables(
    name: str, labels: list[str], results: Sequence[tuple[Sequence[str], Cells]], apart: Sequence[str] | None
) -> list[SideBySide]:
    known = [cells[name] for _, cells in results if name in cells]
    places = [one["at"] for one in known[0]]
    unit = known[0][0]["unit"]
    title = f"{name} [{unit}]" if unit else name
    compared = "pull" in known[0][0] and any(one["pull"] for cells in known for one in cells)
    if any([one["at"] for one in cells] != places for cells in known):  # nothing to stand beside one another
        columns = ["at", "estimate", *(["exact", "pull"] if compared else [])]
        rows = [
            [*own, *(one.get(column, "") for column in columns)]
            for own, cells in results
            for one in cells.get(name, [])
        ]
        return [SideBySide(title, [*labels, *columns], rows, len(labels) + 1)]
    found = []
    for start in range(0, len(places), MOST_COLUMNS):
        chosen = slice(start, start + MOST_COLUMNS)
        headings = [*labels, *(place or "estimate" for place in places[chosen])]
        headings += ["exact"] * (compared and len(places) == 1) + ["pull"] * compared + ["apart"] * bool(apart)
        rows = []
        for number, (own, cells) in enumerate(results):
            shown = cells.get(name, [])[chosen]
            row = [*own, *(one["estimate"] for one in shown), *[""] * (len(places[chosen]) - len(shown))]
            row += [one.get("exact", "") for one in shown] * (compared and len(places) == 1)
            row += [_largest(one.get("pull", "") for one in shown)] * compared
            rows.append(row + ([apart[number]] if apart else []))
        found.append(SideBySide(title, headings, rows, len(labels)))
    return found


def _largest(pulls: Iterable[str]) -> str:
    """The largest of some pulls without its sign; `?` where one cannot be told."""
    words = list(pulls)
    if "?" in words:
        return "?"
    sizes = [float(number) for one in words for number in re.findall(r"\d+\.?\d*|inf", one)]
    return f"{max(sizes):.1f}" if sizes else ""
