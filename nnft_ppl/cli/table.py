"""A result as text: the table of estimates, the verdicts, and the JSON object."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nnft_ppl.ensemble import Ensemble
from nnft_ppl.estimates import Estimate, format_value, weighted_agreement
from nnft_ppl.sampling import DEFAULT_DRAWS
from nnft_ppl.storage import plain_json
from nnft_ppl.verdicts import overall

MARKS = {"good": "[green]✓[/]", "failed": "[red]✗[/]", "unavailable": "[yellow]–[/]"}


def print_result(ensemble: Ensemble, console: Console, folder: str | None) -> None:
    """Print estimates with errors, exact values and pulls, then every verdict in words."""
    about = ensemble.provenance
    words = ", ".join(f"{name}={value}" for name, value in about["keywords"].items())
    sampler = about["sampler"]
    console.print(f"[bold]{about['model']}[/]({escape(words)})", highlight=False, soft_wrap=True)
    console.print(
        f"{sampler['name']}: {sampler['chains']} chains × {ensemble.data['observables'].sizes['draw']} draws, "
        f"seed {about['seed']}, {about['precision']}, {about['wall_s']:.0f} s",
        highlight=False,
        soft_wrap=True,
    )
    if sampler["reason"] != "asked for":
        console.print(f"{sampler['name']} because {sampler['reason']}", highlight=False, soft_wrap=True)
    if about["interrupted"]:
        wanted = sampler["draws_asked"] or DEFAULT_DRAWS
        console.print(f"interrupted: {wanted} draws per chain were asked for", highlight=False)
    console.print(estimates_table(ensemble))
    if about["log_z"]:
        log_z = format_value(about["log_z"]["value"], about["log_z"]["error"])
        console.print(f"ln Z/Z_free = {log_z}", highlight=False)
    for verdict in ensemble.verdicts:
        limit = f" (threshold {verdict.threshold:g})" if verdict.status == "failed" and verdict.threshold else ""
        console.print(f" {MARKS[verdict.status]} {verdict.text}{limit}", highlight=False, soft_wrap=True)
    if folder:
        console.print(f"result in {folder}", highlight=False, markup=False, soft_wrap=True)


def estimates_table(ensemble: Ensemble) -> Table:
    """Rows observable · coordinates · value(error) · exact · pull · effective draws · second route."""
    estimates, exact, second = ensemble.estimates(), ensemble.exact, ensemble.second_route
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("observable")
    table.add_column("at")
    for name in ("estimate", *(["exact", "pull"] if exact else []), "ess", *(["reweighted"] if second else [])):
        table.add_column(name, justify="right")
    for name, one in estimates.items():
        for index, place in places(ensemble, name):
            row = [name, place, format_value(one.value[index], one.error[index])]
            if exact:
                row += _against(one, exact.get(name), index)
            row.append(_whole(one.ess[index]))
            if second:
                other = second.get(name)
                row.append(format_value(other.value[index], other.error[index]) if other else "")
            table.add_row(*row)
    return table


def result_json(ensemble: Ensemble) -> str:
    """The result as one JSON object: scalars bare, unknown null."""
    about, exact = ensemble.provenance, ensemble.exact
    log_z = about["log_z"]
    diagnostics = {"verdict": about["verdict"], "checks": [verdict.to_json() for verdict in ensemble.verdicts]}
    output = {
        "model": about["model"],
        "keywords": about["keywords"],
        "sampler": about["sampler"],
        "diagnostics": diagnostics | about["findings"] | {"wall_s": about["wall_s"]},
        "log_z": log_z,
        "estimates": {name: _estimate_json(ensemble, name, one, exact) for name, one in ensemble.estimates().items()},
    }
    return json.dumps(plain_json(output), ensure_ascii=False, allow_nan=False)


def exit_status(ensemble: Ensemble) -> int:
    """0 for a good result, 1 where a check failed, 3 for an interrupted run."""
    if ensemble.provenance["interrupted"]:
        return 3
    return 0 if overall(ensemble.verdicts) == "good" else 1


def _estimate_json(ensemble: Ensemble, name: str, one: Estimate, exact: dict[str, np.ndarray]) -> dict[str, Any]:
    stored = ensemble.data["estimates"].dataset[name]
    return {
        "dims": list(stored.dims),
        "coords": {str(dim): values.values for dim, values in stored.coords.items()},
        "value": one.value,
        "error": one.error,
        "ess": one.ess,
        "exact": exact.get(name),
    }


def places(ensemble: Ensemble, name: str) -> Iterator[tuple[tuple[int, ...], str]]:
    """Every index of an observable, with its coordinates in words."""
    stored = ensemble.data["estimates"].dataset[name]
    for index in np.ndindex(stored.shape):
        words = [
            f"{dim}={stored.coords[dim].values[i]:g}" if dim in stored.coords else f"{dim}={i}"
            for dim, i in zip(stored.dims, index, strict=True)
        ]
        yield index, ", ".join(words)


def pulls(one: Estimate, exact: np.ndarray) -> np.ndarray:
    """(estimate − exact)/error of every component; 0 where the two are equal to rounding, whatever the error."""
    nothing = np.zeros(exact.shape)
    return weighted_agreement(one, Estimate(exact, nothing, nothing, nothing))


def _against(one: Estimate, exact: np.ndarray | None, index: tuple[int, ...]) -> list[str]:
    if exact is None or np.isnan(exact[index]):
        return ["", ""]
    return [f"{exact[index]:.6g}", f"{pulls(one, exact)[index]:+.1f}"]


def _whole(number: float) -> str:
    return f"{number:.0f}" if np.isfinite(number) else "?"
