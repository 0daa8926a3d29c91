"""A bundle in a zip container, from a file or a pipe.

A container is read once, front to back, when it is opened. What stays of each payload file is its size and its digests;
of the other files, their bytes, or their place where the container can be read again.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, NamedTuple, TypeVar

from blake3 import blake3
from msgspec import Struct

from evtool.core.container.bagit import BAG_FILES
from evtool.core.errors import FormatError, InputError
from evtool.core.text.limits import MAX_KEPT
from evtool.core.text.names import shown
from evtool.scan.engine import Task, Workers
from evtool.scan.observe import ItemProblem, Observation, Stamp
from evtool.scan.walk import Found, Kind, WalkNotes
from evtool.store.bundle import PAYLOAD_PREFIX, Bundle
from evtool.store.custody import CustodyFile, CustodyReader
from evtool.store.custody_names import RECORD
from evtool.store.zip_reader import ByteSource, ZipEntry, ZipReader

_BUFFER = 64 * 1024

_Context = TypeVar("_Context")


class _Known(NamedTuple):
    """What stays of a payload file."""

    size: int
    sha256: bytes
    blake3: bytes


class _Place(Struct, frozen=True):
    """Where a stored file lies in a container that can be read again."""

    descriptor: int
    offset: int
    size: int


Keep = Callable[[ZipEntry], Callable[[bytes], object] | None]
"""Asked for each file of a container: what to give its bytes to beside the digests, or None."""


Watch = Callable[[ZipEntry, Iterator[bytes]], Iterator[bytes]]
"""Passes the bytes of a file of a container on, and may count them."""


class ZipBundle(Bundle):
    """A bundle in a zip container, read to its end."""

    def __init__(
        self,
        source: ByteSource,
        *,
        again: BinaryIO | None = None,
        keep: Keep | None = None,
        watch: Watch | None = None,
    ) -> None:
        """Read a container.

        `again` is the same container as a file that can be read again at any place; `keep` gets the bytes of
        files as they pass, before it is known whether the container holds; so does `watch`.

        Raises:
            ZipError: the container is refused.
            FormatError: too many bytes would have to be kept in memory.
        """
        self.tags = {}
        self.unread = {}
        self.payload = {}
        self.data = None
        self.sizes = {}
        self.foreign = []
        self.companions = []
        self._again = again.fileno() if again is not None else -1
        self._known: dict[bytes, _Known] = {}
        self._kept: dict[str, bytes | _Place] = {}
        self._kept_bytes = 0
        reader = ZipReader(source)
        for entry in reader.entries():
            give = keep(entry) if keep else None
            chunks = watch(entry, reader.read_chunks()) if watch else reader.read_chunks()
            if entry.name.startswith(PAYLOAD_PREFIX):
                self._read_payload(entry, chunks, give)
            else:
                self._read_tag_file(entry, chunks, give)
        self.custody = _ContainedCustody(self)

    def close(self) -> None:
        """Drop what was kept."""
        self._kept.clear()

    def open_tag(self, path: str) -> CustodyFile:
        """Open a file outside of `data/`."""
        kept = self._kept.get(path)
        if kept is None:
            raise InputError("{path} is not in the bundle", key="not-in-bundle", path=shown(path))
        return io.BytesIO(kept) if isinstance(kept, bytes) else _StoredFile(kept)

    def walk(self, notes: WalkNotes) -> Iterator[Found]:
        """Yield the payload files in the order of their names."""
        notes.seen += len(self._known)
        for path in sorted(self._known):
            yield _found(path)

    def observe(
        self, tasks: Iterable[Task[_Context]], *, jobs: int | Workers
    ) -> Iterator[tuple[Task[_Context], Observation]]:
        """Tell what was seen of payload files when the container was read."""
        for task in tasks:
            known = self._known.get(task.found.path)
            if known is None:
                yield (
                    task,
                    Observation(Kind.FILE, problem=ItemProblem.VANISHED, detail="the container does not have it"),
                )
                continue
            stamp = Stamp(known.size, 0, 0, 0)
            yield task, Observation(Kind.FILE, stamp, known.sha256.hex(), known.blake3.hex())

    @property
    def record_names(self) -> list[str]:
        """Names of the files in the record."""
        return [path[len(RECORD) + 1 :] for path in self._kept if path.startswith(f"{RECORD}/")]

    def _read_payload(self, entry: ZipEntry, chunks: Iterator[bytes], give: Callable[[bytes], object] | None) -> None:
        first, second = hashlib.sha256(), blake3()
        for chunk in chunks:
            first.update(chunk)
            second.update(chunk)
            if give:
                give(chunk)
        name = entry.name[len(PAYLOAD_PREFIX) :].encode("utf-8")
        self._known[name] = _Known(entry.size, first.digest(), second.digest())
        self.payload[name] = first.hexdigest()
        self.sizes[name] = entry.size

    def _read_tag_file(self, entry: ZipEntry, chunks: Iterator[bytes], give: Callable[[bytes], object] | None) -> None:
        # Of a zip that is not a bundle everything may lie here; what is not of a bag is not kept.
        is_kept = entry.name.startswith(f"{RECORD}/") or entry.name in BAG_FILES
        read_again = entry.is_stored and self._again >= 0
        digest, kept = hashlib.sha256(), []
        for chunk in chunks:
            digest.update(chunk)
            if give:
                give(chunk)
            if is_kept and not read_again:
                self._kept_bytes += len(chunk)
                if self._kept_bytes > MAX_KEPT:
                    raise FormatError(
                        "the record in the bundle has more than the {limit} bytes that are kept in memory",
                        hint="give evtool the zip file itself, not a pipe; or unpack it and verify the folder",
                        key="record-in-memory",
                        limit=MAX_KEPT,
                    )
                kept.append(chunk)
        self.tags[entry.name] = digest.hexdigest()
        if not is_kept:
            return
        place = _Place(self._again, entry.data_offset, entry.size)
        self._kept[entry.name] = place if read_again else b"".join(kept)


def _found(path: bytes) -> Found:
    directory, _, name = path.rpartition(b"/")
    return Found(directory, name, Kind.FILE)


class _ContainedCustody(CustodyReader):
    """The record in a container."""

    def __init__(self, bundle: ZipBundle) -> None:
        self._bundle = bundle

    def close(self) -> None:
        """Do nothing: the container belongs to the bundle."""

    def _names(self) -> list[tuple[bytes, str]]:
        return [(name.encode("utf-8"), "f") for name in self._bundle.record_names]

    def _open(self, name: str) -> CustodyFile:
        return self._bundle.open_tag(f"{RECORD}/{name}")


class _StoredFile:
    """A part of a container that was read before; reading it again leaves the container's own position alone."""

    def __init__(self, place: _Place) -> None:
        self._place = place
        self._at = 0
        self._buffer = b""
        self._start = 0

    def __enter__(self) -> _StoredFile:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing: the descriptor belongs to whoever opened the container."""

    def read(self, size: int, /) -> bytes:
        """Give `size` bytes, fewer only at the end."""
        while len(self._buffer) - self._start < size and self._fill():
            pass
        return self._take(size)

    def readline(self, size: int, /) -> bytes:
        """Give a line with its newline, or `size` bytes of it."""
        while (end := self._buffer.find(b"\n", self._start)) < 0 and len(self._buffer) - self._start < size:
            if not self._fill():
                break
        return self._take(size if end < 0 else min(end + 1 - self._start, size))

    def _fill(self) -> bool:
        place = self._place
        data = _read_at(place.descriptor, min(_BUFFER, place.size - self._at), place.offset + self._at)
        self._at += len(data)
        self._buffer = self._buffer[self._start :] + data
        self._start = 0
        return bool(data)

    def _take(self, size: int) -> bytes:
        taken = self._buffer[self._start : self._start + size]
        self._start += len(taken)
        return taken


def _read_at(descriptor: int, size: int, offset: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(descriptor, size, offset)
    # Windows: the position of the file is of no more use once it has been read to its end.
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, size)
