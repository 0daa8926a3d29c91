"""Reading many small files: the loop that a million of them spend their time in.

Each is opened, looked at, read whole, looked at again and closed; that is five calls of the system, and what Python
adds to them has to be little. Whatever is not an ordinary small file that held still is left to
`evtool.scan.observe`, which looks at it afresh and finds the words for it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from hashlib import sha256
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

    Each file is shown to the `describer`, if there is one.

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
            before = fstat(descriptor)
            size = before.st_size
            # What is no regular file must not even be read: a device or a FIFO would notice.
            if size < CHUNK and before.st_mode & _TYPE == _REGULAR:
                # More is asked for than there should be, so that a file that grew shows.
                length = read(descriptor, buffers)
                after = fstat(descriptor)
                mtime, ctime, inode = before.st_mtime_ns, before.st_ctime_ns, before.st_ino
                # The same tests as in `evtool.scan.observe`, which has the reasons.
                if (
                    length == size == after.st_size
                    and mtime == after.st_mtime_ns
                    and ctime == after.st_ctime_ns
                    and inode == after.st_ino
                    and (after.st_nlink or not before.st_nlink)
                ):
                    part = view[:length]
                    # Of the BLAKE3 object, `digest` and `hex` take half as long as `hexdigest`.
                    digests = sha256(part).hexdigest(), blake3(part).digest().hex()
                    row = (size, mtime, ctime, inode, *digests, None)
                    if describer is not None:
                        row = (*row[:6], describer.describe(bytes(part), descriptor, row[:4]))
        except OSError:
            row = None
        finally:
            if descriptor >= 0:
                close(descriptor)
        rows.append(look_closer(index) if row is None else row)
    return rows
