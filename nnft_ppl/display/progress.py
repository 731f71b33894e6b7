"""Progress below a notebook's cell while it runs: one line, gone when it is done."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import Any


@dataclass(frozen=True)
class Stage:
    """What is being done, and how far it is."""

    what: str
    """In words."""
    done: int = 0
    """So much of it is done."""
    total: int = 0
    """So much is to be done in all; 0 where that is not known."""
    may_stop_here: bool = True
    """Whether an interruption ends the run at once; a block of draws, or a file, is finished first."""
    note: str = ""
    """What else there is to say: how far errors are that were asked for."""


Progress = Callable[[Stage], None]
"""Told what is being done; where it raises `KeyboardInterrupt`, the run ends."""


@contextmanager
def show_progress(progress: Progress | None) -> Iterator[Progress]:
    """The callback that is given; without one a line in a notebook, and nothing anywhere else.

    Args:
        progress: What the caller wants to be told with, if anything.
    """
    if progress is not None or not in_notebook():
        yield progress or (lambda stage: None)
        return
    from IPython.display import display

    line: Any = display({"text/plain": ""}, raw=True, display_id=True)

    def show(stage: Stage) -> None:
        done, total = stage.done, stage.total
        bar = f'<progress value="{done}" max="{total}"></progress> {done}/{total}' if total else "…"
        note = f" {stage.note}" if stage.note else ""
        html = f"<div>{escape(stage.what)} {bar}{escape(note)}</div>"
        line.update({"text/html": html, "text/plain": f"{stage.what} {done}/{total}{note}"}, raw=True)

    try:
        yield show
    finally:
        line.update({"text/html": "", "text/plain": ""}, raw=True)


def in_notebook() -> bool:
    """Whether this runs in a Jupyter kernel; IPython is asked only where it is there already."""
    shell = sys.modules.get("IPython")
    return hasattr(shell.get_ipython(), "kernel") if shell else False
