"""docs/benchmarks.md, made from the stored results."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.figures import Row, shown
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

`python -m benchmarks --page` writes this page from `benchmarks/results/`.
"""


def render(results: dict[str, Result | None]) -> str:
    """The page, from a result (or None) of every section by name."""
    return "\n".join([INTRODUCTION, *("\n".join(_section(name, result)) for name, result in results.items())])


def stored_page(folder: Path = RESULTS) -> str:
    """The page from what is stored."""
    return render({name: stored(name, folder) for name in SECTIONS})


def write() -> None:
    """Bring the page up to date."""
    PAGE.write_text(stored_page(), encoding="utf-8")


def _section(name: str, result: Result | None) -> Iterator[str]:
    module = SECTIONS[name]
    yield f"## {module.TITLE}\n"
    yield module.__doc__.strip() + "\n"
    if result is None:
        yield f"No figures yet: `make bench ONLY={name}`.\n"
        return
    if result.rows:
        columns = ["", "ours", "peer", "", "unit", "ratio", "claimed", ""]
        yield from markdown(columns, [_cells(row) for row in result.rows])
    for table in result.tables:
        yield f"**{table.title}**\n"
        yield from markdown(table.columns, table.lines)
    yield place(result) + "\n"


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
