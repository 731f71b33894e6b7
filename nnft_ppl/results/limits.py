r"""The limit of a family, infinite width say, with its error in parts, and how far it can be trusted.

$F = F_\infty + c_1 u + \dots + c_k u^k$, u = 1/N, is fitted to all members together, by generalised least squares with
the covariance that random numbers in common give them. The total error of $F_\infty$ is made of three, in quadrature:

    statistical   that of the fit
    finite N      |change of F_∞ when the next order, u^{k+1}, is fitted, too|
    grid          how far twice the points of every grid move the estimates of the widest member

Source: the first is Aitken's theorem (`nnft_ppl.statistics.fit_linear`); the second is the size of the first order that
is left out, with the noise of its coefficient.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from nnft_ppl.results.across import Fitted, extrapolated
from nnft_ppl.results.members import Ensembles


@dataclass(frozen=True, eq=False)
class Limit:
    """The limit of one quantity; arrays have the shape of the quantity, behind the other scanned keywords."""

    quantity: str
    """Its name."""
    law: str
    """What was fitted, in words."""
    value: Float[ndarray, "*shape"]
    """F_∞; NaN where nothing could be fitted."""
    statistical: Float[ndarray, "*shape"]
    """Standard error of the fit; NaN where it says nothing, for the reason in `doubts`."""
    finite: Float[ndarray, "*shape"]
    """What the next order changes."""
    grid: Float[ndarray, "*shape"]
    """What finer grids change; NaN where that is not known, and then no part of the total."""
    chi_squared: Float[ndarray, "*shape"]
    """χ² of the fit."""
    dof: int
    """Its degrees of freedom."""
    coordinates: Mapping[str, ndarray] = field(default_factory=dict)
    """Dimension -> where the entries are."""
    doubts: Mapping[tuple[int, ...], str] = field(default_factory=dict)
    """Index -> why there is no error."""

    @property
    def error(self) -> Float[ndarray, "*shape"]:
        """The total error, of the shape of the value."""
        return np.sqrt(self.statistical**2 + self.finite**2 + np.nan_to_num(self.grid) ** 2)

    def with_grid(self, moved: Any) -> "Limit":
        """The same, with what finer grids change.

        Args:
            moved: Of every entry, or an array that broadcasts to their shape.
        """
        return replace(self, grid=np.array(np.broadcast_to(moved, self.value.shape), float))

    def reach(self, within: float, *, relative: bool = True) -> "Reach":
        """The distance up to which the total error stays below what is asked.

        Args:
            within: The error that is allowed.
            relative: Whether that is a share of the value.

        Raises:
            ValueError: For a quantity that is not along one coordinate of numbers, or an allowance not above zero.
        """
        if not within > 0:
            raise ValueError(f"{self.quantity}: an error within {within:g} is asked for; give a number above zero")
        ((name, places),) = self.coordinates.items() if len(self.coordinates) == 1 else (("", np.array("")),)
        if self.value.ndim != 1 or np.asarray(places).dtype.kind not in "iuf":
            dims = ", ".join(self.coordinates) or "no coordinate"
            raise ValueError(f"{self.quantity} is along {dims}: a distance takes one coordinate that is a number")
        allowed = within * np.abs(self.value) if relative else np.full_like(self.value, within)
        order = np.argsort(places)
        good = np.logical_and.accumulate((self.error <= allowed)[order])  # NaN is not good
        return Reach(name, float(np.asarray(places)[order][good][-1]) if good.any() else None)


class Reach(NamedTuple):
    """How far something holds."""

    dim: str
    """The coordinate."""
    distance: float | None
    """Up to there; None where it does not hold at the nearest point."""


def limit_of(
    ensembles: Ensembles,
    quantity: str,
    along: str | None = None,
    in_: str = "1/N",
    degree: int = 1,
    grid: Mapping[str, Any] | None = None,
) -> Limit:
    """The limit of a quantity where a power of a scanned keyword vanishes.

    Args:
        ensembles: A family with at least `degree` + 2 values of the keyword; with common random numbers its members'
            correlations are part of the fit.
        quantity: Name of a real observable or derived quantity.
        along: The keyword N; `width`, or the only one that is scanned, unless given.
        in_: The power u of N, as for `extrapolated`.
        degree: k.
        grid: Name -> what finer grids change (`nnft_ppl.runs.grid_shifts`).

    Raises:
        ValueError: For an unknown quantity or keyword, too few values, and as for `extrapolated`.

    Example:
        >>> limit_of(read("runs/widths"), "two_point").reach(0.02)  # doctest: +SKIP
        Reach(dim='separation', distance=1.0)
    """
    along = along or _usual_keyword(ensembles)
    fits = [extrapolated(quantity, along, in_, order) for order in (degree, degree + 1)]
    found = ensembles.estimates({"limit": fits[0], "next": fits[1]})
    fit, following = found["limit"], found["next"]
    assert isinstance(fit, Fitted)
    finite = np.abs(following.value - fit.value)
    limit = Limit(
        quantity, fits[0].in_words, fit.value, fit.error, finite, np.full(fit.value.shape, np.nan), fit.chi_squared,
        fit.dof, dict(fit.coordinates), dict(fit.doubts),
    )  # fmt: skip
    return limit.with_grid((grid or {}).get(quantity, np.nan))


def nearest_to_limit(ensembles: Ensembles, along: str | None = None, in_: str = "1/N") -> ndarray:
    """Places of the members nearest to the limit, one for every combination of the other keywords, in any order.

    Args:
        ensembles: The family.
        along: As for `limit_of`.
        in_: As for `limit_of`.

    Returns:
        Places such as `width=64`, of the shape of the other scanned keywords.
    """
    along = along or _usual_keyword(ensembles)
    sizes = [len(values) for values in ensembles.scanned.values()]
    nearest = int(np.argmin(extrapolated("", along, in_).abscissa(ensembles.scanned[along].astype(float))))
    places = np.array(ensembles.places, dtype=object).reshape(sizes)
    return np.asarray(places.take(nearest, axis=list(ensembles.scanned).index(along)), dtype=object)


def _usual_keyword(ensembles: Ensembles) -> str:
    return "width" if "width" in ensembles.scanned else next(iter(ensembles.scanned))
