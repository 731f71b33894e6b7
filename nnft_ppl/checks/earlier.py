"""What samplers before this one failed on: going on until a check passes is no proof that it should have."""

from nnft_ppl.checks.check import Check, FinishedDraws, Outcome
from nnft_ppl.checks.modes import ModeCoverage
from nnft_ppl.statistics import Verdict

OF_THE_DENSITY = {"schwinger_dyson", "improved", "second_route", "exact_answers"}
"""Checks that say that draws have another density; what the others find is how well draws mix, or are weighted."""


def found_only(verdict: Verdict) -> str:
    """What a verdict found, without its advice.

    Args:
        verdict: A failed one.
    """
    return verdict.text.rsplit(": ", 1)[0].replace("\n", "; ")


class EarlierSamplers(Check):
    """Whether the failures of the samplers that `auto` tried before are explained."""

    name = "earlier"
    title = "samplers before this one"

    def applies(self, draws: FinishedDraws) -> bool:
        """Where there were any."""
        return bool(draws.earlier)

    def judge(self, draws: FinishedDraws) -> Outcome:
        """Explained where they mixed badly, or had bad weights, and every mode has been visited now."""
        modes = draws.before.get(ModeCoverage.name)
        visited = modes is not None and modes.verdict.status == "good"
        open_ones = [
            sampler
            for sampler, failed in draws.earlier.items()
            if not visited or {one.check for one in failed} <= OF_THE_DENSITY
        ]
        tries = 1 + len(draws.earlier)
        told = "; ".join(f"{sampler} failed ({found_only(failed[0])})" for sampler, failed in draws.earlier.items())
        text = f"try {tries}, so p-values must be {tries} times the usual threshold; before, {told}"
        if open_ones:
            text += f"; why {', '.join(open_ones)} failed is not explained: repeat with another seed, and compare"
        else:
            text += "; explained by how it mixes or weighs draws, for now every mode was visited"
        findings = {name: [one.to_json() for one in failed] for name, failed in draws.earlier.items()}
        return Outcome(Verdict(self.name, "warning" if open_ones else "good", None, None, text), {"failed": findings})
