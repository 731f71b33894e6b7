r"""A witness found on one half of the draws and tested on the other, and the other way round.

Skewness g of the products q of n effective draws makes the lower tail of z = q̄/error fatter where it is positive: rare
large products, that did not come, are missed by mean and error alike. Hall's transformation, monotone in z, takes that
into account to first order in 1/√n,

    z → ((1 + a z)³ − 1)/(3a) + a/2,      a = max(g, 0)/(3√n).

Where F is rarely large, as an indicator of rare events or a square is, products of two large values may not have come
at all. Of n draws without any, as many as 3/n have probability 5 %: if products of the largest |F|² seen, at that rate,
would move the mean by more than one error, that is taken off the evidence, too.

Where tails are so heavy that the error of a mean means nothing, what they may hide is taken off all evidence
(`nnft_ppl.statistics.Tails.unseen`).

Source: P. Hall, J. R. Stat. Soc. B 54 (1992) 221.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.special import ndtr

from nnft_ppl.axioms.witness import find_witness, second_moment
from nnft_ppl.statistics import contributions, estimate, tails

MISSED = 3.0
"""Draws that may be missing of a kind that is not seen, at 5 %."""
SURE = 4.0
"""Standard errors by which Pareto's k of a row must show that an error means nothing: there are many rows."""

Slices = tuple[slice, slice]


class HeldOut(NamedTuple):
    """What one half of the draws says of the witness that was found on the other."""

    vector: Float[ndarray, " functional"]
    """v, of unit second moment where it was found."""
    products: Float[ndarray, "chain draw"]
    """(v·ΘF)(v·F) of the draws of this half."""
    second: float
    """v·S v on them."""
    largest: float
    """The largest |v·F|² or |v·ΘF|² of a draw."""


class Means(NamedTuple):
    """Means of products with errors, and how probable ones as low would be; each of shape (row,)."""

    value: Float[ndarray, " row"]
    error: Float[ndarray, " row"]
    z: Float[ndarray, " row"]
    p_value: Float[ndarray, " row"]
    effective: Float[ndarray, " row"]
    """Effective draws."""
    unseen: Float[ndarray, " row"]
    """Errors by which draws that did not come may move the mean where tails are too heavy for its error; else 0."""


def cut(chains: int, draws: int) -> tuple[Slices, Slices]:
    """Two halves that are independent: whole chains, or of a single chain its first and its second part.

    Args:
        chains: How many there are.
        draws: How many each has.
    """
    every = slice(None)
    if chains > 1:
        return (slice(None, chains // 2), every), (slice(chains // 2, None), every)
    return (every, slice(None, draws // 2)), (every, slice(draws // 2, None))


def held_out(
    behind: Float[ndarray, "chain draw functional"],
    mirrored: Float[ndarray, "chain draw functional"],
    weights: Float[ndarray, "chain draw"] | None = None,
    rounding: float = 0.0,
) -> tuple[HeldOut, HeldOut]:
    """The witnesses of both halves, each on the draws of the other.

    Args:
        behind: Functionals F, shape (chain, draw, functional).
        mirrored: ΘF, of the same shape.
        weights: Of the draws, if they have any, up to a factor.
        rounding: Relative rounding error of the functionals.
    """
    halves = cut(*behind.shape[:2])
    own_weights = [None if weights is None else (weights[half] / np.mean(weights[half])).reshape(-1) for half in halves]
    flat = [[_flat(part[half]) for part in (behind, mirrored)] for half in halves]
    found = []
    for own, other in ((0, 1), (1, 0)):
        vector = find_witness(flat[other][0], flat[other][1], own_weights[other], rounding)
        sides = [part[halves[own]] @ vector for part in (behind, mirrored)]
        second = second_moment(vector, flat[own][0], flat[own][1], own_weights[own])
        largest = max(float(np.max(np.abs(side), initial=0.0)) for side in sides) ** 2
        found.append(HeldOut(vector, sides[0] * sides[1], second, largest))
    return found[0], found[1]


def means_of_products(
    products: Float[ndarray, "chain draw row"],
    log_weights: Float[ndarray, "chain draw"] | None = None,
    *,
    independent: bool = False,
    largest: Float[ndarray, " row"] | None = None,
) -> Means:
    """Means, errors and p-values of one half's products.

    Args:
        products: (v·ΘF)(v·F) of every row, shape (chain, draw, row).
        log_weights: Of the draws of this half, if they have any.
        independent: Whether the draws are known to be independent.
        largest: What a product of each row may be, by the largest |v·F|² seen; None for no more than was seen.
    """
    one = estimate({"q": products}, None, log_weights, independent=independent)["q"]
    value, error = np.asarray(one.value), np.asarray(one.error)
    shares = contributions(products, log_weights)
    shape = tails(shares, independent=independent)
    unseen = np.where(shape.useless(SURE), shape.unseen, 0.0)
    effective = np.nan_to_num(np.minimum(np.asarray(one.ess), products[..., 0].size), nan=1.0)
    flat = shares.reshape(-1, shares.shape[-1])
    deviation = np.sqrt(np.mean(flat**2, axis=0))
    flat = np.divide(flat, deviation, out=np.zeros_like(flat), where=deviation > 0)
    skewness = np.mean(flat * flat * flat, axis=0)
    # What never changes has no error: it is below zero, or it is not.
    z = np.divide(value, error, out=np.where(value < 0, -np.inf, np.inf), where=error > 0)
    hidden = unseen
    if largest is not None:
        rest = np.maximum(largest - np.max(products, axis=(0, 1)), 0.0) * MISSED / effective
        missed = np.divide(rest, error, out=np.zeros_like(z), where=error > 0)
        hidden = unseen + np.where(missed > 1, missed, 0.0)
    p_value = ndtr(unskewed(z, skewness, effective) + hidden)
    return Means(value, error, z, np.where(np.isnan(p_value), 1.0, p_value), effective, unseen)


def unskewed(z: ndarray, skewness: ndarray, number: ndarray) -> ndarray:
    """Z as a Gaussian number has it, of a mean of skew products.

    Args:
        z: Mean in units of its error.
        skewness: Of the products; a negative one is taken for 0.
        number: Effective draws.
    """
    a = np.maximum(skewness, 0.0) / (3 * np.sqrt(number))
    finite = np.where(np.isfinite(z), z, 0.0)
    bent = np.divide((1 + a * finite) ** 3 - 1, 3 * a, out=finite.copy(), where=a > 1e-9) + a / 2
    return np.where(np.isfinite(z), bent, z)


def _flat(series: ndarray) -> ndarray:
    return series.reshape(-1, series.shape[-1])
