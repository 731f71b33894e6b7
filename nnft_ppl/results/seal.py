"""A digest behind the end of a file, where HDF5 does not look: one flipped bit is noticed before a number is read.

    (HDF5's bytes) + BEGIN + sha256 of HDF5's bytes in 64 hexadecimal digits + END

Files that earlier versions wrote have none. A file counts as sealed where either mark is there, so that one with a
flipped bit in a mark does not pass for such a file.
"""

import hashlib
import os
from pathlib import Path

BEGIN, END = b"\nsha256 of all before: ", b" (nnft_ppl)\n"
DIGITS = 64
LENGTH = len(BEGIN) + DIGITS + len(END)


class BrokenSeal(ValueError):
    """A file that is not as it was written."""


def put_seal(path: Path) -> None:
    """Append the digest of a file to it.

    Args:
        path: The file, finished but for that.
    """
    with path.open("rb+") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0, os.SEEK_END)
        file.write(BEGIN + digest.encode() + END)


def refuse_broken_seal(path: Path) -> None:
    """Raise `BrokenSeal` for a file whose digest is another than it says; without a digest nothing is known.

    Args:
        path: The file.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        if size < LENGTH:
            return
        file.seek(-LENGTH, os.SEEK_END)
        found = file.read()
        if not (found.startswith(BEGIN) or found.endswith(END)):
            return
        file.seek(0)
        digest, left = hashlib.sha256(), size - LENGTH
        while left:
            part = file.read(min(left, 2**20))
            digest.update(part)
            left -= len(part)
    if found != BEGIN + digest.hexdigest().encode() + END:
        raise BrokenSeal("its bytes are not those that were written")
