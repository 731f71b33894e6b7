"""Contenders that sample: a theory within a budget of wall time, or for a number of draws."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.answers import plain
from benchmarks.bench import CHAINS
from benchmarks.peers.plain_samplers import plain_elliptical_slice, plain_pcn
from nnft_ppl import Ensemble, load, sample
from nnft_ppl.samplers import SamplerError

MODELS = Path(__file__).parent / "models"
GRID = "phi4_grid"
PLAIN = {"elliptical-slice-plain": plain_elliptical_slice, "pcn-plain": plain_pcn}
DRAWS = 10**7
"""More draws per chain than any budget allows."""


def run(
    started: float, sampler: str, keywords: Mapping[str, Any], seconds: float, model: str = GRID, seed: int = 0
) -> dict[str, Any]:
    """Sample until the time is up.

    Args:
        started: When the process was started, in seconds since the epoch.
        sampler: Name of one of the library's samplers, or of a plain one.
        keywords: The model's keywords.
        seconds: Wall time; start-up, compilation, warm-up and estimates count.
        model: Name of a model file here, or of a shipped model.
        seed: Seed of the run.

    Returns:
        `wall`, `estimates`, `verdict`, `findings`; or `wall` and `failed`, where the sampler could not go on.
    """
    theory = load(_path(model), **keywords)
    left = max(1.0, seconds - (time.time() - started))
    try:
        ensemble = sample(
            theory,
            PLAIN.get(sampler, sampler),
            num_draws=DRAWS,
            num_chains=CHAINS,
            seed=seed,
            keep="none",
            checks=False,
            time_limit=left,
        )
    except SamplerError as error:
        return {"failed": str(error), "wall": time.time() - started}
    return _answer(ensemble, time.time() - started)


def fixed(
    started: float, sampler: str, keywords: Mapping[str, Any], draws: int, model: str = GRID, seed: int = 0
) -> dict[str, Any]:
    """Sample so many draws per chain; `wall` is that of `sample` alone, `process` includes the start-up."""
    theory = load(_path(model), **keywords)
    begun = time.time()
    ensemble = sample(theory, sampler, num_draws=draws, seed=seed, keep="none", checks=False)
    wall = time.time() - begun
    return _answer(ensemble, wall) | {"process": time.time() - started}


def _path(model: str) -> str:
    path = MODELS / f"{model}.py"
    return str(path) if path.exists() else model


def _answer(ensemble: Ensemble, wall: float) -> dict[str, Any]:
    provenance = ensemble.provenance
    return {
        "wall": wall,
        "steps": int(np.sum(ensemble.data["sample_stats"].get("n_steps", 0))),
        "draws": int(ensemble.data["observables"].sizes["draw"]),
        "estimates": {name: plain(one) for name, one in ensemble.estimates().items()},
        "verdict": provenance.verdict,
        "failed_checks": [one.text for one in ensemble.verdicts if one.status == "failed"],
        "findings": {
            name: value for name, value in provenance.findings.items() if isinstance(value, str | int | float)
        },
    }
