"""HMC at growing width in one setting (d = 2, side 8, λ = 1, float64): what it does to acceptance and speed.

Seconds per effective draw (of the slower of two observables, four chains) leave out compilation and the 60
steps of warm-up. Memory is the peak of a whole process that makes 100 draws in each of four chains after 20 steps.
"""

from collections.abc import Iterator

import numpy as np

from benchmarks.answers import effective_draws
from benchmarks.bench import Bench
from benchmarks.figures import Row, Table

TITLE = "Width"
DRAWS = {256: 3000, 1024: 1200, 4096: 300, 16384: 60, 65536: 24}
"""Draws per chain by width: a draw is nearly independent of the one before."""
BLOCKS, WARMUP = 6, 60
CHANGE, EXPONENT, GIB = 0.05, 1.1, 3.0
MEMORY_DRAWS, MEMORY_WARMUP = 100, 20


def figures(bench: Bench) -> Iterator[Row | Table]:
    widths = [width for width in DRAWS if width <= max(1024, bench.number(max(DRAWS), least=1024))]
    found = {}
    for width in widths:
        # A whole number of blocks: what is cut off a shorter last one would be timed but not counted.
        draws = BLOCKS * bench.number(DRAWS[width] // BLOCKS, least=4)
        asked = {"width": width, "draws": draws, "blocks": BLOCKS, "warmup": WARMUP}
        found[width] = bench.run("benchmarks.scaling:speed", asked, seconds=1200.0)
    acceptance = [one["acceptance"] for one in found.values()]
    change = max(acceptance) - min(acceptance)
    yield Row(
        f"acceptance from N = {widths[0]} to {widths[-1]}: largest change",
        acceptance[-1],
        acceptance[0],
        f"the same at N = {widths[0]}",
        change,
        most=CHANGE,
    )
    cost = [one["seconds_per_draw"] * one["draws"] / max(effective_draws(one), 1.0) for one in found.values()]
    exponent = float(np.polyfit(np.log(widths), np.log(cost), 1)[0])
    yield Row(
        f"cost ∝ N^p per effective draw from N = {widths[0]} to {widths[-1]}: fitted p",
        1000 * cost[-1],
        1000 * cost[0],
        f"the same at N = {widths[0]}",
        exponent,
        unit="ms",
        most=EXPONENT,
    )
    asked = {"width": widths[-1], "draws": bench.number(MEMORY_DRAWS, least=8), "warmup": MEMORY_WARMUP}
    peak = bench.run("benchmarks.scaling:memory", asked, seconds=1200.0)["bytes"] / 2**30
    yield Row(
        f"peak memory, N = {widths[-1]}, 4 × {asked['draws']} draws",
        peak,
        1.0,
        "1 GiB",
        peak,
        unit="GiB",
        most=GIB,
    )
    columns = ["N", "acceptance", "step size", "gradients per draw", "ms per draw of 4", "ms per effective draw"]
    lines = [
        [
            str(width),
            one["acceptance"],
            one["step_size"],
            one["gradients"],
            1000 * one["seconds_per_draw"],
            1000 * seconds,
        ]
        for (width, one), seconds in zip(found.items(), cost, strict=True)
    ]
    yield Table("HMC by width", columns, lines)
