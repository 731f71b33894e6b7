"""Tails of what is averaged: whether an observable's error means anything, whatever the sampler."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from nnft_ppl.checks.check import Check, FinishedDraws, Outcome
from nnft_ppl.complex_parts import in_parts, place_name
from nnft_ppl.display import format_value
from nnft_ppl.statistics import HEAVY, SIGMAS, USABLE, Verdict, contributions, median_of_means, tails

BLOCKS = 32
"""Blocks of a median of means, at most; at least 8, each of 10 effective draws."""


class ObservableTails(Check):
    """Pareto's k̂ of w (O − Ō) for every component of every observable, as it is quoted.

    Above 1/2 the variance of what is averaged does not exist, or not yet with so many draws: a warning. Where k̂ exceeds
    0.7 by two of its standard errors, the error says nothing: a failure, for the largest of m components at the level
    at which one alone would be. A k̂ above 0.7 also fails where draws beyond the largest one, which did not come, would
    move the mean by two of its errors.
    """

    name = "tails"
    title = "tails of observables"
    threshold = HEAVY

    def judge(self, draws: FinishedDraws) -> Outcome:
        """The heaviest tail; of each observable k̂, and the median of means."""
        series = draws.quoted or draws.observables
        components = {name: int(np.prod(values.shape[2:])) for name, values in series.items()}
        twice = {name for name, values in series.items() if draws.phase is None and np.iscomplexobj(values)}
        count = sum(size * (1 + (name in twice)) for name, size in components.items())
        # The largest of m normals exceeds this as rarely as one exceeds SIGMAS.
        sure = -float(ndtri(ndtr(-SIGMAS) / max(count, 1)))
        rows = [self._row(draws, name, values, sure) for name, values in series.items() if values.size]
        known = [row for row in rows if np.isfinite(row["k_hat"])]
        if not known:
            text = "tails of observables: none, many draws are at the largest values"
            return Outcome(Verdict(self.name, "good", None, HEAVY, text), {"rows": rows})
        failed = [row for row in known if row["useless"]]
        worst = max(failed or known, key=lambda row: row["k_hat"])
        status = "failed" if failed else "warning" if worst["k_hat"] > USABLE else "good"
        return Outcome(
            Verdict(self.name, status, worst["k_hat"], HEAVY, _text(worst, status)), {"components": count, "rows": rows}
        )

    def _row(self, draws: FinishedDraws, name: str, values: np.ndarray, sure: float) -> dict[str, Any]:
        """The heaviest component of one observable."""
        fluctuations = contributions(values, draws.log_weights if draws.kind.weighted else None, draws.phase)
        is_complex = fluctuations.ndim > values.ndim
        found = tails(fluctuations, independent=draws.kind.independent)
        useless = found.useless(sure)
        heaviest = np.where(useless | ~np.any(useless), found.certain(sure), -np.inf)  # among the useless, if any
        at = np.unravel_index(int(np.argmax(heaviest)), found.k_hat.shape)
        row = {
            "observable": place_name(name, tuple(map(int, at)), complex_=is_complex),
            "k_hat": float(found.k_hat[at]),
            "error": float(found.error[at]),
            "unseen": float(found.unseen[at]),
            "useless": bool(useless[at]),
        }
        blocks = int(np.clip(np.nan_to_num(found.effective) / 10, 8, BLOCKS))
        if np.isfinite(row["k_hat"]) and draws.phase is None and name in draws.estimates:  # moments are not shown
            value, error = median_of_means(fluctuations[(..., *at)].ravel(), blocks)
            mean = float(in_parts(draws.estimates[name].value)[at])
            row |= {"median_of_means": mean + float(value), "median_of_means_error": float(error)}
        return row


def _text(worst: Mapping[str, Any], status: str) -> str:
    """The verdict in words."""
    shape = f"k̂ = {worst['k_hat']:.2f} ± {worst['error']:.2f}"
    if status == "good":
        return f"tails of observables: the heaviest has {shape} ({worst['observable']})"
    second = ""
    if "median_of_means" in worst:
        second = format_value(worst["median_of_means"], worst["median_of_means_error"])
        second = f"; the median of means, biased where a tail is one-sided, is {second}"
    if status == "failed":
        advice = "its error means nothing; average a bounded functional (a tanh, an indicator), whose variance exists"
        return f"too heavy a tail of {worst['observable']}, {shape}, for a usable variance: {advice}{second}"
    doubt = "a few draws dominate its error, which may be too small"
    return f"heavy tail of {worst['observable']}, {shape}: {doubt}{second}"
