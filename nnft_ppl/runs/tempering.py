r"""The way from the free theory to the full action: ln Z(β)/Z(0) and the observables at every 0 ≤ β ≤ 1.

With density ∝ (free density)·e^{−βS}. Where S is proportional to a coupling λ, β is that coupling in units of the
run's: one run gives the whole λ curve.

    Z(β)/Z(0) = E_free[e^{−βS}]        ⟨O⟩_β = E_free[O e^{−βS}] / E_free[e^{−βS}]

Source: derived in docs/theory/partition.md.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
import xarray as xr
from jaxtyping import Float
from numpy import ndarray

from nnft_ppl.complex_parts import from_parts, in_parts
from nnft_ppl.samplers import Curve
from nnft_ppl.statistics import average_of_two, weight_of_two

LEVELS = 21
"""Temperatures at which free draws are reweighted."""
GROUP = 128
"""Free draws of a chain that make one curve, where there are too many to hold one for each."""
BETA = np.linspace(0.0, 1.0, LEVELS)

Curves = tuple[ndarray, dict[str, ndarray]]
"""ln Z/Z(0), shape (chain, curve, level), and averages by name, (chain, curve, level, ...)."""


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
    logs = _log_weights(log_weight, log_proposal).reshape(-1, LEVELS)
    flat = {name: values.reshape(len(logs), 1, *values.shape[2:]) for name, values in series.items()}
    return _average(BETA, logs, flat, dims)


class FreeCurve:
    """The same from any number of free draws: groups of them as populations, each with a curve of its own.

    Args:
        names: Observables that are wanted.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names, self._waiting = names, None

    def curves(
        self,
        series: Mapping[str, ndarray],
        log_weight: Float[ndarray, "chain draw"],
        log_proposal: Float[ndarray, "chain draw"] | None = None,
    ) -> Curves | None:
        """Take the next draws, and give the curves of all groups that are full; None where none is.

        Args:
            series: Observables of the draws, shape (chain, draw, ...), by name.
            log_weight: As for `curve_of_free_draws`.
            log_proposal: As there.
        """
        draws: Any = ({name: series[name] for name in self._names}, _log_weights(log_weight, log_proposal))
        if self._waiting is not None:
            draws = jax.tree.map(lambda *arrays: np.concatenate(arrays, axis=1), self._waiting, draws)
        count = draws[1].shape[1] // GROUP
        self._waiting = jax.tree.map(lambda array: array[:, count * GROUP :].copy(), draws)
        if not count:
            return None
        return _curves_of_groups(*jax.tree.map(lambda array: _in_groups(array, count), draws))


def joined_curves(first: Curves, second: Curves) -> Curves:
    """Of every pair of curves the curve of both together.

    Args:
        first: The first of each pair.
        second: The second.
    """
    log_z, share = weight_of_two(first[0], second[0])
    return log_z, jax.tree.map(lambda one, other: average_of_two(one, other, share), first[1], second[1])


def _log_weights(log_weight: ndarray, log_proposal: ndarray | None) -> Float[ndarray, "chain draw level"]:
    """Log weights of free draws, or of another density, at every temperature."""
    with np.errstate(invalid="ignore"):
        log_weight = np.asarray(log_weight, float)[..., None]
        over_free = np.zeros((1, 1, 1)) if log_proposal is None else np.asarray(log_proposal, float)[..., None]
        logs = BETA * (log_weight + over_free) - over_free
    logs[..., :1] = -over_free  # the free theory knows no wall
    return logs


def _in_groups(array: ndarray, count: int) -> ndarray:
    return array[:, : count * GROUP].reshape(len(array), count, GROUP, *array.shape[2:])


def _curves_of_groups(series: Mapping[str, ndarray], logs: Float[ndarray, "chain group draw level"]) -> Curves:
    """The curve of each group; where none of its draws has a weight their plain average, which does not count."""
    top = np.max(logs, axis=2)
    none = np.isneginf(top)
    weights = np.where(none[:, :, None], 1.0, np.exp(logs - np.where(none, 0.0, top)[:, :, None]))
    total = weights.sum(axis=2)
    shares = np.swapaxes(weights, 2, 3) / total[..., None]
    averages = {
        name: (shares @ values.reshape(*values.shape[:3], -1)).reshape(*top.shape, *values.shape[3:])
        for name, values in series.items()
    }
    return np.where(none, -np.inf, top + np.log(total / GROUP)), averages


def _average(
    beta: ndarray,
    logs: Float[ndarray, "part level"],
    series: Mapping[str, ndarray],
    dims: Mapping[str, tuple[str, ...]],
) -> xr.Dataset:
    """Averages over independent parts of weight e^logs, with errors by linear propagation.

    Series have the shape (part, level, ...), or (part, 1, ...) where they are the same at every level.
    """
    parts, top = len(logs), logs.max(axis=0)
    weights = np.exp(logs - top)
    shares = weights / weights.sum(axis=0)
    correction = np.sqrt(parts / max(parts - 1, 1))
    relative = np.sqrt(np.sum((shares - 1 / parts) ** 2, axis=0)) * correction
    variables: dict[str, Any] = {
        "log_z": ("beta", top + np.log(weights.mean(axis=0))),
        "log_z.error": ("beta", relative if parts > 1 else np.full(len(beta), np.nan)),
    }
    for name, values in series.items():
        labels = ("beta", *(dims.get(name) or tuple(f"{name}_dim_{axis}" for axis in range(values.ndim - 2))))
        real = np.asarray(in_parts(values), float)
        found = [_mean_and_error(share, _level(real, at)) for at, share in enumerate(shares.T)]
        mean, error = (np.stack(one) for one in zip(*found, strict=True))
        error = error * correction if parts > 1 else np.full_like(mean, np.nan)
        if np.iscomplexobj(values):
            mean, error = from_parts(mean), from_parts(error)
        variables |= {name: (labels, mean), f"{name}.error": (labels, error)}
    return xr.Dataset(variables, coords={"beta": beta})


def _level(values: ndarray, at: int) -> ndarray:
    """Of every part what it has at one level."""
    return values[:, min(at, values.shape[1] - 1)]


def _mean_and_error(share: Float[ndarray, "part"], values: Float[ndarray, "part *shape"]) -> tuple[ndarray, ndarray]:
    """At one level, for the memory of all would be that of the draws, times the levels."""
    wide = share.reshape(-1, *(1,) * (values.ndim - 1))
    mean = np.sum(wide * values, axis=0)
    return mean, np.sqrt(np.sum((wide * (values - mean)) ** 2, axis=0))
