"""What a command is to write: files refused before the work, not after it, and output that nobody takes."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path


def refuse_output(option: str, file: str | None, endings: Sequence[str] = ()) -> None:
    """Raise `ValueError` for a file that cannot be written in the end.

    Args:
        option: The option that names it, for the message.
        file: Its path; None for none.
        endings: What it may end in; anything, if empty.
    """
    if file is None:
        return
    path = Path(file)
    if path.is_dir():
        raise ValueError(f"{option} {file}: that is a folder; name a file")
    if endings and path.suffix not in endings:
        raise ValueError(f"{option} {file}: give a file that ends in {' or '.join(endings)}")
    folder = path.absolute().parent
    if not folder.is_dir():
        raise ValueError(f"{option} {file}: there is no folder {str(path.parent)!r}; make it first")
    if not os.access(folder, os.W_OK):
        raise ValueError(f"{option} {file}: the folder {str(path.parent)!r} is not yours to write in")


def drop_unwritten() -> None:
    """Let go of output that cannot be written: at exit Python would try again, and end with a status of its own."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
