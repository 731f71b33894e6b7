"""Values, tables and progress as a person reads them; knows nothing of physics."""

from nnft_ppl.display.html import mark_lines, paragraph, table
from nnft_ppl.display.keywords import keyword_words, model_call
from nnft_ppl.display.marks import MARKS, STATUSES, on_terminal
from nnft_ppl.display.progress import Progress, Stage, show_progress
from nnft_ppl.display.spelling import did_you_mean, error_words, in_a_row
from nnft_ppl.display.values import (
    ROUNDING,
    columns,
    format_value,
    format_values,
    place_words,
    places_along,
    without_noise,
)

__all__ = [
    "MARKS",
    "ROUNDING",
    "STATUSES",
    "Progress",
    "Stage",
    "columns",
    "did_you_mean",
    "error_words",
    "format_value",
    "format_values",
    "in_a_row",
    "keyword_words",
    "mark_lines",
    "model_call",
    "on_terminal",
    "paragraph",
    "place_words",
    "places_along",
    "show_progress",
    "table",
    "without_noise",
]
