"""Figures as SVG that takes the colour of the text around it, on light paper and on dark."""

import io
import re
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from nnft_ppl.report.panel import WIDTH, Panel

_INK = "#010203"
"""Stands for the colour of the page's text until the figure is in the page."""
_STYLE: Any = {
    "axes.edgecolor": _INK,
    "axes.facecolor": "none",
    "axes.labelcolor": _INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "font.size": 10.5,
    "legend.labelcolor": _INK,
    "savefig.facecolor": "none",
    "svg.fonttype": "path",  # the reader's fonts have other widths
    "svg.hashsalt": "nnft_ppl",
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
}


def svg_of(panel: Panel) -> str:
    """A panel as an <svg> element, with ids of its own so that many stand in one page."""
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH, panel.height), layout="constrained")
        panel.draw(figure)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    element = text.getvalue()
    element = element[element.index("<svg") :]
    own = re.sub(r"\W", "-", panel.name)
    element = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{own}-", element)
    # The page sets the size; the view box keeps the proportions.
    element = re.sub(r'<svg ([^>]*?)width="[^"]*" height="[^"]*"', r'<svg \1role="img"', element, count=1)
    return re.sub(r"<metadata>.*?</metadata>", "", element, flags=re.DOTALL).replace(_INK, "currentColor")
