r"""Series of any length in constant memory: averages of $2^k$ consecutive draws, k growing with their number.

Joined are always the draws 2j and 2j + 1, then the averages 2j and 2j + 1, and so on: what comes out depends on the
draws and their number alone, not on the blocks in which they came. Two weighted draws are one whose weight is the mean
of theirs, and whose value is their weighted mean, so that weighted averages, their ratios and their errors are those of
the draws:

$$w = \tfrac12 (w_1 + w_2), \qquad O = \frac{w_1 O_1 + w_2 O_2}{w_1 + w_2} .$$

Source: derived here; for correlated draws the blocking of H. Flyvbjerg, H. G. Petersen, J. Chem. Phys. 91 (1989) 461.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float
from numpy import ndarray

Series = Any
"""A PyTree of arrays with leading axes (chain, draw)."""


class SingleDraws(NamedTuple):
    """Some of the draws that averages are of: they say how much one draw fluctuates, and so what an error is worth."""

    series: Mapping[str, ndarray]
    """Observables by name, each of shape (chain, draw, *shape)."""
    log_weights: Float[ndarray, "chain draw"] | None = None
    """Natural logarithms of their weights, if they have any."""


class Averages:
    """At most so many averages of consecutive draws, as many in each, for draws that come in parts of any length.

    Args:
        most: Averages of each chain, at most.
        join: (first, second) -> the average of every pair of neighbours.

    Example:
        >>> averages = Averages(4, lambda first, second: (first + second) / 2)
        >>> averages.add(np.arange(9.0)[None])
        >>> averages.each, averages.series
        (2, array([[0.5, 2.5, 4.5, 6.5]]))
    """

    def __init__(self, most: int, join: Callable[[Series, Series], Series]) -> None:
        self._most, self._join = most, join
        self._waiting: list[Series | None] = []  # of each level below the top, what has no neighbour yet
        self._top: list[Series] = []

    @property
    def each(self) -> int:
        """How many draws are in one average."""
        return 2 ** len(self._waiting)

    @property
    def series(self) -> Series:
        """The averages, in order. The last draws, fewer than `each`, are in none yet."""
        self._top = [_behind(self._top)]
        return self._top[0]

    def add(self, draws: Series) -> None:
        """Take the next draws.

        Args:
            draws: Arrays of shape (chain, draw, ...).
        """
        for level, waiting in enumerate(self._waiting):
            together = draws if waiting is None else _behind([waiting, draws])
            draws, self._waiting[level] = self._paired(together)
            if draws is None:
                return
        self._top.append(draws)
        while sum(map(_length, self._top)) > self._most:
            joined, rest = self._paired(self.series)
            self._waiting.append(rest)
            self._top = [joined]

    def _paired(self, series: Series) -> tuple[Series | None, Series | None]:
        """The averages of pairs, and what is left; None where there are none."""
        even = _length(series) // 2 * 2
        first, second = (jax.tree.map(lambda one, at=at: one[:, at:even:2], series) for at in (0, 1))
        rest = jax.tree.map(lambda one: one[:, even:].copy(), series) if even < _length(series) else None
        return (self._join(first, second) if even else None), rest


def average_of_two(
    first: ndarray, second: ndarray, share: Float[ndarray, "chain draw *more"] | None = None
) -> Float[ndarray, "chain draw *shape"]:
    """The mean of two arrays in double precision; what has no weight does not count, be it infinite.

    Args:
        first: Shape (chain, draw, *shape).
        second: The same.
        share: The first one's share of the weight; one half unless given.
    """
    kind = np.result_type(first.dtype, float)
    first, second = first.astype(kind), second.astype(kind)
    if share is None:
        return second + 0.5 * (first - second)
    share = share.reshape(*share.shape, *(1,) * (first.ndim - share.ndim))
    with np.errstate(invalid="ignore"):  # what is infinite on both is so on average, or NaN
        mean = second + share * (first - second)
    return np.where(share == 0, second, np.where(share == 1, first, mean))


def weight_of_two(first: ndarray, second: ndarray) -> tuple[Float[ndarray, "*shape"], Float[ndarray, "*shape"]]:
    """The logarithm of the mean of two weights, and the first one's share of both; a half where both are zero.

    Args:
        first: Log weights.
        second: Log weights of the same shape.
    """
    first, second = first.astype(float), second.astype(float)
    together = np.logaddexp(first, second)
    with np.errstate(invalid="ignore"):
        share = np.exp(first - together)
    return together - np.log(2.0), np.where(np.isneginf(together), 0.5, share)


def _length(series: Series) -> int:
    return jax.tree.leaves(series)[0].shape[1]


def _behind(parts: list[Series]) -> Series:
    return parts[0] if len(parts) == 1 else jax.tree.map(lambda *arrays: np.concatenate(arrays, axis=1), *parts)
