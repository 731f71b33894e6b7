"""Markov chains against reweighted free draws, the independent second route."""

from collections.abc import Iterable, Mapping

import numpy as np
from jaxtyping import Array

from nnft_ppl.checks.check import Check, FinishedDraws, Outcome
from nnft_ppl.checks.modes import ModeCoverage, rare_draws
from nnft_ppl.checks.phase import require_known_phase
from nnft_ppl.checks.rounding import without_rounding
from nnft_ppl.checks.unseen_levels import UnseenLevels, rare_levels
from nnft_ppl.checks.weights import MAX_K_HAT
from nnft_ppl.display import Stage
from nnft_ppl.draws import Kind
from nnft_ppl.observables import functions_of
from nnft_ppl.reference import find_reference, with_proposal
from nnft_ppl.results import phase_of
from nnft_ppl.samplers import Settings, reweight, run_blocks
from nnft_ppl.statistics import (
    MAX_PULL,
    Estimate,
    Verdict,
    contributions,
    estimate,
    kish,
    smooth_log_weights,
    tails,
    weighted_agreement,
)

MOST_DRAWS = 10_000
"""Draws per chain of the second route, at most."""


class SecondRoute(Check):
    """Whether chains agree with as many independent draws as they made, weighted: free ones, or of a reference."""

    name = "second_route"
    title = "second route"
    threshold = MAX_PULL
    kinds = (Kind.CHAINS,)
    cheap = False

    def judge(self, draws: FinishedDraws) -> Outcome:
        """The largest difference in joint errors; k̂ and Kish's number of the weights; the second estimates.

        Raises:
            ValueError: If nothing may be drawn.
        """
        require_known_phase(draws)
        if draws.key is None:
            raise ValueError("no free draws were made for it")
        modes = draws.before.get(ModeCoverage.name)
        rare = rare_draws(modes.findings.get("found", ()), min(draws.number, MOST_DRAWS)) if modes else None
        if rare:
            raise ValueError(rare)
        levels = draws.before.get(UnseenLevels.name)
        rare = rare_levels(levels.findings, min(draws.number, MOST_DRAWS)) if levels else ""
        if rare:
            raise ValueError(rare)
        series, log_weight, phase = self._free_draws(draws, draws.key)
        if draws.theory.discrete:
            heavy = _heaviest(series, log_weight, phase)
            if not heavy <= MAX_K_HAT:
                words = f"observables of free draws have a tail with k̂ = {heavy:.2f} > {MAX_K_HAT}"
                raise ValueError(f"{words}: discrete levels that matter may be rarer than one in all of them")
        smoothed, k_hat = smooth_log_weights(log_weight)
        found = estimate(series, functions_of(draws.theory.derived), smoothed, independent=True, phase=phase)
        second = {name: one for name, one in found.items() if name in draws.estimates}
        findings = {"k_hat": float(k_hat), "kish": float(kish(log_weight))}
        answered = modes is not None and modes.verdict.status == "good"
        verdict = compare(draws.estimates, second, float(k_hat), answered=answered)
        # Numbers of a route that cannot be trusted are shown nowhere.
        return Outcome(verdict, findings, second if k_hat <= MAX_K_HAT else {})

    def _free_draws(
        self, draws: FinishedDraws, key: Array
    ) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray | None]:
        chains = len(next(iter(draws.observables.values())))
        number = min(draws.number // chains, MOST_DRAWS)
        draws.progress(Stage("second route: free draws", 0, number))
        told = Settings(key, chains, number, num_warmup=0, keep_every=0)
        target, reference = draws.theory.target(), find_reference(draws.theory).reference
        blocks = list(run_blocks(reweight, with_proposal(target, reference) if reference else target, told))

        def together(group: str, names: Iterable[str]) -> dict[str, np.ndarray]:
            return {name: np.concatenate([block.measured[group][name] for block in blocks], 1) for name in names}

        series = without_rounding(draws.theory, together("observables", draws.observables))
        log_weight = np.concatenate([block.stats["log_weight"] for block in blocks], 1)
        return series, log_weight, phase_of(together("phase", draws.theory.phase_terms))


def _heaviest(series: Mapping[str, np.ndarray], log_weight: np.ndarray, phase: np.ndarray | None) -> float:
    """The largest k̂ of what weighted draws contribute to an average; 0 where every tail is light."""
    found = (tails(contributions(one, log_weight, phase), independent=True).k_hat for one in series.values())
    return max((float(np.nanmax(one, initial=0.0)) for one in found), default=0.0)


def compare(
    first: Mapping[str, Estimate], second: Mapping[str, Estimate], k_hat: float, *, answered: bool = True
) -> Verdict:
    """The verdict on two routes.

    Args:
        first: Estimates from the chains.
        second: Estimates from reweighted free draws.
        k_hat: Pareto shape of their weights; above 0.7 the second route is not available, which is no failure.
        answered: Whether every mode is known to have been visited; else that nothing could be compared is a warning.
    """
    if not k_hat <= MAX_K_HAT:
        reason = f"k̂ = {k_hat:.2f} > {MAX_K_HAT}, the free theory is too far for reweighting"
        reason = "too few free draws have a weight to know their tail" if np.isnan(k_hat) else reason
        text = f"second route: not available, {reason}"
        if answered:
            return Verdict(SecondRoute.name, "unavailable", k_hat, MAX_K_HAT, text)
        text += "; nor is it known that every mode was visited: compare with another sampler"
        return Verdict(SecondRoute.name, "warning", k_hat, MAX_K_HAT, text)
    # What is without an error in one of the routes cannot be compared.
    found = {name: np.abs(weighted_agreement(first[name], second[name])) for name in second}
    pulls = {name: float(np.nanmax(pull)) for name, pull in found.items() if not np.isnan(pull).all()}
    if not pulls:
        text = "second route: not available, nothing has an error in both routes"
        return Verdict(SecondRoute.name, "unavailable", None, MAX_PULL, text)
    worst = max(pulls, key=lambda name: pulls[name])
    text = f"reweighted free draws differ by at most {pulls[worst]:.1f} errors ({worst})"
    coarsest = {name: _resolution(first[name], second[name]) for name in pulls}
    if (least := max(coarsest, key=lambda name: coarsest[name])) and coarsest[least] > 0:
        text += f"; a difference of {coarsest[least]:.1%} would have been noticed in {least}"
        text += ", and smaller ones in the others" if len(coarsest) > 1 else ""
    advice = "chains or weights miss part of the theory; trust neither until another sampler agrees with one"
    return Verdict.of(SecondRoute.name, pulls[worst], MAX_PULL, text, good=pulls[worst] < MAX_PULL, advice=advice)


def _resolution(one: Estimate, other: Estimate) -> float:
    """The smallest relative difference that would have failed; 0 of an observable that is zero within its errors."""
    one, other = one.in_parts, other.in_parts
    joint = np.hypot(one.error, other.error)
    known = np.abs(one.value) > MAX_PULL * joint
    shares = np.divide(MAX_PULL * joint, np.abs(one.value), out=np.zeros(joint.shape), where=known)
    return float(np.max(shares, initial=0.0))
