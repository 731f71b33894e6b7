"""`nnft run` and `nnft verify`: sample a model and print what came out."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from nnft_ppl.cli.progress import progress_bar
from nnft_ppl.cli.table import estimates_table, exit_status, print_result, result_json
from nnft_ppl.ensemble import Ensemble
from nnft_ppl.loading import load_file, shipped_models
from nnft_ppl.resolution import refuse_coarse_grid
from nnft_ppl.sampling import DEFAULT_DRAWS, Progress, describe, resolve, sample
from nnft_ppl.theory import Theory
from nnft_ppl.verdicts import MAX_PULL


def load_theory(asked: argparse.Namespace, keywords: dict[str, Any]) -> Theory:
    """The theory that the command line names."""
    if asked.dim < 1:
        raise ValueError(f"--dim must be at least 1, not {asked.dim}")
    return Theory(replace(load_file(asked.model), dim=asked.dim), **keywords)


def run(asked: argparse.Namespace, keywords: dict[str, Any]) -> int:
    """Sample a model, write the result, print it."""
    theory = load_theory(asked, keywords)
    refuse_coarse_grid(theory)
    folder = asked.out or _default_folder(theory, asked)
    with progress_bar(Console(stderr=True)) as progress:
        ensemble = sample(
            theory,
            asked.sampler,
            num_chains=asked.chains,
            num_draws=asked.draws,
            num_warmup=asked.warmup,
            seed=asked.seed,
            out=folder,
            keep=asked.keep,
            time_limit=asked.time_limit,
            progress=progress,
        )
    if asked.json:
        print(result_json(ensemble))
    print_result(ensemble, Console(stderr=asked.json), str(folder))
    return exit_status(ensemble)


def verify(asked: argparse.Namespace, keywords: dict[str, Any]) -> int:
    """Sample models with exact answers and compare: exit status 1 where a pull is past 5."""
    console = Console()
    worst = 0.0
    for name in asked.models or shipped_models():
        theory = Theory(load_file(name), **keywords)
        if all(np.isnan(value).all() for value in theory.exact.values()):
            console.print(f"[bold]{theory.name}[/]: no exact answer to compare with", highlight=False)
            continue
        for sampler in ("hmc", "reweight"):
            with progress_bar(Console(stderr=True)) as progress:
                ensemble = _sample_for(theory, sampler, asked.seed, progress)
            pulls = _pulls(ensemble)
            worst = max(worst, pulls)
            mark = "[green]agrees[/]" if pulls <= MAX_PULL else "[red]disagrees[/]"
            console.print(f"[bold]{theory.name}[/] by {sampler}: {mark}, largest pull {pulls:.1f}", highlight=False)
            console.print(estimates_table(ensemble))
    return 0 if worst <= MAX_PULL else 1


def _sample_for(theory: Theory, sampler: str, seed: int, progress: Progress) -> Ensemble:
    return sample(theory, sampler, seed=seed, keep="none", checks=False, progress=progress)


def _pulls(ensemble: Ensemble) -> float:
    """The largest |estimate − exact|/error over everything that is known."""
    estimates, largest = ensemble.estimates(), 0.0
    for name, exact in ensemble.exact.items():
        one = estimates[name]
        known = ~np.isnan(exact)
        pull = np.abs(one.value - exact)[known] / one.error[known]
        # An estimate that is NaN agrees with nothing.
        largest = max(largest, float(np.max(np.where(np.isnan(pull), np.inf, pull), initial=0.0)))
    return largest


def _default_folder(theory: Theory, asked: argparse.Namespace) -> Path:
    draws = asked.draws if asked.draws is not None else DEFAULT_DRAWS
    made = describe(theory, resolve(asked.sampler)[0], asked.chains, draws, asked.warmup, asked.seed, asked.keep)
    return Path("runs") / f"{theory.name}-{made['fingerprint'][:8]}"
