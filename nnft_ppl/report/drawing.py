"""What the figures share: axes to draw on, colours that read on light and dark paper, labels with units."""

from matplotlib.axes import Axes

from nnft_ppl.results import Ensemble

COLOURS = ("#3f7fbf", "#d08320", "#3d9a5f", "#8a6bc4", "#b8566f", "#6d8a2f")
"""Of middle lightness, so that they stand out from white and from black."""
WRONG = "#d0413a"
"""What is too far off to be chance."""


def axes_or_new(axes: Axes | None, size: tuple[float, float] = (6.4, 4.0)) -> Axes:
    """The axes given, or those of a new figure of pyplot, which notebooks show."""
    if axes is not None:
        return axes
    from matplotlib import pyplot

    return pyplot.subplots(figsize=size, layout="constrained")[1]


def label(ensemble: Ensemble, name: str, words: str | None = None) -> str:
    """Words for an axis with the unit of an observable or coordinate."""
    return in_unit(words or name.replace("_", " "), ensemble.unit(name))


def in_unit(words: str, unit: str | None) -> str:
    """Words with their unit, `1` for a pure number."""
    return f"{words}  [{unit or 'unit not stated'}]"


def inverse(unit: str | None) -> str | None:
    """The unit to the power −1."""
    if unit is None or unit == "1":
        return unit
    return unit.removeprefix("1/") if unit.startswith("1/") else f"1/{unit}"
