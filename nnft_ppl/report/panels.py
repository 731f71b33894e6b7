"""Which figures a run has, in the order of its report: each with its words, its data, and how it is drawn."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nnft_ppl.report import chains, correlators, fields, masses, pulls, tempering
from nnft_ppl.report.checks import check_figures
from nnft_ppl.report.panel import Panel
from nnft_ppl.report.parts import MODULUS, REAL, parts_of_estimate
from nnft_ppl.report.weak_coupling import weak_coupling_panels
from nnft_ppl.results import Ensemble, has_series, places

NUMBERED = ("component", "configuration", "other_component")
"""Dimensions whose coordinates are numbers of something, no distances."""
MOST_TRACES = 4
"""Components of observables that traces are drawn of."""


def panels(ensemble: Ensemble) -> Iterator[Panel]:
    """Every figure for which the run has data."""
    whole = has_series(ensemble.data)
    for part in PARTS:
        if whole or part not in OF_SERIES:
            yield from part(ensemble)


def _correlators(ensemble: Ensemble) -> Iterator[Panel]:
    known = correlators.along_coordinate(ensemble)
    for name in known:
        yield _correlator(ensemble, name)
    for name in known:
        if len(correlators.estimators_of(ensemble, name)) > 1:
            yield _estimators(ensemble, name)
    real = (
        has_series(ensemble.data)
        and "two_point" in known
        and not np.iscomplexobj(ensemble.estimates()["two_point"].value)
    )
    real &= has_series(ensemble.data)  # of which masses are functions
    places = correlators.correlator_table(ensemble).iloc[:, 0] if real else pd.Series()
    if len(places) > 1 and not isinstance(places[0], str) and places.name not in NUMBERED:
        yield masses.effective_mass_panel(ensemble)
    yield from masses.level_panels(ensemble)
    if set(ensemble.exact) - set(known) and (exact := _exact_rows(ensemble)):
        yield _exact_pulls(exact)


def _fields(ensemble: Ensemble) -> Iterator[Panel]:
    if "fields" in ensemble.data:
        for name in ensemble.data["fields"].data_vars:
            yield _field(ensemble, str(name))


def _weights_and_beta(ensemble: Ensemble) -> Iterator[Panel]:
    interacting = len(ensemble.data["action"].data_vars) > 0
    if interacting and ensemble.tempering is not None:
        yield _tempering(ensemble)
    if interacting and ensemble.kind.weighted and has_series(ensemble.data):
        yield _weights(ensemble)


def _traces(ensemble: Ensemble) -> Iterator[Panel]:
    for name, index in _followed(ensemble):
        yield _trace(ensemble, name, index)


def _correlator(ensemble: Ensemble, name: str) -> Panel:
    table = correlators.correlator_table(ensemble, name)
    known = bool(table["pull"].notna().any())
    shown = parts_of_estimate(ensemble.estimates()[name])

    def draw(figure: Figure) -> None:
        heights = [3] * len(shown) + [1] * known
        axes = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
        for one, part in zip(axes, shown, strict=False):
            correlators.plot_correlator(ensemble, name, one, part)
        if known:
            correlators.plot_correlator_pulls(ensemble, name, axes[-1])
        for one in axes[:-1]:
            one.set_xlabel("")
        for one in axes[1 : len(shown)]:
            _without_legend(one)

    words = "Points: estimates with errors of one standard deviation."
    if len(shown) > 1:
        words += f" {WORDS_OF_PARTS[shown[0]]}"
    if known:
        words += " Line: the exact answer. Below: (estimate − exact)/error, with bands of one and two errors."
    height = 3.6 + 2.6 * (len(shown) - 1) + 1.0 * known
    return Panel(name, name.replace("_", " "), words, table, draw, height)


def _estimators(ensemble: Ensemble, name: str) -> Panel:
    words = (
        "Every estimate as its difference from the quoted one. Quoted: the best mix of raw and improved, where there "
        "are both. Improved: the average over Gaussian amplitudes taken by hand. Reweighted: exact free draws, an "
        "independent route. Raw, improved and quoted values come from the same draws: their errors are correlated."
    )
    shown = correlators.difference_parts(ensemble.estimates()[name])

    def draw(figure: Figure) -> None:
        for number, part in enumerate(shown):
            axes = correlators.plot_estimators(ensemble, name, figure.add_subplot(len(shown), 1, number + 1), part)
            if number:
                _without_legend(axes)

    return Panel(
        f"{name}.estimators",
        f"{name.replace('_', ' ')}: raw, improved and second route",
        words,
        correlators.estimators_table(ensemble, name),
        draw,
        3.4 + 2.4 * (len(shown) - 1),
    )


def _without_legend(axes: Axes) -> None:
    """What the axes above say need not be said twice."""
    if (legend := axes.get_legend()) is not None:
        legend.remove()


def _exact_rows(ensemble: Ensemble) -> list[dict[str, object]]:
    """(estimate − exact)/error of everything that is known."""
    rows = []
    for name, found in ensemble.pulls().items():
        for index, place in places(ensemble, name):
            if np.isfinite(found[index]):
                rows.append({"vector_field": name, "observable": place or "value", "z": float(found[index])})
    return rows


def _exact_pulls(rows: list[dict[str, object]]) -> Panel:
    def draw(figure: Figure) -> None:
        pulls.plot_pulls(rows, figure.subplots()).set_xlabel("(estimate − exact)/error")

    table = pd.DataFrame(rows).rename(columns={"vector_field": "name", "observable": "at", "z": "pull"})
    words = "Every estimate against its exact answer, in units of its error, with bands of one and two errors."
    return Panel("exact_pulls", "Against exact answers", words, table, draw, pulls.height_of(len(rows)))


def _field(ensemble: Ensemble, name: str) -> Panel:
    pictures = fields.field_pictures(ensemble, name)
    words = "Fields φ(x) of single draws, picked at random (by weight, where draws have weights)."
    if len(pictures[0].axes) == 2:
        units = "" if "time" in pictures[0].axes else ", one unit of length on both axes"
        words += f" One colour scale{units}; beyond two dimensions a plane through the centre."
    if left := fields.left_out(ensemble, name):
        words += f" {left}"
    return Panel(
        name,
        "Drawn fields" if name == "field" else f"Drawn fields: {name}",
        words,
        fields.fields_table(ensemble, name),
        lambda figure: fields.plot_fields(ensemble, name, figure),
        fields.height_of(pictures),
    )


def _tempering(ensemble: Ensemble) -> Panel:
    return Panel(
        "log_z",
        "From the free theory to this one",
        "ln Z(β)/Z(0) of the density with action βS, with a band of one error; β = 1 is this theory. Where the action "
        "is proportional to the coupling, β is the coupling in units of the run's.",
        tempering.tempering_table(ensemble),
        lambda figure: tempering.plot_tempering(ensemble, axes=figure.subplots()),
        3.0,
    )


def _weights(ensemble: Ensemble) -> Panel:
    return Panel(
        "weights",
        "Weights of the draws",
        "The share of the whole weight that the heaviest draws carry. The nearer to the dashed line, the better: a "
        "curve that starts high says that a few draws decide.",
        chains.weights_table(ensemble),
        lambda figure: chains.plot_weights(ensemble, figure.subplots()),
        2.8,
    )


def _followed(ensemble: Ensemble) -> list[tuple[str, tuple[int, ...]]]:
    """The components that traces are drawn of: the first of each observable, then more of each."""
    shown = ensemble.data["estimates"]
    names = [str(name) for name in ensemble.data["observables"].data_vars if name in shown]
    components = {name: [index for index, _ in places(ensemble, name)] for name in names}
    longest = max((len(indices) for indices in components.values()), default=0)
    order = [
        (name, components[name][rank]) for rank in range(longest) for name in names if rank < len(components[name])
    ]
    # Independent draws have nothing to follow: two pictures show their spread.
    return order[: 2 if ensemble.kind.independent else MOST_TRACES]


def _trace(ensemble: Ensemble, name: str, index: tuple[int, ...]) -> Panel:
    shown = chains.parts_of_draws(ensemble, name)
    plots = [chains.plot_traces] if ensemble.kind.independent else [chains.plot_traces, chains.plot_autocorrelation]
    pairs = [(plot, part) for plot in plots for part in shown]

    def draw(figure: Figure) -> None:
        for axes, (plot, part) in zip(figure.subplots(len(pairs), 1, squeeze=False)[:, 0], pairs, strict=True):
            plot(ensemble, name, index, axes, part)

    words = (
        "Independent free draws, before their weights, in groups; long ones thinned."
        if ensemble.kind.independent
        else "One line a chain, long chains thinned. Below: autocorrelation with errors of one standard deviation, and "
        "its integrated time."
    )
    suffix = "".join(f".{i}" for i in index)
    return Panel(
        f"trace.{name}{suffix}",
        f"Trace of {chains.component_name(ensemble, name, index)}",
        words,
        chains.trace_table(ensemble, name, index),
        draw,
        0.4 + 2.0 * len(pairs),
    )


WORDS_OF_PARTS = {
    MODULUS: "Modulus and phase (in radians, from −π to π).",
    REAL: "Real and imaginary part, for the modulus is lost in noise somewhere.",
}
"""What is drawn of a complex correlator, by the first of its parts."""
PARTS = (_correlators, weak_coupling_panels, check_figures, _fields, _weights_and_beta, _traces)
"""The parts of a report in order; each gives the figures that a run has."""
OF_SERIES = (weak_coupling_panels, _traces)
"""Those that look at series."""
