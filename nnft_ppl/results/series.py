"""The series of a result, (chain, draw, ...), as estimates take them: of long runs averages of consecutive draws."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from nnft_ppl.draws import Kind, refuse_controls
from nnft_ppl.statistics import (
    SingleDraws,
    carried_control,
    centred_control,
    mix,
    mixed_alike,
    relative_weights,
    smooth_log_weights,
)


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
    for group in ("sample_stats", "observables", "improved", "control", "action", "phase"):
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
    draws, weights = series_of(singles), usable_log_weights(singles, kind)
    if quoted:
        raw, single = series_of(data), series_of(singles, "improved")
        carried = _carried_controls(data, kind, weights)
        for name, better in improved_series(data).items():
            averages = raw[name], better, quoted[name]
            draws[name] = mixed_alike(draws[name], single[name], averages, carried.get(name))
    return SingleDraws(draws, weights)


def _carried_controls(
    data: xr.DataTree, kind: Kind, single_weights: np.ndarray | None
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What controls add to averages and to single draws, by name."""
    weights = usable_log_weights(data, kind)
    if weights is None or single_weights is None:
        return {}
    means, singles = series_of(data, "control_means"), series_of(single_series(data), "control")
    found = {}
    for name, control in centred_controls(data).items():
        both = [(control, weights), (centred_control(singles[name], means[name]), single_weights)]
        averages, own = (carried_control(one, relative_weights(logs)) for one, logs in both)
        if averages is not None and own is not None:
            found[name] = averages, own
    return found


def phase_of(terms: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """The phase of every draw, the sum of all terms; None where there are none.

    Args:
        terms: What every complex term of the action adds, (chain, draw), by name.
    """
    return np.sum(list(terms.values()), axis=0) if terms else None


def usable_log_weights(data: xr.DataTree, kind: Kind) -> np.ndarray | None:
    """Log weights as estimates use them: smoothed for free draws, as they are for populations, None for chains.

    Those of averages stay as they are: behind a wall some of the draws have no weight, averages have the weight of one,
    of two, and so on of them, and no smooth law.

    Args:
        data: A result, or the single draws in it.
        kind: What the draws are.
    """
    if not kind.weighted:
        return None
    logs = series_of(data, "sample_stats")["log_weight"]
    smooth = kind is Kind.FREE and averaged_over(data) == 1 and np.any(np.isfinite(logs))
    return smooth_log_weights(logs)[0] if smooth else logs


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
