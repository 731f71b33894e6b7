"""`nnft discover`: the symmetries and redundancies of a model, or of a run's draws, among many vector fields."""

import argparse
import math
from pathlib import Path
from typing import Any

import jax
import numpy as np
from rich.markup import escape
from rich.table import Table

from nnft_ppl.cli.console import console_of
from nnft_ppl.cli.diagnose import own_theory
from nnft_ppl.cli.outputs import as_json
from nnft_ppl.cli.progress import progress_bar
from nnft_ppl.cli.run import load_theory
from nnft_ppl.display import Stage, format_value, model_call
from nnft_ppl.results import Ensembles, ResultError, plain_json, read
from nnft_ppl.runs import kept_draws
from nnft_ppl.symmetries import DiscoveredGenerator, Discovery, default_basis, discover as discovery_of, linear_maps
from nnft_ppl.theory import Theory, record


def discover(asked: argparse.Namespace, keywords: dict[str, Any]) -> int:
    """Print a table of generators, and the spectrum of what is broken."""
    if asked.draws < 1:
        raise ValueError(f"--draws takes a number of draws above 0, not {asked.draws}")
    with progress_bar() as progress:
        progress(Stage(f"reading {asked.source}"))
        theory, draws, options = _of_run(asked, keywords) if Path(asked.source).is_dir() else _of_model(asked, keywords)
        progress(Stage("looking at vector fields"))
        basis = [one for name in asked.among for one in linear_maps(theory, name)] or default_basis(theory)
        found = discovery_of(theory, basis, draws, **options)
    words = model_call(theory.name, {name: record(value) for name, value in theory.keywords.items()})
    what = "kept draws" if Path(asked.source).is_dir() else "draws of the free theory"
    if asked.figure:
        from nnft_ppl.report import save_spectrum

        save_spectrum(found.spectrum, asked.figure, title=words)
    if asked.json:
        print(as_json(plain_json({"model": theory.name, "draws_of": what} | found.to_json())))
        return 0
    console = console_of()
    console.print(f"[bold]{escape(words)}[/]", highlight=False, soft_wrap=True)
    console.print(
        f"{len(found.fields)} independent vector fields of {len(basis)}, {found.points} points, {found.draws} {what}",
        highlight=False,
    )
    console.print(generators_table(found))
    for line in _last_words(found):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    return 0


def generators_table(found: Discovery) -> Table:
    """Rows generator · what it is · how far it is broken · by which parts of the breaking function."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("generator")
    table.add_column("verdict")
    table.add_column("E[B²]/E[(Vφ)²]", justify="right")
    table.add_column("broken by")
    for one in found.generators:
        size = "" if one.ratio is None else format_value(one.ratio["value"], one.ratio["error"])
        table.add_row(escape(one.words), one.verdict, size, _broken_by(one))
    return table


def _broken_by(one: DiscoveredGenerator) -> str:
    if one.verdict == "redundancy":
        return "the field does not change" + ("" if one.broken_by else ", nor does the density")
    parts = {"jacobian": "Jacobian"}
    return ", ".join(parts.get(part, part) for part in one.broken_by)


def _last_words(found: Discovery) -> list[str]:
    lines = [f"{name} = {words}: left out" for name, words in found.removed.items()]
    if found.spectrum:
        values = ", ".join(format_value(one["value"], one["error"]) for one in found.spectrum)
        lines.append(f"breaking functions against field variations: {values}")
    if found.unknown_flux:
        lines.append(f"flux not known: {found.unknown_flux}")
    counts = {word: len(found.of(word)) for word in ("symmetry", "redundancy")}
    names = {"symmetry": ("symmetry", "symmetries"), "redundancy": ("redundancy", "redundancies")}
    lines.append(", ".join(f"{count} {names[word][count != 1]}" for word, count in counts.items()))
    return lines


def _of_model(asked: argparse.Namespace, keywords: dict[str, Any]) -> tuple[Theory, Any, dict[str, Any]]:
    """A model, and free draws of it."""
    asked.model, given = asked.source, asked.model
    if given:
        raise ValueError(f"--model belongs to a run's folder; {asked.source!r} is a model itself")
    theory = load_theory(asked, keywords)
    keys = jax.random.split(jax.random.key(asked.seed), asked.draws)
    return theory, jax.jit(lambda keys: jax.lax.map(theory.free_draw, keys))(keys), {"independent": True}


def _of_run(asked: argparse.Namespace, keywords: dict[str, Any]) -> tuple[Theory, Any, dict[str, Any]]:
    """The theory of a run, and as many of its kept draws as are asked for, evenly spaced."""
    if keywords:
        raise ValueError("--set belongs to a model: a run's keywords are those it was made with")
    ensemble = read(asked.source)
    if isinstance(ensemble, Ensembles):
        raise ResultError(f"{asked.source} is a family: take the folder of one member")
    theory = own_theory(ensemble.provenance, asked.model)
    kept = kept_draws(ensemble, theory)
    step = math.ceil(kept.positions.shape[0] * kept.positions.shape[1] / asked.draws)
    weights = None if kept.log_weights is None else np.asarray(kept.log_weights)[:, ::step]
    return theory, kept.positions[:, ::step], {"log_weights": weights, "independent": ensemble.kind.independent}
