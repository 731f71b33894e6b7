"""Functions of means: whether they are defined, and linear enough over the errors of their means to have an error."""

from collections.abc import Collection, Mapping

import jax.numpy as jnp
import numpy as np

from nnft_ppl.checks.check import Check, FinishedDraws, Outcome
from nnft_ppl.checks.phase import require_known_phase
from nnft_ppl.display import format_value
from nnft_ppl.observables import PLATEAU
from nnft_ppl.statistics import MAX_PULL, Estimate, Verdict

UNTRUSTED = "the error is not to be trusted"


class DerivedQuantities(Check):
    """Which functions of means have no value, or a value whose error cannot be trusted.

    An entry without a value (the logarithm of a negative mean) is unknown, which is no failure. A quantity fails that
    has a value somewhere and nowhere an error; the means in it are known too badly to say what it is.
    """

    name = "derived"
    title = "derived quantities"
    threshold = 0.0

    def applies(self, draws: FinishedDraws) -> bool:
        """Where there are any."""
        return any(name not in draws.observables for name in draws.estimates)

    def judge(self, draws: FinishedDraws) -> Outcome:
        """The number of quantities without any trusted entry.

        Raises:
            ValueError: If no average has an error.
        """
        require_known_phase(draws)
        quantities = {name: one for name, one in draws.estimates.items() if name not in draws.observables}
        failed = [_doubt(name, quantities[name]) for name in untrusted(quantities, draws.observables)]
        if failed:
            text, advice = (
                "; ".join(failed),
                "make more draws, until the means in it are known better, or quote these means",
            )
            return Outcome(Verdict.of(self.name, float(len(failed)), 0.0, text, good=False, advice=advice))
        remarks = [f"; {words}" for words in _remarks(draws)]
        if falling := [_falling(name, quantities[name]) for name in quantities if _still_falls(draws, name)]:
            return Outcome(Verdict(self.name, "warning", 0.0, 0.0, "; ".join(falling) + "".join(remarks)))
        if holes := [_holes(name, one) for name, one in quantities.items() if np.isnan(one.error).any()]:
            return Outcome(Verdict(self.name, "warning", 0.0, 0.0, "; ".join(holes) + "".join(remarks)))
        text = f"derived quantities are nearly linear within the errors of their means ({', '.join(quantities)})"
        return Outcome(Verdict.of(self.name, 0.0, 0.0, text + "".join(remarks), good=True))


def untrusted(estimates: Mapping[str, Estimate], observables: Collection[str]) -> list[str]:
    """Functions of means that have a value somewhere, and nowhere an error that can be trusted.

    Args:
        estimates: By name.
        observables: Which of them are means of observables.
    """
    return [
        name
        for name, one in estimates.items()
        if name not in observables and np.isnan(one.error).all() and not np.isnan(one.value).all()
    ]


def _remarks(draws: FinishedDraws) -> list[str]:
    """What quantities have to say of their values, such as which points were left out of an average."""
    speaking = {name: one.remark for name, one in (draws.theory.derived if draws.theory else {}).items() if one.remark}
    if not speaking or draws.phase is not None:
        return []
    series = dict(draws.quoted or draws.observables)
    weights = np.ones(next(iter(series.values())).shape[:2])
    if draws.log_weights is not None:
        weights = np.exp(draws.log_weights - np.max(draws.log_weights))
    means = {name: jnp.asarray(np.tensordot(weights, one, 2) / weights.sum()) for name, one in series.items()}
    return [f"{name}: {words}" for name, remark in speaking.items() if (words := remark(means))]


def _still_falls(draws: FinishedDraws, name: str) -> bool:
    """Whether a quantity is a plateau whose masses are seen to differ."""
    one, quantity = draws.estimates[name], draws.theory.derived.get(name) if draws.theory else None
    is_plateau = quantity is not None and PLATEAU in quantity.coords.values()
    return is_plateau and bool(np.abs(one.value[1]) > MAX_PULL * one.error[1])


def _falling(name: str, one: Estimate) -> str:
    change = format_value(float(one.value[1]), float(one.error[1]))
    return f"{name} is no plateau: its masses change by {change} over the window"


def _doubt(name: str, one: Estimate) -> str:
    """The first reason that there is."""
    reasons = list(one.doubts.values())
    return f"{name}: {reasons[0]}: {UNTRUSTED}" if reasons else f"{name}: {UNTRUSTED}"


def _holes(name: str, one: Estimate) -> str:
    """What of a quantity is unknown."""
    undefined = np.isnan(one.value)
    doubted = np.isnan(one.error) & ~undefined
    if undefined.all():
        return f"{name} is undefined at these means{''.join(f': {why}' for why in one.doubts.values())}"
    parts = [f"undefined in {undefined.sum()}"] if undefined.any() else []
    if doubted.any():
        entry = min(one.doubts, default=None)
        why = f" ({name}[{', '.join(map(str, entry))}]: {one.doubts[entry]})" if entry else ""
        parts.append(f"without an error that can be trusted in {doubted.sum()}{why}")
    return f"{name}: {' and '.join(parts)} of {one.value.size} entries"
