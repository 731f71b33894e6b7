"""What breaks the declared symmetries, and their Ward identities, as figures."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nnft_ppl.report.drawing import COLOURS, axes_or_new, shorten
from nnft_ppl.report.panel import Panel
from nnft_ppl.results import (
    ABOUT_PARTS,
    BREAKING_HEADINGS,
    PART_WORDS,
    SUMMARY_HEADINGS,
    Ensemble,
    breaking_rows,
    functional_words,
    lift_words,
    summary_rows,
)

CHECK = "symmetries"
"""The check whose findings these are."""
MOST_DRAWN = 6
"""Symmetries in one figure; the tables have all."""
MOST_ROWS = 16
"""Ward identities of one symmetry that are drawn."""

Findings = Mapping[str, Any]


def symmetry_tables(ensemble: Ensemble) -> dict[str, Any] | None:
    """What the page's section on symmetries says: a row for each, the parts of B, words; None without symmetries.

    Args:
        ensemble: A run.
    """
    found = ensemble.findings.get(CHECK)
    if not found:
        return None
    return {
        "headings": SUMMARY_HEADINGS,
        "rows": summary_rows(found),
        "part_headings": BREAKING_HEADINGS,
        "parts": [row for name, one in found.items() for row in breaking_rows(name, one)],
        "about": ABOUT_PARTS,
        "lifts": [words for name, one in found.items() if (words := lift_words(name, one))],
    }


def symmetry_panels(findings: Findings) -> Iterator[Panel]:
    """A figure of what breaks the symmetries, and one of their Ward identities.

    Args:
        findings: Of every symmetry, by name.
    """
    broken = {name: one for name, one in findings.items() if _size(one) > 0}
    if broken:
        words = (
            "The parts of the breaking function B of each symmetry: bars are means with errors of one standard "
            "deviation, diamonds the root mean square over draws."
        )
        if kept := [name for name in findings if name not in broken and findings[name]["breaking"]]:
            words += f" Every part vanishes on every draw for {', '.join(kept)}."
        shown = dict(list(broken.items())[:MOST_DRAWN])
        yield Panel(
            f"{CHECK}.breaking",
            "What breaks the symmetries",
            words,
            _breaking_table(findings),
            lambda figure: _each_below(figure, shown, plot_breaking),
            0.5 + 1.75 * len(shown),
        )
    moving = {name: one for name, one in findings.items() if _drawn_rows(one)}
    if moving:
        words = (
            "How functionals F of the field change, E[V(F)], against what the breaking function says, −E[B F] + flux; "
            "errors of one standard deviation. The two are measured on the same draws."
        )
        drawn = dict(list(moving.items())[:MOST_DRAWN])
        yield Panel(
            f"{CHECK}.ward",
            "Ward identities of the symmetries",
            words,
            _ward_table(findings),
            lambda figure: _each_below(figure, drawn, plot_ward),
            0.5 + sum(0.7 + 0.24 * len(_drawn_rows(one)) for one in drawn.values()),
        )


def plot_breaking(findings: Findings, axes: Axes | None = None) -> Axes:
    """Draw the parts of a symmetry's breaking function: means as bars with errors, sizes as diamonds.

    Args:
        findings: Of one symmetry, as in `ensemble.findings["symmetries"]`.
        axes: Where to draw; a new figure by default.

    Returns:
        The axes.
    """
    axes = axes_or_new(axes, (6.4, 2.4))
    parts = [part for part in PART_WORDS if part in findings["breaking"]]
    value, error, size = (
        np.array([_number(findings["breaking"][part][key]) for part in parts]) for key in ("value", "error", "size")
    )
    places = np.arange(len(parts))
    colours = [COLOURS[1] if part == "total" else COLOURS[0] for part in parts]
    axes.barh(places, value, 0.6, color=colours, alpha=0.7)
    axes.errorbar(value, places, xerr=error, fmt="none", ecolor="0.5", elinewidth=1.4, capsize=3)
    there = size > 0
    axes.plot(size[there], places[there], "D", color=COLOURS[3], markersize=5, label="root mean square")
    axes.axvline(0, color="0.5", linewidth=0.8)
    axes.set_yticks(places, [PART_WORDS[part] for part in parts], fontsize=8)
    axes.set_ylim(len(parts) - 0.4, -0.6)
    axes.set_xlabel("mean and root mean square", fontsize=8)
    return axes


def plot_ward(findings: Findings, axes: Axes | None = None) -> Axes:
    """Draw how each functional changes, beside what the breaking function and the flux say.

    Args:
        findings: Of one symmetry, as in `ensemble.findings["symmetries"]`.
        axes: Where to draw; a new figure by default.

    Returns:
        The axes.
    """
    rows = _drawn_rows(findings)
    axes = axes_or_new(axes, (6.4, 1.2 + 0.26 * len(rows)))
    places = np.arange(len(rows))
    sides = {"change": ("E[V(F)]", "o", -0.14), "expected": ("−E[B F] + flux", "s", 0.14)}
    for colour, (side, (words, marker, shift)) in zip(COLOURS, sides.items(), strict=False):
        value, error = (np.array([_number(row[side][key]) for row in rows]) for key in ("value", "error"))
        axes.errorbar(
            value, places + shift, xerr=error, fmt=marker, color=colour, markersize=4, elinewidth=1.2, label=words
        )
    axes.axvline(0, color="0.5", linewidth=0.8)
    many = len({row["generator"] for row in rows}) > 1
    called = [functional_words(row) for row in rows]
    names = [f"{row['generator']} · {name}" if many else name for row, name in zip(rows, called, strict=True)]
    axes.set_yticks(places, [shorten(name, 36) for name in names], fontsize=8)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel("change of F", fontsize=8)
    return axes


def _each_below(figure: Figure, findings: Mapping[str, Findings], plot: Any) -> None:
    """One small figure for each symmetry, one below the other, under one legend."""
    heights = [1 + len(_drawn_rows(one)) / 4 if plot is plot_ward else 1 for one in findings.values()]
    every = figure.subplots(len(findings), 1, squeeze=False, height_ratios=heights)[:, 0]
    for (name, one), axes in zip(findings.items(), every, strict=True):
        plot(one, axes).set_title(shorten(name), fontsize=9)
    for axes in every[:-1]:
        axes.set_xlabel("")
    every[0].legend(fontsize=8, loc="best")


def _drawn_rows(findings: Findings) -> list[dict[str, Any]]:
    """Ward identities that are not 0 = 0, of a lift that is one; F = 1 last, for it has no change."""
    if findings["verdict"] == "not_a_symmetry":
        return []
    rows = [
        row
        for row in findings["ward"]["rows"]
        if any(row[side]["error"] or row[side]["value"] for side in ("change", "expected"))
    ]
    return sorted(rows, key=lambda row: row["observable"] == "1")[:MOST_ROWS]


def _breaking_table(findings: Findings) -> pd.DataFrame:
    rows = [
        {"symmetry": name, "verdict": one["verdict"], "part": part} | dict(found)
        for name, one in findings.items()
        for part, found in one["breaking"].items()
    ]
    return pd.DataFrame(rows)


def _ward_table(findings: Findings) -> pd.DataFrame:
    rows = []
    for name, one in findings.items():
        for row in one["ward"]["rows"]:
            flat = {"symmetry": name, "generator": row["generator"], "observable": row["observable"]}
            for side in ("change", "breaking", "flux", "expected"):
                flat |= {side: row[side]["value"], f"{side}.error": row[side]["error"]}
            rows.append(flat | {key: row[key] for key in ("residual", "error", "z", "averaged")})
    return pd.DataFrame(rows)


def _size(findings: Findings) -> float:
    return max((_number(one["size"]) for one in findings["breaking"].values()), default=0.0)


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
