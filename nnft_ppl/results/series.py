"""The series of a result, (chain, draw, ...), as estimates take them."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from nnft_ppl.draws import Kind, refuse_controls
from nnft_ppl.statistics import centred_control, mix, smooth_log_weights


def series_of(data: xr.DataTree, group: str = "observables") -> dict[str, np.ndarray]:
    """The observables' series, (chain, draw, ...), by name; or the arrays of another group, none if it is not there."""
    return {str(name): values.values for name, values in data[group].dataset.items()} if group in data else {}


def phase_of(terms: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """The phase of every draw, the sum of all terms; None where there are none.

    Args:
        terms: What every complex term of the action adds, (chain, draw), by name.
    """
    return np.sum(list(terms.values()), axis=0) if terms else None


def usable_log_weights(kind: Kind, stats: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """Log weights as estimates use them: smoothed for free draws, as they are for populations, None for chains.

    Args:
        kind: What the draws are.
        stats: Their statistics, (chain, draw), by name.
    """
    if not kind.weighted:
        return None
    return smooth_log_weights(stats["log_weight"])[0] if kind is Kind.FREE else stats["log_weight"]


def quoted_series(data: xr.DataTree, log_weights: np.ndarray | None) -> dict[str, np.ndarray]:
    """The series that estimates are made from: the observables', mixed with the improved ones where there are any.

    Raises:
        KindError: If there are controls of other than independent draws, whose features have another law.
    """
    series, better, controls = series_of(data), improved_series(data), centred_controls(data)
    return series | {
        name: mix(series[name], values, log_weights, controls.get(name)) for name, values in better.items()
    }


def centred_controls(data: xr.DataTree) -> dict[str, np.ndarray]:
    """C − E[C] of every draw, by name, where there are controls; see `nnft_ppl.statistics.centred_control`.

    Raises:
        KindError: As for `quoted_series`.
    """
    controls, means = series_of(data, "control"), series_of(data, "control_means")
    if controls:
        refuse_controls(Kind(data["sample_stats"].attrs["kind"]))
    return {name: centred_control(values, means[name]) for name, values in controls.items() if name in means}


def improved_series(data: xr.DataTree) -> dict[str, np.ndarray]:
    """The improved series, but for those that are not finite on every draw (a slope can be infinite)."""
    return {name: values for name, values in series_of(data, "improved").items() if np.all(np.isfinite(values))}
