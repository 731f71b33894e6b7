"""Draws as the result quotes them: series mixed with improved ones, weights smoothed, and the estimates they give."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from nnft_ppl.checks import FinishedDraws, without_rounding
from nnft_ppl.draws import Kind
from nnft_ppl.observables import functions_of
from nnft_ppl.results import (
    held_out_estimates,
    improved_series,
    phase_of,
    quoted_series,
    series_of,
    single_draws,
    single_series,
    usable_log_weights,
)
from nnft_ppl.statistics import Estimate, SingleDraws, estimate
from nnft_ppl.theory import Theory


@dataclass(frozen=True)
class Quoted:
    """Series of the draws so far, (chain, draw, ...)."""

    theory: Theory
    """What is sampled."""
    kind: Kind
    """What the draws are."""
    series: dict[str, np.ndarray]
    """Observables as they were measured."""
    improved: dict[str, np.ndarray]
    """Improved ones."""
    quoted: dict[str, np.ndarray]
    """Those that estimates are made from."""
    log_weights: np.ndarray | None
    """Log weights, (chain, draw), smoothed for free draws; None for chains."""
    phase: np.ndarray | None
    """Phase of every draw in radians, (chain, draw); None of a real action."""
    singles: FinishedDraws | None = None
    """Single draws beside averages, as checks look at them; None where the series are whole."""

    @classmethod
    def of(cls, theory: Theory, kind: Kind, data: xr.DataTree) -> "Quoted":
        """The series of labelled draws.

        Args:
            theory: What was sampled.
            kind: What the draws are.
            data: The draws.
        """
        series = without_rounding(theory, series_of(data))
        weights = usable_log_weights(data, kind)
        improved = improved_series(data)
        quoted = series | {name: mixed for name, mixed in quoted_series(data, weights).items() if name in improved}
        singles = finished_singles(theory, kind, data, quoted)
        return cls(theory, kind, series, improved, quoted, weights, phase_of(series_of(data, "phase")), singles)

    @property
    def raw(self) -> dict[str, np.ndarray]:
        """Measured series of what is improved."""
        return {name: self.series[name] for name in self.improved}

    def estimates(self, among: Collection[str] | None = None) -> dict[str, Estimate]:
        """Estimates of observables and functions of their means.

        Args:
            among: Those that are wanted, and others perhaps; None for all.
        """
        quoted, raw, functions = self.quoted, self.raw, functions_of(self.theory.derived)
        if among is not None:
            functions = {name: one for name, one in functions.items() if name in among}
        if among is not None and not functions:  # a function of means says nowhere of which
            quoted, raw = ({name: one for name, one in part.items() if name in among} for part in (quoted, raw))
        if not quoted:
            return {}
        return estimate(quoted, functions, self.log_weights, **self._told(raw))

    def held_out(self) -> tuple[dict[str, Estimate], xr.Dataset]:
        """Estimates of what is found on one half of the draws and tested on the other, and of both halves."""
        told = self._told(self.raw)
        return held_out_estimates(self.theory.held_out, self.quoted, self.log_weights, **told)

    def single_series(self, which: str) -> SingleDraws | None:
        """Some series of the single draws; None where the series are whole.

        Args:
            which: A field of `FinishedDraws`: `observables`, `improved` or `quoted`.
        """
        return SingleDraws(getattr(self.singles, which), self.singles.log_weights) if self.singles else None

    def _told(self, raw: Mapping[str, np.ndarray]) -> dict[str, Any]:
        beside = self.single_series("quoted")
        return {"independent": self.kind.independent, "raw": raw, "phase": self.phase, "singles": beside}


def finished_singles(
    theory: Theory, kind: Kind, data: xr.DataTree, quoted: Mapping[str, np.ndarray]
) -> FinishedDraws | None:
    """The single draws beside averages, as checks look at them; None where the series are whole.

    Args:
        theory: What was sampled.
        kind: What the draws are.
        data: The draws.
        quoted: The series that estimates are made from.
    """
    if (mixed := single_draws(data, kind, quoted)) is None:
        return None
    singles = single_series(data)
    return FinishedDraws(
        theory, kind, {}, series_of(singles), series_of(singles, "sample_stats"), series_of(singles, "action"),
        series_of(singles, "improved"), mixed.series, mixed.log_weights,
    )  # fmt: skip
