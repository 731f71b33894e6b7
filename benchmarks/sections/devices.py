"""HMC of four chains on two devices, that each take half of them, against the same on one; both on this CPU.

`sample` as a whole, compilation and warm-up included, in processes that take turns: seven rounds, medians. Answers are
averaged over the rounds and compared; the two never share a seed.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from benchmarks.answers import largest_pull
from benchmarks.bench import Bench
from benchmarks.figures import Row, Table
from benchmarks.timing import paired

TITLE = "Chains over devices"
CASES: dict[str, tuple[dict[str, Any], int, float]] = {
    "phi4_circle": ({}, 100_000, 1.0),
    "phi4": ({"alpha": -1}, 800, 1.1),
}
"""Shipped model -> its keywords, draws per chain, and the largest share of one device's time."""
ROUNDS = 7
MAX_PULL = 5.0


def figures(bench: Bench) -> Iterator[Row | Table]:
    for model, (keywords, full_draws, most) in CASES.items():
        draws, rounds = bench.number(full_draws, least=200), bench.number(ROUNDS, least=2)
        found: dict[int, list[dict[str, Any]]] = {1: [], 2: []}
        for number in range(rounds):
            for devices, answers in found.items():
                asked = {"sampler": "hmc", "keywords": keywords, "draws": draws, "model": model}
                seed = 100 * devices + number
                answers.append(bench.run("benchmarks.race:fixed", asked | {"seed": seed}, devices=devices))
        walls = {devices: [answer["wall"] for answer in answers] for devices, answers in found.items()}
        ratio, spread = paired(walls[2], walls[1])
        yield Row(
            f"{model}, 4 × {draws} draws by hmc on two devices",
            float(np.median(walls[2])),
            float(np.median(walls[1])),
            "one device",
            ratio,
            unit="s",
            most=most,
            spread=spread,
            details={"seconds": {str(devices): every for devices, every in walls.items()}},
        )
        pull = largest_pull(_averaged(found[2]), _averaged(found[1]))
        yield Row(
            f"{model}, answers on two devices",
            pull,
            1.0,
            "the joint error with one device",
            pull,
            unit="errors",
            most=MAX_PULL,
        )


def _averaged(answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One answer from independent ones of equal length."""
    averaged = {}
    for name in answers[0]["estimates"]:
        values = np.array([answer["estimates"][name]["value"] for answer in answers])
        errors = np.array([answer["estimates"][name]["error"] for answer in answers])
        averaged[name] = {"value": values.mean(0), "error": np.sqrt((errors**2).sum(0)) / len(answers)}
    return {"estimates": averaged}
