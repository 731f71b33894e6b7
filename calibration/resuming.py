"""Runs killed at random instants and begun again: the share that ends as the run does that went through."""

import json
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from calibration.own_processes import begin, same_groups
from calibration.rows import Row
from nnft_ppl import read

COMMANDS = {
    "hmc": ["phi4_circle", "--draws", "3000"],
    "pcn": ["phi4_circle", "--draws", "3000", "--keep", "none"],
    "reweight": ["phi4_circle", "--draws", "6000"],
    "tempered": ["phi4_circle", "--draws", "3000"],
    "mixed": ["particle_on_circle", "--draws", "2000"],
}
KILLS = 6
"""For each sampler."""
MOST = 4
"""The same run is killed so many times at most, one after the other."""


def rows(fraction: float) -> Iterator[Row]:
    for name, words in COMMANDS.items():
        with tempfile.TemporaryDirectory() as folder:
            whole, begun = Path(folder) / "whole", time.monotonic()
            begin(name, words, whole).wait()
            seconds = time.monotonic() - begun
            kills = max(2, round(KILLS * fraction))
            same = [_killed(name, words, Path(folder) / str(seed), whole, seconds, seed) for seed in range(kills)]
            claim = f"{name}: share of {kills} runs, killed at random instants, that end as the whole one"
            yield Row(claim, sum(same) / kills, 1.0, 1.0)


def _killed(name: str, words: list[str], out: Path, whole: Path, seconds: float, seed: int) -> bool:
    """Whether a run that is killed once or more ends as the whole one."""
    instants = random.Random(seed)
    for _ in range(instants.randint(1, MOST)):
        process = begin(name, words, out)
        time.sleep(instants.uniform(0.0, seconds))
        process.kill()
        process.wait()
    begin(name, words, out).wait()
    same = _same(out, whole)
    shutil.rmtree(out)
    return same


def _same(one: Path, other: Path) -> bool:
    first, second = read(one), read(other)
    abouts: list[dict[str, Any]] = [json.loads(each.data.attrs["provenance"]) for each in (first, second)]
    for about in abouts:
        del about["wall_s"], about["started"]
    return abouts[0] == abouts[1] and same_groups(first, second)
