"""One figure of a report: its words, its data, and how it is drawn."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

WIDTH = 5.4
"""Inches of every figure."""


@dataclass(frozen=True)
class Panel:
    """One figure of a report."""

    name: str
    """Name of its CSV file."""
    title: str
    """Heading."""
    caption: str
    """What is seen, with units and what errors mean."""
    table: pd.DataFrame
    """Its data."""
    draw: Callable[[Figure], object]
    """Draws it on an empty figure."""
    height: float = 4.0
    """Inches."""
