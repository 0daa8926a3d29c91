"""Reading a descriptor without moving its position."""

from __future__ import annotations

import io
import os


class PositionedReader(io.RawIOBase):
    """A file by its descriptor, read by `pread` alone.

    The position of a descriptor is shared with every process that has it; this one keeps its own. Bytes past `size`
    are not read, even if the file grows.
    """

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor = descriptor
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can be positioned."""
        return True

    def tell(self) -> int:
        """Give the own position."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Set the own position.

        Raises:
            OSError: it would be before the start.
        """
        position = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if position < 0:
            raise OSError("position before the start of the file")
        self._position = position
        return position

    def read_at(self, position: int, length: int) -> bytes:
        """Read elsewhere; the own position stays."""
        wanted = min(length, max(self._size - position, 0))
        return os.pread(self._descriptor, wanted, position) if wanted else b""

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the base class allows any buffer
        """Read at the own position."""
        data = self.read_at(self._position, len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


def open_stream(descriptor: int, size: int) -> io.BufferedReader:
    """Open a regular file's descriptor as a buffered stream of its own position."""
    return io.BufferedReader(PositionedReader(descriptor, size), 64 << 10)
