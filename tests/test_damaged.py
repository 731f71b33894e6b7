"""Stored results that are not as they were written, or that someone wrote to do harm."""

import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr
from commands import nnft
from quick_samplers import GAUSSIAN, chains

from nnft_ppl import load, read, sample
from nnft_ppl.results import ResultError, storage
from nnft_ppl.results.hdf5_output import HDF5Output
from nnft_ppl.results.seal import BEGIN, END, LENGTH
from nnft_ppl.results.signs import STEERING, harmless


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result of a few draws."""
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "gaussian.py").write_text(GAUSSIAN, encoding="utf-8")
    told: dict[str, Any] = {"num_chains": 2, "num_draws": 8, "checks": False}
    sample(load(str(folder / "gaussian.py")), chains, out=folder / "out", **told)
    return folder / "out/result.nc"


def test_every_flipped_bit_is_noticed(result: Path, tmp_path: Path):
    """Wherever it is: in numbers, in HDF5's own tables, in the digest, in its marks; and so is a missing end."""
    before = result.read_bytes()
    assert before.startswith(b"\x89HDF")
    assert before[-LENGTH:].startswith(BEGIN)
    assert before.endswith(END)
    copy, size = tmp_path / "result.nc", len(before)
    at = [
        *np.random.default_rng(0).integers(0, size - LENGTH, 20),
        *(size - LENGTH + np.arange(0, LENGTH, 7)),
        size - 1,
    ]
    for place in map(int, at):
        flipped = before[place] ^ (1 << place % 8)
        copy.write_bytes(before[:place] + bytes([flipped]) + before[place + 1 :])
        with pytest.raises(ResultError, match="damaged or not a result of nnft_ppl"):
            read(copy)
    copy.write_bytes(before[: size // 2])
    with pytest.raises(ResultError, match="damaged"):
        read(copy)
    copy.write_bytes(before[:-LENGTH])  # as earlier versions wrote it
    xr.testing.assert_identical(read(copy).data, read(result).data)


def changed(result: Path, folder: Path, change: Callable[[h5py.File], object]) -> Path:
    """A copy without a digest in which something is another thing; `read` may not trust that there is one."""
    copy = folder / "result.nc"
    copy.write_bytes(result.read_bytes()[:-LENGTH])
    with h5py.File(copy, "r+") as file:
        change(file)
    return copy


def external_numbers(file: h5py.File) -> None:
    values = file["observables/sixth"]
    shape, dtype = values.shape, values.dtype
    del file["observables/sixth"]
    file["observables"].create_dataset("sixth", shape, dtype, external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])


def external_link(file: h5py.File) -> None:
    file["observables/other"] = h5py.ExternalLink("/etc/other.nc", "/secret")


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((2, 8), float)
    layout[:] = h5py.VirtualSource("/etc/other.nc", "secret", (2, 8))
    file["observables"].create_virtual_dataset("other", layout)


def steering_name(file: h5py.File) -> None:
    file["observables/six\x1b[2Jth"] = file["observables/sixth"]


def steering_unit(file: h5py.File) -> None:
    file["observables/sixth"].attrs["units"] = "\x9b2J"


HARMFUL = [external_numbers, external_link, virtual, steering_name, steering_unit]


@pytest.mark.parametrize("change", HARMFUL, ids=lambda change: change.__name__)
def test_what_would_read_other_files_or_steer_a_terminal_is_refused(change: Callable, result: Path, tmp_path: Path):
    copy = changed(result, tmp_path, change)
    status, out, err = nnft("show", str(copy))
    assert (status, out) == (2, "")
    assert "is damaged or not a result of nnft_ppl" in err
    assert not STEERING.search(err.rstrip("\n"))


def with_provenance(result: Path, folder: Path, change: Callable[[dict], object]) -> Path:
    def put(file: h5py.File) -> None:
        about = json.loads(file.attrs["provenance"])
        change(about)
        file.attrs["provenance"] = json.dumps(about)

    return changed(result, folder, put)


def test_signs_and_markup_are_printed_as_they_are_spelt(result: Path, tmp_path: Path):
    def steer(about: dict) -> None:
        about["model"] = "phi4\x1b[2J\x9b2J\u202e"
        about["keywords"] = {"scale\x07": "[red]loud[/red]"}
        about["sampler"] |= {"name": "[bold]hmc[/bold]", "reason": "[link=file:///]why[/link]\x1b]0;title\x07"}
        about["verdicts"][0]["text"] = "[blink]good\x1b[8m"

    status, out, err = nnft("show", str(with_provenance(result, tmp_path, steer)))
    assert (status, err) == (1, "")  # so few draws fail the checks
    assert not STEERING.search(out)
    for words in (r"phi4\x1b[2J\x9b2J\u202e(scale\x07=[red]loud[/red])", "[bold]hmc[/bold] because [link=file:///]why"):
        assert words in out
    assert r"[blink]good\x1b[8m" in out
    assert harmless({"a": ["\t\n", 1, None]}) == {"a": ["\t\n", 1, None]}


WRONG: list[Any] = [
    lambda about: about.pop("sampler"),
    lambda about: about.update(sampler=[]),
    lambda about: about["sampler"].update(draws="many"),
    lambda about: about.update(keywords=3),
    lambda about: about.update(findings={"modes": "all"}),
    lambda about: about.update(verdicts=[{"check": "modes"}]),
    lambda about: about["verdicts"][0].update(status="splendid"),
    lambda about: about["verdicts"][0].update(text=None),
    lambda about: about.update(wall_s="a day"),
    lambda about: about.update(log_z=3.0),
    lambda about: about.update(improved={}),
    lambda about: about.update(format="two"),
    lambda about: about.update(versions=[]),
]


@pytest.mark.parametrize("change", WRONG)
def test_damaged_metadata_are_one_line(change: Callable, result: Path, tmp_path: Path):
    status, out, err = nnft("show", str(with_provenance(result, tmp_path, change)))
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "is damaged or not a result of nnft_ppl" in err


def no_estimates(file: h5py.File) -> None:
    del file["estimates"]


def no_json(file: h5py.File) -> None:
    file.attrs["provenance"] = "[1"


@pytest.mark.parametrize("command", [["show"], ["show", "--json"], ["report"]])
@pytest.mark.parametrize("change", [no_estimates, no_json])
def test_missing_parts_are_one_line(change: Callable, command: list[str], result: Path, tmp_path: Path):
    status, out, err = nnft(*command, str(changed(result, tmp_path, change)))
    assert (status, out) == (2, "")
    assert "is damaged or not a result of nnft_ppl" in err
    assert len(err.splitlines()) == 1


def test_hdf5_never_sees_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What cannot be written is dropped, and said once HDF5 is done: it would end the process otherwise."""

    class Full(io.FileIO):
        def write(self, data: Any, /) -> int:
            if self.tell() + memoryview(data).nbytes > 3000:
                raise OSError(28, "No space left on device")
            return super().write(data)

    dataset = xr.Dataset({"a": ("x", np.arange(10_000.0))})
    storage.write_tree(tmp_path / "a.nc", dataset)
    before = (tmp_path / "a.nc").read_bytes()
    monkeypatch.setattr("nnft_ppl.results.hdf5_output.io.FileIO", Full)
    with pytest.raises(storage.WriteError, match=r"a.nc': No space left on device; what was written before is kept"):
        storage.write_tree(tmp_path / "a.nc", 2 * dataset)
    assert (tmp_path / "a.nc").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.nc"]
    with HDF5Output(tmp_path / "b") as output:
        assert output.write(b"x" * 5000) == output.tell() == 5000
        assert output.seek(0, os.SEEK_END) == 5000
        assert output.readinto(bytearray(10)) == 0
    assert output.error is not None
    assert output.error.errno == 28


def test_a_folder_that_is_removed_under_a_run(result: Path, tmp_path: Path):
    theory, out = load(str(result.parents[1] / "gaussian.py")), tmp_path / "out"

    def remove(stage: Any) -> None:
        if stage.what.startswith("compiling"):
            shutil.rmtree(out)

    with pytest.raises(storage.WriteError, match="the folder was removed while the run was writing to it"):
        sample(theory, chains, num_chains=2, num_draws=8, checks=False, out=out, progress=remove)
