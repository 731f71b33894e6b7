"""Contenders of the strong-coupling section: G(1/m) of a shipped φ⁴, sampler by sampler, compilation apart."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np

from benchmarks.answers import plain
from benchmarks.bench import CHAINS
from benchmarks.race import DRAWS, PLAIN
from nnft_ppl import Observable, Theory, load, sample
from nnft_ppl.display import Stage
from nnft_ppl.observables import box_average, two_point
from nnft_ppl.samplers import SamplerError
from nnft_ppl.spaces import Box

DISTANCE = 1.0
"""r of G(r), in 1/m."""
MARGIN = 1.5
"""Least distance of a pair's centre from the faces of the box, in 1/m."""
LIMIT = 600.0
"""Seconds that `sample` is told it has: blocks are short then, and `auto` chooses for a long run; it ends before."""


def theory_of(model: str, side: float, coupling: float, pairs: int = 1) -> Theory:
    """φ⁴ without counter-term, with ⟨φ²⟩ and G(1/m) averaged over the torus and its axes, or over pairs in the box.

    Args:
        model: `phi4` or `phi4_torus`, at its defaults: 256 neurons below Λ = 4, or 8 modes along each axis.
        side: L.
        coupling: λ.
        pairs: Along each axis of the box, over which G is averaged.
    """
    shipped = load(model, side=side, coupling=coupling, counterterm=False)
    if model == "phi4_torus":
        apart, together = DISTANCE * np.eye(2), np.zeros(2)
        pair = Observable(lambda phi: jnp.mean(phi.translation_average(apart), keepdims=True))
        squared = Observable(lambda phi: phi.translation_average(together))
    else:
        box = shipped.space
        assert isinstance(box, Box)
        pair = two_point([DISTANCE], 2, box.bulk(pairs, MARGIN) if pairs > 1 else 0.0)
        squared = box_average(box, 2)
    measured = {"two_point": pair, "phi_squared": squared}
    file = replace(shipped.file, observables=lambda: measured, exact=None, curves=None, control=None)
    return Theory(file, side=side, coupling=coupling, counterterm=False)


def run(
    started: float, model: str, side: float, coupling: float, samplers: Sequence[str], seconds: float, seed: int = 0
) -> dict[str, Any]:
    """Every sampler in turn, so many seconds of drawing each.

    Args:
        started: When the process was started, in seconds since the epoch.
        model: `phi4` or `phi4_torus`.
        side: L.
        coupling: λ.
        samplers: Names of the library's samplers, or of plain ones.
        seconds: Time for draws, compilation and warm-up not counted.
        seed: Seed of the runs.

    Returns:
        `answers` by sampler, each as `sampled` gives it, and `wall` since the start.
    """
    theory = theory_of(model, side, coupling)
    answers = {name: sampled(theory, name, seconds, seed) for name in samplers}
    return {"answers": answers, "wall": time.time() - started}


def sampled(theory: Theory, sampler: str, seconds: float, seed: int) -> dict[str, Any]:
    """What a sampler gives in so many seconds after its first block.

    Args:
        theory: What is sampled.
        sampler: Its name.
        seconds: After the first block.
        seed: Seed of the run.

    Returns:
        `ready`: seconds until the first block was there, compilation and warm-up among them; `seconds_per_draw` of all
        chains together after it; `draws`, `sampler` (which one drew), `estimates` (of the quoted series: `value`,
        `error`, `ess`), `wall`; or `failed` and `wall`, where it could not go on.
    """
    marks: list[tuple[str, int, float]] = []
    begun = time.time()

    def watch(stage: Stage) -> None:
        if not stage.what.startswith("drawing"):
            return
        marks.append((stage.what, stage.done, time.time()))
        first = next(when for what, _, when in marks if what == stage.what)
        if marks[-1][2] - first > seconds:
            raise KeyboardInterrupt  # the run ends with what there is

    try:
        ensemble = sample(
            theory, PLAIN.get(sampler, sampler), num_chains=CHAINS, num_draws=DRAWS, seed=seed, keep="none",
            checks=False, time_limit=LIMIT, progress=watch,
        )  # fmt: skip
    except SamplerError as error:
        return {"failed": str(error), "wall": time.time() - begun}
    own = [(done, when) for what, done, when in marks if what == marks[-1][0]]
    (first, ready), (last, ended) = own[0], own[-1]
    # One block only: its time is that of its own compilation, too, which is more than it takes.
    per_draw = (ended - ready) / (CHAINS * (last - first)) if last > first else (ended - begun) / (CHAINS * last)
    return {
        "ready": ready - begun,
        "seconds_per_draw": per_draw,
        "draws": CHAINS * last,
        "sampler": marks[-1][0].removeprefix("drawing by "),
        "estimates": {name: plain(one) for name, one in ensemble.estimates().items()},
        "wall": time.time() - begun,
    }
