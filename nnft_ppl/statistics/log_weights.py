"""Importance weights, held as natural logarithms: how many draws they are worth, their mean, and their heavy tail."""

import numpy as np
from jaxtyping import ArrayLike, Float
from numpy import ndarray
from scipy.special import logsumexp

from nnft_ppl.arguments import require_log_weights

EQUAL = 1e-6
"""Log weights of the tail that differ by less are equal: rounding of an action that hardly varies has no tail."""


def relative_weights(log_weights: Float[ArrayLike, "*draws"]) -> Float[ndarray, "*draws"]:
    """Weights of mean 1, n w_i / sum_j w_j.

    Args:
        log_weights: Natural logarithms up to a common constant, any shape.

    Raises:
        ValueError: If a weight is NaN or +inf, or all are zero.
    """
    logs = require_log_weights("relative_weights", log_weights)
    return logs.size * np.exp(logs - float(np.asarray(logsumexp(logs))))


def kish(log_weights: Float[ArrayLike, "*draws"]) -> float:
    """Effective number of weighted draws, (sum_i w_i)^2 / sum_i w_i^2, between 1 and their number.

    Args:
        log_weights: Natural logarithms up to a common constant, any shape.

    Raises:
        ValueError: If a weight is NaN or +inf, or all are zero.

    Source: L. Kish, Survey Sampling (Wiley, 1965).
    """
    logs = require_log_weights("kish", log_weights)
    return float(np.exp(2 * np.asarray(logsumexp(logs)) - np.asarray(logsumexp(2 * logs))))


def log_mean_weight(log_weights: Float[ArrayLike, "*draws"]) -> tuple[float, float]:
    """Logarithm of the mean weight with its error, ln(sum_i w_i / n) ± sd(w) / (sqrt(n) mean(w)).

    With w = exp(-S) dx / (exp(-S_free) dx / Z_free) for draws of the free theory this estimates ln(Z / Z_free). The
    draws are taken as independent; the error is the delta method's and small only if the weights' variance exists.

    Args:
        log_weights: Natural logarithms with their constant, any shape, at least two draws.

    Returns:
        Value and error, both dimensionless.

    Raises:
        ValueError: If a weight is NaN or +inf, or all are zero, or there is only one.
    """
    logs = require_log_weights("log_mean_weight", log_weights)
    if logs.size < 2:
        raise ValueError("log_mean_weight: log_weights has one entry; give at least two, for there to be an error")
    value = float(np.asarray(logsumexp(logs))) - float(np.log(logs.size))
    relative = np.exp(logs - value)
    return value, float(relative.std(ddof=1) / np.sqrt(logs.size))


def smooth_log_weights(log_weights: Float[ArrayLike, "*draws"]) -> tuple[Float[ndarray, "*draws"], float]:
    """Pareto-smoothed log weights, normalised to sum_i w_i = 1, with the tail's fitted shape k_hat.

    The largest min(n/5, 3 sqrt(n)) weights are replaced by quantiles of the generalised Pareto law fitted to them.
    Below k_hat = 0.5 the variance of the weights exists, up to 0.7 smoothed estimates are still usable, beyond it
    neither value nor error is to be trusted. Where the tail's weights are all equal there is nothing to fit:
    k_hat is -inf and the weights are only normalised; where ties defeat the fit, or with fewer than 25 draws, it is
    NaN, likewise. Draws of weight zero are no part of the tail.

    Args:
        log_weights: Natural logarithms up to a common constant, any shape.

    Returns:
        Smoothed log weights of the given shape, and k_hat.

    Raises:
        ValueError: If a weight is NaN or +inf, or all are zero.

    Source: Vehtari et al., arXiv:1507.02646, sec. 3, as implemented by arviz_stats.
    """
    from arviz_stats.base.array import array_stats  # slow to import, and needed here alone

    logs = require_log_weights("smooth_log_weights", log_weights)
    if np.any(dropped := np.isneginf(logs)):
        smoothed = np.full(logs.shape, -np.inf)
        smoothed[~dropped], k_hat = smooth_log_weights(logs[~dropped])
        return smoothed, k_hat
    if logs.size < 25:
        return logs - logsumexp(logs), np.nan
    tail = int(3 * np.sqrt(logs.size)) if logs.size > 225 else logs.size // 5
    upper = np.partition(logs.ravel(), logs.size - tail)[logs.size - tail :]
    if upper.max() - upper.min() < EQUAL:
        return logs - logsumexp(logs), -np.inf
    # ArviZ expects log likelihoods, the negatives of log weights; ties in the tail make its fit divide by zero.
    with np.errstate(divide="ignore", invalid="ignore"):
        smoothed, k_hat = array_stats.psislw(-logs.ravel())
    return np.asarray(smoothed).reshape(logs.shape), float(k_hat)
