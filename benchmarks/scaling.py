"""Contenders of the width section: HMC's acceptance and speed at one width, and the memory of a run."""

import resource
import sys
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np

from benchmarks.answers import estimated
from nnft_ppl import load, sample
from nnft_ppl.samplers import SAMPLERS, Settings, run_blocks

MODEL = str(Path(__file__).parent / "models/phi4_grid.py")


def speed(started: float, width: int, draws: int, blocks: int, warmup: int) -> dict[str, Any]:
    """Acceptance and seconds per draw of HMC in its default setting, without compilation and warm-up.

    Args:
        started: When the process was started; not used.
        width: Number of neurons N.
        draws: Draws per chain, of four chains.
        blocks: Number of blocks; the first one's time includes compilation and warm-up and is left out.
        warmup: Steps that find the step size.
    """
    del started
    target = load(MODEL, width=width, points=0).target()
    longest = -(-draws // blocks)
    settings = Settings(
        jax.random.key(width), num_chains=4, num_draws=draws, num_warmup=warmup, keep_every=0, block_draws=longest
    )
    series, stats, times = [], [], []
    for block in run_blocks(SAMPLERS["hmc"], target, settings):
        times.append(time.perf_counter())
        series.append(block.measured["observables"])
        stats.append(block.stats)
    timed = sum(len(one["mean_squared"][0]) for one in series[1:])
    together = {name: np.concatenate([one[name] for one in series], axis=1) for name in series[0]}
    return {
        "acceptance": float(np.mean([one["acceptance_rate"].mean() for one in stats])),
        "step_size": float(stats[-1]["step_size"].mean()),
        "gradients": float(np.mean([one["n_steps"].mean() for one in stats])),
        "seconds_per_draw": (times[-1] - times[0]) / timed,
        "draws": together["mean_squared"].shape[1],
        "estimates": estimated(together),
        "wall": times[-1] - times[0],
    }


def memory(started: float, width: int, draws: int, warmup: int) -> dict[str, Any]:
    """Peak resident memory in bytes of a whole process that samples four chains by HMC."""
    theory = load(MODEL, width=width, points=0)
    run = sample(theory, "hmc", num_draws=draws, num_warmup=warmup, keep="none", checks=False)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {"bytes": peak, "draws": int(run.data["observables"].sizes["draw"]), "wall": time.time() - started}
