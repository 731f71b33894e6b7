"""Progress of long work: one line on a terminal, nothing anywhere else."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from nnft_ppl.display import Stage

# Nothing here may import JAX: the first line must stand before those seconds begin.


class Shown:
    """The line of progress, and words above it.

    Args:
        bar: Rich's bar.
        console: Where it is drawn.
    """

    def __init__(self, bar: Progress, console: Console) -> None:
        self._bar, self._console = bar, console
        self._what = ""
        self._task = bar.add_task("starting", total=None)
        self._started = bar.tasks[0].start_time

    def __call__(self, stage: Stage) -> None:
        """Show what is being done and how far it is."""
        if stage.what != self._what:
            # Another task, for another speed; the clock goes on.
            self._bar.remove_task(self._task)
            self._task = self._bar.add_task(stage.what, total=stage.total or None, completed=stage.done)
            self._bar.tasks[0].start_time = self._started
            self._what = stage.what
        if stage.total:
            self._bar.update(self._task, completed=stage.done, total=stage.total)
        # Now, and not at the next tick: what follows may hold the interpreter for seconds.
        self._bar.refresh()

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def stop(self) -> None:
        """Take the line away, for good."""
        self._bar.stop()


class _Count(ProgressColumn):
    """`done/total`, where the total is known."""

    def render(self, task: Task) -> Text:
        return Text("" if task.total is None else f"{int(task.completed)}/{int(task.total)}")


@contextmanager
def progress_bar(console: Console | None = None) -> Iterator[Shown]:
    """The line of progress, while the context lasts.

    Args:
        console: Where to; stderr unless given.
    """
    console = console or Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), _Count(), TimeElapsedColumn())
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        yield Shown(bar, console)
