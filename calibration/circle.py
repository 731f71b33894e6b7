"""φ⁴ on the circle: five seeds of every sampler, the partition function, and the long circle."""

from collections.abc import Iterator
from itertools import count

import numpy as np

from calibration.rows import Row, chi_squared, seeds
from nnft_ppl import Theory, load, sample
from nnft_ppl.exact import log_partition, missing_modes_constant

# Draws per chain for one per cent on G(T/4), by sampler and coupling.
DRAWS = {
    "hmc": {1.0: 12_000, 6.0: 20_000, 24.0: 70_000},
    "nuts": {1.0: 24_000, 6.0: 28_000, 24.0: 90_000},
    "reweight": {1.0: 12_000, 6.0: 20_000, 24.0: 70_000},
}
# Draws per chain at λ = 6, for the pulls alone.
OTHERS = {
    "auto": 20_000,
    "elliptical-slice": 10_000,
    "mclmc": 10_000,
    "pcn": 10_000,
    "replica-exchange": 5_000,
    "stock-hmc": 10_000,
    "stock-nuts": 3_000,
    "tempered": 4_000,
}
LOG_Z_DRAWS = {"reweight": 40_000, "tempered": 10_000}


def pull_of_g(theory: Theory, sampler: str, num_draws: int, seed: int) -> float:
    """Distance of G(T/4) from its exact value, in errors."""
    run = sample(theory, sampler, num_draws=num_draws, seed=seed, keep="none", checks=False)
    found, exact = run.estimates()["two_point"], theory.exact["two_point"]
    return float((found.value[2] - exact[2]) / found.error[2])


def log_z_rows(fraction: float, fresh: Iterator[int]) -> Iterator[Row]:
    """ln Z(λ)/Z(0), the constant of the missing modes included, by free draws and by tempering."""
    for coupling in (1.0, 6.0, 24.0):
        theory = load("phi4_circle", coupling=coupling)
        exact = log_partition(4.0, coupling, 1.0) - log_partition(4.0, 0.0, 1.0)
        exact += missing_modes_constant(4.0, coupling, 1.0, modes=40)
        for sampler, num_draws in LOG_Z_DRAWS.items():
            pulls, errors = [], []
            for _ in seeds(5, fraction):
                run = sample(theory, sampler, num_draws=num_draws, seed=next(fresh), keep="none", checks=False)
                log_z = run.provenance["log_z"]
                pulls.append((log_z["value"] - exact) / log_z["error"])
                errors.append(log_z["error"])
            claim = f"phi4_circle T=4 λ={coupling:g} by {sampler}, ln Z(λ)/Z(0)"
            yield chi_squared(claim, np.array(pulls))
            yield Row(f"{claim}: largest error", max(errors), 0.0, 0.02)


def rows(fraction: float) -> Iterator[Row]:
    # Every run has a seed of its own: with shared seeds the pulls at neighbouring couplings would be correlated.
    fresh = count()
    for sampler, couplings in DRAWS.items():
        for coupling, num_draws in couplings.items():
            theory = load("phi4_circle", coupling=coupling)
            pulls, precision = [], []
            for _ in seeds(5, fraction):
                run = sample(theory, sampler, num_draws=num_draws, seed=next(fresh), keep="none", checks=False)
                quarter, exact = run.estimates()["two_point"], theory.exact["two_point"]
                pulls.append((quarter.value[2] - exact[2]) / quarter.error[2])
                precision.append(quarter.error[2] / quarter.value[2])
            yield chi_squared(f"phi4_circle T=4 λ={coupling:g} by {sampler}, G(T/4)", np.array(pulls))
            yield Row(
                f"phi4_circle T=4 λ={coupling:g} by {sampler}: relative error of G(T/4)", max(precision), 0.0, 0.01
            )
    theory = load("phi4_circle")
    for sampler, num_draws in OTHERS.items():
        pulls = [pull_of_g(theory, sampler, num_draws, next(fresh)) for _ in seeds(5, fraction)]
        yield chi_squared(f"phi4_circle T=4 λ=6 by {sampler}, G(T/4)", np.array(pulls))
    yield from log_z_rows(fraction, fresh)
    theory = load("phi4_circle", period=8.0)
    for sampler, num_draws, bound in (("hmc", 40_000, 0.03), ("reweight", 110_000, 0.01)):
        estimate = sample(theory, sampler, num_draws=num_draws, keep="none", checks=False).estimates()["two_point"]
        exact = theory.exact["two_point"]
        claim = f"phi4_circle T=8 λ=6 by {sampler}"
        yield Row(
            f"{claim}: largest pull of G", float(np.max(np.abs(estimate.value - exact) / estimate.error)), 0.0, 5.0
        )
        yield Row(f"{claim}: relative error of G(T/4)", float(estimate.error[2] / estimate.value[2]), 0.0, bound)
