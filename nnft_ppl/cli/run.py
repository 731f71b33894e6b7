"""`nnft run`: sample a model and print what came out."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from nnft_ppl.cli.progress import progress_bar
from nnft_ppl.cli.table import exit_status, print_result, result_json
from nnft_ppl.loading import load_file
from nnft_ppl.resolution import refuse_coarse_grid
from nnft_ppl.sampling import DEFAULT_DRAWS, describe, resolve, sample
from nnft_ppl.theory import Theory


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


def _default_folder(theory: Theory, asked: argparse.Namespace) -> Path:
    draws = asked.draws if asked.draws is not None else DEFAULT_DRAWS
    made = describe(theory, resolve(asked.sampler)[0], asked.chains, draws, asked.warmup, asked.seed, asked.keep)
    return Path("runs") / f"{theory.name}-{made['fingerprint'][:8]}"
