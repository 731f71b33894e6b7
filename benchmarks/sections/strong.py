"""Strong coupling in growing volumes: G(1/m) of the shipped φ⁴ and φ⁴ on a torus (d = 2, no counter-term, float64).

256 neurons below Λ = 4, or 8 modes along each axis, whatever the side. The best single sampler is the best of four of
ours, which nobody knows beforehand; the stock one is BlackJAX's elliptical slice on the same fields, the best of the
four in the section on large boxes. The lattice peer is Fourier-accelerated HMC of the field itself in the modes of the
torus, 16 chains in one batch, its kinetic mass and step tuned, with the shorter sum for ∫ φ⁴ that its own lattice
gives. Beside the box it is another theory, of the same size. On the torus, and on the lattice, G is averaged over
translations and over both axes; in the box it is one pair.

Every sampler draws for so many seconds after it is compiled and warmed up. Effective draws are those of the quoted
estimate; the time to one per cent is the number of draws that it takes times the time of a draw.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.bench import Bench
from benchmarks.figures import Row, Table

TITLE = "Strong coupling, and a lattice"
POINTS = [(1.0, 8.0), *((coupling, side) for side in (4.0, 8.0, 16.0) for coupling in (6.0, 24.0, 100.0))]
"""(λ, side)."""
SINGLES = ("reweight", "hmc", "pcn", "elliptical-slice")
STOCK = "elliptical-slice-plain"
MODES = 8
SECONDS, PATIENCE = 1.2, 60.0
"""Of drawing, by sampler; and what the samplers of one point should take together."""
PRECISION = 0.01
SHARE = 0.8
CLAIMS = {("phi4_torus", 1.0, 8.0): 0.1, ("phi4_torus", 24.0, 8.0): 0.1, ("phi4", 1.0, 8.0): 1.5}
"""Model, λ, side -> share of the lattice's time to one per cent, at most."""


def figures(bench: Bench) -> Iterator[Row | Table]:
    seconds = bench.seconds(SECONDS)
    lattice = {
        (coupling, side): bench.run(
            "benchmarks.peers.lattice:run",
            {"coupling": coupling, "side": side, "modes": MODES, "seconds": seconds},
            spread=True,
            seconds=PATIENCE,
        )
        for coupling, side in POINTS
    }
    for model in ("phi4_torus", "phi4"):
        lines = []
        for coupling, side in POINTS:
            asked = {"model": model, "side": side, "coupling": coupling, "samplers": ["auto", *SINGLES, STOCK]}
            answer = bench.run(
                "benchmarks.strong:run", asked | {"seconds": seconds}, spread=True, seconds=PATIENCE, losable=True
            )
            found = answer.get("answers", dict.fromkeys(asked["samplers"], answer))
            best = max(SINGLES, key=lambda name: draws_per_second(found[name]))
            four = {"auto": found["auto"], best: found[best], "lattice": lattice[coupling, side], "stock": found[STOCK]}
            rates = {name: draws_per_second(one) for name, one in four.items()}
            times = {name: seconds_needed(one) for name, one in four.items()}
            case = f"{model}, λ = {coupling:g}, side {side:g}"
            yield Row(
                f"{case}: `auto` ({found['auto'].get('sampler', 'failed')})",
                rates["auto"],
                rates[best],
                f"`{best}`, the best single",
                rates["auto"] / rates[best],
                unit="effective draws/s",
                least=SHARE,
                details=found,
            )
            yield Row(
                f"{case}: G(1/m) to {PRECISION:.0%}, compiled",
                times["auto"],
                times["lattice"],
                "the lattice",
                times["auto"] / times["lattice"],
                unit="s",
                most=CLAIMS.get((model, coupling, side)),
                details={"lattice": four["lattice"]},
            )
            lines.append([f"λ = {coupling:g}, side {side:g}", *times.values(), best, *rates.values()])
        kinds = ("auto", "best single", "lattice", "stock")
        columns = ["point", *kinds, "which", *(f"{kind}, draws/s" for kind in kinds)]
        yield Table(f"{model}: seconds to {PRECISION:.0%} on G(1/m), and draws per second", columns, lines)


def seconds_needed(answer: dict[str, Any]) -> float:
    """Until G(1/m) is known to `PRECISION`; infinite where nothing is known."""
    value, error = (_of_pair(answer, part) for part in ("value", "error"))
    needed = answer.get("draws", 0) * (error / (PRECISION * value)) ** 2 * answer.get("seconds_per_draw", np.nan)
    return needed if needed > 0 else np.inf


def draws_per_second(answer: dict[str, Any]) -> float:
    """Effective draws of G(1/m) per second; hardly any where a contender failed."""
    rate = _of_pair(answer, "ess") / max(answer.get("draws", 1) * answer.get("seconds_per_draw", 1.0), 1e-12)
    return max(rate, 1e-3) if np.isfinite(rate) else 1e-3


def _of_pair(answer: dict[str, Any], part: str) -> float:
    found = answer["estimates"]["two_point"][part] if "estimates" in answer else np.nan
    return float(np.ravel(np.asarray(found, float))[0])
