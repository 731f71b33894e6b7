"""`nnft verify`: theories with an exact answer, sampled by two routes and compared; on the terminal and as a page."""

import argparse
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console

from nnft_ppl.cli.console import console_of
from nnft_ppl.cli.progress import progress_bar
from nnft_ppl.cli.table import estimates_table
from nnft_ppl.display import format_value, without_noise
from nnft_ppl.results import Ensemble, places
from nnft_ppl.runs import sample
from nnft_ppl.statistics import MAX_PULL
from nnft_ppl.theory import Theory, load_file, shipped_models, shown

ROUTES = ("hmc", "reweight")
"""Samplers of every comparison: chains, and free draws with weights."""
COLUMNS = ("theory", "observable", "place", "exact", "estimate", "pull", "sampler")


class Row(NamedTuple):
    """One estimate beside its exact value."""

    theory: str
    observable: str
    place: str
    exact: complex
    value: complex
    error: complex
    pull: float
    """(value − exact)/error; infinite where the estimate is not a number."""
    sampler: str


def verify(asked: argparse.Namespace, keywords: dict[str, Any]) -> int:
    """Sample models with exact answers and compare: exit status 1 where a pull is past 5."""
    console = console_of()
    rows: list[Row] = []
    theories: list[Theory] = []
    for name in asked.models or shipped_models():
        theory = Theory(load_file(name), **keywords)
        theories.append(theory)
        if not knows(theory):
            console.print(f"[bold]{theory.name}[/]: no exact answer to compare with", highlight=False)
            continue
        for sampler in ROUTES:
            with progress_bar(Console(stderr=True)) as progress:
                ensemble = sample(theory, sampler, seed=asked.seed, keep="none", checks=False, progress=progress)
            found = compare(ensemble, theory.name, sampler)
            rows += found
            largest = _largest(found)
            mark = "[green]agrees[/]" if largest <= MAX_PULL else "[red]disagrees[/]"
            console.print(f"[bold]{theory.name}[/] by {sampler}: {mark}, largest pull {largest:.1f}", highlight=False)
            console.print(estimates_table(ensemble))
    if asked.page:
        Path(asked.page).write_text(page(rows, theories, asked.seed, asked.precision), encoding="utf-8")
        console.print(f"page in {asked.page}", highlight=False, markup=False, soft_wrap=True)
    return 0 if _largest(rows) <= MAX_PULL else 1


def knows(theory: Theory) -> bool:
    """Whether any value of a theory is known exactly."""
    return any(np.isfinite(value).any() for value in theory.exact.values())


def compare(ensemble: Ensemble, theory: str, sampler: str) -> list[Row]:
    """Every estimate whose exact value is known, beside it."""
    estimates, rows = ensemble.estimates(), []
    found = ensemble.pulls()
    for name, exact in ensemble.exact.items():
        one, distances = estimates[name], found[name]
        scale = float(np.nanmax(np.abs(exact), initial=0.0))
        for index, place in places(ensemble, name):
            if np.isnan(exact[index]):
                continue
            # An estimate that is NaN agrees with nothing.
            pull = np.inf if np.isnan(distances[index]) else float(distances[index])
            value, error = one.value[index].item(), one.error[index].item()
            known = without_noise(exact[index].item(), scale)
            rows.append(Row(theory, name, place, known, value, error, pull, sampler))
    return rows


def page(rows: Sequence[Row], theories: Sequence[Theory], seed: int, precision: str) -> str:
    """The comparison as a Markdown page.

    Args:
        rows: What was compared.
        theories: Every theory that was asked for, those without exact values included.
        seed: Seed of the runs.
        precision: Precision of the runs.
    """
    table = [COLUMNS, ("---",) * len(COLUMNS)]
    for row in rows:
        words = (format_value(row.exact, 0.0), format_value(row.value, row.error), f"{row.pull:+.1f}")
        table.append((row.theory, row.observable, row.place, *words, row.sampler))
    unknown = [_called(theory) for theory in theories if not knows(theory)]
    versions = ", ".join(f"{name} {version(name)}" for name in ("jax", "numpyro", "blackjax", "nnft-ppl"))
    lines = [
        "# Validation",
        "",
        "Theories with an exact answer: chains (`hmc`) and free draws with weights (`reweight`), each with the usual",
        "number of draws, against closed forms and diagonalisations. The pull is (estimate − exact)/error; beyond 5,",
        "`nnft verify` fails. `nnft verify --page docs/validation.md` writes this page.",
        "",
        *(f"* `{_called(theory)}`" for theory in theories if knows(theory)),
        "",
        *(f"| {' | '.join(cells)} |" for cells in table),
        "",
        f"Of {len(rows)} pulls the largest is {_largest(rows):.1f}.",
        *(f"Nothing is known exactly of `{called}`." for called in unknown),
        "",
        f"Seed {seed}, {precision}; {versions}.",
    ]
    return "\n".join(lines) + "\n"


def _called(theory: Theory) -> str:
    return f"{theory.name}({', '.join(f'{name}={shown(value)}' for name, value in theory.keywords.items())})"


def _largest(rows: Sequence[Row]) -> float:
    return max((abs(row.pull) for row in rows), default=0.0)
