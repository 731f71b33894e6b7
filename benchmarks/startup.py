"""Where the time of `nnft run MODEL` goes: imports, tracing, compilation, draws, and all the rest.

`python -m benchmarks.startup MODEL FOLDER` runs a model as the command does, and prints the seconds as JSON.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

STARTED = time.perf_counter()
KINDS = ("import", "trace", "compile", "draw", "rest")
TRACING = ("/jax/core/compile/jaxpr_trace_duration", "/jax/core/compile/jaxpr_to_mlir_module_duration")
COMPILING = "/jax/core/compile/backend_compile_duration"
RESOLUTION = 1e-3
"""Seconds."""


class Span(NamedTuple):
    """Something that JAX did."""

    what: str
    """Name of the event."""
    begun: float
    ended: float
    aside: bool
    """Whether another thread did it."""


def both(started: float, model: str, number: int = 0) -> dict[str, Any]:
    """`nnft run MODEL` twice, the first time without compiled programs.

    Args:
        started: When the process was started; not used.
        model: A shipped model.
        number: Tells rounds apart.

    Returns:
        `cold` and `warm`: seconds by `KINDS`, and `wall`, that of the whole process.
    """
    del started, number
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        named = {"XDG_CACHE_HOME": folder, "JAX_ENABLE_COMPILATION_CACHE": "true", "JAX_COMPILATION_CACHE_DIR": ""}
        for name in ("cold", "warm"):
            begun = time.perf_counter()
            command = [sys.executable, "-m", "benchmarks.startup", model, os.path.join(folder, name)]
            done = subprocess.run(command, env=os.environ | named, capture_output=True, text=True, check=True)
            wall = time.perf_counter() - begun
            seconds = json.loads(done.stdout.splitlines()[-1])
            # Python itself starts before anything can be timed, and ends after it.
            found[name] = seconds | {"wall": wall, "import": seconds["import"] + wall - sum(seconds.values())}
    return found


def parts(marks: Sequence[tuple[str, float]], spans: Sequence[Span], ended: float) -> dict[str, float]:
    """Seconds by `KINDS`, every moment counted once.

    A moment is traced or compiled while the main thread does that. What another thread compiles counts where nothing
    is drawn meanwhile: there it is waited for.

    Args:
        marks: What was begun and when, from the imports on; ordered.
        spans: What JAX did.
        ended: When all was done.
    """
    begun = marks[0][1]
    moments = begun + RESOLUTION * (np.arange(int((ended - begun) / RESOLUTION)) + 0.5)
    stage = np.searchsorted([when for _, when in marks], moments, side="right") - 1
    kinds = np.array([_kind(what) for what, _ in marks], "U8")[stage]
    drawing = np.array([what.startswith("drawing") for what, _ in marks])[stage]
    for span in sorted(spans, key=lambda one: one.what in TRACING):  # what is traced is compiled elsewhere, if at all
        inside = (moments > span.begun) & (moments < span.ended) & (kinds != "import")
        if span.what in TRACING and not span.aside:
            kinds[inside] = "trace"
        elif span.what == COMPILING:
            kinds[inside & ~(drawing & span.aside)] = "compile"
    return {kind: RESOLUTION * float(np.sum(kinds == kind)) for kind in KINDS}


def _kind(stage: str) -> str:
    if stage == "import":
        return "import"
    # The first block is drawn, once its program is there, in the stage "compiling".
    return "draw" if stage.startswith(("drawing", "compiling")) else "rest"


def run(model: str, folder: str) -> dict[str, float]:
    """A model as `nnft run MODEL --out FOLDER` runs it, and where the time went.

    Args:
        model: Its name.
        folder: Where the result goes.
    """
    import threading

    import jax
    from jax import monitoring

    from nnft_ppl.cli.arguments import command_parser, parse
    from nnft_ppl.cli.interrupts import Interruption
    from nnft_ppl.devices import keep_programs, spread_over_cores
    from nnft_ppl.display import Stage

    spans: list[Span] = []

    def note(event: str, duration_secs: float, **_: Any) -> None:
        now = time.perf_counter()
        spans.append(Span(event, now - duration_secs, now, threading.current_thread() is not threading.main_thread()))

    asked = parse(command_parser(), ["run", model, "--out", folder])
    jax.config.update("jax_enable_x64", asked.precision == "float64")
    keep_programs()
    spread_over_cores(asked.chains)
    from nnft_ppl.cli.run import conclude, run as run_model

    monitoring.register_event_duration_secs_listener(note)
    marks = [("import", STARTED), ("reading", time.perf_counter())]

    def watch(stage: Stage) -> None:
        marks.append((stage.what, time.perf_counter()))

    line: Any = watch  # in place of the line of progress
    conclude(asked, run_model(asked, {}, {}, Interruption(line)))
    return parts(marks, spans, time.perf_counter())


if __name__ == "__main__":
    print(json.dumps(run(*sys.argv[1:3])), flush=True)
