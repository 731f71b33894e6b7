"""What a two-point function of the shipped φ⁴ costs: raw, improved, mixed; and when it is known to one per cent."""

import time
from typing import Any

import numpy as np

from benchmarks.bench import CHAINS
from nnft_ppl import load, sample
from nnft_ppl.display import Stage


def run(started: float, coupling: float, draws: int, sampler: str, seed: int = 0) -> dict[str, Any]:
    """Variances of G(r) by the three estimators from one run, and its times.

    Args:
        started: When the process was started, in seconds since the epoch.
        coupling: λ.
        draws: Draws per chain.
        sampler: Name of a sampler.
        seed: Seed of the run.

    Returns:
        `separation`, `raw`, `improved`, `mixed` (errors), `value`; `wall` from the start of the process, and
        `seconds_per_draw` of all chains together, once compiled.
    """
    theory = load("phi4", alpha=-1, coupling=coupling)
    marks: list[tuple[int, float]] = []

    def note(stage: Stage) -> None:
        if stage.done and stage.what.startswith("drawing"):
            marks.append((stage.done, time.time()))

    ensemble = sample(
        theory, sampler, num_chains=CHAINS, num_draws=draws, seed=seed, keep="none", checks=False, progress=note
    )
    wall = time.time() - started
    (first, begun), (last, ended) = marks[0], marks[-1]
    quoted = ensemble.estimates()["two_point"]
    separation = ensemble.data["observables"]["separation"].values
    return {
        "wall": wall,
        "seconds_per_draw": (ended - begun) / max(1, CHAINS * (last - first)),
        "draws": CHAINS * last,
        "separation": separation.tolist(),
        "value": quoted.value.tolist(),
        "mixed": quoted.error.tolist(),
        **{kind: np.asarray(ensemble.estimates_of(kind)["two_point"].error).tolist() for kind in ("raw", "improved")},
    }
