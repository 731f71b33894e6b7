"""Whether an error is a standard error: pulls of many runs against exact moments are standard normal."""

from collections.abc import Iterator
from itertools import count

import numpy as np

from calibration.rows import Row, chi_squared, seeds, within_one_error
from nnft_ppl import load, sample


def rows(fraction: float) -> Iterator[Row]:
    theory = load("deformed_rotation")
    fresh = count()
    for sampler in ("hmc", "nuts", "reweight", "stock-hmc", "stock-nuts"):
        pulls, failures = [], 0
        for _ in seeds(30, fraction):
            run = sample(theory, sampler, num_draws=2000, num_warmup=300, seed=next(fresh), keep="none", checks=False)
            estimate = run.estimates()["trace"]
            pulls.append(float((estimate.value - theory.exact["trace"]) / estimate.error))
            failures += run.provenance.verdict != "good"
        yield within_one_error(f"deformed_rotation by {sampler}, trace", np.array(pulls))
        yield chi_squared(f"deformed_rotation by {sampler}, trace", np.array(pulls))
        yield Row(
            f"deformed_rotation by {sampler}: clean runs with a failed check", failures, 0, max(1, len(pulls) // 10)
        )
