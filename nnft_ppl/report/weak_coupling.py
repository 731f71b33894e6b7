"""Products of four and six fields beside what the connected functions of lower order make of them."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nnft_ppl.display import place_words
from nnft_ppl.observables import WEAK_COUPLING_TERMS, Derived, weak_coupling_terms
from nnft_ppl.report.drawing import COLOURS, shorten
from nnft_ppl.report.panel import Panel
from nnft_ppl.results import Ensemble

ENDING = ".moments"
MOST = 24
"""Configurations that are drawn."""
PREDICTED, LEFT = WEAK_COUPLING_TERMS[1:3], WEAK_COUPLING_TERMS[3:]
WORDS = {"gaussian": "Wick: two-point functions", "quartic": "with the four-point function"}


def weak_coupling_panels(ensemble: Ensemble) -> Iterator[Panel]:
    """A figure for every connected function of four or six points of an even theory.

    Args:
        ensemble: A run.
    """
    stored = ensemble.data["observables"].dataset
    for full in map(str, stored.data_vars):
        name = full.removesuffix(ENDING)
        if f"{name}.moment" not in stored.coords or np.iscomplexobj(stored[full]):
            continue
        labels = [str(one) for one in stored.coords[f"{name}.moment"].values]
        if (terms := weak_coupling_terms(full, labels)) is None:
            continue
        number = max(len(one.split()) for one in labels)
        table = _table(ensemble, name, terms, number)
        yield Panel(
            f"{name}.prediction",
            f"Products of {number} fields at the places of {name.replace('_', ' ')}",
            _caption(number),
            table,
            lambda figure, table=table: plot_weak_coupling(table, figure),
            4.2,
        )


def plot_weak_coupling(table: pd.DataFrame, figure: Figure) -> None:
    """Draw the averages of products beside their predictions, and below what these leave, in units of the first.

    Args:
        table: Columns `at`, and a value and an error for each of the terms.
        figure: An empty figure.
    """
    shown = table.iloc[:MOST]
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    places = np.arange(len(shown))
    predicted = [one for one in PREDICTED if one in shown]
    for number, one in enumerate(predicted, 1):
        above.plot(places, shown[one], "_", color=COLOURS[number], markersize=18, markeredgewidth=2, label=WORDS[one])
    _points(above, places, shown, WEAK_COUPLING_TERMS[0], COLOURS[0], "measured")
    above.set_ylabel("⟨φ…φ⟩")
    above.legend(frameon=False, fontsize="small")
    below.axhline(0, color="0.5", linewidth=0.8)
    for number, one in enumerate([one for one in LEFT if one in shown], 1):
        shift = 0.12 * (number - 1.5) if len(predicted) > 1 else 0.0
        _points(below, places + shift, shown, one, COLOURS[number])
    below.set_ylabel("left, relative")
    if shown["at"].any():
        below.set_xticks(places, [shorten(words, 24) for words in shown["at"]], rotation=20 if len(shown) > 4 else 0)
    else:
        below.set_xticks([])


def _points(
    axes: Axes, places: np.ndarray, table: pd.DataFrame, name: str, colour: str, words: str | None = None
) -> None:
    value, error = table[name].to_numpy(float), table[f"{name}.error"].to_numpy(float)
    axes.errorbar(places, value, yerr=error, fmt="o", color=colour, markersize=4.5, capsize=3, label=words)


def _table(ensemble: Ensemble, name: str, terms: Derived, number: int) -> pd.DataFrame:
    """One configuration a row: the product, its predictions, and what they leave, each with its error."""
    found = ensemble.estimates({"terms": terms})["terms"]
    # Of four fields nothing is predicted with the four-point function: that is what is measured.
    wanted = [one for one in WEAK_COUPLING_TERMS if number > 4 or "quartic" not in one]
    rows = []
    for index, labels in ensemble.labels(name):
        row: dict[str, object] = {"at": place_words(labels)}
        for one in wanted:
            entry = (WEAK_COUPLING_TERMS.index(one), *index)
            row |= {one: float(found.value[entry]), f"{one}.error": float(found.error[entry])}
        rows.append(row)
    return pd.DataFrame(rows)


def _caption(number: int) -> str:
    first = f"Points: averages of products of {number} fields, disconnected, with errors of one standard deviation. "
    wick = "Σ G₂G₂" if number == 4 else "Σ G₂G₂G₂"
    bars = f"Bars: {wick}, what Wick's theorem makes of the measured two-point functions"
    if number == 4:
        return f"{first}{bars}. Below: what it leaves, the connected function, in units of {wick}."
    return (
        f"{first}{bars}, and {wick} + Σ G₂G₄ with the measured connected four-point functions, to first order in 1/N; "
        f"nothing is fitted. Below: what each leaves, in units of {wick}; the last is the connected function."
    )
