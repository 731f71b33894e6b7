r"""What the bank found in a run, and what it could have found.

A density that is wrong by exp(−δ S) moves residuals by −δ Cov(r, S), which this bank sees at |δ| |W Cov(r, S)| errors
(W whitens the residuals' means). No test of n effective draws sees it at more than

    √n |δ| sd(S)

errors. For a coupling, S ∝ λ, δ = Δ ln λ. The share of the bound that the bank reaches is, for independent draws, the
multiple correlation of S with the residuals.

Source: derived in docs/theory/identities.md.
"""

from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float
from numpy import ndarray

from nnft_ppl.statistics import TSquared, Verdict, estimate, relative_weights, status_of, t_squared


def bank_tested(
    residuals: xr.Dataset, log_weights: Float[ndarray, "chain draw"] | None, *, independent: bool
) -> tuple[dict[str, Any], Verdict]:
    """The outcome of the bank as JSON values, and its verdict.

    Args:
        residuals: What `BankStream.finish` gives.
        log_weights: Log weights of all draws of the run, if they have any.
        independent: Whether the draws are known to be independent.
    """
    series, potential = residuals["residual"].values, residuals["potential"].values
    weights = None if log_weights is None else log_weights[:, residuals["draw"].values]
    known = np.all(np.isfinite(series), axis=(0, 1))
    lost = "" if known.all() else f"; {int((~known).sum())} more are not finite on every draw"
    # A row that is not finite has no residual: zero without error says nothing in T².
    series = np.where(known, series, 0.0)
    test = t_squared(series, weights, independent=independent)
    bound, seen = power(series, potential, weights, test, independent=independent)
    text = f"{test.dof} identities on {test.ess:.0f} effective draws"
    if not np.isfinite(test.p_value):
        text += f" in {series.shape[0]} × {series.shape[1]} are too few: run longer"
    elif bound > 0:  # there is an action
        text += f"; an action 10 % off would show at {0.1 * seen:.1f} errors, in any test at most {0.1 * bound:.1f}"
    text += lost
    rows = [
        {"vector_field": str(field), "observable": str(observable), "residual": value, "error": error, "z": z}
        for field, observable, value, error, z in zip(
            residuals["vector_field"].values,
            residuals["observable"].values,
            *(np.where(known, part, np.nan).tolist() for part in (test.residual, test.error, test.z)),
            strict=True,
        )
    ]
    verdict = bank_verdict(test.p_value, text)
    found = {
        "t2": test.t_squared,
        "dof": test.dof,
        "p_value": test.p_value,
        "verdict": verdict.status,
        "effective_draws": test.ess,
        "power_bound": bound,
        "power_reached": seen,
        "rows": rows,
    }
    return found, verdict


def power(
    residuals: Float[ndarray, "chain draw row"],
    potential: Float[ndarray, "chain draw"],
    log_weights: Float[ndarray, "chain draw"] | None,
    test: TSquared,
    *,
    independent: bool = False,
) -> tuple[float, float]:
    """At how many errors an action wrong by a factor e would be seen: by any test at most, √n sd(S), and by the bank.

    Args:
        residuals: One series per identity.
        potential: S of the same draws.
        log_weights: Their log weights.
        test: The bank's outcome.
        independent: Whether the draws are known to be independent.
    """
    found = estimate({"action": potential}, None, log_weights, independent=independent)["action"]
    weights = relative_weights(np.zeros(potential.shape) if log_weights is None else log_weights) / potential.size
    deviation = potential - float(found.value)
    variance = float(np.sum(weights * deviation**2))
    shift = np.sum((weights * deviation)[..., None] * residuals, axis=(0, 1))
    # The residuals may be worth more draws than S is: no test is bound by the autocorrelation of S.
    effective = np.nanmax([float(found.ess), test.ess, 0.0])
    return float(np.sqrt(effective * variance)), float(np.linalg.norm(test.whitening @ shift))


MIN_P_VALUE = 1e-4


def bank_verdict(p_value: float, text: str) -> Verdict:
    """Whether the bank of Schwinger–Dyson identities holds on the draws.

    Args:
        p_value: Probability of larger residuals where all identities hold; NaN where it is not available.
        text: The outcome in words.
    """
    if not np.isfinite(p_value):
        text = f"Schwinger–Dyson identities: not available, {text}"
        return Verdict("schwinger_dyson", "unavailable", None, MIN_P_VALUE, text)
    good = p_value >= MIN_P_VALUE
    text = f"Schwinger–Dyson identities: p = {p_value:.2g}, {text}"
    if not good:
        text += ": the draws do not have this density; try another sampler, and `nnft diagnose` to see where"
    return Verdict("schwinger_dyson", status_of(good=good), p_value, MIN_P_VALUE, text)
