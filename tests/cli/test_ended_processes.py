"""Processes that are told to end: what a terminal sees of them, what they wait for, and what is kept."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from quick_samplers import GAUSSIAN

from nnft_ppl import read
from nnft_ppl.devices.background import AT_ONCE

COMMAND = [sys.executable, "-m", "nnft_ppl.cli.main"]
PATIENCE = 300
"""Seconds after which a process counts as one that hangs, however busy the machine is."""


@pytest.fixture(autouse=True)
def gaussian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The model file in the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gaussian.py").write_text(GAUSSIAN, encoding="utf-8")


def test_the_second_signal_stops_at_once(tmp_path: Path):
    """A process that no first signal ends, as one that is deep in a compiled program; its clock is ours to set."""
    script = """
import sys
from pathlib import Path
from nnft_ppl.cli import interrupts
from nnft_ppl.cli.progress import progress_bar
from nnft_ppl.display import Stage

now = 100.0
interrupts.time.monotonic = lambda: now
watch = interrupts.Interruption.watch

class Told:  # says when a signal has been dealt with
    def __init__(self, signals):
        self.signals, self.read = signals, 0
    def recv(self, size):
        print("dealt with", self.read, flush=True)
        self.read += 1
        return self.signals.recv(size)

interrupts.Interruption.watch = lambda self, signals: watch(self, Told(signals))
with progress_bar() as shown, interrupts.interruptible(shown) as progress:
    progress(Stage("drawing", 1, 2, may_stop_here=False))
    progress.folder = Path(".")
    for line in sys.stdin:
        now = float(line)
        print("clock", now, flush=True)
"""
    (tmp_path / "000001.nc.part").touch()
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=-1, stdout=-1, stderr=-1, text=True, cwd=tmp_path, bufsize=1
    )
    assert process.stdin is not None
    assert process.stdout is not None

    def clock(seconds: float) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{seconds}\n")
        assert process.stdout.readline() == f"clock {seconds}\n"

    assert process.stdout.readline() == "dealt with 0\n"
    clock(100.0)
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "dealt with 1\n"
    clock(100.4)
    process.send_signal(signal.SIGINT)  # an echo, as launchers send it
    assert process.stdout.readline() == "dealt with 2\n"
    clock(100.6)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3
    assert said.splitlines() == [
        "nnft: stopping, the block of draws is finished first; Ctrl-C again stops at once",
        "nnft: stopped at once, without a result; finished blocks of draws are kept in .",
    ]
    assert not (tmp_path / "000001.nc.part").exists()


@pytest.mark.parametrize(
    ("at_first", "at_last", "status", "said"),
    [
        ("SIGTERM", "SIGTERM", 3, "nnft: interrupted\n"),
        ("SIGHUP", "SIGINT", 3, "nnft: interrupted\n"),
        ("", "SIGINT", 0, ""),
    ],
)
def test_signals_before_and_after_all_work(at_first: str, at_last: str, status: int, said: str):
    """While modules are imported, and while libraries clean up, which would show a traceback."""
    script = f"""
import atexit, signal, sys
from nnft_ppl.cli import commands, main

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup ignores it

atexit.register(lambda: signal.raise_signal(signal.{at_last}))
commands._dispatch = lambda asked: {f"signal.raise_signal(signal.{at_first})" if at_first else "0"}
sys.argv = ["nnft", "list"]
sys.exit(main.main())
"""
    ended = subprocess.run([sys.executable, "-c", script], stderr=-1, text=True, timeout=PATIENCE, check=False)
    assert (ended.returncode, ended.stderr) == (status, said)


COMPILING = """
import signal, sys, threading
from nnft_ppl.cli import commands, main
from nnft_ppl.devices import background

under_way, may_end = threading.Barrier(background.AT_ONCE + 1), threading.Event()
wait = background.wait

def compiled():  # as XLA does, for as long as it likes
    under_way.wait()
    may_end.wait()
    sys.stdout.write("compiled; ")

def waited(futures):
    {waiting}
    may_end.set()
    wait(futures)

def dispatched(asked):
    for _ in range(background.AT_ONCE):
        background.in_background(compiled)
    background.in_background(lambda: sys.stdout.write("of no use any more; "))
    under_way.wait()
    print("output")
    {ending}

background.wait = waited
commands._dispatch = dispatched
sys.argv = ["nnft", "run", "phi4"]
sys.exit(main.main())
"""


@pytest.mark.parametrize(
    ("ending", "status", "said"),
    [
        ("return 0", 0, ""),
        ("raise OSError('no')", 4, "nnft: OSError: no (--debug shows where)\n"),
        (
            "raise KeyboardInterrupt",
            3,
            "nnft: interrupted before the first block of draws was finished: there is no result\n",
        ),
    ],
)
def test_a_process_ends_after_what_is_being_compiled(ending: str, status: int, said: str):
    script = COMPILING.format(ending=ending, waiting="pass")
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (ended.returncode, ended.stderr) == (status, said)
    assert ended.stdout == "output\n" + "compiled; " * AT_ONCE


def test_ctrl_c_does_not_wait_for_the_compiler():
    script = COMPILING.format(ending="return 1", waiting="signal.raise_signal(signal.SIGINT)")
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "output\n", "")


def test_output_that_cannot_be_written_is_complained_of():
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run([*COMMAND, "list"], stdout=full, stderr=-1, text=True, timeout=PATIENCE, check=False)
    assert ended.returncode == 4
    assert ended.stderr == "nnft: a file, or the output, cannot be written: No space left on device\n"


LONG = ["run", "gaussian.py", "--chains", "2", "--draws", "20000000", "--keep", "none", "--out", "out"]
"""Hours of draws, in the default sampler's blocks."""


IMPORTS_SAID = """
import sys

class Said:  # an importer that finds nothing, and says so
    def find_spec(self, name, *_):
        if name == "jax":
            print("importing jax", file=sys.stderr, flush=True)

sys.meta_path.insert(0, Said())
from nnft_ppl.cli.main import main
sys.exit(main())
"""
"""`nnft`, which says when it comes to JAX: what takes seconds on a machine that is fast."""


def read_until(terminal: int, words: bytes, seen: bytes = b"") -> bytes:
    """What a terminal shows until there are these words, or nobody writes any more; who hangs is an error."""
    while words not in seen:
        if not select.select([terminal], [], [], PATIENCE)[0]:
            raise AssertionError(f"{words!r} is not shown, but {seen!r}")
        try:
            more = os.read(terminal, 4096)
        except OSError:  # Linux says so when the other end is closed
            break
        if not more:
            break
        seen += more
    return seen


def test_a_terminal_sees_what_is_done_and_ctrl_c_keeps_it():
    master, slave = pty.openpty()
    wide = os.environ | {"COLUMNS": "200"}  # a long time to go must not push words off the line
    command = [sys.executable, "-c", IMPORTS_SAID, *LONG]
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=wide)
    os.close(slave)
    shown = read_until(master, b"20000000")  # so many draws are shown once a block is finished
    process.send_signal(signal.SIGINT)
    seen = read_until(master, b"never shown", shown).decode()  # in one piece: a letter may be several bytes
    os.close(master)
    assert process.wait(timeout=PATIENCE) == 3
    steps = [
        "reading gaussian.py",
        "importing jax",
        "checking the grid",
        "identities",
        "pilot",
        "compiling reweight",
        "drawing by reweight",
        "stopping, the block of draws is finished first",
        "estimates",
        "writing the result",
        "interrupted: 20000000",
    ]
    places = [seen.find(step) for step in steps]
    assert -1 not in places, (dict(zip(steps, places, strict=True)), seen)
    assert places == sorted(places)
    assert "result in out" in seen
    # One draw in 66 667 goes to the bank, which has seen one: too few to say anything, no reason to lose the rest.
    assert "Schwinger–Dyson identities: not available" in seen
    assert read("out").provenance.interrupted is True


def test_sigterm_off_a_terminal_is_quiet_and_keeps_everything():
    process = subprocess.Popen([*COMMAND, *LONG, "--json"], stdout=-1, stderr=-1, text=True, env=os.environ)
    deadline = time.monotonic() + PATIENCE  # only a process that hangs comes to it
    while not Path("out/blocks/000000.nc").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3
    assert json.loads(out)["sampler"]["draws"] < 20000000
    said = [line for line in err.splitlines() if not line.endswith(" min")]  # the log of a machine that is very busy
    assert said[0].startswith("nnft: stopping, ")
    assert "reading" not in err
    assert read("out").provenance.interrupted is True
    assert not list(Path("out").rglob("*.part"))
