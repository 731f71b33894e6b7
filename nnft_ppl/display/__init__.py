"""Values, tables and progress as a person reads them; knows nothing of physics."""

from nnft_ppl.display.html import marked, paragraph, table
from nnft_ppl.display.marks import MARKS, STATUSES, on_terminal
from nnft_ppl.display.progress import Progress, Stage, shown
from nnft_ppl.display.spelling import did_you_mean, error_words
from nnft_ppl.display.values import called, columns, format_value, format_values, places_along, without_noise

__all__ = [
    "MARKS",
    "STATUSES",
    "Progress",
    "Stage",
    "called",
    "columns",
    "did_you_mean",
    "error_words",
    "format_value",
    "format_values",
    "marked",
    "on_terminal",
    "paragraph",
    "places_along",
    "shown",
    "table",
    "without_noise",
]
