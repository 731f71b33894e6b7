"""How far every direction among some vector fields is from a symmetry."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from nnft_ppl.report.drawing import COLOURS, WRONG, axes_or_new, save

BELOW = 0.1
"""Where zeros are drawn, as a share of the smallest eigenvalue that is none."""


def plot_spectrum(spectrum: Sequence[Mapping[str, float]], axes: Axes | None = None) -> Axes:
    """Draw the eigenvalues of breaking functions against field variations; zeros stand on a line of their own.

    Args:
        spectrum: As in `nnft discover --json`: `value` and `error`, ascending.
        axes: Where to draw; a new figure by default.

    Returns:
        The axes.
    """
    axes = axes_or_new(axes, (6.4, 3.6))
    value, error = (np.array([one[key] for one in spectrum], float) for key in ("value", "error"))
    numbers, zero = np.arange(1, len(value) + 1), value == 0
    lowest = BELOW * float(np.min(value[~zero], initial=np.inf)) if (~zero).any() else 1.0
    down = np.minimum(error[~zero], 0.9 * value[~zero])  # a bar that reaches zero has no end on this scale
    axes.errorbar(
        numbers[~zero], value[~zero], yerr=[down, error[~zero]], fmt="o", markersize=4, color=COLOURS[0],
        elinewidth=1, label="B ≠ 0",
    )  # fmt: skip
    if zero.any():
        axes.axhline(lowest, color=WRONG, linewidth=0.8, alpha=0.5)
        axes.plot(
            numbers[zero], np.full(zero.sum(), lowest), "s", markersize=5, color=WRONG, label="B = 0 in every draw"
        )
        axes.legend(frameon=False, fontsize=8)
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("direction among the vector fields, modulo redundancies")
    axes.set_ylabel(r"$E[B^2]\,/\,E[(V\phi)^2]$")
    return axes


def save_spectrum(spectrum: Sequence[Mapping[str, float]], path: str | Path, *, title: str = "") -> None:
    """Write the figure of `plot_spectrum` to a file.

    Args:
        spectrum: As in `plot_spectrum`.
        path: A .png, .pdf or .svg file.
        title: Words above it.

    Raises:
        ValueError: For another kind of file.
    """
    save(lambda axes: plot_spectrum(spectrum, axes), path, (7, 4), title)
