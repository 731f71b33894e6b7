"""The series of a result, (chain, draw, ...), as estimates take them: of long runs averages of consecutive draws."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from nnft_ppl.draws import Kind
from nnft_ppl.statistics import SingleDraws, mix, mixed_alike, smooth_log_weights


def series_of(data: xr.DataTree, group: str = "observables") -> dict[str, np.ndarray]:
    """The observables' series, (chain, draw, ...), by name; or the arrays of another group, none if it is not there."""
    return {str(name): values.values for name, values in data[group].dataset.items()} if group in data else {}


def averaged_over(data: xr.DataTree) -> int:
    """How many consecutive draws an entry of the series is the average of; 1 where the series are whole."""
    return int(data.attrs.get("averaged", 1))


def single_series(data: xr.DataTree) -> xr.DataTree:
    """The groups of series with single draws in them: of averages the first draw of each, else the series."""
    return data.children.get("singles", data)


def with_entry(data: xr.DataTree, numbers: np.ndarray) -> np.ndarray:
    """Which draws are single ones of the series: all, or beside averages the first of each.

    Args:
        data: A result.
        numbers: Of draws in their chain.
    """
    every, length = averaged_over(data), data["observables"].sizes["draw"]
    return (numbers % every == 0) & (numbers < every * length)


def has_series(data: xr.DataTree) -> bool:
    """Whether there are series, and not estimates alone."""
    return "observables" in data and data["observables"].dataset.sizes.get("draw", 0) > 0


def drop_series(data: xr.DataTree) -> None:
    """Leave no draw in the series, whose names, dimensions and units stay; estimates and findings stay, too.

    Args:
        data: A result, which is changed.
    """
    for group in ("sample_stats", "observables", "improved", "action", "phase"):
        if group in data:
            data[group] = xr.DataTree(data[group].to_dataset().isel(draw=slice(0)))
    if "singles" in data:
        del data["singles"]
    data.attrs.pop("averaged", None)


def single_draws(data: xr.DataTree, kind: Kind, quoted: Mapping[str, np.ndarray] | None = None) -> SingleDraws | None:
    """Single draws beside averages; None where the series are whole.

    Args:
        data: A result.
        kind: What the draws are.
        quoted: What `quoted_series` gave: they are mixed as it is; raw ones unless given.
    """
    if "singles" not in data:
        return None
    singles = single_series(data)
    stats, draws = series_of(singles, "sample_stats"), series_of(singles)
    if quoted:
        raw, single = series_of(data), series_of(singles, "improved")
        for name, better in improved_series(data).items():
            draws[name] = mixed_alike(draws[name], single[name], (raw[name], better, quoted[name]))
    return SingleDraws(draws, usable_log_weights(kind, stats))


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
    logs = stats["log_weight"]
    return smooth_log_weights(logs)[0] if kind is Kind.FREE and np.any(np.isfinite(logs)) else logs


def quoted_series(data: xr.DataTree, log_weights: np.ndarray | None) -> dict[str, np.ndarray]:
    """The series that estimates are made from: the observables', mixed with the improved ones where there are any."""
    series = series_of(data)
    better = improved_series(data)
    return series | {name: mix(series[name], values, log_weights) for name, values in better.items()}


def improved_series(data: xr.DataTree) -> dict[str, np.ndarray]:
    """The improved series, but for those that are not finite on every draw (a slope can be infinite)."""
    return {name: values for name, values in series_of(data, "improved").items() if np.all(np.isfinite(values))}
