"""The residuals of a bank of identities in units of their errors."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

FORMATS = (".png", ".pdf", ".svg")


def plot_pulls(rows: Sequence[Mapping[str, Any]], axes: Axes) -> Axes:
    """Draw each residual's distance from zero in its own errors, with bands of one and two errors.

    Args:
        rows: As in `nnft diagnose --json`: `vector_field`, `observable`, `z`.
        axes: Where to draw.

    Returns:
        The same axes.
    """
    rows = [row for row in rows if row["z"] is not None and np.isfinite(row["z"])]
    z = np.array([row["z"] for row in rows], float)
    names = [f"{row['vector_field']} · {row['observable']}" for row in rows]
    places = np.arange(len(rows))
    for size, shade in ((2, 0.92), (1, 0.84)):
        axes.axvspan(-size, size, color=str(shade), zorder=0)
    axes.axvline(0, color="0.3", linewidth=0.8)
    far = np.abs(z) > 4
    axes.errorbar(z[~far], places[~far], xerr=1, fmt="o", markersize=4, color="C0", elinewidth=1)
    axes.errorbar(z[far], places[far], xerr=1, fmt="o", markersize=4, color="C3", elinewidth=1)
    axes.set_yticks(places, names, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(*(max(4.5, 1.1 * float(np.max(np.abs(z), initial=0.0)) + 1) * np.array([-1, 1])))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("residual / its standard error")
    return axes


def save_pulls(rows: Sequence[Mapping[str, Any]], path: str | Path, *, title: str = "") -> None:
    """Write the figure of `plot_pulls` to a file.

    Args:
        rows: As in `plot_pulls`.
        path: A .png, .pdf or .svg file.
        title: Words above it.

    Raises:
        ValueError: For another kind of file.
    """
    path = Path(path)
    if path.suffix not in FORMATS:
        raise ValueError(
            f"a figure is written as {', '.join(FORMATS)}, not {path.suffix or 'without ending'!r}: {path}"
        )
    figure = Figure(figsize=(7, 1.2 + 0.22 * len(rows)), layout="constrained")
    axes = plot_pulls(rows, figure.subplots())
    if title:
        axes.set_title(title, fontsize=9, wrap=True)
    figure.savefig(path, dpi=150)
