"""What the figures share: axes to draw on, colours that read on light and dark paper, labels with units."""

from collections.abc import Callable
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nnft_ppl.results import Ensemble

COLOURS = ("#3f7fbf", "#d08320", "#3d9a5f", "#8a6bc4", "#b8566f", "#6d8a2f")
"""Of middle lightness, so that they stand out from white and from black."""
WRONG = "#d0413a"
"""What is too far off to be chance."""
FORMATS = (".png", ".pdf", ".svg")
"""Endings of the files that a figure is written to."""


def axes_or_new(axes: Axes | None, size: tuple[float, float] = (6.4, 4.0)) -> Axes:
    """The axes given, or those of a new figure of pyplot, which notebooks show."""
    if axes is not None:
        return axes
    from matplotlib import pyplot

    return pyplot.subplots(figsize=size, layout="constrained")[1]


def save(draw: Callable[[Axes], Axes], path: str | Path, size: tuple[float, float], title: str = "") -> None:
    """Write what is drawn on axes to a .png, .pdf or .svg file; `ValueError` for another kind."""
    path = Path(path)
    if path.suffix not in FORMATS:
        raise ValueError(
            f"a figure is written as {', '.join(FORMATS)}, not {path.suffix or 'without ending'!r}: {path}"
        )
    figure = Figure(figsize=size, layout="constrained")
    axes = draw(figure.subplots())
    if title:
        axes.set_title(title, fontsize=9, wrap=True)
    figure.savefig(path, dpi=150)


def shorten(words: str, most: int = 44) -> str:
    """Words that leave room for the figure beside them: a long name loses its middle."""
    half = (most - 1) // 2
    return words if len(words) <= most else f"{words[:half]}…{words[-half:]}"


def label(ensemble: Ensemble, name: str, words: str | None = None) -> str:
    """Words for an axis with the unit of an observable or coordinate."""
    return in_unit(shorten(words or name.replace("_", " ")), ensemble.unit(name))


def in_unit(words: str, unit: str | None) -> str:
    """Words with their unit; words alone for a pure number, and where no unit is stated."""
    return words if unit in (None, "1") else f"{words}  [{unit}]"


def inverse(unit: str | None) -> str | None:
    """The unit to the power −1."""
    if unit is None or unit == "1":
        return unit
    return unit.removeprefix("1/") if unit.startswith("1/") else f"1/{unit}"
