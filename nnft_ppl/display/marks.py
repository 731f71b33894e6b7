"""The outcome of a check at a glance: one sign and one colour a status, the same on terminal, notebook and page."""

from typing import NamedTuple


class Mark(NamedTuple):
    """How a status is shown."""

    sign: str
    terminal: str
    """The terminal's own colour of this name, which suits its background."""
    colour: str
    """Of middle lightness, for a notebook, whose background is not known."""
    on_light: str
    on_dark: str


STATUSES = {
    "good": Mark("✓", "green", "#2e8b57", "#1f7a44", "#6fcf97"),
    "warning": Mark("!", "yellow", "#b8860b", "#8a5a00", "#e8b84a"),
    "failed": Mark("✗", "red", "#d0413a", "#b3261e", "#ff8a80"),
    "unavailable": Mark("–", "bright_black", "#808890", "#5c6775", "#9aa5b1"),
}
"""The only table of marks: a status that is not in it cannot be shown."""
MARKS = {status: mark.sign for status, mark in STATUSES.items()}
"""Status -> its sign alone."""


def on_terminal(status: str) -> str:
    """The sign in its colour, as rich's markup."""
    mark = STATUSES[status]
    return f"[{mark.terminal}]{mark.sign}[/]"
