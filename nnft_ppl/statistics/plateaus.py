"""Where numbers in a row stop changing: the longest end of the row that agrees with its own correlated average."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.special import gammaincc

from nnft_ppl.statistics.linearity import root_of

AGREES = 0.1
"""Numbers agree with their average where χ² is exceeded with at least this probability."""
SHRINKING = 0.1
"""Correlations are taken smaller by this share: those of some ten numbers are known from 32 blocks of draws."""
NOISY = 0.5
"""A number with a relative error above this says nothing of a plateau."""


class Window(NamedTuple):
    """The plateau of numbers in a row."""

    first: int
    """Its first number."""
    last: int
    """Its last number, included."""
    weights: Float[ndarray, " number"]
    """Of the numbers from the first to the last, adding up to 1; 0 of those that are left out."""
    later: Float[ndarray, " number"]
    """The same of the later half of the window alone, 0 in the earlier one; NaN for a single number."""
    chi_squared: float
    """Of the numbers around their average."""
    dof: int
    """Degrees of freedom, one less than numbers."""
    p_value: float
    """Probability of a larger χ² where all are equal; NaN of a single number."""
    left_out: tuple[int, ...]
    """Numbers between the first and the end of the row that are undefined, have no trusted error, or a large one."""


def choose_window(
    value: Float[ndarray, " number"],
    error: Float[ndarray, " number"],
    fluctuation: Float[ndarray, "chain draw number"],
    weights: Float[ndarray, "chain draw"],
) -> Window | None:
    r"""The window of a plateau, and the weights of the numbers in it.

    The window starts at the first number from which on all agree with their average at 10 %, by
    $\chi^2 = r^T \Sigma^{-1} r$, and ends with the row. The average has the least variance, $w = \Sigma^{-1} 1$, where
    that makes no weight negative; Σ has the errors given and the correlations of the draws, shrunk by a tenth.

    Args:
        value: Numbers in a row.
        error: Their errors; NaN where there is none.
        fluctuation: Of the linearised series of each, without weights.
        weights: Of the draws, with mean 1.

    Returns:
        The window; None where no number has an error below half of itself.

    Source: derived in docs/theory/quantum.md.
    """
    with np.errstate(invalid="ignore"):
        usable = np.flatnonzero(np.isfinite(value) & (error > 0) & (error < NOISY * np.abs(value)))
    if not usable.size:
        return None
    root = root_of(fluctuation[..., usable], weights, error[usable])
    covariance = (1 - SHRINKING) * root.T @ root + SHRINKING * np.diag(error[usable] ** 2)
    for start in range(usable.size - 1):
        inverse = np.linalg.inv(covariance[start:, start:])
        share = _shares(inverse)
        rest = value[usable[start:]] - share @ value[usable[start:]]
        chi_squared, dof = float(rest @ inverse @ rest), usable.size - start - 1
        p_value = float(gammaincc(dof / 2, chi_squared / 2))
        if p_value >= AGREES:
            half = start + (dof + 1) // 2
            later = np.pad(_shares(np.linalg.inv(covariance[half:, half:])), (half - start, 0))
            return _window(usable[start:], value.size, share, later, (chi_squared, dof, p_value))
    return _window(usable[-1:], value.size, np.ones(1), np.full(1, np.nan), (0.0, 0, float("nan")))


def _window(inside: ndarray, size: int, share: ndarray, later: ndarray, agreement: tuple[float, int, float]) -> Window:
    """The window of the numbers that are in it, with their weights."""
    first, last = int(inside[0]), int(inside[-1])
    weights, of_later = np.zeros(last - first + 1), np.zeros(last - first + 1)
    weights[inside - first], of_later[inside - first] = share, later
    missing = sorted(set(range(first, size)) - set(inside.tolist()))
    return Window(first, last, weights, of_later, *agreement, tuple(missing))


def _shares(inverse: Float[ndarray, "number number"]) -> Float[ndarray, " number"]:
    """Weights of least variance, but none below zero: an average lies among its numbers."""
    share = np.maximum(inverse.sum(axis=1), 0.0)
    return share / share.sum()
