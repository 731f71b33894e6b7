"""Ctrl-C, SIGTERM and SIGHUP: the first lets a block of draws finish and keeps everything, the second stops at once."""

import math
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nnft_ppl.cli.progress import Shown, progress_bar
from nnft_ppl.display import Stage

SIGNALS = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))
APART = 0.5
"""Seconds between two signals that count as two: launchers pass on what the terminal has sent already."""
INTERRUPTED = 3


class Interruption:
    """What a run does about signals; called with its progress, it raises `KeyboardInterrupt` where the run may end.

    Python runs a handler only between two steps of its own, and a block of draws is one step. A second thread, woken by
    the signal itself, therefore says at once what will happen, and leaves at the second signal.

    Args:
        shown: Where progress is shown.
    """

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._whole = self._wanted = self._seen = False
        self._finishing: bool | None = None
        self._came = -math.inf
        self.folder: Path | None = None
        """Where this process writes, once it is known: temporary files in it are removed when leaving at once."""

    def __call__(self, stage: Stage) -> None:
        """Pass progress on; raise `KeyboardInterrupt` if the first signal came while a block was drawn."""
        self._whole = not stage.may_stop_here
        self._shown(stage)
        if self._wanted:
            self._wanted = False
            raise KeyboardInterrupt

    def handle(self, *_: Any) -> None:
        """Python's handler of these signals."""
        if self._seen:  # an echo of the first, or the second: the watching thread tells them apart
            return
        self._seen = self._wanted = True
        self._came = time.monotonic()
        self._finishing = self._whole
        if not self._whole:
            # Python drops what a callback raises, such as that of a weak reference: progress raises it again.
            raise KeyboardInterrupt

    def outlast_echoes(self) -> None:
        """Wait until no echo of the first signal is to come any more: it would find other handlers."""
        time.sleep(max(0.0, self._came + APART - time.monotonic()))

    def watch(self, signals: socket.socket) -> None:
        """Say what will happen at the first signal, leave at the second; returns when the other end closes."""
        first = math.inf
        while word := signals.recv(1):
            if word[0] not in SIGNALS:
                continue
            now = time.monotonic()
            if first == math.inf:
                first = now
                # What was under way when the signal came; on a busy machine this thread may be late.
                whole = self._whole if self._finishing is None else self._finishing
                ending = "the block of draws is finished first" if whole else "waiting for the step under way"
                self._shown.say(f"nnft: stopping, {ending}; Ctrl-C again stops at once")
            elif now - first > APART:
                self._leave()

    def _leave(self) -> None:
        for part in self.folder.rglob("*.part") if self.folder else ():
            part.unlink(missing_ok=True)
        self._shown.stop()
        kept = f"; finished blocks of draws are kept in {self.folder}" if self.folder else ""
        self._shown.say(f"nnft: stopped at once, without a result{kept}")
        os._exit(INTERRUPTED)  # the main thread may be far inside a compiled program


def _without_interrupts(hook: Callable[[Any], object]) -> Callable[[Any], object]:
    """What Python tells of exceptions that it drops, but for the interruption: that is raised again."""
    return lambda dropped: None if issubclass(dropped.exc_type, KeyboardInterrupt) else hook(dropped)


@contextmanager
def interruptible(shown: Shown) -> Iterator[Interruption]:
    """Signals handled as above, while the context lasts; nothing but progress in a thread that gets no signals."""
    interruption = Interruption(shown)
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    receiver, sender = socket.socketpair()
    sender.settimeout(0)
    watcher = threading.Thread(target=interruption.watch, args=(receiver,), daemon=True)
    before: dict[signal.Signals, Callable | int | None] = {}
    fd = signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
    hook, sys.unraisablehook = sys.unraisablehook, _without_interrupts(sys.unraisablehook)
    try:
        # A signal that is ignored stays so: nohup lets work go on when its terminal is closed.
        heard = [one for one in SIGNALS if signal.getsignal(one) is not signal.SIG_IGN]
        before = {one: signal.signal(one, interruption.handle) for one in heard}
        watcher.start()
        yield interruption
    finally:
        interruption.outlast_echoes()
        for one, handler in before.items():
            signal.signal(one, signal.SIG_DFL if handler is None else handler)
        signal.set_wakeup_fd(fd)
        sys.unraisablehook = hook
        sender.close()
        watcher.join()
        receiver.close()


def wait_for_compiler(status: int) -> int:
    """The exit status of the process, once nothing is compiled in the background; Ctrl-C ends it at once."""
    background = sys.modules.get("nnft_ppl.devices.background")  # else nothing was compiled, and JAX is not imported
    if background and background.busy():
        try:
            with progress_bar() as shown:
                shown(Stage("waiting for the compiler; Ctrl-C stops at once"))
                background.finish()
        except KeyboardInterrupt:
            sys.stderr.flush()  # stdout has been written by now
            os._exit(status)
    return status
