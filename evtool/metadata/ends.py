"""The two ends of a file, which several extractors look at, read once."""

from __future__ import annotations

import functools
from io import BufferedIOBase

from evtool.metadata.stream import PositionedReader

END = 256 << 10
"""Bytes at a file's start, and as many at its end. A file that has no more than both is read as one."""


class Ends:
    """A file of `size` bytes of which the start, and once it is asked for the end, are in memory.

    Attributes:
        head: its first `END` bytes, or all of a file of at most twice as many.
        size: its size in bytes.
    """

    def __init__(self, stream: BufferedIOBase, size: int) -> None:
        self._stream = stream
        self.size = size
        self._is_whole = size <= 2 * END
        self.head = self._read(0, size if self._is_whole else END)

    @functools.cached_property
    def tail(self) -> bytes:
        """The last `END` bytes, or all of a file of at most twice as many."""
        return self.head if self._is_whole else self._read(self.size - END, END)

    def read(self, position: int, length: int) -> bytes:
        """Read anywhere; fewer bytes at the end of the file."""
        if position + length <= len(self.head) or self._is_whole:
            return self.head[position : position + length]
        return self._read(position, length)

    def _read(self, position: int, length: int) -> bytes:
        raw = getattr(self._stream, "raw", None)
        if isinstance(raw, PositionedReader):
            return raw.read_at(position, length)  # past the buffer, which is smaller
        self._stream.seek(position)
        return self._stream.read(length)


@functools.lru_cache(maxsize=1)
def ends_of(stream: BufferedIOBase, size: int) -> Ends:
    """Give the ends of a file; the ones that were read last are kept."""
    return Ends(stream, size)
