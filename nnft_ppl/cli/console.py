"""Where commands print: a terminal, whose width tables keep to, or a file or pipe, where every row is one line."""

from rich.console import Console
from rich.markup import escape

from nnft_ppl.display import on_terminal

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


def marked(status: str, text: str) -> str:
    """A text behind the sign of its status, as rich's markup; its further lines stand below the first.

    Args:
        status: Of what the text says.
        text: Plain.

    Example:
        >>> marked("good", "[0] is zero")
        ' [green]✓[/] [0] is zero'
    """
    return f" {on_terminal(status)} {escape(text)}".replace("\n", "\n     ")
