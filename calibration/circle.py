"""φ⁴ on the circle: five seeds of every sampler at three couplings, and the long circle."""

from collections.abc import Iterator
from itertools import count

import numpy as np

from calibration.rows import Row, chi_squared, seeds
from nnft_ppl import load, sample

# Draws per chain for one per cent on G(T/4), by sampler and coupling.
DRAWS = {
    "hmc": {1.0: 12_000, 6.0: 20_000, 24.0: 70_000},
    "nuts": {1.0: 24_000, 6.0: 28_000, 24.0: 90_000},
    "reweight": {1.0: 12_000, 6.0: 20_000, 24.0: 70_000},
}


def rows(fraction: float) -> Iterator[Row]:
    # Every run has a seed of its own: with shared seeds the pulls at neighbouring couplings would be correlated.
    fresh = count()
    for sampler, couplings in DRAWS.items():
        for coupling, num_draws in couplings.items():
            theory = load("phi4_circle", coupling=coupling)
            pulls, precision = [], []
            for _ in seeds(5, fraction):
                run = sample(theory, sampler, num_draws=num_draws, seed=next(fresh), keep="none", second_route=False)
                quarter, exact = run.estimates()["two_point"], theory.exact["two_point"]
                pulls.append((quarter.value[2] - exact[2]) / quarter.error[2])
                precision.append(quarter.error[2] / quarter.value[2])
            yield chi_squared(f"phi4_circle T=4 λ={coupling:g} by {sampler}, G(T/4)", np.array(pulls))
            yield Row(
                f"phi4_circle T=4 λ={coupling:g} by {sampler}: relative error of G(T/4)", max(precision), 0.0, 0.01
            )
    theory = load("phi4_circle", period=8.0)
    for sampler, num_draws, bound in (("hmc", 40_000, 0.03), ("reweight", 110_000, 0.01)):
        estimate = sample(theory, sampler, num_draws=num_draws, keep="none", second_route=False).estimates()[
            "two_point"
        ]
        exact = theory.exact["two_point"]
        claim = f"phi4_circle T=8 λ=6 by {sampler}"
        yield Row(
            f"{claim}: largest pull of G", float(np.max(np.abs(estimate.value - exact) / estimate.error)), 0.0, 5.0
        )
        yield Row(f"{claim}: relative error of G(T/4)", float(estimate.error[2] / estimate.value[2]), 0.0, bound)
