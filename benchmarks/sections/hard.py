"""Strongly coupled φ⁴ in boxes of many correlation lengths, every sampler on the same fast fields, in float64.

The better of `hmc` and `auto` against the best of BlackJAX's NUTS with its window adaptation,
BlackJAX's elliptical slice sampler on the whole vector, pCN with one step size for all coordinates, and BlackJAX's
adjusted MCLMC. Rates are effective draws of the slower of two observables per second of wall time from the start of
the process; a peer without an effective draw counts as having one.
"""

from collections.abc import Iterator

from benchmarks.answers import largest_pull, rate, summary
from benchmarks.bench import Bench
from benchmarks.figures import Row, Table

TITLE = "Strong coupling, large boxes"
SECONDS = 60.0
CASES = {
    "d = 2, side 16, λ = 24": {"dim": 2, "side": 16.0, "cutoff": 4.0, "coupling": 24.0, "width": 256, "points": 0},
    "d = 1, side 32, λ = 24": {"dim": 1, "side": 32.0, "cutoff": 10.0, "coupling": 24.0, "width": 256, "points": 0},
}
OURS = ("hmc", "auto")
PEERS = {
    "stock-nuts": "BlackJAX's NUTS",
    "elliptical-slice-plain": "BlackJAX's elliptical slice",
    "pcn-plain": "pCN with one step size",
    "mclmc": "BlackJAX's adjusted MCLMC",
}
TIMES = 5.0


def figures(bench: Bench) -> Iterator[Row | Table]:
    seconds = bench.seconds(SECONDS)
    for case, keywords in CASES.items():
        found = {
            name: bench.run(
                "benchmarks.race:run",
                {"sampler": name, "keywords": keywords, "seconds": seconds},
                spread=True,
                seconds=seconds,
                losable=True,
            )
            for name in (*OURS, *PEERS)
        }
        rates = {name: rate(answer, least=float(name in PEERS)) for name, answer in found.items()}
        ours, peer = max(OURS, key=lambda name: rates[name]), max(PEERS, key=lambda name: rates[name])
        yield Row(
            f"{case}, best of ours ({ours})",
            rates[ours],
            rates[peer],
            PEERS[peer],
            rates[ours] / rates[peer],
            unit="effective draws/s",
            least=TIMES,
            details={name: summary(answer) for name, answer in found.items()},
        )
        lines = [
            [name, rates[name], answer.get("verdict", "failed"), largest_pull(answer, found[ours])]
            for name, answer in found.items()
        ]
        columns = ["sampler", "effective draws/s", "verdict", f"largest pull against {ours}"]
        yield Table(f"{case}, {seconds:g} s each", columns, lines)
