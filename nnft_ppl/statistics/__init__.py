"""From series of numbers to value ± error, and the words for what can be trusted."""

from nnft_ppl.statistics.agreement import pulls, weighted_agreement
from nnft_ppl.statistics.autocorrelation import MINIMUM_DRAWS, autocorrelation_function, gamma_method
from nnft_ppl.statistics.averages import Averages, SingleDraws, average_of_two, weight_of_two
from nnft_ppl.statistics.control_variates import mix, mixed_alike
from nnft_ppl.statistics.controls import carried_control, centred_control
from nnft_ppl.statistics.cross_fit import CrossFitted, cross_fit
from nnft_ppl.statistics.estimate import Estimate, Estimates
from nnft_ppl.statistics.hotelling import TSquared, t_squared
from nnft_ppl.statistics.linear_fits import LinearFit, fit_linear, fit_polynomial
from nnft_ppl.statistics.log_weights import (
    kish,
    kish_of_averages,
    log_mean_weight,
    relative_weights,
    smooth_log_weights,
)
from nnft_ppl.statistics.means import average_phase_of, estimate
from nnft_ppl.statistics.phases import KNOWN, AveragePhase
from nnft_ppl.statistics.plateaus import Window, choose_window
from nnft_ppl.statistics.replicas import blocks, correlation_between, replicas
from nnft_ppl.statistics.second_errors import errors_agree, geyer_errors, independent_errors
from nnft_ppl.statistics.tails import HEAVY, SIGMAS, UNSEEN, USABLE, Tails, contributions, median_of_means, tails
from nnft_ppl.statistics.verdicts import MAX_PULL, Verdict, Verdicts, overall

__all__ = [
    "HEAVY",
    "KNOWN",
    "MAX_PULL",
    "MINIMUM_DRAWS",
    "SIGMAS",
    "UNSEEN",
    "USABLE",
    "AveragePhase",
    "Averages",
    "CrossFitted",
    "Estimate",
    "Estimates",
    "LinearFit",
    "SingleDraws",
    "TSquared",
    "Tails",
    "Verdict",
    "Verdicts",
    "Window",
    "autocorrelation_function",
    "average_of_two",
    "average_phase_of",
    "blocks",
    "carried_control",
    "centred_control",
    "choose_window",
    "contributions",
    "correlation_between",
    "cross_fit",
    "errors_agree",
    "estimate",
    "fit_linear",
    "fit_polynomial",
    "gamma_method",
    "geyer_errors",
    "independent_errors",
    "kish",
    "kish_of_averages",
    "log_mean_weight",
    "median_of_means",
    "mix",
    "mixed_alike",
    "overall",
    "pulls",
    "relative_weights",
    "replicas",
    "smooth_log_weights",
    "t_squared",
    "tails",
    "weight_of_two",
    "weighted_agreement",
]
