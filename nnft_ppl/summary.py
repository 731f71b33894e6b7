"""A run in words, for whatever prints it: its model, and its estimates as rows."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nnft_ppl.estimates import Estimate, format_value, weighted_agreement

if TYPE_CHECKING:
    from nnft_ppl.ensemble import Ensemble


def called(model: str, keywords: Mapping[str, Any]) -> str:
    """A model with its keywords: `name(keyword=value, ...)`."""
    return f"{model}({', '.join(f'{name}={value}' for name, value in keywords.items())})"


def estimate_rows(ensemble: "Ensemble") -> tuple[list[str], list[list[str]]]:
    """Headings, and one row for every component of every estimate.

    The columns are observable · at · unit · estimate · [exact · pull] · ess · [reweighted]; those in brackets only
    where the run has them. The pull is (estimate − exact)/error.
    """
    exact, second = ensemble.exact, ensemble.second_route
    headings = ["observable", "at", "unit", "estimate"]
    headings += ["exact", "pull"] if exact else []
    headings += ["ess", *(["reweighted"] if second else [])]
    rows = []
    for name, one in ensemble.estimates().items():
        unit = ensemble.unit(name) or ""
        for index, place in places(ensemble, name):
            value, error = one.value[index], one.error[index]
            row = [name, place, unit, format_value(value, error)]
            if exact:
                known = exact[name][index] if name in exact else np.nan
                row += ["", ""] if np.isnan(known) else [f"{known:.6g}", f"{pulls(one, exact[name])[index]:+.1f}"]
            row.append(f"{one.ess[index]:.0f}" if np.isfinite(one.ess[index]) else "?")
            if second:
                other = second.get(name)
                row.append(format_value(other.value[index], other.error[index]) if other else "")
            rows.append(row)
    return headings, rows


def places(ensemble: "Ensemble", name: str) -> Iterator[tuple[tuple[int, ...], str]]:
    """Every index of an observable, with its coordinates in words."""
    stored = ensemble.data["estimates"].dataset[name]
    for index in np.ndindex(stored.shape):
        words = [
            f"{dim}={stored.coords[dim].values[i]:g}" if dim in stored.coords else f"{dim}={i}"
            for dim, i in zip(stored.dims, index, strict=True)
        ]
        yield index, ", ".join(words)


def pulls(one: Estimate, exact: np.ndarray) -> np.ndarray:
    """(estimate − exact)/error of every component, NaN where nothing is known.

    It is 0 where the two are equal to rounding, whatever the error, and infinite where they differ without error.
    """
    nothing = np.zeros(exact.shape)
    return np.where(np.isnan(exact), np.nan, weighted_agreement(one, Estimate(exact, nothing, nothing, nothing)))
