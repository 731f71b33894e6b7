"""The axioms of Osterwalder and Schrader on a run's draws, wherever its fields have a time axis."""

import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array

from nnft_ppl.axioms import ALPHA, TOLERANCE, ReflectionPositivity
from nnft_ppl.checks.check import Check, FinishedDraws, Measurement, Outcome
from nnft_ppl.checks.identities import looked_at, weights_at
from nnft_ppl.spaces import Circle, Line
from nnft_ppl.statistics import Verdict
from nnft_ppl.theory import Theory

SOME, MANY = 5000, 25_000
"""Draws per chain that are looked at in every run, and where it is asked for; a few numbers of each."""
BETWEEN = ":"
"""Between an axiom's name and that of what it measures."""


class Axioms(Check):
    """What the draws say of reflection positivity.

    It is made in every run on a `Circle` or a `Line`, whose points are times; in others where it is asked for. That an
    axiom is violated is no failure of the run: it is what is found.

    Args:
        times: Times behind the mirror, in units of length; None for a ladder of them (`nnft_ppl.axioms.rungs`).
        tolerance: The largest −ρ that the verdict `consistent` leaves open.
    """

    name = "axioms"
    title = "Osterwalder–Schrader axioms"
    threshold = ALPHA
    cheap = False
    stores = False  # of every draw: kept parameters give it back

    def __init__(self, times: Sequence[float] | None = None, tolerance: float = TOLERANCE) -> None:
        self.times, self._tolerance = times, tolerance
        self._axioms: dict[str, Any] = {}

    def measurement(self, theory: Theory) -> Measurement | None:
        """What every axiom needs of a draw.

        Args:
            theory: What is sampled.

        Raises:
                TimesError: If times do not fit.
            AxiomError: If there is no time axis.
        """
        if not self._looks_at(theory):
            return None
        self._axioms = {"reflection_positivity": ReflectionPositivity(theory, self.times, self._tolerance)}

        def measured(position: Array) -> dict[str, Array]:
            return {
                f"{axiom}{BETWEEN}{key}": value
                for axiom, one in self._axioms.items()
                for key, value in one.measure(position).items()
            }

        return Measurement(measured, draws=self._most)

    @property
    def _most(self) -> int:
        return MANY if self.asked else SOME

    def applies(self, draws: FinishedDraws) -> bool:
        """Where it is asked for, or points are times."""
        return bool(draws.theory) and self._looks_at(draws.theory)

    def _looks_at(self, theory: Theory) -> bool:
        return self.asked or (isinstance(theory.space, Circle | Line) and not theory.phase_terms)

    def judge(self, draws: FinishedDraws) -> Outcome:
        """The findings on every axiom.

        Raises:
            ValueError: If too few draws were looked at.
            AxiomError: If fields are not finite where they are looked at.
        """
        measured = looked_at(draws)
        # A run may have become longer than was expected.
        measured = measured.isel(draw=slice(None, None, math.ceil(measured.sizes["draw"] / self._most)))
        weights, eps = weights_at(draws, measured), float(jnp.finfo(jnp.zeros(()).dtype).eps)
        findings = {}
        for axiom, one in self._axioms.items():
            own = f"{axiom}{BETWEEN}"
            series = {
                str(key).removeprefix(own): value.values for key, value in measured.items() if str(key).startswith(own)
            }
            found = one.conclude(series, weights, independent=draws.kind.independent, rounding=eps)
            findings[axiom] = found.to_json()
        return Outcome(self._verdict(findings["reflection_positivity"]), findings)

    def _verdict(self, positivity: dict[str, Any]) -> Verdict:
        """A warning where something is violated that the cut-off of the network does not explain."""
        odd = positivity["verdict"] == "violated" and not positivity["by_cutoff"]
        text = f"reflection positivity: {positivity['text']}"
        return Verdict(self.name, "warning" if odd else "good", positivity["p_value"], self.threshold, text)
