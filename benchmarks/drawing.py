"""Pictures of the benchmarks page, made from the stored results: every claim, and the tables as curves."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from benchmarks.figures import Row, Table
from benchmarks.records import ROOT, Result
from nnft_ppl.report.drawing import COLOURS, WRONG, shorten

PICTURES = ROOT / "docs/figures/benchmarks"
INK = "#7d8692"
"""Text and axes: between black and white, for a page may be light or dark."""
STYLE = dict.fromkeys(("axes.edgecolor", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color"), INK) | {
    "axes.facecolor": "none",
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "font.family": "sans-serif",
    "legend.labelcolor": INK,
    "savefig.facecolor": "none",
    # Text as text, and no date: a small file that changes only with the numbers.
    "svg.fonttype": "none",
    "svg.hashsalt": "benchmarks",
}
CURVES = {
    "hard": ("effective draws/s", ["effective draws/s"]),
    "auto": ("effective draws/s", []),
    "width": ("ms", ["ms per draw of 4", "ms per effective draw"]),
    "improved": ("error of G(r)", ["raw error", "improved error", "error of the mix"]),
    "strong": ("seconds to 1 % on G(1/m)", ["auto", "best single", "lattice", "stock"]),
    "cost": ("ms per effective draw", []),
}
"""Section -> what its tables show, and the columns that are drawn (all, where none is named)."""
MARKERS = "osD^vP"
CLAIMS = "claims"
"""Name of the picture of every claim."""


def pictured(results: Mapping[str, Result | None]) -> dict[str, list[Result]]:
    """The pictures that there are, and the results that each is made from."""
    measured = {name: result for name, result in results.items() if result is not None}
    claiming = [result for result in measured.values() if any(compares(row) for row in result.rows)]
    one_each = {name: [result] for name, result in measured.items() if name in CURVES and result.tables}
    return ({CLAIMS: claiming} if claiming else {}) | one_each


def draw(results: Mapping[str, Result | None], folder: Path = PICTURES) -> None:
    """Write every picture as NAME.svg, with the digest of its results among its metadata."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, made_from in pictured(results).items():
        with matplotlib.rc_context(STYLE):
            figure = claims(made_from) if name == CLAIMS else curves(made_from[0])
            metadata = {"Date": None, "Creator": None, "Description": digest(made_from)}
            figure.savefig(folder / f"{name}.svg", metadata=metadata)


def digest(results: Sequence[Result]) -> str:
    """Says which results a picture was made from."""
    text = json.dumps([result.to_json() for result in results], sort_keys=True)
    return "sha256 of the results: " + hashlib.sha256(text.encode()).hexdigest()


def compares(row: Row) -> bool:
    """Whether a row claims a speed or a cost, rather than that answers agree or that a number stays put."""
    measured = row.least is not None or row.unit not in ("", "errors")
    return bool(row.bound) and measured and math.isfinite(row.ratio) and row.ratio > 0


def claims(results: Sequence[Result]) -> Figure:
    """Every ratio with its range and the bound that is claimed: above, more is better; below, less is."""
    rows = [row for result in results for row in result.rows if compares(row)]
    parts = {
        "times the peer: more is better": [row for row in rows if row.least is not None],
        "share of the peer's cost: less is better": [row for row in rows if row.least is None],
    }
    parts = {title: part for title, part in parts.items() if part}
    sizes = [len(part) for part in parts.values()]
    figure = Figure(figsize=(8.6, 1.1 * len(parts) + 0.36 * sum(sizes)), layout="constrained")
    several = figure.subplots(len(parts), 1, height_ratios=[size + 1 for size in sizes], squeeze=False)[:, 0]
    for axes, (title, part) in zip(several, parts.items(), strict=True):
        _claims_on(axes, part)
        axes.set_xlabel(title)
    several[0].legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=3, fontsize="small")
    return figure


def _claims_on(axes: Axes, rows: Sequence[Row]) -> None:
    places = np.arange(len(rows))
    for kept, colour in ((True, COLOURS[0]), (False, WRONG)):
        chosen = [place for place in places if rows[place].passed is kept]
        if not chosen:
            continue
        ratio = np.array([rows[place].ratio for place in chosen])
        ends = np.array([rows[place].spread or (rows[place].ratio,) * 2 for place in chosen]).T
        # A median of ratios lies between them; medians of rounding may not.
        bars = np.maximum([ratio - ends[0], ends[1] - ratio], 0)
        words = "measured, with its range" if kept else "misses its claim"
        axes.errorbar(ratio, chosen, xerr=bars, fmt="o", color=colour, markersize=5, capsize=2, label=words)
    bounds = [row.most if row.least is None else row.least for row in rows]
    axes.plot(bounds, places, "|", color=COLOURS[1], markersize=12, markeredgewidth=2.5, label="claimed")
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_yticks(places, [f"{shorten(row.claim, 72)}\nagainst {row.against}" for row in rows])
    axes.tick_params("y", labelsize=7.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)


def curves(result: Result) -> Figure:
    """The tables of a section, one beside the other."""
    words, wanted = CURVES[result.section]
    figure = Figure(figsize=(4.3 * max(2, len(result.tables)), 3.6), layout="constrained")
    several = figure.subplots(1, len(result.tables), squeeze=False)[0]
    for axes, table in zip(several, result.tables, strict=True):
        _curves_on(axes, table, wanted or table.columns[1:])
        axes.set_title(table.title, loc="left", fontsize="small")
    several[0].set_ylabel(words)
    return figure


def _curves_on(axes: Axes, table: Table, wanted: Sequence[str]) -> None:
    names = [str(line[0]) for line in table.lines]
    for number, column in enumerate(wanted):
        place = list(table.columns).index(column)
        values = [line[place] if isinstance(line[place], int | float) else math.nan for line in table.lines]
        # Only along a scale does a line between two points mean something.
        line = "-" if all(name.replace(".", "").isdigit() for name in names) else ""
        axes.plot(
            names,
            values,
            f"{MARKERS[number % len(MARKERS)]}{line}",
            color=COLOURS[number % len(COLOURS)],
            markersize=6,
            markerfacecolor="none",  # one may lie on another
            label=column,
        )
    axes.set_yscale("log")
    axes.set_xlabel(table.columns[0])
    if max(map(len, names)) > 5:
        axes.tick_params("x", rotation=35, labelsize=8)
        for label in axes.get_xticklabels():
            label.set_horizontalalignment("right")
    if len(wanted) > 1:
        axes.legend(frameon=False, fontsize="small")
