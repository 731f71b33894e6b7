"""docs/benchmarks.md, made from the stored results."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import drawing
from benchmarks.figures import Row, Table, shown
from benchmarks.records import RESULTS, ROOT, Result, stored
from benchmarks.sections import SECTIONS

PAGE = ROOT / "docs/benchmarks.md"
INTRODUCTION = """\
# Benchmarks

Every figure is a ratio against a named peer, measured on the machine that is named with it. `make bench` measures all
sections (under three hours on two cores), `make bench ONLY=field` one of them; sections that have a result are
skipped unless `--again` is given, and a run that was cut goes on where it stopped. Contenders run one after the other,
each in a process of its own and without a compilation cache; timings below a minute take turns and are medians, with
the smallest and largest ratio in brackets.

*Claimed* is the bound that the benchmark's source holds the ratio to: `≥ 30` is at least thirty times the peer, `≤ 1.1`
at most 1.1 times its cost. The ratio is what was measured, the bound what is promised; ✓ says that the one keeps the
other, ✗ that it does not. Where nothing is claimed, figures stand for themselves.

A *verdict* in a table belongs to that one run of a minute, and is given to our own samplers as to any: `failed` says
that one of its checks did not pass, and below the table stands which. In a minute on a hard theory that is mostly too
few effective draws, or chains that do not agree yet. Where *two independent error estimators disagree* the error, and
with it the number of effective draws, is less certain than in the other rows, and a longer run is needed. A failed row
stays in the comparison: rates are compared as they were found, and the pulls say whether the answers agree.

`python -m benchmarks --page` writes this page and its pictures from `benchmarks/results/`.
"""
CLAIMS = f"""\
![Every ratio with the bound that is claimed](figures/benchmarks/{drawing.CLAIMS}.svg)
"""


def render(results: dict[str, Result | None]) -> str:
    """The page, from a result (or None) of every section by name."""
    pictures = drawing.pictured(results)
    first = [INTRODUCTION, CLAIMS] if drawing.CLAIMS in pictures else [INTRODUCTION]
    sections = ("\n".join(_section(name, result, pictured=name in pictures)) for name, result in results.items())
    return "\n".join([*first, *sections])


def stored_page(folder: Path = RESULTS) -> str:
    """The page from what is stored."""
    return render(everything(folder))


def everything(folder: Path = RESULTS) -> dict[str, Result | None]:
    """What is stored of every section."""
    return {name: stored(name, folder) for name in SECTIONS}


def write() -> None:
    """Bring the page and its pictures up to date."""
    drawing.draw(everything())
    PAGE.write_text(stored_page(), encoding="utf-8")


def _section(name: str, result: Result | None, *, pictured: bool) -> Iterator[str]:
    module = SECTIONS[name]
    yield f"## {module.TITLE}\n"
    yield module.__doc__.strip() + "\n"
    if result is None:
        yield f"No figures yet: `make bench ONLY={name}`.\n"
        return
    if pictured:
        yield f"![{module.TITLE}, the tables below as curves](figures/benchmarks/{name}.svg)\n"
    if result.rows:
        columns = ["", "ours", "peer", "", "unit", "ratio", "claimed", ""]
        yield from markdown(columns, [_cells(row) for row in result.rows])
    for table in result.tables:
        yield f"**{table.title}**\n"
        yield from markdown(table.columns, table.lines)
        yield from failures(result, table)
    yield place(result) + "\n"


def failures(result: Result, table: Table) -> Iterator[str]:
    """Why rows of a table have the verdict `failed`: the checks of the runs, without their advice."""
    if "verdict" not in table.columns:
        return
    case = next((row for row in result.rows if table.title.startswith(row.claim.rpartition(", ")[0])), None)
    for name, answer in case.details.items() if case else ():
        checks = [text.partition(": ")[0] for text in answer.get("failed_checks", ())]
        if words := [*checks, *([answer["failed"]] if "failed" in answer else [])]:
            yield f"* `{name}` failed: {'; '.join(words)}"
    yield ""


def _cells(row: Row) -> list[str]:
    spread = "" if row.spread is None else f" ({shown(row.spread[0])}–{shown(row.spread[1])})"
    mark = "" if not row.bound else "✓" if row.passed else "✗"
    ratio = shown(row.ratio) + spread
    return [row.claim, shown(row.ours), shown(row.peer), row.against, row.unit, ratio, row.bound, mark]


def markdown(columns: Sequence[str], lines: Sequence[Sequence[str | float | None]]) -> Iterator[str]:
    """A table."""
    yield f"| {' | '.join(columns)} |"
    yield "|" + "---|" * len(columns)
    for line in lines:
        yield f"| {' | '.join(shown(cell) if cell != '' else '' for cell in line)} |"
    yield ""


def place(result: Result) -> str:
    """Machine, versions and date in a sentence."""
    machine = f"{result.machine['cpu']}, {result.machine['cores']} cores"
    if device := result.machine.get("device"):
        machine = f"{device} ({machine})"
    versions = ", ".join(f"{name} {number}" for name, number in result.versions.items())
    return f"{machine}; {versions}; {result.date}, {result.seconds:.0f} s."
