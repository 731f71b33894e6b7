"""`auto` against the best single sampler, which nobody knows beforehand: φ⁴ in d = 2, N = 256, Λ = 4, float64.

Rates are effective draws of the slower of two observables per second of wall time from the start of the process. Every
sampler runs once; then `auto` takes turns with each single one that had at least half the rate of the best: medians of
three rounds with seeds of their own, against the rival whose ratio is worst for `auto`, and the smallest and largest
ratio in a round. The answers of `auto` are compared with those of the two best other routes (whose own checks are good,
if two are).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.answers import largest_pull, rate, summary
from benchmarks.bench import Bench
from benchmarks.figures import Row, Table
from benchmarks.timing import paired

TITLE = "The automatic choice"
POINTS = [(0.3, 8.0), (1.0, 8.0), (6.0, 8.0), (24.0, 4.0), (24.0, 8.0), (24.0, 12.0)]
"""(λ, side)."""
SECONDS = 60.0
ROUNDS = 3
SINGLES = ("reweight", "hmc", "pcn", "elliptical-slice", "tempered")
RIVAL = 0.5
"""A single sampler is asked again from this share of the best first rate on: one run may meet a slow minute."""
SHARE = 1 / 1.5
MAX_PULL = 5.0


def figures(bench: Bench) -> Iterator[Row | Table]:
    seconds, rounds, lines = bench.seconds(SECONDS), bench.number(ROUNDS, least=1), []
    for coupling, side in POINTS:
        keywords = {"coupling": coupling, "side": side, "points": 0}

        def answer(name: str, seed: int, keywords: dict[str, Any] = keywords) -> dict[str, Any]:
            asked = {"sampler": name, "keywords": keywords, "seconds": seconds, "seed": seed}
            return bench.run("benchmarks.race:run", asked, spread=True, seconds=seconds, losable=True)

        found = {name: answer(name, 0) for name in SINGLES}
        rates = {name: rate(one) for name, one in found.items()}
        rivals = [name for name in SINGLES if rates[name] >= RIVAL * max(rates.values())]
        turns: dict[str, list[dict[str, Any]]] = {name: [] for name in (*rivals, "auto")}
        for number in range(1, rounds + 1):
            for name, answers in turns.items():
                answers.append(answer(name, number))
        every = {name: [max(rate(one), 1 / seconds) for one in answers] for name, answers in turns.items()}
        ratios = {name: paired(every["auto"], every[name]) for name in rivals}
        best = min(rivals, key=lambda name: ratios[name])
        ratio, spread = ratios[best]
        rates |= {name: float(np.median(several)) for name, several in every.items()}
        found["auto"] = turns["auto"][0]
        case = f"λ = {coupling:g}, side {side:g}"
        yield Row(
            f"{case}: rate of `auto`",
            rates["auto"],
            rates[best],
            f"`{best}`, the best single",
            ratio,
            unit="effective draws/s",
            least=SHARE,
            spread=spread,
            details={name: summary(one) for name, one in found.items()} | {"turns": every},
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
