"""Runs of `nnft run` in processes of their own, to be killed, and what tells two results apart."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from nnft_ppl import Ensemble


def begin(
    name: str, words: Sequence[str], out: Path, *options: str, told: Mapping[str, str] | None = None
) -> subprocess.Popen:
    """Start a run by a sampler; its output is not looked at.

    Args:
        name: The sampler.
        words: Of the command: the model, and options.
        out: Where its result goes.
        options: Further ones.
        told: Variables of its environment.
    """
    command = [sys.executable, "-m", "nnft_ppl.cli.main", "run", *words, "--sampler", name, "--out", str(out), *options]
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(command, env=os.environ | dict(told or {}), stdout=nowhere, stderr=nowhere)


def same_groups(one: Ensemble, other: Ensemble) -> bool:
    """Whether all groups of two results are identical, bit for bit."""
    groups = [
        {group.path: group.to_dataset() for group in each.data.subtree if group.path != "/"} for each in (one, other)
    ]
    return list(groups[0]) == list(groups[1]) and all(
        group.identical(groups[1][name]) for name, group in groups[0].items()
    )
