"""dG(0,0)/dλ at λ = 0 of the plane-wave network in d = 1 at finite width, by more draws than the tests use."""

from collections.abc import Iterator

import numpy as np

from calibration.rows import Row, seeds
from nnft_ppl import load, sample
from nnft_ppl.statistics import median_of_means

EXACT = {
    (16, -1, "gaussian"): -0.210115,
    (64, -1, "gaussian"): -0.089983,
    (16, 0, "constant"): -0.051282,
    (64, 0, "constant"): -0.055858,
}
INFINITE_WIDTH = -0.057430


def rows(fraction: float) -> Iterator[Row]:
    for (width, alpha, amplitude), exact in EXACT.items():
        theory = load("phi4", dim=1, cutoff=10.0, side=4.0, width=width, alpha=alpha, amplitude=amplitude)
        products = []
        for seed in seeds(2, fraction):
            data = sample(theory, "reweight", num_draws=100_000, seed=seed, keep="none").data
            squared = data["observables"].dataset["two_point"].values[..., 0].reshape(-1)
            action = data["action"].dataset["quartic"].values.reshape(-1)
            products.append(-(squared - squared.mean()) * (action - action.mean()))
        every = np.concatenate(products)
        mean, error = every.mean(), every.std() / np.sqrt(every.size)
        median, median_error = median_of_means(every)
        claim = f"slope at N={width}, α={alpha}, {every.size} draws: {mean:.5f} ± {error:.5f}"
        yield Row(f"{claim}, pull", (mean - exact) / error, -5, 5)
        yield Row(f"{claim}, pull of the median of means", float((median - exact) / median_error), -5, 5)
        if (width, alpha) != (64, 0):  # there the two differ by 0.0016, less than these draws can tell
            least = 10 if alpha == -1 else 6
            distance = abs(mean - INFINITE_WIDTH) / error
            yield Row(f"{claim}, distance from infinite width in errors", distance, least, np.inf)
