"""Means of observables and functions of means, with errors: reweighting, phases, autocorrelation."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from jaxtyping import ArrayLike, Float, Inexact
from numpy import ndarray

from nnft_ppl.arguments import require_log_weights, require_series
from nnft_ppl.complex_parts import from_parts, in_parts, without_noise_part
from nnft_ppl.display import ROUNDING
from nnft_ppl.statistics.autocorrelation import gamma_method
from nnft_ppl.statistics.averages import SingleDraws
from nnft_ppl.statistics.estimate import Estimate
from nnft_ppl.statistics.functions_of_means import Function
from nnft_ppl.statistics.log_weights import relative_weights
from nnft_ppl.statistics.phases import AveragePhase, turns
from nnft_ppl.statistics.propagation import propagate
from nnft_ppl.statistics.second_errors import (
    correlation_of_parts,
    errors_agree,
    errors_near,
    geyer_errors,
    independent_errors,
)
from nnft_ppl.statistics.slow import second_look, share_of_slow


def estimate(
    series: Mapping[str, ArrayLike],
    derived: Mapping[str, Function] | None = None,
    log_weights: Float[ArrayLike, "chain draw"] | None = None,
    *,
    independent: bool = False,
    raw: Mapping[str, ArrayLike] | None = None,
    phase: Float[ArrayLike, "chain draw"] | None = None,
    singles: SingleDraws | None = None,
) -> dict[str, Estimate]:
    """Values with errors of observables and of functions of their means, correlations between them included.

    The mean of O is mu = sum_i w_i O_i / sum_i w_i. A quantity F = f(mu) has value f(mu) (its bias is of order
    1/draws, below the error), and the error is that of the mean of the linearised series
    f + n w_i sum_a (df/dmu_a) (O_ai - mu_a) / sum_j w_j, found by the Gamma method, or for independent draws as
    sd/sqrt(n). The second error comes from ArviZ, or for independent draws from batch means. Where long blocks of
    correlated draws, or the slow mode of the raw draws beside improved ones, contradict the Gamma method, the error is
    larger (`second_look`, `share_of_slow`); so it is where ArviZ's is, by less than a half (`errors_near`).

    Of complex observables real and imaginary part are two real ones, and so are those of a complex function of means,
    which need not be holomorphic. With a phase α the mean is mu = <O e^{i alpha}>/<e^{i alpha}>, and the linearised
    series that of e^{i alpha} (O - mu)/<e^{i alpha}>: numerator and denominator are correlated. Everything is complex
    then.

    Args:
        series: Observables by name, real or complex, each of shape (chain, draw, *shape).
        derived: Functions of the means by name; names must differ from those of the observables.
        log_weights: Natural logarithms of the weights up to a constant, shape (chain, draw); -inf drops a draw.
        independent: Whether the draws are known to be independent (of one another, and in weight).
        raw: Raw draws of those observables whose series are improved ones.
        phase: Phase of every draw in radians, shape (chain, draw), where the weights are only the modulus of theirs.
        singles: Where the series are averages of draws, some single draws of the same observables: effective draws are
            the variance of these over error². They are not looked at where there is a phase.

    Returns:
        An estimate for every name in `series`, then for every name in `derived`.

    Raises:
        TypeError: If a series does not hold numbers.
        ValueError: If a series holds NaN or infinity or is shorter than 4 draws, shapes do not match, a name is used
            twice, a derived quantity asks for an observable that is missing, or the weights are NaN, +inf or all zero.

    Source: U. Wolff, hep-lat/0306017, sec. 4; the weighted series by the delta method, derived here.
    """
    if not series:
        raise ValueError("estimate: series is empty; give at least one observable")
    arrays, complex_ones = {}, set()
    for name, values in series.items():
        if np.iscomplexobj(values):
            complex_ones.add(name)
        arrays[name] = require_series("estimate", f"series {name!r}", in_parts(without_noise_part(values)))
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
    turn = None if phase is None else turns(phase, weights)

    raw = {} if independent or raw is None or turn is not None else raw
    singles = None if singles is None or turn is not None else singles
    single_weights = None if singles is None else _weights_of(singles)
    means, centred, centred_raw, centred_singles = {}, {}, {}, {}
    paired = complex_ones if turn is None else set(arrays)
    for name, values in arrays.items():
        if turn is None:
            means[name], centred[name] = _centre(values, weights)
        else:
            both = _centre(from_parts(values) if name in complex_ones else values, weights, turn)
            means[name], centred[name] = map(in_parts, both)
        # A constant up to rounding is a constant: rounding is no statistics.
        size = np.abs(means[name])
        size = np.max(size, axis=-1, keepdims=True) if name in paired else size
        centred[name][..., np.abs(centred[name]).max((0, 1)) <= ROUNDING * size] = 0.0
        centred_raw[name] = np.asarray(in_parts(raw[name]), float) - means[name] if name in raw else centred[name]
        if singles is not None:
            centred_singles[name] = np.asarray(in_parts(singles.series[name]), float) - means[name]
    result = {
        name: _estimate_linear(
            means[name],
            centred[name],
            weights,
            centred_raw[name] if name in raw else None,
            None if single_weights is None else _variance(centred_singles[name], single_weights),
            independent=independent,
            paired=name in paired,
        )
        for name in arrays
    }
    errors = {name: in_parts(one.error) for name, one in result.items()}
    for name, quantity in derived.items():
        others = {"raw": centred_raw if raw else None, "singles": centred_singles or None}
        found = propagate(name, quantity, means, centred, weights, errors, others, paired)
        known = found.others["singles"]
        one = _estimate_linear(
            found.value,
            found.fluctuation,
            weights,
            found.others["raw"],
            None if known is None or single_weights is None else _variance(known, single_weights),
            independent=independent,
            paired=found.paired,
        )
        result[name] = _doubted(one, found.doubts)
    if phase is None or (average := average_phase_of(phase, logs, independent=independent)).known:
        return result
    words = "the average phase, which it is divided by, is not known to differ from 0"
    doubted = {name: _doubted(one, dict.fromkeys(np.ndindex(one.value.shape), words)) for name, one in result.items()}
    if not average.vanishes:
        return doubted
    return {name: replace(one, value=np.full_like(one.value, complex(np.nan, np.nan))) for name, one in doubted.items()}


def average_phase_of(
    phase: Float[ArrayLike, "chain draw"], log_weights: Float[ndarray, "chain draw"] | None, *, independent: bool
) -> AveragePhase:
    """The average phase ⟨e^{iα}⟩ of draws, with its error.

    Args:
        phase: α of every draw, in radians, shape (chain, draw).
        log_weights: Natural logarithms of the moduli of the weights, if they are not all equal.
        independent: Whether the draws are known to be independent.
    """
    turned = np.exp(1j * np.asarray(phase, float))
    one = estimate({"phase": turned}, None, log_weights, independent=independent)["phase"]
    return AveragePhase.of(one.value.item(), one.error.item(), float(np.asarray(one.correlation)))


def _doubted(one: Estimate, doubts: Mapping[tuple[int, ...], str]) -> Estimate:
    """The estimate without the errors that are not to be trusted."""
    if not doubts:
        return one
    parts = {name: np.array(getattr(one, name)) for name in ("error", "ess", "second_error")}
    for part in parts.values():
        for entry in doubts:
            part[entry] = complex(np.nan, np.nan) if np.iscomplexobj(part) else np.nan
    return replace(one, **parts, doubts=doubts)


def _per_draw(weights: Inexact[ndarray, "chain draw"], values: ndarray) -> ndarray:
    """Weights with trailing axes appended to broadcast against a series."""
    return weights.reshape(weights.shape + (1,) * (values.ndim - 2))


def _weights_of(singles: SingleDraws) -> ndarray:
    """Weights of mean 1 of single draws; all equal where there are none, or only draws without weight."""
    length = next(iter(singles.series.values())).shape[:2]
    if singles.log_weights is None or np.all(np.isneginf(singles.log_weights)):
        return np.ones(length)
    return relative_weights(singles.log_weights)


def _variance(fluctuation: ndarray, weights: ndarray) -> ndarray:
    """Of one draw."""
    return (_per_draw(weights, fluctuation) * fluctuation**2).mean((0, 1)) * weights.size / (weights.size - 1)


def _centre(values: ndarray, weights: ndarray, turn: ndarray | None = None) -> tuple[ndarray, ndarray]:
    """Mean, and what every draw adds to it but for its weight; with a phase both are turned by it."""
    # Relative to the first draw: a constant observable then has exactly zero fluctuations under any weights.
    origin = values[0, 0]
    if turn is None:
        mean = origin + (_per_draw(weights, values) * (values - origin)).mean((0, 1))
        return mean, values - mean
    mean = origin + (_per_draw(weights * turn, values) * (values - origin)).mean((0, 1))
    return mean, _per_draw(turn, values) * (values - mean)


def _estimate_linear(
    value: ndarray,
    fluctuation: Float[ndarray, "chain draw *shape"],
    weights: ndarray,
    raw: Float[ndarray, "chain draw *shape"] | None,
    variance: Float[ndarray, "*shape"] | None,
    *,
    independent: bool,
    paired: bool,
) -> Estimate:
    """Estimate of a quantity from its value and unweighted fluctuations (weights of mean 1), and raw ones.

    `variance`: of a single draw, where the fluctuations are those of averages.
    `paired`: the last axis holds real and imaginary part of one quantity.
    """
    defined = np.isfinite(value) & np.isfinite(fluctuation).all((0, 1))
    if paired:
        defined = np.repeat(defined.all(-1, keepdims=True), 2, axis=-1)
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
    variance = _variance(fluctuation, weights) if variance is None else variance
    squared = error**2
    if paired:
        variance, squared, defined = variance.sum(-1), squared.sum(-1), defined[..., 0]
        agree, growth = agree.all(-1), growth.max(-1)
    # A constant has no variance to compare.
    ess = np.divide(variance, squared, out=np.full(squared.shape, np.nan), where=squared > 0)
    nan = np.where(defined, 0.0, np.nan)
    if not paired:
        return Estimate(value, error + nan, ess + nan, second + nan, agree & defined, growth + nan)
    correlation = correlation_of_parts(linear, error, independent=independent)
    error, second = (from_parts(part + nan[..., None]) for part in (error, second))
    return Estimate(from_parts(value), error, ess + nan, second, agree & defined, growth + nan, correlation + nan)
