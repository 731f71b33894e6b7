r"""Tails of a series: whether the variance that an error of its mean needs exists.

The draws far out on one side of the mean are fitted by a generalised Pareto law, of which E|x|^p exists for p < 1/k:

    P(x > t | x > 0) = (1 + k t/σ)^(−1/k),        x what a draw exceeds the tail's beginning by.

Below k = 1/2 there is a variance, and a mean has a Gaussian error; from there to 1 a mean, whose error is set by the
few largest draws, or by those that never came. Both sides are fitted, and the heavier counts.

Source: J. Zhang, M. A. Stephens, Technometrics 51 (2009) 316; tail length and prior of A. Vehtari et al.,
arXiv:1507.02646, app. C.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import ArrayLike, Bool, Float, Inexact
from numpy import ndarray

from nnft_ppl.arguments import require_count, require_series
from nnft_ppl.complex_parts import in_parts
from nnft_ppl.statistics.autocorrelation import gamma_method, standardise
from nnft_ppl.statistics.log_weights import relative_weights
from nnft_ppl.statistics.phases import turns

FEWEST = 25
"""Effective draws below which a tail has no shape."""
PRIOR = 10
"""The shape is drawn towards 1/2 as by so many draws of the tail."""
NEAR, HITS = 0.9, 5
"""A tail whose last tenth holds so many effective draws ends there: a Pareto tail of shape 0.7 has 1.2."""
FEW_VALUES = 10
"""A tail of fewer different values is that of an indicator or of a small number: it ends, too."""
USABLE = 0.5
"""Shape above which a variance does not exist."""
HEAVY = 0.7
"""Shape above which an error is no guide."""
SIGMAS = 2.0
"""Standard errors by which k̂ of a single component must exceed 0.7 for that to be sure."""
UNSEEN = 2.0
"""Errors by which draws that did not come may move a mean."""
SMALL = 0.03
"""Share of the variance below which the largest draw does not belong to a tail of shape 0.7, whatever its fit says: of
2000 series of 1000 or 8000 draws of such a law none had less than twice that."""
_BLOCK_NUMBERS = 2**21


class Tails(NamedTuple):
    """Shape of the heavier tail of every component, each of the shape of one draw."""

    k_hat: Float[ndarray, "*shape"]
    """Pareto's k; −∞ where the tails end (bounded series, constants), NaN with too few draws."""
    error: Float[ndarray, "*shape"]
    """Its standard error (1 + k)/√M with M effective draws in the tail; 0 where k is −∞."""
    unseen: Float[ndarray, "*shape"]
    """What the tail beyond the largest draw would add to the mean, in errors of the mean: k/(1 − k) times the largest
    draw's share of the error. 0 where k is below 0, ∞ from 1 on."""
    effective: float
    """Effective draws of the series, by the autocorrelation of |x|."""
    largest: Float[ndarray, "*shape"] | float = 1.0
    """The largest draw's share of the variance of the mean, of the shape of one draw."""

    def certain(self, sigmas: float) -> Float[ndarray, "*shape"]:
        """What k exceeds by so many of its standard errors, of the shape of one draw; −∞ where there is none.

        Args:
            sigmas: How many.
        """
        return np.where(np.isnan(self.k_hat), -np.inf, self.k_hat - sigmas * self.error)

    def useless(self, sigmas: float) -> Bool[ndarray, "*shape"]:
        """Where an error of the mean says nothing, of the shape of one draw.

        That is where k exceeds 0.7 by so many of its errors; by `SIGMAS` fewer, if draws that did not come would move
        the mean by `UNSEEN` of its errors. Nowhere if the largest draw has less than `SMALL` of the variance, as where
        a density is steep and ends: a bounded functional of a field often is like that.

        Args:
            sigmas: How many; more than `SIGMAS` where the largest k of several is judged.
        """
        likely = self.certain(sigmas - SIGMAS) > HEAVY
        heavy = (self.certain(sigmas) > HEAVY) | (likely & (self.unseen > UNSEEN))
        return heavy & (np.asarray(self.largest) >= SMALL)


def contributions(
    series: Inexact[ndarray, "chain draw *shape"],
    log_weights: Float[ndarray, "chain draw"] | None = None,
    phase: Float[ndarray, "chain draw"] | None = None,
) -> Float[ndarray, "chain draw *parts"]:
    """What every draw adds to the mean's fluctuation, w_i (O_i − Ō) with weights of mean 1.

    Of a complex observable real and imaginary part stand along a last axis. With a phase α it is the modulus of
    w_i e^{iα_i} (O_i − Ō)/⟨e^{iα}⟩: whether there is a variance does not depend on how fast a phase turns.

    Args:
        series: An observable's draws, shape (chain, draw, *shape), in its units.
        log_weights: Log weights of the draws, if they have any.
        phase: Phase of every draw, if they have any.
    """
    if phase is not None:
        weights = np.ones(phase.shape) if log_weights is None else relative_weights(log_weights)
        turned = (weights * turns(phase, weights)).reshape(weights.shape + (1,) * (series.ndim - 2))
        values = series - series[0, 0]
        return np.abs(turned * (values - (turned * values).mean((0, 1))))
    values = np.asarray(in_parts(series), float)
    if log_weights is None:
        return values - values.mean((0, 1))
    weights = relative_weights(log_weights)
    weights = weights.reshape(weights.shape + (1,) * (values.ndim - 2))
    values = values - values[0, 0]
    return weights * (values - (weights * values).mean((0, 1)))


def tails(fluctuations: Float[ndarray, "chain draw *shape"], *, independent: bool = False) -> Tails:
    """Shape of the tails of what draws contribute to a mean.

    The tail on each side holds the min(n/5, 3 √n) largest of n effective draws. Of a correlated series it has the same
    share of all draws, while the error counts n = N/(2 τ) with τ the autocorrelation time of |x|.

    Args:
        fluctuations: As from `contributions`, shape (chain, draw, *shape), about zero.
        independent: Whether the draws are known to be independent.
    """
    chains, draws, shape = *fluctuations.shape[:2], fluctuations.shape[2:]
    total = chains * draws
    _, delta, _ = standardise(np.asarray(fluctuations, float).reshape(chains, draws, -1))
    count = delta.shape[-1]
    effective = float(total) if independent else float(np.min(gamma_method(np.abs(delta)).ess, initial=total))
    if effective < FEWEST or not count:
        nothing = np.full(shape, np.nan)
        return Tails(nothing, nothing, nothing, effective)
    length = min(effective / 5, 3 * np.sqrt(effective))
    tail = int(length * total / effective)
    block = max(1, _BLOCK_NUMBERS // total)
    shapes = []
    for first in range(0, count, block):
        columns = np.ascontiguousarray(delta[..., first : first + block].reshape(total, -1).T)
        shapes.append(np.fmax(*(_side(side, tail, length) for side in (columns, -columns))))
    k_hat = np.concatenate(shapes)
    error = np.where(np.isfinite(k_hat), np.maximum(1 + k_hat, 0) / np.sqrt(length + PRIOR), 0.0)
    squares = (delta**2).reshape(total, -1)
    share = np.sqrt(squares.max(0) / np.maximum(squares.sum(0), 1e-300) * total / effective)
    bounded = np.clip(np.where(np.isnan(k_hat), 0.0, k_hat), 0.0, 1.0)
    unseen = share * np.divide(bounded, 1 - bounded, out=np.full_like(bounded, np.inf), where=bounded < 1)
    return Tails(
        k_hat.reshape(shape), error.reshape(shape), unseen.reshape(shape), effective, (share**2).reshape(shape)
    )


def median_of_means(values: Float[ArrayLike, "n *shape"], blocks: int = 32) -> tuple[ndarray, ndarray]:
    """Median of the means of equal blocks of independent draws, for observables with heavy tails.

    Use it where the mean's error is itself dominated by a few draws (fourth powers of wide outputs, weights with
    k_hat above 0.5): the value then fluctuates like a Gaussian even if the fourth moment is infinite. The price is an
    error larger by 1.2533 = sqrt(pi/2), and a bias of order skewness * sd / (6 draws per block) towards the median.
    Where the block means are themselves heavy-tailed, the quoted error is too large, never too small.

    Args:
        values: Independent draws, shape (n, *shape).
        blocks: Number of blocks, at least 8 and at most n; they differ by at most one draw in length.

    Returns:
        Value and error 1.2533 sd(block means) / sqrt(blocks), each of shape `shape`, in units of the observable.

    Raises:
        TypeError: If the values are not real numbers.
        ValueError: If they hold NaN or infinity, or the number of blocks is out of range.

    Source: the asymptotic variance of a sample median of Gaussian block means, pi/2 times that of their mean.
    """
    draws = require_series("median_of_means", "values", np.asarray(values)[None])[0]
    require_count("median_of_means", "blocks", blocks, least=8, most=len(draws))
    means = np.stack([part.mean(0) for part in np.array_split(draws, blocks)])
    return np.median(means, axis=0), np.sqrt(np.pi / 2) * means.std(0, ddof=1) / np.sqrt(blocks)


def _side(columns: Float[ndarray, "component draw"], tail: int, length: float) -> Float[ndarray, "component"]:
    """K of the upper tail of every row; −∞ where it ends."""
    highest = np.sort(np.partition(columns, -tail - 1, axis=1)[:, -tail - 1 :], axis=1)
    excess = highest[:, 1:] - highest[:, :1]
    largest = excess[:, -1:]
    hits = np.sum(excess > NEAR * largest, axis=1) * length / tail
    different = 1 + np.count_nonzero(np.diff(excess, axis=1), axis=1)
    ends = (hits >= HITS) | (different < min(FEW_VALUES, length / 2)) | (largest[:, 0] <= 0)
    shape = np.full(len(columns), -np.inf)
    if np.all(ends):
        return shape
    excess = excess[~ends] / largest[~ends]
    quartile = excess[:, max(int(tail / 4 + 0.5) - 1, 0)]
    # Values that repeat at the tail's beginning leave no quartile.
    positive = np.min(np.where(excess > 0, excess, 1.0), axis=1)
    fitted = _pareto_shape(excess, np.maximum(quartile, positive))
    shape[~ends] = (length * fitted + PRIOR / 2) / (length + PRIOR)
    return shape


def _pareto_shape(excess: Float[ndarray, "component tail"], quartile: Float[ndarray, "component"]) -> ndarray:
    """Shapes k of generalised Pareto laws, excesses ascending to 1, by Zhang and Stephens' posterior mean of −k/σ.

    ArviZ fits one series at a time; here are all components of an observable, and tails of correlated draws that are
    longer than their effective number. The shapes are ArviZ's (tests/test_tails.py).
    """
    count = excess.shape[1]
    grid = 30 + int(np.sqrt(count))
    spacing = 1 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))
    inverse_scale = 1 + spacing / (3 * quartile[:, None])
    # One value of the grid at a time: the memory of all at once would be 50 tails of every component.
    shape = np.stack([np.log1p(-one[:, None] * excess).mean(1) for one in inverse_scale.T], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        likelihood = count * (np.log(-inverse_scale / shape) - shape - 1)
    likelihood = np.where(np.isfinite(likelihood), likelihood, -np.inf)
    weight = np.exp(likelihood - likelihood.max(1, keepdims=True))
    best = np.sum(inverse_scale * weight, axis=1) / np.sum(weight, axis=1)
    return np.log1p(-best[:, None] * excess).mean(1)
