r"""The rows of a bank on the draws of a run: which identities are tested, and why others are not.

With F = tanh((O − c)/s), c the median and s the spread of O on the draws themselves, the row of V and F is

    A_V F + V(F),    V(F) = V(O) (1 − F²)/s.

That c and s come from the same draws changes its average by O(1/n) only, for the identity holds at any c and s.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float
from numpy import ndarray

from nnft_ppl.identities.bank import Bank, Row
from nnft_ppl.identities.shifts import Shifts
from nnft_ppl.statistics import relative_weights

FEWEST = 25.0
"""Shifts of a site that must have happened on all draws together, each with its probability, for its rows to count."""


class Rows(NamedTuple):
    r"""The identities E[A_V F + V(F)] = 0 that are tested.

    Source: derived in docs/theory/identities.md.
    """

    names: tuple[Row, ...]
    """Which."""
    residuals: Float[ndarray, "chain draw row"]
    """A_V F + V(F) of every draw."""
    potential: Float[ndarray, "chain draw"]
    """R + S; zero on draws without weight."""
    left_out: str
    """What else there would be, and why it is not tested; empty where everything is."""


def rows_of(bank: Bank, measured: xr.Dataset, log_weights: Float[ndarray, "chain draw"] | None) -> Rows:
    """The rows r = A_V F + V(F) of a bank, from what it measured.

    Args:
        bank: What measured.
        measured: Its arrays on draws, (chain, draw, ...).
        log_weights: Log weights of these draws, if they have any. Draws of weight zero, behind a wall, count for
            nothing, whatever was measured there.

    Source: derived in docs/theory/identities.md.
    """
    shape = measured["potential"].shape
    alive = np.ones(shape, bool) if log_weights is None else ~np.isneginf(log_weights)
    weights = None if log_weights is None else relative_weights(log_weights)[alive]

    def series(name: str) -> ndarray:
        values = measured[name].values
        return np.where(alive.reshape(*shape, *(1,) * (values.ndim - 2)), values, 0.0)

    residuals, linear = series("residual"), len(bank.linear)
    keep, left_out = _kept(bank, _seen(measured, alive))
    scale = _scale(series("value"), alive, weights) if bank.observable else None
    if bank.observable:
        bounded, slope = _bounded(series("value"), scale)
        with_bounded = residuals[..., :linear] * bounded[..., None] + series("change") * slope[..., None]
        residuals = np.concatenate([residuals, with_bounded], axis=-1)
    kept = np.flatnonzero(keep)
    names, residuals = tuple(bank.rows[row] for row in kept), residuals[..., kept]
    if bank.shifts is not None:
        shifts, changes = _shifts(bank.shifts, series, scale, bank.bounded)
        names, residuals = names + shifts, np.concatenate([residuals, changes], axis=-1)
    return Rows(names, residuals, series("potential"), left_out)


def _shifts(
    shifts: Shifts, series: Callable[[str], ndarray], scale: tuple[float, float] | None, bounded: str
) -> tuple[tuple[Row, ...], ndarray]:
    """The rows of the discrete coordinates."""
    changes = series("shift_residual")
    names = [Row(f"shift.{site}", of) for site in shifts.names for of in ("level", "ln density")]
    changes = changes.reshape(*changes.shape[:2], len(names))
    # A level whose neighbours are rarer than one in all draws is never seen to come back: nothing is known of it.
    rates = series("shift_rate")
    known = np.array([np.sum(rates[..., shifts.site == site]) > FEWEST for site in range(len(shifts.names))])
    if scale is None:
        return _chosen(names, changes, np.repeat(known, 2))
    here, there = (_bounded(series(name), scale)[0] for name in ("value", "shift_value"))
    each = rates * (there - here[..., None])
    summed = [np.sum(each[..., shifts.site == number], axis=-1) for number in range(len(shifts.names))]
    names += [Row(f"shift.{site}", bounded) for site in shifts.names]
    together = np.concatenate([changes, np.stack(summed, axis=-1)], axis=-1)
    return _chosen(names, together, np.concatenate([np.repeat(known, 2), known]))


def _chosen(names: list[Row], changes: ndarray, known: Bool[ndarray, " row"]) -> tuple[tuple[Row, ...], ndarray]:
    return tuple(name for name, kept in zip(names, known, strict=True) if kept), changes[..., known]


def action_jumps(measured: xr.Dataset) -> bool:
    """Whether the action was seen to jump, or to have a gradient that is not its own, on some draw.

    Args:
        measured: What a bank measured.
    """
    # A draw behind a wall sees the same wall as one before it.
    return "jump" in measured and bool(np.any(measured["jump"].values))


def _seen(measured: xr.Dataset, alive: Bool[ndarray, "chain draw"]) -> set[str]:
    """Which of `jump`, `kink` and `value_jump` there is on draws that have a weight."""
    return {
        name for name in ("jump", "kink", "value_jump") if name in measured and np.any(measured[name].values[alive])
    }


def _kept(bank: Bank, seen: set[str]) -> tuple[list[bool], str]:
    """Whether each row is tested, F = 1 first; and what is left out, in words."""
    linear, reasons = len(bank.linear), []
    trusted = [not ("jump" in seen and bank.doubtful.intersection(sites)) for sites in bank.sites]
    alone = trusted.copy()
    if not all(trusted):
        where = ", ".join(sorted(bank.doubtful))
        reasons.append(f"the action jumps in {where}, or has a part without gradient: identities that need it there")
    elif "kink" in seen:
        forces = range(linear, linear + len(bank.parts))
        for row in forces:
            alone[row] = not bank.doubtful.intersection(bank.sites[row])
        reasons.append("the slope of the action jumps: the forces, which need its derivative,")
    if not bank.observable:
        reasons.append("no observable varies and has a derivative: identities with one")
        return alone, _words(reasons)
    smooth = [not ("value_jump" in seen and bank.doubtful_observable.intersection(sites)) for sites in bank.sites]
    if not all(smooth[:linear]):
        reasons.append(f"{bank.observable} jumps, or has a part without gradient: identities with it")
    both = [first and second for first, second in zip(trusted[:linear], smooth[:linear], strict=True)]
    return alone + both, _words(reasons)


def _words(reasons: list[str]) -> str:
    return "; ".join(f"{reason} are left out" for reason in reasons)


def _scale(
    values: Float[ndarray, "chain draw"], alive: Bool[ndarray, "chain draw"], weights: Float[ndarray, " draw"] | None
) -> tuple[float, float] | None:
    """Centre c and spread s of O; None where it does not vary."""
    known = values[alive]
    centre = _median(known, weights)
    # Where most values are the same their median distance is zero.
    spread = _median(np.abs(known - centre), weights) or float(
        np.sqrt(np.average((known - centre) ** 2, weights=weights))
    )
    return (centre, spread) if spread > 0 else None


def _bounded(values: ndarray, scale: tuple[float, float] | None) -> tuple[ndarray, ndarray]:
    """F = tanh((O − c)/s) and (1 − F²)/s; nothing where O does not vary."""
    if scale is None:
        return np.zeros_like(values), np.zeros_like(values)
    centre, spread = scale
    bounded = np.tanh((values - centre) / spread)
    return bounded, (1 - bounded**2) / spread


def _median(values: Float[ndarray, " draw"], weights: Float[ndarray, " draw"] | None) -> float:
    if weights is None:
        return float(np.median(values))
    order = np.argsort(values)
    share = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(share, share[-1] / 2)])
