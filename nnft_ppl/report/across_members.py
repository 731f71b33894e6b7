"""Estimates against a keyword: figures of a family, and of results that are compared."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator, StrMethodFormatter

from nnft_ppl.display import place_words
from nnft_ppl.report.drawing import COLOURS, in_unit, shorten
from nnft_ppl.report.panel import WIDTH, Panel
from nnft_ppl.results import Comparison, Ensembles

WIDE = 4.0
"""A keyword that spans at least this factor is drawn on a logarithmic axis."""
ALIKE = 1.5
"""Estimates that span less than this factor are not."""
FEW = 100.0
"""Within such a span there are ticks with numbers between powers of ten, too."""
INCIDENTAL = ("seed", "draws", "chains", "version", "source")
"""What may differ between results of one line."""
PARTS = {"": "", "_re": "real part", "_im": "imaginary part"}
"""Ends of the columns of a frame that is complex, in words."""
NUMBERS = ("unit", "value", "error", "ess", "exact", "pull", "apart")


def family_panels(ensembles: Ensembles) -> Iterator[Panel]:
    """A figure for every estimate of a family, against the first scanned keyword that is a number.

    Args:
        ensembles: The family's result.
    """
    yield from along_panels(ensembles.to_dataframe(), list(ensembles.scanned))


def along_panels(frame: pd.DataFrame, keywords: list[str]) -> Iterator[Panel]:
    """A figure for every observable of a frame.

    Args:
        frame: As of `Ensemble.to_dataframe`, with columns for the keywords.
        keywords: What tells the results apart.
    """
    telling = [name for name in keywords if name not in INCIDENTAL]
    along = next((name for name in telling if _is_number(frame, name)), next(iter(telling), "result"))
    for name in frame["observable"].unique():
        table = frame.loc[frame["observable"] == name].dropna(axis="columns", how="all").reset_index(drop=True)
        lines = len(_lines(table, along))
        words = f"Estimates with errors of one standard deviation against {along}."
        if any(column.startswith("exact") for column in table):
            words += " Dashed: exact answers."
        if lines > len(COLOURS):
            words += f" {len(COLOURS)} of {lines} components are drawn; the data has all."
        yield Panel(
            name, name.replace("_", " "), words, table,
            lambda figure, table=table: plot_along(table, along, figure), 3.6 * len(_parts(table)),
        )  # fmt: skip


def plot_along(table: pd.DataFrame, along: str, figure: Figure | SubFigure) -> None:
    """Draw one observable against a keyword, one line for each of its components; complex ones part by part.

    Where the keyword spans more than a factor four it has a logarithmic axis, and then, where all values are of one
    sign beyond three errors and not all alike, so have they: a power of the keyword is a straight line.

    Args:
        table: Rows of one observable, as in `Ensemble.to_dataframe`.
        along: The column that is the abscissa.
        figure: An empty figure.
    """
    parts = _parts(table)
    for axes, part in zip(figure.subplots(len(parts), 1, sharex=True, squeeze=False)[:, 0], parts, strict=True):
        _plot_part(table, along, part, axes)
    figure.axes[-1].set_xlabel(along.replace("_", " "))


def save_along(comparison: Comparison, path: str | Path) -> None:
    """Write the figure of compared results, one observable below the other.

    Args:
        comparison: The results.
        path: A .png, .pdf or .svg file.
    """
    panels = list(along_panels(comparison.to_dataframe(), list(comparison.differing) or ["result"]))
    heights = [panel.height for panel in panels]
    figure = Figure(figsize=(WIDTH + 1, sum(heights)), layout="constrained")
    below = figure.subfigures(len(panels), 1, height_ratios=heights, squeeze=False)[:, 0]
    for panel, part in zip(panels, below, strict=True):
        panel.draw(part)
    figure.savefig(path, dpi=150)


def _plot_part(table: pd.DataFrame, along: str, part: str, axes: Axes) -> None:
    number = _is_number(table, along)
    named = sorted(table[along].unique()) if number else list(table[along].unique())
    x = table[along].to_numpy(float) if number else np.array([named.index(one) for one in table[along]], float)
    value, error = table[f"value{part}"].to_numpy(float), table[f"error{part}"].to_numpy(float)
    exact = table[f"exact{part}"].to_numpy(float) if f"exact{part}" in table else None
    logarithmic = number and x.min() > 0 and x.max() >= WIDE * x.min()
    sign = -1.0 if np.nanmax(value) < 0 else 1.0
    size = sign * value
    power = logarithmic and bool(np.all(size > 3 * np.nan_to_num(error))) and size.max() > ALIKE * size.min()
    sign = sign if power else 1.0
    lines = _lines(table, along)
    for (words, rows), colour in zip(lines.items(), COLOURS, strict=False):
        order = rows[np.argsort(x[rows], kind="stable")]
        if exact is not None:
            axes.plot(x[order], sign * exact[order], "--", color=colour, linewidth=1, zorder=1)
        axes.errorbar(
            x[order], sign * value[order], yerr=error[order], fmt="o", color=colour, markersize=4.5, capsize=3,
            label=shorten(words),
        )  # fmt: skip
    if logarithmic:
        axes.set_xscale("log")
    if power:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        few = size.max() < FEW * size.min()
        axes.yaxis.set_minor_formatter(FuncFormatter(_round_digits) if few else NullFormatter())
    if logarithmic or not number:
        # Every member has its tick: powers of ten alone would name none of 4, 8 and 16.
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticks(np.unique(x), [f"{one:g}" if number else shorten(str(one), 24) for one in named])
    name = str(table["observable"].iloc[0]).replace("_", " ")
    words = ", ".join(filter(None, [f"−{name}" if sign < 0 else name, PARTS[part]]))
    axes.set_ylabel(in_unit(shorten(words), str(table["unit"].iloc[0]) or None))
    if any(lines):
        axes.legend(frameon=False, fontsize="small")


def _round_digits(value: float, _: int | None) -> str:
    """Between powers of ten 2, 3 and 5 are named."""
    return f"{value:g}" if f"{value:.3e}"[0] in "235" else ""


def _lines(table: pd.DataFrame, along: str) -> dict[str, np.ndarray]:
    """Components in words -> rows; those of one line differ in nothing but the abscissa."""
    skipped = {"observable", "result", along, *INCIDENTAL, *(f"{name}{part}" for name in NUMBERS for part in PARTS)}
    dims = [str(name) for name in table if name not in skipped]
    found: dict[str, list[int]] = {}
    for row in range(len(table)):
        words = place_words({dim: table[dim].iloc[row] for dim in dims})
        found.setdefault(words, []).append(row)
    return {words: np.array(rows) for words, rows in found.items()}


def _parts(table: pd.DataFrame) -> list[str]:
    return [part for part in PARTS if f"value{part}" in table]


def _is_number(table: pd.DataFrame, column: str) -> bool:
    return table[column].dtype.kind in "iuf"
