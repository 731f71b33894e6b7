"""Errors that can be believed: effective draws enough, and two estimators that agree."""

from collections.abc import Collection, Mapping

import numpy as np

from nnft_ppl.checks.check import Check, FinishedDraws, Outcome
from nnft_ppl.checks.phase import require_known_phase
from nnft_ppl.draws import Kind
from nnft_ppl.statistics import Estimate, Verdict

MIN_ESS = 400.0
APART = {
    Kind.CHAINS: "chains are too short for their autocorrelation, or disagree: run at least 10 × longer",
    Kind.FREE: "a few draws dominate the error: make more",
    Kind.POPULATIONS: "the populations disagree: run longer",
}
"""What to do where two error estimators disagree."""


def fewest_draws(estimates: Mapping[str, Estimate], observables: Collection[str]) -> dict[str, float]:
    """The fewest effective draws of each estimate.

    What has an error of zero never changed, has no number of draws, and is left out. A function of means may have
    entries without an error, which are left out, too (`DerivedQuantities` speaks of them); an observable may not: its
    number is NaN then.

    Args:
        estimates: By name.
        observables: Which of them are means of observables; the others are functions of means.
    """
    least = {}
    for name, one in estimates.items():
        known = np.asarray(one.ess)[np.asarray(one.error) != 0]
        if name not in observables:
            known = known[np.isfinite(known)]
        if known.size:
            least[name] = float(np.min(known))
    return least


def disagreeing(estimates: Mapping[str, Estimate], observables: Collection[str]) -> list[str]:
    """The estimates of whose error two independent estimators disagree.

    Args:
        estimates: By name.
        observables: Which of them are means of observables; a function of means without an error has none to compare.
    """
    return [
        name
        for name, one in estimates.items()
        if not np.all(np.asarray(one.agree, bool) | (np.isnan(one.error) & (name not in observables)))
    ]


class EffectiveDraws(Check):
    """Effective draws of the estimate that has fewest."""

    name = "ess"
    title = "effective draws"
    threshold = MIN_ESS

    def judge(self, draws: FinishedDraws) -> Outcome:
        """The smallest number, NaN first.

        Raises:
            ValueError: If nothing ever changes, or no average has an error.
        """
        require_known_phase(draws)
        ess = fewest_draws(draws.estimates, draws.observables)
        if not ess:
            raise ValueError("nothing that is measured ever changes")
        worst = min(ess, key=lambda name: -np.inf if np.isnan(ess[name]) else ess[name])
        free = draws.kind is Kind.FREE
        advice = (
            "make more draws, or use --sampler hmc (mixed for discrete sites)"
            if free
            else "run longer, or try another sampler"
        )
        advice = f"too few for errors that can be trusted, which takes {MIN_ESS:.0f}; {advice}"
        text, good = f"at least {ess[worst]:.0f} effective draws ({worst})", ess[worst] >= MIN_ESS
        return Outcome(Verdict.of(self.name, ess[worst], MIN_ESS, text, good=good, advice=advice))


class ErrorEstimators(Check):
    """Whether two independent estimators of every error agree."""

    name = "errors"
    title = "two error estimators"
    threshold = 0.0

    def judge(self, draws: FinishedDraws) -> Outcome:
        """The number of estimates whose errors disagree.

        Raises:
            ValueError: If no average has an error.
        """
        require_known_phase(draws)
        apart = disagreeing(draws.estimates, draws.observables)
        text = "two independent error estimators agree"
        if apart:
            text = f"two independent error estimators disagree for {', '.join(apart)}"
        advice = APART[draws.kind]
        return Outcome(Verdict.of(self.name, float(len(apart)), 0.0, text, good=not apart, advice=advice))
