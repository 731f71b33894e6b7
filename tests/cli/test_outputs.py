"""Output that a stream cannot write, or that nobody reads; paths; settings of JAX; Ctrl-C during the imports."""

import errno
import io
import json
import os
import subprocess
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path

import jax
import pytest
from commands import nnft
from rich.table import Table

from nnft_ppl import load, read, sample
from nnft_ppl.cli.console import console_of
from nnft_ppl.cli.outputs import _Unread, as_json
from nnft_ppl.devices import require_jax
from nnft_ppl.results import RunFolder
from nnft_ppl.runs import make_request

COMMAND = [sys.executable, "-m", "nnft_ppl.cli.main"]


def process(*words: str, reader_gone: bool = False, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """A command in a process of its own; stdout goes to a pipe whose reader may be gone."""
    reading, writing = os.pipe()
    if reader_gone:
        os.close(reading)
    try:
        settings = os.environ | environment
        done = subprocess.run([*COMMAND, *words], stdout=writing, stderr=subprocess.PIPE, env=settings, check=False)
        os.close(writing)
        done.stdout = b"" if reader_gone else os.read(reading, 1 << 16)
    finally:
        if not reader_gone:
            os.close(reading)
    return done


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("ascii", b"+ phi^4: k^ x 2 +-1, e ?"),
        ("latin-1", b"+ phi^4: k^ \xd7 2 \xb11, \xe9 ?"),
        ("cp1252", b"+ phi^4: k^ \xd7 2 \xb11, \xe9 ?"),
        ("utf-8", "✓ φ⁴: k̂ × 2 ±1, é 日".encode()),
    ],
)
def test_signs_in_other_encodings(encoding: str, written: bytes):
    assert "✓ φ⁴: k̂ × 2 ±1, é 日".encode(encoding, "nnft") == written
    assert b"mod\xe8le.py".decode("utf-8", "surrogateescape").encode(encoding, "nnft") == b"mod\xe8le.py"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_json_is_the_same_in_every_encoding(encoding: str, monkeypatch: pytest.MonkeyPatch):
    found = {"model": "φ⁴ ✓", "path": "mod\udce8le"}
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding))
    text = as_json(found)
    assert json.loads(text.encode(encoding)) == found


def test_a_reader_who_went_away_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    with _Unread(writing, "w", closefd=True) as stream:
        assert [stream.write(b"some"), stream.write(b"more")] == [4, 4]
    with Path("/dev/full").open("wb") as full, pytest.raises(OSError, match="No space left"):
        _Unread(full.fileno(), "w", closefd=False).write(b"this is complained of")


def test_commands_end_with_their_own_status():
    gone = process("list", reader_gone=True, PYTHONIOENCODING="ascii")
    assert (gone.returncode, gone.stderr) == (0, b"")
    helped = process("run", "--help", reader_gone=True)
    assert (helped.returncode, helped.stderr) == (0, b"")
    listed = process("list", PYTHONIOENCODING="ascii")
    assert (listed.returncode, listed.stderr) == (0, b"")
    assert b"phi4_circle" in listed.stdout
    assert b"phi^4" in listed.stdout


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"JAX_PLATFORMS": "abacus"}, b"with JAX_PLATFORMS=abacus JAX finds no device"),
        ({"XLA_FLAGS": "--xla_no_such_flag=1"}, b"XLA does not know the flags XLA_FLAGS=--xla_no_such_flag=1"),
        ({"JAX_ENABLE_X64": "perhaps"}, b"JAX_ENABLE_X64"),
    ],
)
def test_settings_that_cannot_work_are_named(setting: dict[str, str], words: bytes):
    done = process("check", "phi4_circle", **setting)
    assert (done.returncode, done.stdout) == (2, b"")
    (line,) = done.stderr.splitlines()
    assert line.startswith(b"nnft: ")
    assert words in line


def test_settings_in_python():
    require_jax()
    with jax.disable_jit(), pytest.raises(ValueError, match="JAX_DISABLE_JIT is set"):
        sample(load("phi4_circle"))
    with jax.checking_leaks(), pytest.raises(ValueError, match="JAX_CHECK_TRACER_LEAKS is set"):
        require_jax()
    with jax.transfer_guard_device_to_host("disallow"), pytest.raises(ValueError, match="DEVICE_TO_HOST is set"):
        require_jax()


def test_paths_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    request = make_request(load("phi4_circle"), "reweight", 2, 10, 10, 0, "none")
    for name in ("~/run", "~/run.nc", "run.nc", "~nobody-of-this-name"):
        RunFolder(Path(name), request)
    assert (tmp_path / "home/run/manifest.json").is_file()
    assert (tmp_path / "run.nc/manifest.json").is_file()
    assert (tmp_path / "~nobody-of-this-name/manifest.json").is_file()
    assert not (tmp_path / "~").exists()
    for name in ("~/run", "~/run.nc", "run.nc"):
        with pytest.raises(FileNotFoundError, match="has no block of draws yet"):
            read(name)
        assert "has no block of draws yet" in nnft("show", name).err


@pytest.mark.skipif(sys.platform != "linux", reason="other systems demand names that are text")
def test_a_model_file_whose_name_is_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("mod\udce8le.py").write_text("def model():\n    pass\n", encoding="utf-8")
    status, _, err = nnft("check", "mod\udce8le.py")
    assert status == 2
    assert "must be UTF-8 text: rename it" in err
    request = make_request(load("phi4_circle"), "reweight", 2, 10, 10, 0, "none")
    RunFolder(Path("r\udce8sultat"), request)
    assert json.loads(Path("r\udce8sultat/manifest.json").read_text("utf-8"))["model"] == "phi4_circle"


def test_ctrl_c_during_the_imports(monkeypatch: pytest.MonkeyPatch):
    class Interrupting(MetaPathFinder):
        def find_spec(self, fullname: str, *_: object) -> None:
            if fullname == "nnft_ppl.cli.commands":
                raise KeyboardInterrupt

    monkeypatch.setattr(sys, "meta_path", [Interrupting(), *sys.meta_path])
    monkeypatch.delitem(sys.modules, "nnft_ppl.cli.commands", raising=False)
    monkeypatch.delattr("nnft_ppl.cli.commands")
    assert nnft("list") == (3, "", "nnft: interrupted\n")


def test_a_model_that_ends_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("ending.py").write_text("import sys\ndef model():\n    sys.exit(1)\n", encoding="utf-8")
    status, _, err = nnft("check", "ending.py")
    assert (status, err) == (2, "nnft: the model ends the process, by sys.exit or exit: leave that out\n")


def test_a_row_is_one_line_where_nothing_is_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    """On one it keeps to the width."""
    row = ["a rather long name of a correlator", "separation=0.5", "-0.0123(45) − 0.0067(89)i", "0.0125 + 0.0375i"]
    lines = {}
    for terminal in ("", "1"):
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.setenv("FORCE_COLOR", terminal)
        table = Table(box=None)
        for _ in row:
            table.add_column("")
        table.add_row(*row)
        console_of().print(table)
        lines[terminal] = [line for line in capsys.readouterr().out.splitlines() if "i" in line]
    assert [len(one) for one in lines.values()] == [1, 2]
    assert all(cell in lines[""][0] for cell in row)


def test_a_file_system_that_is_read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Before the work where that can be seen, and in one line where it became so under the work."""
    sample(load("free_scalar", width=8), "reweight", num_draws=50, checks=False, out=tmp_path)

    def refuse(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(tmp_path / "report"))

    monkeypatch.setattr("nnft_ppl.report.write_report", refuse)
    status, _, err = nnft("report", str(tmp_path))
    assert (status, err) == (4, f"nnft: {tmp_path}/report cannot be written: Read-only file system\n")
    monkeypatch.setattr("nnft_ppl.cli.outputs.os.access", lambda *_: False)
    status, _, err = nnft("report", str(tmp_path))
    assert status == 2
    assert f"--out {tmp_path}/report.html: the folder {str(tmp_path)!r} is not yours to write in" in err
