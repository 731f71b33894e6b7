"""Effective draws per gradient of samplers that follow forces: φ⁴ on a circle, float64, four chains.

The slowest of all observables; gradients of the draws, those of the warm-up not counted. `energy-conserving` moves at
constant speed, and does not solve the Gaussian part by itself as `hmc` does; BlackJAX's `mclmc` is the same dynamics
with steps of two gradients, and its own tuning.
"""

from collections.abc import Iterator

from benchmarks.answers import effective_draws
from benchmarks.bench import Bench
from benchmarks.figures import Row, Table

TITLE = "Effective draws per gradient"
CASES = {
    "λ = 6, 17 parameters": {"coupling": 6.0, "modes": 8},
    "λ = 6, 81 parameters": {"coupling": 6.0},
}
GRADIENTS = {"hmc": 1, "nuts": 1, "energy-conserving": 1, "mclmc": 2}
"""Gradients of one step."""
DRAWS = 5000
LEAST = 0.3


def figures(bench: Bench) -> Iterator[Row | Table]:
    draws = bench.number(DRAWS, 1000)
    lines = []
    for case, keywords in CASES.items():
        found = {}
        for sampler, gradients in GRADIENTS.items():
            asked = {"sampler": sampler, "keywords": keywords, "draws": draws, "model": "phi4_circle"}
            answer = bench.run("benchmarks.race:fixed", asked, losable=True)
            found[sampler] = effective_draws(answer) / (gradients * answer["steps"])
        yield Row(
            f"{case}: energy-conserving",
            found["energy-conserving"],
            found["hmc"],
            "hmc",
            found["energy-conserving"] / found["hmc"],
            unit="effective draws/gradient",
            least=LEAST,
        )
        lines.append([case, *found.values()])
    yield Table("effective draws per gradient", ["case", *GRADIENTS], lines)
