"""Importance weights, held as natural logarithms: how many draws they are worth, their mean, and their heavy tail."""

from collections.abc import Callable

import numpy as np
from jaxtyping import ArrayLike, Float
from numpy import ndarray
from scipy.special import logsumexp

from nnft_ppl.arguments import require_log_weights

EQUAL = 1e-6
"""Log weights of the tail that differ by less are equal: rounding of an action that hardly varies has no tail."""
HITS = 5
"""Draws of the largest weight that there is, from which the weights are taken to end there."""
LIGHT = 0.05
"""Share of all weight below which a few draws of a largest weight do not matter."""


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


def kish_of_averages(log_weights: Float[ArrayLike, "*averages"], each: int) -> float:
    """Kish's number of independent draws, from averages of so many of them: N / (1 + each (n/kish − 1)), N = n each.

    The weights' relative variance is that of their averages times `each`.

    Args:
        log_weights: Logarithms of the averages of weights, any shape.
        each: How many draws are in one; 1 gives `kish`.

    Raises:
        ValueError: If a weight is NaN or +inf, or all are zero.
    """
    number = kish(log_weights)
    if each == 1:
        return number
    size = np.size(log_weights)
    return float(size * each / (1 + each * (size / number - 1)))


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
    neither value nor error is to be trusted. Where the weights end, five draws or more having the largest, as with a
    few discrete levels, there is nothing to fit: k_hat is -inf and the weights are only normalised. With other ties
    they are not smoothed either, and k_hat is that of weights spread between neighbouring ones. With fewer than 25
    draws it is NaN. Draws of weight zero are no part of the tail.

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
    if np.sum(upper.max() - upper < EQUAL) >= HITS:
        return logs - logsumexp(logs), -np.inf
    # ArviZ expects log likelihoods, the negatives of log weights; ties in the tail make its fit divide by zero.
    with np.errstate(divide="ignore", invalid="ignore"):
        smoothed, k_hat = array_stats.psislw(-logs.ravel())
        if np.isnan(k_hat):
            return logs - logsumexp(logs), _shape_with_ties(logs.ravel(), array_stats.psislw)
    return np.asarray(smoothed).reshape(logs.shape), float(k_hat)


def _shape_with_ties(logs: Float[ndarray, " draw"], psislw: Callable) -> float:
    """K of weights of which many are equal, each of them spread between the next smaller one and itself."""
    values, counts = np.unique(logs, return_counts=True)
    below = np.concatenate([values[:1], values[:-1]])
    shares = [np.arange(1, count + 1) / count for count in counts]
    spread = [low + (high - low) * share for low, high, share in zip(below, values, shares, strict=True)]
    k_hat = float(psislw(-np.concatenate(spread))[1])
    if not np.isnan(k_hat):
        return k_hat
    # Two weights, and a few draws of the larger: they matter or not by what they weigh.
    largest = np.sum(np.exp(logs[logs > values[-1] - EQUAL] - float(np.asarray(logsumexp(logs)))))
    return -np.inf if largest < LIGHT else np.inf
