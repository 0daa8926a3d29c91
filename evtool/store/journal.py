"""The journal of a seal under way: digests that an interrupted run need not compute again.

One line a file: a checksum against torn writes, then size, times and inode of the file when it was read, both digests
and its path. It lies among the temporary files of the custody directory and goes when the seal is complete.
"""

from __future__ import annotations

import os
import re
import time
import zlib
from collections.abc import Iterable
from typing import BinaryIO

from evtool.core.errors import FormatError
from evtool.core.names import parse_name, store_name
from evtool.scan.observe import Known, Observation, Stamp
from evtool.scan.walk import Run

SETTLED = 2_000_000_000
"""Nanoseconds that a file must have been at rest when it was read. A change within the clock tick of its time stamps
(two seconds on FAT) would leave them as they were."""

_FLUSH_SECONDS = 1.0
_LINE = re.compile(
    r"([0-9a-f]{8}) ([0-9]{1,19}) (-?[0-9]{1,20}) (-?[0-9]{1,20}) ([0-9]{1,20}) ([0-9a-f]{64}) ([0-9a-f]{64}) (.+)\Z"
)


class Journal:
    """Remembers digests across interruptions; reading it back never fails, it only forgets."""

    def __init__(self, path: bytes) -> None:
        self._path = path
        self._known = _load(path)
        self._file: BinaryIO | None = None
        self._flushed = 0.0

    def close(self) -> None:
        """Close the file; it stays for the next run."""
        if self._file is not None:
            self._file.close()

    def __len__(self) -> int:
        return len(self._known)

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
        if stamp is None or observation.reused or not observation.sha256:
            return
        if max(stamp.mtime, stamp.ctime) > observation.started - SETTLED:
            return
        body = (
            f"{stamp.size} {stamp.mtime} {stamp.ctime} {stamp.inode} "
            f"{observation.sha256} {observation.blake3} {store_name(path)}"
        ).encode()
        file = self._open()
        file.write(b"%08x %s\n" % (zlib.crc32(body), body))
        now = time.monotonic()
        if now - self._flushed > _FLUSH_SECONDS:
            file.flush()
            self._flushed = now

    def _open(self) -> BinaryIO:
        """Give the file, which is made when there is something to write: a run that is refused leaves none."""
        if self._file is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
            self._file = os.fdopen(os.open(self._path, flags, 0o600), "ab", buffering=1024 * 1024)
            self._flushed = time.monotonic()
            # A torn last line must not swallow the first new one.
            self._file.write(b"\n")
        return self._file


def _load(path: bytes) -> dict[bytes, Known]:
    known: dict[bytes, Known] = {}
    try:
        with open(path, "rb") as file:  # our own file: it was found by name in a directory we hold the lock of
            for line in file:
                _load_line(line[:-1], known)
    except FileNotFoundError:
        pass
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
