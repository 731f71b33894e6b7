"""Values with errors, and how they are printed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Inexact
from numpy import ndarray

from nnft_ppl.complex_parts import in_parts
from nnft_ppl.display import columns, format_value, format_values, places_along, table, without_noise


@dataclass(frozen=True, eq=False)
class Estimate:
    """One observable's value ± error; all arrays have the observable's shape. `str` prints such as `0.3570(7)`.

    A complex value has a complex error: that of the real part as its real part, that of the imaginary part as its
    imaginary part. With `correlation` they make the 2 × 2 covariance of the two parts.
    """

    value: Inexact[ndarray, "*shape"]
    """The estimate, in units of the observable; complex where the observable is, or the density has a phase."""
    error: Inexact[ndarray, "*shape"]
    """Its standard error, autocorrelation and reweighting included; NaN where the value is undefined, or, of a function
    of means, where the linear propagation of errors is not to be trusted."""
    ess: Float[ndarray, "*shape"]
    """Number of independent draws of the target that would have this error, Var(F) / error^2; of a complex one
    (Var(Re F) + Var(Im F)) / |error|^2; NaN where the error is zero, for draws that never change say nothing of their
    number. With a phase the draws are of the density without it."""
    second_error: Inexact[ndarray, "*shape"]
    """The standard error by an independent estimator."""
    agree: Bool[ndarray, "*shape"] | None = None
    """Whether the two errors, and the chains, are compatible (`errors_agree`); None if never compared."""
    growth: Float[ndarray, "*shape"] | None = None
    """By how much long blocks of correlated draws made the error larger (`second_look`); None if never looked."""
    correlation: Float[ndarray, "*shape"] | None = None
    """Correlation between the errors of real and imaginary part, 0 where one of them has none; None of a real value."""

    coordinates: Mapping[str, ndarray] = field(default_factory=dict)
    """Along each dimension in turn, by its name; empty where they are not known. For display only."""
    doubts: Mapping[tuple[int, ...], str] = field(default_factory=dict)
    """Entry -> why it has a value and no error. Not stored."""

    @property
    def in_parts(self) -> "Estimate":
        """Real and imaginary part along a last axis, each with its error; the estimate itself where it is real.

        Effective draws and the agreement of errors, which belong to both, are given to each.
        """
        if not np.iscomplexobj(self.value):
            return self

        def twice(shared: ndarray | None) -> Any:
            return None if shared is None else np.repeat(np.asarray(shared)[..., None], 2, axis=-1)

        value, error, second = (in_parts(part) for part in (self.value, self.error, self.second_error))
        return Estimate(value, error, twice(self.ess), second, twice(self.agree), twice(self.growth))

    def __str__(self) -> str:
        return format_values(np.asarray(self.value), np.asarray(self.error))

    def _repr_html_(self) -> str:
        headings, rows = self.rows()
        return table(headings, rows, words=1)

    def rows(self) -> tuple[list[str], list[list[str]]]:
        """Headings, and coordinates, value with error and effective draws of every component."""
        value, error, ess = (np.asarray(part) for part in (self.value, self.error, self.ess))
        scale = float(np.max(np.nan_to_num(np.abs(value)), initial=0.0))
        shape = {dim: np.arange(size) for dim, size in zip("ijklmnpq", value.shape, strict=False)}
        rows = [
            [
                place,
                format_value(without_noise(value[index].item(), scale), error[index].item()),
                f"{ess[index]:.0f}" if np.isfinite(ess[index]) else "—",
            ]
            for index, place in places_along(self.coordinates or shape)
        ]
        return ["at", "estimate", "ess"], rows


class Estimates(dict[str, Estimate]):
    """Estimates by name, in the order of the model; printed, or shown by a notebook, they are one table."""

    def __str__(self) -> str:
        return columns(*self.rows(), words=2)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return table(*self.rows(), words=2)

    def rows(self) -> tuple[list[str], list[list[str]]]:
        """Headings, and the rows of every estimate behind its name."""
        return ["observable", "at", "estimate", "ess"], [
            [name, *row] for name, one in self.items() for row in one.rows()[1]
        ]
