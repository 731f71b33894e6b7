"""Runs that end before their end, and go on: the same result bit for bit, whatever instant they were ended at."""

import json
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro
import pytest
import xarray as xr
from numpyro import distributions as dist
from quick_samplers import chains

from nnft_ppl import Ensemble, Theory, load, read, sample
from nnft_ppl.display import Stage
from nnft_ppl.results import ResultError, run_folder, storage
from nnft_ppl.runs import collected
from nnft_ppl.samplers import SAMPLERS, SamplerError, Settings
from nnft_ppl.samplers.sampler import Block


class Killed(BaseException):
    """A process that ends here."""


MODEL = '''
import jax.numpy as jnp
import numpyro
from numpyro import distributions as dist
from nnft_ppl import Observable


def model(coupling=0.1):
    a = numpyro.sample("a", dist.Normal(0, 1))
    numpyro.factor("quartic", -coupling * a**4)
    return lambda x: a + 0 * x[0]


def observables():
    return {
        "moments": Observable(lambda phi: phi(jnp.zeros(1)) ** jnp.array([2, 4]), ("power",), {"power": (2, 4)}),
        "first": Observable(lambda phi: phi(jnp.zeros(1))),
    }
'''


@pytest.fixture(scope="module")
def theory(tmp_path_factory: pytest.TempPathFactory) -> Theory:
    path = tmp_path_factory.mktemp("models") / "number.py"
    path.write_text(MODEL, encoding="utf-8")
    return load(str(path))


def killed_at(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let the process end before, or after, a file of this number gets its name; odd numbers are after."""
    left, atomically = [number], storage.atomically

    def counted(path: Path, write: Callable) -> None:
        if left[0] == 0:
            path.with_name(path.name + ".part").write_bytes(b"half")  # as a process leaves it that is killed
            raise Killed
        atomically(path, write)
        left[0] -= 2
        if left[0] == -1:
            raise Killed

    monkeypatch.setattr(storage, "atomically", counted)


def same(one: Ensemble, other: Ensemble) -> None:
    """Refuse a difference in any bit of any number, or in any word but those on time."""
    assert list(one.data.children) == list(other.data.children)
    for name, group in one.data.children.items():
        xr.testing.assert_identical(group.to_dataset(), other.data[name].to_dataset())
        assert list(group.dataset.data_vars) == list(other.data[name].dataset.data_vars)
    first, second = (json.loads(each.data.attrs["provenance"]) for each in (one, other))
    for about in (first, second):
        del about["wall_s"], about["started"]
    assert first == second


RUN: dict[str, Any] = {"sampler": chains, "num_chains": 2, "num_draws": 60, "seed": 1, "checks": False}


@pytest.fixture
def short_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settings, "block_draws", 20)


@pytest.mark.usefixtures("short_blocks")
def test_killed_at_every_file(theory: Theory, tmp_path: Path):
    """Manifest, plan, three blocks with their states, result, plan again: before and after each."""
    whole = sample(theory, out=tmp_path / "whole", **RUN)
    for number in range(100):
        out = tmp_path / str(number)
        with pytest.MonkeyPatch.context() as patch:
            killed_at(patch, number)
            try:
                sample(theory, out=out, **RUN)
                break
            except Killed:
                pass
        again = sample(theory, out=out, **RUN)
        same(again, whole)
        same(read(out), whole)
        assert not list(out.rglob("*.part"))
    assert number == 2 * 10
