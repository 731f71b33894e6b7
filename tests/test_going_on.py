"""The folder of a run: the same call goes on in it, more draws extend it, and what else is there is named."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import xarray as xr
from one_number import RUN, number_in, same

from nnft_ppl import Theory, load, read, sample
from nnft_ppl.checks import SecondRoute
from nnft_ppl.results import ResultError, run_folder, unfinished_words
from nnft_ppl.samplers import Sampler, Settings, reweight
from nnft_ppl.target import Target


@pytest.fixture(scope="module")
def theory(tmp_path_factory: pytest.TempPathFactory) -> Theory:
    return number_in(tmp_path_factory.mktemp("models"))


@pytest.fixture
def short_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settings, "block_draws", 20)


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
    ({"reference": "bare"}, "reference is 'auto' there and 'bare' here"),
    ({"keep_series": "all"}, "keep-series is 'auto' there and 'all' here"),
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
