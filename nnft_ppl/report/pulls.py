"""The residuals of a bank of identities in units of their errors."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from nnft_ppl.report.drawing import COLOURS, WRONG, axes_or_new, save, shorten


def plot_pulls(rows: Sequence[Mapping[str, Any]], axes: Axes | None = None) -> Axes:
    """Draw each residual's distance from zero in its own errors, with bands of one and two errors.

    Args:
        rows: As in `nnft diagnose --json`: `vector_field`, `observable`, `z`.
        axes: Where to draw; a new figure by default.

    Returns:
        The axes.
    """
    rows = [row for row in rows if row["z"] is not None and np.isfinite(row["z"])]
    z = np.array([row["z"] for row in rows], float)
    names = [f"{row['vector_field']} · {row['observable']}" for row in rows]
    axes = axes_or_new(axes, (6.4, height_of(len(rows))))
    places = np.arange(len(rows))
    for size in (2, 1):
        axes.axvspan(-size, size, color=COLOURS[0], alpha=0.12, linewidth=0, zorder=0)
    axes.axvline(0, color=COLOURS[0], linewidth=0.8)
    far = np.abs(z) > 4
    for chosen, colour in ((~far, COLOURS[0]), (far, WRONG)):
        axes.errorbar(z[chosen], places[chosen], xerr=1, fmt="o", markersize=4, color=colour, elinewidth=1)
    axes.set_yticks(places, [shorten(name) for name in names], fontsize=8)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(*(max(4.5, 1.1 * float(np.max(np.abs(z), initial=0.0)) + 1) * np.array([-1, 1])))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("residual / its standard error")
    return axes


def height_of(count: int) -> float:
    """Height in inches of a figure with this many rows."""
    return 1.0 + 0.22 * count


def save_pulls(rows: Sequence[Mapping[str, Any]], path: str | Path, *, title: str = "") -> None:
    """Write the figure of `plot_pulls` to a file.

    Args:
        rows: As in `plot_pulls`.
        path: A .png, .pdf or .svg file.
        title: Words above it.

    Raises:
        ValueError: For another kind of file.
    """
    save(lambda axes: plot_pulls(rows, axes), path, (7, height_of(len(rows))), title)
