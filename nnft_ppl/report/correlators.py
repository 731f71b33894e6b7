r"""Correlators along a coordinate: estimates with errors, the exact curve, pulls, estimators side by side."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from nnft_ppl.report.drawing import COLOURS, WRONG, axes_or_new, label, shorten
from nnft_ppl.report.parts import IMAGINARY, REAL, WHOLE, Part, columns_of, parts_of_estimate
from nnft_ppl.results import Ensemble
from nnft_ppl.statistics import Estimate

MANY_DECADES = 5.0
"""A correlator that is positive and falls by more than this factor is drawn on a logarithmic axis."""
LONGEST = 16
"""Characters of a text below a point, at most."""
MARKERS = {"quoted": "o", "raw": "s", "improved": "D", "reweighted": "^"}


def along_coordinate(ensemble: Ensemble) -> list[str]:
    """Observables and functions of means with one dimension that has coordinates: what can be drawn as a curve."""
    data = ensemble.data["estimates"].dataset
    return [name for name in ensemble.estimates() if data[name].ndim == 1 and data[name].dims[0] in data.coords]


def correlator_table(ensemble: Ensemble, name: str = "two_point") -> pd.DataFrame:
    """Coordinate, value, error, effective draws, exact value and pull of an observable, one point a row.

    Of a complex one value, error and exact value are two columns each, `value_re` and `value_im`, and `correlation` is
    that of the two errors.

    Args:
        ensemble: A run.
        name: An observable, or a function of means, with one dimension that has coordinates.

    Raises:
        ValueError: If there is no such observable.
    """
    dim, places = coordinate(ensemble, name)
    one = ensemble.estimates()[name]
    exact = exact_values(ensemble, name, one)
    columns = {dim: places} | columns_of("value", one.value) | columns_of("error", one.error)
    if one.correlation is not None:
        columns["correlation"] = one.correlation
    columns |= {"ess": one.ess} | columns_of("exact", exact)
    columns["pull"] = ensemble.pulls().get(name, np.full(one.value.shape, np.nan))
    return pd.DataFrame(columns).iloc[_order(places)].reset_index(drop=True)


def plot_correlator(
    ensemble: Ensemble, name: str = "two_point", axes: Axes | None = None, part: Part | None = None
) -> Axes:
    """Draw an observable along its coordinate with errors of one standard deviation, and the exact answer.

    Args:
        ensemble: A run.
        name: An observable, or a function of means, with one dimension that has coordinates.
        axes: Where to draw; a new figure by default.
        part: What of a complex one; by default the first of `nnft_ppl.report.parts.parts_of_estimate`.

    Returns:
        The axes.

    Raises:
        ValueError: If there is no such observable.
    """
    dim, places = coordinate(ensemble, name)
    one = ensemble.estimates()[name]
    part = part or parts_of_estimate(one)[0]
    axes = axes_or_new(axes)
    order = _order(places)
    places, value, error = _abscissa(axes, places)[order], part.of(one.value)[order], part.error(one)[order]
    exact = part.of(exact_values(ensemble, name, one))[order]
    curve = exact_curve(ensemble, name)
    if curve is not None:
        axes.plot(curve[0], part.of(curve[1]), color=COLOURS[1], linewidth=1.4, label="exact", zorder=1)
    elif bool(np.isfinite(exact).any()):
        axes.plot(places, exact, "_", color=COLOURS[1], markersize=16, label="exact", zorder=1)
    axes.errorbar(places, value, yerr=error, fmt="o", color=COLOURS[0], markersize=4.5, capsize=3, label="estimate")
    low, high = (value - 3 * error).min(), value.max()  # NaN where something is unknown: then on a linear axis
    if low > 0 and high > MANY_DECADES * value.min() and not part.pure:
        axes.set_yscale("log")
    axes.set_xlabel(label(ensemble, dim))
    words = part.name(name.replace("_", " "))
    axes.set_ylabel(words if part.pure else label(ensemble, name, words))
    axes.legend(frameon=False)
    return axes


def plot_correlator_pulls(ensemble: Ensemble, name: str = "two_point", axes: Axes | None = None) -> Axes:
    """Draw (estimate − exact)/error of an observable along its coordinate, with bands of one and two errors.

    Args and errors as for `plot_correlator`; points without exact answer are left out.
    """
    table = correlator_table(ensemble, name)
    axes = axes_or_new(axes, (6.4, 1.8))
    plot_pulls_along(axes, _abscissa(axes, table.iloc[:, 0].to_numpy()), table["pull"].to_numpy(float))
    axes.set_xlabel(label(ensemble, str(table.columns[0])))
    return axes


def plot_pulls_along(axes: Axes, where: np.ndarray, pull: np.ndarray) -> None:
    """Draw pulls at some places, with bands of one and two errors; those beyond four in red.

    Args:
        axes: Where to draw.
        where: The places.
        pull: (estimate − exact)/error; NaN, which is left out, where nothing is known.
    """
    for size in (2, 1):
        axes.axhspan(-size, size, color=COLOURS[0], alpha=0.12, linewidth=0)
    axes.axhline(0, color=COLOURS[1], linewidth=1)
    known = np.isfinite(pull)
    far = known & (np.abs(pull) > 4)
    for chosen, colour in ((known & ~far, COLOURS[0]), (far, WRONG)):
        axes.errorbar(where[chosen], pull[chosen], yerr=1, fmt="o", color=colour, markersize=4, capsize=3)
    reach = max(3.2, float(np.max(np.abs(pull[known]), initial=0.0)) + 1.3)
    axes.set_ylim(-reach, reach)
    axes.set_ylabel("pull")


def exact_values(ensemble: Ensemble, name: str, one: Estimate) -> np.ndarray:
    """Exact values of an observable, complex where its estimate is; NaN, in both parts, where unknown.

    Args:
        ensemble: A run.
        name: An observable.
        one: Its estimate.
    """
    exact = ensemble.exact.get(name, np.full(one.value.shape, np.nan))
    if not np.iscomplexobj(one.value):
        return exact
    return np.where(np.isnan(exact), complex(np.nan, np.nan), exact)


def exact_curve(ensemble: Ensemble, name: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Coordinates and exact values between the measured points, if the model knows them."""
    if "curves" not in ensemble.data or name not in ensemble.data["curves"].data_vars:
        return None
    curve = ensemble.data["curves"].dataset[name]
    return curve.coords[f"{name}.at"].values, curve.values


def estimators_of(ensemble: Ensemble, name: str = "two_point") -> dict[str, Estimate]:
    """All estimates of an observable: quoted, raw, improved, and from reweighted free draws."""
    kinds = {
        "quoted": ensemble.estimates(),
        "raw": ensemble.estimates_of("raw"),
        "improved": ensemble.estimates_of("improved"),
        "reweighted": ensemble.second_route,
    }
    return {kind: estimates[name] for kind, estimates in kinds.items() if name in estimates}


def estimators_table(ensemble: Ensemble, name: str = "two_point") -> pd.DataFrame:
    """Coordinate, and value, error and effective draws of each estimator."""
    dim, places = coordinate(ensemble, name)
    columns: dict[str, np.ndarray] = {dim: places}
    for kind, one in estimators_of(ensemble, name).items():
        columns |= columns_of(kind, one.value) | columns_of(f"{kind}_error", one.error) | {f"{kind}_ess": one.ess}
    return pd.DataFrame(columns).iloc[_order(places)].reset_index(drop=True)


def plot_estimators(
    ensemble: Ensemble, name: str = "two_point", axes: Axes | None = None, part: Part | None = None
) -> Axes:
    """Draw every estimator of an observable as its difference from the quoted value, point by point.

    Args and errors as for `plot_correlator`; of a complex one the real part by default.
    """
    _, places = coordinate(ensemble, name)
    axes = axes_or_new(axes)
    found = estimators_of(ensemble, name)
    centre = found["quoted"].value
    part = part or difference_parts(found["quoted"])[0]
    ranks = np.arange(len(places))
    axes.axhline(0, color=COLOURS[0], linewidth=0.8)
    for number, (kind, one) in enumerate(found.items()):
        shift = 0.16 * (number - (len(found) - 1) / 2)
        axes.errorbar(
            ranks + shift,
            part.of(one.value - centre),
            yerr=part.error(one),
            fmt=MARKERS[kind],
            color=COLOURS[number],
            markersize=4.5,
            capsize=2,
            label=kind,
        )
    dim = ensemble.data["estimates"].dataset[name].dims[0]
    axes.set_xticks(ranks, [one if isinstance(one, str) else f"{one:.3g}" for one in places])
    axes.set_xlabel(label(ensemble, str(dim)))
    axes.set_ylabel(label(ensemble, name, part.name("difference")))
    axes.legend(frameon=False, ncols=len(found), loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return axes


def difference_parts(one: Estimate) -> tuple[Part, ...]:
    """What is drawn of a difference from an estimate: both parts where that is complex, for it should be zero.

    Args:
        one: The estimate.
    """
    return (REAL, IMAGINARY) if np.iscomplexobj(one.value) else (WHOLE,)


def coordinate(ensemble: Ensemble, name: str) -> tuple[str, np.ndarray]:
    """The dimension of an observable that can be drawn as a curve, and where it is measured.

    Args:
        ensemble: A run.
        name: The observable.

    Raises:
        ValueError: If it is none of that kind.
    """
    known = along_coordinate(ensemble)
    if name not in known:
        raise ValueError(
            f"{name!r} cannot be drawn along a coordinate; these can: {', '.join(known) or 'no observable of this run'}"
        )
    values = ensemble.data["estimates"].dataset[name]
    dim = str(values.dims[0])
    return dim, values.coords[dim].values


def are_labels(places: np.ndarray) -> bool:
    """Whether places are texts."""
    return places.dtype.kind not in "iuf"


def _order(places: np.ndarray) -> np.ndarray:
    """Numbers from small to large, and texts as the model file has them."""
    return np.arange(len(places)) if are_labels(places) else np.argsort(places, kind="stable")


def _abscissa(axes: Axes, places: np.ndarray) -> np.ndarray:
    """Where points are drawn: at their places, or one beside the other, with a text below each."""
    if not are_labels(places):
        return places.astype(float)
    ranks = np.arange(len(places), dtype=float)
    axes.set_xticks(ranks, [shorten(str(one), LONGEST) for one in places])
    axes.set_xlim(-0.5, len(places) - 0.5)
    return ranks
