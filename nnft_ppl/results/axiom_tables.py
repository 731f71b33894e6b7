"""What a run found on the axioms of Osterwalder and Schrader, as tables: the same on terminal, page and notebook.

Everything is made from findings as they are stored, `ensemble.findings["axioms"]`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnft_ppl.display import format_value

Findings = Mapping[str, Any]
AXIOM_HEADINGS = ["axiom", "is", "number", "where"]
EUCLIDEAN_HEADINGS = ["motion g", "F", "⟨F⟩ − ⟨F∘g⟩", "of ⟨|F|⟩", "z"]
CLUSTER_HEADINGS = ["A", "r", "C(r)", "C(nearer)", "C(r) in units", "is"]
ABOUT_EUCLIDEAN = (
    "F of a few points and F∘g of the moved ones are compared on the same draws; products are averaged over Gaussian "
    "amplitudes where the action leaves these alone. Rows without a number have tails too heavy to be tested."
)
ABOUT_CLUSTER = (
    "C(r) = ⟨A(x) A(y)⟩ − ⟨A(x)⟩⟨A(y)⟩ at |x − y| = r, in units of ⟨φ²⟩ for A = φ, of ⟨φ²⟩² for φ², of Var(A) for the "
    "bounded function."
)
OBSERVABLE_WORDS = {"field": "φ", "square": "φ²", "bounded": "cos(φ/s)"}
ORDER = ("broken", "undecided", "kept")


def axiom_rows(axioms: Mapping[str, Findings]) -> list[list[str]]:
    """A row for each axiom that was looked at, with `AXIOM_HEADINGS`.

    Args:
        axioms: Findings by the axioms' names.
    """
    rows = []
    if positivity := axioms.get("reflection_positivity"):
        verdict = positivity["verdict"] + (" by a cut-off alone" if positivity.get("by_cutoff") else "")
        rows.append(["reflection positivity", verdict, _positivity_words(positivity), "behind a mirror"])
    if euclidean := axioms.get("euclidean"):
        rows += [_kind_row(kind, euclidean) for kind in dict.fromkeys(one["kind"] for one in euclidean["parts"])]
        if not euclidean["parts"]:
            rows.append(["Euclidean invariance", euclidean["verdict"], euclidean["text"], ""])
    if cluster := axioms.get("cluster"):
        rows.append(["cluster decomposition", cluster["verdict"], cluster["text"], cluster["where"]])
    if permutation := axioms.get("permutation"):
        rows.append(["permutation symmetry", permutation["verdict"], permutation["text"], "on every draw"])
    return rows


def axiom_line(axioms: Mapping[str, Findings]) -> str:
    """The verdicts in one line, each axiom with its own.

    Args:
        axioms: Findings by the axioms' names.
    """
    return "; ".join(f"{name} {verdict}" for name, verdict, *_ in axiom_rows(axioms))


def euclidean_rows(findings: Findings) -> list[list[str]]:
    """A row for each function and motion, with `EUCLIDEAN_HEADINGS`; those that vanish on every draw are left out.

    Args:
        findings: On Euclidean invariance.
    """
    rows = []
    for row in findings["rows"]:
        if row["value"] == 0 and row["error"] == 0:
            continue
        value = format_value(row["value"], row["error"]) if _known(row["error"]) else "?"
        share = f"{row['value'] / row['size']:+.2%}" if _known(row["value"]) and row["size"] else "?"
        z = f"{row['z']:+.1f}" if _known(row["z"]) else "?"
        rows.append([row["motion"], row["functional"], value, share, z])
    return rows


def cluster_rows(findings: Findings) -> list[list[str]]:
    """A row for each observable, with `CLUSTER_HEADINGS`.

    Args:
        findings: On cluster decomposition.
    """
    rows = []
    for row in findings["rows"]:
        numbers = (("value", "error"), ("near_value", "near_error"), ("ratio", "ratio_error"))
        words = [format_value(row[one], row[other]) if _known(row[other]) else "?" for one, other in numbers]
        called = OBSERVABLE_WORDS[row["observable"]] + row["field"].removeprefix("field")
        rows.append([called, f"{row['distance']:.3g}", *words, row["verdict"]])
    return rows


def _kind_row(kind: str, euclidean: Findings) -> list[str]:
    """Translations, rotations or reflections: the difference that stands out most, or the largest that there may be."""
    parts = [one for one in euclidean["parts"] if one["kind"] == kind]
    verdict = next(word for word in ORDER if word in {one["verdict"] for one in parts})
    own = [one for one in parts if one["verdict"] == verdict]
    if verdict == "broken":
        functions = {one["functions"] for one in own}
        rows = [row for row in euclidean["rows"] if row["kind"] == kind and row["functions"] in functions]
        most = max(rows, key=lambda row: abs(row["z"]) if _known(row["z"]) else 0.0)
        at = " and ".join(one["functions"] for one in own)
        number = f"{format_value(most['value'], most['error'])} in {most['functional']}, {most['motion']} ({at})"
    elif verdict == "kept":
        number = f"differences below {max(one['bound'] for one in own):.1%} of ⟨|F|⟩"
    else:
        at = " and ".join(one["functions"] for one in own)
        needed = [one["draws_needed"] for one in own if one["draws_needed"]]
        number = f"{at}: " + (f"needs {max(needed):.0e} draws" if needed else "tails too heavy")
    return [kind, verdict, number, euclidean["where"]]


def _positivity_words(findings: Findings) -> str:
    rows = [row for row in findings["families"] if row["verdict"] == findings["verdict"]]
    if findings["verdict"] == "violated":
        worst = min(rows, key=lambda row: (len(row.get("family", "")), row["z"]))  # the simplest that shows it
        words = f"ρ = {format_value(worst['rho'], worst['rho_error'])}, {worst['z']:+.1f} errors"
        return words + (_beyond(findings, rows) if findings.get("by_cutoff") else "")
    bounds = [row["lower_bound"] for row in rows if _known(row["lower_bound"])]
    return f"ρ above {min(bounds):.2g}" if bounds else ""


def _beyond(findings: Findings, violated: list[Findings]) -> str:
    """How far a violation by a cut-off goes, and what is known of longer spacings."""
    largest = max(row["spacing"] for row in violated)
    bounds = [row["lower_bound"] for row in findings["families"] if row["spacing"] > largest]
    known = [bound for bound in bounds if _known(bound)]
    return f", up to spacing {largest:.3g}" + (f"; beyond it ρ above {min(known):.2g}" if known else "")


def _known(value: Any) -> bool:
    """Whether a number is one: None is what JSON makes of those that are not."""
    return value is not None and bool(np.isfinite(value))
