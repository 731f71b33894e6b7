"""Schwinger–Dyson identities on a run's draws: the bank, and vector fields of one's own.

Source: derived in docs/theory/identities.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Array

from nnft_ppl.checks.check import Check, FinishedDraws, Measurement, Outcome
from nnft_ppl.identities import Bank, ReferenceField, Residual, SchwingerDyson
from nnft_ppl.identities.power import power
from nnft_ppl.identities.rows import rows_of
from nnft_ppl.identities.vector_fields import VectorField
from nnft_ppl.statistics import MAX_PULL, MINIMUM_DRAWS, TSquared, Verdict, t_squared
from nnft_ppl.theory import Theory

MIN_P_VALUE = 1e-4
LEAST_DRAWS = 50
"""Effective draws below which a residual is no multiple of its error: five errors would be chance too often."""
FAR = "at_infinity."
"""Begins the names of what a vector field lets through each site at infinity."""


@dataclass(frozen=True)
class BankFindings:
    """What the bank found, and what it could have found."""

    t2: float
    """Hotelling's T² of all rows."""
    dof: int
    """Rows that vary independently."""
    p_value: float
    """Probability of a larger T² where every identity holds."""
    verdict: str
    """Status of the verdict."""
    effective_draws: float
    """Of the row that has fewest."""
    power_bound: float
    """Errors at which any test would see an action wrong by a factor e, at most."""
    power_reached: float
    """Errors at which this bank would."""
    rows: list[dict[str, Any]]
    """`vector_field`, `observable`, `residual`, `error`, `z` of each identity; NaN where it is not finite."""
    left_out: str
    """Which identities are not tested, and why; empty where all are."""


class IdentityBank(Check):
    """The bank of identities that every run is tested with (`nnft_ppl.identities.bank`).

    Args:
        fields: Further vector fields on z, tested with F = 1 together with the bank.
    """

    name = "schwinger_dyson"
    title = "Schwinger–Dyson identities"
    threshold = MIN_P_VALUE
    cheap = False

    def __init__(self, fields: Sequence[ReferenceField] = ()) -> None:
        self._fields = tuple(fields)
        self._bank: Bank | None = None

    def measurement(self, theory: Theory) -> Measurement:
        """What the identities of the bank need (`Bank.__call__`).

        Args:
            theory: What is sampled.

        Raises:
            BankError: If the action cannot be differentiated twice.
        """
        self._bank = bank = Bank(theory, self._fields)
        dims = {"residual": ("vector_field",), "change": ("linear_field",)}
        return Measurement(
            bank, dims, {"vector_field": [row.vector_field for row in bank.rows if row.observable == "1"]}
        )

    def judge(self, draws: FinishedDraws) -> Outcome:
        """Hotelling's T² of all residuals, and the power of the test.

        Raises:
            ValueError: If too few draws were looked at, or no identity can be tested.
        """
        measured = looked_at(draws)
        assert self._bank is not None  # it was measured
        weights = weights_at(draws, measured)
        found = rows_of(self._bank, measured, weights)
        if not found.names:
            raise ValueError(found.left_out)
        known = np.all(np.isfinite(found.residuals), axis=(0, 1))
        # A row that is not finite has no residual: zero without error says nothing in T².
        series = np.where(known, found.residuals, 0.0)
        independent = draws.kind.independent
        test = t_squared(series, weights, independent=independent)
        bound, seen = power(series, found.potential, weights, test, independent=independent)
        # Whoever goes on until a test passes must be asked for more.
        least = MIN_P_VALUE * (1 + len(draws.earlier))
        verdict = self._verdict(test, series.shape, bound, seen, int((~known).sum()), found.left_out, least)
        parts = (np.where(known, part, np.nan).tolist() for part in (test.residual, test.error, test.z))
        columns = ("vector_field", "observable", "residual", "error", "z")
        named = zip(*zip(*found.names, strict=True), *parts, strict=True)
        rows: list[dict[str, Any]] = [dict(zip(columns, row, strict=True)) for row in named]
        findings = BankFindings(
            test.t_squared, test.dof, test.p_value, verdict.status, test.ess, bound, seen, rows, found.left_out
        )
        return Outcome(verdict, asdict(findings))

    def _verdict(
        self, test: TSquared, shape: tuple[int, ...], bound: float, seen: float, lost: int, left_out: str, least: float
    ) -> Verdict:
        text = f"{test.dof} identities on {test.ess:.0f} effective draws"
        if not np.isfinite(test.p_value):
            few = f"{test.ess:.0f} effective draws ({shape[0]} × {shape[1]} looked at)"
            text = f"{few} are too few for {test.dof} identities: run longer"
        elif bound > 0:  # there is an action
            text += (
                f"; an action wrong by 10 % would show as {0.1 * seen:.1f} errors (at most {0.1 * bound:.1f} in any "
                "test of these draws)"
            )
        text += f"; {lost} more are left out, not finite on some draws" if lost else ""
        text += f"; {left_out}" if left_out else ""
        if not np.isfinite(test.p_value):
            return self.unavailable(text).verdict
        text = f"{self.title}: p = {test.p_value:.2g}, {text}"
        advice = "the draws do not follow the density; try another sampler, and `nnft diagnose` to see where"
        return Verdict.of(self.name, test.p_value, least, text, good=test.p_value >= least, advice=advice)


class Identity(Check):
    """The identity E[A_V F + V(F)] = B[V, F] of a vector field and an observable of one's own.

    Args:
        vector_field: V, on the parameters, on one neuron, or on z.
        functional: What the model returns -> F, a real scalar; None for F = 1.
        name: Name of the check; `identity_` and the vector field's by default.
    """

    threshold = MAX_PULL
    cheap = False

    def __init__(
        self, vector_field: VectorField, functional: Callable[[Any], Array] | None = None, name: str = ""
    ) -> None:
        self.vector_field, self.functional = vector_field, functional
        self.name = name or "identity_" + "".join(c if c.isalnum() else "_" for c in vector_field.name.lower())
        self.title = f"identity of {vector_field.name!r}"
        self._identity: SchwingerDyson | None = None

    def measurement(self, theory: Theory) -> Measurement:
        """The identity's terms, and what leaves at infinity through each site.

        Args:
            theory: What is sampled.

        Raises:
            VectorFieldError: If the vector field does not fit the theory.
        """
        self._identity = identity = SchwingerDyson(theory, self.vector_field, self.functional)

        def terms(position: Array) -> dict[str, Array]:
            far = identity.at_infinity(position)
            return identity(position)._asdict() | {f"{FAR}{site}": value for site, value in far.items()}

        return Measurement(terms)

    def judge(self, draws: FinishedDraws) -> Outcome:
        """The residual in its errors.

        Raises:
            ValueError: If too few draws were looked at.
        """
        measured = looked_at(draws)
        assert self._identity is not None  # it was measured
        terms = {name: measured[name].values for name in Residual._fields}
        far = {
            str(name).removeprefix(FAR): values.values.reshape(-1, 2)
            for name, values in measured.items()
            if str(name).startswith(FAR)
        }
        lost = int(np.sum(~np.all([np.isfinite(term) for term in terms.values()], axis=0)))
        if lost:
            text = f"{self.title}: not finite on {lost} of {terms['value'].size} draws"
            advice = "the vector field, or the action, is not differentiable there"
            verdict = Verdict.of(self.name, np.nan, MAX_PULL, text, good=False, advice=advice)
            return Outcome(verdict, {"not_finite": lost})
        outcome = self._identity.conclude(terms, far, weights_at(draws, measured), kind=draws.kind)
        value = outcome.terms["value"]
        effective = min(float(value.ess), terms["value"].size)
        if value.error > 0 and effective < LEAST_DRAWS:
            raise ValueError(f"{effective:.0f} effective draws are too few, below {LEAST_DRAWS}: run longer")
        parts = {name: {"value": float(one.value), "error": float(one.error)} for name, one in outcome.terms.items()}
        findings = {**parts, "z": outcome.z, "flux_at_infinity": outcome.flux_at_infinity}
        good = abs(outcome.z) < MAX_PULL and not outcome.flux_at_infinity
        advice = "the draws do not follow the density, or the vector field is not what it should be"
        text = f"{self.title}: {outcome}"
        return Outcome(Verdict.of(self.name, abs(outcome.z), MAX_PULL, text, good=good, advice=advice), findings)


def looked_at(draws: FinishedDraws) -> xr.Dataset:
    """What was measured.

    Raises:
        ValueError: If that is nothing, or too little for an error.
    """
    if draws.measured is None or draws.measured.sizes["draw"] < MINIMUM_DRAWS:
        raise ValueError("the run ended before enough of its draws were looked at")
    return draws.measured


def weights_at(draws: FinishedDraws, measured: xr.Dataset) -> np.ndarray | None:
    """Log weights of the draws that were looked at; None for chains.

    Args:
        draws: All draws.
        measured: What was measured on some.
    """
    weights = draws.single.log_weights
    return None if weights is None else weights[:, draws.at(measured["draw"].values)]
