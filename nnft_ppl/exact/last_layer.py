"""An erf network of which the read-out alone is trained: its moments as a series in the inverse width."""

import math
from itertools import combinations
from typing import NamedTuple

import numpy as np
from jaxtyping import ArrayLike, Float
from numpy import ndarray
from scipy import special

from nnft_ppl.arguments import require_count, require_finite
from nnft_ppl.exact.neurons import erf_kernel
from nnft_ppl.exact.quadrature import normal_rule, settled
from nnft_ppl.exact.training import TrainedMoments, trained_moments

_SIZES = (27, 53, 105, 209, 417, 833)  # nodes in each of two directions
# Differences of first and second, and of third and fourth order, in units of the smallest rate of training.
_FINE, _COARSE = 2.5e-3, 2.5e-2
# Largest ratio of the second order to the first at which the series is taken to say something.
_SMALL = 0.25


class WidthSeries(NamedTuple):
    """Coefficients of 1, 1/N and 1/N^2 of the moments of a network of N neurons.

    Source: definitions.
    """

    limit: TrainedMoments
    """At N -> inf."""
    first: TrainedMoments
    """Of 1/N."""
    second: TrainedMoments
    """Of 1/N^2."""


def erf_last_layer_slope(
    places: Float[ArrayLike, "place"],
    data: Float[ArrayLike, "datum"],
    values: Float[ArrayLike, "datum"],
    time: float,
    sigma_w: float = 1.0,
    sigma_b: float = 1.0,
) -> TrainedMoments:
    r"""Slope in 1/N, at `N -> inf`, of the moments of an erf network of which the read-out alone is trained.

    A network of N neurons follows `trained_moments` with its own kernel `k = N^(-1) sum_i h_i h_i'`, exactly. That
    fluctuates about K with the covariance D/N of one neuron's, `D = Cov(h h', h'' h''')`; to second order the mean has
    `1/2 D : m''` and the covariance `1/2 D : C'' + m' D m'`, with m and C as functions of the kernel.

    Args:
        places: Where the field is looked at, on the line.
        data: X.
        values: y.
        time: t of gradient flow, or inf.
        sigma_w: Scale of the weights, positive.
        sigma_b: Scale of the biases, at least zero.

    Returns:
        The coefficients of 1/N, of the mean, shape (place,), and of the covariance, shape (place, place).

    Raises:
        TypeError, ValueError: If an argument lies outside its range, or points are so far out that one neuron's
            average would take more than 833 nodes in a direction (slopes sigma_w |x| of about 20).

    Source: derived in docs/theory/training.md.
    """
    own = _Neuron("erf_last_layer_slope", places, data, values, time, sigma_w, sigma_b)
    return own.moments(own.first(), own.field(own.limit))


def erf_last_layer_series(
    places: Float[ArrayLike, "place"],
    data: Float[ArrayLike, "datum"],
    values: Float[ArrayLike, "datum"],
    time: float,
    sigma_w: float = 1.0,
    sigma_b: float = 1.0,
) -> WidthSeries:
    r"""The same to the order 1/N^2: of a mean f of the network's kernel, $E[d^3f]/6 + DD:f^{(4)}/8$.

    d is the difference of one neuron's `h h'` from K. The series is asymptotic: it says something where the second
    order is small beside the first.

    Args:
        places: As for `erf_last_layer_slope`.
        data: As there.
        values: As there.
        time: As there.
        sigma_w: As there.
        sigma_b: As there.

    Returns:
        The coefficients, means of shape (place,) and covariances of shape (place, place).

    Raises:
        TypeError, ValueError: As there.

    Source: derived in docs/theory/training.md.
    """
    own = _Neuron("erf_last_layer_series", places, data, values, time, sigma_w, sigma_b)
    limit, first = own.field(own.limit), own.first()
    return WidthSeries(own.still, own.moments(first, limit), own.moments(own.second(), limit, first))


def erf_last_layer_moments(
    width: int,
    places: Float[ArrayLike, "place"],
    data: Float[ArrayLike, "datum"],
    values: Float[ArrayLike, "datum"],
    time: float,
    sigma_w: float = 1.0,
    sigma_b: float = 1.0,
) -> tuple[TrainedMoments, TrainedMoments]:
    r"""Moments of such a network, $m_0 + m_1/N + m_2/N^2$ with the coefficients of the series, and what lies beyond.

    That is judged, not proved: the largest second order over all entries and over t and two earlier times (where one
    entry's crosses zero, higher orders do not). Beyond are terms smaller by the ratio of second to first order; where
    that is above 1/4, for few neurons or late times, nothing is known: NaN.

    Args:
        width: N.
        places: As for `erf_last_layer_slope`.
        data: As there.
        values: As there.
        time: As there.
        sigma_w: As there.
        sigma_b: As there.

    Returns:
        The moments, a mean of shape (place,) and a covariance of shape (place, place), and their truncation.

    Raises:
        TypeError, ValueError: As there, or if `width` is no integer of at least 1.

    Source: derived in docs/theory/training.md; networks of 8 neurons agree.
    """
    small = 1 / require_count("erf_last_layer_moments", "width", width)
    now = erf_last_layer_series(places, data, values, time, sigma_w, sigma_b)
    every = np.asarray(data, float)
    rates = np.linalg.eigvalsh(erf_kernel(every[:, None], every, sigma_w, sigma_b))
    slowest = float(np.min(rates[rates > 1e-12 * rates[-1]], initial=math.inf))
    earlier = [min(time, 10 / slowest) / by for by in (2, 4)]
    series = [now, *(erf_last_layer_series(places, data, values, one, sigma_w, sigma_b) for one in earlier)]
    first, second = (
        [small**order * max(np.max(np.abs(one[order][part])) for one in series) for part in (0, 1)] for order in (1, 2)
    )
    says = all(more <= _SMALL * one + 1e-9 for one, more in zip(first, second, strict=True))
    found = [a + b * small + c * small**2 if says else np.full_like(a, np.nan) for a, b, c in zip(*now, strict=True)]
    beyond = [np.full_like(one, bound) for one, bound in zip(found, second, strict=True)]
    return TrainedMoments(*found), TrainedMoments(*beyond)


class _Neuron:
    """What one neuron's products h h' fluctuate by, and means of functions of a network's kernel."""

    weights: Float[ndarray, " node"]
    deviation: Float[ndarray, "pair node"]

    def __init__(
        self,
        owner: str,
        places: ArrayLike,
        data: ArrayLike,
        values: ArrayLike,
        time: float,
        sigma_w: float,
        sigma_b: float,
    ) -> None:
        looked = require_finite(owner, "places", places)
        every = np.concatenate([looked, require_finite(owner, "data", data)])
        self.test, self.values = len(looked), require_finite(owner, "values", values)
        self.limit = erf_kernel(every[:, None], every, sigma_w, sigma_b)
        self.still, self.time = trained_moments(self.limit, self.limit, self.values, time), float(time)
        self.pairs = np.triu_indices(len(every))

        def fluctuation(nodes: int) -> ndarray:
            axis, density = normal_rule(nodes)
            slopes = sigma_w * np.multiply.outer(every, axis)[:, :, None] + sigma_b * axis
            neuron = special.erf(slopes).reshape(len(every), -1)
            self.weights = np.multiply.outer(density, density).ravel()
            self.deviation = neuron[self.pairs[0]] * neuron[self.pairs[1]] - self.limit[self.pairs][:, None]
            return (self.deviation * self.weights) @ self.deviation.T

        spread, _ = settled(owner, fluctuation, _SIZES, 1e-6, "give smaller points, or a smaller sigma_w")
        sizes, modes = np.linalg.eigh(spread)
        real = sizes > 1e-12 * sizes[-1]  # coincident points fluctuate together
        self.modes = self._kernels((modes[:, real] * np.sqrt(sizes[real])).T)

    def _kernels(self, entries: Float[ndarray, "*batch pair"]) -> Float[ndarray, "*batch point point"]:
        """Symmetric matrices of their entries above the diagonal and on it."""
        found = np.zeros((*entries.shape[:-1], *self.limit.shape))
        found[..., self.pairs[0], self.pairs[1]] = found[..., self.pairs[1], self.pairs[0]] = entries
        return found

    def field(self, kernels: Float[ndarray, "*batch point point"]) -> Float[ndarray, "*batch entry"]:
        """Mean, and second moment, of the field of a given kernel: `trained_moments` of many at once."""
        kernels = np.asarray(kernels)
        rates, modes = np.linalg.eigh(kernels[..., self.test :, self.test :])
        learns = rates > 1e-12 * rates[..., -1:]
        known = np.where(learns, rates, 1.0)
        learned = np.where(learns, -np.expm1(-known * self.time) / known, 0.0)
        a = kernels[..., : self.test, self.test :] @ (modes * learned[..., None, :]) @ np.swapaxes(modes, -1, -2)
        own = np.broadcast_to(np.eye(self.test), (*a.shape[:-1], self.test))
        seen = np.concatenate([own, -a], axis=-1)
        mean = a @ self.values
        square = seen @ kernels @ np.swapaxes(seen, -1, -2) + mean[..., :, None] * mean[..., None, :]
        return np.concatenate([mean, square.reshape(*mean.shape[:-1], self.test**2)], axis=-1)

    def scale(self) -> float:
        """The change of a kernel that counts: its smallest rate of training, or the inverse time."""
        rates = np.linalg.eigvalsh(self.limit[self.test :, self.test :])
        rate = float(np.min(rates[rates > 1e-12 * rates[-1]], initial=math.inf))
        return min(1.0, max(rate, 1 / self.time if self.time else math.inf))

    def first(self) -> Float[ndarray, " entry"]:
        """`1/2 D : f''`."""
        step = _FINE * self.scale()
        up, down = (self.field(self.limit + sign * step * self.modes) for sign in (1, -1))
        return np.sum(up + down - 2 * self.field(self.limit), axis=0) / (2 * step**2)

    def second(self) -> Float[ndarray, " entry"]:
        """`1/6 E[d^3 f] + 1/8 D D : f''''`."""
        step = _COARSE * self.scale()
        centre = self.field(self.limit)

        def moved(ways: ndarray, by: int) -> ndarray:
            return self.field(self.limit + by * step * ways)

        def fourth(ways: ndarray) -> ndarray:
            outer, inner = (moved(ways, by) + moved(ways, -by) for by in (2, 1))
            return (outer - 4 * inner + 6 * centre) / step**4

        # Far from the centre weights vanish; nodes that have none would only be moved far.
        some = self.weights > 1e-9 * np.max(self.weights)
        ways = self._kernels(self.deviation[:, some].T)
        third = (moved(ways, 2) - moved(ways, -2) - 2 * (moved(ways, 1) - moved(ways, -1))) / (2 * step**3)
        alone = fourth(self.modes)
        found = self.weights[some] @ third / 6 + np.sum(alone, axis=0) / 8
        one, other = np.array(list(combinations(range(len(self.modes)), 2)), int).reshape(-1, 2).T
        both = fourth(self.modes[one] + self.modes[other]) + fourth(self.modes[one] - self.modes[other])
        mixed = (both - 2 * alone[one] - 2 * alone[other]) / 12  # twice, with the 1/8
        return found + np.sum(mixed, axis=0) / 4

    def moments(self, last: ndarray, *orders: ndarray) -> TrainedMoments:
        """Mean and covariance of an order from those of the fields and of their squares, with the orders below."""
        terms = [*orders, last]
        square = last[self.test :].reshape(self.test, self.test)
        means = [one[: self.test] for one in terms]
        product = sum(np.multiply.outer(one, other) for one, other in zip(means, means[::-1], strict=True))
        return TrainedMoments(means[-1], square - product)
