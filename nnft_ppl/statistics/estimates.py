"""Values with errors: means of observables, functions of means, reweighting, and how they are printed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import ArrayLike, Bool, Float
from numpy import ndarray
from numpy.typing import DTypeLike

from nnft_ppl.arguments import require_count, require_log_weights, require_series
from nnft_ppl.display import ROUNDING, columns, format_value, format_values, places_along, table, without_noise
from nnft_ppl.statistics.autocorrelation import gamma_method
from nnft_ppl.statistics.log_weights import relative_weights
from nnft_ppl.statistics.propagation import Function, propagate
from nnft_ppl.statistics.second_errors import errors_agree, errors_near, geyer_errors, independent_errors
from nnft_ppl.statistics.slow import second_look, share_of_slow


@dataclass(frozen=True, eq=False)
class Estimate:
    """One observable's value ± error; all arrays have the observable's shape. `str` prints such as `0.3570(7)`."""

    value: Float[ndarray, "*shape"]
    """The estimate, in units of the observable."""
    error: Float[ndarray, "*shape"]
    """Its standard error, autocorrelation and reweighting included; NaN where the value is undefined, or, of a function
    of means, where the linear propagation of errors is not to be trusted."""
    ess: Float[ndarray, "*shape"]
    """Number of independent draws of the target that would have this error, Var(F) / error^2; NaN where the error is
    zero, for draws that never change say nothing of their number."""
    second_error: Float[ndarray, "*shape"]
    """The standard error by an independent estimator."""
    agree: Bool[ndarray, "*shape"] | None = None
    """Whether the two errors, and the chains, are compatible (`errors_agree`); None if never compared."""
    growth: Float[ndarray, "*shape"] | None = None
    """By how much long blocks of correlated draws made the error larger (`second_look`); None if never looked."""

    coordinates: Mapping[str, ndarray] = field(default_factory=dict)
    """Along each dimension in turn, by its name; empty where they are not known. For display only."""
    doubts: Mapping[tuple[int, ...], str] = field(default_factory=dict)
    """Entry -> why it has a value and no error. Not stored."""

    def __str__(self) -> str:
        return format_values(np.asarray(self.value), np.asarray(self.error))

    def _repr_html_(self) -> str:
        headings, rows = self.rows()
        return table(headings, rows, words=1)

    def rows(self) -> tuple[list[str], list[list[str]]]:
        """Headings, and coordinates, value with error and effective draws of every component."""
        value, error, ess = (np.asarray(part) for part in (self.value, self.error, self.ess))
        scale = float(np.max(np.nan_to_num(np.abs(value)), initial=0.0))
        shape = {dim: np.arange(size) for dim, size in zip("ijklmnpq", value.shape, strict=False)}
        rows = [
            [
                place,
                format_value(without_noise(float(value[index]), scale), float(error[index])),
                f"{ess[index]:.0f}" if np.isfinite(ess[index]) else "—",
            ]
            for index, place in places_along(self.coordinates or shape)
        ]
        return ["at", "estimate", "ess"], rows


class Estimates(dict[str, Estimate]):
    """Estimates by name, in the order of the model; printed, or shown by a notebook, they are one table."""

    def __str__(self) -> str:
        return columns(*self.rows(), words=2)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return table(*self.rows(), words=2)

    def rows(self) -> tuple[list[str], list[list[str]]]:
        """Headings, and the rows of every estimate behind its name."""
        return ["observable", "at", "estimate", "ess"], [
            [name, *row] for name, one in self.items() for row in one.rows()[1]
        ]


def estimate(
    series: Mapping[str, ArrayLike],
    derived: Mapping[str, Function] | None = None,
    log_weights: Float[ArrayLike, "chain draw"] | None = None,
    *,
    independent: bool = False,
    raw: Mapping[str, ArrayLike] | None = None,
) -> dict[str, Estimate]:
    """Values with errors of observables and of functions of their means, correlations between them included.

    The mean of O is mu = sum_i w_i O_i / sum_i w_i. A quantity F = f(mu) has value f(mu) (its bias is of order
    1/draws, below the error), and the error is that of the mean of the linearised series
    f + n w_i sum_a (df/dmu_a) (O_ai - mu_a) / sum_j w_j, found by the Gamma method, or for independent draws as
    sd/sqrt(n). The second error comes from ArviZ, or for independent draws from batch means. Where long blocks of
    correlated draws, or the slow mode of the raw draws beside improved ones, contradict the Gamma method, the error is
    larger (`second_look`, `share_of_slow`); so it is where ArviZ's is, by less than a half (`errors_near`).

    Args:
        series: Observables by name, each of shape (chain, draw, *shape).
        derived: Functions of the means by name; names must differ from those of the observables.
        log_weights: Natural logarithms of the weights up to a constant, shape (chain, draw); -inf drops a draw.
        independent: Whether the draws are known to be independent (of one another, and in weight).
        raw: Raw draws of those observables whose series are improved ones.

    Returns:
        An estimate for every name in `series`, then for every name in `derived`.

    Raises:
        TypeError: If a series does not hold real numbers.
        ValueError: If a series holds NaN or infinity or is shorter than 4 draws, shapes do not match, a name is used
            twice, a derived quantity asks for an observable that is missing, or the weights are NaN, +inf or all zero.

    Source: U. Wolff, hep-lat/0306017, sec. 4; the weighted series by the delta method, derived here.
    """
    if not series:
        raise ValueError("estimate: series is empty; give at least one observable")
    arrays = {name: require_series("estimate", f"series {name!r}", values) for name, values in series.items()}
    derived = derived or {}
    if twice := sorted(set(arrays) & set(derived)):
        raise ValueError(f"estimate: {twice} name both an observable and a derived quantity; rename the derived one")
    lengths = {name: values.shape[:2] for name, values in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"estimate: series have (chain, draw) shapes {lengths}; give equally many draws of each")
    length = next(iter(lengths.values()))
    logs = np.zeros(length) if log_weights is None else require_log_weights("estimate", log_weights)
    if logs.shape != length:
        raise ValueError(f"estimate: log_weights has shape {logs.shape} and series {length}; give one weight per draw")
    weights = relative_weights(logs)

    raw = {} if independent or raw is None else raw
    means, centred, centred_raw = {}, {}, {}
    for name, values in arrays.items():
        # Relative to the first draw: a constant observable then has exactly zero fluctuations under any weights.
        origin = values[0, 0]
        means[name] = origin + (_per_draw(weights, values) * (values - origin)).mean((0, 1))
        centred[name] = values - means[name]
        # A constant up to rounding is a constant: rounding is no statistics.
        constant = np.abs(centred[name]).max((0, 1)) <= ROUNDING * np.abs(means[name])
        centred[name][..., constant] = 0.0
        centred_raw[name] = np.asarray(raw[name], float) - means[name] if name in raw else centred[name]
    result = {
        name: _estimate_linear(
            means[name], centred[name], weights, centred_raw[name] if name in raw else None, independent=independent
        )
        for name in arrays
    }
    errors = {name: one.error for name, one in result.items()}
    for name, quantity in derived.items():
        found = propagate(name, quantity, means, centred, weights, errors, centred_raw if raw else None)
        one = _estimate_linear(found.value, found.fluctuation, weights, found.raw, independent=independent)
        result[name] = _doubted(one, found.doubts)
    return result


def _doubted(one: Estimate, doubts: Mapping[tuple[int, ...], str]) -> Estimate:
    """The estimate without the errors that are not to be trusted."""
    if not doubts:
        return one
    parts = {name: np.array(getattr(one, name)) for name in ("error", "ess", "second_error")}
    for part in parts.values():
        for entry in doubts:
            part[entry] = np.nan
    return replace(one, **parts, doubts=doubts)


def _per_draw(weights: Float[ndarray, "chain draw"], values: ndarray) -> ndarray:
    """Weights with trailing axes appended to broadcast against a series."""
    return weights.reshape(weights.shape + (1,) * (values.ndim - 2))


def _estimate_linear(
    value: ndarray,
    fluctuation: Float[ndarray, "chain draw *shape"],
    weights: ndarray,
    raw: Float[ndarray, "chain draw *shape"] | None,
    *,
    independent: bool,
) -> Estimate:
    """Estimate of a quantity from its value and unweighted fluctuations (weights of mean 1), and raw ones."""
    defined = np.isfinite(value) & np.isfinite(fluctuation).all((0, 1))
    value = np.where(defined, value, np.nan)
    fluctuation = np.where(defined, fluctuation, 0.0)
    per_draw = _per_draw(weights, fluctuation)
    linear = np.where(defined, value, 0.0) + per_draw * fluctuation
    if independent:
        error, second, relative = independent_errors(linear)
        agree = errors_agree(error, second, relative)
        growth = np.ones_like(error)
    else:
        gamma, second = gamma_method(linear), geyer_errors(linear)
        look = second_look(linear, gamma)
        error = look.error
        if raw is not None:
            error = np.maximum(error, share_of_slow(linear, per_draw * np.where(defined, raw, 0.0), gamma))
        told = second, gamma.relative_error, gamma.chain_probability
        # The second estimator may have seen what only long blocks show.
        agree = errors_agree(gamma.error, *told) | errors_agree(error, *told)
        near = errors_near(error, second, gamma.chain_probability) & ~agree
        error, agree = np.where(near, np.maximum(error, second), error), (agree | near) & ~look.rising
        growth = np.divide(error, gamma.error, out=np.ones_like(error), where=gamma.error > 0)
    variance = (per_draw * fluctuation**2).mean((0, 1)) * weights.size / (weights.size - 1)
    # A constant has no variance to compare.
    ess = np.divide(variance, error**2, out=np.full(value.shape, np.nan), where=error > 0)
    nan = np.where(defined, 0.0, np.nan)
    return Estimate(value, error + nan, ess + nan, second + nan, agree & defined, growth + nan)


def weighted_agreement(first: Estimate, second: Estimate) -> Float[ndarray, "*shape"]:
    """Pulls between two statistically independent estimates, (a - b) / sqrt(error_a^2 + error_b^2).

    Standard normal if both estimate the same number with honest errors; where both errors are 0, the pull is 0 for
    equal values and infinite otherwise.

    Args:
        first: Estimate a, for instance from a Markov chain.
        second: Estimate b of the same shape, for instance from reweighting.

    Raises:
        ValueError: If the shapes differ.
    """
    if np.shape(first.value) != np.shape(second.value):
        raise ValueError(
            f"weighted_agreement: shapes {np.shape(first.value)} and {np.shape(second.value)}; give two of one shape"
        )
    difference = np.asarray(first.value, dtype=np.float64) - np.asarray(second.value, dtype=np.float64)
    # Below rounding two numbers are equal, whatever their errors (a ratio that is 1 by construction has none).
    rounding = 1e-12 * np.maximum(np.abs(first.value), np.abs(second.value))
    difference = np.where(np.abs(difference) <= rounding, 0.0, difference)
    spread = np.hypot(first.error, second.error)
    certain = np.where(difference == 0, 0.0, np.copysign(np.inf, difference))
    return np.divide(difference, spread, out=certain, where=spread != 0)


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


def pulls(
    quantity: Estimate, exact: ndarray, truncation: ndarray | float = 0.0, precision: DTypeLike = np.float64
) -> ndarray:
    """(estimate − exact)/error of every component, NaN where nothing is known, or nothing has an error.

    It is 0 where the two are equal to rounding, or to the truncation that is stated of the exact value, whatever the
    error, and infinite where they differ without error. Beyond the truncation what is left over counts.

    Args:
        quantity: The estimate.
        exact: What it should be, of the estimate's shape; NaN where nothing is known.
        truncation: By how much the exact value may itself be off.
        precision: In which the draws were made; numbers that differ by less than 100 rounding units of it are equal.
    """
    rounding = max(ROUNDING, 100 * float(np.finfo(precision).eps))
    value, nothing = np.asarray(quantity.value, np.float64), np.zeros(exact.shape)
    difference = value - exact
    excess = np.abs(difference) - truncation
    excess = np.where(excess <= rounding * np.maximum(np.abs(value), np.abs(exact)), 0.0, excess)
    beyond = replace(quantity, value=np.copysign(excess, difference))
    return np.where(np.isnan(exact), np.nan, weighted_agreement(beyond, Estimate(nothing, nothing, nothing, nothing)))
