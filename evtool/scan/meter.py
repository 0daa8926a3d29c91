"""How far files are while they are read, whoever reads them.

Worker processes share counters with the process that started them. A worker writes how many bytes of its batch it has
read; whoever waits for the batch looks when it likes. Nothing is sent and nobody is woken, so it costs one store in
memory for each half mebibyte. Where memory cannot be shared, as with a cluster on other machines, the counters stay at
zero, and files count when they are finished.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import ClassVar

from msgspec import Struct

CELLS = 8192
"""Counters there are; the first is nobody's. More files than that are never handed out at a time, by far."""

_CELL_BYTES = 8

_STEP = 512 * 1024
"""Bytes of one file between two words on how far it has been read."""


class _Shared:
    """The counters that this process shares with those that it starts; None before anybody counts."""

    cells: memoryview | None = None
    free: ClassVar[list[int]] = list(range(CELLS - 1, 0, -1))


def share_cells(memory: object = None) -> memoryview:
    """Give the counters, and have new processes share them; `memory` takes the place of what a fork would share."""
    if _Shared.cells is None or memory is not None:
        # Memory of no file; a process that is forked sees what its parent writes, and the other way round.
        buffer = mmap.mmap(-1, CELLS * _CELL_BYTES) if memory is None else memory
        cells = memoryview(buffer).cast("B").cast("Q")  # type: ignore[arg-type]
        if _Shared.cells is not None:
            cells[:] = _Shared.cells
        _Shared.cells = cells
    return _Shared.cells


def is_counting() -> bool:
    """Tell whether anybody counts in this process, so that the processes it starts should share the counters."""
    return _Shared.cells is not None


class Tally:
    """Counts what is read of one batch, or of one file, in a cell; without one it does nothing.

    `look` is called each time, where the one who reads is also the one who shows it.
    """

    __slots__ = ("_before", "_cell", "_cells", "_look", "_next")

    def __init__(self, cell: int = 0, look: Callable[[], object] | None = None) -> None:
        self._cell = cell
        self._cells = _Shared.cells if cell else None
        self._look = look
        self._before = 0
        self._next = _STEP

    def begin(self) -> None:
        """A file is read from its beginning; it may not be the first time, if it changed meanwhile."""
        self._next = _STEP

    def at(self, length: int) -> None:
        """So many bytes of the file have been read."""
        if length >= self._next:
            self._next = length + _STEP
            self._tell(self._before + length)

    def end(self, length: int) -> None:
        """The file has been read to its end."""
        self._before += length
        self._tell(self._before)

    def _tell(self, size: int) -> None:
        if self._cells is not None:
            self._cells[self._cell] = size
            if self._look is not None:
                self._look()


class InWork(Struct, frozen=True):
    """What is being read.

    Attributes:
        path: of the file, relative to the evidence; empty for a batch of files.
        size: bytes of the file; 0 where that is not known, or for a batch.
        read: bytes that were read of it so far.
    """

    path: bytes
    size: int
    read: int

    @property
    def is_finished(self) -> bool:
        """Whether the file was read to its end, although nobody has taken its digests yet."""
        return 0 < self.size <= self.read


class Meter:
    """Knows what is being read, and how far it is.

    Attributes:
        look: called now and then, by whichever thread waits or reads.
    """

    def __init__(self, look: Callable[[], object]) -> None:
        self.look = look
        share_cells()
        self._in_work: dict[int, tuple[bytes, int]] = {}

    def enter(self, path: bytes = b"", size: int = 0) -> int:
        """Give a cell to a file of this size, or to a batch; 0, which nobody reads, if there is none left."""
        if not _Shared.free:
            return 0
        cell = _Shared.free.pop()
        share_cells()[cell] = 0
        self._in_work[cell] = path, size
        return cell

    def leave(self, cell: int) -> None:
        """Take a cell back: what it counted is finished, and counted elsewhere from now on."""
        if self._in_work.pop(cell, None) is not None:
            _Shared.free.append(cell)

    def in_work(self) -> list[InWork]:
        """Tell of everything that is being read, in the order in which it was handed out."""
        cells = share_cells()
        return [InWork(path, size, cells[cell]) for cell, (path, size) in self._in_work.items()]


@contextmanager
def tallied(meter: Meter | None, path: bytes, size: int = 0) -> Iterator[Tally]:
    """Name a file that this process reads now; what is given is told how far it is."""
    if meter is None:
        yield Tally()
        return
    cell = meter.enter(path, size)
    try:
        yield Tally(cell, meter.look)
    finally:
        meter.leave(cell)


def watch(meter: Meter | None, path: bytes, size: int, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Pass the pieces of a file on, and tell how far it is; once the last one was taken, it is counted no more."""
    with tallied(meter, path, size) as tally:
        length = 0
        for chunk in chunks:
            yield chunk
            length += len(chunk)
            tally.at(length)
        tally.end(length)
