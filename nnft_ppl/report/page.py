"""A run as one self-contained HTML page, with the data of its figures as CSV beside it."""

import base64
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from nnft_ppl.display import STATUSES, format_value, keyword_words, model_call
from nnft_ppl.report import axioms
from nnft_ppl.report.across_members import family_panels
from nnft_ppl.report.checks import Found, check_findings
from nnft_ppl.report.panel import Panel
from nnft_ppl.report.panels import panels
from nnft_ppl.report.svg import svg_of
from nnft_ppl.report.symmetries import CHECK, symmetry_tables
from nnft_ppl.results import (
    Ensemble,
    Ensembles,
    Provenance,
    SamplerRecord,
    atomically,
    estimate_rows,
    has_series,
    series_of,
    single_draws,
    single_series,
    unfinished_words,
)
from nnft_ppl.statistics import estimate

WORDS = 3
"""Columns of `estimate_rows` that hold words; those in which nothing stands are left out."""


def write_report(ensemble: Ensemble, path: str | Path) -> list[Path]:
    """Write the report of a run: PATH, and NAME.csv of each figure in the folder of PATH's name without its ending.

    The page needs nothing beside it: pictures and the CSV behind its links are inside.

    Args:
        ensemble: The run.
        path: An .html file.

    Returns:
        All files written, the page first.

    Raises:
        ValueError: For a path that does not end in .html.
        OSError: If a file cannot be written.
    """
    path = Path(path)
    if path.suffix != ".html":
        raise ValueError(f"a report is an .html file, not {str(path)!r}")
    folder = path.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    found = _figures(ensemble)
    files = [path]
    for panel in found:
        file = folder / f"{panel.name}.csv"
        atomically(file, lambda part, panel=panel: part.write_text(_csv(panel), encoding="utf-8"))
        files.append(file)
    page = report_html(ensemble, found)
    atomically(path, lambda part: part.write_text(page, encoding="utf-8"))
    return files


def report_html(ensemble: Ensemble, found: list[Panel] | None = None) -> str:
    """The page as text.

    Args:
        ensemble: The run.
        found: Its figures; all that it has by default.
    """
    found = _figures(ensemble) if found is None else found
    about = ensemble.provenance
    headings, rows = estimate_rows(ensemble)
    told = [column for column in range(len(headings)) if column >= WORDS or any(row[column] for row in rows)]
    figures = [(panel, svg_of(panel), _download(panel)) for panel in found]
    loader = jinja2.PackageLoader("nnft_ppl.report", "templates")
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.get_template("report.html.j2").render(
        about=about,
        unfinished="" if isinstance(ensemble, Ensembles) else unfinished_words(about, about.sampler.draws),
        title=model_call(about.model, about.keywords),
        keywords=[(name, keyword_words(value)) for name, value in about.keywords.items()],
        statuses=STATUSES,
        verdicts=ensemble.verdicts,
        good=about.verdict == "good",
        headings=[headings[column] for column in told],
        rows=[[row[column] for column in told] for row in rows],
        words=sum(column < WORDS for column in told),
        log_z=format_value(about.log_z.value, about.log_z.error) if about.log_z else None,
        action=None if isinstance(ensemble, Ensembles) else _action(ensemble),
        findings=_members(ensemble) if isinstance(ensemble, Ensembles) else check_findings(ensemble),
        cost=_family_cost(ensemble) if isinstance(ensemble, Ensembles) else _cost(ensemble),
        provenance=_provenance(about),
        figures=[one for one in figures if not one[0].name.startswith((f"{CHECK}.", f"{axioms.CHECK}."))],
        axioms=None if isinstance(ensemble, Ensembles) else axioms.axiom_tables(ensemble),
        axiom_figures=[one for one in figures if one[0].name.startswith(f"{axioms.CHECK}.")],
        symmetries=None if isinstance(ensemble, Ensembles) else symmetry_tables(ensemble),
        symmetry_figures=[one for one in figures if one[0].name.startswith(f"{CHECK}.")],
    )


def _figures(ensemble: Ensemble) -> list[Panel]:
    return list(family_panels(ensemble) if isinstance(ensemble, Ensembles) else panels(ensemble))


def _members(ensembles: Ensembles) -> list[Found]:
    """A table of a family's members: how each was sampled, and what its checks said."""
    headings = ["member", "sampler", "draws", "seed", "seconds", "verdict"]
    rows = [
        [place, one["sampler"]["name"], one["sampler"]["draws"], one["seed"], f"{one['wall_s']:.1f}", one["verdict"]]
        for place, one in ensembles.findings["members"].items()
    ]
    tables = [("draws are per chain", headings, [[str(cell) for cell in row] for row in rows])]
    if failures := ensembles.findings.get("failures"):
        tables.append(("members that failed", ["member", "why"], [list(pair) for pair in failures.items()]))
    return [Found("members", [], tables)]


def _family_cost(ensembles: Ensembles) -> list[tuple[str, str]]:
    about = ensembles.provenance
    return [("time, everything included", f"{about.wall_s:.1f} s"), ("members", str(len(ensembles.members)))]


def _action(ensemble: Ensemble) -> list[tuple[str, str, str]]:
    """Each term of the action: its name, its mean with error, its spread over the draws."""
    series = series_of(ensemble.data, "action")
    if not series or not has_series(ensemble.data):
        return []
    independent, singles = ensemble.kind.independent, single_draws(ensemble.data, ensemble.kind)
    if singles:
        singles = singles._replace(series=series_of(single_series(ensemble.data), "action"))
    told: dict[str, Any] = {"independent": independent, "singles": singles}
    found = estimate(series, None, ensemble.log_weights, phase=ensemble.phase, **told)
    sampled = found
    if ensemble.phase is not None:  # a spread is that of what was sampled
        sampled = estimate(series, None, ensemble.log_weights, **told)
    spread = {name: float(one.error) * float(np.sqrt(np.nan_to_num(one.ess))) for name, one in sampled.items()}
    return [
        (name, format_value(one.value.item(), one.error.item()), f"{spread[name]:.3g}") for name, one in found.items()
    ]


def _cost(ensemble: Ensemble) -> list[tuple[str, str]]:
    """What the run cost, and what an effective draw of its slowest observable cost."""
    about, stats = ensemble.provenance, ensemble.data["sample_stats"].dataset
    chains, draws, averaged = about.sampler.chains, about.sampler.draws, about.sampler.averaged
    known = [float(np.nanmin(one.ess)) for one in ensemble.estimates().values() if np.isfinite(one.ess).any()]
    found = [
        ("time of the last call, everything included", f"{about.wall_s:.1f} s"),
        ("draws", f"{chains} chains × {draws}"),
    ]
    if known:
        least = min(known)
        found += [
            ("effective draws of the slowest estimate", f"{least:.0f}"),
            ("effective draws per second", f"{least / about.wall_s:.3g}"),
        ]
        if "n_steps" in stats and has_series(ensemble.data):
            gradients = float(stats["n_steps"].sum()) * averaged
            found.append(("gradients per effective draw, warm-up left out", f"{gradients / least:.3g}"))
    return [*found, ("parameters", str(about.dimension)), ("device", about.device)]


def _provenance(about: Provenance) -> list[tuple[str, str]]:
    versions = dict(about.versions) | {"numpyro": about.numpyro, "python": about.python}
    sampler = about.sampler
    return [
        ("sampler", f"{sampler.name}, {sampler.reason}"),
        *([] if about.family else [("reference", sampler.drawn_from)]),
        *([("warm-up", f"{sampler.warmup} steps per chain")] if sampler.kind != "free" else []),
        ("series", _kept_words(sampler)),
        ("seed", str(about.seed)),
        ("precision", about.precision),
        ("started", about.started),
        ("versions", ", ".join(f"{name} {version}" for name, version in versions.items())),
        ("sha256 of the model's source", about.source_sha256),
        ("fingerprint of the run", about.fingerprint),
    ]


def _kept_words(sampler: SamplerRecord) -> str:
    """What there is of the series."""
    if sampler.keep_series == "none":
        return "not kept: estimates, findings and statistics alone"
    if sampler.averaged == 1:
        return "every draw"
    return f"averages of {sampler.averaged} consecutive draws, and the first draw of each"


def _csv(panel: Panel) -> str:
    return panel.table.to_csv(index=False)


def _download(panel: Panel) -> str:
    return "data:text/csv;base64," + base64.b64encode(_csv(panel).encode()).decode()
