r"""What the bank found in a run, and what it could have found.

A density that is wrong by exp(−δ S) moves residuals by −δ Cov(r, S). No test of n effective draws sees it at more than

    √n |δ| sd(S)

errors, and this bank at ρ times that, with ρ the multiple correlation of S with the residuals: ρ = 1 would be the best
of all tests. For a coupling, S ∝ λ, δ = Δ ln λ.

Source: derived in docs/theory/identities.md.
"""

from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float
from numpy import ndarray
from scipy.special import logsumexp

from nnft_ppl.identities.hotelling import TSquared, t_squared
from nnft_ppl.verdicts import Verdict, bank_verdict


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
    test = t_squared(series, weights, independent=independent)
    bound, share = power(series, potential, weights, test)
    text = f"{test.dof} identities on {test.ess:.0f} effective draws" + (
        f"; an action 10 % off would show at {0.1 * share * bound:.1f} errors, in any test at most {0.1 * bound:.1f}"
        if np.isfinite(test.p_value)
        else f" in {series.shape[0]} × {series.shape[1]} are too few: run longer"
    )
    rows = [
        {"vector_field": str(field), "observable": str(observable), "residual": value, "error": error, "z": z}
        for field, observable, value, error, z in zip(
            residuals["vector_field"].values,
            residuals["observable"].values,
            test.residual.tolist(),
            test.error.tolist(),
            test.z.tolist(),
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
        "power_share": share,
        "rows": rows,
    }
    return found, verdict


def power(
    residuals: Float[ndarray, "chain draw row"],
    potential: Float[ndarray, "chain draw"],
    log_weights: Float[ndarray, "chain draw"] | None,
    test: TSquared,
) -> tuple[float, float]:
    """√n sd(S), the errors at which any test sees an action wrong by a factor e, at most; and the bank's share ρ of it.

    Args:
        residuals: One series per identity.
        potential: S of the same draws.
        log_weights: Their log weights.
        test: The bank's outcome.
    """
    rows = residuals.reshape(-1, residuals.shape[-1])[:, test.error > 0]
    logs = np.zeros(len(rows)) if log_weights is None else np.ravel(log_weights)
    weights = np.sqrt(np.exp(logs - logsumexp(logs)))[:, None]
    centred = [weights * (part - np.sum(weights**2 * part, axis=0)) for part in (rows, potential.reshape(-1, 1))]
    spread = float(np.sum(centred[1] ** 2))
    bound = float(np.sqrt(max(test.ess, 0.0) * spread))
    if spread == 0 or rows.shape[1] == 0:
        return bound, 0.0
    scale = np.sqrt(np.sum(centred[0] ** 2, axis=0))
    fitted = centred[0] / scale @ np.linalg.lstsq(centred[0] / scale, centred[1], rcond=1e-9)[0]
    return bound, float(np.sqrt(min(1.0, np.sum(fitted**2) / spread)))
