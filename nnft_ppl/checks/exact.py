"""Estimates against the exact values that a model states."""

import jax.numpy as jnp
import numpy as np

from nnft_ppl.checks.check import Check, FinishedDraws, Outcome
from nnft_ppl.checks.phase import require_known_phase
from nnft_ppl.complex_parts import place_name
from nnft_ppl.statistics import MAX_PULL, Verdict, pulls


class ExactAnswers(Check):
    """Whether estimates are within five errors, and the truncation that the model states, of what it knows exactly."""

    name = "exact_answers"
    title = "exact answers"
    threshold = MAX_PULL

    def applies(self, draws: FinishedDraws) -> bool:
        """Where an exact value is known."""
        return any(np.isfinite(value).any() for value in draws.theory.exact.values()) if draws.theory else False

    def judge(self, draws: FinishedDraws) -> Outcome:
        """The largest difference in errors, beyond the truncation.

        Raises:
            ValueError: If no estimate of what is known has an error.
        """
        require_known_phase(draws)
        theory = draws.theory
        precision = jnp.zeros(()).dtype
        found = {
            name: np.abs(pulls(draws.estimates[name], exact, theory.truncation.get(name, 0.0), precision))
            for name, exact in theory.exact.items()
            if name in draws.estimates
        }
        largest = {name: float(np.nanmax(pull)) for name, pull in found.items() if not np.isnan(pull).all()}
        if not largest:
            raise ValueError("what is known exactly has no error here")
        worst = max(largest, key=lambda name: largest[name])
        entry = np.unravel_index(np.nanargmax(found[worst]), found[worst].shape)
        called = place_name(worst, tuple(map(int, entry)), complex_=False)
        compared = int(sum(np.isfinite(pull).sum() for pull in found.values()))
        beyond = " beyond the truncation that the model states" if any(map(np.any, theory.truncation.values())) else ""
        text = f"estimates agree with {compared} exact values within {largest[worst]:.1f} errors{beyond} ({called})"
        if not largest[worst] <= MAX_PULL:
            text = f"{called} is {largest[worst]:.1f} errors from its exact value{beyond}"
        advice = "the draws, the model, or its exact value is wrong; another sampler tells which"
        good = largest[worst] <= MAX_PULL
        return Outcome(Verdict.of(self.name, largest[worst], MAX_PULL, text, good=good, advice=advice))
