"""`nnft run`: sample a model and print what came out."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from nnft_ppl.cli.axioms import with_times
from nnft_ppl.cli.console import console_of
from nnft_ppl.cli.interrupts import Interruption
from nnft_ppl.cli.settings import until_of
from nnft_ppl.cli.table import exit_status, print_result, result_json
from nnft_ppl.display import Stage
from nnft_ppl.families import Family
from nnft_ppl.results import ALONE, Ensemble, stored_provenance
from nnft_ppl.runs import DEFAULT_DRAWS, family_request, make_request, sample
from nnft_ppl.theory import ModelFile, Theory, load_file, refuse_coarse_grid, unread_keywords, unread_words


class Ran(NamedTuple):
    """What a run gave."""

    ensemble: Ensemble
    folder: Path
    kept: bool
    """Whether the folder keeps another result of the same run, which knows more than this one."""
    remarks: list[str]
    """What to know about the model, good run or not: a keyword that nothing reads."""


def load_theory(asked: argparse.Namespace, keywords: dict[str, Any]) -> Theory:
    """The theory that the command line names."""
    theory = Theory(_file(asked), **keywords)
    _refuse_dim(asked, theory)
    return theory


def load_family(asked: argparse.Namespace, keywords: dict[str, Any], scans: dict[str, list]) -> Family:
    """The family that the command line names."""
    family = Family(_file(asked), scans, keywords)
    for theory in family:
        _refuse_dim(asked, theory)
    return family


def _file(asked: argparse.Namespace) -> ModelFile:
    if asked.dim is not None and asked.dim < 1:
        raise ValueError(f"--dim must be at least 1, not {asked.dim}")
    return replace(load_file(asked.model), dim=asked.dim or 1)


def _refuse_dim(asked: argparse.Namespace, theory: Theory) -> None:
    if asked.dim is not None and asked.dim != theory.dim:
        raise ValueError(f"--dim {asked.dim}: the space of {theory.name} has dim = {theory.dim}; leave --dim out")


def run(asked: argparse.Namespace, keywords: dict[str, Any], scans: dict[str, list], progress: Interruption) -> Ran:
    """Sample a model, or a family of it, and write the result.

    Args:
        asked: The options.
        keywords: Those of the model.
        scans: Keywords with several values.
        progress: Told what is being done; it ends the run where a signal asks for that.
    """
    theory = load_family(asked, keywords, scans) if scans else load_theory(asked, keywords)
    members = list(theory) if isinstance(theory, Family) else [theory]
    progress(Stage("checking the grid"))
    for member in members:
        refuse_coarse_grid(member)
    folder = Path(asked.out) if asked.out else default_folder(theory, asked)
    asked.out, processes = str(folder), getattr(asked, "processes", ALONE)
    progress.folder = folder if processes.count == 1 else processes.folder_in(folder)
    ensemble = sample(
        theory,
        asked.sampler,
        num_chains=asked.chains,
        num_draws=asked.draws,
        num_warmup=asked.warmup,
        seed=asked.seed,
        out=folder,
        keep=asked.keep,
        keep_series=asked.keep_series,
        checks=with_times(asked.check, asked.times) or True,
        time_limit=asked.time_limit,
        progress=progress,
        common=asked.common,
        reference=asked.reference,
        fresh=asked.fresh,
        processes=processes,
        until=until_of(asked.until),
    )
    unread = unread_keywords(members[0])
    remarks = [unread_words(unread)] if unread else []
    about, stored = ensemble.provenance, stored_provenance(folder)
    return Ran(ensemble, folder, (about.started, about.wall_s) != (stored.started, stored.wall_s), remarks)


def conclude(asked: argparse.Namespace, ran: Ran) -> int:
    """Print what came out; of several processes the first one does."""
    if not getattr(asked, "processes", ALONE).leads:
        return exit_status(ran.ensemble)
    if asked.json:
        print(result_json(ran.ensemble))
    console = console_of(stderr=asked.json)
    print_result(ran.ensemble, console, None if ran.kept else str(ran.folder))
    if ran.kept:
        words = f"not stored: {ran.folder} keeps the more complete result that was there"
        console.print(words, highlight=False, markup=False, soft_wrap=True)
    for remark in ran.remarks:
        print(f"nnft: {remark}", file=sys.stderr)
    return exit_status(ran.ensemble)


def default_folder(theory: Theory | Family, asked: argparse.Namespace) -> Path:
    """Where a result goes that nobody named a folder for.

    Args:
        theory: What is run.
        asked: The options.
    """
    draws = asked.draws if asked.draws is not None else DEFAULT_DRAWS
    settings = (asked.sampler, asked.chains, draws, asked.warmup, asked.seed, asked.keep, asked.reference)
    settings += (asked.keep_series,)
    if isinstance(theory, Family):
        made = family_request(theory, *settings, common=asked.common)
    else:
        made = make_request(theory, *settings, getattr(asked, "processes", ALONE).count)
    return Path("runs") / f"{theory.name}-{made.fingerprint[:8]}"
