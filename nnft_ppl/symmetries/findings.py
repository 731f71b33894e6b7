r"""What a run says of a symmetry: its lift, the breaking function and its parts, the Ward identities, and a verdict.

    not_a_symmetry   Vφ is not δφ: the parameters do not carry out the field action
    redundancy       Vφ = 0: different parameters, one field
    symmetry         B = 0 and no flux: the current is conserved, E[V(F)] = 0
    anomalous        E[V(F)] ≠ 0, by the parts of B, or the flux, that do not vanish
    undecided        B ≠ 0, and no E[V(F)] is seen to differ from 0

The parts of B depend on the coordinates in which parameters are written, their sum does not.

Source: the words are those of arXiv:2605.12488; verdicts are derived in docs/theory/symmetries.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from nnft_ppl.display import format_value, in_a_row
from nnft_ppl.statistics import MAX_PULL, USABLE, TSquared, contributions, estimate, t_squared, tails

PARTS = ("score", "jacobian", "action", "flux")
WORDS = {"score": "score", "jacobian": "Jacobian", "action": "action", "flux": "flux"}
NAIVE_P_VALUE = 1e-3
"""E[V(F)] differs from 0 where the joint test says so at this level."""
SEEN = 0.01
"""A functional that changes by less than this share of the size of V(F) would need 10⁴ draws to be seen."""
NOT_VANISHING = 0.5
"""A flux that a hundredfold distance leaves above this share of itself does not vanish at infinity."""
NOTICED = 1e-6
"""A flux at infinity below this share of the terms is nothing."""
NO_IDENTITIES: dict[str, Any] = {"t2": np.nan, "dof": 0, "p_value": np.nan, "ess": np.nan, "rows": []}
Measured = Mapping[str, Float[ndarray, "chain draw ..."]]
"""What one generator measured on every draw, by name (`WardIdentities.__call__`)."""


@dataclass(frozen=True)
class SymmetryFindings:
    """What is known of one symmetry."""

    verdict: str
    """`symmetry`, `redundancy`, `anomalous`, `not_a_symmetry` or `undecided`."""
    text: str
    """In words."""
    lift_defect: float
    """The largest |Vφ − δφ| of any draw and point, in units of the terms that should cancel in it."""
    worst_place: dict[str, Any]
    """`generator`, `chain` and `draw` of it, and `row` among the fields' values."""
    breaking: dict[str, dict[str, float]]
    """`value`, `error` and `size` (root mean square) of each part of B, and of `total`; of several generators those of
    the one that breaks most. Of a discrete symmetry the same of ln P(g(θ)) − ln P(θ)."""
    ward: dict[str, Any]
    """`t2`, `dof`, `p_value`, `ess`, and `rows`: `generator`, `observable`, `change` E[V(F)], `breaking` E[B F],
    `flux`, what the change is `expected` to be, −E[B F] + flux, `residual`, `error`, `z`, whether the amplitudes are
    `averaged` by hand, and the `size` (root mean square) of V(F)."""
    flux_at_infinity: dict[str, float] = field(default_factory=dict)
    """What leaves through each site where that does not vanish; empty is good."""
    broken_by: list[str] = field(default_factory=list)
    """The parts that do not vanish, of `PARTS`."""

    @classmethod
    def unavailable(cls, reason: str) -> "SymmetryFindings":
        """Where nothing could be measured.

        Args:
            reason: Why.
        """
        return cls("undecided", f"not available, {reason}", np.nan, {}, {}, dict(NO_IDENTITIES))

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def conclude(
    generators: Sequence[tuple[str, tuple[str, ...], tuple[bool, ...], list[str], Measured]],
    *,
    redundancy: bool,
    weights: Float[ndarray, "chain draw"] | None,
    independent: bool,
    tolerance: float,
    lift_tolerance: float | None = None,
) -> SymmetryFindings:
    """The findings on one continuous symmetry.

    Args:
        generators: Of each its name, its rows, which of them are averaged, the sites of `far`, and what it measured,
            arrays of shape (chain, draw, ...).
        redundancy: Whether the field should not change.
        weights: Log weights of the draws, if they have any.
        independent: Whether the draws are known to be independent.
        tolerance: Rounding, in units of the terms of what should vanish.
        lift_tolerance: The largest defect of a lift that is rounding; None for the same.
    """
    mean = mean_of(weights, independent=independent)
    defect, place = largest_defect([(called, measured) for called, _, _, _, measured in generators])
    parts = {called: _parts(measured, tolerance, mean) for called, _, _, _, measured in generators}
    breaking = max(parts.values(), key=lambda one: one["total"]["size"])
    rows: list[dict[str, Any]] = []
    series: dict[str, list[ndarray]] = {"residual": [], "change": []}
    lost: dict[str, float] = {}
    for called, names, averaged, sites, measured in generators:
        lost |= _lost(sites, measured)
        own = _terms(measured, averaged, tolerance)
        change, broken, flux, residual = (mean(own[key]) for key in ("change", "breaking", "flux", "residual"))
        expected, sizes = mean(own["flux"] - own["breaking"]), np.sqrt(mean(own["change"] ** 2)[0])
        for at, row in enumerate(names):
            z = residual[0][at] / residual[1][at] if residual[1][at] > 0 else 0.0
            rows.append(
                {
                    "generator": called,
                    "observable": row,
                    "change": _number(change, at),
                    "breaking": _number(broken, at),
                    "flux": _number(flux, at),
                    "expected": _number(expected, at),
                    "residual": float(residual[0][at]),
                    "error": float(residual[1][at]),
                    "z": float(z),
                    "averaged": bool(averaged[at] and own["averaged"]),
                    "size": float(sizes[at]),
                }
            )
        for key, all_ in series.items():
            all_.append(own[key])
    residuals, changes = (np.concatenate(series[key], axis=-1) for key in ("residual", "change"))
    heavy = _heavy(residuals, weights, independent=independent)
    for row, k_hat in zip(rows, heavy, strict=True):
        row["k_hat"] = float(k_hat) if np.isfinite(k_hat) else None
    usable = ~(heavy > USABLE)
    test = t_squared(np.where(usable, residuals, 0.0), weights, independent=independent)
    calm = ~(_heavy(changes, weights, independent=independent) > USABLE)
    naive = t_squared(np.where(calm, changes, 0.0), weights, independent=independent)
    ward = {"t2": test.t_squared, "dof": test.dof, "p_value": test.p_value, "ess": test.ess, "rows": rows}
    left_out = [row for row, one in zip(rows, usable, strict=True) if not one]
    ward["left_out"] = [f"{row['generator']}: {row['observable']}" for row in left_out]
    broken_by = [part for part in PARTS if any(part in _breaking_parts(one) for one in parts.values())]
    seen = [row for row, one in zip(rows, calm, strict=True) if one]
    opposite = max(float(np.max(measured["lift_opposite"])) for *_, measured in generators)
    allowed = lift_tolerance or tolerance
    others = [one for row, one in zip(rows, usable, strict=True) if row["observable"] != "1"]
    tested = any(others) or not others
    verdict, words = _verdict(defect, opposite, allowed, seen, naive, broken_by, redundancy=redundancy, tested=tested)
    return SymmetryFindings(verdict, words, defect, place, breaking, ward, lost, broken_by)


def _heavy(series: ndarray, weights: ndarray | None, *, independent: bool) -> ndarray:
    """Pareto's k of every row; where it is above 1/2, T² and errors of the mean say nothing."""
    return tails(contributions(series, weights), independent=independent).k_hat


def _verdict(
    defect: float,
    opposite: float,
    tolerance: float,
    rows: Sequence[Mapping[str, Any]],
    naive: TSquared,
    broken_by: list[str],
    *,
    redundancy: bool,
    tested: bool,
) -> tuple[str, str]:
    if not defect <= tolerance:
        hint = "; it has the wrong sign: −V would not" if opposite <= tolerance else ""
        return "not_a_symmetry", f"the lift misses the field action by {defect:.2g} of its size{hint}"
    if redundancy:
        return "redundancy", "the field does not change" + ("" if broken_by else ", nor does the density")
    if not broken_by and not tested:
        # Where a field has poles something may leave through them, though B = 0 beside them.
        return "undecided", "B = 0 on every draw, but every functional has too heavy a tail to test its identity"
    if not broken_by:
        return "symmetry", "the current is conserved: B = 0 on every draw"
    others = [row for row in rows if row["observable"] != "1"]
    if not others:
        return "undecided", "every functional has too heavy a tail: give bounded ones"
    pulls = [_pull(row["change"]) for row in others]
    named = in_a_row([WORDS[part] for part in broken_by])
    if naive.p_value < NAIVE_P_VALUE or any(abs(pull) > MAX_PULL for pull in pulls):
        best = others[int(np.argmax(np.abs(pulls)))]
        scale = f", where δF has the size {best['size']:.2g}" if best["size"] > 0 else ""
        words = f"by its {named}: E[δF] = {_words(best['change'])} for F = {best['observable']}{scale}"
        return "anomalous", words
    blind = [row["change"]["error"] / row["size"] for row in others if row["size"] > 0]
    if not blind:
        return "undecided", f"B ≠ 0 by its {named}, and none of the functionals changes: give others"
    needed = max(naive.ess, 1.0) * max((max(blind) / SEEN) ** 2, 1.0)
    more = f"; to see 1 % needs about {float(f'{needed:.0e}'):.0f} draws"
    words = f"B ≠ 0 by its {named}, and no functional is seen to change, to {max(blind):.1%} of the size of its change"
    return "undecided", words + (more if max(blind) > SEEN else "")


def _breaking_parts(parts: Mapping[str, Mapping[str, float]]) -> list[str]:
    """The parts by which a generator is broken: those of B do not count where they cancel on every draw."""
    counted = PARTS if parts["total"]["size"] > 0 else ("flux",)
    return [part for part in counted if parts[part]["size"] > 0]


def _terms(measured: Measured, averaged: Sequence[bool], tolerance: float) -> dict[str, Any]:
    """Change, breaking, flux and residual of every row, averaged over amplitudes where that can be trusted."""
    found: dict[str, Any] = {
        key: np.array(measured[key], float) for key in ("change", "breaking", "flux") if key in measured
    }
    mask = np.array(averaged, bool)
    trusted = mask.any() and float(np.max(measured["averaged_missed"])) <= tolerance
    if trusted:
        for key in ("change", "breaking", "flux"):
            found[key][..., mask] = measured[f"averaged_{key}"]
    residual = found["change"] + found["breaking"] - found["flux"]
    terms = sum(np.abs(found[key]) for key in ("change", "breaking")) + measured["flux_size"]
    size = np.max(terms + np.abs(measured["functional"]) * measured["breaking_size"][..., None], axis=(0, 1))
    for key in ("change", "breaking", "flux"):
        found[key] = np.where(np.max(np.abs(found[key]), axis=(0, 1)) <= tolerance * size, 0.0, found[key])
    found["residual"] = np.where(np.abs(residual) <= tolerance * size, 0.0, residual)
    found["averaged"] = trusted
    return found


def _parts(measured: Measured, tolerance: float, mean: Any) -> dict[str, dict[str, float]]:
    """Mean, error and size of the parts of B, and of the flux of F = 1; zero where it is rounding."""
    series = {part: measured[part] for part in ("score", "jacobian", "action")}
    series["total"] = sum(series.values(), start=np.zeros(()))
    series["flux"] = measured["flux"][..., 0]
    sizes = {part: float(np.sqrt(np.mean(one**2))) for part, one in series.items()}
    terms = measured["breaking_size"] + np.max(measured["flux_size"], axis=-1)
    scale = max(*(sizes[part] for part in PARTS), float(np.sqrt(np.mean(terms**2))))
    found = {}
    for part, one in series.items():
        value, error, _ = mean(one)
        size, zero = np.sqrt(mean(one**2)[0]), sizes[part] <= tolerance * scale
        found[part] = {
            "value": 0.0 if zero else float(value),
            "error": 0.0 if zero else float(error),
            "size": 0.0 if zero else float(size),
        }
    if np.max(np.abs(measured["flux"])) > tolerance * scale and not found["flux"]["size"]:
        found["flux"]["size"] = float(np.sqrt(np.mean(measured["flux"] ** 2)))
    return found


def largest_defect(generators: Sequence[tuple[str, Measured]]) -> tuple[float, dict[str, Any]]:
    """The largest relative defect, and where."""
    worst, place = -1.0, {}
    for called, measured in generators:
        scale = float(np.max(measured["lift_size"]))
        size = np.nan_to_num(measured["lift_missed"], nan=np.inf)
        chain, draw = np.unravel_index(int(np.argmax(size)), size.shape)
        largest = float(size[chain, draw]) / scale if scale > 0 else 0.0
        if largest > worst:
            row = int(measured["lift_place"][chain, draw])
            worst, place = largest, {"generator": called, "chain": int(chain), "draw": int(draw), "row": row}
    return worst, place


def _lost(sites: Sequence[str], measured: Measured) -> dict[str, float]:
    """Sites through which some row loses something at infinity, and how much."""
    lost = {}
    size = sum(np.abs(np.mean(measured[key], axis=(0, 1))) for key in ("change", "breaking", "flux"))
    for at, site in enumerate(sites):
        near, farther = np.moveaxis(np.mean(measured["far"][:, :, at], axis=(0, 1)), 0, 0)
        bad = ~(np.abs(farther) <= np.maximum(NOT_VANISHING * np.abs(near), NOTICED * size))
        if bad.any():
            lost[site] = float(farther[int(np.argmax(bad * np.abs(farther)))])
    return lost


def mean_of(weights: ndarray | None, *, independent: bool) -> Any:
    """Series -> value, error and effective draws of its mean."""

    def mean(series: ndarray) -> tuple[ndarray, ndarray, ndarray]:
        one = estimate({"all": series}, None, weights, independent=independent)["all"]
        return np.asarray(one.value), np.asarray(one.error), np.asarray(one.ess)

    return mean


def _number(found: tuple[ndarray, ndarray, ndarray], at: int) -> dict[str, float]:
    return {"value": float(found[0][at]), "error": float(found[1][at])}


def _pull(number: Mapping[str, float]) -> float:
    if number["error"] > 0:
        return number["value"] / number["error"]
    return 0.0 if number["value"] == 0 else float(np.copysign(np.inf, number["value"]))


def _words(number: Mapping[str, float]) -> str:
    return format_value(number["value"], number["error"])
