"""A result as text: the table of estimates, the verdicts, and the JSON object."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nnft_ppl.cli.beside import print_beside
from nnft_ppl.cli.console import console_of, marked
from nnft_ppl.cli.outputs import as_json
from nnft_ppl.display import format_value, model_call
from nnft_ppl.results import Ensemble, Ensembles, estimate_rows, member_tables, plain_json, unfinished_words
from nnft_ppl.runs import DEFAULT_DRAWS
from nnft_ppl.statistics import Estimate, overall


def print_result(ensemble: Ensemble, console: Console, folder: str | None) -> None:
    """Print estimates with errors, exact values and pulls, then every verdict in words."""
    about = ensemble.provenance
    sampler = about.sampler
    console.print(escape(model_call(about.model, about.keywords)), style="bold", highlight=False, soft_wrap=True)
    console.print(
        f"{sampler.name}: {sampler.chains} chains × {sampler.draws} draws, seed {about.seed}, {about.precision}, "
        f"{about.wall_s:.0f} s",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    if sampler.keep_series == "none":
        console.print("series were not kept", highlight=False)
    elif sampler.averaged > 1:
        words = f"series are averages of {sampler.averaged} consecutive draws"
        console.print(words, highlight=False, markup=False, soft_wrap=True)
    if sampler.reason != "asked for":
        console.print(f"{sampler.name} because {sampler.reason}", highlight=False, markup=False, soft_wrap=True)
    elif sampler.constants:
        words = f"{sampler.name} with a Gaussian reference that knows the action, {sampler.drawn_from}"
        console.print(words, highlight=False, markup=False, soft_wrap=True)
    if words := _unfinished(ensemble):
        console.print(words, highlight=False, markup=False, soft_wrap=True)
    if isinstance(ensemble, Ensembles):
        print_beside(member_tables(ensemble), console)
    else:
        console.print(estimates_table(ensemble))
    if about.log_z:
        console.print(f"ln Z/Z_free = {format_value(about.log_z.value, about.log_z.error)}", highlight=False)
    for verdict in ensemble.verdicts:
        limit = f" (threshold {verdict.threshold:g})" if verdict.status == "failed" and verdict.threshold else ""
        console.print(marked(verdict.status, verdict.text + limit), highlight=False, soft_wrap=True)
    if folder:
        console.print(f"result in {folder}", highlight=False, markup=False, soft_wrap=True)


def _unfinished(ensemble: Ensemble) -> str:
    """How far a result got that was cut short; empty for a whole one."""
    about = ensemble.provenance
    if not isinstance(ensemble, Ensembles):
        return unfinished_words(about, DEFAULT_DRAWS)
    if about.whole and not about.interrupted:
        return ""
    finished = sum(not one["interrupted"] and one.get("whole", True) for one in ensemble.findings["members"].values())
    done = f"{finished} of {len(ensemble.places)} members are done"
    return f"incomplete: {done}, numbers of others are of the draws that they have; the same command goes on"


def print_family(ensembles: Ensembles, folder: Path, *, as_json: bool) -> None:
    """Print a family's result; as one JSON object on stdout, it is printed beside on stderr.

    Args:
        ensembles: The result.
        folder: Where it is.
        as_json: Whether the object is wanted.
    """
    if as_json:
        print(result_json(ensembles))
    print_result(ensembles, console_of(stderr=as_json), str(folder))


def estimates_table(ensemble: Ensemble) -> Table:
    """The rows of `nnft_ppl.results.summary.estimate_rows`, units left out."""
    headings, rows = estimate_rows(ensemble)
    shown = [column for column, heading in enumerate(headings) if heading != "unit"]
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in shown:
        table.add_column(escape(headings[column]), justify="left" if column < 2 else "right")
    for row in rows:
        table.add_row(*(escape(row[column]) for column in shown))
    return table


def result_json(ensemble: Ensemble) -> str:
    """The result as one JSON object: scalars bare, unknown null."""
    about, exact = ensemble.provenance, ensemble.exact
    log_z, findings = about.log_z, dict(about.findings)
    diagnostics: dict[str, Any] = {"verdict": about.verdict, "checks": [one.to_json() for one in ensemble.verdicts]}
    diagnostics |= about.statistics
    # Where they stood before every check had its findings at the top.
    diagnostics |= {name: findings[name] for name in ("second_route", "schwinger_dyson") if name in findings}
    output = findings | {
        "model": about.model,
        "keywords": about.keywords,
        "sampler": asdict(about.sampler),
        "diagnostics": diagnostics | {"wall_s": about.wall_s},
        "log_z": asdict(log_z) if log_z else None,
        "unfinished": _unfinished(ensemble) or None,
        "estimates": {name: _estimate_json(ensemble, name, one, exact) for name, one in ensemble.estimates().items()},
    }
    return as_json(plain_json(output))


def exit_status(ensemble: Ensemble) -> int:
    """0 for a good result, 1 where a check failed, 3 for an interrupted run."""
    if ensemble.provenance.interrupted:
        return 3
    return 0 if overall(ensemble.verdicts) == "good" else 1


def _estimate_json(ensemble: Ensemble, name: str, one: Estimate, exact: dict[str, np.ndarray]) -> dict[str, Any]:
    stored = ensemble.data["estimates"].dataset[name]
    both = {} if one.correlation is None else {"correlation": one.correlation}
    return both | {
        "dims": list(stored.dims),
        "coords": {str(dim): values.values for dim, values in stored.coords.items()},
        "value": one.value,
        "error": one.error,
        "ess": one.ess,
        "exact": exact.get(name),
    }
