"""Estimates of what is found on one half of the draws and tested on the other, and both halves to be stored."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from nnft_ppl.observables import HeldOut
from nnft_ppl.statistics import CrossFitted, Estimate, SingleDraws, cross_fit


def held_out_estimates(
    held_out: Mapping[str, HeldOut],
    series: Mapping[str, np.ndarray],
    log_weights: np.ndarray | None,
    *,
    independent: bool,
    raw: Mapping[str, np.ndarray] | None = None,
    phase: np.ndarray | None = None,
    singles: SingleDraws | None = None,
) -> tuple[dict[str, Estimate], xr.Dataset]:
    """Each statement's estimate, and of both halves value, error and, where it is numbers, what was tested on it.

    A statement that cannot be computed has neither value nor error, and says why: it never loses the run.

    Args:
        held_out: The statements, by name.
        series: Observables as they are quoted, (chain, draw, *shape).
        log_weights: Log weights of the draws.
        independent: Whether the draws are independent.
        raw: Raw draws of what is improved.
        phase: Phases of the draws; None where the action is real.
        singles: Single draws, where the series are averages.
    """
    estimates, halves = {}, xr.Dataset()
    for name, one in held_out.items():
        try:
            told: dict[str, Any] = {"independent": independent, "raw": raw, "phase": phase, "singles": singles}
            fitted = cross_fit(series, one.find, one.test, log_weights, **told)
        except Exception as error:  # whatever the model file is made of
            nan = np.array(np.nan)
            words = str(error).strip() or type(error).__name__
            estimates[name] = Estimate(nan, nan, nan, nan, np.zeros((), bool), doubts={(): words})
            continue
        estimates[name] = fitted.together
        halves = halves.assign(_variables(name, fitted))
    return estimates, halves


def _variables(name: str, fitted: CrossFitted) -> dict[str, Any]:
    """What of one statement is stored."""
    variables: dict[str, Any] = {
        name: ("half", [one.value.item() for one in fitted.halves]),
        f"{name}.error": ("half", [one.error.item() for one in fitted.halves]),
    }
    try:
        found = np.stack([np.asarray(one) for one in fitted.found])
        found = found.astype(np.result_type(float, found))
    except (TypeError, ValueError):  # no numbers, or not the same of both
        return variables
    dims = ("half", *(f"{name}.found_dim_{axis}" for axis in range(found.ndim - 1)))
    return variables | {f"{name}.found": (dims, found)}
