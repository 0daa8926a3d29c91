"""Reading many small files: the loop that a million of them spend their time in.

Each is opened, looked at, read whole and closed; that is four calls of the system, and what Python adds to them has to
be little. Whatever is not an ordinary small file that has as many bytes as it says is left to `evtool.scan.observe`,
which looks at it afresh and finds the words for it.

That a file held still takes a second look, which is not made here, as most files get a better one later on:
- A verification needs none where the bytes that were read have the digests that were sealed.
- A seal holds every file against what the first look saw, right before it is signed (`evtool.scan.marks`).
- For all others, `evtool.scan.batch` makes it as soon as the files of a batch are read.
The two looks enclose the reading, wherever the second one is made, so they prove as much as if it came at once: size,
both dates and inode are the same before and after. No clock is asked, and no date is compared with any other than the
same one, so a clock that is wrong, or is set while evtool runs, or is that of a file server, changes nothing.

What two looks cannot tell is the same as ever: a change within one step of the clock that the file system dates changes
by (some milliseconds, two seconds on FAT), before and after the first look; a change on a file system that keeps no
change time, if the modification time is set back; a change by another machine, as long as a network file system answers
from its memory; and one through a memory map that was written to before, which is dated when the system writes it out.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from hashlib import sha256
from operator import attrgetter
from typing import TypeVar

from blake3 import blake3

from evtool.core.metadata.description import HEAD, Description
from evtool.scan.describer import Awaited, Describer
from evtool.scan.tree import Tree

CHUNK = HEAD
"""Bytes per read: small enough to stay in the processor's cache between the two digests, and just what a describer is
shown of a file."""

FileRow = tuple[int, int, int, int, str, str, Description | Awaited | None]
"""A file that was read: size, modification time, change time, inode, SHA-256, BLAKE3 and description (see
`Observation`)."""

plain_stamp: Callable[[os.stat_result], tuple[int, int, int, int]] = attrgetter(
    "st_size", "st_mtime_ns", "st_ctime_ns", "st_ino"
)
"""Take size, modification time, change time and inode from what the system says about a file, as a plain tuple: a
`Stamp` takes as long to make as half of a look."""

_Row = TypeVar("_Row")

_TYPE = 0o170000
_REGULAR = 0o100000


class ReadBuffer(threading.local):
    """One buffer for each thread; shared between two, each would hash what the other read."""

    def __init__(self) -> None:
        self.data = bytearray(CHUNK)
        self.view = memoryview(self.data)


BUFFER = ReadBuffer()


def _emulate_readv(descriptor: int, buffers: tuple[bytearray]) -> int:
    data = os.read(descriptor, len(buffers[0]))
    buffers[0][: len(data)] = data
    return len(data)


readv = getattr(os, "readv", _emulate_readv)
"""Read into buffers that are used again and again; returns the number of bytes, 0 at the end."""


def read_small_files(
    tree: Tree,
    directory: bytes,
    names: Sequence[bytes],
    look_closer: Callable[[int], _Row],
    describer: Describer | None = None,
) -> list[FileRow | _Row]:
    """Read files of one directory; `look_closer` is asked, by index, for each that is not an ordinary small one.

    What a row says of a file is what was seen before it was read; see above for who looks again. Each file is shown to
    the `describer`, if there is one.

    Raises:
        OSError: the directory cannot be opened.
    """
    opener = tree.file_opener(directory)
    buffers, view = (BUFFER.data,), BUFFER.view
    fstat, close, read = os.fstat, os.close, readv
    rows: list[FileRow | _Row] = []
    for index, name in enumerate(names):
        row: FileRow | _Row | None = None
        descriptor = -1
        try:
            descriptor = opener(name)
            facts = fstat(descriptor)
            stamp = plain_stamp(facts)
            size = stamp[0]
            # What is no regular file must not even be read: a device or a FIFO would notice. And more is asked for than
            # there should be, so that a file that grew shows.
            if size < CHUNK and facts.st_mode & _TYPE == _REGULAR and read(descriptor, buffers) == size:
                part = view[:size]
                description = describer.describe(bytes(part), descriptor, stamp) if describer is not None else None
                # Of the BLAKE3 object, `digest` and `hex` take half as long as `hexdigest`.
                row = (*stamp, sha256(part).hexdigest(), blake3(part).digest().hex(), description)
        except OSError:
            row = None
        finally:
            if descriptor >= 0:
                close(descriptor)
        rows.append(look_closer(index) if row is None else row)
    return rows
