"""The pictures of a theory in a gallery: drawn fields, and an observable beside its exact answer, small and alike."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from nnft_ppl.report.correlators import along_coordinate, plot_correlator, plot_correlator_pulls
from nnft_ppl.report.drawing import shorten
from nnft_ppl.report.fields import draw_pictures, field_pictures
from nnft_ppl.report.parts import MODULUS
from nnft_ppl.report.pulls import plot_pulls
from nnft_ppl.results import Ensemble

SIZE = (4.3, 2.9)
"""Inches of a picture: two stand beside one another on a screen, one on a telephone."""
MOST_MAPS = 2
"""Heat maps: each takes 8 kB."""
MOST_ROWS = 12
"""Pulls in a picture of nothing else, those furthest from zero."""
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

    The latter is `two_point`, or else the first observable along a coordinate, with its exact values and its pulls;
    where none has both, the pulls that are furthest from zero.

    Args:
        ensemble: A run.
        pulls: As in `nnft_ppl.report.plot_pulls`.
    """
    found = []
    if "fields" in ensemble.data and _finite(ensemble):
        found.append(GalleryPicture("fields", "drawn fields", _svg(lambda figure: _draw_fields(ensemble, figure))))
    known = [name for name in along_coordinate(ensemble) if np.isfinite(ensemble.pulls().get(name, [])).sum() > 1]
    rows = [row for row in pulls if row["z"] is not None and np.isfinite(row["z"])]
    if known:
        name = "two_point" if "two_point" in known else known[0]
        words = f"{name.replace('_', ' ')} beside its exact values, and pulls"
        found.append(GalleryPicture(name, words, _svg(lambda figure: _draw_correlator(ensemble, name, figure))))
    elif rows:
        far = sorted(rows, key=lambda row: -abs(row["z"]))[:MOST_ROWS]
        words = "pulls, the largest first" if len(far) == len(rows) else f"the {len(far)} largest pulls"
        found.append(GalleryPicture("pulls", words, _svg(lambda figure: _draw_pulls(far, figure))))
    return found


def _finite(ensemble: Ensemble) -> bool:
    """Whether there is something to be seen of the first field."""
    first = next(iter(ensemble.data["fields"].data_vars.values()))
    return bool(np.isfinite(first.values).any())


def _draw_fields(ensemble: Ensemble, figure: Figure) -> None:
    """One component of the first field: four draws as lines, or two as heat maps."""
    pictures = field_pictures(ensemble)
    pictures = pictures[: 2 if pictures[0].part is MODULUS else 1]
    if len(pictures[0].axes) > 1:
        pictures = [one._replace(values=one.values.isel(snapshot=slice(MOST_MAPS))) for one in pictures]
    draw_pictures(pictures, ensemble.unit("separation"), figure)


def _draw_correlator(ensemble: Ensemble, name: str, figure: Figure) -> None:
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.2))
    plot_correlator(ensemble, name, above).set_xlabel("")
    plot_correlator_pulls(ensemble, name, below)


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
