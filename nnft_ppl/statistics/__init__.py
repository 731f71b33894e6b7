"""From series of numbers to value ± error, and the words for what can be trusted."""

from nnft_ppl.statistics.autocorrelation import MINIMUM_DRAWS, autocorrelation_function, checked_series, gamma_method
from nnft_ppl.statistics.control_variates import mixed
from nnft_ppl.statistics.estimates import Estimate, Estimates, estimate, median_of_means, pulls, weighted_agreement
from nnft_ppl.statistics.hotelling import TSquared, t_squared
from nnft_ppl.statistics.log_weights import (
    checked_log_weights,
    kish,
    log_mean_weight,
    relative_weights,
    smoothed_log_weights,
)
from nnft_ppl.statistics.second_errors import errors_agree, geyer_errors, independent_errors
from nnft_ppl.statistics.verdicts import (
    MAX_DIVERGENT,
    MAX_K_HAT,
    MAX_PULL,
    MAX_R_HAT,
    MIN_BFMI,
    MIN_ESS,
    Verdict,
    Verdicts,
    chain_verdicts,
    overall,
    population_verdicts,
    reweighting_verdicts,
    routes_verdict,
    status_of,
)

__all__ = [
    "MAX_DIVERGENT",
    "MAX_K_HAT",
    "MAX_PULL",
    "MAX_R_HAT",
    "MINIMUM_DRAWS",
    "MIN_BFMI",
    "MIN_ESS",
    "Estimate",
    "Estimates",
    "TSquared",
    "Verdict",
    "Verdicts",
    "autocorrelation_function",
    "chain_verdicts",
    "checked_log_weights",
    "checked_series",
    "errors_agree",
    "estimate",
    "gamma_method",
    "geyer_errors",
    "independent_errors",
    "kish",
    "log_mean_weight",
    "median_of_means",
    "mixed",
    "overall",
    "population_verdicts",
    "pulls",
    "relative_weights",
    "reweighting_verdicts",
    "routes_verdict",
    "smoothed_log_weights",
    "status_of",
    "t_squared",
    "weighted_agreement",
]
