"""Writing a zip container as a stream: the same files give the same bytes, and any program can read them.

Files are stored as they are, in the order they are added, without dates, owners or anything else of this machine. Size
and CRC stand before the data, so the container can be written to a pipe; the caller knows both beforehand.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Protocol

from evtool.core.container.zip import Totals, make_header, serialize_central, serialize_end, serialize_local
from evtool.core.errors import EvidenceError
from evtool.core.text.limits import MAX_ZIP_ENTRIES
from evtool.core.text.names import shown


class ByteSink(Protocol):
    """Something that takes bytes, all of them, in order."""

    def write(self, data: bytes, /) -> object:
        """Take bytes."""


class ZipWriter:
    """Writes one container; it is complete after `finish`."""

    def __init__(self, sink: ByteSink) -> None:
        self._sink = sink
        self._offset = 0
        self._directory: list[bytes] = []

    def add(self, name: str, size: int, crc: int, chunks: Iterable[bytes]) -> None:
        """Add one file, whose bytes must be as many as, and have the CRC that, was said.

        Raises:
            EvidenceError: they are not, so the file changed meanwhile; the container is of no use then.
        """
        if len(self._directory) >= MAX_ZIP_ENTRIES:
            raise EvidenceError(
                "a zip bundle holds at most {limit:,} files",
                hint="make a bundle that is a folder instead",
                key="zip-most",
                limit=MAX_ZIP_ENTRIES,
            )
        header = make_header(name, size, crc, self._offset)
        self._write(serialize_local(header))
        found_crc = found_size = 0
        for chunk in chunks:
            found_crc = zlib.crc32(chunk, found_crc)
            found_size += len(chunk)
            if found_size > size:
                break
            self._write(chunk)
        if (found_size, found_crc) != (size, crc):
            raise EvidenceError(
                "{name} changed while the bundle was written",
                hint="make sure that nothing writes to it",
                key="zip-changed",
                name=shown(name),
            )
        self._directory.append(serialize_central(header))

    def finish(self) -> int:
        """Write the directory and the end; return the size of the container in bytes."""
        start = self._offset
        for entry in self._directory:
            self._write(entry)
        self._write(serialize_end(Totals(len(self._directory), self._offset - start, start)))
        return self._offset

    def _write(self, data: bytes) -> None:
        self._sink.write(data)
        self._offset += len(data)
