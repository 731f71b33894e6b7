"""Progress below a notebook's cell while it runs: one line, gone when it is done."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

Progress = Callable[[str, int, int], None]
"""(what is being done, draws done, draws in all)."""


@contextmanager
def shown(progress: Progress | None) -> Iterator[Progress]:
    """The callback that is given; without one a line in a notebook, and nothing anywhere else.

    No formula; no arrays.

    Args:
        progress: What the caller wants to be told with, if anything.
    """
    if progress is not None or not in_notebook():
        yield progress or (lambda what, done, total: None)
        return
    from IPython.display import display

    line: Any = display({"text/plain": ""}, raw=True, display_id=True)

    def show(what: str, done: int, total: int) -> None:
        bar = f'<progress value="{done}" max="{total}"></progress> {done}/{total}' if total else "…"
        html = f"<div>{escape(what)} {bar}</div>"
        line.update({"text/html": html, "text/plain": f"{what} {done}/{total}"}, raw=True)

    try:
        yield show
    finally:
        line.update({"text/html": "", "text/plain": ""}, raw=True)


def in_notebook() -> bool:
    """Whether this runs in a Jupyter kernel; IPython is asked only where it is there already."""
    shell = sys.modules.get("IPython")
    return hasattr(shell.get_ipython(), "kernel") if shell else False
