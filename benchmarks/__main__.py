"""`python -m benchmarks [--only SECTION] [--json] [--fraction f] [--again] [--page]`: measure, print, keep.

Only a run of the full budget is kept, in results/SECTION.json, and shown in docs/benchmarks.md. A section that has a
result is not measured again unless asked; what its contenders gave is kept while it is unfinished.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stdout

from rich.console import Console
from rich.table import Table as RichTable

from benchmarks import page
from benchmarks.bench import Bench
from benchmarks.figures import Row, Table, shown
from benchmarks.records import Result, made_here, store, stored
from benchmarks.sections import SECTIONS


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--only", choices=SECTIONS, help="one section")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout, everything else on stderr")
    parser.add_argument("--fraction", type=float, default=1.0, help="share of the budget, above 0 and up to 1")
    parser.add_argument("--again", action="store_true", help="measure sections that have a result, too")
    parser.add_argument("--page", action="store_true", help="only write docs/benchmarks.md from the stored results")
    asked = parser.parse_args()
    if not 0 < asked.fraction <= 1:
        parser.error(f"--fraction must be above 0 and at most 1, not {asked.fraction}")
    if asked.page:
        page.write()
        return 0
    results = []
    with redirect_stdout(sys.stderr if asked.json else sys.stdout):
        terminal = sys.stdout.isatty()
        console = Console(width=None if terminal else 160)
        for name in [asked.only] if asked.only else SECTIONS:
            result = section_result(name, asked.fraction, again=asked.again)
            for table in rich_tables(result):
                console.print(table)
            console.print(f"{name}: {result.failed} of {len(result.rows)} claims failed; {page.place(result)}\n")
            results.append(result)
    if asked.json:
        text = json.dumps({result.section: result.to_json() for result in results}, ensure_ascii=False)
        print(text, flush=True)
    return 1 if any(result.failed for result in results) else 0


def section_result(name: str, fraction: float, *, again: bool) -> Result:
    """The stored result of a section, or a fresh one, which is stored if its budget was full."""
    kept = stored(name) if fraction == 1 and not again else None
    if kept is not None:
        print(f"-- {name}: result of {kept.date}")
        return kept
    print(f"-- {name}", flush=True)
    bench, begun = Bench(name, fraction), time.time()
    figures = list(SECTIONS[name].figures(bench))
    device = next((one.details.get("device", "") for one in figures if isinstance(one, Row)), "")
    result = made_here(name, time.time() - begun, figures, device)
    if fraction == 1 and figures:
        store(result)
        page.write()
    bench.scratch.clear()
    return result


def rich_tables(result: Result) -> Iterator[RichTable]:
    """A section's claims and tables for a terminal."""
    if result.rows:
        claims = RichTable(title=SECTIONS[result.section].TITLE)
        for column in ("", "claim", "ours", "peer", "against", "unit", "ratio", "claimed"):
            claims.add_column(column)
        for row in result.rows:
            mark = "–" if not row.bound else "ok" if row.passed else "FAIL"
            spread = "" if row.spread is None else f" ({shown(row.spread[0])}–{shown(row.spread[1])})"
            figures = (shown(row.ours), shown(row.peer), row.against, row.unit, shown(row.ratio) + spread, row.bound)
            claims.add_row(mark, row.claim, *figures)
        yield claims
    for table in result.tables:
        yield rich_table(table)


def rich_table(table: Table) -> RichTable:
    """A plain table for a terminal."""
    shape = RichTable(title=table.title)
    for column in table.columns:
        shape.add_column(column)
    for line in table.lines:
        shape.add_row(*(shown(cell) for cell in line))
    return shape


if __name__ == "__main__":
    sys.exit(main())
