"""Whether a run went on until errors were as small as was asked for."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nnft_ppl.checks.check import Check, FinishedDraws, Outcome
from nnft_ppl.checks.distance import Distance, distances, value_words
from nnft_ppl.checks.tolerance import Tolerance
from nnft_ppl.statistics import Verdict

MANY = 10**9
"""Of so many draws the power of ten is said."""


class UntilErrors(Check):
    """How far the quantities are that errors were asked of; made where there are any.

    Args:
        tolerances: The errors that are asked for.
    """

    name = "until"
    title = "errors that were asked for"

    def __init__(self, tolerances: Sequence[Tolerance]) -> None:
        self._tolerances = tuple(tolerances)

    def judge(self, draws: FinishedDraws) -> Outcome:
        """The largest quotient of an error and what was asked for.

        Of each quantity the findings have the error that was asked for (`wanted`) and the error there is (`error`), of
        the entry `at` that is farthest; the `share` of them; whether it was `reached`; and by how many draws per chain
        it may be (`more`).
        """
        made = next(iter(draws.observables.values())).shape[1] * draws.every
        found = distances(self._tolerances, draws.estimates)
        good = all(one.reached for one in found)
        worst = max(one.ratio for one in found)
        text = "; ".join(_words(one, made) for one in found)
        told = good or any(one.may_be_zero or math.isnan(one.error) for one in found)
        advice = "" if told else "give it more time or more draws, or ask for less"
        findings = {one.tolerance.name: _finding(one, made) for one in found}
        verdict = Verdict.of(self.name, worst, self.threshold, text, good=good, advice=advice)
        if good and (never := [one.never for one in found if one.never]):
            words = f"{', '.join(never)} is 0 in every draw: unless it is zero, no share of it is known"
            verdict = replace(verdict, status="warning", text=f"{text}; {words}")
        return Outcome(verdict, findings)


def more_draws(one: Distance, made: int) -> int | None:
    """About how many draws per chain more a quantity takes, to two digits; None where that is not known.

    Args:
        one: How far it is.
        made: Draws per chain so far.
    """
    if one.reached:
        return 0
    if one.may_be_zero or not math.isfinite(one.times):
        return None
    return int(float(f"{max(made * (one.times - 1), 1):.2g}"))


def _words(one: Distance, made: int) -> str:
    wanted = f"{one.tolerance.amount} wanted"
    if one.reached:
        large = not one.tolerance.relative and one.largest > abs(one.value)
        doubt = f", more than its value {value_words(one)}; a share has a %" if large else ""
        return f"{one.tolerance.name} is known to {one.now()} ({wanted}{doubt})"
    if math.isnan(one.error):
        advice = "" if one.label == one.tolerance.name else ": ask for entries that have one, by name"
        return f"{one.label} has no error that can be trusted ({wanted}){advice}"
    if one.may_be_zero:
        advice = f"ask for an error in its units, --until {one.tolerance.name}={one.error:.1g}"
        return f"{one.label} = {value_words(one)} may be 0, of which no share is ever reached ({wanted}): {advice}"
    more = more_draws(one, made)
    number = f"{more:,}" if more and more < MANY else f"{more or 0:.1e}"
    ahead = f", about {number} draws per chain more" if more else ""
    if one.ratio <= 1:
        return f"the error of {one.tolerance.name}, {one.now()}, is not to be trusted yet ({wanted}{ahead})"
    return f"{one.label} is known to {one.now()} ({wanted}{ahead})"


def _finding(one: Distance, made: int) -> dict[str, Any]:
    finite = math.isfinite(one.ratio)
    return {
        "wanted": one.tolerance.amount,
        "at": one.label,
        "value": one.value,
        "error": one.error,
        "share": one.ratio if finite else None,
        "reached": one.reached,
        "more": more_draws(one, made),
    }
