"""The axioms of Osterwalder and Schrader on a run's draws, wherever its fields have a time axis."""

import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from nnft_ppl.axioms import (
    ALPHA,
    TOLERANCE,
    AxiomError,
    PositivityFindings,
    ReflectionPositivity,
    SchwingerAxioms,
    TimesError,
)
from nnft_ppl.checks.check import Check, FinishedDraws, Measurement, Outcome
from nnft_ppl.checks.identities import looked_at, weights_at
from nnft_ppl.results import axiom_line
from nnft_ppl.spaces import Circle, Line
from nnft_ppl.statistics import Verdict
from nnft_ppl.theory import Theory

SOME, MANY = 5000, 25_000
"""Draws per chain that are looked at in every run, and where it is asked for; a few numbers of each."""
POSITIVITY = "reflection_positivity"
BETWEEN = ":"
"""Between an axiom's name and that of what it measures."""


class Axioms(Check):
    """What the draws say of reflection positivity, and where it is asked for of the other axioms, too.

    Reflection positivity is looked at in every run on a `Circle` or a `Line`, whose points are times. That an axiom is
    violated is no failure of the run: it is what is found.

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
        self._positivity: ReflectionPositivity | None = None
        self._others: SchwingerAxioms | None = None
        self._reason = ""

    def measurement(self, theory: Theory) -> Measurement | None:
        """What every axiom needs of a draw.

        Args:
            theory: What is sampled.

        Raises:
            TimesError: If times do not fit.
            AxiomError: If there is no time axis, and nothing else was asked for.
        """
        if not self._looks_at(theory):
            return None
        # One object may serve the members of a family in turn.
        self._positivity, self._reason = None, ""
        self._others = SchwingerAxioms(theory) if self.asked else None
        try:
            self._positivity = ReflectionPositivity(theory, self.times, self._tolerance)
        except TimesError:
            raise
        except AxiomError as error:
            if not self._others:
                raise
            self._reason = str(error)

        def measured(position: Array) -> dict[str, Array]:
            found = self._others(position) if self._others else {}
            values = self._positivity.measure(position) if self._positivity else {}
            return found | {f"{POSITIVITY}{BETWEEN}{key}": value for key, value in values.items()}

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
        series = {str(key): value.values for key, value in measured.items()}
        independent = draws.kind.independent
        found = PositivityFindings.unavailable(self._reason)
        if self._positivity:
            own = f"{POSITIVITY}{BETWEEN}"
            values = {key.removeprefix(own): one for key, one in series.items() if key.startswith(own)}
            found = self._positivity.conclude(values, weights, independent=independent, rounding=eps)
        findings: dict[str, Any] = {POSITIVITY: found.to_json()}
        if self._others:
            phase = None if draws.phase is None else draws.phase[:, measured["draw"].values]
            others = {key: one for key, one in series.items() if not key.startswith(POSITIVITY)}
            findings |= self._others.conclude(others, weights, independent=independent, phase=phase)
        return Outcome(self._verdict(findings), findings)

    def _verdict(self, findings: dict[str, Any]) -> Verdict:
        """A warning where something is violated that the cut-off of the network does not explain."""
        positivity = findings[POSITIVITY]
        odd = positivity["verdict"] == "violated" and not positivity["by_cutoff"]
        odd = odd or any(one["verdict"] == "broken" for one in findings.values())
        text = f"reflection positivity: {positivity['summary']}"
        others = {axiom: one for axiom, one in findings.items() if axiom != POSITIVITY}
        text = f"{self.title}\n{text}\n{axiom_line(others)}" if others else text
        known = positivity["p_value"] if np.isfinite(positivity["p_value"]) else None
        return Verdict(self.name, "warning" if odd else "good", known, self.threshold, text)
