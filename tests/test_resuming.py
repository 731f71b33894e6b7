"""Runs that end before their end, and go on: the same result bit for bit, whatever instant they were ended at."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


MODEL = """
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
"""


@pytest.fixture(scope="module")
def theory(tmp_path_factory: pytest.TempPathFactory) -> Theory:
    path = tmp_path_factory.mktemp("models") / "number.py"
    path.write_text(MODEL, encoding="utf-8")
    return load(str(path))


@contextmanager
def photographed(folder: Path, album: Path) -> Iterator[None]:
    """Copies of a folder in an album: as a process leaves it that is killed while a file is written, one for each."""
    atomically = storage.atomically

    def watched(path: Path, write: Callable) -> None:
        number = len(list(album.iterdir()))
        shutil.copytree(folder, album / f"{number:02d} {path.name}")
        (album / f"{number:02d} {path.name}" / path.relative_to(folder)).with_suffix(".part").write_bytes(b"half")
        atomically(path, write)

    album.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        for module in (storage, run_folder):
            if hasattr(module, "atomically"):
                patch.setattr(module, "atomically", watched)
        yield


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


RUN: dict[str, Any] = {"sampler": chains, "num_chains": 2, "num_draws": 40, "seed": 1, "checks": False}


@pytest.fixture
def short_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settings, "block_draws", 20)


@pytest.mark.usefixtures("short_blocks")
def test_killed_at_any_file(theory: Theory, tmp_path: Path):
    """The manifest, the plan, two blocks with their states, the result, and the plan again."""
    with photographed(tmp_path / "out", tmp_path / "album"):
        whole = sample(theory, out=tmp_path / "out", **RUN)
    names = [path.name.partition(" ")[2] for path in sorted((tmp_path / "album").iterdir())]
    blocks = [name for number in range(2) for name in (f"{number:06d}.nc", "state.nc")]
    assert names == ["manifest.json", "plan.json", *blocks, "result.nc", "plan.json"]
    same(read(tmp_path / "out"), whole)
    for out in (tmp_path / "album").iterdir():
        same(sample(theory, out=out, **RUN), whole)
        same(read(out), whole)
        assert not list(out.rglob("*.part"))
