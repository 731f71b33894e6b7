"""Ctrl-C and SIGTERM within a process: what is kept, and what is said; real processes: `test_ended_processes`."""

import contextlib
import os
import signal
import sys
import threading
import weakref
from pathlib import Path

import pytest
from commands import nnft
from quick_samplers import GAUSSIAN, QUICK_SAMPLERS, Disturbed, no_block

from nnft_ppl import read
from nnft_ppl.cli.interrupts import SIGNALS, interruptible
from nnft_ppl.cli.progress import progress_bar
from nnft_ppl.devices.background import in_background
from nnft_ppl.display import Stage
from nnft_ppl.samplers import SAMPLERS, Sampler, Settings
from nnft_ppl.target import Target

PATIENCE = 300
"""Seconds after which a thread counts as one that hangs, however busy the machine is."""


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
    assert "the run has no block of draws yet: the same command goes on" in nnft("show", "out").err


def test_a_signal_lets_the_block_finish():
    before = [signal.getsignal(one) for one in SIGNALS]
    status, out, err = run("signalled")
    assert (status, err) == (3, "nnft: stopping, the block of draws is finished first; Ctrl-C again stops at once\n")
    ensemble = read("out")
    assert ensemble.data["observables"].sizes["draw"] == 1000
    assert ensemble.provenance.interrupted is True
    assert ensemble.schwinger_dyson is not None
    assert "interrupted: 1500 draws" in out
    assert [signal.getsignal(one) for one in SIGNALS] == before


@pytest.mark.parametrize(("ignored", "expected"), [(False, 3), (True, 0)])
def test_a_terminal_that_is_closed(ignored: bool, expected: int, no_bank: None, monkeypatch: pytest.MonkeyPatch):
    """As Ctrl-C, unless it is ignored from the start, as under nohup."""

    def hung_up(target: Target, settings: Settings) -> Sampler:
        return Disturbed(target, settings, lambda number: number == 1 and signal.raise_signal(signal.SIGHUP))

    monkeypatch.setitem(SAMPLERS, "chains", hung_up)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
    try:
        assert run("chains").status == expected
    finally:
        signal.signal(signal.SIGHUP, before)
    assert read("out").data["observables"].sizes["draw"] == (1500 if ignored else 1000)


def test_a_signal_before_any_block(no_bank: None):
    status, out, err = run("signalled_at_once", "--json")
    assert (status, out) == (3, "")
    assert err.splitlines()[0] == "nnft: stopping, waiting for the step under way; Ctrl-C again stops at once"
    assert err.splitlines()[1:] == [
        "nnft: interrupted before the first block of draws was finished: there is no result"
    ]
    assert sorted(path.name for path in Path("out").rglob("*")) == ["blocks", "lock", "manifest.json", "plan.json"]


def test_a_complete_result_of_the_same_run_stays(no_bank: None, monkeypatch: pytest.MonkeyPatch):
    assert run("chains").status == 0
    stored = Path("out/result.nc").read_bytes()
    monkeypatch.setitem(SAMPLERS, "chains", SAMPLERS["signalled"])
    status, out, _ = run("chains", "--fresh")
    assert status == 3
    assert "not stored: out keeps the more complete result that was there" in out
    assert Path("out/result.nc").read_bytes() == stored
    assert read("out").provenance.interrupted is False


def test_an_interrupted_run_goes_on(no_bank: None, monkeypatch: pytest.MonkeyPatch):
    """Also after an interruption before it drew more; and then it is what it would have been."""
    monkeypatch.setitem(SAMPLERS, "chains", SAMPLERS["signalled"])
    assert run("chains").status == 3
    assert read("out").data["observables"].sizes["draw"] == 1000
    monkeypatch.setitem(SAMPLERS, "chains", no_block)
    status, _, _ = run("chains")
    assert (status, read("out").data["observables"].sizes["draw"]) == (3, 1000)
    monkeypatch.setitem(SAMPLERS, "chains", QUICK_SAMPLERS[0])
    assert run("chains").status == 0
    assert read("out").data["observables"].sizes["draw"] == 1500
    assert read("out").provenance.interrupted is False


def test_interrupt_of_the_second_route(no_bank: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("nnft_ppl.checks.second_route.reweight", no_block)
    status, _, _ = run("chains")
    ensemble = read("out")
    assert status == 3
    assert ensemble.data["observables"].sizes["draw"] == 1500
    assert ensemble.second_route == {}


def test_an_error_of_the_compiler_reaches_whoever_waits():
    with pytest.raises(ZeroDivisionError):
        in_background(lambda: 1 / 0).result(timeout=PATIENCE)


class Thing:
    """Something that a weak reference can point to."""


def test_an_interruption_that_python_drops_is_raised_again_and_not_told(monkeypatch: pytest.MonkeyPatch):
    told = []
    monkeypatch.setattr(sys, "unraisablehook", lambda dropped: told.append(dropped.exc_type))
    with progress_bar() as shown, interruptible(shown) as interruption:
        thing = Thing()
        watched = weakref.ref(thing, lambda _: interruption.handle())  # the signal comes within a callback
        del thing
        assert watched() is None
        with pytest.raises(KeyboardInterrupt):
            interruption(Stage("drawing"))
        broken = weakref.ref(other := Thing(), lambda _: 1 / 0)
        del other
    assert broken() is None
    assert told == [ZeroDivisionError]  # what else Python drops is told as before


def test_an_echo_comes_too_late_to_end_the_process():
    """Launchers pass on what the terminal has sent: the run has ended by then, and has yet to say what it found."""
    told: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
    echo = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM))
    try:
        with contextlib.suppress(KeyboardInterrupt), progress_bar() as shown, interruptible(shown):
            echo.start()
            signal.raise_signal(signal.SIGTERM)
        echo.join()
        assert told == []
    finally:
        signal.signal(signal.SIGTERM, before)
