"""Runs that several processes make together: the draws of one process, and nothing lost with one that ends."""

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
import xarray as xr
from one_of_two import BLOCK, LONG_BLOCK, RUN, UNTIL, theory

from nnft_ppl import Processes, load, read, sample
from nnft_ppl.cli.processes import processes_of
from nnft_ppl.display import Stage
from nnft_ppl.results import Exchange, ResultError, exchange
from nnft_ppl.runs import DEFAULT_DRAWS
from nnft_ppl.runs.starting import refuse_unshared
from nnft_ppl.runs.stored_blocks import joined
from nnft_ppl.samplers import SAMPLERS, SamplerError, Settings, Share, run_blocks


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which two processes made the runs of `one_of_two`."""
    folder = tmp_path_factory.mktemp("runs")
    program = Path(__file__).with_name("one_of_two.py")
    pair = [subprocess.Popen([sys.executable, str(program), str(one), str(folder)]) for one in range(2)]
    assert [one.wait(timeout=300) for one in pair] == [0, 0]
    return folder


def test_two_processes_draw_what_one_draws(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Settings, "block_draws", BLOCK)
    one = sample(theory(tmp_path), **RUN)
    for name in ("whole", "killed"):
        two = read(runs / name)
        for group in ("observables", "estimates", "posterior"):
            xr.testing.assert_identical(two.data[group].to_dataset(), one.data[group].to_dataset())
        blocks = [sorted(path.name for path in (runs / name / f"processes/{k}/blocks").iterdir()) for k in range(2)]
        assert blocks == [[f"{number:06d}.nc" for number in range(3)]] * 2
    assert two.provenance.sampler.processes == 2
    with pytest.raises(ResultError, match="processes is 2 there and 1 here"):
        sample(theory(tmp_path), out=runs / "whole", **RUN)


def test_two_processes_stop_where_one_does(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Settings, "block_draws", LONG_BLOCK)
    one, two = sample(theory(tmp_path), **RUN | UNTIL), read(runs / "until")
    assert two.provenance.sampler.draws > DEFAULT_DRAWS  # it looked more than once
    assert {check.check: check.status for check in two.verdicts}["until"] == "good"
    for group in ("observables", "estimates"):
        xr.testing.assert_identical(two.data[group].to_dataset(), one.data[group].to_dataset())


def test_the_other_says_that_one_has_ended(runs: Path):
    said = (runs / "0/said.txt").read_text(encoding="utf-8")
    assert said.startswith("process 1 of 2 has ended before the run was done")
    assert not (runs / "1/said.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["pcn", "reweight"])
def test_shares_make_the_blocks_of_all_chains(name: str, key: jax.Array):
    """Where blocks end within a call of the program, too; the numbers of draws are those of one device."""
    target, devices = load("deformed_rotation").target(), jax.local_devices()[:1]
    told = Settings(key, 4, 70, 10, 3, block_draws=30)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jax, "local_devices", lambda **_: devices)
        whole = list(run_blocks(SAMPLERS[name], target, told))
        start = SAMPLERS[name](target, told).start()
        parts = []
        for first in (0, 2):
            sampler: Any = SAMPLERS[name](target, Settings(key, 2, 70, 10, 3, block_draws=30, share=Share(first, 4)))
            state, blocks = sampler.part(start), []
            for _ in whole:
                state, block = sampler.step(state)
                blocks.append(block)
            parts.append(blocks)
    for one, *others in zip(whole, *parts, strict=True):
        together = joined(others)
        for array, other in zip(jax.tree.leaves(together[1:]), jax.tree.leaves(one[1:]), strict=True):
            np.testing.assert_array_equal(array, other)


def test_processes_that_do_not_fit_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exchange, "PATIENCE", 0.05)
    waited: list[Stage] = []
    with pytest.raises(ResultError, match=r"process 1, 2 of 3 has not started"):
        Exchange(tmp_path / "late", Processes(0, 3), waited.append)
    assert {one.what for one in waited} == {"waiting for process 1, 2 of 3 to start, 0 s at most"}
    (tmp_path / "file").touch()
    with pytest.raises(ResultError, match=r"cannot write to '.*file/out': Not a directory; choose another folder"):
        sample(theory(tmp_path), out=tmp_path / "file" / "out", processes=Processes(0, 2), **RUN)
    told: dict[int, Any] = {}
    late = threading.Event()  # that process 0 waits

    def tell(number: int) -> None:
        try:
            one = Exchange(tmp_path / "pair", Processes(number, 2))
            if number == 1:
                assert late.wait(60)
            told[number] = one.gather("here", number, late.set)
            one.gather(f"at {number}", None)
        except ResultError as error:
            told[number, "said"] = str(error)

    monkeypatch.setattr(exchange, "PATIENCE", 60.0)
    threads = [threading.Thread(target=tell, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert told[0] == told[1] == [0, 1]
    assert "process 1 is at 'at 1' where this one is at 'at 0'" in told[0, "said"]
    with pytest.raises(ValueError, match="4 chains cannot be shared evenly by 3 processes"):
        Processes(0, 3).checked(4)
    with pytest.raises(ValueError, match="processes find each other in the folder of the run: give out"):
        sample(theory(tmp_path), processes=Processes(0, 2), **RUN)


def test_what_is_said_of_a_run_that_was_killed(tmp_path: Path):
    first, second = (Processes(number, 2).folder_in(tmp_path) / "blocks" for number in range(2))
    for own, blocks in ((first, 3), (second, 2)):
        own.mkdir(parents=True)
        for block in range(blocks):
            (own / f"{block:06d}.nc").touch()
    (tmp_path / "manifest.json").touch()
    command = "the same command, in each of 2 processes, goes on"
    words = rf"2 blocks of draws in .*/processes: if it is not going on in other processes, {command} from there"
    with pytest.raises(FileNotFoundError, match=words):
        read(tmp_path)
    for block in second.iterdir():
        block.unlink()
    with pytest.raises(FileNotFoundError, match=f"no block of draws yet: {command}"):
        read(tmp_path)


def test_a_sampler_whose_chains_cannot_be_shared(tmp_path: Path):
    class Whole:
        """Chains that know each other."""

    alone = Exchange()
    refuse_unshared("whole", Whole(), alone)  # pyright: ignore[reportArgumentType]
    alone.processes = Processes(0, 2)
    with pytest.raises(SamplerError, match="sampler 'whole' cannot be shared by processes: it has no part"):
        refuse_unshared("whole", Whole(), alone)  # pyright: ignore[reportArgumentType]


def test_who_started_the_processes():
    assert processes_of({"SLURM_PROCID": "3", "SLURM_STEP_NUM_TASKS": "8"}) == Processes(3, 8)
    assert processes_of({"JAX_PROCESS_ID": "0", "JAX_NUM_PROCESSES": "2", "SLURM_PROCID": "3"}) == Processes(0, 2)
    with pytest.raises(ValueError, match="nothing says which process this is"):
        processes_of({"SLURM_PROCID": "3"})
    with pytest.raises(ValueError, match="PMI_RANK=one, PMI_SIZE=2 are no whole numbers"):
        processes_of({"PMI_RANK": "one", "PMI_SIZE": "2"})
