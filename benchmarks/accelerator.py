"""`python -m benchmarks.accelerator [--fraction f]`: the field on an accelerator, with fields and spaces alone.

Writes results/accelerator.json where the budget is full and there is an accelerator.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.figures import Row, Table, shown
from benchmarks.kernels import on_grid, parameters, pointwise
from benchmarks.records import made_here, store
from benchmarks.timing import in_turns, paired
from nnft_ppl.spaces import Box

POINTS, WIDTH, CHAINS, ROUNDS = 48, 1024, 4, 7
MANY_CHAINS = (1, 4, 16, 64, 256, 1024, 4096)
WIDTHS = (1_000, 10_000, 100_000, 1_000_000)
SQUARE, COPIED = 8192, 2**28
"""Side of the matrices and number of floats whose product and copy are the device's measured rates."""


def measure(started: float, fraction: float, *, anywhere: bool = False) -> dict[str, Any]:
    """Seconds per call for every number of chains and every width, and the device's own rates.

    Args:
        started: When the process was started; not used.
        fraction: Share of the full work: sizes are cut by it.
        anywhere: Whether to go on without an accelerator.
    """
    del started
    if jax.default_backend() == "cpu" and not anywhere:
        return {"skipped": "not measured: JAX has no accelerator here"}
    chains = [count for count in MANY_CHAINS if count <= max(4, MANY_CHAINS[-1] * fraction)]
    widths = [width for width in WIDTHS if width <= max(WIDTHS[0], WIDTHS[-1] * fraction)]
    box = Box(8.0, 2, points=POINTS)
    ours, peer = on_grid(box), pointwise(box)
    square = jax.random.normal(jax.random.key(2), (max(256, round(SQUARE * fraction)),) * 2)
    copied = jnp.zeros(max(2**20, round(COPIED * fraction)))
    product = jax.jit(lambda a: jnp.matmul(a, a, precision=jax.lax.Precision.HIGHEST))
    shift = jax.jit(lambda a: a + 1)  # reads and writes every number once
    device = in_turns({"product": lambda: product(square), "copy": lambda: shift(copied)}, ROUNDS)
    values = parameters(CHAINS, WIDTH, 2)
    against = in_turns({"ours": lambda: ours(*values), "pointwise": lambda: peer(*values)}, ROUNDS)
    return {
        "device": jax.devices()[0].device_kind,
        "flop_rate": 2 * len(square) ** 3 / float(np.median(device["product"])),
        "bandwidth": 2 * copied.nbytes / float(np.median(device["copy"])),
        "against": against,
        "by_chains": [[count, WIDTH, _seconds(ours, count, WIDTH)] for count in chains],
        "by_width": [[CHAINS, width, _seconds(ours, CHAINS, width)] for width in widths],
    }


def _seconds(gradient: Any, chains: int, width: int) -> float:
    values = parameters(chains, width, 2)
    return float(np.median(in_turns({"ours": lambda: gradient(*values)}, ROUNDS)["ours"]))


def figures_of(found: dict[str, Any]) -> Iterator[Row | Table]:
    """Rows and tables from what `measure` gives."""
    ratio, spread = paired(found["against"]["pointwise"], found["against"]["ours"])
    yield Row(
        f"value and gradient on {found['device']}, N = {WIDTH}, {CHAINS} chains, float32",
        1000 * float(np.median(found["against"]["ours"])),
        1000 * float(np.median(found["against"]["pointwise"])),
        "vmapped point-wise network",
        ratio,
        unit="ms",
        spread=spread,
        details=found,
    )
    every = [(chains, width, seconds) for chains, width, seconds in found["by_chains"] + found["by_width"]]
    fastest = max(every, key=lambda one: one[0] * one[1] / one[2])
    for what, rate, work, unit in (
        ("arithmetic", found["flop_rate"], flops, "FLOP/s"),
        ("memory traffic", found["bandwidth"], traffic, "B/s"),
    ):
        reached = work(fastest[0], fastest[1]) / fastest[2]
        own = "its own large matrix product" if unit == "FLOP/s" else "its own large copy"
        case = f"{fastest[0]} chains, N = {fastest[1]}"
        yield Row(f"{what} in the matrix products, {case}", reached, rate, own, reached / rate, unit=unit)
    columns = ["chains", "N", "ms", "gradients/s", "share of product rate", "share of bandwidth"]
    lines = [
        [
            str(chains),
            str(width),
            1000 * seconds,
            chains / seconds,
            flops(chains, width) / seconds / found["flop_rate"],
            traffic(chains, width) / seconds / found["bandwidth"],
        ]
        for chains, width, seconds in every
    ]
    yield Table(f"Value and gradient on {found['device']}", columns, lines)


def flops(chains: int, width: int) -> float:
    """Operations of the grid's products alone: (n×N)(N×n) once forward and twice backward, 2 n² N each."""
    return chains * 3 * 2.0 * POINTS**2 * width


def traffic(chains: int, width: int) -> float:
    """Bytes if the two n×N matrices and their two gradients are written once and read once, in float32."""
    return chains * 4 * 2 * 4.0 * POINTS * width


def main() -> int:
    """Measure, print, and keep the result of a full run."""
    parser = argparse.ArgumentParser(prog="benchmarks.accelerator", description=__doc__)
    parser.add_argument("--fraction", type=float, default=1.0, help="share of the full work, above 0 and up to 1")
    parser.add_argument("--anywhere", action="store_true", help="go on without an accelerator; nothing is kept")
    asked = parser.parse_args()
    begun = time.time()
    found = measure(begun, asked.fraction, anywhere=asked.anywhere)
    if "skipped" in found:
        print(found["skipped"])
        return 0
    figures = list(figures_of(found))
    for figure in figures:
        if isinstance(figure, Row):
            print(f"{figure.claim}: {shown(figure.ratio)} of {figure.against} ({shown(figure.ours)} {figure.unit})")
        else:
            print("\n".join("\t".join(shown(one) for one in line) for line in [figure.columns, *figure.lines]))
    if asked.fraction == 1 and jax.default_backend() != "cpu":
        store(made_here("accelerator", time.time() - begun, figures, found["device"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
