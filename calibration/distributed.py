"""Runs shared by two processes, one of which is killed at random: begun again, they end as one process does."""

import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from calibration.own_processes import begin, same_groups
from calibration.rows import Row
from nnft_ppl import read

COMMANDS = {
    "hmc": ["phi4_circle", "--draws", "3000"],
    "reweight": ["phi4_circle", "--draws", "6000"],
}
KILLS = 4
"""For each sampler."""
PATIENCE = 600
"""Seconds within which a process has to see that the other one was killed."""


def rows(fraction: float) -> Iterator[Row]:
    for name, words in COMMANDS.items():
        with tempfile.TemporaryDirectory() as folder:
            whole = Path(folder) / "whole"
            begin(name, words, whole).wait()
            kills = max(2, round(KILLS * fraction))
            found = [_killed(name, words, Path(folder) / str(seed), whole, seed) for seed in range(kills)]
            ended, same = zip(*found, strict=True)
            claim = f"{name}: of {kills} runs by two processes, one of them killed at a random instant, share"
            yield Row(f"{claim} whose other process ends with an error", sum(ended) / kills, 1.0, 1.0)
            yield Row(f"{claim} that end, begun again, as one process does", sum(same) / kills, 1.0, 1.0)


def _pair(name: str, words: list[str], out: Path) -> list[subprocess.Popen]:
    told = [{"JAX_NUM_PROCESSES": "2", "JAX_PROCESS_ID": str(number)} for number in range(2)]
    return [begin(name, words, out, "--distributed", told=variables) for variables in told]


def _killed(name: str, words: list[str], out: Path, whole: Path, seed: int) -> tuple[bool, bool]:
    """Whether the process that is left ends with an error, and whether the run ends as the whole one."""
    instants = random.Random(seed)
    pair = _pair(name, words, out)
    while not all((out / f"processes/{number}/told.json").exists() for number in range(2)):  # they have met
        time.sleep(0.05)
    block = instants.randint(0, 3)
    while not (out / f"processes/1/blocks/{block:06d}.nc").exists():
        time.sleep(0.001)
    time.sleep(instants.uniform(0.0, 0.5))
    victim = instants.randint(0, 1)
    pair[victim].kill()
    ended = pair[1 - victim].wait(PATIENCE) == 4
    pair[victim].wait()
    statuses = [one.wait() for one in _pair(name, words, out)]
    same = statuses[0] == statuses[1] in (0, 1) and same_groups(read(out), read(whole))
    shutil.rmtree(out)
    return ended, same
