r"""The way from the free theory to the full action: ln Z(β)/Z(0) and the observables at every 0 ≤ β ≤ 1.

With density ∝ (free density)·e^{−βS}. Where S is proportional to a coupling λ, β is that coupling in units of the
run's: one run gives the whole λ curve.

    Z(β)/Z(0) = E_free[e^{−βS}]        ⟨O⟩_β = E_free[O e^{−βS}] / E_free[e^{−βS}]

Source: derived in docs/theory/partition.md.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from jaxtyping import Float
from numpy import ndarray

from nnft_ppl.complex_parts import from_parts, in_parts
from nnft_ppl.samplers import Curve

LEVELS = 21
"""Temperatures at which free draws are reweighted."""


def curve_of_populations(curves: Sequence[Curve], dims: Mapping[str, tuple[str, ...]]) -> xr.Dataset:
    """The curve from independent tempered populations; their spread is the error.

    Args:
        curves: One for every block; all have the same temperatures.
        dims: Dimensions of each observable that is wanted.

    Returns:
        `log_z` and each observable along `beta`, with `NAME.error`.
    """
    log_z = np.concatenate([curve.log_z for curve in curves])
    names = dims
    series = {name: np.concatenate([curve.measured["observables"][name] for curve in curves]) for name in names}
    return _average(curves[0].beta, log_z, series, dims)


def curve_of_free_draws(
    series: Mapping[str, ndarray],
    log_weight: Float[ndarray, "chain draw"],
    dims: Mapping[str, tuple[str, ...]],
    log_proposal: Float[ndarray, "chain draw"] | None = None,
) -> xr.Dataset:
    """The curve from reweighted free draws, or draws of another density q.

    Args:
        series: Observables of the draws, shape (chain, draw, ...), by name.
        log_weight: −S − ln q/p_free of the draws.
        dims: Dimensions of each observable.
        log_proposal: ln q/p_free; None for free draws.

    Returns:
        As `curve_of_populations`.
    """
    beta = np.linspace(0.0, 1.0, LEVELS)
    with np.errstate(invalid="ignore"):
        over_free = np.zeros((1, 1)) if log_proposal is None else np.asarray(log_proposal, float).reshape(-1, 1)
        logs = beta * (np.asarray(log_weight, float).reshape(-1, 1) + over_free) - over_free
    logs[:, :1] = -over_free  # the free theory knows no wall
    flat = {
        name: np.broadcast_to(values.reshape(len(logs), 1, *values.shape[2:]), (*logs.shape, *values.shape[2:]))
        for name, values in series.items()
    }
    return _average(beta, logs, flat, dims)


def _average(
    beta: ndarray,
    logs: Float[ndarray, "part level"],
    series: Mapping[str, ndarray],
    dims: Mapping[str, tuple[str, ...]],
) -> xr.Dataset:
    """Averages over independent parts of weight e^logs, with errors by linear propagation."""
    parts, top = len(logs), logs.max(axis=0)
    weights = np.exp(logs - top)
    shares = weights / weights.sum(axis=0)
    correction = np.sqrt(parts / max(parts - 1, 1))
    relative = np.sqrt(np.sum((shares - 1 / parts) ** 2, axis=0)) * correction
    variables = {
        "log_z": ("beta", top + np.log(weights.mean(axis=0))),
        "log_z.error": ("beta", relative if parts > 1 else np.full(len(beta), np.nan)),
    }
    for name, values in series.items():
        if np.iscomplexobj(values):
            pairs = _average(beta, logs, {name: in_parts(values)}, {})
            labels = ("beta", *(dims.get(name) or tuple(f"{name}_dim_{axis}" for axis in range(values.ndim - 2))))
            joined = {part: (labels, from_parts(pairs[part].values)) for part in (name, f"{name}.error")}
            variables |= joined
            continue
        wide = shares.reshape(*shares.shape, *[1] * (values.ndim - 2))
        mean = np.sum(wide * values, axis=0)
        error = np.sqrt(np.sum((wide * (values - mean)) ** 2, axis=0)) * correction
        labels = ("beta", *(dims.get(name) or tuple(f"{name}_dim_{axis}" for axis in range(mean.ndim - 1))))
        variables[name] = (labels, mean)
        variables[f"{name}.error"] = (labels, error if parts > 1 else np.full_like(mean, np.nan))
    return xr.Dataset(variables, coords={"beta": beta})
