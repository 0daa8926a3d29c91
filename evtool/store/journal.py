"""The journal of a seal under way: digests that an interrupted run need not compute again.

One line a file: a checksum against torn writes, then size, times and inode of the file when it was read, both digests
and its path. It lies among the temporary files of the custody directory and goes when the seal is complete.
"""

from __future__ import annotations

import contextlib
import time
import zlib
from collections.abc import Iterable, Mapping
from typing import BinaryIO

from evtool.core.custody.events import Event
from evtool.core.errors import FormatError
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import parse_name, store_name
from evtool.scan.observe import Known, Observation, Stamp
from evtool.scan.small_files import FileRow
from evtool.scan.walk import Run

SETTLED = 2_000_000_000
"""Nanoseconds that a file must have been at rest when it was read. A change within the clock tick of its time stamps
(two seconds on FAT) would leave them as they were."""

_FLUSH_SECONDS = 0.1
_LINE = compiled_when_used(
    r"([0-9a-f]{8}) ([0-9]{1,19}) (-?[0-9]{1,20}) (-?[0-9]{1,20}) ([0-9]{1,20}) ([0-9a-f]{64}) ([0-9a-f]{64}) (.+)\Z"
)


def journal_name(sequence: int) -> str:
    """Name the journal of the seal that would be this entry; it stays under its temporary name."""
    return f"{sequence:04d}-{Event.SEALED.value}.journal"


class Journal:
    """Remembers digests across interruptions.

    It is a convenience: reading it back never fails, and when it cannot be written, it only forgets.
    """

    def __init__(self, file: BinaryIO, known: Mapping[bytes, Known] | None = None) -> None:
        """Take over a file that is open for reading and appending; `known` is what is known besides."""
        file.seek(0)
        self._known = {**(known or {}), **_load(file)}
        self._file = file
        self._added = self._failed = False
        self._flushed = time.monotonic()
        # A torn last line must not swallow the first new one.
        self._file.write(b"\n")

    def read_again(self) -> dict[bytes, Known]:
        """Give all that it knows by now."""
        try:
            self._file.flush()
            self._file.seek(0)
            return {**self._known, **_load(self._file)}
        except OSError:
            return self._known

    def close(self) -> None:
        """Close the file; it stays for the next run."""
        with contextlib.suppress(OSError):
            self._file.close()

    @property
    def is_empty(self) -> bool:
        """Whether it holds nothing that a later run could use."""
        return not (self._known or self._added)

    def find(self, path: bytes) -> Known | None:
        """Look up what an earlier run knew of a file."""
        return self._known.get(path)

    def find_all(self, runs: Iterable[Run]) -> dict[int, Known]:
        """Look up the files of a batch by their index in it."""
        if not self._known:
            return {}
        paths = (found.path for run in runs for found in run.founds())
        return {index: self._known[path] for index, path in enumerate(paths) if path in self._known}

    def add(self, path: bytes, observation: Observation) -> None:
        """Remember one file, if it had been at rest for long enough that any later change would show."""
        stamp = observation.stamp
        if stamp is not None and observation.sha256 and not observation.reused:
            self.add_lines(
                spell_known(path, (*stamp, observation.sha256, observation.blake3, None), observation.started)
            )

    def add_lines(self, lines: bytes) -> None:
        """Remember files by their lines, as `spell_known` gives them."""
        if self._failed or not lines:
            return
        try:
            self._file.write(lines)
            self._added = True
            now = time.monotonic()
            if now - self._flushed > _FLUSH_SECONDS:
                self._file.flush()
                self._flushed = now
        except OSError:
            self._failed = True


def spell_known(path: bytes, row: FileRow, started: int) -> bytes:
    """Spell what is known about a file that was read after `started`, in nanoseconds since 1970.

    Empty unless it had been at rest for long enough that any later change would show.
    """
    size, mtime, ctime, inode, sha256, blake3, _ = row
    if max(mtime, ctime) > started - SETTLED:
        return b""
    body = f"{size} {mtime} {ctime} {inode} {sha256} {blake3} {store_name(path)}".encode()
    return b"%08x %s\n" % (zlib.crc32(body), body)


def _load(file: BinaryIO) -> dict[bytes, Known]:
    known: dict[bytes, Known] = {}
    for line in file:
        _load_line(line[:-1], known)
    return known


def _load_line(line: bytes, known: dict[bytes, Known]) -> None:
    try:
        match = _LINE.match(line.decode("utf-8"))
        if match is None or int(match[1], 16) != zlib.crc32(line[9:]):
            return
        path = parse_name(match[8])
    except (UnicodeDecodeError, FormatError):
        return
    stamp = Stamp(int(match[2]), int(match[3]), int(match[4]), int(match[5]))
    known[path] = Known(stamp, match[6], match[7])
