"""`auto` against the best single sampler, which nobody knows beforehand: φ⁴ in d = 2, N = 256, Λ = 4, float64.

Rates are effective draws of the slower of two observables per second of wall time from the start of the process. The
answers of `auto` are compared with those of the two best other routes (whose own checks are good, if two are).
"""

from collections.abc import Iterator

from benchmarks.answers import largest_pull, rate, summary
from benchmarks.bench import Bench
from benchmarks.figures import Row, Table

TITLE = "The automatic choice"
POINTS = [(0.3, 8.0), (1.0, 8.0), (6.0, 8.0), (24.0, 4.0), (24.0, 8.0), (24.0, 12.0)]
"""(λ, side)."""
SECONDS = 60.0
SINGLES = ("reweight", "hmc", "pcn", "elliptical-slice", "tempered")
SHARE = 1 / 1.5
MAX_PULL = 5.0


def figures(bench: Bench) -> Iterator[Row | Table]:
    seconds, lines = bench.seconds(SECONDS), []
    for coupling, side in POINTS:
        keywords = {"coupling": coupling, "side": side, "points": 0}
        found = {
            name: bench.run(
                "benchmarks.race:run",
                {"sampler": name, "keywords": keywords, "seconds": seconds},
                seconds=seconds,
                losable=True,
            )
            for name in (*SINGLES, "auto")
        }
        rates = {name: rate(answer) for name, answer in found.items()}
        best = max(SINGLES, key=lambda name: rates[name])
        case = f"λ = {coupling:g}, side {side:g}"
        yield Row(
            f"{case}: rate of `auto`",
            rates["auto"],
            rates[best],
            f"`{best}`, the best single",
            rates["auto"] / max(rates[best], 1 / seconds),
            unit="effective draws/s",
            least=SHARE,
            details={name: summary(answer) for name, answer in found.items()},
        )
        # Trusted routes first, then fast ones.
        others = sorted(SINGLES, key=lambda name: (found[name].get("verdict") == "good", rates[name]), reverse=True)[:2]
        pulls = {name: largest_pull(found["auto"], found[name]) for name in others}
        yield Row(
            f"{case}: answers of `auto`",
            max(pulls.values()),
            1.0,
            f"the joint error with {' and '.join(f'`{name}`' for name in pulls)}",
            max(pulls.values()),
            unit="errors",
            most=MAX_PULL,
            details=pulls,
        )
        lines.append([case, *rates.values()])
    yield Table(f"Effective draws per second, {seconds:g} s each", ["point", *SINGLES, "auto"], lines)
