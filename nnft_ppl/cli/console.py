"""Where commands print: a terminal, whose width tables keep to, or a file or pipe, where every row is one line."""

from rich.console import Console

WIDEST = 10_000
"""Columns of what is no terminal: tables take what they need."""


def console_of(*, stderr: bool = False) -> Console:
    """The console of a command's output.

    Args:
        stderr: Whether that is standard error.
    """
    console = Console(stderr=stderr)
    if not console.is_terminal:
        console.width = WIDEST
    return console
