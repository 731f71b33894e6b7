"""`nnft sweep`: a model at many values of its keywords, on this machine, by Slurm, or on a cluster of dask's."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nnft_ppl.cli.interrupts import Interruption
from nnft_ppl.cli.run import default_folder, load_family
from nnft_ppl.cli.settings import keywords_of, until_of
from nnft_ppl.cli.table import exit_status, print_family
from nnft_ppl.display import Stage
from nnft_ppl.results import Ensembles
from nnft_ppl.runs import sweep as run_sweep
from nnft_ppl.theory import refuse_coarse_grid
from nnft_ppl.workers import LocalWorkers

RUN_FAILED = 4


def sweep(
    asked: argparse.Namespace, keywords: dict[str, Any], grid: dict[str, list], progress: Interruption
) -> tuple[Ensembles, Path]:
    """Run the members that are missing, and collect all.

    Args:
        asked: The options.
        keywords: Those of the model that are the same for all members.
        grid: Those with several values.
        progress: Told how many members are done; it ends the sweep where a signal asks for that.
    """
    family = load_family(asked, keywords, grid)
    progress(Stage("checking the grid"))
    for theory in family:
        refuse_coarse_grid(theory)
    folder = Path(asked.out) if asked.out else default_folder(family, asked)
    with executor_of(asked, folder) as executor:
        found = run_sweep(
            family,
            asked.sampler,
            out=folder,
            executor=executor,
            num_chains=asked.chains,
            num_draws=asked.draws,
            num_warmup=asked.warmup,
            seed=asked.seed,
            keep=asked.keep,
            keep_series=asked.keep_series,
            checks=asked.check or True,
            time_limit=asked.time_limit,
            progress=progress,
            common=asked.common,
            reference=asked.reference,
            fresh=asked.fresh,
            until=until_of(asked.until),
        )
    return found, folder


def conclude(asked: argparse.Namespace, found: Ensembles, folder: Path) -> int:
    """Print what came out: exit status 4 where a member failed."""
    print_family(found, folder, as_json=asked.json)
    for place, text in found.findings.get("failures", {}).items():
        print(f"nnft: {place} failed: {text}", file=sys.stderr)
    return RUN_FAILED if found.findings.get("failures") else exit_status(found)


@contextmanager
def executor_of(asked: argparse.Namespace, folder: Path) -> Iterator[Any]:
    """What runs the members; None for processes of this machine, as many as there are cores.

    Args:
        asked: The options.
        folder: The family's folder.

    Raises:
        ValueError: For a place that there is not, a library that is not installed, a number of workers out of range.
    """
    if asked.workers is not None and asked.workers < 1:
        raise ValueError(f"--workers must be at least 1, not {asked.workers}")
    if asked.slurm and asked.on != "slurm":
        raise ValueError("--slurm belongs to --on slurm")
    if asked.on == "local":
        if asked.workers is None:
            yield None
            return
        with LocalWorkers(asked.workers) as workers:
            yield workers
    elif asked.on == "slurm":
        yield _slurm(asked, folder)
    elif "://" in asked.on:
        if asked.workers is not None:
            raise ValueError("--workers: how many members run at once is a matter of the dask cluster; leave it out")
        try:
            from distributed import Client
        except ImportError:
            raise ValueError("--on tcp://... needs dask.distributed: install nnft-ppl[dask]") from None
        try:
            client = Client(asked.on, timeout="10s")
        except OSError as error:
            raise ValueError(f"--on {asked.on}: no dask scheduler answers there ({error})") from error
        with client:
            yield client.get_executor()
    else:
        raise ValueError(
            f"--on {asked.on}: write local, slurm, or the address of a dask scheduler, for instance tcp://host:8786"
        )


def _slurm(asked: argparse.Namespace, folder: Path) -> Any:
    os.environ.setdefault("SUBMITIT_LOG_LEVEL", "NOCONFIG")  # else its import closes the handlers of all loggers
    try:
        import submitit
    except ImportError:
        raise ValueError("--on slurm needs submitit: install nnft-ppl[slurm]") from None
    parameters = keywords_of(asked.slurm, "--slurm", "timeout_min=60")
    if asked.workers is not None:
        parameters["slurm_array_parallelism"] = asked.workers
    try:
        executor = submitit.AutoExecutor(folder / "jobs", cluster="slurm")
        executor.update_parameters(name="nnft", **parameters)
    except (RuntimeError, NameError, AssertionError, TypeError) as error:  # no srun here; parameters that it has not
        raise ValueError(f"--on slurm: {str(error).splitlines()[0]}") from error
    return executor
