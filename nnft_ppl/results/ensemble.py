"""The labelled result of a run: an xarray DataTree, and what is read off it.

Groups of `Ensemble.data`:

    posterior     parameters θ of the draws, if kept (`prior` for free draws: those still need their weights)
    sample_stats  the sampler's statistics, with ArviZ's names; `log_weight` for reweighting
    observables   every observable on every draw, complex ones natively
    improved      improved estimators of some observables on every draw (`nnft_ppl.identities.improved`)
    action        every term of the action on every draw; of a complex one the real part
    phase         what every complex term adds to the phase α of a draw's weight e^{−S + iα}, in radians
    estimates     NAME, NAME.error, NAME.ess, NAME.second_error for observables and derived quantities, of complex
                  ones NAME.correlation; improved observables as the best mix of raw and improved draws
    raw_estimates, improved_estimates    the same of each alone, for observables that have both
    schwinger_dyson  residuals of the bank of identities on some of the draws, and the potential
    second_route  the same from reweighted free draws, where a Markov chain was run
    tempering     ln Z(β)/Z(0) and the observables along the way from the free theory, of samplers that know it
    exact         exact values, NaN where unknown
    curves        exact values between the points that are measured, `NAME` along `NAME.at`
    fields        a few drawn fields on a regular grid

All draws have leading dimensions (chain, draw). The provenance is one JSON string among the attributes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from nnft_ppl.display import format_value, model_call, paragraph, places_along, table, without_noise
from nnft_ppl.draws import Kind
from nnft_ppl.observables import Derived
from nnft_ppl.results.labelled import coordinates_of, read_estimates
from nnft_ppl.results.provenance import Provenance
from nnft_ppl.results.storage import read_result
from nnft_ppl.statistics import Estimate, Estimates, Verdicts, estimate, mix, pulls, smooth_log_weights

TRUNCATION = ".truncation"
"""Ends the names, in the group `exact`, of what exact values may be off by."""


class Ensemble:
    """Draws of a theory with estimates and verdicts.

    Args:
        data: A DataTree with the groups named above.
    """

    def __init__(self, data: xr.DataTree) -> None:
        self.data = data

    @cached_property
    def provenance(self) -> Provenance:
        """What was run: model, keywords, sampler, seed, precision, versions, device, time; and what came of it."""
        about = Provenance.parse(self.data.attrs["provenance"])
        if about.sampler.kind:
            return about
        stats = self.data["sample_stats"].dataset  # format 1 did not say what the draws are
        weighted = Kind.POPULATIONS if "acceptance_rate" in stats else Kind.FREE
        kind = weighted if "log_weight" in stats else Kind.CHAINS
        return replace(about, sampler=replace(about.sampler, kind=kind))

    @property
    def verdicts(self) -> Verdicts:
        """The outcome of every check, made when the run ended."""
        return Verdicts(self.provenance.verdicts)

    @property
    def findings(self) -> Mapping[str, Mapping[str, Any]]:
        """What each check found, by its name: numbers, texts, lists and dicts."""
        return self.provenance.findings

    @property
    def kind(self) -> Kind:
        """What the draws are: Markov chains, free draws with weights, or weighted populations."""
        return Kind(self.provenance.sampler.kind)

    def estimates(self, derived: Mapping[str, Derived] | None = None) -> Estimates:
        """Value ± error of every observable and derived quantity.

        Args:
            derived: Further quantities to compute from the stored draws, with correlated errors.

        Returns:
            Stored estimates by name, then those of `derived`.

        Example:
            >>> ensemble.estimates({"screening": ratio("phi_fourth", "phi_squared")})  # doctest: +SKIP
        """
        stored = read_estimates(self.data["estimates"].to_dataset())
        if not derived:
            return stored
        series = quoted_series(self.data, self.log_weights)
        raw = {name: series_of(self.data)[name] for name in improved_series(self.data)}
        wanted = estimate(
            series, derived, self.log_weights, independent=self.kind.independent, raw=raw, phase=self.phase
        )
        return Estimates(stored | {name: wanted[name] for name in derived})

    @property
    def log_weights(self) -> np.ndarray | None:
        """Log weights of the draws, shape (chain, draw), smoothed for free draws; None for Markov chains."""
        return usable_log_weights(self.kind, series_of(self.data, "sample_stats"))

    @property
    def phase(self) -> np.ndarray | None:
        """Phase α of every draw in radians, shape (chain, draw); None where the action is real."""
        return phase_of(series_of(self.data, "phase"))

    @property
    def tempering(self) -> xr.Dataset | None:
        """Ln Z(β)/Z(0) and observables along 0 ≤ β ≤ 1, with `NAME.error`; None where nothing was tempered."""
        return self.data["tempering"].to_dataset() if "tempering" in self.data else None

    @property
    def second_route(self) -> Estimates:
        """Estimates from reweighted free draws beside a Markov chain; empty where there are none."""
        return read_estimates(self.data["second_route"].to_dataset()) if "second_route" in self.data else Estimates()

    def estimates_of(self, kind: str) -> Estimates:
        """Estimates from raw or improved draws alone, of the observables that have both.

        Args:
            kind: `raw` or `improved`.

        Raises:
            ValueError: For another kind.
        """
        if kind not in ("raw", "improved"):
            raise ValueError(f"kind is 'raw' or 'improved', not {kind!r}")
        group = f"{kind}_estimates"
        return read_estimates(self.data[group].to_dataset()) if group in self.data else Estimates()

    @property
    def schwinger_dyson(self) -> xr.Dataset | None:
        """Residuals of the bank, (chain, draw, identity), and the potential; None where none were computed."""
        return self.data["schwinger_dyson"].to_dataset() if "schwinger_dyson" in self.data else None

    @property
    def exact(self) -> dict[str, np.ndarray]:
        """Exact values by name, each of the observable's shape, NaN where unknown."""
        known = series_of(self.data, "exact")
        return {name: values for name, values in known.items() if not name.endswith(TRUNCATION)}

    def pulls(self) -> dict[str, np.ndarray]:
        """(estimate − exact)/error, beyond the truncation that the model states, of all that has an exact value.

        Each of the observable's shape; NaN where nothing is known, or an estimate has no error.
        """
        estimates, known = self.estimates(), series_of(self.data, "exact")
        precision = self.provenance.precision
        return {
            name: pulls(estimates[name], exact, known.get(f"{name}{TRUNCATION}", 0.0), precision)
            for name, exact in self.exact.items()
        }

    def unit(self, name: str) -> str | None:
        """Unit of an observable or of a coordinate, `1` for a pure number; None where the model states none.

        Args:
            name: The observable's, or the coordinate's.
        """
        dataset = self.data["observables"].dataset
        return dataset[name].attrs.get("units") if name in dataset.variables else None

    def __repr__(self) -> str:
        lines = [f"{name} = {value}" for name, value in self.estimates().items()]
        return "\n".join([f"Ensemble of {self.provenance.model}", *lines])

    def _repr_html_(self) -> str:
        about = self.provenance
        made = f"{model_call(about.model, about.keywords)} by {about.sampler.name}"
        return (
            paragraph(f"{made}, interrupted" if about.interrupted else made, about.verdict)
            + table(*estimate_rows(self), words=3)
            + self.verdicts._repr_html_()
        )


def read(path: str | Path) -> Ensemble:
    """The ensemble in a run's folder. Executes nothing: not the model file, nothing stored.

    Args:
        path: The folder.

    Raises:
        FileNotFoundError, ResultError: See `nnft_ppl.results.storage.read_result`.
    """
    return Ensemble(read_result(Path(path)))


def series_of(data: xr.DataTree, group: str = "observables") -> dict[str, np.ndarray]:
    """The observables' series, (chain, draw, ...), by name; or the arrays of another group, none if it is not there."""
    return {str(name): values.values for name, values in data[group].dataset.items()} if group in data else {}


def usable_log_weights(kind: Kind, stats: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """Log weights as estimates use them: smoothed for free draws, as they are for populations, None for chains.

    Args:
        kind: What the draws are.
        stats: Their statistics, (chain, draw), by name.
    """
    if not kind.weighted:
        return None
    return smooth_log_weights(stats["log_weight"])[0] if kind is Kind.FREE else stats["log_weight"]


def phase_of(terms: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """The phase of every draw, the sum of all terms; None where there are none.

    Args:
        terms: What every complex term of the action adds, (chain, draw), by name.
    """
    return np.sum(list(terms.values()), axis=0) if terms else None


def quoted_series(data: xr.DataTree, log_weights: np.ndarray | None) -> dict[str, np.ndarray]:
    """The series that estimates are made from: the observables', mixed with the improved ones where there are any."""
    series = series_of(data)
    better = improved_series(data)
    return series | {name: mix(series[name], values, log_weights) for name, values in better.items()}


def improved_series(data: xr.DataTree) -> dict[str, np.ndarray]:
    """The improved series, but for those that are not finite on every draw (a slope can be infinite)."""
    return {name: values for name, values in series_of(data, "improved").items() if np.all(np.isfinite(values))}


def estimate_rows(ensemble: Ensemble) -> tuple[list[str], list[list[str]]]:
    """Headings, and one row for every component of every estimate.

    The columns are observable · at · unit · estimate · [exact · pull] · ess · [reweighted]; those in brackets only
    where the run has them. The pull is (estimate − exact)/error; the unit is empty for pure numbers.
    """
    exact, found, second = ensemble.exact, ensemble.pulls(), ensemble.second_route
    headings = ["observable", "at", "unit", "estimate"]
    headings += ["exact", "pull"] if exact else []
    headings += ["ess", *(["reweighted"] if second else [])]
    rows = []
    for name, one in ensemble.estimates().items():
        unit, known = ensemble.unit(name), exact.get(name)
        scale = _scale(known) or _scale(one.value)
        for index, place in places(ensemble, name):
            row = [name, place, "" if unit in (None, "1") else unit, _estimate(one, index, scale)]
            if exact:
                row += _against(one, known, found.get(name), index)
            row.append(f"{one.ess[index]:.0f}" if np.isfinite(one.ess[index]) else "?")
            if second:
                row.append(_estimate(second[name], index, 0.0) if name in second else "")
            rows.append(row)
    return headings, rows


def _estimate(one: Estimate, index: tuple[int, ...], scale: float) -> str:
    """A value with its error; `?` where there is none, `0.3(?)` where its error is not to be trusted."""
    value, error = one.value[index].item(), one.error[index].item()
    return "?" if np.isnan(value) else format_value(without_noise(value, scale), error)


def _against(
    one: Estimate, exact: np.ndarray | None, found: np.ndarray | None, index: tuple[int, ...]
) -> tuple[str, str]:
    """The exact value and the pull in words; empty where nothing is known, `?` where nothing can be compared."""
    if exact is None or found is None or np.isnan(exact[index]):
        return "", ""
    scale = max(_scale(exact), float(np.nan_to_num(np.abs(one.error[index]))))
    pull = "?" if np.isnan(found[index]) else f"{found[index]:+.1f}"
    return format_value(without_noise(exact[index].item(), scale), 0.0), pull


def _scale(values: np.ndarray | None) -> float:
    """The largest of them; 0 of none."""
    return 0.0 if values is None else float(np.max(np.nan_to_num(np.abs(values)), initial=0.0))


def places(ensemble: Ensemble, name: str) -> Iterator[tuple[tuple[int, ...], str]]:
    """Every index of an observable, with its coordinates in words."""
    return places_along(coordinates_of(ensemble.data["estimates"].dataset[name]))
