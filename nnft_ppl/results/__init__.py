"""The labelled result of a run, on disk and in memory."""

from nnft_ppl.results.ensemble import (
    TRUNCATION,
    Ensemble,
    estimate_rows,
    improved_series,
    phase_of,
    places,
    quoted_series,
    read,
    series_of,
    usable_log_weights,
)
from nnft_ppl.results.labelled import estimates_dataset
from nnft_ppl.results.plain_json import plain_json
from nnft_ppl.results.provenance import (
    FORMAT,
    ImprovedRecord,
    PartitionFunction,
    Provenance,
    Request,
    SamplerRecord,
)
from nnft_ppl.results.storage import ResultError, RunFolder, WriteError, atomically

__all__ = [
    "FORMAT", "TRUNCATION", "Ensemble", "ImprovedRecord", "PartitionFunction", "Provenance", "Request", "ResultError",
    "RunFolder", "SamplerRecord", "WriteError", "atomically", "estimate_rows", "estimates_dataset", "improved_series",
    "phase_of", "places", "plain_json", "quoted_series", "read", "series_of", "usable_log_weights",
]  # fmt: skip
