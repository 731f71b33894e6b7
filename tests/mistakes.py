"""A mistake, and what is said about it; `tests/cli/test_mistakes.py` makes all that we could think of.

They stand in `mistaken_words`, `mistaken_models` and `mistaken_results`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

PREAMBLE = """\
import numpy as np, jax, jax.numpy as jnp
import numpyro, numpyro.distributions as dist
from numpyro.contrib.control_flow import scan
from nnft_ppl import Observable, ratio
from nnft_ppl.spaces import Box
at = lambda coordinates: Observable(lambda phi: jnp.ones(len(coordinates)), ("at",), {"at": coordinates})

"""
MODEL = """
def model(scale=1.0, edge=3.0):
    a, b = numpyro.sample("a", dist.Normal(0, 1)), numpyro.sample("b", dist.Uniform(-edge, edge))
    numpyro.factor("quartic", -a**4 / 4)
    return lambda x: scale * a * jnp.cos(b * x[0])
"""
QUICK = ["--sampler", "reweight", "--draws", "16", "--chains", "1"]
"""One small compilation, for the mistakes that show only on draws."""
ROTATION = ["run", "deformed_rotation"]
GOOD = ["run", "good.py"]


class Case(NamedTuple):
    """One mistake."""

    name: str
    given: list[str] | str | Callable[[], object]
    """Words of the command line; or the text of `bad.py`, which is run after the preamble; or a call from Python."""
    status: int
    message: str
    """Regular expression found in the one line on stderr, or in the exception."""
    prepare: Callable[[Path, pytest.MonkeyPatch], object] = lambda folder, monkeypatch: None


def write(name: str, text: str | bytes) -> Callable[[Path, pytest.MonkeyPatch], None]:
    def prepare(folder: Path, _: pytest.MonkeyPatch) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())

    return prepare
