"""φ⁴ in two dimensions (side 8, m = 1, Λ = 4, N = 256, 32² points, float32) by `auto`, against NumPyro's NUTS.

The peer's model is written as a NumPyro user writes it, without this library: two vectorised chains, 60 warm-up steps.
Rates are effective draws of the slower of `mean_squared` and `phi_squared` per second of wall time, everything from
the start of the process included. The peer's effective draws are counted by ArviZ and by this library, and the larger
number is used.
"""

from collections.abc import Iterator

from benchmarks.answers import effective_draws, rate, summary
from benchmarks.bench import Bench
from benchmarks.figures import Row, Table

TITLE = "Against NumPyro's NUTS"
SECONDS = 300.0
CLAIMS = {1.0: 300.0, 24.0: 100.0}
"""By coupling λ: how many times more effective draws per second."""
BLOCK = 40
"""The peer's draws per chain in one call."""


def figures(bench: Bench) -> Iterator[Row | Table]:
    seconds = bench.seconds(SECONDS)
    for coupling, least in CLAIMS.items():
        ours = bench.run(
            "benchmarks.race:run",
            {"sampler": "auto", "keywords": {"coupling": coupling, "points": 32}, "seconds": seconds},
            x64=False,
            spread=True,
            seconds=seconds,
            losable=True,
        )
        asked = {"coupling": coupling, "seconds": seconds, "block": bench.number(BLOCK, least=4)}
        peer = bench.run("benchmarks.peers.numpyro_nuts:run", asked, x64=False, seconds=seconds, losable=True)
        peer_rate = rate(peer, least=1.0)
        if "bulk_ess" in peer:
            peer_draws = max(effective_draws(peer), min(one or 0.0 for one in peer["bulk_ess"].values()), 1.0)
            peer_rate = peer_draws / peer["wall"]
        yield Row(
            f"λ = {coupling:g}",
            rate(ours),
            peer_rate,
            "NumPyro's NUTS",
            rate(ours) / peer_rate,
            unit="effective draws/s",
            least=least,
            details={"ours": summary(ours), "peer": summary(peer)},
        )
