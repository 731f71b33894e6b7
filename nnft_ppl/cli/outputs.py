"""What a command writes: files refused before the work, not after it; streams of any encoding, taken by nobody even."""

import codecs
import errno
import io
import json
import os
import sys
import unicodedata
from collections.abc import Buffer, Sequence
from pathlib import Path
from typing import Any

SIGNS = {
    "✓": "+", "✗": "x", "–": "-", "—": "-", "−": "-", "×": "x", "·": "*", "±": "+-", "→": "->", "…": "...",
    "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "∞": "inf", "√": "sqrt", "∫": "int", "Σ": "sum", "∂": "d", "̂": "^",
}  # fmt: skip
"""What stands for a sign that a stream cannot write."""

GONE = (errno.EPIPE, errno.EIO)
"""What a pipe says whose reader is gone, and a terminal that was closed."""


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


def as_json(value: object) -> str:
    """One JSON object for stdout: where that cannot write a sign, its number stands for it, and the object is the same.

    Args:
        value: Plain JSON values.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False)
    return text


def make_outputs_safe() -> None:
    """Let the process's streams write every text, and go on where their reader went away.

    A stream that is closed takes nothing and complains of nothing. Signs that the encoding lacks are written as others,
    bytes of file names that are no text as themselves.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.flush()
            file: Any = _Unread(stream.fileno(), "w", closefd=False)
            file = file if stream.write_through else io.BufferedWriter(file)
            lines, at_once = stream.line_buffering, stream.write_through
            safe = io.TextIOWrapper(file, stream.encoding, "nnft", line_buffering=lines, write_through=at_once)
            setattr(sys, name, safe)


class _Unread(io.FileIO):
    """A file that takes everything once its reader is gone: work is not to fail for that, and ends with its status."""

    def write(self, data: Buffer, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            if error.errno not in GONE:
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            return memoryview(data).nbytes


def _other_sign(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    sign = error.object[error.start]
    if "\udc80" <= sign <= "\udcff":  # of a file name that is no text, as Python keeps it
        return bytes([ord(sign) - 0xDC00]), error.start + 1
    return SIGNS.get(sign) or _spelt(sign), error.start + 1


def _spelt(sign: str) -> str:
    """A letter without its accent, or by its name; a raised digit behind ^."""
    kind, _, plain = unicodedata.decomposition(sign).rpartition(">")
    if kind == "<super":
        return f"^{chr(int(plain, 16))}"
    words = unicodedata.name(sign, "").split()
    if words[:1] == ["GREEK"]:
        letter = words[3].replace("LAMDA", "LAMBDA")  # Unicode's spelling
        return letter.lower() if words[1] == "SMALL" else letter.capitalize()
    return unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode() or "?"


codecs.register_error("nnft", _other_sign)
