"""Gradients of φ⁴ per second on an accelerator (float32, d = 2, 48² points), by number of chains and by width.

Peers are the device itself, timed beside it: a large matrix product at the same precision and a large copy, and the
vmapped point-wise network. Not measured where JAX has only the CPU. `python -m benchmarks.accelerator` runs it without
the rest of the library's dependencies.
"""

from collections.abc import Iterator

from benchmarks.accelerator import figures_of
from benchmarks.bench import Bench
from benchmarks.figures import Row, Table

TITLE = "On an accelerator"


def figures(bench: Bench) -> Iterator[Row | Table]:
    found = bench.run("benchmarks.accelerator:measure", {"fraction": bench.fraction}, x64=False)
    if "skipped" in found:
        print(f"   {found['skipped']}")
        return
    yield from figures_of(found)
