"""Where the time of `nnft run phi4` goes, from the start of the process to its end: everything at its defaults.

Cold is without compiled programs from earlier runs, warm the same run again. Tracing makes JAX's programs, of the
model, its estimators and its checks; compilation turns them into machine code, or fetches that from the disk; draws
include what checks measure on them; the rest is pilots, estimates, checks and files. What is compiled beside draws is
counted as draws. Medians of three rounds. Nothing is claimed here.
"""

from collections.abc import Iterator

import numpy as np

from benchmarks.bench import Bench
from benchmarks.figures import Row, Table
from benchmarks.startup import KINDS

TITLE = "From the command to the answer"
MODEL = "phi4"
ROUNDS = 3


def figures(bench: Bench) -> Iterator[Row | Table]:
    rounds = [
        bench.run("benchmarks.startup:both", {"model": MODEL, "number": number})
        for number in range(bench.number(ROUNDS, least=1))
    ]
    lines = [
        [name, *(float(np.median([one[name][part] for one in rounds])) for part in (*KINDS, "wall"))]
        for name in ("cold", "warm")
    ]
    yield Table(f"`nnft run {MODEL}`: seconds", ["", *KINDS, "wall"], lines)
