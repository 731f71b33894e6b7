"""Whether moments of odd order vanish where connected functions are told so."""

import numpy as np
from jaxtyping import Array

from nnft_ppl.checks.check import Check, FinishedDraws, Measurement, Outcome
from nnft_ppl.checks.identities import LEAST_DRAWS, looked_at, weights_at
from nnft_ppl.checks.phase import require_known_phase
from nnft_ppl.observables import Moments
from nnft_ppl.statistics import MAX_PULL, Estimate, Verdict, estimate
from nnft_ppl.theory import Theory

ROUNDING = 1e-9
"""Averages below this share of the largest value are rounding."""


class OddMoments(Check):
    """Whether the moments vanish that `connected(..., even=True)` leaves out, on some hundred draws.

    It looks at those of which one is a factor of every product that is left out: all of first order and, of six or more
    insertions, of third.
    """

    name = "odd_moments"
    title = "moments of odd order"
    threshold = MAX_PULL
    cheap = False

    def measurement(self, theory: Theory) -> Measurement | None:
        """The moments.

        Args:
            theory: What is sampled.
        """
        if not (stated := stated_even(theory)):
            return None

        def moments(position: Array) -> dict[str, Array]:
            fields = theory.at(position).returned
            return {name: one.neglected_on(fields) for name, one in stated.items()}

        return Measurement(moments)

    def applies(self, draws: FinishedDraws) -> bool:
        """Where a connected function is told so."""
        return bool(draws.theory and stated_even(draws.theory))

    def judge(self, draws: FinishedDraws) -> Outcome:
        """The largest of them in its errors.

        Raises:
            ValueError: If too few draws were looked at, or the average phase is not known.
        """
        require_known_phase(draws)
        measured = looked_at(draws)
        phase = None if draws.phase is None else draws.phase[:, measured["draw"].values]
        series = {str(name): values.values for name, values in measured.items()}
        found = estimate(series, None, weights_at(draws, measured), independent=draws.kind.independent, phase=phase)
        fewest = min(float(np.nanmin(one.ess, initial=np.inf)) for one in found.values())
        if fewest < LEAST_DRAWS:
            raise ValueError(f"{fewest:.0f} effective draws are too few, below {LEAST_DRAWS}: run longer")
        pulls = {name: _pull(one.in_parts, float(np.max(np.abs(series[name])))) for name, one in found.items()}
        worst = max(pulls, key=lambda name: pulls[name])
        number = measured.sizes["chain"] * measured.sizes["draw"]
        text = f"moments of odd order are zero within {pulls[worst]:.1f} errors on {number} draws ({worst})"
        good = pulls[worst] < MAX_PULL
        if not good:
            text = f"{worst} was told even=True, and a moment of odd order is {pulls[worst]:.1f} errors from zero"
        advice = "leave even=True out; or, if the density is even in the field, chains have not seen both signs"
        return Outcome(Verdict.of(self.name, pulls[worst], MAX_PULL, text, good=good, advice=advice), {"pulls": pulls})


def stated_even(theory: Theory) -> dict[str, Moments]:
    """What is measured for connected functions that were told so, by the functions' names.

    Args:
        theory: What is sampled.
    """
    return {
        name.removesuffix(".moments"): one
        for name, one in theory.observables.items()
        if isinstance(one, Moments) and one.neglected
    }


def _pull(moments: Estimate, largest: float) -> float:
    """The largest average in its errors; without an error any, but for rounding, is infinitely many of them."""
    size = np.abs(moments.value)
    without = np.where(size > ROUNDING * largest, np.inf, 0.0)
    return float(np.max(np.divide(size, moments.error, out=without, where=moments.error > 0), initial=0.0))
