"""How the draws came: traces and autocorrelation of observables, and the weights of weighted draws."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from nnft_ppl.display import format_value
from nnft_ppl.report.drawing import COLOURS, axes_or_new, label, shorten
from nnft_ppl.report.parts import IMAGINARY, REAL, WHOLE, Part, columns_of
from nnft_ppl.results import Ensemble, averaged_over, places, single_series, usable_log_weights
from nnft_ppl.statistics import autocorrelation_function, gamma_method, relative_weights

TRACE_POINTS = 300
"""Points of a chain that are drawn."""
LAGS = 200
"""Lags of the autocorrelation, at most."""


def trace_table(ensemble: Ensemble, name: str, index: tuple[int, ...] = ()) -> pd.DataFrame:
    """Draw number and the value of one component of an observable in each chain; long chains thinned evenly.

    Of a complex one `chain_0_re`, `chain_0_im` and so on.

    Args:
        ensemble: A run.
        name: An observable.
        index: Which of its components.

    Raises:
        ValueError: If there is no such observable or component.
    """
    values = _component(ensemble, name, index)
    draws = ensemble.data["observables"].dataset["draw"].values
    chosen = np.unique(np.linspace(0, len(draws) - 1, TRACE_POINTS).astype(int))
    columns: dict[str, np.ndarray] = {"draw": draws[chosen]}
    for chain in range(len(values)):
        columns |= columns_of(f"chain_{chain}", values[chain, chosen])
    return pd.DataFrame(columns)


def parts_of_draws(ensemble: Ensemble, name: str) -> tuple[Part, ...]:
    """What is drawn of draws: both parts of complex ones.

    Args:
        ensemble: A run.
        name: An observable.
    """
    return (REAL, IMAGINARY) if np.iscomplexobj(ensemble.data["observables"].dataset[name].values) else (WHOLE,)


def plot_traces(
    ensemble: Ensemble, name: str, index: tuple[int, ...] = (), axes: Axes | None = None, part: Part | None = None
) -> Axes:
    """Draw one component of an observable against the number of the draw, each chain in its own colour.

    Args:
        ensemble: A run.
        name: An observable.
        index: Which of its components.
        axes: Where to draw; a new figure by default.
        part: What of a complex one; the real part by default.

    Returns:
        The axes.

    Raises:
        ValueError: If there is no such observable or component.
    """
    table = trace_table(ensemble, name, index)
    axes = axes_or_new(axes, (6.4, 2.4))
    part = part or parts_of_draws(ensemble, name)[0]
    ending = {REAL: "_re", IMAGINARY: "_im"}.get(part, "")
    for number, chain in enumerate(one for one in table.columns[1:] if one.endswith(ending)):
        axes.plot(table["draw"], table[chain], color=COLOURS[number % len(COLOURS)], linewidth=0.6, alpha=0.85)
    axes.set_xlabel("draw")
    # Above the axes, where there is room for it.
    words = part.name(component_name(ensemble, name, index))
    axes.set_title(label(ensemble, name, words), loc="left", fontsize="medium")
    return axes


def autocorrelation_table(
    ensemble: Ensemble, name: str, index: tuple[int, ...] = (), part: Part | None = None
) -> pd.DataFrame:
    """Lag in draws, autocorrelation function ρ(t) of one component of an observable, and its error.

    Args and errors as for `trace_table`, `part` as for `plot_traces`. Lags up to six integrated autocorrelation times,
    at least 10.
    """
    values = (part or parts_of_draws(ensemble, name)[0]).of(_component(ensemble, name, index))
    tau = float(gamma_method(values).tau_int)
    rho, error = autocorrelation_function(values, int(min(LAGS, max(10, np.ceil(6 * tau)))))
    return pd.DataFrame({"lag": averaged_over(ensemble.data) * np.arange(len(rho)), "rho": rho, "error": error})


def plot_autocorrelation(
    ensemble: Ensemble, name: str, index: tuple[int, ...] = (), axes: Axes | None = None, part: Part | None = None
) -> Axes:
    """Draw ρ(t) of one component of an observable with its error; the legend gives the integrated time τ.

    Args, return value and errors as for `plot_traces`.
    """
    part = part or parts_of_draws(ensemble, name)[0]
    table = autocorrelation_table(ensemble, name, index, part)
    tau, tau_error = _integrated_time(ensemble, name, index, part)
    axes = axes_or_new(axes, (6.4, 2.4))
    axes.axhline(0, color=COLOURS[1], linewidth=0.8)
    axes.errorbar(
        table["lag"],
        table["rho"],
        yerr=table["error"],
        fmt="o",
        markersize=2.5,
        elinewidth=0.8,
        color=COLOURS[0],
        label=f"τ = {format_value(tau, tau_error)} draws",
    )
    axes.set_xlabel("lag  [draws]")
    words = shorten(part.name(component_name(ensemble, name, index)), 36)
    axes.set_title(f"autocorrelation of {words}", loc="left", fontsize="medium")
    axes.legend(frameon=False)
    return axes


def weights_table(ensemble: Ensemble) -> pd.DataFrame:
    """Share of the draws, heaviest first, and the share of the whole weight that they carry; 200 rows.

    Raises:
        ValueError: If the draws have no weights.
    """
    logs = usable_log_weights(single_series(ensemble.data), ensemble.kind)
    if logs is None:
        raise ValueError("the draws of a Markov chain have no weights")
    weights = np.sort(relative_weights(logs).reshape(-1))[::-1]
    carried = np.cumsum(weights) / weights.sum()
    chosen = np.unique(np.geomspace(1, len(weights), 200).astype(int)) - 1
    return pd.DataFrame({"share_of_draws": (chosen + 1) / len(weights), "share_of_weight": carried[chosen]})


def plot_weights(ensemble: Ensemble, axes: Axes | None = None) -> Axes:
    """Draw what share of the whole weight the heaviest draws carry; the diagonal has all weights equal.

    Args:
        ensemble: A run of weighted draws.
        axes: Where to draw; a new figure by default.

    Returns:
        The axes.

    Raises:
        ValueError: If the draws have no weights.
    """
    table = weights_table(ensemble)
    axes = axes_or_new(axes, (6.4, 3.0))
    axes.plot(table["share_of_draws"], table["share_of_weight"], color=COLOURS[0], label="this run")
    line = np.geomspace(table["share_of_draws"].iloc[0], 1, 50)
    axes.plot(line, line, "--", color=COLOURS[1], label="equal weights")
    axes.set_xscale("log")
    axes.set_xlabel("share of the draws, heaviest first")
    axes.set_ylabel("share of the weight")
    axes.legend(frameon=False)
    return axes


def component_name(ensemble: Ensemble, name: str, index: tuple[int, ...]) -> str:
    """An observable and the coordinates of one of its components in words."""
    place = dict(places(ensemble, name))[index]
    return f"{name.replace('_', ' ')} ({place})" if place else name.replace("_", " ")


def _integrated_time(ensemble: Ensemble, name: str, index: tuple[int, ...], part: Part) -> tuple[float, float]:
    """τ in draws with its error; of averages it is the error of their mean that tells, against single draws."""
    single, each = part.of(_component(ensemble, name, index)), averaged_over(ensemble.data)
    if each == 1:
        gamma = gamma_method(single)
        return float(gamma.tau_int), float(gamma.tau_error)
    series = part.of(_component(ensemble, name, index, averages=True))
    gamma = gamma_method(series)
    scale = each * float(np.var(series) / max(np.var(single), np.finfo(float).tiny))
    return scale * float(gamma.tau_int), scale * float(gamma.tau_error)


def _component(ensemble: Ensemble, name: str, index: tuple[int, ...], *, averages: bool = False) -> np.ndarray:
    """Single draws of one component; or, of a long run, averages of them."""
    data: Any = (ensemble.data if averages else single_series(ensemble.data))["observables"].dataset
    if name not in data.data_vars:
        raise ValueError(f"there is no observable {name!r}; there are {', '.join(map(str, data.data_vars))}")
    values = data[name].values
    if len(index) != values.ndim - 2 or any(not 0 <= i < n for i, n in zip(index, values.shape[2:], strict=False)):
        raise ValueError(f"{name!r} has components of shape {values.shape[2:]}; {index} is none of them")
    return values[(slice(None), slice(None), *index)]
