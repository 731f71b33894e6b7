r"""Verdicts on reflection positivity, of every family of functionals at every rung of times, and of all together.

With ρ = v†Mv/v†Sv, S the second moments,

    violated     p so low that a positive theory has it once in 1/α runs, all rows together
    consistent   z > −4, and the lower bound of ρ above −`tolerance`
    undecided    everything else, with the draws that would decide

Source: derived in docs/theory/reflection.md.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy import ndarray

from nnft_ppl.axioms.halves import Means
from nnft_ppl.display import format_value

ALPHA = 1e-3
"""Probability at which a positive theory is called violated, all families and rungs together."""
TOLERANCE = 0.05
"""The largest −ρ that `consistent` leaves open."""
LOWEST_Z = -4.0
"""Below it nothing is called consistent."""
BOUND = 2.33
"""So many errors below the value is the lower bound of ρ, 99 % of one side."""
FEWEST_EFFECTIVE = 100.0
"""Effective draws of either half below which nothing is said."""
SEEN = 5.0
"""Errors at which a violation, if it is as large as it looks, will be seen."""
NEAR = 2.5
"""Spacings below so many 1/Λ are those of the cut-off: at three a free field of a few modes is positive again."""
SHOWN = 0.02
"""Functionals that add less than this share to a witness are left out of its formula."""


@dataclass(frozen=True)
class Tested:
    """One family of functionals at one rung of times."""

    family: str
    """Such as `φφ`: {1, φ(t_i) φ(t_j)}."""
    times: tuple[float, ...]
    """Behind the mirror, in units of length."""
    spacing: float
    """The shortest between the times."""
    mirror_distance: float
    """The distance of the nearest from the mirror."""
    reflection: str
    """`plane`, or on a lattice `site` or `link`."""
    verdict: str
    """`violated`, `consistent` or `undecided`."""
    witness: str
    """F ∝ Σ_i v_i F_i as a formula, its largest coefficient 1."""
    vector: list[float]
    """v, of unit second moment where it was found."""
    functionals: list[str]
    """The F_i."""
    value: float
    """v†Mv on the draws that v was not found on; of the two halves that which is less probable."""
    error: float
    """Its standard error."""
    z: float
    """Value in errors."""
    p_value: float
    """Twice the probability that the lower of both would be as low in a positive theory."""
    rho: float
    """v†Mv/v†Sv, averaged over both halves."""
    rho_error: float
    """The average of both errors."""
    lower_bound: float
    """Of ρ."""
    draws_needed: float | None
    """Effective draws that would decide, where these do not; None where none would, or they do."""
    heavy: bool
    """Whether the tails of its products are too heavy for an error; what they may hide is taken off all evidence."""


@dataclass(frozen=True)
class PositivityFindings:
    """What is known of reflection positivity."""

    verdict: str
    """The worst of all families."""
    text: str
    """In words."""
    summary: str
    """The same in one line."""
    p_value: float
    """Smallest of all families, times their number."""
    by_cutoff: bool
    """Whether a violation is seen only at spacings that the cut-off of the network explains; where none is known, only
    at shorter ones than others at which the same functionals are consistent, as a cut-off would do it."""
    cutoff: float | None
    """Λ, in units of inverse length; None where it is not known."""
    families: list[Tested]
    """Every family of functionals at every rung of times."""

    @classmethod
    def of(cls, rows: Sequence[Tested], cutoff: float | None) -> "PositivityFindings":
        """The findings of all rows.

        Args:
            rows: Every family at every rung.
            cutoff: Λ, if it is known.
        """
        found = {word: [row for row in rows if row.verdict == word] for word in ("violated", "undecided", "consistent")}
        verdict = next(word for word, some in found.items() if some)
        violated = found["violated"]
        by_cutoff = bool(violated) and all(
            row.spacing < NEAR / cutoff if cutoff else _consistent_beyond(row, found["consistent"]) for row in violated
        )
        p_value = min(1.0, len(rows) * min(row.p_value for row in rows))
        cause = ("by the cut-off of the network" if cutoff else "as by a cut-off") if by_cutoff else ""
        text, summary = _words(found, cause), _summary(found, cause)
        return cls(verdict, text, summary, p_value, by_cutoff, cutoff, list(rows))

    @classmethod
    def unavailable(cls, reason: str) -> "PositivityFindings":
        """Where nothing can be looked at.

        Args:
            reason: Why.
        """
        words = f"not available, {reason}"
        return cls("undecided", words, words, math.nan, by_cutoff=False, cutoff=None, families=[])

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def judged(
    *, means: Sequence[Means], seconds: Sequence[float], rows: int, tolerance: float, vector: ndarray,
    functionals: list[str], **place: Any,
) -> Tested:  # fmt: skip
    """One row with its verdict.

    Args:
        means: Of the products of the two halves.
        seconds: v†Sv on them.
        rows: How many rows are tested.
        tolerance: The largest −ρ that `consistent` leaves open.
        vector: The witness that did worst.
        functionals: Its functionals, as formulas.
        place: Family, times, spacing, mirror distance and reflection.
    """
    worst = min(means, key=lambda one: float(one.p_value))
    p_value = min(1.0, 2 * float(worst.p_value))
    units = [second if second > 0 else 1.0 for second in seconds]
    rho = float(np.mean([one.value / unit for one, unit in zip(means, units, strict=True)]))
    error = float(np.mean([one.error / unit for one, unit in zip(means, units, strict=True)]))
    unseen = max(float(one.unseen) for one in means)
    bound = rho - (BOUND + unseen) * error
    effective = min(float(one.effective) for one in means)
    known, heavy = effective >= FEWEST_EFFECTIVE, unseen > 0
    if known and p_value * rows < ALPHA:
        verdict = "violated"
    elif known and min(float(one.z) for one in means) > LOWEST_Z and bound > -tolerance:
        verdict = "consistent"
    else:
        verdict = "undecided"
    return Tested(
        **place,
        verdict=verdict,
        witness=formula(vector, functionals),
        vector=vector.tolist(),
        functionals=functionals,
        value=float(worst.value),
        error=float(worst.error),
        z=float(worst.z),
        p_value=p_value,
        rho=rho,
        rho_error=error,
        lower_bound=bound,
        draws_needed=_needed(rho, error, 2 * effective, tolerance)
        if verdict == "undecided" and known and not heavy
        else None,
        heavy=heavy,
    )


def _needed(rho: float, error: float, effective: float, tolerance: float) -> float | None:
    """Draws with which a violation as large as ρ, or else the bound, would be seen."""
    to_bound = BOUND * error / (tolerance + rho) if rho > -tolerance else math.inf
    to_violation = SEEN * error / -rho if rho < 0 else math.inf
    share = min(to_bound, to_violation)
    return None if not math.isfinite(share) else effective * max(share, 1.0) ** 2


def formula(vector: ndarray, functionals: Sequence[str]) -> str:
    """Σ_i v_i F_i in words, in units of the largest coefficient, with what matters alone.

    Args:
        vector: v.
        functionals: The F_i as formulas.

    Example:
        >>> formula(np.array([-0.5, 1.0, 0.0]), ["φ(1)", "φ(2)", "φ(3)"])
        '−0.5 φ(1) + φ(2)'
    """
    largest = float(np.max(np.abs(vector), initial=0.0))
    words = ""
    for number, name in zip(vector, functionals, strict=True):
        if abs(number) < max(SHOWN * largest, np.finfo(float).tiny):
            continue
        size = f"{abs(number) / largest:.3g}"
        term = size if name == "1" else name if size == "1" else f"{size} {name}"
        sign = ("−" if number < 0 else "") if not words else (" − " if number < 0 else " + ")
        words += sign + term
    return words or "0"


def _words(found: dict[str, list[Tested]], cause: str) -> str:
    violated, undecided, consistent = (found[word] for word in ("violated", "undecided", "consistent"))
    parts = []
    if violated:
        worst = simplest(violated)
        where = "violated"
        if cause:
            largest = max(row.spacing for row in violated)
            where = f"violated at spacings up to {largest:.3g} only, {cause}"
        parts.append(f"{where}; E[(ΘF)* F] = {_rho(worst)} E[|F|²], {worst.z:.1f} errors, for F ∝ {worst.witness}")
    if consistent:
        bound = min(row.lower_bound for row in consistent)
        rest = " elsewhere" if violated else ""
        parts.append(f"consistent{rest} in {_places(consistent)}, ρ above {bound:.2g}")
    if heavy := [row for row in undecided if row.heavy]:
        parts.append(f"undecided in {_places(heavy)}, whose products have too heavy tails")
    if more := [row for row in undecided if not row.heavy]:
        needed = [row.draws_needed for row in more if row.draws_needed is not None]
        words = (
            f" (about {float(f'{max(needed):.1g}'):.0f} effective draws would decide)"
            if len(needed) == len(more)
            else ""
        )
        parts.append(f"undecided in {_places(more)}{words}")
    return "; ".join(parts)


def _summary(found: dict[str, list[Tested]], cause: str) -> str:
    """What decides, without the witness and without what else there is."""
    violated = found["violated"]
    if not violated:
        return _words(found, cause)
    largest = max(row.spacing for row in violated)
    if cause:
        counts = [sum(row.spacing > largest for row in found[word]) for word in ("consistent", "undecided")]
        rest = f"; beyond it {counts[0]} of {sum(counts)} are consistent, {counts[1]} undecided"
        return f"violated at spacings up to {largest:.3g} only, {cause}{rest}"
    worst = simplest(violated)
    return (
        f"violated in {_places(violated)}: E[(ΘF)* F] = {_rho(worst)} E[|F|²] for a witness F, {worst.z:.1f} errors; "
        "there is no Hamiltonian, and levels and masses are no energies"
    )


def simplest(violated: Sequence[Tested]) -> Tested:
    """The violation with the fewest functionals, which says most.

    Args:
        violated: All of them.
    """
    return min(violated, key=lambda row: (len(row.functionals), row.z))


def _consistent_beyond(violated: Tested, consistent: Sequence[Tested]) -> bool:
    """Whether the same functionals are consistent at a longer spacing behind the same mirror."""
    return any(
        (row.family, row.reflection) == (violated.family, violated.reflection) and row.spacing > violated.spacing
        for row in consistent
    )


def _rho(row: Tested) -> str:
    return format_value(row.rho, row.rho_error)


def _places(rows: Sequence[Tested]) -> str:
    """Which families, and from which spacing to which; mirrors through sites and links apart."""
    if len({row.reflection for row in rows}) > 1:
        mirrors = dict.fromkeys(row.reflection for row in rows)
        return " and ".join(_places([row for row in rows if row.reflection == mirror]) for mirror in mirrors)
    names = sorted({row.family for row in rows}, key=len)
    low, high = min(row.spacing for row in rows), max(row.spacing for row in rows)
    spacings = f"at spacing {low:.3g}" if low == high else f"at spacings {low:.3g} to {high:.3g}"
    mirror = {"plane": "", "site": "", "link": " behind a link"}[rows[0].reflection]
    return f"{{{', '.join(names)}}} {spacings}{mirror}"
