"""The pictures of a theory in a gallery: drawn fields, and an observable beside its exact answer, small and alike."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nnft_ppl.display import ROUNDING
from nnft_ppl.report.correlators import along_coordinate, are_labels, coordinate, plot_correlator, plot_correlator_pulls
from nnft_ppl.report.drawing import shorten
from nnft_ppl.report.fields import draw_pictures, field_pictures
from nnft_ppl.report.panels import NUMBERED
from nnft_ppl.report.parts import MODULUS
from nnft_ppl.report.pulls import plot_pulls
from nnft_ppl.results import Ensemble

SIZE = (4.3, 2.9)
"""Inches of a picture: two stand beside one another on a screen, one on a telephone."""
MOST_MAPS = 2
"""Heat maps."""
MOST_POINTS = 98
"""Points of heat maps along an axis, of modulus and phase together: of noise, more would be too large a file."""
MOST_ROWS = 12
"""Pulls in a picture of nothing else, those furthest from zero."""
MOST_LETTERS = 40
"""Of all texts below a picture, where they stand upright."""
LONGEST = 26
"""Characters of the name of a pull."""
STYLE: Any = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.family": "sans-serif",
    "font.size": 9,
    "image.interpolation": "none",  # the values as they are, a small file; what shows it smooths them
    "svg.fonttype": "none",  # text as text: a small file
    "svg.hashsalt": "nnft_ppl",  # the same file of the same numbers
}


class GalleryPicture(NamedTuple):
    """One picture of a theory."""

    name: str
    """What is drawn: `fields`, an observable, or `pulls`."""
    words: str
    """The same in words, for those who do not see it."""
    svg: str
    """The picture, an SVG file of at most 60 kB."""


def gallery_pictures(ensemble: Ensemble, pulls: Sequence[Mapping[str, Any]]) -> list[GalleryPicture]:
    """Pictures of a run: a few drawn fields, where there are any, and how it agrees.

    The latter is an observable along a coordinate, with its exact values and its pulls: of several one along a
    distance, with the most values, `two_point` before others. Where there is none, the pulls furthest from zero.

    Args:
        ensemble: A run.
        pulls: As in `nnft_ppl.report.plot_pulls`.
    """
    return [one for one in (fields_picture(ensemble), agreement_picture(ensemble, pulls)) if one is not None]


def fields_picture(ensemble: Ensemble) -> GalleryPicture | None:
    """One component of the first field, four draws as lines or two as heat maps; None where nothing is seen.

    Args:
        ensemble: A run.
    """
    if "fields" not in ensemble.data:
        return None
    first = next(iter(ensemble.data["fields"].data_vars.values()))
    if not np.isfinite(first.values).any():
        return None
    return GalleryPicture("fields", "drawn fields", _svg(lambda figure: _draw_fields(ensemble, figure)))


def agreement_picture(ensemble: Ensemble, pulls: Sequence[Mapping[str, Any]]) -> GalleryPicture | None:
    """An observable beside its exact values, or else the largest pulls; None without any.

    Args as for `gallery_pictures`.
    """
    if name := _shown_best(ensemble):
        words = f"{name.replace('_', ' ')} beside its exact values, and pulls"
        return GalleryPicture(name, words, _svg(lambda figure: _draw_correlator(ensemble, name, figure)))
    rows = [row for row in pulls if row["z"] is not None and np.isfinite(row["z"])]
    if not rows:
        return None
    far = sorted(rows, key=lambda row: -abs(row["z"]))[:MOST_ROWS]
    words = "pulls, the largest first" if len(far) == len(rows) else f"the {len(far)} largest pulls"
    return GalleryPicture("pulls", words, _svg(lambda figure: _draw_pulls(far, figure)))


def _shown_best(ensemble: Ensemble) -> str | None:
    """The observable with exact values that says most along its coordinate; None without one."""
    known = {name: int(np.isfinite(ensemble.pulls().get(name, [])).sum()) for name in along_coordinate(ensemble)}

    def rank(name: str) -> tuple[bool, int, bool]:
        dim, places = coordinate(ensemble, name)
        return are_labels(places) or dim in NUMBERED, -known[name], name != "two_point"

    return min((name for name, count in known.items() if count > 1), key=rank, default=None)


def _draw_fields(ensemble: Ensemble, figure: Figure) -> None:
    pictures = field_pictures(ensemble)
    pictures = pictures[: 2 if pictures[0].part is MODULUS else 1]
    axes, maps = pictures[0].axes, pictures[0].values
    if len(axes) == 1:
        draw_pictures(pictures, ensemble.unit("separation"), figure)
        return
    most = MOST_POINTS // len(pictures)
    chosen = {axis: slice(None, None, -(-maps.sizes[axis] // most)) for axis in axes}
    chosen |= {"snapshot": slice(MOST_MAPS)}
    pictures = [one._replace(values=one.values.isel(chosen)) for one in pictures]
    for panel in draw_pictures(pictures, ensemble.unit("separation"), figure):
        panel.locator_params(nbins=2)  # else the numbers run into one another


def _draw_correlator(ensemble: Ensemble, name: str, figure: Figure) -> None:
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.2))
    plot_correlator(ensemble, name, above).set_xlabel("")
    plot_correlator_pulls(ensemble, name, below)
    places = coordinate(ensemble, name)[1]
    if are_labels(places) and sum(len(str(one)) for one in places) > MOST_LETTERS:
        below.tick_params(axis="x", labelrotation=30)
    if places.dtype.kind in "iu":
        below.xaxis.set_major_locator(MaxNLocator(integer=True))
    low, high = above.get_ylim()
    if high - low < ROUNDING * max(abs(low), abs(high)):  # a constant, of which nothing but rounding would be seen
        above.set_ylim(min(0.0, 1.5 * low), max(0.0, 1.5 * high))


def _draw_pulls(rows: Sequence[Mapping[str, Any]], figure: Figure) -> None:
    axes = plot_pulls(rows, figure.subplots())
    names = [shorten(" ".join(filter(None, [row["vector_field"], row["observable"]])), LONGEST) for row in rows]
    axes.set_yticks(range(len(rows)), names, fontsize=7)
    axes.set_xlabel("pull")


def _svg(draw: Callable[[Figure], object]) -> str:
    """A picture on white paper."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=SIZE, layout="constrained")
        draw(figure)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None}, facecolor="white")
    # Six digits behind the point make a file half as large again, and a hundredth of a point is not seen.
    return re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), text.getvalue())
