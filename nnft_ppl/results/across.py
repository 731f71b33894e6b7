r"""Quantities across the members of a family: the exponent of a power law, the limit of infinite width.

`slope`:          $\ln |F| = a + s \ln x$ with x the keyword; the quantity is s.
`extrapolated`:   $F = F_\infty + c_1 u + \dots + c_k u^k$ with u a power of the keyword; the quantity is $F_\infty$.

Both are weighted fits (`nnft_ppl.statistics.fit_polynomial`). Where a fit would mean nothing there is no error, and
words say why: a logarithm of what may be zero, a χ² that contradicts the law.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from nnft_ppl.arguments import require_count
from nnft_ppl.display import format_value, place_words, places_along, without_noise
from nnft_ppl.statistics import MAX_PULL, Estimate, LinearFit, fit_polynomial

UNLIKELY = 1e-4
"""A law is contradicted by a χ² that is less probable; the error of its fit then says nothing."""


@dataclass(frozen=True)
class AcrossMembers:
    """A fit to one quantity along a scanned keyword; `ensembles.estimates({NAME: ...})` makes it."""

    quantity: str
    """Name of an observable or derived quantity."""
    along: str
    """The keyword."""
    in_words: str
    """The law, for messages."""
    abscissa: Callable[[ndarray], ndarray]
    """Keyword -> what the polynomial is in."""
    degree: int
    """Of the polynomial."""
    coefficient: int
    """Which coefficient is wanted."""
    logarithmic: bool
    """Whether ln |F| is fitted in place of F."""


@dataclass(frozen=True, eq=False)
class Fitted(Estimate):
    """A coefficient of a fit, with what tells whether the fit is right; ess is NaN, for it has none."""

    chi_squared: Float[ndarray, "*shape"] = field(default_factory=lambda: np.array(np.nan))
    """χ² of the residuals; NaN where nothing could be fitted."""
    p_value: Float[ndarray, "*shape"] = field(default_factory=lambda: np.array(np.nan))
    """Probability of a larger one where the law holds."""
    dof: int = 0
    """Its degrees of freedom."""

    def words(self, index: tuple[int, ...] = ()) -> str:
        """One entry: value, error and χ², or why there is none.

        Args:
            index: The entry.
        """
        value, error = float(self.value[index]), float(self.error[index])
        number = "undefined" if np.isnan(value) else format_value(value, error)
        if reason := self.doubts.get(index):
            return f"{number}: {reason}"
        return f"{number}, χ² = {self.chi_squared[index]:.3g} for {degrees(self.dof)}"

    def __str__(self) -> str:
        return "\n".join(
            f"{place}: {self.words(index)}" if place else self.words(index)
            for index, place in places_along(self.coordinates)
        )

    def rows(self) -> tuple[list[str], list[list[str]]]:
        """Headings and rows as of any estimate; χ², or why there is no error, stands in the last column."""
        rows = []
        for index, place in places_along(self.coordinates):
            number, _, rest = self.words(index).partition(": " if index in self.doubts else ", ")
            rows.append([place, number, rest])
        return ["at", "estimate", "ess"], rows


def degrees(number: int) -> str:
    """So many degrees of freedom, in words."""
    return f"{number} degree{'' if number == 1 else 's'} of freedom"


def slope(quantity: str, along: str) -> AcrossMembers:
    """The exponent s of |F| ∝ x^s, by a weighted fit of ln |F| against ln x.

    It is undefined where F is within five errors of zero at some member (there its logarithm is noise), and where F
    changes sign.

    Args:
        quantity: Name of a real observable or derived quantity F.
        along: The scanned keyword x > 0, such as `width`.
    """
    return AcrossMembers(quantity, along, f"|{quantity}| ∝ {along}^s", np.log, 1, 1, logarithmic=True)


def extrapolated(quantity: str, along: str, in_: str = "1/N", degree: int = 1) -> AcrossMembers:
    """The value where a power u of the keyword vanishes, by a weighted fit of a polynomial in u.

    Args:
        quantity: Name of a real observable or derived quantity.
        along: The scanned keyword, N.
        in_: The power u: `1/N`, `1/N^2` (towards infinite N), `N`, `N^2`, ... (towards zero).
        degree: Of the polynomial.

    Raises:
        ValueError: For another `in_`, or a degree below 1.

    Example:
        >>> extrapolated("phi_fourth", along="width", in_="1/N").in_words
        'phi_fourth = c_0 + c_1/width'
    """
    require_count("extrapolated", "degree", degree, least=1)
    found = re.fullmatch(rf"(1/)?(?:N|{re.escape(along)})(?:\^(\d+(?:\.\d+)?))?", in_.replace(" ", ""))
    if not found:
        raise ValueError(f"extrapolated: in_ = {in_!r}; write 1/N, 1/N^2, N or N^2, where N stands for the keyword")
    power = float(found[2] or 1) * (-1 if found[1] else 1)

    def abscissa(values: ndarray) -> ndarray:
        return values**power

    sign, powers = "/" if power < 0 else " ", [abs(power) * k for k in range(1, degree + 1)]
    terms = [f"c_{k}{sign}{along}{'' if one == 1 else f'^{one:g}'}" for k, one in enumerate(powers, 1)]
    words = " + ".join([f"{quantity} = c_0", *terms])
    return AcrossMembers(quantity, along, words, abscissa, degree, 0, logarithmic=False)


def fit_across(
    wanted: AcrossMembers,
    values: Estimate,
    scanned: Mapping[str, ndarray],
    correlation: Float[ndarray, "member member *shape"] | None,
    replicas: int | None = None,
) -> Fitted:
    """The fit at every combination of the other keywords, and every entry of the quantity.

    Args:
        wanted: The fit.
        values: The quantity at all members: dimensions of the scanned keywords first, then its own.
        scanned: Keyword -> its values, in the order of those dimensions.
        correlation: Of the members with one another; None where they are independent.
        replicas: From how many independent ones it is estimated.

    Raises:
        ValueError: For a keyword that is not scanned or not a number, too few values, a complex quantity.
    """
    if wanted.along not in scanned:
        raise ValueError(f"{wanted.in_words}: {wanted.along!r} is not scanned here ({', '.join(scanned)} is)")
    if np.iscomplexobj(values.value):
        raise ValueError(
            f"{wanted.in_words}: {wanted.quantity!r} is complex; fit a Derived of it, its real part or its modulus"
        )
    x = scanned[wanted.along]
    axis, sizes = list(scanned).index(wanted.along), tuple(len(one) for one in scanned.values())
    if x.dtype.kind not in "if" or (x <= 0).any():
        raise ValueError(f"{wanted.in_words}: needs values of {wanted.along} above zero, not {x.tolist()}")
    if len(x) <= wanted.degree:
        raise ValueError(
            f"{wanted.in_words}: {len(x)} values of {wanted.along} are too few; {wanted.degree + 1} are needed"
        )
    members = np.moveaxis(np.arange(np.prod(sizes)).reshape(sizes), axis, -1)
    own_shape, other_axes = values.value.shape[len(sizes) :], len(sizes) - 1
    value, error = (np.asarray(one, float).reshape(-1, *own_shape) for one in (values.value, values.error))
    between = np.eye(members.size) if correlation is None else correlation
    shape = members.shape[:-1] + own_shape
    found = {name: np.full(shape, np.nan) for name in ("value", "error", "chi_squared", "p_value")}
    doubts: dict[tuple[int, ...], str] = {}
    for index in np.ndindex(*shape):
        own, entry = members[index[:other_axes]], index[other_axes:]
        correlated = between[np.ix_(own, own)]
        correlated = correlated if correlation is None else correlated[(slice(None), slice(None), *entry)]
        fit, doubt = _fit(wanted, x, value[(own, *entry)], error[(own, *entry)], correlated, replicas)
        if doubt:
            doubts[index] = doubt
        if fit:
            found["value"][index] = fit.coefficients[wanted.coefficient]
            found["error"][index] = np.nan if doubt else fit.errors[wanted.coefficient]
            found["chi_squared"][index], found["p_value"][index] = fit.chi_squared, fit.p_value
    others = {name: one for name, one in values.coordinates.items() if name != wanted.along}
    nothing = np.full(shape, np.nan)
    return Fitted(
        found["value"], found["error"], nothing, nothing, coordinates=others, doubts=doubts,
        chi_squared=found["chi_squared"], p_value=found["p_value"], dof=len(x) - wanted.degree - 1,
    )  # fmt: skip


def _fit(
    wanted: AcrossMembers,
    x: ndarray,
    y: ndarray,
    error: ndarray,
    correlation: Float[ndarray, "n n"],
    replicas: int | None,
) -> tuple[LinearFit | None, str]:
    """The fit, where there is one, and why its error says nothing, where it does not."""
    if not np.isfinite(y).all() or not np.isfinite(error).all():
        lost = ", ".join(place_words({wanted.along: one}) for one in x[~(np.isfinite(y) & np.isfinite(error))])
        return None, f"{wanted.quantity} has no value with an error at {lost}"
    if replicas is not None and len(x) > replicas - 2:
        return None, (
            f"{len(x)} values of {wanted.along} are too many for correlations that {replicas} blocks of draws tell: "
            "fit fewer, or make runs with random numbers of their own"
        )
    u = wanted.abscissa(x.astype(float))
    if wanted.logarithmic:
        if reason := _no_logarithm(wanted, x, y, error):
            return None, reason
        y, error = np.log(np.abs(y)), error / np.abs(y)
    fit = fit_polynomial(u, y, np.outer(error, error) * correlation, wanted.degree, replicas)
    if fit.p_value < UNLIKELY:
        law = f"χ² = {fit.chi_squared:.3g} for {degrees(fit.dof)}"
        return fit, f"the values contradict {wanted.in_words} ({law})"
    if not error.any():  # numbers without error, on the curve to rounding
        exact = [without_noise(float(one), float(np.max(np.abs(y)))) for one in fit.coefficients]
        fit = fit._replace(coefficients=np.array(exact), errors=np.zeros_like(fit.errors))
    return fit, ""


def _no_logarithm(wanted: AcrossMembers, x: ndarray, y: ndarray, error: ndarray) -> str:
    """Why ln |F| cannot be fitted; empty where it can."""
    nothing = np.abs(y) <= MAX_PULL * error
    if not y.any() and not error.any():
        return f"{wanted.quantity} vanishes identically: it has no exponent"
    if nothing.all():
        return f"{wanted.quantity} is zero within {MAX_PULL:g} errors at every {wanted.along}: it has no exponent"
    if nothing.any():
        worst = int(np.argmin(np.where(nothing, np.abs(y) / np.where(error > 0, error, 1.0), np.inf)))
        away = f"{abs(y[worst]) / error[worst]:.1f} errors" if error[worst] > 0 else "exactly so"
        place = place_words({wanted.along: x[worst]})
        return (
            f"{wanted.quantity} is zero within {MAX_PULL:g} errors at {place} ({away}), where its logarithm is noise: "
            "more draws, or leave that value out"
        )
    return f"{wanted.quantity} changes sign along {wanted.along}: no power law" if np.ptp(np.sign(y)) else ""
