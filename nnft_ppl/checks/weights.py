"""Weighted draws: the tail of their weights, and whether populations agree on ln Z."""

import numpy as np

from nnft_ppl.checks.check import Check, FinishedDraws, Outcome
from nnft_ppl.draws import Kind
from nnft_ppl.statistics import Verdict, kish_of_averages, smooth_log_weights
from nnft_ppl.statistics.log_weights import EQUAL

MAX_K_HAT = 0.7
MAX_LOG_Z_SPREAD = 1.0


class WeightsTail(Check):
    """Pareto's k̂ of the weights of free draws."""

    name = "k_hat"
    title = "tail of the weights"
    threshold = MAX_K_HAT
    kinds = (Kind.FREE,)

    def judge(self, draws: FinishedDraws) -> Outcome:
        """The shape of the generalised Pareto tail, of single draws beside averages; and Kish's number."""
        log_weight = draws.single.stats["log_weight"]
        k_hat = smooth_log_weights(log_weight)[1]
        text = f"tail of the weights k̂ = {k_hat:.2f}"
        if np.ptp(log_weight) < EQUAL:
            text = "all weights are equal"
        elif k_hat == -np.inf:
            text = "tail of the weights: none, many draws have the largest"
        elif np.isnan(k_hat):
            text = "tail of the weights: too few draws to see one"
        advice = "few draws carry the weight; use --sampler hmc (mixed for discrete sites)"
        verdict = Verdict.of(self.name, k_hat, MAX_K_HAT, text, good=k_hat <= MAX_K_HAT, advice=advice)
        return Outcome(verdict, {"k_hat": k_hat, "kish": kish_of_averages(draws.stats["log_weight"], draws.every)})


class PartitionSpread(Check):
    """Whether independent populations agree on ln Z/Z_free."""

    name = "log_z_spread"
    title = "the spread of ln Z"
    threshold = MAX_LOG_Z_SPREAD
    kinds = (Kind.POPULATIONS,)

    def judge(self, draws: FinishedDraws) -> Outcome:
        """The standard deviation of ln Ẑ over populations, of which each draw carries its own."""
        stats = draws.single.stats
        log_z = _log_z(stats["log_weight"], stats["population"])
        if log_z.size < 2:
            text = "the spread of ln Z is not available with one population; use --chains 4"
            return Outcome(Verdict(self.name, "unavailable", None, MAX_LOG_Z_SPREAD, text))
        spread = float(np.std(log_z, ddof=1))
        advice = "a few of them carry the weight; make more draws, or use --sampler replica-exchange"
        text, good = f"ln Z of {log_z.size} populations has standard deviation {spread:.2g}", spread <= MAX_LOG_Z_SPREAD
        return Outcome(Verdict.of(self.name, spread, MAX_LOG_Z_SPREAD, text, good=good, advice=advice))


def _log_z(log_weight: np.ndarray, population: np.ndarray) -> np.ndarray:
    """Ln Ẑ of every population."""
    begins = np.ones(population.shape, bool)
    begins[:, 1:] = population[:, 1:] != population[:, :-1]
    return log_weight[begins]
