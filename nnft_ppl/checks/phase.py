"""The average phase of complex weights: whether there is anything to divide by."""

import math

import numpy as np

from nnft_ppl.checks.check import Check, FinishedDraws, Outcome
from nnft_ppl.statistics import KNOWN, Verdict, average_phase_of

LOG_Z = "Z is complex: Z/Z_free is the mean modulus of the weights times the average phase"
"""Why ln Z is not given."""


class PhaseOfWeights(Check):
    """Whether the average phase ⟨e^{iα}⟩ of a complex action is known to differ from zero, by five of its errors."""

    name = "phase"
    title = "average phase"
    threshold = KNOWN

    def applies(self, draws: FinishedDraws) -> bool:
        """Where a factor is complex."""
        return draws.phase is not None

    def judge(self, draws: FinishedDraws) -> Outcome:
        """The modulus of the average phase in its errors; how many draws it would need."""
        assert draws.phase is not None  # it applies
        phase = average_phase_of(draws.phase, draws.log_weights, independent=draws.kind.independent)
        findings = {
            "average": phase.average,
            "error": phase.error,
            "modulus": phase.modulus,
            "modulus_error": phase.modulus_error,
            "draws_needed": draws.number * phase.draws,
            "log_z": LOG_Z,
        }
        if not np.any(draws.phase):
            text = "the imaginary part of the action is zero on every draw: take its real part, and averages are real"
            return Outcome(Verdict(self.name, "warning", None, KNOWN, text), findings)
        size = phase.modulus / phase.modulus_error if phase.modulus_error > 0 else math.inf
        if phase.known:
            text = f"{phase}: averages are ⟨O exp(iα)⟩/⟨exp(iα)⟩; identities test the modulus, which is sampled"
            return Outcome(Verdict.of(self.name, size, KNOWN, text, good=True), findings)
        text = f"sign problem: {phase}, needs about {findings['draws_needed']:.1g} draws, and has {draws.number}"
        advice = "no average has an error; draw more, or write the theory so that the phase varies less"
        if phase.vanishes:
            text = f"sign problem: {phase}, which may be zero"
            labelled = draws.theory and draws.theory.discrete
            label = "sum over the label that turns it, sectors(...), or " if labelled else ""
            advice = f"no average has a value, and more draws need not give one; {label}write the theory without it"
        return Outcome(Verdict.of(self.name, size, KNOWN, text, good=False, advice=advice), findings)


def require_known_phase(draws: FinishedDraws) -> None:
    """Raise `ValueError` where averages are divided by a phase that is not known: then no error can be judged.

    Args:
        draws: What is judged.
    """
    found = draws.before.get(PhaseOfWeights.name)
    if found and found.verdict.status == "failed":
        raise ValueError("the average phase is not known to differ from zero")
