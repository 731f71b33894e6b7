"""What an effective draw costs: φ⁴ in d = 2, side 8, Λ = 4, float64, milliseconds of wall time per effective draw.

The slower of two observables, four chains, wall time from the start of the process: start-up, compilation and warm-up
are part of it, a few seconds of the budget. Nothing is claimed here.
"""

from collections.abc import Iterator
from typing import Any

from benchmarks.answers import rate
from benchmarks.bench import Bench
from benchmarks.figures import Row, Table

TITLE = "Cost of an effective draw"
SAMPLERS = ("hmc", "pcn", "reweight", "auto")
WIDTHS = (64, 256, 1024, 4096)
COUPLINGS = (0.1, 1.0, 6.0, 24.0, 100.0)
SECONDS = 30.0


def figures(bench: Bench) -> Iterator[Row | Table]:
    by_width = [[str(width), *_costs(bench, width, 1.0)] for width in WIDTHS]
    yield Table("λ = 1, by width: ms per effective draw", ["N", *SAMPLERS], by_width)
    by_coupling = [[f"{coupling:g}", *_costs(bench, 256, coupling)] for coupling in COUPLINGS]
    yield Table("N = 256, by coupling: ms per effective draw", ["λ", *SAMPLERS], by_coupling)


def _costs(bench: Bench, width: int, coupling: float) -> list[float | None]:
    keywords: dict[str, Any] = {"width": width, "coupling": coupling, "points": 0}
    seconds = bench.seconds(SECONDS)
    found = []
    for sampler in SAMPLERS:
        asked = {"sampler": sampler, "keywords": keywords, "seconds": seconds}
        speed = rate(bench.run("benchmarks.race:run", asked, spread=True, seconds=seconds, losable=True))
        found.append(1000 / speed if speed > 0 else None)
    return found
