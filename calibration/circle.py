"""φ⁴ on the circle: five seeds of every sampler, the partition function, and the long circle."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from calibration.rows import Row, reproduced, seeds
from nnft_ppl import Ensemble, Theory, load, sample
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
    "energy-conserving": 10_000,
    "mclmc": 10_000,
    "pcn": 10_000,
    "replica-exchange": 5_000,
    "stock-hmc": 10_000,
    "stock-nuts": 3_000,
    "tempered": 4_000,
}
LOG_Z_DRAWS = {"reweight": 40_000, "tempered": 10_000}


@dataclass
class Seen:
    """One estimate against its exact value in run after run: gives pulls, and remembers the errors."""

    estimate: Callable[[Ensemble], tuple[float, float]]
    exact: float
    theory: Theory
    sampler: str
    num_draws: int
    errors: list[float] = field(default_factory=list)

    def pull(self, seed: int) -> float:
        """Distance from the exact value, in errors."""
        run = sample(self.theory, self.sampler, num_draws=self.num_draws, seed=seed, keep="none", checks=False)
        value, error = self.estimate(run)
        self.errors.append(error)
        return (value - self.exact) / error


def quarter(run: Ensemble) -> tuple[float, float]:
    """G(T/4) and its error."""
    found = run.estimates()["two_point"]
    return float(found.value[2]), float(found.error[2])


def log_z(run: Ensemble) -> tuple[float, float]:
    """ln Z(λ)/Z(0) and its error."""
    found = run.provenance.log_z
    assert found is not None  # it is known to `reweight` and `tempered`
    return found.value, found.error


def log_z_rows(fraction: float, fresh: Iterator[int]) -> Iterator[Row]:
    """ln Z(λ)/Z(0), the constant of the missing modes included, by free draws and by tempering."""
    for coupling in (1.0, 6.0, 24.0):
        theory = load("phi4_circle", coupling=coupling)
        exact = log_partition(4.0, coupling, 1.0) - log_partition(4.0, 0.0, 1.0)
        exact += missing_modes_constant(4.0, coupling, 1.0, modes=40)
        for sampler, num_draws in LOG_Z_DRAWS.items():
            seen = Seen(log_z, exact, theory, sampler, num_draws)
            claim = f"phi4_circle T=4 λ={coupling:g} by {sampler}, ln Z(λ)/Z(0)"
            yield reproduced(claim, seen.pull, [next(fresh) for _ in seeds(5, fraction)])
            yield Row(f"{claim}: largest error", max(seen.errors), 0.0, 0.02)


def rows(fraction: float) -> Iterator[Row]:
    # Every run has a seed of its own: with shared seeds the pulls at neighbouring couplings would be correlated.
    fresh = count()
    for sampler, couplings in DRAWS.items():
        for coupling, num_draws in couplings.items():
            theory = load("phi4_circle", coupling=coupling)
            exact = float(theory.exact["two_point"][2])
            seen = Seen(quarter, exact, theory, sampler, num_draws)
            claim = f"phi4_circle T=4 λ={coupling:g} by {sampler}"
            yield reproduced(f"{claim}, G(T/4)", seen.pull, [next(fresh) for _ in seeds(5, fraction)])
            yield Row(f"{claim}: relative error of G(T/4)", max(seen.errors) / exact, 0.0, 0.01)
    theory = load("phi4_circle")
    for sampler, num_draws in OTHERS.items():
        seen = Seen(quarter, float(theory.exact["two_point"][2]), theory, sampler, num_draws)
        asked = [next(fresh) for _ in seeds(5, fraction)]
        yield reproduced(f"phi4_circle T=4 λ=6 by {sampler}, G(T/4)", seen.pull, asked)
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
