"""What a run found on the symmetries of its model, as lines and tables: the same on terminal, page and notebook.

Everything is made from findings as they are stored, `ensemble.findings["symmetries"]`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnft_ppl.display import format_value

Findings = Mapping[str, Any]
"""Of one symmetry, see `nnft_ppl.symmetries.SymmetryFindings`."""
VERDICT_WORDS = {
    "symmetry": "symmetry",
    "redundancy": "redundancy",
    "anomalous": "anomalous",
    "not_a_symmetry": "not a symmetry of this network",
    "undecided": "undecided",
}
"""What a person reads."""
PART_WORDS = {"score": "score", "jacobian": "Jacobian", "action": "action", "flux": "flux of F = 1", "total": "B"}
ABOUT_PARTS = (
    "The breaking function B is the sum of score, Jacobian and action (A_V of our formulas). Its parts depend on the "
    "coordinates in which parameters are written; only their sum does not."
)
SUMMARY_HEADINGS = ["symmetry", "is", "why", "defect", "E[B]", "size of B", "Ward p"]
BREAKING_HEADINGS = ["symmetry", "part", "mean", "size"]
WARD_HEADINGS = ["generator", "F", "E[V(F)]", "−E[B F] + flux", "flux", "residual", "z"]


def line_of(name: str, findings: Findings) -> str:
    """A symmetry in one line: what it is, why, and whether its Ward identities hold.

    Args:
        name: Of the symmetry.
        findings: On it.
    """
    parts = [f"{name}: {VERDICT_WORDS[findings['verdict']]}, {findings['text']}", ward_words(findings)]
    for site, size in findings.get("flux_at_infinity", {}).items():
        parts.append(f"{site} loses {number(size)} at infinity, without which the identities do not hold")
    return "; ".join(part for part in parts if part)


def ward_words(findings: Findings) -> str:
    """How the Ward identities of a symmetry stand; empty where none are looked at.

    Args:
        findings: On the symmetry.
    """
    ward = findings["ward"]
    if not ward["rows"] or findings["verdict"] == "not_a_symmetry":
        return ""
    left_out = len(ward.get("left_out", ()))
    heavy = f"{left_out} with too heavy a tail to be tested" if left_out else ""
    if not ward["dof"]:
        return f"of its Ward identities {heavy}" if heavy else "its Ward identities hold on every draw"
    words = "1 Ward identity" if ward["dof"] == 1 else f"{ward['dof']} Ward identities"
    if not known(ward["p_value"]):
        return f"{number(ward['ess'])} effective draws are too few for {words}"
    return f"{words}, p = {ward['p_value']:.2g}" + (f", {heavy}" if heavy else "")


def summary_rows(symmetries: Mapping[str, Findings]) -> list[list[str]]:
    """A row for each symmetry, with `SUMMARY_HEADINGS`.

    Args:
        symmetries: Findings by name.
    """
    rows = []
    for name, one in symmetries.items():
        total = one["breaking"].get("total", {})
        mean = format_value(total["value"], total["error"]) if known(total.get("value")) else ""
        p_value = one["ward"]["p_value"] if one["verdict"] != "not_a_symmetry" else None
        p_words = f"{p_value:.2g}" if known(p_value) else ""
        defect, size = number(one["lift_defect"]), number(total.get("size"))
        rows.append([name, VERDICT_WORDS[one["verdict"]], one["text"], defect, mean, size, p_words])
    return rows


def lift_words(name: str, findings: Findings) -> str:
    """How far the lift, or the map, is from what the field action says, and where; empty where that is not known.

    Args:
        name: Of the symmetry.
        findings: On it.
    """
    place = findings["worst_place"]
    if not place:
        return ""
    where = f"at worst {place['where']} on draw {place['draw']} of chain {place['chain']}"
    generator = f" along {place['generator']}" if place["generator"] not in ("", name) else ""
    defect = number(findings["lift_defect"])
    what = "lift misses the field action" if place["generator"] else "map's field misses what it should be"
    return f"{name}: the {what} by {defect} of its terms, {where}{generator}"


def breaking_rows(name: str, findings: Findings) -> list[list[str]]:
    """A row for each part of the breaking function, with `BREAKING_HEADINGS`.

    Args:
        name: Of the symmetry.
        findings: On it.
    """
    rows = []
    if findings["breaking"] and all(one["size"] == 0 for one in findings["breaking"].values()):
        return [[name, "every part", "0", "0"]]
    for part, words in PART_WORDS.items():
        if part in findings["breaking"]:
            one = findings["breaking"][part]
            mean = format_value(one["value"], one["error"]) if known(one["value"]) else "not finite"
            rows.append([name, words, mean, number(one["size"])])
    return rows


def ward_rows(findings: Findings) -> list[list[str]]:
    """A row for each Ward identity that is not 0 = 0, with `WARD_HEADINGS`.

    Args:
        findings: On the symmetry.
    """
    rows = []
    for row in findings["ward"]["rows"]:
        sides = [row[side] for side in ("change", "expected", "flux")]
        if all(side["value"] == 0 and side["error"] == 0 for side in sides):
            continue
        values = [format_value(side["value"], side["error"]) if known(side["error"]) else "?" for side in sides]
        residual = format_value(row["residual"], row["error"]) if known(row["error"]) else "?"
        rows.append(
            [row["generator"], functional_words(row), *values, residual, f"{row['z']:+.1f}" if known(row["z"]) else "?"]
        )
    return rows


def functional_words(row: Findings) -> str:
    """The functional of a Ward identity as a person reads it.

    Args:
        row: Of `ward["rows"]`.
    """
    return "1 (constant)" if row["observable"] == "1" else row["observable"]


def known(value: Any) -> bool:
    """Whether a number is one: None is what JSON makes of those that are not."""
    return value is not None and bool(np.isfinite(value))


def number(value: Any) -> str:
    """A number to three digits."""
    return f"{value:.3g}" if known(value) else "unknown"
