"""The series of a long run: averages of consecutive draws, and beside each the first of them as it was."""

from collections.abc import Mapping, Sequence

import jax
import numpy as np

from nnft_ppl.draws import Kind
from nnft_ppl.runs.tempering import BETA, FreeCurve, joined_curves
from nnft_ppl.samplers import Curve
from nnft_ppl.statistics import Averages, average_of_two, weight_of_two

MOST_IN_SERIES = 20_000
"""Draws of each chain whose series are kept whole: no run has more of which nobody asked for a number."""

Part = Mapping[str, Mapping[str, np.ndarray]]
"""Groups of series by name, (chain, draw, ...)."""

MOST_CURVES = 256
"""Independent curves from the free theory of each chain, at most; their spread is an error."""


def averaged_over(num_draws: int) -> int:
    """How many consecutive draws an entry of the series is the average of.

    Args:
        num_draws: Draws per chain.

    Example:
        >>> [averaged_over(number) for number in (20_000, 20_001, 1_000_000)]
        [1, 2, 64]
    """
    each = 1
    while num_draws // each > MOST_IN_SERIES:
        each *= 2
    return each


class LongSeries:
    """Averages of consecutive draws, and single draws.

    Args:
        kind: What the draws are.
        shown: Observables whose way from the free theory is wanted.
    """

    def __init__(self, kind: Kind, shown: Sequence[str]) -> None:
        self._averages = Averages(MOST_IN_SERIES, _join)
        self._curves = Averages(MOST_CURVES, joined_curves)
        self._shown, self._beta = shown, None
        self._free = FreeCurve(shown) if kind is Kind.FREE else None
        self._energy: np.ndarray | None = None

    @property
    def each(self) -> int:
        """How many draws are in one average."""
        return self._averages.each

    @property
    def series(self) -> tuple[Part, Part]:
        """The averages, and the first draw of each."""
        both = self._averages.series
        return both["averages"], both["singles"]

    @property
    def curves(self) -> list[Curve]:
        """The way from the free theory; none of Markov chains."""
        if self._beta is None:
            return []
        log_z, averages = jax.tree.map(lambda one: one.reshape(-1, *one.shape[2:]), self._curves.series)
        return [Curve(self._beta, log_z, {"observables": averages})]

    def add(self, part: Part) -> None:
        """Take the next draws.

        Args:
            part: Their series.
        """
        stats = dict(part["sample_stats"])
        if "energy" in stats:
            stats["energy_change"] = self._squared_changes(stats["energy"])
        self._averages.add({"averages": {**part, "sample_stats": stats}, "singles": part})
        if self._free:
            curves = self._free.curves(part["observables"], stats["log_weight"], stats.get("log_proposal"))
            if curves is not None:
                self._beta = BETA
                self._curves.add(curves)

    def add_curve(self, curve: Curve) -> None:
        """Take what was found on the way from the free theory.

        Args:
            curve: One entry for each chain.
        """
        self._beta = curve.beta
        measured = {name: curve.measured["observables"][name] for name in self._shown}
        self._curves.add(jax.tree.map(lambda one: one[:, None], (curve.log_z, measured)))

    def _squared_changes(self, energy: np.ndarray) -> np.ndarray:
        """Squared change of the energy from the draw before: averages do not show it."""
        before = energy[:, :1] if self._energy is None else self._energy
        self._energy = energy[:, -1:].copy()
        return np.diff(energy.astype(float), axis=1, prepend=before.astype(float)) ** 2


def _join(first: Mapping[str, Part], second: Mapping[str, Part]) -> dict[str, Part]:
    """Of every pair of neighbours the average, and of the singles the first."""
    one, other = first["averages"], second["averages"]
    stats, share = {}, None
    for name, values in one["sample_stats"].items():
        if name == "log_weight":
            stats[name], share = weight_of_two(values, other["sample_stats"][name])
        elif name == "population":  # a number is no quantity
            stats[name] = values.copy()
        else:
            stats[name] = average_of_two(values, other["sample_stats"][name])
    averages = {
        # Controls have a mean without weights.
        group: {
            name: average_of_two(values, other[group][name], None if group == "control" else share)
            for name, values in series.items()
        }
        for group, series in one.items()
        if group != "sample_stats"
    }
    return {"averages": {"sample_stats": stats, **averages}, "singles": jax.tree.map(np.copy, first["singles"])}
