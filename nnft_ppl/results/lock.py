"""One process in a folder at a time: a lock that the kernel gives back when a process ends, however it ends."""

import contextlib
import errno
import os
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has none
    fcntl = None

NAME = "lock"
TAKEN = (errno.EWOULDBLOCK, errno.EACCES, errno.EAGAIN)


class LockedError(OSError):
    """A folder that another process writes to; the text names it."""


class Lock:
    """The lock of a folder, held from now on until it is released, or the process ends.

    A file system without locks, and an operating system, lets everyone in.

    Args:
        folder: The folder, which is there.

    Raises:
        LockedError: If another process, or another run of this one, holds it.
        OSError: If nothing can be written there.
    """

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if fcntl:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in TAKEN:
                holder = os.read(self._file, 20).decode("ascii", "replace").strip()
                self.release()
                number = f" (number {holder})" if holder.isdigit() else ""
                raise LockedError(f"another process{number} is writing there") from None
        with contextlib.suppress(OSError):  # on a full disk nobody learns the number
            os.ftruncate(self._file, 0)
            os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let others in; again is nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def is_locked(folder: Path) -> bool:
    """Whether some process holds the lock of a folder; where nobody can know, it is taken to be so.

    Args:
        folder: The folder.
    """
    try:
        file = os.open(folder / NAME, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except OSError:
        pass
    finally:
        os.close(file)
    return True
