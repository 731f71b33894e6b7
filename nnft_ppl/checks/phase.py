"""The average phase of complex weights: whether there is anything to divide by."""

import math

import numpy as np

from nnft_ppl.checks.check import Check, FinishedDraws, Outcome
from nnft_ppl.display import format_value
from nnft_ppl.statistics import KNOWN, Verdict, average_phase, estimate

LOG_Z = "Z is complex: Z/Z_free is the mean modulus of the weights times the average phase"
"""Why ln Z is not given."""


class AveragePhase(Check):
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
        turned = np.exp(1j * draws.phase)
        found = estimate({self.name: turned}, None, draws.log_weights, independent=draws.kind.independent)[self.name]
        assert found.correlation is not None  # it is complex
        average, error = found.value.item(), found.error.item()
        phase = average_phase(average, error, float(found.correlation))
        findings = {
            "average": average,
            "error": error,
            "correlation": float(found.correlation),
            "modulus": phase.value,
            "modulus_error": phase.error,
            "log_z": LOG_Z,
        }
        if not np.any(draws.phase):
            text = "the imaginary part of the action is zero on every draw: take its real part, and averages are real"
            return Outcome(Verdict(self.name, "warning", 1.0, None, text), findings)
        size = phase.value / phase.error if phase.error > 0 else math.inf
        words = f"average phase {format_value(phase.value, phase.error)}"
        if not phase.known:
            needed = draws.number * phase.draws
            findings["draws_needed"] = needed
            text = (
                f"sign problem: {words}, needs about {needed:.1g} draws for {KNOWN:.0f} errors, and has {draws.number}"
            )
            advice = (
                "no average of this run means anything; draw more, or move the contour so that the phase varies less"
            )
            return Outcome(Verdict.of(self.name, size, KNOWN, text, good=False, advice=advice), findings)
        text = f"{words}: averages are ⟨O exp(iα)⟩/⟨exp(iα)⟩, identities test the modulus that was sampled"
        return Outcome(Verdict.of(self.name, size, KNOWN, text, good=True), findings)
