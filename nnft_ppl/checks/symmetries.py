"""The symmetries that a model file declares, looked at in every run: lifts, breaking functions, Ward identities."""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Array

from nnft_ppl.checks.check import Check, FinishedDraws, Measurement, Outcome
from nnft_ppl.checks.identities import MIN_P_VALUE, looked_at, weights_at
from nnft_ppl.identities import VectorFieldError
from nnft_ppl.statistics import Verdict
from nnft_ppl.symmetries import (
    Invariance,
    Symmetry,
    SymmetryFindings,
    WardIdentities,
    conclude,
    conclude_discrete,
    declared,
    default_functionals,
    free_amplitudes,
    generators,
)
from nnft_ppl.theory import Theory

ROUNDING = 1e4
"""So many rounding units of its terms are zero."""
BETWEEN = ":"
"""Between a generator's name and that of what it measures."""
TITLES = {
    "symmetry": "symmetry",
    "redundancy": "redundancy",
    "anomalous": "anomalous",
    "not_a_symmetry": "not a symmetry of this network",
    "undecided": "undecided",
}
"""What a person reads."""

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
            except VectorFieldError as error:
                self._lost[name] = str(error)
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
        weights, eps = weights_at(draws, measured), float(np.finfo(next(iter(measured.values())).dtype).eps)
        findings: dict[str, SymmetryFindings] = {}

        def series(generator: str) -> dict[str, np.ndarray]:
            own = f"{generator}{BETWEEN}"
            return {
                str(key).removeprefix(own): value.values for key, value in measured.items() if str(key).startswith(own)
            }

        for name, one in declared(draws.theory).items():
            if name in self._discrete:
                findings[name] = conclude_discrete(series(name), redundancy=one.is_redundancy, tolerance=ROUNDING * eps)
            elif name in self._wards:
                found = [
                    (called, ward.rows, ward.averaged, ward.far_sites, series(called))
                    for called, ward in self._wards[name]
                ]
                findings[name] = conclude(
                    found, redundancy=one.is_redundancy, weights=weights, independent=draws.kind.independent,
                    tolerance=ROUNDING * eps,
                )  # fmt: skip
        stored = {name: one.to_json() for name, one in findings.items()}
        lost = {
            name: {"verdict": "undecided", "text": f"not available, {reason}"} for name, reason in self._lost.items()
        }
        return Outcome(self._verdict(findings), stored | lost)

    def _verdict(self, findings: dict[str, SymmetryFindings]) -> Verdict:
        lines, worst, failed, missed = [], 1.0, [], []
        for name, one in findings.items():
            p_value, rows = one.ward.get("p_value", np.nan), one.ward["rows"]
            words = f"{name}: {TITLES[one.verdict]}, {one.text}"
            if rows and one.verdict != "not_a_symmetry":
                if np.isfinite(p_value):
                    words += f"; {one.ward['dof']} Ward identities, p = {p_value:.2g}"
                    worst = min(worst, p_value)
                elif not one.ward["dof"]:
                    words += "; its Ward identities hold on every draw"
                else:
                    words += f"; {one.ward['ess']:.0f} effective draws are too few for its Ward identities"
            for site, size in one.flux_at_infinity.items():
                words += f"; {site} loses {size:.3g} at infinity, without which the identities do not hold"
            lines.append(words)
            failed += [name] if p_value < MIN_P_VALUE and one.verdict != "not_a_symmetry" else []
            missed += [name] if one.verdict == "not_a_symmetry" or one.flux_at_infinity else []
        text = "; ".join(lines + [f"{name}: not available, {reason}" for name, reason in self._lost.items()])
        if failed:
            advice = (
                f"the Ward identities of {' and '.join(failed)} do not hold: the draws do not follow the density, or a "
                "flux is missing"
            )
            return Verdict.of(self.name, worst, self.threshold, text, good=False, advice=advice)
        status = "warning" if missed else "good"
        return Verdict(self.name, status, worst, self.threshold, text)


def _wards(theory: Theory, name: str, symmetry: Symmetry) -> list[tuple[str, WardIdentities]]:
    """The Ward identities of every generator, by its name."""
    own = generators(theory, name, symmetry)
    functionals: Any = symmetry.functionals
    if functionals is None:
        functionals = default_functionals(theory, own[0].points)
    amplitudes = free_amplitudes(theory)
    return [(one.name, WardIdentities(theory, one, functionals, amplitudes)) for one in own]
