"""Bytes handed from one thread to another, a few at a time.

Encryption takes its input by reading, and a bundle is made by writing; a pipe turns one into the other without ever
holding more than a few chunks, and without a file in between.
"""

from __future__ import annotations

import threading
from collections import deque

_MAX_WAITING = 4 * 1024 * 1024
"""Bytes that wait in a pipe at most, beside one chunk."""


class PipeClosedError(OSError):
    """The reader has gone, so nothing more can be written."""


class BytePipe:
    """One writer, one reader. Either side may give up; the other learns of it at its next call."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._chunks: deque[memoryview] = deque()
        self._waiting = 0
        self._ended = False
        self._closed = False
        self._error: BaseException | None = None

    def write(self, data: bytes, /) -> int:
        """Hand over bytes, waiting while too many are waiting already.

        Raises:
            PipeClosedError: the reading program has ended.
        """
        with self._condition:
            while self._waiting >= _MAX_WAITING and not self._closed:
                self._condition.wait()
            if self._closed:
                raise PipeClosedError("the reading program has ended")
            if data:
                # A copy: the caller may fill its buffer again while these bytes still wait.
                self._chunks.append(memoryview(bytes(data)))
                self._waiting += len(data)
                self._condition.notify_all()
        return len(data)

    def flush(self) -> None:
        """Do nothing; for writers that expect a file."""

    def finish(self) -> None:
        """Tell the reader that nothing more will come."""
        with self._condition:
            self._ended = True
            self._condition.notify_all()

    def fail(self, error: BaseException) -> None:
        """Tell the reader that the writer failed; the error is raised there once what was written has been read."""
        with self._condition:
            self._error = error
            self._ended = True
            self._condition.notify_all()

    def read(self, size: int = -1, /) -> bytes:
        """Take up to `size` bytes, waiting until there are some; none means the end.

        Raises:
            BaseException: the error that the writer failed with.
        """
        with self._condition:
            while not self._chunks and not self._ended:
                self._condition.wait()
            if not self._chunks:
                if self._error is not None:
                    raise self._error
                return b""
            chunk = self._chunks.popleft()
            if 0 <= size < len(chunk):
                self._chunks.appendleft(chunk[size:])
                chunk = chunk[:size]
            self._waiting -= len(chunk)
            self._condition.notify_all()
            return bytes(chunk)

    def close(self) -> None:
        """Tell the writer that nothing more will be read."""
        with self._condition:
            self._closed = True
            self._chunks.clear()
            self._condition.notify_all()
