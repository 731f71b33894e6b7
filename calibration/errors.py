"""The error estimators on series whose autocorrelation is known: coverage, and false alarms of their comparison."""

from collections.abc import Iterator

import numpy as np
from scipy.signal import lfilter

from calibration.rows import Row, chi_squared, seeds, within_one_error
from nnft_ppl.statistics import estimate

SERIES = 4000
BATCH = 100


def autoregressive(rng: np.random.Generator, rho: float, draws: int) -> np.ndarray:
    """AR(1) series (chain, draw, series) of unit variance, started in equilibrium."""
    noise = np.sqrt(1 - rho**2) * rng.standard_normal((4, draws, BATCH))
    start = rng.standard_normal((4, 1, BATCH))
    return np.asarray(lfilter([1.0], [1.0, -rho], np.concatenate([start, noise], axis=1), axis=1))[:, 1:]


def rows(fraction: float) -> Iterator[Row]:
    for rho, draws in ((0.0, 500), (0.5, 1000), (0.9, 4000)):
        pulls, disagree = [], []
        for seed in seeds(SERIES // BATCH, fraction):
            one = estimate({"x": autoregressive(np.random.default_rng([seed, int(10 * rho)]), rho, draws)})["x"]
            pulls.append(one.value / one.error)
            disagree.append(~np.asarray(one.agree))
        every = np.concatenate(pulls)
        yield within_one_error(f"AR(1) ρ={rho}, 4 × {draws} draws", every)
        yield chi_squared(f"AR(1) ρ={rho}, 4 × {draws} draws", every)
        yield Row(f"AR(1) ρ={rho}: rate at which the two errors disagree", float(np.mean(disagree)), 0.0, 2e-3)
    apart = []
    for seed in seeds(10, fraction):  # control: one chain of four sits three standard deviations away
        series = autoregressive(np.random.default_rng([seed, 99]), 0.5, 1000)
        series[0] += 3.0
        apart.append(~np.asarray(estimate({"x": series})["x"].agree))
    yield Row("control, one chain apart: rate at which it is seen", float(np.mean(apart)), 0.999, 1.0)
