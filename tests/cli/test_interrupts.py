"""Ctrl-C and SIGTERM: what is kept, what is said, and how a terminal sees a run."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commands import nnft
from quick_samplers import GAUSSIAN, QUICK_SAMPLERS, no_block

from nnft_ppl import read
from nnft_ppl.samplers import SAMPLERS

COMMAND = [sys.executable, "-m", "nnft_ppl.cli.main"]


@pytest.fixture(autouse=True)
def gaussian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The model file in the working folder, and samplers that cost no compilation."""
    monkeypatch.chdir(tmp_path)
    for sampler in QUICK_SAMPLERS:
        monkeypatch.setitem(SAMPLERS, sampler.__name__, sampler)
    (tmp_path / "gaussian.py").write_text(GAUSSIAN, encoding="utf-8")


def run(sampler: str, *words: str):
    return nnft("run", "gaussian.py", "--sampler", sampler, "--chains", "2", "--draws", "1500", "--out", "out", *words)


def test_interrupt_from_python_keeps_finished_blocks(no_bank: None):
    status, out, err = run("first_block_only")
    ensemble = read("out")
    assert (status, err) == (3, "")
    assert ensemble.data["observables"].sizes["draw"] == 500
    assert ensemble.provenance.interrupted is True
    assert "interrupted: 1500 draws per chain were asked for" in out
    assert "by first_block_only, interrupted</b>" in ensemble._repr_html_()
    assert [path.name for path in Path("out/blocks").iterdir()] == ["000000.nc"]
    assert nnft("show", "out") == (3, out, "")


def test_interrupt_from_python_before_the_first_block(no_bank: None):
    status, out, err = run("no_block")
    assert (status, out) == (3, "")
    assert err == "nnft: interrupted before the first block of draws was finished: there is no result\n"
    assert not Path("out/result.nc").exists()
    assert "the run ended before its first block of draws" in nnft("show", "out").err


def test_a_signal_lets_the_block_finish():
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    status, out, err = run("signalled")
    assert (status, err) == (3, "nnft: stopping, the block of draws is finished first; Ctrl-C again stops at once\n")
    ensemble = read("out")
    assert ensemble.data["observables"].sizes["draw"] == 1000
    assert ensemble.provenance.interrupted is True
    assert ensemble.schwinger_dyson is not None
    assert "interrupted: 1500 draws" in out
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_signal_before_any_block(no_bank: None):
    status, out, err = run("signalled_at_once", "--json")
    assert (status, out) == (3, "")
    assert err.splitlines()[0] == "nnft: stopping, waiting for the step under way; Ctrl-C again stops at once"
    assert err.splitlines()[1:] == [
        "nnft: interrupted before the first block of draws was finished: there is no result"
    ]
    assert sorted(path.name for path in Path("out").rglob("*")) == ["blocks", "manifest.json"]


def test_a_complete_result_of_the_same_run_stays(no_bank: None, monkeypatch: pytest.MonkeyPatch):
    assert run("chains").status == 0
    stored = Path("out/result.nc").read_bytes()
    monkeypatch.setitem(SAMPLERS, "chains", SAMPLERS["signalled"])
    status, out, _ = run("chains")
    assert status == 3
    assert "not stored: out keeps the complete result that was there" in out
    assert Path("out/result.nc").read_bytes() == stored
    assert read("out").provenance.interrupted is False


def test_interrupt_of_the_second_route(no_bank: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("nnft_ppl.runs.judging.reweight", no_block)
    status, _, _ = run("chains")
    ensemble = read("out")
    assert status == 3
    assert ensemble.data["observables"].sizes["draw"] == 1500
    assert ensemble.second_route == {}


def test_the_second_signal_stops_at_once(tmp_path: Path):
    """A process that no first signal ends, as one that is deep in a compiled program."""
    script = """
import time
from pathlib import Path
from nnft_ppl.cli.interrupts import interruptible
from nnft_ppl.cli.progress import progress_bar
from nnft_ppl.display import Stage

with progress_bar() as shown, interruptible(shown) as progress:
    progress(Stage("drawing", 1, 2, may_stop_here=False))
    progress.folder = Path(".")
    print("ready", flush=True)
    time.sleep(60)
"""
    (tmp_path / "000001.nc.part").touch()
    process = subprocess.Popen([sys.executable, "-c", script], stdout=-1, stderr=-1, text=True, cwd=tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)  # an echo, as launchers send it
    time.sleep(0.7)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 3
    assert said.splitlines() == [
        "nnft: stopping, the block of draws is finished first; Ctrl-C again stops at once",
        "nnft: stopped at once, without a result; finished blocks of draws are in blocks",
    ]
    assert not (tmp_path / "000001.nc.part").exists()


def test_nobody_waits_for_what_is_compiled_in_the_background():
    script = """
import sys, threading, time
from nnft_ppl.cli import main

def interrupted(asked):
    threading.Thread(target=time.sleep, args=(60,)).start()
    raise KeyboardInterrupt

main._dispatch = interrupted
sys.argv = ["nnft", "run", "phi4"]
main.main()
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 3
    assert ended.stderr == "nnft: interrupted before the first block of draws was finished: there is no result\n"


LONG = ["run", "gaussian.py", "--chains", "2", "--draws", "20000000", "--keep", "none", "--out", "out"]
"""Hours of draws, in the default sampler's blocks."""


def test_a_terminal_sees_what_is_done_and_ctrl_c_keeps_it():
    master, slave = pty.openpty()
    started = time.monotonic()
    wide = os.environ | {"COLUMNS": "200"}  # a long time to go must not push words off the line
    process = subprocess.Popen([*COMMAND, *LONG], stdin=slave, stdout=slave, stderr=slave, env=wide)
    os.close(slave)
    seen, first = "", None
    while "20000000" not in seen:  # so many draws are shown once a block is finished
        seen += os.read(master, 4096).decode(errors="replace")
        first = time.monotonic() - started if first is None and "reading gaussian.py" in seen else first
    process.send_signal(signal.SIGINT)
    while True:
        try:
            more = os.read(master, 4096)
        except OSError:  # Linux says so when the other end is closed
            break
        if not more:
            break
        seen += more.decode(errors="replace")
    assert process.wait(timeout=60) == 3
    assert first is not None
    assert first < 5
    steps = [
        "reading gaussian.py",
        "checking the grid",
        "identities",
        "pilot",
        "compiling reweight",
        "drawing by reweight",
    ]
    steps += [
        "stopping, the block of draws is finished first",
        "estimates",
        "writing the result",
        "interrupted: 20000000",
    ]
    places = [seen.find(step) for step in steps]
    assert -1 not in places, dict(zip(steps, places, strict=True))
    assert places == sorted(places)
    assert "result in out" in seen
    # One draw in 66 667 goes to the bank, which has seen one: too few to say anything, no reason to lose the rest.
    assert "Schwinger–Dyson identities: not available" in seen
    assert read("out").provenance.interrupted is True


def test_sigterm_off_a_terminal_is_quiet_and_keeps_everything():
    process = subprocess.Popen([*COMMAND, *LONG, "--json"], stdout=-1, stderr=-1, text=True, env=os.environ)
    deadline = time.monotonic() + 60
    while not Path("out/blocks/000000.nc").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert json.loads(out)["sampler"]["draws"] < 20000000
    assert err.startswith("nnft: stopping, ")
    assert "reading" not in err
    assert read("out").provenance.interrupted is True
    assert not list(Path("out").rglob("*.part"))
