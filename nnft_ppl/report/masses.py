"""Effective masses of a correlator with their plateau, and levels, as figures."""

from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nnft_ppl.observables import effective_mass
from nnft_ppl.report.correlators import are_labels, coordinate, plot_pulls_along
from nnft_ppl.report.drawing import COLOURS, axes_or_new, in_unit, inverse, label
from nnft_ppl.report.panel import Panel
from nnft_ppl.results import Ensemble, Plateau, find_plateau

LEVEL = ".level"
"""How the dimension of levels ends."""

NO_HAMILTONIAN = "Reflection positivity is violated in this run: there is no Hamiltonian whose energies these were."


def period_of(ensemble: Ensemble, name: str = "two_point") -> float | None:
    """Length of the circle, if the theory lives on one and all points of the observable lie on it; else None."""
    _, places = coordinate(ensemble, name)
    if are_labels(places):
        return None
    period = ensemble.data["estimates"].attrs.get("period")
    return float(period) if period is not None and places.min() >= 0 and places.max() <= period else None


def effective_mass_table(ensemble: Ensemble, name: str = "two_point") -> pd.DataFrame:
    """Middle of each pair of neighbouring points, effective mass between them with error, and the exact one.

    m_eff = ln(C_i/C_{i+1})/(r_{i+1} − r_i); on a circle the rate of the cosh through both points
    (`nnft_ppl.observables.effective_mass`).

    Args and errors as for `correlator_table`.
    """
    dim, places = coordinate(ensemble, name)
    if are_labels(places) or not np.all(np.diff(places) > 0):
        raise ValueError(f"the points of {name!r} along {dim} do not increase: {places}")
    mass = effective_mass(name, places, period_of(ensemble, name))
    called = f"{name}.effective_mass"  # of which the model may have one of its own
    found = ensemble.estimates({called: mass})[called]
    exact = ensemble.exact.get(name, np.full(len(places), np.nan))
    with np.errstate(invalid="ignore", divide="ignore"):
        known = np.asarray(mass({name: jnp.asarray(exact)}), float)
    middle = (places[:-1] + places[1:]) / 2
    return pd.DataFrame({dim: middle, "value": found.value, "error": found.error, "exact": known})


def plot_effective_mass(
    ensemble: Ensemble, name: str = "two_point", axes: Axes | None = None, plateau: Plateau | None = None
) -> Axes:
    """Draw the effective mass between neighbouring points of a correlator, the exact one, and a plateau.

    Points without an error that can be trusted are left out.

    Args:
        ensemble: A run.
        name: An observable, or a function of means, with one dimension that has coordinates.
        axes: Where to draw; a new figure by default.
        plateau: Drawn as bands over its window: the statistical error, and lighter with the change added in quadrature.

    Returns:
        The axes.

    Raises:
        ValueError: If there is no such observable, or its points do not increase.
    """
    table = effective_mass_table(ensemble, name)
    _, places = coordinate(ensemble, name)
    axes = axes_or_new(axes)
    half = np.diff(places) / 2
    middle, value, error = (table.iloc[:, column].to_numpy(float) for column in range(3))
    if bool(table["exact"].notna().any()):
        axes.hlines(table["exact"], middle - half, middle + half, color=COLOURS[1], label="exact")
    known = np.isfinite(error)
    axes.errorbar(
        middle[known], value[known], xerr=half[known], yerr=error[known], fmt="o", color=COLOURS[0], markersize=4.5,
        capsize=3, elinewidth=1, label="estimate",
    )  # fmt: skip
    if plateau is not None:
        both = np.hypot(plateau.error, np.nan_to_num(plateau.change))
        for size, alpha in ((both, 0.15), (plateau.error, 0.3)):
            axes.fill_between(
                [plateau.first, plateau.last], plateau.mass - size, plateau.mass + size, color=COLOURS[2], alpha=alpha,
                linewidth=0, label="plateau" if alpha > 0.2 else None,
            )  # fmt: skip
    if np.any(value[known] < 0):
        axes.axhline(0, color=COLOURS[0], linewidth=0.8)
    dim = str(table.columns[0])
    axes.set_xlabel(label(ensemble, dim))
    axes.set_ylabel(in_unit("effective mass", inverse(ensemble.unit(dim))))
    axes.legend(frameon=False)
    return axes


def effective_mass_panel(ensemble: Ensemble) -> Panel:
    """The figure of the effective mass of the two-point function, with its plateau if there is one.

    Args:
        ensemble: A run with a real `two_point` at increasing distances.
    """
    table = effective_mass_table(ensemble)
    known = np.isfinite(table["error"].to_numpy(float))
    if period_of(ensemble) is None:
        words = (
            "ln(C(r)/C(r'))/(r' − r) between neighbouring points r < r' of the two-point function C; the bar along r "
            "says which. Where C is a sum of decaying exponentials it falls to the lowest of their rates for large r."
        )
        if np.any(table["value"].to_numpy(float)[known] < 0):
            words += " It is negative where C rises: there it is no mass."
    else:
        words = (
            "The rate m of the cosh m(T/2 − r) through neighbouring points of the two-point function C on the circle "
            "of length T, a state that goes both ways round; the bar along r says which. Where C is a sum of states "
            "it falls to the lowest of their rates towards r = T/2. There is none where C rises towards T/2."
        )
    if not known.all():
        words += f" Left out: {int((~known).sum())} of {len(table)} that are undefined, or have no error to be trusted."
    plateau = find_plateau(ensemble, period=period_of(ensemble)) if len(table) > 1 else None
    if _no_hamiltonian(ensemble):
        words += f" {NO_HAMILTONIAN}"
    if plateau is not None and not plateau.dof:
        plateau = None
        words += " There is no plateau: no two masses at the longest distances agree."
    if plateau is not None:
        words += (
            f" Band: the plateau {plateau}. The window starts where all that follow agree with their correlated "
            "average at 10 %; lighter: with the change over the window, the least that excited states may still "
            "make, added."
        )
    return Panel(
        "effective_mass",
        "Effective mass",
        words,
        table,
        lambda figure: plot_effective_mass(ensemble, axes=figure.subplots(), plateau=plateau),
        3.2,
    )


def level_panels(ensemble: Ensemble) -> Iterator[Panel]:
    """A figure for every quantity that is a row of levels.

    Args:
        ensemble: A run.
    """
    data = ensemble.data["estimates"].dataset
    for name, one in ensemble.estimates().items():
        if data[name].ndim == 1 and str(data[name].dims[0]).endswith(LEVEL) and not np.iscomplexobj(one.value):
            yield _levels(ensemble, name)


def _levels(ensemble: Ensemble, name: str) -> Panel:
    table = levels_table(ensemble, name)
    known = bool(table["pull"].notna().any())

    def draw(figure: Figure) -> None:
        upper, *lower = figure.subplots(1 + known, 1, sharex=True, height_ratios=[3] + [1] * known, squeeze=False)[:, 0]
        plot_levels(ensemble, name, upper)
        for axes in lower:
            upper.set_xlabel("")
            plot_pulls_along(axes, table["level"].to_numpy(float), table["pull"].to_numpy(float))
            axes.set_xlabel("level")

    what = "Energies above the ground state" if _are_energies(name) else "By level"
    words = f"{what}, with errors of one standard deviation, where they can be trusted."
    if _no_hamiltonian(ensemble):
        words += f" {NO_HAMILTONIAN}"
    if known:
        words += (
            " Bars: the exact answer. Below: (estimate − exact)/error beyond what the model states for higher states, "
            "with bands of one and two errors."
        )
    return Panel(name, name.replace("_", " "), words, table, draw, 3.2 + known)


def _are_energies(name: str) -> bool:
    return name.endswith("levels")


def _no_hamiltonian(ensemble: Ensemble) -> bool:
    """Whether the run found reflection positivity violated, and not by its cut-off alone."""
    found = ensemble.findings.get("axioms", {}).get("reflection_positivity", {})
    return found.get("verdict") == "violated" and not found.get("by_cutoff")


def levels_table(ensemble: Ensemble, name: str = "levels") -> pd.DataFrame:
    """Number of each level, value, error, exact value and pull.

    Args:
        ensemble: A run.
        name: A quantity with one dimension.
    """
    one = ensemble.estimates()[name]
    unknown = np.full(one.value.shape, np.nan)
    exact, pull = ensemble.exact.get(name, unknown), ensemble.pulls().get(name, unknown)
    columns = {"level": np.arange(one.value.size), "value": one.value, "error": one.error, "exact": exact, "pull": pull}
    return pd.DataFrame(columns)


def plot_levels(ensemble: Ensemble, name: str = "levels", axes: Axes | None = None) -> Axes:
    """Draw levels with errors of one standard deviation, one beside the other, and the exact ones as bars.

    Args:
        ensemble: A run.
        name: A quantity with one dimension, such as `nnft_ppl.observables.levels` gives it.
        axes: Where to draw; a new figure by default.

    Returns:
        The axes.
    """
    table = levels_table(ensemble, name)
    axes = axes_or_new(axes)
    number, value, error, exact = (table[column].to_numpy(float) for column in ("level", "value", "error", "exact"))
    if np.isfinite(exact).any():
        axes.hlines(exact, number - 0.35, number + 0.35, color=COLOURS[1], linewidth=1.8, label="exact", zorder=1)
    known = np.isfinite(error)
    axes.errorbar(
        number[known], value[known], yerr=error[known], fmt="o", color=COLOURS[0], markersize=4.5, capsize=4,
        label="estimate",
    )  # fmt: skip
    axes.set_xlim(-0.6, max(len(number), 2) - 0.4)
    axes.set_ylim(bottom=min(0.0, *axes.get_ylim()))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("level")
    axes.set_ylabel(label(ensemble, name, "Eₙ − E₀" if _are_energies(name) else name.replace("_", " ")))
    axes.legend(frameon=False, loc="upper left")
    return axes
