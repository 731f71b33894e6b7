r"""One number for many identities: Hotelling's T² of residuals that should all average to zero.

    T² = n r̄ᵀ C⁻¹ r̄,        T² (n − k)/(k (n − 1)) ~ F(k, n − k)

for n independent batches of k residuals with means r̄ and covariance C. Batches are long against the residuals' own
autocorrelation; neighbouring draws are correlated, distant batches are not.

Draws with uneven weights are far from Gaussian, and their T² follows no F law: rare draws of large weight balance many
others, so that few of them pull mean and covariance at once. There the batches c_i = w_i r_i, which average to zero by
themselves, are drawn anew from among themselves with their mean taken off, and

    U = (Σ c)ᵀ (Σ c cᵀ)⁻¹ (Σ c) = n T²/(n − 1 + T²)

is compared with a gamma law that has the mean and the variance of the U of those resamples.

Source: H. Hotelling, Ann. Math. Statist. 2 (1931) 360; batches and weights as in docs/theory/identities.md; resamples
as in B. Efron, Ann. Statist. 7 (1979) 1, the gamma law for their tail by matching moments.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.special import fdtrc, gammaincc

from nnft_ppl.statistics.log_weights import relative_weights
from nnft_ppl.statistics.means import estimate

BATCH = 40.0
"""A batch is this many times longer than the largest integrated autocorrelation time, if there are draws enough."""
SHORTEST = 5.0
"""With batches below this many autocorrelation times there is no test: they would not be independent."""
SPARE = 20
"""There are at least so many more batches, and effective draws, than residuals."""
MOST_BATCHES = 2000
RESAMPLES = 200
"""Resamples of weighted batches: their U has a mean good to 2 % and a variance good to 10 %."""
LEVERAGE = 3.0
"""Weighted batches are worth so many times more draws than residuals, by their leverage, or there is no test."""
UNEVEN = 2.0
"""Weighted batches are wanted to be so many times more than `LEVERAGE` asks of even ones."""
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
    residuals that vary independently. Weighted draws enter as w_i r_i with weights of mean one, and their T² is
    compared with resamples.

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
        series = relative_weights(log_weights)[..., None] * series
    used = np.flatnonzero(quantity.error > 0)
    tau = 0.5 if independent else max(chains * draws / max(ess, 1.0) / 2, 0.5)
    least = len(used) + SPARE
    wanted = max(least, chains * draws / (1.0 if independent else BATCH * tau))
    if log_weights is not None and not independent:  # uneven batches need more of them, if they stay long enough
        wanted = max(wanted, min(UNEVEN * LEVERAGE * len(used), chains * draws / (SHORTEST * tau)))
    wanted = min(MOST_BATCHES, wanted)
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
    if log_weights is None:
        p_value = float(fdtrc(rank, number - rank, value * (number - rank) / (rank * (number - 1))))
    else:
        p_value = _resampled(batches @ directions.T, value)
    return TSquared(value, rank, number, p_value, quantity.value, quantity.error, ess, whitening)


def _resampled(batches: Float[ndarray, "batch dof"], value: float) -> float:
    """Probability of a larger T² by resampling; NaN where few batches carry all."""
    number, rank = batches.shape
    found = number * value / (number - 1 + value)
    batches = batches - batches.mean(axis=0)
    batches /= np.sqrt(np.sum(batches**2, axis=0))
    leverage = np.sum(batches**2, axis=1)
    if rank < LEVERAGE * np.sum(leverage**2):  # n equal batches have k²/n
        return np.nan
    times = _resamples(number)
    upper = np.triu_indices(rank)
    products = np.zeros((RESAMPLES, rank, rank))
    products[:, *upper] = times @ (batches[:, upper[0]] * batches[:, upper[1]])
    products += np.triu(products, 1).swapaxes(1, 2)
    sums = times @ batches
    drawn = np.sum(sums * np.linalg.solve(products, sums[..., None])[..., 0], axis=1)
    mean, variance = float(np.mean(drawn)), float(np.var(drawn, ddof=1))
    return float(gammaincc(mean**2 / variance, found * mean / variance))


@lru_cache(maxsize=2)
def _resamples(number: int) -> Float[ndarray, "resample batch"]:
    """How often each batch is in each resample, the same for every test."""
    times = np.random.default_rng(0).multinomial(number, np.full(number, 1 / number), RESAMPLES).astype(float)
    times.flags.writeable = False
    return times


def _whitening(batches: Float[ndarray, "batch row"]) -> Float[ndarray, "dof row"]:
    """W with WᵀW the inverse covariance of the mean, in the directions that vary."""
    covariance = np.atleast_2d(np.cov(batches, rowvar=False)) / len(batches)
    scale = np.sqrt(np.diag(covariance))
    variances, directions = np.linalg.eigh(covariance / np.outer(scale, scale))
    varying = variances > RANK * variances[-1]
    return (directions[:, varying] / np.sqrt(variances[varying])).T / scale
