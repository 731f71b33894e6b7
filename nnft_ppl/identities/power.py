r"""What the bank found in a run, and what it could have found.

A density that is wrong by exp(−δ S) moves residuals by −δ Cov(r, S), which this bank sees at |δ| |W Cov(r, S)| errors
(W whitens the residuals' means). No test of n effective draws sees it at more than

    √n |δ| sd(S)

errors. For a coupling, S ∝ λ, δ = Δ ln λ. The share of the bound that the bank reaches is, for independent draws, the
multiple correlation of S with the residuals.

Source: derived in docs/theory/identities.md.
"""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from nnft_ppl.statistics import TSquared, estimate, relative_weights


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
    bound = float(np.sqrt(effective * variance))
    # Both are estimated: where the bank reaches the bound, their noise must not carry it past.
    return bound, min(bound, float(np.linalg.norm(test.whitening @ shift)))
