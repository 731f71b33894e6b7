"""Kernels timed in turns, so that a slow spell of the machine meets all of them alike."""

import time
from collections.abc import Callable, Mapping, Sequence

import jax
import numpy as np

SHORTEST = 0.1
"""Seconds that a kernel is repeated for in each round, at least."""


def in_turns(kernels: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds per call of every kernel, in rounds A B C A B C ...

    Args:
        kernels: Functions without arguments that return JAX arrays.
        rounds: Number of rounds; medians are taken over them.
    """
    calls = {}
    for name, kernel in kernels.items():
        jax.block_until_ready(kernel())  # compiles
        calls[name] = max(1, round(SHORTEST / max(_seconds(kernel, 1), 1e-6)))
    found: dict[str, list[float]] = {name: [] for name in kernels}
    for _ in range(rounds):
        for name, kernel in kernels.items():
            found[name].append(_seconds(kernel, calls[name]))
    return found


def _seconds(kernel: Callable[[], object], calls: int) -> float:
    begun = time.perf_counter()
    for _ in range(calls):
        jax.block_until_ready(kernel())
    return (time.perf_counter() - begun) / calls


def paired(slower: Sequence[float], faster: Sequence[float]) -> tuple[float, tuple[float, float]]:
    """Median of the ratio within rounds, and its smallest and largest value."""
    ratios = np.asarray(slower) / np.asarray(faster)
    return float(np.median(ratios)), (float(ratios.min()), float(ratios.max()))
