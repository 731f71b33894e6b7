"""A file for HDF5 to write to that never fails under its hands: the library cannot be unloaded after a failed write."""

import io
import os
from collections.abc import Buffer
from pathlib import Path
from typing import Any


class HDF5Output(io.RawIOBase):
    """A new file; what cannot be written is dropped, and `error` says why, to be raised once HDF5 has let go of it.

    HDF5 keeps what it could not write, tries again when the process ends, and then ends it by a segmentation fault.

    Args:
        path: The file, emptied if it is there.

    Raises:
        OSError: If it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._file = io.FileIO(path, "w+")
        self._place = self._end = 0
        self.error: OSError | None = None
        """Why something could not be written; None as long as all could."""

    def readable(self) -> bool:
        """Yes: HDF5 may look at what it wrote."""
        return True

    def writable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a place, also behind the end."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._end}[whence]
        self._place = start + offset
        return self._place

    def tell(self) -> int:
        """Where it is."""
        return self._place

    def readinto(self, buffer: Any, /) -> int:
        """Fill a buffer from here on; returns how many bytes there were."""
        self._file.seek(self._place)
        found = self._file.readinto(buffer)
        self._place += found
        return found

    def write(self, data: Buffer, /) -> int:
        """Write all of it here, or drop it."""
        left = memoryview(data).cast("B")
        number, place = left.nbytes, self._place
        self._place += number
        self._end = max(self._end, self._place)
        try:
            while left and not self.error:
                self._file.seek(place)
                written = self._file.write(left)
                left, place = left[written:], place + written
        except OSError as error:
            self.error = error
        return number

    def truncate(self, size: int | None = None, /) -> int:
        """Cut the file off, or make it longer."""
        self._end = self._place if size is None else size
        try:
            self._file.truncate(self._end)
        except OSError as error:
            self.error = self.error or error
        return self._end

    def close(self) -> None:
        """Let go of it."""
        if not self.closed:
            super().close()
            self._file.close()
