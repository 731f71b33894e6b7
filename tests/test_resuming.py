"""Runs that end before their end, and go on: the same result bit for bit, whatever instant they were ended at."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
import xarray as xr
from one_number import RUN, number_in, same
from quick_samplers import chains

from nnft_ppl import Theory, read, sample
from nnft_ppl.draws import Kind
from nnft_ppl.results import run_folder, storage
from nnft_ppl.runs import auto, collected, escalation, sampling
from nnft_ppl.runs.stored_blocks import block_from, complete
from nnft_ppl.runs.targets import Targets
from nnft_ppl.samplers import Block, Curve, Sampler, SamplerError, Settings, hmc, reweight
from nnft_ppl.target import Target


@pytest.fixture(scope="module")
def theory(tmp_path_factory: pytest.TempPathFactory) -> Theory:
    return number_in(tmp_path_factory.mktemp("models"))


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
    for number in (3, 5, 6):  # before either state and the result; without a plan it begins anew
        (out,) = (tmp_path / "album").glob(f"{number:02d} *")
        same(sample(theory, out=out, **RUN), whole)
        same(read(out), whole)
        assert not list(out.rglob("*.part"))


class Ended(BaseException):
    """What ends a run here, as a process ends that is killed."""


def ending(number: int) -> Callable:
    """Progress that ends the run at the stage `drawing` of this number, counted from 0."""
    left = [number]

    def progress(stage: Any) -> None:
        if stage.what.startswith("drawing by"):
            left[0] -= 1
            if left[0] < 0:
                raise Ended

    return progress


WHOLE: dict[str, Any] = {"sampler": chains, "num_chains": 2, "num_draws": 60, "seed": 2, "keep": "none"}


def block(curve: Curve | None = None) -> Block:
    """Draws of every type there is; laid out as no file lays them out."""
    random = np.random.default_rng(0)
    normal = random.normal(size=(3, 5, 2)).transpose(1, 0, 2)[:2]
    measured = {
        "observables": {"z": normal + 1j * normal, "a": normal[..., 0].astype(np.float32)},
        "action": {},
        "phase": {"theta": normal[..., 1]},
    }
    stats = {"diverging": normal[..., 0] > 0, "population": np.ones((2, 3), int), "log_weight": normal[..., 0]}
    return Block(Kind.POPULATIONS if curve else Kind.FREE, measured, stats, normal, curve)


@pytest.mark.parametrize(
    "curve", [None, Curve(np.linspace(0, 1, 3), np.ones((2, 3)), {"observables": {"z": np.ones((2, 3, 2))}})]
)
@pytest.mark.parametrize("kept", ["reference", "looked_at"])
def test_a_block_goes_to_disk_and_back(curve: Curve | None, kept: str, tmp_path: Path):
    before = block(curve)
    groups: dict[str, Any] = {
        name: xr.Dataset({one: (["chain", "draw", *"xyz"][: values.ndim], values) for one, values in arrays.items()})
        for name, arrays in (before.measured | {"sample_stats": before.stats}).items()
    }
    groups["sample_stats"].attrs["kind"] = str(before.kind)
    if kept == "reference":
        groups["reference"] = xr.Dataset({"z": (["chain", "draw", "coordinate"], before.positions)})
    storage.write_tree(tmp_path / "block.nc", complete(xr.DataTree.from_dict(groups), before))
    after = block_from(xr.load_datatree(tmp_path / "block.nc", engine="h5netcdf"))
    assert jax.tree.structure(after) == jax.tree.structure(before)
    for one, other in zip(jax.tree.leaves(after), jax.tree.leaves(before), strict=True):
        np.testing.assert_array_equal(one, other)
        assert np.asarray(one).dtype == np.asarray(other).dtype
    assert list(after.measured["observables"]) == ["z", "a"]  # in their order


@pytest.mark.usefixtures("short_blocks")
def test_checks_see_the_same_draws(theory: Theory, tmp_path: Path):
    """Without kept parameters, too: what checks look at is on disk."""
    whole = sample(theory, out=tmp_path / "whole", **WHOLE)
    with pytest.raises(Ended):
        sample(theory, out=tmp_path / "out", progress=ending(1), **WHOLE)
    assert len(list((tmp_path / "out/blocks").iterdir())) == 2
    same(sample(theory, out=tmp_path / "out", **WHOLE), whole)
    assert whole.schwinger_dyson is not None


@pytest.mark.usefixtures("short_blocks")
def test_killed_within_a_block(theory: Theory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A long block stores its state on the way; calls that are cut otherwise draw the same."""
    long: dict[str, Any] = {"num_chains": 2, "num_draws": 200, "num_warmup": 50, "seed": 3, "checks": False}
    monkeypatch.setattr(Settings, "block_draws", 200)
    whole = sample(theory, hmc, **long)
    monkeypatch.setattr("nnft_ppl.samplers.chains.CALL_SECONDS", 1e-9)  # 25 draws in each call
    monkeypatch.setattr(collected, "CHECKPOINT", 0.0)
    with photographed(tmp_path / "out", tmp_path / "album"):
        same(sample(theory, hmc, out=tmp_path / "out", **long), whole)
    states = [path for path in (tmp_path / "album").iterdir() if path.name.endswith("state.nc")]
    assert len(states) == 9  # before the first draw, seven times within the block, and after it
    monkeypatch.setattr(collected, "CHECKPOINT", 1e9)
    same(sample(theory, hmc, out=sorted(states)[4], **long), whole)


@pytest.fixture
def two_samplers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A choice that comes out otherwise each time; its first sampler cannot go on, the second's checks must fail."""
    numbers = iter(range(100))

    def choose(self: auto.Pilot) -> tuple[auto.Choice, Targets]:
        return auto.Choice("mclmc", f"choice {next(numbers)}"), self._targets

    def poor(target: Target, settings: Settings) -> Sampler:
        return chains(target, settings)

    def broken(target: Target, settings: Settings) -> Sampler:
        raise SamplerError("no")

    monkeypatch.setattr(auto.Pilot, "choose", choose)
    monkeypatch.setattr(escalation, "FALL_BACK", ("hmc",))
    monkeypatch.setattr(escalation, "STRONGER", {"hmc": "reweight"})
    for name, one in {"mclmc": broken, "hmc": poor, "reweight": reweight}.items():
        monkeypatch.setitem(sampling.SAMPLERS, name, one)


@pytest.mark.usefixtures("short_blocks", "two_samplers")
def test_what_auto_has_chosen_stays_chosen(theory: Theory, tmp_path: Path):
    told: dict[str, Any] = {"num_chains": 2, "num_draws": 40, "seed": 5, "checks": False}
    with photographed(tmp_path / "out", tmp_path / "album"):
        whole = sample(theory, out=tmp_path / "out", **told)
    assert whole.provenance.sampler.name == "reweight"
    assert whole.provenance.sampler.reason.startswith("hmc failed")
    photos = sorted((tmp_path / "album").iterdir())
    blocks = [number for number, path in enumerate(photos) if path.name.endswith("0.nc") or path.name.endswith("3.nc")]
    for number in (blocks[0] + 2, blocks[1]):
        same(sample(theory, out=photos[number], **told), whole)
