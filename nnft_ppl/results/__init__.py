"""The labelled result of a run, on disk and in memory."""

from nnft_ppl.results.ensemble import (
    Ensemble,
    estimate_rows,
    estimates_dataset,
    improved_series,
    places,
    quoted_series,
    read,
    series_of,
)
from nnft_ppl.results.storage import ResultError, RunFolder, WriteError, atomically, plain_json

__all__ = [
    "Ensemble",
    "ResultError",
    "RunFolder",
    "WriteError",
    "atomically",
    "estimate_rows",
    "estimates_dataset",
    "improved_series",
    "places",
    "plain_json",
    "quoted_series",
    "read",
    "series_of",
]
