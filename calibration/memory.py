"""Peak memory, and what showing the result costs, of a hundred times more draws: each command a new process."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from calibration.rows import Row

SAMPLERS = ("reweight", "hmc")
FEW, MANY = 10_000, 1_000_000
"""Draws per chain."""
MORE = 150.0
"""MB by which the peak may be higher."""
SLOWER = 2.0
"""By which factor showing may cost more."""


def rows(fraction: float) -> Iterator[Row]:
    many = max(10 * FEW, round(MANY * fraction))
    for sampler in SAMPLERS:
        with tempfile.TemporaryDirectory() as folder:
            peaks, seconds = {}, {}
            for draws in (FEW, many):
                out = str(Path(folder) / str(draws))
                words = ["phi4_circle", "--sampler", sampler, "--draws", str(draws), "--out", out]
                peaks[draws], _ = _nnft("run", *words)
                seconds[draws] = min(_nnft("show", out)[1] for _ in range(2))
        claim = f"{sampler}: MB that {many} draws per chain take beyond the {peaks[FEW]:.0f} of {FEW}"
        yield Row(claim, peaks[many] - peaks[FEW], -float("inf"), MORE)
        claim = (
            f"{sampler}: times the {seconds[FEW]:.1f} processor seconds that {FEW} draws take to be shown, for {many}"
        )
        yield Row(claim, seconds[many] / seconds[FEW], 0.0, SLOWER)


def _nnft(*words: str) -> tuple[float, float]:
    """Peak resident memory in MB and processor time in seconds of one command."""
    command = [sys.executable, "-m", "nnft_ppl.cli.main", *words]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):  # 1: a check failed
        raise RuntimeError(f"{' '.join(command)} ended with status {process.returncode}")
    kilobytes = used.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return kilobytes / 1024, used.ru_utime + used.ru_stime
