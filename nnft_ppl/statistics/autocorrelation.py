"""Autocorrelation of a Monte-Carlo series, and the error of its mean by the Gamma method.

A series has shape (chain, draw, *shape): every component of `shape` is one scalar observable, and all are treated
at once. Nothing here knows what the numbers mean. Host NumPy in double precision throughout.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import ArrayLike, Float, Int
from numpy import ndarray
from scipy.special import fdtrc

from nnft_ppl.arguments import require_positive, require_series

MINIMUM_DRAWS = 4
# Components are taken in blocks of about this many numbers (16 MiB each in double precision), which bounds the
# memory of the Fourier transforms by a few hundred MiB however many components a series has.
_BLOCK_NUMBERS = 2**21


@dataclass(frozen=True, eq=False)
class GammaErrors:
    """Mean and error of a series by the Gamma method; every array has the shape of one draw."""

    value: Float[ndarray, "*shape"]
    """Mean over all chains and draws, in units of the observable."""
    error: Float[ndarray, "*shape"]
    """Standard error of `value`, autocorrelation included, in units of the observable."""
    relative_error: Float[ndarray, "*shape"]
    """Relative statistical error of `error` itself, sqrt((window + 1/2) / N)."""
    tau_int: Float[ndarray, "*shape"]
    """Integrated autocorrelation time in draws, 1/2 for independent draws and never below."""
    tau_error: Float[ndarray, "*shape"]
    """Statistical error of `tau_int` in draws."""
    window: Int[ndarray, "*shape"]
    """Lag in draws at which the sum of the autocorrelation function is cut."""
    ess: Float[ndarray, "*shape"]
    """Effective number of independent draws, N / (2 tau_int)."""
    chain_probability: Float[ndarray, "*shape"]
    """Probability of chain means at least as spread as these if all chains sample one law; 1 for one chain."""


def gamma_method(series: ArrayLike, window_factor: float = 1.5) -> GammaErrors:
    """Mean of a correlated series with its error from the summed autocorrelation function.

    With the fluctuations delta around the mean of all chains together,
    Gamma(t) = sum over chains and i of delta_i delta_{i+t} / (chains (draws - t)), rho = Gamma / Gamma(0),
    tau_int(W) = 1/2 + sum_{t=1}^{W} rho(t), held at 1/2 from below, times the bias correction
    (1 + (2 W + 1)/N) / (1 + 1/N), and error^2 = 2 tau_int Gamma(0) (1 + 1/N) / N with N = chains * draws. W is the
    first lag with exp(-W/tau) < tau / sqrt(W N), where tau = S / ln((2 tau_int + 1) / (2 tau_int - 1)), and at most
    draws // 2 - 1. A constant series has error 0 and tau_int 1/2.

    Chains that disagree widen the error, as they should: pyerrors, whose conventions are otherwise followed, takes
    each chain's own mean off and so coincides with this for one chain or for equal chain means.

    Args:
        series: Shape (chain, draw, *shape), at least 4 draws per chain.
        window_factor: Assumed ratio of exponential to integrated autocorrelation time, S > 0, usually 1 to 2.

    Returns:
        The errors, each array of shape `shape`.

    Raises:
        TypeError: If the series does not hold real numbers.
        ValueError: If the series holds NaN or infinity or is too short, or the window factor is not positive.

    Source: U. Wolff, hep-lat/0306017, eqs. (31), (35), (42), (49), (50)-(52).
    """
    values = require_series("gamma_method", "series", series, least=MINIMUM_DRAWS)
    require_positive("gamma_method", "window_factor", window_factor)
    chains, draws, shape = values.shape[0], values.shape[1], values.shape[2:]
    total = chains * draws
    flat = values.reshape(chains, draws, -1)
    block = max(1, _BLOCK_NUMBERS // total)
    parts = [_block_errors(flat[..., a : a + block], window_factor) for a in range(0, flat.shape[-1], block)]
    value, error, tau, tau_error, window, probability = (
        np.concatenate(column).reshape(shape) for column in zip(*parts, strict=True)
    )
    return GammaErrors(
        value=value,
        error=error,
        relative_error=np.sqrt((window + 0.5) / total),
        tau_int=tau,
        tau_error=tau_error,
        window=window,
        ess=total / (2 * tau),
        chain_probability=probability,
    )


def _block_errors(values: Float[ndarray, "chain draw component"], window_factor: float) -> tuple[ndarray, ...]:
    """Mean, error, tau_int, its error, window and chain probability of a few components."""
    chains, draws, _ = values.shape
    total = chains * draws
    value, delta, scale = standardise(values)
    variance, tau, tau_error, window = _sum_to_window(delta, window_factor, fitted_means=1)
    error = scale * np.sqrt(2 * tau * variance * (1 + 1 / total) / total)
    if chains == 1:
        return value, error, tau, tau_error, window, np.ones_like(value)
    # The chains' means are judged by the error seen inside the chains, which their disagreement cannot widen.
    chain_means = delta.mean(1)
    spread = draws * chain_means.var(0, ddof=1)
    variance_inside, tau_inside, _, window_inside = _sum_to_window(delta - chain_means[:, None], window_factor, chains)
    expected = 2 * tau_inside * variance_inside * total / (total - chains)
    quotient = np.divide(spread, expected, out=np.where(spread > 0, np.inf, 0.0), where=expected > 0)
    # `expected` has relative variance 2 (2 W + 1) / N, that of a chi-square with N / (2 W + 1) degrees of freedom.
    probability = fdtrc(chains - 1, total / (2 * window_inside + 1), quotient)
    return value, error, tau, tau_error, window, probability


def standardise(values: Float[ndarray, "chain draw component"]) -> tuple[ndarray, ndarray, ndarray]:
    """Mean, fluctuations divided by their largest size, and that size, per component.

    Unit size keeps squares of very small and very large observables in range. A spread at the level of rounding is
    set to exactly 0: its autocorrelation would be that of the rounding errors.
    """
    value = values.mean((0, 1))
    delta = values - value
    scale = np.abs(delta).max((0, 1))
    rounding = 4 * np.finfo(np.float64).eps * np.abs(values).max((0, 1))
    constant = np.ptp(values, axis=(0, 1)) <= rounding
    scale = np.where(constant, 0.0, scale)
    delta = np.where(constant, 0.0, delta) / np.where(constant, 1.0, scale)
    return value, delta, scale


def _sum_to_window(
    delta: Float[ndarray, "chain draw component"], window_factor: float, fitted_means: int
) -> tuple[ndarray, ndarray, ndarray, ndarray]:
    """Variance, tau_int, its error and the window of fluctuations from which `fitted_means` means were taken off."""
    chains, draws, _ = delta.shape
    total, lags = chains * draws, draws // 2
    gamma = _autocovariance(delta)
    variance = gamma[:, 0]
    constant = variance <= 0
    running = gamma / np.where(constant, 1.0, variance)[:, None]
    running[:, 0] = 0.5
    running = np.maximum(np.cumsum(running, axis=1), 0.5 + np.finfo(np.float64).eps)

    lag = np.arange(1, lags)
    slope = window_factor / np.log((2 * running[:, 1:] + 1) / (2 * running[:, 1:] - 1))
    gain = np.exp(-lag / slope) - slope / np.sqrt(lag * total)
    gain[:, -1] = -1.0
    window = np.argmax(gain < 0, axis=1) + 1

    plain = np.take_along_axis(running, window[:, None], axis=1)[:, 0]
    tau = plain * (1 + fitted_means * (2 * window + 1) / total) / (1 + fitted_means / total)
    tau_error = 2 * plain * np.sqrt(np.abs(window + 0.5 - plain) / total)
    return (
        np.where(constant, 0.0, variance),
        np.where(constant, 0.5, tau),
        np.where(constant, 0.0, tau_error),
        np.where(constant, 0, window),
    )


def _autocovariance(delta: Float[ndarray, "chain draw component"]) -> Float[ndarray, "component lag"]:
    """Γ(t) of fluctuations at the lags 0 ≤ t < draws/2, averaged over chains."""
    chains, draws, count = delta.shape
    lags = draws // 2
    # Zeros behind the draws keep the first `lags` lags of the circular correlation free of wrap-around.
    length = draws + lags
    power = np.zeros((count, length // 2 + 1))
    for chain in delta:
        spectrum = np.fft.rfft(chain.T, length)
        power += spectrum.real**2 + spectrum.imag**2
    return np.fft.irfft(power, length)[:, :lags] / (chains * (draws - np.arange(lags)))


def autocorrelation_function(
    series: ArrayLike, lags: int
) -> tuple[Float[ndarray, "lag *shape"], Float[ndarray, "lag *shape"]]:
    """The normalised autocorrelation function ρ(t) = Γ(t)/Γ(0) of a series at t = 0 ... lags − 1, with its error.

    The error is (1/N) Σ_{k>0} [ρ(k+t) + ρ(k−t) − 2 ρ(k) ρ(t)]², the sum cut at k = 2 lags. A constant series has
    ρ = 0 at every lag.

    Args:
        series: Shape (chain, draw, *shape).
        lags: How many lags; at most draws // 2 are given.

    Returns:
        ρ and its error, each of shape (lags, *shape).

    Raises:
        TypeError: If the series does not hold real numbers.
        ValueError: If the series holds NaN or infinity.

    Source: U. Wolff, hep-lat/0306017, eq. (31); M. Lüscher, hep-lat/0409106, eq. (E.11).
    """
    values = require_series("autocorrelation_function", "series", series)
    total, shape = values.shape[0] * values.shape[1], values.shape[2:]
    _, delta, _ = standardise(values.reshape(*values.shape[:2], -1))
    gamma = _autocovariance(delta)
    variance = gamma[:, :1]
    rho = np.divide(gamma, variance, out=np.zeros_like(gamma), where=variance > 0)
    lags = min(lags, rho.shape[1])
    # ρ(−t) = ρ(t), and nothing is known beyond the last lag.
    longest = 2 * lags
    padded = np.pad(rho, ((0, 0), (0, max(0, 2 * longest - rho.shape[1]))))
    k = np.arange(1, longest)
    error = np.stack(
        [
            np.sqrt(
                np.sum((padded[:, k + t] + padded[:, np.abs(k - t)] - 2 * padded[:, k] * rho[:, t : t + 1]) ** 2, 1)
            )
            for t in range(lags)
        ]
    ) / np.sqrt(total)
    return rho[:, :lags].T.reshape(lags, *shape), error.reshape(lags, *shape)
