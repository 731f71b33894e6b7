"""Runs that end before their end, and go on: the same result bit for bit, whatever instant they were ended at."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
import xarray as xr
from quick_samplers import chains

from nnft_ppl import Ensemble, Theory, load, read, sample
from nnft_ppl.checks import SecondRoute
from nnft_ppl.draws import Kind
from nnft_ppl.results import ResultError, run_folder, storage, unfinished_words
from nnft_ppl.runs import auto, collected, escalation, sampling
from nnft_ppl.runs.stored_blocks import block_from, complete
from nnft_ppl.runs.targets import Targets
from nnft_ppl.samplers import Block, Curve, Sampler, SamplerError, Settings, hmc, reweight
from nnft_ppl.target import Target

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


@pytest.mark.usefixtures("short_blocks")
def test_more_draws_extend_a_run_and_less_time_takes_none_away(
    theory: Theory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """What was drawn within a limit, and then extended twice, is what is drawn at once."""
    out, more = tmp_path / "out", RUN | {"num_draws": 50}
    monkeypatch.setattr("nnft_ppl.runs.block_sizes.LIMITED_BLOCK", 20)
    limited = sample(theory, out=out, time_limit=1e-9, **RUN)
    assert limited.data["observables"].sizes["draw"] == 20
    same(sample(theory, out=out, **RUN), sample(theory, out=tmp_path / "whole", **RUN))
    again = sample(theory, out=out, time_limit=1e-9, **RUN)
    assert again.data["observables"].sizes["draw"] == 40
    longer = sample(theory, out=out, **more)
    assert longer.data["observables"].sizes["draw"] == 50
    xr.testing.assert_identical(
        longer.data["observables"].to_dataset().isel(draw=slice(40)), again.data["observables"].to_dataset()
    )
    same(read(out), longer)
    with pytest.raises(ResultError, match="holds 50 draws per chain, and 40 are asked for"):
        sample(theory, out=out, **RUN)


@pytest.mark.usefixtures("short_blocks")
def test_an_extended_run_is_the_run_of_as_many_draws(theory: Theory, tmp_path: Path):
    """Free draws, too, where the blocks are the same: docs/sweeps.md."""
    free: dict[str, Any] = RUN | {"sampler": reweight}
    sample(theory, out=tmp_path / "out", **free)
    longer, whole = (sample(theory, out=tmp_path / name, **free | {"num_draws": 100}) for name in ("out", "whole"))
    for name, group in whole.data.children.items():
        xr.testing.assert_identical(longer.data[name].to_dataset(), group.to_dataset())


DIFFERENCES = [
    ({"seed": 2}, "seed is 1 there and 2 here"),
    ({"num_chains": 3}, "chains is 2 there and 3 here"),
    ({"keep": "none"}, "keep is 'auto' there and 'none' here"),
    ({"sampler": reweight}, "sampler is 'chains' there and 'reweight' here"),
    ({"checks": ["modes"]}, "other checks .without a search for modes."),
]


@pytest.fixture(scope="module")
def folder(theory: Theory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That of a run."""
    folder = tmp_path_factory.mktemp("runs") / "out"
    sample(theory, out=folder, **RUN)
    return folder


@pytest.mark.parametrize(("changed", "words"), DIFFERENCES)
def test_every_other_difference_is_named(changed: dict, words: str, theory: Theory, folder: Path):
    with pytest.raises(ResultError, match=rf"{words}.*start it anew with --fresh"):
        sample(theory, out=folder, **RUN | changed)
    with pytest.raises(ResultError, match=r"coupling is 0\.1 there and 0\.2 here"):
        sample(load(str(theory.file.path), coupling=0.2), out=folder, **RUN)


def test_what_was_cut_short_says_how_far_it_got(folder: Path, theory: Theory, tmp_path: Path):
    about = read(folder).provenance
    assert about.whole
    assert not unfinished_words(about, 2000)
    cut, sampler = replace(about, whole=False), replace(about.sampler, draws=20)
    words = unfinished_words(replace(cut, interrupted=True, sampler=sampler), 2000)
    assert words == "interrupted: 40 draws per chain were asked for, 20 are made; the same command goes on from there"
    assert unfinished_words(replace(cut, sampler=sampler), 2000).startswith("time was up: 40 draws")
    second = SecondRoute().unavailable("interrupted").verdict
    words = unfinished_words(replace(cut, interrupted=True, verdicts=(*about.verdicts, second)), 2000)
    assert words == (
        "interrupted: the draws are complete, but not made: second route; the same command makes up for it"
    )
    assert unfinished_words(cut, 2000).startswith("time was up: more than 40 draws per chain")


def test_a_complete_run_is_read_and_not_made_again(theory: Theory, folder: Path, monkeypatch: pytest.MonkeyPatch):
    def broken(target: Target, settings: Settings) -> Sampler:
        raise AssertionError("it is made again")

    monkeypatch.setattr("nnft_ppl.runs.escalation.draw", broken)
    same(sample(theory, out=folder, **RUN), read(folder))


@pytest.mark.parametrize("name", ["blocks/000000.nc", "state.nc", "plan.json"])
def test_damage_is_named_and_fresh_mends_it(name: str, theory: Theory, folder: Path, tmp_path: Path):
    out = tmp_path / "out"
    shutil.copytree(folder, out)
    text = (out / name).read_bytes()
    (out / name).write_bytes(text[: len(text) // 2] + b"\xff" + text[len(text) // 2 + 1 :])
    with pytest.raises(ResultError, match=rf"{name.rpartition('/')[2]}' is damaged.*start it anew with --fresh"):
        sample(theory, out=out, **RUN | {"num_draws": 60})
    same(sample(theory, out=out, fresh=True, **RUN), read(folder))


def test_one_process_in_a_folder(theory: Theory, folder: Path):
    lock = run_folder.Lock(folder)
    try:
        with pytest.raises(ResultError, match=r"another process \(number \d+\) is writing there; wait, or choose"):
            sample(theory, out=folder, **RUN)
    finally:
        lock.release()
    same(sample(theory, out=folder, **RUN), read(folder))


def test_what_draws_cannot_be():
    for words in ({"num_draws": 10**20}, {"num_chains": 10**9}, {"num_warmup": 2**31}):
        with pytest.raises(ValueError, match="must be at most"):
            sample(load("deformed_rotation"), **words)


@pytest.mark.usefixtures("short_blocks")
def test_only_what_is_whole_replaces_more_draws(theory: Theory, folder: Path, tmp_path: Path):
    out = tmp_path / "out"
    shutil.copytree(folder, out)
    fewer: dict[str, Any] = RUN | {"num_draws": 20}
    with pytest.raises(ResultError, match="40 draws per chain, and 20 are asked for"):
        sample(theory, out=out, **fewer)
    assert sample(theory, out=out, fresh=True, **fewer).data["observables"].sizes["draw"] == 20
    assert read(out).data["observables"].sizes["draw"] == 20
