"""Value and gradient of (λ/24) ∫ φ⁴ in momenta and amplitudes, N = 1024 neurons, four chains in one vmap.

The peer is the same network written for one point and vmapped over the grid. The second comparison is with bare
matrix products of the grid's full size, two forward (n×N)(N×n) and four backward per chain; the grid's own products
are half of these, because it uses the symmetry of its nodes. All take turns in one process, seven rounds, medians.
"""

from collections.abc import Iterator

import numpy as np

from benchmarks.bench import Bench
from benchmarks.figures import Row, Table
from benchmarks.timing import paired

TITLE = "The field and its gradient"
CASES = ((2, 48, False, 30.0), (2, 48, True, 20.0), (3, 24, False, 30.0))
"""Dimension, points per axis, float64, and how many times faster than the point-wise network."""
WIDTH, CHAINS, ROUNDS = 1024, 4, 7
PRODUCTS = 6.0


def figures(bench: Bench) -> Iterator[Row | Table]:
    width = bench.number(WIDTH, least=32)
    for dim, points, x64, least in CASES:
        sizes = {"dim": dim, "width": width, "points": points, "chains": CHAINS, "rounds": ROUNDS}
        found = bench.run("benchmarks.kernels:field_times", sizes, x64=x64)
        seconds = found["seconds"]
        median = {name: 1000 * float(np.median(times)) for name, times in seconds.items()}
        case = f"d = {dim}, N = {width}, {points}{'²' if dim == 2 else '³'} points, {found['precision']}"
        ratio, spread = paired(seconds["pointwise"], seconds["ours"])
        yield Row(
            f"value and gradient, {case}",
            median["ours"],
            median["pointwise"],
            "vmapped point-wise network",
            ratio,
            unit="ms",
            least=least,
            spread=spread,
            details=found,
        )
        if "six products" in seconds:
            ratio, spread = paired(seconds["ours"], seconds["six products"])
            yield Row(
                f"value and gradient, {case}",
                median["ours"],
                median["six products"],
                "six bare matrix products per chain",
                ratio,
                unit="ms",
                most=PRODUCTS,
                spread=spread,
            )
