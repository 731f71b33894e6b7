r"""One number for many identities: Hotelling's T² of residuals that should all average to zero.

    T² = n r̄ᵀ C⁻¹ r̄,        T² (n − k)/(k (n − 1)) ~ F(k, n − k)

for n independent batches of k residuals with means r̄ and covariance C. Batches are long against the residuals' own
autocorrelation; neighbouring draws are correlated, distant batches are not.

Source: H. Hotelling, Ann. Math. Statist. 2 (1931) 360; batches and weights as in docs/theory/identities.md.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.special import fdtrc

from nnft_ppl.statistics.estimates import estimate
from nnft_ppl.statistics.log_weights import relative_weights

BATCH = 40.0
"""A batch is this many times longer than the largest integrated autocorrelation time, if there are draws enough."""
SHORTEST = 5.0
"""With batches below this many autocorrelation times there is no test: they would not be independent."""
SPARE = 20
"""There are at least so many more batches, and effective draws, than residuals."""
MOST_BATCHES = 2000
RANK = 1e-9
"""Directions whose variance is below this share of the largest (of standardised residuals) say nothing."""


class TSquared(NamedTuple):
    """Outcome of the test, T² = n r̄ᵀ C⁻¹ r̄ = |W r̄|²."""

    t_squared: float
    """T²; NaN where it is not available."""
    dof: int
    """Number k of independent residuals."""
    batches: int
    """Number n of batches."""
    p_value: float
    """Probability of a larger T² where every identity holds; NaN where it is not available."""
    residual: Float[ndarray, "row"]
    """Mean of each residual."""
    error: Float[ndarray, "row"]
    """Its standard error, autocorrelation included."""
    ess: float
    """Effective draws of the residual that has fewest."""
    whitening: Float[ndarray, "dof row"]
    """W with T² = |W r̄|²: a shift of the residuals by s would show at |W s| errors."""

    @property
    def z(self) -> Float[ndarray, "row"]:
        """Each residual in its errors, shape (row,); 0 where it has none."""
        return np.divide(self.residual, self.error, out=np.zeros_like(self.residual), where=self.error > 0)


def t_squared(
    residuals: Float[ndarray, "chain draw row"],
    log_weights: Float[ndarray, "chain draw"] | None = None,
    *,
    independent: bool = False,
) -> TSquared:
    """Hotelling's test of residuals that should average to zero, T² (n − k)/(k (n − 1)) ~ F(k, n − k).

    n batches are forty autocorrelation times long where there are draws enough, never shorter than five; k counts the
    residuals that vary independently. Weighted draws enter as w_i (r_i − r̄) + r̄ with weights of mean one.

    Args:
        residuals: One series per identity, shape (chain, draw, row).
        log_weights: Log weights of the draws, shape (chain, draw), if they have any.
        independent: Whether the draws are known to be independent.
    """
    chains, draws, _ = residuals.shape
    quantity = estimate({"row": residuals}, None, log_weights, independent=independent)["row"]
    with np.errstate(invalid="ignore", divide="ignore"):
        ess = float(np.nanmin(np.where(quantity.error > 0, quantity.ess, np.nan), initial=chains * draws))
    series = np.asarray(residuals, float)
    if log_weights is not None:
        series = quantity.value + relative_weights(log_weights)[..., None] * (series - quantity.value)
    used = np.flatnonzero(quantity.error > 0)
    tau = 0.5 if independent else max(chains * draws / max(ess, 1.0) / 2, 0.5)
    least = len(used) + SPARE
    wanted = min(MOST_BATCHES, max(least, chains * draws / (1.0 if independent else BATCH * tau)))
    count = min(draws, -(-int(np.ceil(wanted)) // chains))
    length = draws // count
    # Weights that leave few effective draws leave batches that are far from Gaussian, however many there are.
    too_few = min(chains * count, ess) < least
    if not len(used) or too_few or (not independent and length < SHORTEST * tau):
        nothing = np.zeros((0, residuals.shape[-1]))
        return TSquared(np.nan, len(used), 0, np.nan, quantity.value, quantity.error, ess, nothing)
    batches = series[:, : count * length, used].reshape(chains * count, length, -1).mean(axis=1)
    number = len(batches)
    directions = _whitening(batches)
    whitening = np.zeros((len(directions), residuals.shape[-1]))
    whitening[:, used] = directions
    rank = len(whitening)
    value = float(np.sum((directions @ batches.mean(axis=0)) ** 2))
    p_value = fdtrc(rank, number - rank, value * (number - rank) / (rank * (number - 1)))
    return TSquared(value, rank, number, float(p_value), quantity.value, quantity.error, ess, whitening)


def _whitening(batches: Float[ndarray, "batch row"]) -> Float[ndarray, "dof row"]:
    """W with WᵀW the inverse covariance of the mean, in the directions that vary."""
    covariance = np.atleast_2d(np.cov(batches, rowvar=False)) / len(batches)
    scale = np.sqrt(np.diag(covariance))
    variances, directions = np.linalg.eigh(covariance / np.outer(scale, scale))
    varying = variances > RANK * variances[-1]
    return (directions[:, varying] / np.sqrt(variances[varying])).T / scale
