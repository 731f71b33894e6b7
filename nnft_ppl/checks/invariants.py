"""What holds exactly on every draw, looked at draw by draw."""

from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Array

from nnft_ppl.checks.check import Check, FinishedDraws, Measurement, Outcome
from nnft_ppl.display import places_along
from nnft_ppl.statistics import Verdict
from nnft_ppl.theory import Theory


class Invariants(Check):
    """The largest deviation of every `Invariant` of the model, on some hundred draws, against its tolerance."""

    name = "invariants"
    threshold = 1.0
    cheap = False

    def measurement(self, theory: Theory) -> Measurement | None:
        """The modulus of every deviation.

        Args:
            theory: What is sampled.
        """
        if not theory.invariants:
            return None

        def deviations(position: Array) -> dict[str, Array]:
            reading = theory.at(position)
            return {name: one.on(reading) for name, one in theory.invariants.items()}

        stated = theory.invariants.items()
        dims = {name: tuple(map(str, one.dims)) for name, one in stated}
        coords = {dim: list(values) for _, one in stated for dim, values in one.coords.items()}
        return Measurement(deviations, dims, coords)

    def applies(self, draws: FinishedDraws) -> bool:
        """Where the model states any."""
        return bool(draws.theory and draws.theory.invariants)

    def judge(self, draws: FinishedDraws) -> Outcome:
        """The deviation that is largest in units of its tolerance.

        Raises:
            ValueError: If no draw was looked at.
        """
        if draws.measured is None:
            raise ValueError("no draw was looked at")
        measured = draws.measured
        rows = [_row(measured[name], one.tolerance) for name, one in draws.theory.invariants.items()]
        failed = [row for row in rows if not row["largest"] <= row["tolerance"]]
        worst = max(rows, key=_excess)
        text = "; ".join(f"{row['invariant']}: {row['words']}" for row in failed or rows)
        if failed:
            where = f", {worst['place']}" if worst["place"] else ""
            text += f" (the worst: {worst['invariant']} on draw {worst['draw']} of chain {worst['chain']}{where})"
        else:
            text += f", on {measured.sizes['chain'] * measured.sizes['draw']} draws"
        verdict = Verdict.of(
            self.name, _excess(worst), self.threshold, text, good=not failed,
            advice="what should hold exactly on every draw does not; look at that draw, or at the tolerance",
        )  # fmt: skip
        return Outcome(verdict, {"rows": rows})


def _words(largest: float, tolerance: float) -> str:
    """The largest deviation against its tolerance."""
    size = f"{largest:.2g}" if np.isfinite(largest) else "undefined"
    return f"largest |deviation| {size} {'≤' if largest <= tolerance else '>'} {tolerance:g}"


def _row(deviations: xr.DataArray, tolerance: float) -> dict[str, Any]:
    """Where it deviates most; what is no number deviates infinitely."""
    size = np.where(np.isfinite(deviations.values), deviations.values, np.inf)
    chain, draw, *entry = (int(i) for i in np.unravel_index(int(np.argmax(size)), size.shape))
    along = {
        str(dim): deviations.coords[dim].values if dim in deviations.coords else np.arange(deviations.sizes[dim])
        for dim in deviations.dims[2:]
    }
    place = dict(places_along(along))[tuple(entry)] if along else ""
    largest = float(size[(chain, draw, *entry)])
    return {
        "invariant": str(deviations.name),
        "largest": largest,
        "tolerance": float(tolerance),
        "words": _words(largest, tolerance),
        "place": place,
        "chain": chain,
        "draw": int(deviations.coords["draw"].values[draw]),
    }


def _excess(row: dict[str, Any]) -> float:
    """The deviation in units of its tolerance."""
    if row["tolerance"] > 0:
        return row["largest"] / row["tolerance"]
    return 0.0 if row["largest"] == 0 else np.inf
