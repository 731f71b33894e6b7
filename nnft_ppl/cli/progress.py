"""Progress of long work: one line on a terminal; elsewhere, in a batch job say, a line of a log every minute."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from nnft_ppl.display import Stage

# Nothing here may import JAX: the first line must stand before those seconds begin.

EVERY = 60.0
"""Seconds between two lines of a log, and before the first."""


class Shown:
    """The line of progress, and words above it; lines of a log where there is no terminal.

    Args:
        bar: Rich's bar.
        console: Where it is drawn.
        clock: Seconds since some moment.
    """

    def __init__(self, bar: Progress, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._bar, self._console, self._clock = bar, console, clock
        self._what = ""
        self._task = bar.add_task("starting", total=None)
        self._started = bar.tasks[0].start_time
        self._begun = self._logged = self._since = clock()
        self._before = 0

    def __call__(self, stage: Stage) -> None:
        """Show what is being done and how far it is."""
        if not self._console.is_terminal:
            self._log(stage)
            return
        if stage.what != self._what:
            # Another task, for another speed; the clock goes on.
            self._bar.remove_task(self._task)
            self._task = self._bar.add_task(stage.what, total=stage.total or None, completed=stage.done)
            self._bar.tasks[0].start_time = self._started
            self._what = stage.what
        if stage.total:
            words = f"{stage.what}, {stage.note}" if stage.note else stage.what
            self._bar.update(self._task, completed=stage.done, total=stage.total, description=words)
        # Now, and not at the next tick: what follows may hold the interpreter for seconds.
        self._bar.refresh()

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def stop(self) -> None:
        """Take the line away, for good."""
        self._bar.stop()

    def _log(self, stage: Stage) -> None:
        now = self._clock()
        if stage.what != self._what:
            self._what, self._since, self._before = stage.what, now, stage.done
        if now - self._logged < EVERY:
            return
        self._logged = now
        count = f" {stage.done}/{stage.total}" if stage.total else ""
        note = ""
        if stage.note:
            speed = (stage.done - self._before) / max(now - self._since, 1e-9)
            left = f", about {_minutes((stage.total - stage.done) / speed)} left" if speed > 0 else ""
            note = f", {stage.note}{left}"
        self.say(f"nnft: {stage.what}{count}, {_minutes(now - self._begun)}{note}")


def _minutes(seconds: float) -> str:
    hours, minutes = divmod(int(seconds) // 60, 60)
    return f"{f'{hours} h ' if hours else ''}{minutes} min"


class _Count(ProgressColumn):
    """`done/total`, where the total is known."""

    def render(self, task: Task) -> Text:
        return Text("" if task.total is None else f"{int(task.completed)}/{int(task.total)}")


@contextmanager
def progress_bar(console: Console | None = None, clock: Callable[[], float] = time.monotonic) -> Iterator[Shown]:
    """The line of progress, while the context lasts.

    Args:
        console: Where to; stderr unless given.
        clock: Seconds since some moment, for the log.
    """
    console = console or Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), _Count(), TimeElapsedColumn())
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        yield Shown(bar, console, clock)
