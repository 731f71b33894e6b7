"""What a run found on reflection positivity, as rows of a table: the same on terminal, page and notebook.

Everything is made from findings as they are stored, `ensemble.findings["axioms"]["reflection_positivity"]`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnft_ppl.display import format_value

POSITIVITY_HEADINGS = ["functionals", "times", "is", "ρ of the witness", "z", "ρ above", "witness F ∝"]
ABOUT_POSITIVITY = (
    "Each witness is found on one half of the draws, and tested on the other: ρ = E[(ΘF)* F]/E[|F|²], its average over "
    "both halves; z is that of the half which is less probable, whose witness is shown."
)


def positivity_rows(findings: Mapping[str, Any]) -> list[list[str]]:
    """A row for each family of functionals at each rung of times, with `POSITIVITY_HEADINGS`.

    Args:
        findings: On reflection positivity.
    """
    rows = []
    for one in findings["families"]:
        times = ", ".join(f"{time:.3g}" for time in one["times"])
        mirror = "" if one["reflection"] == "plane" else f" ({one['reflection']})"
        rho = format_value(one["rho"], one["rho_error"]) if _known(one["rho_error"]) else "?"
        z = f"{one['z']:+.1f}" if _known(one["z"]) else "?"
        bound = f"{one['lower_bound']:.2g}" if _known(one["lower_bound"]) else "?"
        rows.append([f"{one['family']}{mirror}", times, one["verdict"], rho, z, bound, one["witness"]])
    return rows


def _known(value: Any) -> bool:
    return value is not None and bool(np.isfinite(value))
