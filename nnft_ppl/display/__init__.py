"""Values, tables and progress as a person reads them; knows nothing of physics."""

from nnft_ppl.display.html import MARKS, marked, paragraph, table
from nnft_ppl.display.progress import Progress, Stage, shown
from nnft_ppl.display.spelling import did_you_mean
from nnft_ppl.display.values import called, format_value, format_values

__all__ = [
    "MARKS",
    "Progress",
    "Stage",
    "called",
    "did_you_mean",
    "format_value",
    "format_values",
    "marked",
    "paragraph",
    "shown",
    "table",
]
