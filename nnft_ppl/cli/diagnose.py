"""`nnft diagnose`: a run's identities, correlators and further checks again; its draws against another theory."""

import argparse
import hashlib
from collections.abc import Set
from dataclasses import replace
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

import numpy as np
from rich.markup import escape
from rich.table import Table

from nnft_ppl.checks import Axioms, Check, DeclaredSymmetries, IdentityBank, Outcome, check_of
from nnft_ppl.cli.axioms import print_axioms, with_times
from nnft_ppl.cli.console import console_of, marked
from nnft_ppl.cli.outputs import as_json
from nnft_ppl.cli.progress import progress_bar
from nnft_ppl.cli.symmetries import print_symmetries
from nnft_ppl.display import format_value, model_call
from nnft_ppl.results import Ensemble, Ensembles, Provenance, ResultError, places, plain_json, read, unfinished_words
from nnft_ppl.runs import DEFAULT_DRAWS, judge_again
from nnft_ppl.statistics import Estimate, overall
from nnft_ppl.theory import ModelFile, Theory, load_file, read_source, record, restored, sha256_of

BAR = 5.0
"""A bar of full length is this many errors."""
WIDTH = 10
"""Characters of a bar to either side."""


def diagnose(asked: argparse.Namespace, keywords: dict[str, Any]) -> int:
    """Print what the identities say about a run, and what further checks do: exit status 1 where one fails."""
    ensemble = read(asked.folder)
    if isinstance(ensemble, Ensembles):
        folder = next(iter(ensemble.findings["members"].values()))["folder"]
        raise ResultError(
            f"{asked.folder} is a family: diagnose one member, for instance {Path(asked.folder) / folder}"
        )
    further = [check_of(one) for one in with_times(asked.check, asked.times)]
    if keywords and not asked.against:
        raise ValueError("--set belongs to --against MODEL: the run's own keywords are those it was made with")
    about = ensemble.provenance
    words = model_call(about.model, about.keywords)
    if asked.against:
        theory = _other_theory(about, asked.against, keywords)
        own = {name: record(value) for name, value in theory.keywords.items()}
        words = f"draws of {words} against {model_call(theory.name, own)}"
        outcomes = _make_again(ensemble, theory, [IdentityBank(), *further])
    else:
        outcomes = _own(ensemble, asked.model, further)
    found = {name: dict(outcome.findings) for name, outcome in outcomes.items()}
    rows = found["schwinger_dyson"].get("rows", [])
    if asked.figure:
        from nnft_ppl.report import save_pulls

        save_pulls(rows, asked.figure, title=words)
    if asked.json:
        print(_as_json(ensemble, found))
    console = console_of(stderr=asked.json)
    console.print(f"[bold]{escape(words)}[/]", highlight=False, soft_wrap=True)
    if unfinished := unfinished_words(about, DEFAULT_DRAWS):
        console.print(unfinished, highlight=False, markup=False, soft_wrap=True)
    if rows:
        console.print(bank_table(rows))
    if symmetries := found.get(DeclaredSymmetries.name):
        print_symmetries(symmetries, console)
    if axioms := found.get(Axioms.name):
        print_axioms(axioms, console)
    verdicts = [outcome.verdict for outcome in outcomes.values()]
    if not asked.against:
        if estimates := estimators_table(ensemble):
            console.print(estimates)
        for name, reason in about.improved.reasons.items():
            console.print(f"{name}: raw only, {reason}", highlight=False, markup=False, soft_wrap=True)
        verdicts += [one for one in ensemble.verdicts if one.check == "improved"]
    for one in verdicts:
        console.print(marked(one.status, one.text), highlight=False, soft_wrap=True)
    if asked.figure:
        console.print(f"figure in {asked.figure}", highlight=False, markup=False, soft_wrap=True)
    return 1 if overall(verdicts) == "failed" else 0


def _own(ensemble: Ensemble, model: str | None, further: list[Check]) -> dict[str, Outcome]:
    """Outcomes that were stored with the run; computed from the kept draws where they were not."""
    stored = {one.check: Outcome(one, ensemble.findings.get(one.check, {})) for one in ensemble.verdicts}
    wanted = [IdentityBank(), *further]
    if ensemble.findings.get(DeclaredSymmetries.name) and all(one.name != DeclaredSymmetries.name for one in further):
        wanted.append(DeclaredSymmetries())
    if ensemble.findings.get(Axioms.name) and all(one.name != Axioms.name for one in further):
        wanted.append(Axioms())
    fresh = {one.name for one in further if isinstance(one, Axioms) and one.times is not None}
    known = {
        one.name: stored[one.name]
        for one in wanted
        if ensemble.findings.get(one.name) and one.name not in fresh and not model
    }
    missing = [one for one in wanted if one.name not in known]
    again = _make_again(ensemble, own_theory(ensemble.provenance, model), missing) if missing else {}
    return {one.name: (known | again)[one.name] for one in wanted}


def own_theory(about: Provenance, model: str | None) -> Theory:
    """The theory of a run, from the model file that it recorded or the one that is given."""
    path = model or about.path
    if path is None:
        raise ResultError("the run's model was no file: give the model file with --model")
    if not model:
        if not Path(path).is_file():
            raise ResultError(f"the run's model file {path!r} is not there any more: give it with --model")
        if changed := _changed(about, Path(path)):
            raise ResultError(
                f"{changed!r} was changed since the run: give the file that was used with --model, or ask whether the "
                "draws belong to the new one with --against"
            )
    file = replace(load_file(path), dim=about.dim)
    return Theory(file, **_keywords(about, file))


def _changed(about: Provenance, path: Path) -> str | None:
    """The model file, or one that it imports from beside it, if it is not what it was when the run was made."""
    if sha256_of(read_source(path)) != about.source_sha256:
        return str(path)
    for name, digest in about.imported.items():
        beside = path.resolve().parent / name
        if beside.is_file() and hashlib.sha256(beside.read_bytes()).hexdigest() != digest:
            return str(beside)
    return None


def _other_theory(about: Provenance, against: str, keywords: dict[str, Any]) -> Theory:
    file = load_file(against)
    own = _keywords(about, file, set(keywords)) if file.name == about.model else {}
    return Theory(file, **own | keywords)


def _keywords(about: Provenance, file: ModelFile, but: Set[str] = frozenset()) -> dict[str, Any]:
    """The keywords of a run as they were given, but for some."""
    defaults = {name: one.default for name, one in signature(file.model).parameters.items()}
    return {
        name: restored(
            name, value, None if defaults.get(name) is Parameter.empty else defaults.get(name), about.literals.get(name)
        )
        for name, value in about.keywords.items()
        if name not in but
    }


def _make_again(ensemble: Ensemble, theory: Theory, checks: list[Check]) -> dict[str, Outcome]:
    with progress_bar() as progress:
        return judge_again(ensemble, theory, checks, progress)


def bank_table(rows: list[dict[str, Any]]) -> Table:
    """Rows vector field · observable · residual(error) · z · a bar."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("vector field", "observable"):
        table.add_column(name)
    for name in ("residual", "z"):
        table.add_column(name, justify="right")
    table.add_column(f"−{BAR:g}{'0':^{2 * WIDTH - 4}}+{BAR:g}")
    for row in rows:
        residual, error, z = (np.nan if row[name] is None else row[name] for name in ("residual", "error", "z"))
        shown = ("not finite", "", "") if np.isnan(z) else (format_value(residual, error), f"{z:+.1f}", bar(z))
        table.add_row(row["vector_field"], row["observable"], *shown)
    return table


def bar(z: float) -> str:
    """A number of errors as a bar to the left or right of a middle line.

    Example:
        >>> bar(1.0)
        '          │██        '
    """
    size = min(WIDTH, round(abs(z) / BAR * WIDTH))
    left = " " * (WIDTH - size) + "█" * size if z < 0 else " " * WIDTH
    return left + "│" + (("█" * size).ljust(WIDTH) if z > 0 else " " * WIDTH)


def estimators_table(ensemble: Ensemble) -> Table | None:
    """Raw, improved and quoted values of observables that have all three; None without such."""
    raw, improved, quoted = (
        ensemble.estimates_of("raw"),
        ensemble.estimates_of("improved"),
        ensemble.estimates(),
    )
    if not raw:
        return None
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("observable")
    table.add_column("at")
    for name in ("raw", "improved", "quoted", "variance saved"):
        table.add_column(name, justify="right")
    for name, one in raw.items():
        for index, place in places(ensemble, name):
            values = [
                format_value(kind[name].value[index], kind[name].error[index]) for kind in (raw, improved, quoted)
            ]
            saved = (one.error[index] / quoted[name].error[index]) ** 2 if quoted[name].error[index] > 0 else np.nan
            table.add_row(name, place, *values, f"{saved:.1f} ×")
    return table


def _as_json(ensemble: Ensemble, found: dict[str, dict[str, Any]]) -> str:
    """One object: findings by check, and raw and improved estimates by name (improved null where there is none)."""
    raw, improved, quoted = ensemble.estimates_of("raw"), ensemble.estimates_of("improved"), ensemble.estimates()
    estimates = {
        name: {
            "raw": _parts(raw.get(name, one)),
            "improved": _parts(improved[name]) if name in improved else None,
            "quoted": _parts(one),
        }
        for name, one in quoted.items()
        if name in ensemble.data["observables"]
    }
    return as_json(plain_json(found | {"estimates": estimates}))


def _parts(one: Estimate) -> dict[str, Any]:
    return {"value": one.value, "error": one.error, "ess": one.ess}
