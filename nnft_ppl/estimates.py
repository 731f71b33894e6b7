"""Values with errors: means of observables, functions of means, reweighting, and how they are printed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Bool, Float
from numpy import ndarray

from nnft_ppl.autocorrelation import checked_series, gamma_method
from nnft_ppl.displays import table
from nnft_ppl.log_weights import checked_log_weights, relative_weights
from nnft_ppl.second_errors import errors_agree, geyer_errors, independent_errors


@dataclass(frozen=True, eq=False)
class Estimate:
    """One observable's value ± error; all arrays have the observable's shape. `str` prints such as `0.3570(7)`."""

    value: Float[ndarray, "*shape"]
    """The estimate, in units of the observable."""
    error: Float[ndarray, "*shape"]
    """Its standard error, autocorrelation and reweighting included; NaN where the value is undefined."""
    ess: Float[ndarray, "*shape"]
    """Number of independent draws of the target that would have this error, Var(F) / error^2."""
    second_error: Float[ndarray, "*shape"]
    """The standard error by an independent estimator."""
    agree: Bool[ndarray, "*shape"] | None = None
    """Whether the two errors, and the chains, are compatible (`errors_agree`); None if never compared."""

    def __str__(self) -> str:
        return _format_all(np.asarray(self.value), np.asarray(self.error))

    def _repr_html_(self) -> str:
        value, error, ess = (np.asarray(part) for part in (self.value, self.error, self.ess))
        rows = [
            [
                ", ".join(map(str, index)),
                format_value(float(value[index]), float(error[index])),
                f"{ess[index]:.0f}",
            ]
            for index in np.ndindex(value.shape)
        ]
        return table(["at", "value", "ess"], rows, words=1)


@dataclass(frozen=True)
class Derived:
    """A quantity computed from means of observables: a ratio, a connected part, an effective mass."""

    function: Callable[[dict[str, Array]], Array]
    """Differentiable map from {name: mean of the observable} to an array."""


def ratio(numerator: str, denominator: str) -> Derived:
    """The quotient of two means, <numerator> / <denominator>, with the shapes broadcast.

    Args:
        numerator: name of the observable above the line.
        denominator: name of the observable below the line.
    """
    return Derived(lambda means: means[numerator] / means[denominator])


def effective_mass(name: str, separation: Float[ArrayLike, "point"] | float) -> Derived:
    """The decay rate of a correlator C between neighbouring points, ln(C_i / C_{i+1}) / (r_{i+1} - r_i).

    NaN, with error NaN, where C_i / C_{i+1} is negative.

    Args:
        name: observable of shape (*shape, point).
        separation: distances r_i, shape (point,), strictly increasing; or a number, the spacing of all neighbours.

    Returns:
        The derived quantity, of shape (*shape, point - 1), in inverse units of the separation.

    Raises:
        ValueError: if the separations do not increase.
    """
    points = np.asarray(separation, dtype=np.float64)
    steps = np.diff(points) if points.ndim else points
    if not (steps > 0).all():
        raise ValueError(f"separation of {name!r} is {points}; give strictly increasing distances or one spacing > 0.")
    return Derived(lambda means: jnp.log(means[name][..., :-1] / means[name][..., 1:]) / steps)


def estimate(
    series: Mapping[str, ArrayLike],
    derived: Mapping[str, Derived] | None = None,
    log_weights: Float[ArrayLike, "chain draw"] | None = None,
    *,
    independent: bool = False,
) -> dict[str, Estimate]:
    """Values with errors of observables and of functions of their means, correlations between them included.

    The mean of O is mu = sum_i w_i O_i / sum_i w_i. A quantity F = f(mu) has value f(mu) (its bias is of order
    1/draws, below the error), and the error is that of the mean of the linearised series
    f + n w_i sum_a (df/dmu_a) (O_ai - mu_a) / sum_j w_j, found by the Gamma method, or for independent draws as
    sd/sqrt(n). The second error comes from ArviZ, or for independent draws from batch means.

    Args:
        series: observables by name, each of shape (chain, draw, *shape).
        derived: functions of the means by name; names must differ from those of the observables.
        log_weights: natural logarithms of the weights up to a constant, shape (chain, draw); -inf drops a draw.
        independent: whether the draws are known to be independent (of one another, and in weight).

    Returns:
        An estimate for every name in `series`, then for every name in `derived`.

    Raises:
        TypeError: if a series does not hold real numbers.
        ValueError: if a series holds NaN or infinity or is shorter than 4 draws, shapes do not match, a name is used
            twice, a derived quantity asks for an observable that is missing, or the weights are NaN, +inf or all zero.

    Source: U. Wolff, hep-lat/0306017, sec. 4; the weighted series by the delta method, derived here.
    """
    if not series:
        raise ValueError("series is empty; give at least one observable.")
    arrays = {name: checked_series(values, f"series {name!r}") for name, values in series.items()}
    derived = derived or {}
    if twice := sorted(set(arrays) & set(derived)):
        raise ValueError(f"{twice} name both an observable and a derived quantity; rename the derived one.")
    lengths = {name: values.shape[:2] for name, values in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"the observables' (chain, draw) shapes differ: {lengths}; give equally many draws.")
    length = next(iter(lengths.values()))
    logs = np.zeros(length) if log_weights is None else checked_log_weights(log_weights)
    if logs.shape != length:
        raise ValueError(f"log_weights has shape {logs.shape}, the observables {length}; give one weight per draw.")
    weights = relative_weights(logs)

    means, centred = {}, {}
    for name, values in arrays.items():
        # Relative to the first draw: a constant observable then has exactly zero fluctuations under any weights.
        origin = values[0, 0]
        means[name] = origin + (_per_draw(weights, values) * (values - origin)).mean((0, 1))
        centred[name] = values - means[name]
    result = {name: _estimate_linear(means[name], centred[name], weights, independent=independent) for name in arrays}
    for name, quantity in derived.items():
        value, fluctuation = _linearise(name, quantity, means, centred)
        result[name] = _estimate_linear(value, fluctuation, weights, independent=independent)
    return result


def _per_draw(weights: Float[ndarray, "chain draw"], values: ndarray) -> ndarray:
    """Weights with trailing axes appended to broadcast against a series."""
    return weights.reshape(weights.shape + (1,) * (values.ndim - 2))


def _linearise(
    name: str, quantity: Derived, means: dict[str, ndarray], centred: dict[str, ndarray]
) -> tuple[ndarray, Float[ndarray, "chain draw *shape"]]:
    """Value of a derived quantity and its unweighted projected fluctuations."""
    at = {key: jnp.asarray(mean) for key, mean in means.items()}
    try:
        value = np.asarray(quantity.function(at), dtype=np.float64)
        gradients = jax.jacrev(lambda means: jnp.asarray(quantity.function(means)))(at)
    except KeyError as error:
        raise ValueError(f"derived {name!r} asks for {error}; the observables are {sorted(means)}.") from error
    length = next(iter(centred.values())).shape[:2]
    fluctuation = np.zeros(length + value.shape)
    for key, gradient in gradients.items():
        slope = np.asarray(gradient, dtype=np.float64)
        if slope.any():
            matrix = slope.reshape(value.size, -1)
            # Infinite slopes belong to undefined values, which are marked as such later.
            with np.errstate(invalid="ignore", over="ignore"):
                fluctuation += (centred[key].reshape(*length, -1) @ matrix.T).reshape(fluctuation.shape)
    return value, fluctuation


def _estimate_linear(
    value: ndarray, fluctuation: Float[ndarray, "chain draw *shape"], weights: ndarray, *, independent: bool
) -> Estimate:
    """Estimate of a quantity from its value and unweighted fluctuations around it (weights of mean 1)."""
    defined = np.isfinite(value) & np.isfinite(fluctuation).all((0, 1))
    value = np.where(defined, value, np.nan)
    fluctuation = np.where(defined, fluctuation, 0.0)
    per_draw = _per_draw(weights, fluctuation)
    linear = np.where(defined, value, 0.0) + per_draw * fluctuation
    if independent:
        error, second, relative = independent_errors(linear)
        agree = errors_agree(error, second, relative)
    else:
        gamma, second = gamma_method(linear), geyer_errors(linear)
        error = gamma.error
        agree = errors_agree(error, second, gamma.relative_error, gamma.chain_probability)
    variance = (per_draw * fluctuation**2).mean((0, 1)) * weights.size / (weights.size - 1)
    # A constant has no variance to compare: it is worth what the weights are.
    constant = np.full(value.shape, weights.sum() ** 2 / (weights**2).sum())
    ess = np.divide(variance, error**2, out=constant, where=error > 0)
    nan = np.where(defined, 0.0, np.nan)
    return Estimate(value, error + nan, ess + nan, second + nan, agree & defined)


def weighted_agreement(first: Estimate, second: Estimate) -> Float[ndarray, "*shape"]:
    """Pulls between two statistically independent estimates, (a - b) / sqrt(error_a^2 + error_b^2).

    Standard normal if both estimate the same number with honest errors; where both errors are 0, the pull is 0 for
    equal values and infinite otherwise.

    Args:
        first: estimate a, for instance from a Markov chain.
        second: estimate b of the same shape, for instance from reweighting.

    Raises:
        ValueError: if the shapes differ.
    """
    if np.shape(first.value) != np.shape(second.value):
        raise ValueError(f"the estimates have shapes {np.shape(first.value)} and {np.shape(second.value)}.")
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
        values: independent draws, shape (n, *shape).
        blocks: number of blocks, at least 8 and at most n; they differ by at most one draw in length.

    Returns:
        Value and error 1.2533 sd(block means) / sqrt(blocks), each of shape `shape`, in units of the observable.

    Raises:
        TypeError: if the values are not real numbers.
        ValueError: if they hold NaN or infinity, or the number of blocks is out of range.

    Source: the asymptotic variance of a sample median of Gaussian block means, pi/2 times that of their mean.
    """
    draws = checked_series(np.asarray(values)[None], "values")[0]
    if not 8 <= blocks <= len(draws):
        raise ValueError(f"blocks is {blocks}; give a number from 8 to the number of draws, {len(draws)}.")
    means = np.stack([part.mean(0) for part in np.array_split(draws, blocks)])
    return np.median(means, axis=0), np.sqrt(np.pi / 2) * means.std(0, ddof=1) / np.sqrt(blocks)


def format_value(value: float, error: float) -> str:
    """A value with its error in brackets, in units of the last digit shown: `0.3570(7)`.

    The error is rounded to one digit, or to two if its first digit is 1 or both stand before the decimal point:
    `0.357(12)`, `12.3(1.4)`, `1234(56)`, `-1.20(3)e-05`. Without error the value has six digits; an error that is not
    finite prints as `0.357(?)`.

    Args:
        value: the value.
        error: its standard error, not negative.

    Raises:
        ValueError: if the error is negative.
    """
    value, error = float(value), float(error)
    if error < 0:
        raise ValueError(f"error is {error}; give a standard error, which is not negative.")
    if not (np.isfinite(value) and np.isfinite(error)):
        return f"{value:.6g}(?)"
    if error == 0:
        return f"{value:.6g}"
    leading, first_digit = _decimal_exponent(error), f"{error:.15e}"[0]
    decimals = (1 if first_digit == "1" else 0) - leading
    exponent = _decimal_exponent(max(abs(round(value, decimals)), error))
    if -5 < exponent < 6:
        return _digits(value, error, max(decimals, 0), 0)
    return f"{_digits(value, error, max(decimals + exponent, 0), exponent)}e{exponent:+03d}"


def _decimal_exponent(number: float) -> int:
    """The power of ten of a number's first digit; 15 digits, lest 0.001 count as 0.000999."""
    return int(f"{number:.15e}".split("e")[1])


def _digits(value: float, error: float, decimals: int, exponent: int) -> str:
    """Value and bracketed error over 10^exponent; a rounded error of 1 or more keeps its decimal point."""
    scaled_value, scaled_error = (Decimal(repr(number)).scaleb(-exponent) for number in (value, error))
    rounded = round(scaled_error, decimals)
    bracket = f"{rounded:f}" if rounded >= 1 else f"{rounded.scaleb(decimals):.0f}"
    return f"{scaled_value:.{decimals}f}({bracket})"


def _format_all(value: ndarray, error: ndarray) -> str:
    """Formatted values in nested brackets."""
    if value.ndim == 0:
        return format_value(float(value), float(error))
    return "[" + ", ".join(_format_all(v, e) for v, e in zip(value, error, strict=True)) + "]"
