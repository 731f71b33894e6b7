"""Slow modes: what long blocks of draws show that the Gamma method's window cut off, and what a mix hides."""

from typing import Any

import numpy as np

from nnft_ppl.checks.check import Check, FinishedDraws, Outcome
from nnft_ppl.checks.errors import MIN_ESS
from nnft_ppl.draws import Kind
from nnft_ppl.statistics import Verdict, contributions, gamma_method

GROWN = 1.1
"""A growth of an error that is worth a warning."""


class SlowModes(Check):
    """By how much errors grew where long blocks contradict the Gamma method; and raw series that are slow.

    The errors that are quoted are those that have grown, so that neither fails a run: where the longest blocks still
    give larger errors than shorter ones, the two error estimators are said to disagree.
    """

    name = "slow"
    title = "slow modes"
    threshold = GROWN
    kinds = (Kind.CHAINS, Kind.POPULATIONS)

    def judge(self, draws: FinishedDraws) -> Outcome:
        """The largest growth; effective draws of raw series whose improved ones are quoted."""
        growth = {name: _largest(one.growth) for name, one in draws.estimates.items() if one.growth is not None}
        weights = draws.log_weights if draws.kind.weighted else None
        raw = {name: _effective(draws, name, weights) for name in draws.improved}
        findings: dict[str, Any] = {"growth": growth, "raw_effective_draws": raw}
        worst = max(growth, key=lambda name: growth[name], default="")
        largest = growth.get(worst, 1.0)
        said = []
        if largest > GROWN:
            said.append(
                f"draws far apart are correlated beyond the Gamma method's window, which makes errors "
                f"{largest:.1f} × larger ({worst})"
            )
        slowest = min(raw, key=lambda name: raw[name], default="")
        if slowest and raw[slowest] < MIN_ESS <= float(np.nanmin(draws.estimates[slowest].ess, initial=np.inf)):
            said.append(
                f"the raw {slowest} has {raw[slowest]:.0f} effective draws only, though the improved one has enough"
            )
        if said:
            text = f"{self.title}: {'; '.join(said)}: run longer, or use --sampler replica-exchange"
            return Outcome(Verdict(self.name, "warning", largest, GROWN, text), findings)
        return Outcome(
            Verdict(self.name, "good", largest, GROWN, f"{self.title}: none seen in long blocks of draws"), findings
        )


def _effective(draws: FinishedDraws, name: str, weights: np.ndarray | None) -> float:
    """The fewest effective draws of an observable's components."""
    series = contributions(draws.observables[name], weights)
    ess = gamma_method(series).ess
    if draws.singles:
        single = contributions(draws.single.observables[name], draws.single.log_weights)
        spread, of_one = np.var(series, axis=(0, 1)), np.var(single, axis=(0, 1))
        ess = ess * np.divide(of_one, spread, out=np.ones_like(spread), where=spread > 0)
    return float(np.min(ess))


def _largest(growth: np.ndarray) -> float:
    """NaN of undefined quantities left out."""
    return float(np.max(np.nan_to_num(growth, nan=1.0), initial=1.0))
