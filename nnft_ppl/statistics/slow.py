r"""A second look at long times: errors from long blocks, where slow modes show that a window of Gamma's method missed.

A small share of a slow mode in a fast observable, say 1 % of its variance with an autocorrelation time of 200 draws, is
most of its error; at the lags where the Gamma method decides on its window, that share is below the noise. The mean of
a long block has it whole. With n blocks of b draws and means m_j,

    error²(b) = Σ_j (m_j − m̄)² / (n (n − 1)),

which rises with b to a plateau once blocks are long against the slowest mode. An improved series whose raw one is slow
may have so small a share of the slow mode that blocks do not show it. With M = β R + (M − β R), β from the means of
blocks about as long as R's autocorrelation, that share counts with R's own error: β² error²(R̄) + error² of the rest.

Source: H. Flyvbjerg, H. G. Petersen, J. Chem. Phys. 91 (1989) 461; the comparison by F laws, derived here.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray
from scipy.special import fdtrc

from nnft_ppl.statistics.autocorrelation import GammaErrors, gamma_method

FEWEST, MOST = 4, 512
"""Numbers of blocks, from long ones to short ones, doubling."""
RARE = 1e-3
"""Chance at which an error from blocks would exceed the Gamma method's by so much, where both are right."""
CERTAIN = 1e-4
"""Chance at which a plateau would look like none."""
PLATEAU = 32
"""Where so many blocks still give a larger error than four times as many, there is no plateau."""
SLOWER, SLOW = 2.0, 5.0
"""A raw series is slow beside an improved one if its τ is so many times longer, and so many draws."""


class SecondLook(NamedTuple):
    """Errors of a mean where long times are looked at; arrays of the shape of one draw."""

    error: Float[ndarray, "*shape"]
    """The larger of the two errors where blocks contradict the Gamma method, else that of the latter."""
    growth: Float[ndarray, "*shape"]
    """By how much it grew, 1 where it did not."""
    rising: Bool[ndarray, "*shape"]
    """Whether it grew, and still rises with the longest blocks: then it is a lower bound."""


def second_look(series: Float[ndarray, "chain draw *shape"], gamma: GammaErrors) -> SecondLook:
    """Errors of a mean from blocks of growing length, where they contradict those of the Gamma method.

    The quotient of the squared errors from n blocks and from a window W of N draws follows an F law with n − 1 and
    N/(2 W + 1) degrees of freedom where both are right. Of the lengths at which its chance is below 1e-3 the one with
    the largest error counts; on fast series the error stays what it is but for a few in a thousand.

    Args:
        series: The draws, shape (chain, draw, *shape).
        gamma: Their errors by the Gamma method.
    """
    chains, draws = series.shape[:2]
    shape = series.shape[2:]
    squared = gamma.error**2
    freedom = chains * draws / (2 * gamma.window + 1)
    largest = squared.copy()
    errors: dict[int, ndarray] = {}
    count = FEWEST
    while count <= MOST:
        each = -(-count // chains)
        if draws // each < 2:
            break
        errors[count] = blocks = _block_error(series, each) ** 2
        quotient = np.divide(blocks, squared, out=np.ones_like(blocks), where=squared > 0)
        contradicts = fdtrc(each * chains - 1, freedom, quotient) < RARE
        largest = np.where(contradicts, np.maximum(blocks, largest), largest)
        count *= 2
    grown = largest > squared
    rising = np.zeros(shape, bool)
    if 4 * PLATEAU in errors:
        long, short = errors[PLATEAU], errors[4 * PLATEAU]
        quotient = np.divide(long, short, out=np.ones_like(long), where=short > 0)
        rising = grown & (fdtrc(PLATEAU - 1, 4 * PLATEAU - 1, quotient) < CERTAIN)
    growth = np.sqrt(np.divide(largest, squared, out=np.ones_like(largest), where=squared > 0))
    return SecondLook(np.sqrt(largest), growth, rising)


def share_of_slow(
    series: Float[ndarray, "chain draw *shape"], raw: Float[ndarray, "chain draw *shape"], gamma: GammaErrors
) -> Float[ndarray, "*shape"]:
    """Errors of an improved mean with the share that it has of its raw series' slow mode; 0 where that is not slow.

    Args:
        series: The improved draws, shape (chain, draw, *shape).
        raw: The raw draws of the same average.
        gamma: Errors of the improved draws by the Gamma method.
    """
    slow = gamma_method(raw)
    error = np.zeros(gamma.error.shape)
    chains, draws = raw.shape[:2]
    for at in map(tuple, np.argwhere((slow.tau_int > SLOW) & (slow.tau_int > SLOWER * gamma.tau_int))):
        mine, other = series[(..., *at)], raw[(..., *at)]
        each = max(-(-FEWEST // chains), int(draws / (2 * slow.tau_int[at])))
        means, others = (_block_means(part - part.mean(), each) for part in (mine, other))
        share = np.sum(means * others) / np.sum(others**2)
        of_raw = second_look(other, gamma_method(other)).error
        error[at] = np.hypot(share * of_raw, gamma_method(mine - share * other).error)
    return error


def _block_error(series: Float[ndarray, "chain draw *shape"], each: int) -> Float[ndarray, "*shape"]:
    """Error of the mean from so many blocks of each chain."""
    chains, draws = series.shape[:2]
    length = draws // each
    means = _block_means(series, each)
    # All draws have a smaller error than those in whole blocks.
    return np.asarray(np.std(means, axis=0, ddof=1) / np.sqrt(chains * draws / length))


def _block_means(series: Float[ndarray, "chain draw *shape"], each: int) -> Float[ndarray, "block *shape"]:
    """Means of so many blocks of each chain."""
    chains, draws = series.shape[:2]
    length = draws // each
    return series[:, : each * length].reshape(chains * each, length, *series.shape[2:]).mean(axis=1)
