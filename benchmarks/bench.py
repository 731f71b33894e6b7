"""What a section is given: its budget, and contenders that run one after the other in fresh processes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from benchmarks.records import ROOT, Scratch

CHAINS = 4
"""Chains of contenders that sample."""
PATIENCE = 5.0
"""A contender is ended after this many times its budget: a warm-up and a last block may overrun it, not more."""
SHORTEST_WAIT = 300.0
"""Seconds that every contender gets at least, however small its budget."""


class Bench:
    """A section's share of the full work, and its contenders.

    Args:
        section: Name of the section.
        fraction: Share of the full budget, above 0 and up to 1; only figures of a full budget are kept.
    """

    def __init__(self, section: str, fraction: float = 1.0) -> None:
        self.fraction = fraction
        self.scratch = Scratch(section, fraction)

    def seconds(self, full: float) -> float:
        """This share of so many seconds."""
        return full * self.fraction

    def number(self, full: int, least: int) -> int:
        """This share of a number, but at least `least`."""
        return max(least, round(full * self.fraction))

    def run(
        self,
        function: str,
        arguments: Mapping[str, Any],
        *,
        x64: bool = True,
        devices: int = 1,
        spread: bool = False,
        seconds: float = 600.0,
        losable: bool = False,
    ) -> dict[str, Any]:
        """The answer of `function(started=..., **arguments)` in a process of its own.

        Args:
            function: `module:name` of a function that takes the time at which its process was started and the
                arguments, and returns JSON values.
            arguments: JSON values.
            x64: Whether JAX computes in float64.
            devices: Number of devices that the CPU pretends to be.
            spread: Whether it is as many devices as `nnft run` makes of the cores instead.
            seconds: How long it should take; it is ended after `PATIENCE` times that.
            losable: Whether ending it is an answer, `{"failed": ..., "wall": ...}`: it lost the race.

        Raises:
            RuntimeError: If the process fails, or is ended and may not lose.
        """
        question = {"function": function, "arguments": dict(arguments), "x64": x64, "devices": devices}
        question |= {"spread": CHAINS if spread else 0}
        if (kept := self.scratch.get(question)) is not None:
            return kept
        print(f"   {function} {json.dumps(question['arguments'], ensure_ascii=False)}", file=sys.stderr, flush=True)
        environment = {name: value for name, value in os.environ.items() if name not in ("XLA_FLAGS", "JAX_PLATFORMS")}
        # Compilation counts: no contender may find a program that another left behind.
        environment |= {"JAX_ENABLE_X64": str(int(x64)), "JAX_ENABLE_COMPILATION_CACHE": "false"}
        if devices > 1:
            environment["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={devices}"
        command = [sys.executable, "-m", "benchmarks.contender", json.dumps(question | {"started": time.time()})]
        patience = max(SHORTEST_WAIT, PATIENCE * seconds)
        try:
            done = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=patience
            )
        except subprocess.TimeoutExpired as late:
            if not losable:
                raise RuntimeError(f"{function} {arguments} gave nothing in {patience:.0f} s") from late
            answer = {"failed": f"nothing in {patience:.0f} s", "wall": patience}
            self.scratch.keep(question, answer)
            return answer
        if done.returncode:
            raise RuntimeError(f"{function} {arguments} ended with {done.returncode}:\n{done.stderr[-4000:]}")
        answer = json.loads(done.stdout.splitlines()[-1])
        self.scratch.keep(question, answer)
        return answer
