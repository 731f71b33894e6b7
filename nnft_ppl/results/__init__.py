"""The labelled result of a run, on disk and in memory."""

from nnft_ppl.results.across import AcrossMembers, Fitted, extrapolated, fit_across, slope
from nnft_ppl.results.axiom_tables import (
    ABOUT_CLUSTER,
    ABOUT_EUCLIDEAN,
    AXIOM_HEADINGS,
    CLUSTER_HEADINGS,
    EUCLIDEAN_HEADINGS,
    axiom_line,
    axiom_rows,
    cluster_rows,
    euclidean_rows,
)
from nnft_ppl.results.comparison import Comparison, compare
from nnft_ppl.results.ensemble import TRUNCATION, Ensemble, estimate_rows, places
from nnft_ppl.results.exchange import ALONE, Exchange, LostProcessError, Processes
from nnft_ppl.results.held_out import held_out_estimates
from nnft_ppl.results.labelled import estimates_dataset, state_units
from nnft_ppl.results.limits import Limit, Reach, limit_of, nearest_to_limit
from nnft_ppl.results.members import Ensembles, correlations, family_data, member_folders, read
from nnft_ppl.results.plain_json import plain_json
from nnft_ppl.results.plateaus import Plateau, find_plateau
from nnft_ppl.results.positivity_tables import ABOUT_POSITIVITY, POSITIVITY_HEADINGS, positivity_rows
from nnft_ppl.results.provenance import (
    FORMAT,
    ImprovedRecord,
    PartitionFunction,
    Provenance,
    Request,
    SamplerRecord,
)
from nnft_ppl.results.run_folder import ANEW, RunFolder
from nnft_ppl.results.series import (
    averaged_over,
    drop_series,
    has_series,
    improved_series,
    phase_of,
    quoted_series,
    series_of,
    single_draws,
    single_series,
    usable_log_weights,
    with_entry,
)
from nnft_ppl.results.shared_folder import SharedFolder
from nnft_ppl.results.side_by_side import SideBySide, member_tables
from nnft_ppl.results.storage import (
    ResultError,
    WriteError,
    atomically,
    complaining_of_damage,
    read_manifest,
    read_provenance,
    stored_provenance,
    write_result,
)
from nnft_ppl.results.stored_members import StoredMembers
from nnft_ppl.results.symmetry_tables import (
    ABOUT_PARTS,
    BREAKING_HEADINGS,
    PART_WORDS,
    SUMMARY_HEADINGS,
    VERDICT_WORDS,
    WARD_HEADINGS,
    breaking_rows,
    functional_words,
    lift_words,
    line_of,
    summary_rows,
    ward_rows,
)
from nnft_ppl.results.tables import latex_table
from nnft_ppl.results.unfinished import unfinished_words

__all__ = [
    "ABOUT_CLUSTER", "ABOUT_EUCLIDEAN", "ABOUT_PARTS", "ABOUT_POSITIVITY", "ALONE", "ANEW", "AXIOM_HEADINGS",
    "BREAKING_HEADINGS", "CLUSTER_HEADINGS", "EUCLIDEAN_HEADINGS", "FORMAT", "PART_WORDS", "POSITIVITY_HEADINGS",
    "SUMMARY_HEADINGS", "TRUNCATION", "VERDICT_WORDS", "WARD_HEADINGS", "AcrossMembers", "Comparison", "Ensemble",
    "Ensembles", "Exchange", "Fitted", "ImprovedRecord", "Limit", "LostProcessError", "PartitionFunction", "Plateau",
    "Processes", "Provenance", "Reach", "Request", "ResultError", "RunFolder", "SamplerRecord", "SharedFolder",
    "SideBySide", "StoredMembers", "WriteError", "atomically", "averaged_over", "axiom_line", "axiom_rows",
    "breaking_rows", "cluster_rows", "compare", "complaining_of_damage", "correlations", "drop_series",
    "estimate_rows", "estimates_dataset", "euclidean_rows", "extrapolated", "family_data", "find_plateau",
    "fit_across", "functional_words", "has_series", "held_out_estimates", "improved_series", "latex_table",
    "lift_words", "limit_of", "line_of", "member_folders", "member_tables", "nearest_to_limit", "phase_of", "places",
    "plain_json", "positivity_rows", "quoted_series", "read", "read_manifest", "read_provenance", "series_of",
    "single_draws", "single_series", "slope", "state_units", "stored_provenance", "summary_rows", "unfinished_words",
    "usable_log_weights", "ward_rows", "with_entry", "write_result",
]  # fmt: skip
