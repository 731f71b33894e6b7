"""What breaks reflection positivity, as a figure: the witness of every family, and the noise that it stands out of."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from nnft_ppl.report.drawing import COLOURS, axes_or_new
from nnft_ppl.report.panel import Panel
from nnft_ppl.results import (
    ABOUT_CLUSTER,
    ABOUT_EUCLIDEAN,
    AXIOM_HEADINGS,
    CLUSTER_HEADINGS,
    EUCLIDEAN_HEADINGS,
    Ensemble,
    axiom_rows,
    cluster_rows,
    euclidean_rows,
)

CHECK = "axioms"
"""The check whose findings these are."""
BAND = 4.0
"""Half the height of the band of noise, in errors."""
MARKERS = {"plane": "o", "site": "s", "link": "D"}
WORDS = (
    "ρ = E[(ΘF)* F]/E[|F|²] of the functional F that was found on one half of the draws and tested on the other, for "
    "each family of functionals, against the spacing of the times; errors of one standard deviation. The band is four "
    "errors about 0: a theory that is reflection positive has hardly ever a witness below it."
)


def axiom_tables(ensemble: Ensemble) -> list[dict[str, Any]] | None:
    """The tables of the page's section on the axioms; None where none was looked at.

    Args:
        ensemble: A run.
    """
    found = ensemble.findings.get(CHECK)
    if not found:
        return None
    tables = [(AXIOM_HEADINGS, axiom_rows(found), 4, "")]
    if euclidean := found.get("euclidean"):
        tables.append((EUCLIDEAN_HEADINGS, euclidean_rows(euclidean), 2, ABOUT_EUCLIDEAN))
    if cluster := found.get("cluster"):
        tables.append((CLUSTER_HEADINGS, cluster_rows(cluster), 1, ABOUT_CLUSTER))
    return [dict(zip(("headings", "rows", "words", "about"), one, strict=True)) for one in tables if one[1]]


def axiom_panels(findings: Mapping[str, Any]) -> Iterator[Panel]:
    """The positivity spectrum.

    Args:
        findings: Of every axiom, by name.
    """
    positivity = findings.get("reflection_positivity", {})
    if positivity.get("families"):
        rows = [
            {name: ", ".join(map(str, one)) if isinstance(one, list) else one for name, one in row.items()}
            for row in positivity["families"]
        ]
        words = f"{WORDS} {positivity['text'][:1].upper()}{positivity['text'][1:]}."
        yield Panel(
            f"{CHECK}.reflection_positivity",
            "Reflection positivity",
            words,
            pd.DataFrame(rows),
            lambda figure: plot_positivity(positivity, figure.subplots()),
            3.6,
        )


def plot_positivity(findings: Mapping[str, Any], axes: Axes | None = None) -> Axes:
    """Draw ρ of the held-out witness of every family against the spacing of its times.

    Args:
        findings: On reflection positivity, as in `ensemble.findings["axioms"]["reflection_positivity"]`.
        axes: Where to draw; a new figure by default.

    Returns:
        The axes.
    """
    axes = axes_or_new(axes, (6.4, 3.4))
    rows = findings["families"]
    families = list(dict.fromkeys((row["family"], row["reflection"]) for row in rows))
    spacings = sorted({row["spacing"] for row in rows})
    noise = [max(_number(row["rho_error"]) for row in rows if row["spacing"] == spacing) for spacing in spacings]
    for spacing, error in zip(spacings, noise, strict=True):
        low, high = (spacing * 1.25**side for side in (-1, 1))
        axes.fill_between([low, high], -BAND * error, BAND * error, color="0.88", linewidth=0, zorder=0)
    for number, (family, mirror) in enumerate(families):
        own = [row for row in rows if (row["family"], row["reflection"]) == (family, mirror)]
        shift = 1.08 ** (number - (len(families) - 1) / 2)
        places, value, error = (
            np.array(column)
            for column in zip(
                *((row["spacing"] * shift, _number(row["rho"]), _number(row["rho_error"])) for row in own), strict=True
            )
        )
        label = family if mirror == "plane" else f"{family} ({mirror})"
        axes.errorbar(
            places, value, yerr=error, fmt=MARKERS[mirror], color=COLOURS[number % len(COLOURS)], markersize=4,
            elinewidth=1.2, label=label,
        )  # fmt: skip
    axes.axhline(0, color="0.5", linewidth=0.8)
    if cutoff := findings.get("cutoff"):
        axes.axvline(1 / cutoff, color="0.5", linewidth=0.8, linestyle=":", label="1/Λ")
    axes.set_xscale("log")
    axes.set_xticks(spacings, [f"{spacing:.3g}" for spacing in spacings])
    axes.minorticks_off()
    axes.set_xlabel("spacing of the times")
    axes.set_ylabel("ρ of the witness")
    axes.legend(fontsize=8, loc="best")
    return axes


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
