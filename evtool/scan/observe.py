"""Reading one item: both digests of its bytes in one read, and proof that it held still meanwhile."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import threading
import time
from enum import Enum
from hashlib import sha256
from typing import NamedTuple

from blake3 import blake3
from msgspec import Struct

from evtool.core.metadata.description import Description
from evtool.scan.describer import Awaited, Describer
from evtool.scan.meter import Tally
from evtool.scan.small_files import BUFFER, plain_stamp, readv
from evtool.scan.tree import Tree
from evtool.scan.walk import Found, Kind, Run

PIPELINE_CHUNK = 1024 * 1024
PIPELINE_BUFFERS = 8
"""Buffers of the two-thread reader; with fewer than eight the threads wait for each other."""

_TRIES = 3
"""How often a file that changed under the read is read again before it is given up."""

_PAUSE = 0.05
"""Seconds between those tries."""


class ItemProblem(Enum):
    """Why an item could not be observed."""

    UNREADABLE = "unreadable"
    SPECIAL = "special"
    CHANGING = "changing"
    VANISHED = "vanished"


class Stamp(NamedTuple):
    """What tells, without reading it, that a file is the one that was read before.

    Attributes:
        size: bytes.
        mtime, ctime: nanoseconds since 1970.
        inode: its number on its device.
    """

    size: int
    mtime: int
    ctime: int
    inode: int


class Known(Struct, frozen=True):
    """Digests from an earlier read, good for as long as the stamp is the same."""

    stamp: Stamp
    sha256: str
    blake3: str


class Observation(NamedTuple):
    """What one item was when it was read.

    Attributes:
        kind: what it is; may differ from what the walk saw.
        stamp: size, times and inode, or None if it could not be looked at.
        sha256, blake3: lower-case hexadecimal; empty if nothing was hashed.
        target: where a symbolic link points, as bytes.
        problem: why it could not be observed, or None.
        detail: the system's word on the problem.
        reused: the digests are those of an earlier read.
        deferred: the file is large and was left for a task of its own.
        started: when the read began, in nanoseconds since 1970.
        holes: bytes of a file that was not read that have no place on the medium.
        description: what the file says about itself, where that was asked for.
    """

    kind: Kind
    stamp: Stamp | None = None
    sha256: str = ""
    blake3: str = ""
    target: bytes = b""
    problem: ItemProblem | None = None
    detail: str = ""
    reused: bool = False
    deferred: bool = False
    started: int = 0
    holes: int = 0
    description: Description | Awaited | None = None


class Mode(Enum):
    """How closely to look."""

    HASH = "h"
    """Read every byte."""
    STAT = "s"
    """Look at type, size and dates only."""


class _Manner(Struct, frozen=True):
    mode: Mode
    known: Known | None
    limit: int | None
    size: int | None
    threads: bool
    tally: Tally
    describer: Describer | None


def observe(
    tree: Tree,
    found: Found,
    *,
    mode: Mode,
    known: Known | None = None,
    limit: int | None = None,
    size: int | None = None,
    threads: bool = False,
    tally: Tally | None = None,
    describer: Describer | None = None,
) -> Observation:
    """Observe one entry of the tree. Never raises for what the entry is or does.

    `limit` defers files of more bytes; a file that has not `size` bytes is not read, as its size says all: it can be a
    sparse one without end. `threads` hashes with two threads, which only pays when a core is idle; `tally` is told how
    far the file has been read. The `describer` is shown each file that was read, or whose digests are known.
    """
    try:
        if found.kind is Kind.FILE:
            return _observe_file(tree, found, _Manner(mode, known, limit, size, threads, tally or Tally(), describer))
        if found.kind is Kind.UNREADABLE:
            return Observation(found.kind, problem=ItemProblem.UNREADABLE, detail="the directory cannot be listed")
        facts = tree.stat(found.directory, found.name)
        if found.kind is Kind.SYMLINK:
            return Observation(found.kind, stamp_of(facts), target=tree.read_link(found.directory, found.name))
        if found.kind is Kind.SPECIAL:
            return Observation(
                found.kind, stamp_of(facts), problem=ItemProblem.SPECIAL, detail=_special_name(facts.st_mode)
            )
        return Observation(found.kind, stamp_of(facts))
    except OSError as error:
        return _failed(found.kind, error)


def _failed(kind: Kind, error: OSError) -> Observation:
    detail = error.strerror or type(error).__name__
    if error.errno == errno.ENOENT:
        return Observation(kind, problem=ItemProblem.VANISHED, detail=detail)
    if error.errno in (errno.ELOOP, errno.ENXIO):
        # A link or a socket now stands where the walk saw a file.
        return Observation(kind, problem=ItemProblem.CHANGING, detail="it was replaced while evtool ran")
    return Observation(kind, problem=ItemProblem.UNREADABLE, detail=detail)


def _observe_file(tree: Tree, found: Found, manner: _Manner) -> Observation:
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE)
        descriptor = tree.open_file(found.directory, found.name)
        try:
            observation = _read_once(descriptor, manner)
        finally:
            os.close(descriptor)
        if observation.problem is not ItemProblem.CHANGING:
            break
    return observation


def _read_once(descriptor: int, manner: _Manner) -> Observation:
    started = time.time_ns()
    before = os.fstat(descriptor)
    if not stat.S_ISREG(before.st_mode):
        return Observation(
            Kind.SPECIAL, stamp_of(before), problem=ItemProblem.SPECIAL, detail=_special_name(before.st_mode)
        )
    stamp = stamp_of(before)
    known = manner.known
    if known is not None and known.stamp == stamp:
        description = _describe(descriptor, stamp, manner)
        digests = known.sha256, known.blake3
        return Observation(Kind.FILE, stamp, *digests, reused=True, started=started, description=description)
    if manner.mode is Mode.STAT or manner.size not in (None, stamp.size):
        holes = max(stamp.size - 512 * getattr(before, "st_blocks", stamp.size), 0)
        return Observation(Kind.FILE, stamp, started=started, holes=holes)
    if manner.limit is not None and stamp.size > manner.limit:
        return Observation(Kind.FILE, stamp, deferred=True)
    manner.tally.begin()
    hasher = _hash_in_threads if manner.threads else _hash
    length, first, second = hasher(descriptor, stamp.size, manner.tally)
    description = _describe(descriptor, stamp, manner)
    after = os.fstat(descriptor)
    # A rewrite that sets the modification time back still moves the change time; a file that was replaced by another
    # of the same name has lost its link.
    if stamp_of(after) != stamp or length != stamp.size or (after.st_nlink == 0 and before.st_nlink > 0):
        return Observation(Kind.FILE, stamp, problem=ItemProblem.CHANGING, detail="it changed while it was read")
    manner.tally.end(length)
    return Observation(Kind.FILE, stamp, first, second, started=started, description=description)


def _describe(descriptor: int, stamp: Stamp, manner: _Manner) -> Description | Awaited | None:
    """Show the describer the first bytes again: of all that was read, only the last are still in the buffer."""
    if manner.describer is None:
        return None
    os.lseek(descriptor, 0, os.SEEK_SET)
    head = bytes(BUFFER.view[: readv(descriptor, (BUFFER.data,))])
    return manner.describer.describe(head, descriptor, stamp)


def stamp_of(facts: os.stat_result) -> Stamp:
    """Take the stamp from what the system says about a file."""
    return Stamp(facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino)


def stamps_now(tree: Tree, run: Run) -> list[tuple[int, int, int, int] | None]:
    """Look at entries of one directory: the stamp of each, None for what cannot be looked at."""
    stamps: list[tuple[int, int, int, int] | None] = []
    try:
        look = tree.looker(run.directory)
    except OSError:
        return [None] * len(run.names)
    with contextlib.suppress(OSError):
        # Millions are looked at, and a call for each takes as long as half of a look.
        return list(map(plain_stamp, map(look, run.names)))
    for name in run.names:
        try:
            stamps.append(plain_stamp(look(name)))
        except OSError:
            stamps.append(None)
    return stamps


def _special_name(mode: int) -> str:
    for test, name in ((stat.S_ISFIFO, "a FIFO"), (stat.S_ISSOCK, "a socket"), (stat.S_ISDIR, "a directory")):
        if test(mode):
            return name
    return "a device"


def _hash(descriptor: int, size: int, tally: Tally) -> tuple[int, str, str]:
    """Hash a file from one buffer: bytes read, SHA-256 and BLAKE3; one that outgrows its size is not followed."""
    first, second, length = sha256(), blake3(), 0
    while length <= size and (chunk := readv(descriptor, (BUFFER.data,))):
        part = BUFFER.view[:chunk]
        first.update(part)
        second.update(part)
        length += chunk
        tally.at(length)
    return length, first.hexdigest(), second.hexdigest()


def _hash_in_threads(descriptor: int, size: int, tally: Tally) -> tuple[int, str, str]:
    """Hash a large file with SHA-256 in a second thread; both digests see the same buffers.

    A buffer goes to the other thread only after BLAKE3 is done with it, and comes back only after SHA-256 is: handed
    over any earlier, the next read would overwrite bytes that one of them has not seen.
    """
    # Only large files are hashed in two threads.
    import queue

    first, second, length = sha256(), blake3(), 0
    free: queue.SimpleQueue[bytearray] = queue.SimpleQueue()
    full: queue.SimpleQueue[tuple[bytearray, int] | None] = queue.SimpleQueue()
    for _ in range(PIPELINE_BUFFERS):
        free.put(bytearray(PIPELINE_CHUNK))

    def consume() -> None:
        while (work := full.get()) is not None:
            buffer, count = work
            first.update(memoryview(buffer)[:count])
            free.put(buffer)

    thread = threading.Thread(target=consume, name="sha256", daemon=True)
    thread.start()
    try:
        while length <= size:
            buffer = free.get()
            count = readv(descriptor, (buffer,))
            if not count:
                break
            second.update(memoryview(buffer)[:count])
            length += count
            full.put((buffer, count))
            tally.at(length)
    finally:
        full.put(None)
        thread.join()
    return length, first.hexdigest(), second.hexdigest()
