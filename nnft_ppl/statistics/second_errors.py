"""Errors of a mean by estimators independent of the Gamma method, and whether two errors agree."""

from typing import cast

import numpy as np
from jaxtyping import ArrayLike, Bool, Float
from numpy import ndarray

from nnft_ppl.arguments import require_series
from nnft_ppl.statistics.autocorrelation import MINIMUM_DRAWS, gamma_method, standardise

APART = 1e-4
"""Chains are not of one density where a `chain_probability` is below this."""
NEAR = 1.5
"""Errors that differ by less than this factor: the larger is good enough."""


def geyer_errors(series: ArrayLike) -> Float[ndarray, "*shape"]:
    """Standard error of the mean from ArviZ: split chains and Geyer's initial monotone sequence.

    Shares neither window nor normalisation with `gamma_method`, and sees long tails of the autocorrelation that a
    window cuts off. Held at sd/sqrt(N) from below, as the Gamma method is: anticorrelated draws earn no credit.

    Args:
        series: Shape (chain, draw, *shape), at least 4 draws per chain.

    Returns:
        Errors in units of the observable, shape `shape`.

    Raises:
        TypeError: If the series does not hold real numbers.
        ValueError: If the series holds NaN or infinity or is too short.

    Source: Vehtari et al., arXiv:1903.08008, eqs. (8)-(13), as implemented by arviz_stats.
    """
    from arviz_stats.base.array import array_stats  # slow to import, and needed here alone

    values = require_series("geyer_errors", "series", series, least=MINIMUM_DRAWS)
    chains, draws, shape = values.shape[0], values.shape[1], values.shape[2:]
    flat = values.reshape(chains, draws, -1)
    errors = []
    for component in range(flat.shape[-1]):
        # ArviZ calls a range below 1e-15 constant, whatever the units: it is given numbers of order 1.
        _, delta, scale = standardise(flat[..., component : component + 1])
        independent = delta.std(ddof=1) / np.sqrt(chains * draws)
        second = cast(float, array_stats.mcse(delta[..., 0], chain_axis=0, draw_axis=1))
        errors.append(scale[0] * max(second, independent))
    return np.array(errors).reshape(shape)


def independent_errors(
    series: ArrayLike,
) -> tuple[Float[ndarray, "*shape"], Float[ndarray, "*shape"], float]:
    """Standard errors of the mean of draws known to be independent: sd/sqrt(n), and from batch means.

    The n draws (chains laid end to end) fall into B = floor(sqrt(n)) consecutive batches with sums S_b of the
    fluctuations; the second error is sqrt(B / (B - 1) sum_b S_b^2) / n. It equals the first, to 1/sqrt(2 (B - 1)),
    only if the draws are indeed independent.

    Args:
        series: Shape (chain, draw, *shape), at least 4 draws in all.

    Returns:
        First error, second error (each of shape `shape`, in units of the observable), and the relative statistical
        error of the second.

    Raises:
        TypeError: If the series does not hold real numbers.
        ValueError: If the series holds NaN or infinity or is too short.
    """
    values = require_series("independent_errors", "series", series)
    shape, total = values.shape[2:], values.shape[0] * values.shape[1]
    if total < MINIMUM_DRAWS:
        raise ValueError(f"independent_errors: series has {total} draws; give at least {MINIMUM_DRAWS}")
    _, delta, scale = standardise(values.reshape(1, total, -1))
    delta = delta[0]
    batches = int(np.sqrt(total))
    edges = np.linspace(0, total, batches, endpoint=False).astype(int)
    sums = np.add.reduceat(delta, edges, axis=0)
    first = scale * delta.std(0, ddof=1) / np.sqrt(total)
    second = scale * np.sqrt(batches / (batches - 1) * (sums**2).sum(0)) / total
    return first.reshape(shape), second.reshape(shape), 1 / np.sqrt(2 * (batches - 1))


def correlation_of_parts(
    linear: Float[ndarray, "chain draw *shape 2"], error: Float[ndarray, "*shape 2"], *, independent: bool
) -> Float[ndarray, "*shape"]:
    """Correlation between the means of two series, (e₊² − e₋²)/(e₊² + e₋²) from the errors e± of x/σ_x ± y/σ_y.

    Args:
        linear: Both series along the last axis, such as real and imaginary part.
        error: Standard errors σ of their means.
        independent: Whether the draws are known to be independent.

    Returns:
        Between −1 and 1; 0 where one of the means has no error.
    """
    parts = np.divide(linear - linear.mean((0, 1)), error, out=np.zeros_like(linear), where=error > 0)
    both = np.stack([parts[..., 0] + parts[..., 1], parts[..., 0] - parts[..., 1]], axis=-1)
    squared = (independent_errors(both)[0] if independent else gamma_method(both).error) ** 2
    total = squared.sum(-1)
    found = np.divide(squared[..., 0] - squared[..., 1], total, out=np.zeros_like(total), where=total > 0)
    return np.where(np.all(error > 0, axis=-1), found, 0.0)


def errors_agree(
    error: ArrayLike, second_error: ArrayLike, relative_error: ArrayLike, chain_probability: ArrayLike = 1.0
) -> Bool[ndarray, "*shape"]:
    """Whether two error estimates of one series are compatible, and its chains with one another.

    True where |ln(error / second_error)| <= max(5 relative_error, 0.1) and chain_probability >= 1e-4.

    Args:
        error: First error, shape `shape`.
        second_error: Second error in the same units, shape `shape`.
        relative_error: Relative statistical error of the error (`GammaErrors.relative_error`), shape `shape`.
        chain_probability: `GammaErrors.chain_probability`; 1 where there is nothing to compare.

    Returns:
        The verdicts, shape `shape`; False where an error is NaN.
    """
    first, second = np.asarray(error, dtype=np.float64), np.asarray(second_error, dtype=np.float64)
    # Both errors come from the same draws, so their ratio varies less than either: on AR(1) series of tau_int 1 to 10
    # with 400 and 2000 effective draws, in 1 and 4 chains, 99.9 % of |ln ratio| lie below 2.7 relative errors (4.8 for
    # white noise in one chain). Five keep false alarms below 1e-3; a tenth of an error is never worth an alarm.
    tolerance = np.maximum(5 * np.asarray(relative_error, dtype=np.float64), 0.1)
    return _within(first, second, tolerance) & (np.asarray(chain_probability) >= APART)


def errors_near(
    error: ArrayLike, second_error: ArrayLike, chain_probability: ArrayLike = 1.0
) -> Bool[ndarray, "*shape"]:
    """Whether two error estimates differ by no more than `NEAR`, so that the larger can be quoted.

    Where there are draws enough to tell apart errors that differ by a tenth, a long and faint tail of the
    autocorrelation, which one of them cuts off, is no reason to mistrust the other.

    Args:
        error: First error, shape `shape`.
        second_error: Second error in the same units, shape `shape`.
        chain_probability: As for `errors_agree`.
    """
    first, second = np.asarray(error, dtype=np.float64), np.asarray(second_error, dtype=np.float64)
    return _within(first, second, np.log(NEAR)) & (np.asarray(chain_probability) >= APART)


def _within(first: ndarray, second: ndarray, tolerance: ArrayLike) -> Bool[ndarray, "*shape"]:
    """Whether the logarithms of two errors differ by less than this."""
    both = (first > 0) & (second > 0)
    spread = np.abs(np.log(np.where(both, first, 1.0)) - np.log(np.where(both, second, 1.0)))
    return np.asarray(np.where(both, spread <= tolerance, first == second))
