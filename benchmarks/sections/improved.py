"""Improved correlators of the shipped φ⁴ (d = 2, side 8, m = 1, Λ = 4, N = 256, float64), and time to one per cent.

The variance of the mean of G(r), raw against the quoted mix of raw and improved draws, from the same run; r up to 2/m.
Then the time until G(1/m) at λ = 1 is known to one per cent: ours is a whole process that ends with a smaller error;
NumPyro's NUTS is run for five minutes, its warm-up counted once, and extrapolated with its own effective draws per
second. After compilation ours is the number of draws that it takes times the time of a draw.
"""

from collections.abc import Iterator

import numpy as np

from benchmarks.bench import Bench
from benchmarks.figures import Row, Table

TITLE = "Improved correlators"
CASES = {1.0: ("reweight", 2000, 100.0), 4.0: ("reweight", 4000, 20.0), 24.0: ("reweight", 8000, 15.0)}
"""By coupling λ: sampler, draws per chain, and how many times less variance."""
SECONDS = 300.0
BLOCK = 40
PRECISION = 0.01
COMPILED, WALL = 3000.0, 1000.0


def figures(bench: Bench) -> Iterator[Row | Table]:
    lines, found = [], {}
    for coupling, (sampler, draws, least) in CASES.items():
        asked = {"coupling": coupling, "draws": bench.number(draws, least=200), "sampler": sampler}
        found[coupling] = answer = bench.run("benchmarks.correlators:run", asked, spread=True)
        raw, mix = np.square(answer["raw"]), np.square(answer["mixed"])
        worst = int(np.argmin(raw / mix))
        yield Row(
            f"λ = {coupling:g}: variance saved on G(r ≤ 2/m)",
            float(mix[worst]),
            float(raw[worst]),
            "the raw estimator",
            float(raw[worst] / mix[worst]),
            least=least,
            details=answer,
        )
        for place, r in enumerate(answer["separation"]):
            errors = [answer[kind][place] for kind in ("raw", "improved", "mixed")]
            lines.append([f"λ = {coupling:g}, r = {r:g}/m", answer["value"][place], *errors, float((raw / mix)[place])])
    columns = ["correlator", "G(r)", "raw error", "improved error", "error of the mix", "variance saved"]
    yield Table("Errors from one run", columns, lines)

    answer, seconds = found[1.0], bench.seconds(SECONDS)
    place = answer["separation"].index(1.0)
    value, error = answer["value"][place], answer["mixed"][place]
    needed = answer["draws"] * (error / (PRECISION * value)) ** 2
    asked = {"coupling": 1.0, "seconds": seconds, "block": bench.number(BLOCK, least=4)}
    peer = bench.run("benchmarks.peers.numpyro_nuts:run", asked, x64=False, seconds=seconds)
    ready, pair = peer["ready"], peer["two_point"]
    peer_needed = pair["ess"] * (pair["error"] / (PRECISION * value)) ** 2
    peer_rate = max(pair["ess"], 1.0) * (1 - peer["block"] / peer["draws"]) / (peer["wall"] - ready)
    peer_seconds = ready + peer_needed / peer_rate
    for claim, ours, least in (
        ("after compilation", needed * answer["seconds_per_draw"], COMPILED),
        ("in wall time, start-up and compilation included", answer["wall"], WALL),
    ):
        yield Row(
            f"G(1/m) to {PRECISION:.0%} at λ = 1, {claim}",
            ours,
            peer_seconds,
            "NumPyro's NUTS, extrapolated",
            peer_seconds / ours,
            unit="s",
            least=least,
            details={"peer": peer, "draws needed": needed, "relative error reached": error / value},
        )
