"""The symmetries that a model file declares, looked at in every run: lifts, breaking functions, Ward identities."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from nnft_ppl.checks.check import Check, FinishedDraws, Measurement, Outcome
from nnft_ppl.checks.identities import MIN_P_VALUE, looked_at, weights_at
from nnft_ppl.display import in_a_row
from nnft_ppl.identities import TooManyEdgesError, VectorFieldError
from nnft_ppl.results import line_of
from nnft_ppl.statistics import Verdict
from nnft_ppl.symmetries import (
    ROUNDING,
    Invariance,
    Symmetry,
    SymmetryError,
    SymmetryFindings,
    WardIdentities,
    conclude,
    conclude_discrete,
    declared,
    default_functionals,
    free_amplitudes,
    generators,
    lift_tolerance,
    row_words,
)
from nnft_ppl.theory import Theory

BETWEEN = ":"
"""Between a generator's name and that of what it measures."""
Measures = Callable[[Array], dict[str, Array]]


class DeclaredSymmetries(Check):
    """What every declared symmetry is, and whether its Ward identities hold on the draws.

    An anomaly is no failure: it is what is found. Ward identities that do not hold are one: B is in them.
    """

    name = "symmetries"
    title = "symmetries"
    threshold = MIN_P_VALUE
    cheap = False

    def __init__(self) -> None:
        self._wards: dict[str, list[tuple[str, WardIdentities]]] = {}
        self._discrete: dict[str, Invariance] = {}
        self._lost: dict[str, str] = {}

    def measurement(self, theory: Theory) -> Measurement | None:
        """What all generators need of a draw.

        Args:
            theory: What is sampled.

        Raises:
            SymmetryError: If a symmetry does not fit the theory.
        """
        found = declared(theory)
        measures: dict[str, Measures] = {}
        for name, one in found.items():
            try:
                if isinstance(one, Symmetry):
                    self._wards[name] = _wards(theory, name, one)
                    measures |= dict(self._wards[name])
                else:
                    self._discrete[name] = measures[name] = Invariance(theory, name, one)
            except TooManyEdgesError as error:  # as the keywords are; the run goes on without it
                self._lost[name] = str(error)
            except VectorFieldError as error:
                raise SymmetryError(f"symmetry {name!r}: {error}") from error
        if not measures:
            return None

        def measured(position: Array) -> dict[str, Array]:
            return {
                f"{generator}{BETWEEN}{key}": value
                for generator, measure in measures.items()
                for key, value in measure(position).items()
            }

        return Measurement(measured)

    def applies(self, draws: FinishedDraws) -> bool:
        """Where the model declares any."""
        return bool(draws.theory and draws.theory.symmetries)

    def judge(self, draws: FinishedDraws) -> Outcome:
        """The findings on each, and the identity that holds least.

        Raises:
            ValueError: If too few draws were looked at.
        """
        if not (self._wards or self._discrete):
            raise ValueError("; ".join(f"{name}: {reason}" for name, reason in self._lost.items()))
        measured = looked_at(draws)
        weights, eps = weights_at(draws, measured), float(jnp.finfo(jnp.zeros(()).dtype).eps)
        findings: dict[str, SymmetryFindings] = {}

        def series(generator: str) -> dict[str, np.ndarray]:
            own = f"{generator}{BETWEEN}"
            return {
                str(key).removeprefix(own): value.values for key, value in measured.items() if str(key).startswith(own)
            }

        for name, one in declared(draws.theory).items():
            told: dict[str, Any] = {
                "redundancy": one.is_redundancy,
                "weights": weights,
                "independent": draws.kind.independent,
                "tolerance": ROUNDING * eps,
            }
            if name in self._lost:
                findings[name] = SymmetryFindings.unavailable(self._lost[name])
                continue
            wards = self._wards.get(name, [])
            points = wards[0][1].generator.points if wards else self._discrete[name].points
            try:
                if wards:
                    found = [(called, one.rows, one.averaged, one.far_sites, series(called)) for called, one in wards]
                    solved = any(one.generator.solved for _, one in wards)
                    lift = lift_tolerance(eps, solved=solved)
                    findings[name] = conclude(found, **told, lift_tolerance=lift)
                else:
                    findings[name] = conclude_discrete(series(name), **told)
            except ValueError as error:  # one of several, not finite on some draw, say
                findings[name] = SymmetryFindings.unavailable(str(error))
                continue
            place = findings[name].worst_place
            place["draw"] = int(measured["draw"].values[place["draw"]])
            place["where"] = row_words(draws.theory, points)[place["row"]]
        stored = {name: one.to_json() for name, one in findings.items()}
        # Whoever goes on until a test passes must be asked for more.
        return Outcome(self._verdict(stored, MIN_P_VALUE * (1 + len(draws.earlier))), stored)

    def _verdict(self, findings: dict[str, dict[str, Any]], least: float) -> Verdict:
        lines = [line_of(name, one) for name, one in findings.items()]
        text = f"declared symmetry {lines[0]}" if len(lines) == 1 else "\n".join(["declared symmetries", *lines])
        meant = {name: one for name, one in findings.items() if one["verdict"] != "not_a_symmetry"}
        p_values = {name: one["ward"]["p_value"] for name, one in meant.items() if np.isfinite(one["ward"]["p_value"])}
        worst = min(p_values.values(), default=1.0)
        if failed := [name for name, p_value in p_values.items() if p_value < least]:
            text += f"\nthe Ward identities of {in_a_row(failed)} do not hold"
            advice = "the draws do not follow the density, or a flux is missing"
            return Verdict.of(self.name, worst, least, text, good=False, advice=advice)
        untested = any(one["ward"].get("left_out") and not one["ward"]["dof"] for one in meant.values())
        lost = any(one["flux_at_infinity"] for one in findings.values())
        missed = len(meant) < len(findings) or lost or untested
        return Verdict(self.name, "warning" if missed else "good", worst, least, text)


def _wards(theory: Theory, name: str, symmetry: Symmetry) -> list[tuple[str, WardIdentities]]:
    """The Ward identities of every generator, by its name."""
    own = generators(theory, name, symmetry)
    functionals: Any = symmetry.functionals
    if functionals is None:
        functionals = default_functionals(theory, own[0].points)
    amplitudes = free_amplitudes(theory)
    return [(one.name, WardIdentities(theory, one, functionals, amplitudes)) for one in own]
