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
    held_out      value and error of what was found on one half of the draws, of either half, and what was found
    raw_estimates, improved_estimates    the same of each alone, for observables that have both
    schwinger_dyson  residuals of the bank of identities on some of the draws, and the potential
    second_route  the same from reweighted free draws, where a Markov chain was run
    tempering     ln Z(β)/Z(0) and the observables along the way from the free theory, of samplers that know it
    exact         exact values, NaN where unknown
    curves        exact values between the points that are measured, `NAME` along `NAME.at`
    fields        a few drawn fields on a regular grid

All draws have leading dimensions (chain, draw). Of a long run series are averages of so many consecutive draws as the
attribute `averaged` says, and `singles` holds the same groups with the first of each. The provenance is a JSON string.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from nnft_ppl.display import format_value, model_call, paragraph, place_words, table, without_noise
from nnft_ppl.draws import Kind
from nnft_ppl.observables import Derived, HeldOut
from nnft_ppl.results.held_out import held_out_estimates
from nnft_ppl.results.labelled import coordinates_of, read_estimates, refuse_other_places, with_coordinates
from nnft_ppl.results.provenance import Provenance
from nnft_ppl.results.series import (
    has_series,
    improved_series,
    phase_of,
    quoted_series,
    series_of,
    single_draws,
    usable_log_weights,
)
from nnft_ppl.results.tables import estimates_frame
from nnft_ppl.statistics import Estimate, Estimates, Verdicts, estimate, pulls

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

    def estimates(self, derived: Mapping[str, Derived | HeldOut] | None = None) -> Estimates:
        """Value ± error of every observable and derived quantity.

        Args:
            derived: Further quantities to compute from the stored draws, with correlated errors; or statements to find
                on one half of them and test on the other.

        Returns:
            Stored estimates by name, then those of `derived`.

        Raises:
            ValueError: If one takes an observable at other coordinates than it was measured at, or no series were kept.

        Example:
            >>> ensemble.estimates({"screening": ratio("phi_fourth", "phi_squared")})  # doctest: +SKIP
        """
        stored = read_estimates(self.data["estimates"].to_dataset())
        if not derived:
            return stored
        if not has_series(self.data):
            raise ValueError(f"{', '.join(derived)}: no series were kept; run again with --keep-series auto")
        series = quoted_series(self.data, self.log_weights)
        raw = {name: series_of(self.data)[name] for name in improved_series(self.data)}
        told: dict[str, Any] = {"independent": self.kind.independent, "raw": raw, "phase": self.phase}
        told["singles"] = single_draws(self.data, self.kind, series)
        functions = {name: one for name, one in derived.items() if not isinstance(one, HeldOut)}
        wanted = estimate(series, functions, self.log_weights, **told)
        known = self.data["observables"].dataset
        for name, one in functions.items():
            refuse_other_places(name, one, known)
        found = {name: with_coordinates(name, wanted[name], one, known) for name, one in functions.items()}
        statements = {name: one for name, one in derived.items() if isinstance(one, HeldOut)}
        found |= held_out_estimates(statements, series, self.log_weights, **told)[0]
        return Estimates(stored | {name: found[name] for name in derived})

    @property
    def log_weights(self) -> np.ndarray | None:
        """Log weights of the draws, shape (chain, draw), smoothed for free draws; None for Markov chains."""
        return usable_log_weights(self.data, self.kind)

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

    @property
    def truncation(self) -> dict[str, np.ndarray]:
        """By how much exact values may themselves be off, by name, each of their shape, where the model states that."""
        known = series_of(self.data, "exact")
        return {name.removesuffix(TRUNCATION): one for name, one in known.items() if name.endswith(TRUNCATION)}

    def pulls(self) -> dict[str, np.ndarray]:
        """(estimate − exact)/error, beyond the truncation that the model states, of all that has an exact value.

        Each of the observable's shape; NaN where nothing is known, or an estimate has no error.
        """
        estimates, truncation = self.estimates(), self.truncation
        precision = self.provenance.precision
        return {
            name: pulls(estimates[name], exact, truncation.get(name, 0.0), precision)
            for name, exact in self.exact.items()
        }

    def labels(self, name: str) -> Iterator[tuple[tuple[int, ...], dict[str, Any]]]:
        """Every index of an estimate with its coordinates, dimension -> where it is.

        Args:
            name: The observable's or derived quantity's.
        """
        coordinates = coordinates_of(self.data["estimates"].dataset[name])
        for index in np.ndindex(*map(len, coordinates.values())):
            yield index, {dim: one[i] for (dim, one), i in zip(coordinates.items(), index, strict=True)}

    def to_dataframe(self) -> pd.DataFrame:
        """Every component of every estimate, one a row: a table for pandas, spreadsheets and plots.

        Returns:
            Columns `observable`, one for each dimension (empty where an observable has no such), `unit`, `value`,
            `error`, `ess`, and where exact values are known `exact` and `pull`. Where a value is complex, `value_re`
            and `value_im`, and so on.
        """
        names = self.estimates()
        return estimates_frame(
            names, {name: self.labels(name) for name in names}, self.exact, self.pulls(),
            {name: self.unit(name) for name in names},
        )  # fmt: skip

    def unit(self, name: str) -> str | None:
        """Unit of an observable or of a coordinate, `1` for a pure number; None where the model states none.

        Args:
            name: The observable's, or the coordinate's.
        """
        groups = (self.data[group].dataset for group in ("observables", "estimates"))
        return next((one[name].attrs["units"] for one in groups if name in one and "units" in one[name].attrs), None)

    def __repr__(self) -> str:
        lines = [f"{name} = {value}" for name, value in self.estimates().items()]
        return "\n".join([f"Ensemble of {self.provenance.model}", *lines])

    def _repr_html_(self) -> str:
        about = self.provenance
        made = f"{model_call(about.model, about.keywords)} by {about.sampler.name}"
        made += ", interrupted" if about.interrupted else "" if about.whole else ", unfinished: time was up"
        return paragraph(made, about.verdict) + table(*estimate_rows(self), words=3) + self.verdicts._repr_html_()


def estimate_rows(ensemble: Ensemble) -> tuple[list[str], list[list[str]]]:
    """Headings, and one row for every component of every estimate.

    The columns are observable · at · unit · estimate · [exact · pull] · ess · [reweighted]; those in brackets only
    where the run has them. The pull is (estimate − exact)/error; an exact value that is known to no better than a tenth
    of the error has in brackets what the model says it may be off. The unit is empty for pure numbers. An invariant has
    its largest deviation in place of an estimate.
    """
    exact, found, second, truncation = ensemble.exact, ensemble.pulls(), ensemble.second_route, ensemble.truncation
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
                row += _against(one, known, truncation.get(name), found.get(name), index)
            row.append(f"{one.ess[index]:.0f}" if np.isfinite(one.ess[index]) else "—")
            if second:
                row.append(_estimate(second[name], index, 0.0) if name in second else "")
            rows.append(row)
    for one in ensemble.findings.get("invariants", {}).get("rows", ()):
        rows.append([one["invariant"], one["place"], "", one["words"], *[""] * (len(headings) - 4)])
    return headings, rows


def _estimate(one: Estimate, index: tuple[int, ...], scale: float) -> str:
    """A value with its error; `?` where there is none, `0.3(?)` where its error is not to be trusted."""
    value, error = one.value[index].item(), one.error[index].item()
    return "?" if np.isnan(value) else format_value(without_noise(value, scale), error)


def _against(
    one: Estimate,
    exact: np.ndarray | None,
    truncation: np.ndarray | None,
    found: np.ndarray | None,
    index: tuple[int, ...],
) -> tuple[str, str]:
    """The exact value and the pull in words; empty where nothing is known, `?` where nothing can be compared."""
    if exact is None or found is None or np.isnan(exact[index]):
        return "", ""
    error = float(np.nan_to_num(np.abs(one.error[index])))
    off = 0.0 if truncation is None else float(truncation[index])
    value = without_noise(exact[index].item(), max(_scale(exact), error))
    pull = "?" if np.isnan(found[index]) else f"{found[index]:+.1f}"
    return format_value(
        value, (complex(off, off) if np.iscomplexobj(exact) else off) if off > error / 10 else 0.0
    ), pull


def _scale(values: np.ndarray | None) -> float:
    """The largest of them; 0 of none."""
    return 0.0 if values is None else float(np.max(np.nan_to_num(np.abs(values)), initial=0.0))


def places(ensemble: Ensemble, name: str) -> Iterator[tuple[tuple[int, ...], str]]:
    """Every index of an observable, with its coordinates in words."""
    return ((index, place_words(labels)) for index, labels in ensemble.labels(name))
