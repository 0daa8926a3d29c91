"""A custody directory on disk, read.

Everything in it is a stranger's until a signature says otherwise: names are matched against a closed list, files are
opened without following links, read once, and never beyond their limit.
"""

from __future__ import annotations

import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterator
from io import BytesIO
from itertools import takewhile
from types import TracebackType
from typing import Protocol, Self

from evtool.core.container.companions import START_SIZE, find_companion
from evtool.core.custody.chain import EntryFiles
from evtool.core.errors import FormatError, InputError
from evtool.core.finding import Words
from evtool.core.text.limits import (
    MAX_ENTRY,
    MAX_INFORMATIONAL,
    MAX_LINE,
    MAX_SIGNATURE,
)
from evtool.core.text.names import shown
from evtool.core.timestamp.stamp_names import StampName
from evtool.scan.companions import name_companion
from evtool.scan.tree import Tree, TreeLocation
from evtool.store.bounds import read_within
from evtool.store.custody_names import (
    NAME,
    STAMP_LIMITS,
    FileRole,
    Listing,
    bound_of,
    file_name,
    receipt_names,
    sort_names,
)

_MAX_COMPANION = 1024 * 1024
_CHUNK = 1024 * 1024
_PIECE = 60 * 1024


def locate_custody(evidence: TreeLocation, custody_path: str | None) -> TreeLocation | None:
    """Find the custody directory of an evidence directory; None if there is none yet.

    `custody_path` is where the user says it is; by default it is `custody/` in the evidence directory, and must not be
    a link: a link could show a reader other entries than the ones that travel with the evidence.

    Raises:
        InputError: what is there is no directory.
    """
    path = os.fsencode(os.path.abspath(custody_path)) if custody_path else os.path.join(evidence.path, NAME)
    try:
        facts = os.stat(path) if custody_path else os.lstat(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(
            "{path}: {why.strerror}", key="cannot-read", path=shown(os.fsdecode(path)), why=error
        ) from error
    if not stat.S_ISDIR(facts.st_mode):
        raise InputError(
            "{path} is not a directory", key="not-a-directory", path=shown(os.fsdecode(os.path.basename(path)))
        )
    return TreeLocation(path, facts.st_dev, facts.st_ino)


class CustodyFile(Protocol):
    """An open file of a custody directory."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> object: ...

    def read(self, size: int, /) -> bytes:
        """Give up to `size` bytes."""

    def readline(self, size: int, /) -> bytes:
        """Give a line with its newline, or `size` bytes of it."""


class Hasher(Protocol):
    """A hash function at work, as `hashlib` and `blake3` make them."""

    def update(self, data: bytes, /) -> object:
        """Take bytes in."""

    def hexdigest(self) -> str:
        """Give the digest of all that was taken in."""


class CustodyReader(ABC):
    """A custody directory, wherever it lies: on disk, or in a bundle."""

    @abstractmethod
    def close(self) -> None:
        """Let go of it."""

    @abstractmethod
    def _names(self) -> list[tuple[bytes, str]]:
        """List the names in it, each with its kind as `Tree.list_directory` tells them."""

    @abstractmethod
    def _open(self, name: str) -> CustodyFile:
        """Open one file.

        Raises:
            InputError: it is not there, or no regular file.
        """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def list_files(self) -> Listing:
        """Sort the names in the directory by what they are."""
        there = self._names()
        names_there = {raw for raw, _ in there}
        return sort_names(there, lambda raw: self._find_companion(raw, names_there))

    def _find_companion(self, name: bytes, there: set[bytes]) -> Words | None:
        """Say who wrote a file that is a companion by its name and its bytes; None for everything else."""
        companion = find_companion(name)
        if companion is None or (companion.beside is not None and companion.beside not in there):
            return None
        try:
            with self._open(os.fsdecode(name)) as file:
                data = file.read(_MAX_COMPANION + 1)
        except InputError:
            return None
        if len(data) > _MAX_COMPANION or not companion.matches(data[:START_SIZE], len(data)):
            return None
        return name_companion(companion)

    def read_entry(self, sequence: int, event: str, *, with_details: bool = False) -> EntryFiles:
        """Read the bytes of one entry and of its signature, and those of its details if they are asked for.

        Raises:
            InputError: one of them is missing or cannot be read.
            FormatError: one of them is too large to be what its name says.
        """
        data = self.read_file(file_name(sequence, event, FileRole.ENTRY), MAX_ENTRY)
        signature = self.read_file(file_name(sequence, event, FileRole.SIGNATURE), MAX_SIGNATURE)
        details = file_name(sequence, event, FileRole.DETAILS)
        return EntryFiles(
            sequence, event, data, signature, self.read_file(details, MAX_ENTRY) if with_details else None
        )

    def read_receipt(self, sequence: int, event: str) -> tuple[bytes, bytes]:
        """Read the receipt for an entry: the bytes of the recipient's entry and of its signature."""
        entry, signature = receipt_names(sequence, event)
        return self.read_file(entry, MAX_ENTRY), self.read_file(signature, MAX_SIGNATURE)

    def read_informational(self, name: str) -> bytes:
        """Read an informational file."""
        return self.read_file(name, MAX_INFORMATIONAL)

    def read_stamp(self, name: StampName) -> bytes:
        """Read a file of time evidence."""
        return self.read_file(name.text, STAMP_LIMITS[name.role])

    def hash_file(self, name: str, hasher: Hasher) -> str:
        """Hash a file of the record; gives its digest in hexadecimal.

        Raises:
            InputError: it is missing or cannot be read.
            FormatError: it is too large to be what its name says.
        """
        for piece in self.read_chunks(name):
            hasher.update(piece)
        return hasher.hexdigest()

    def read_file(self, name: str, limit: int) -> bytes:
        """Read one small file whole."""
        with self._open(name) as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise FormatError("{name} has more than {limit} bytes", key="file-long", name=shown(name), limit=limit)
        return data

    def read_chunks(self, name: str) -> Iterator[bytes]:
        """Read a file of the record piece by piece, within the bound that its name gives it."""
        with self._open(name) as file:
            yield from read_within(name, file.read, bound_of(name))

    def read_pieces(self, name: str) -> Iterator[bytes]:
        """Read a file of the record piece by piece; the caller bounds what it keeps.

        Raises:
            InputError: it is missing or cannot be read.
        """
        with self._open(name) as file:
            while piece := file.read(_PIECE):
                yield piece

    def read_lines(self, name: str, limit: int = MAX_LINE) -> Iterator[bytes]:
        """Read a manifest or a list of checksums line by line; lines come without their newline.

        `limit` is the length of the longest line, in bytes.

        Raises:
            InputError: it is missing or cannot be read.
            FormatError: a line is too long, or the last one does not end in a newline.
        """
        with self._open(name) as file:
            while line := file.readline(limit + 1):
                yield _check_end(name, line, limit)[:-1]

    def read_blocks(self, name: str, lines: int, limit: int = MAX_LINE) -> Iterator[list[bytes]]:
        """Read as `read_lines` does, but so many lines at once, each with its newline; fewer where they are long.

        Raises:
            InputError: it is missing or cannot be read.
            FormatError: a line is too long, or the last one does not end in a newline.
        """
        ready: list[bytes] = []
        with self._open(name) as file:
            try:
                for new in _cut_lines(name, file, limit):
                    ready += new
                    while len(ready) >= lines:
                        yield ready[:lines]
                        del ready[:lines]
                    if sum(map(len, ready)) > _CHUNK:
                        yield ready
                        ready = []
            except (FormatError, InputError):
                # What was read before the place where it cannot be read any further is still known.
                if ready:
                    yield ready
                raise
        if ready:
            yield ready


def _cut_lines(name: str, file: CustodyFile, limit: int) -> Iterator[list[bytes]]:
    """Cut a file into its lines, large pieces at a time: a million calls for a line each would cost a second."""
    rest = b""
    while chunk := file.read(_CHUNK):
        lines = BytesIO(rest + chunk).readlines()
        rest = b"" if lines[-1].endswith(b"\n") else lines.pop()
        if len(max(lines, key=len, default=b"")) > limit + 1:
            good = list(takewhile(lambda line: len(line) <= limit + 1, lines))
            yield good
            _check_end(name, lines[len(good)][: limit + 1], limit)
        yield lines
        if len(rest) > limit:
            break
    if rest:
        _check_end(name, rest[: limit + 1], limit)


def _check_end(name: str, line: bytes, limit: int) -> bytes:
    """Return a line that ends in a newline as it is.

    Raises:
        FormatError: it does not.
    """
    if not line.endswith(b"\n"):
        reason = "is too long" if len(line) > limit else "does not end: the file was cut short"
        raise FormatError("{name}: a line {reason_en}", key="file-bad-line", name=shown(name), reason_en=reason)
    return line


class CustodyDirectory(CustodyReader):
    """A custody directory on disk, open for reading."""

    def __init__(self, location: TreeLocation) -> None:
        self.location = location
        self._tree = Tree(location)

    def close(self) -> None:
        """Close the directory."""
        self._tree.close()

    def _names(self) -> list[tuple[bytes, str]]:
        try:
            return self._tree.list_directory(b"")
        except OSError as error:
            raise InputError(
                "the custody directory cannot be listed: {why.strerror}",
                hint="check the medium, or work with a copy",
                key="custody-not-listed",
                why=error,
            ) from error

    def _open(self, name: str) -> CustodyFile:
        try:
            descriptor = self._tree.open_file(b"", os.fsencode(name))
        except OSError as error:
            raise InputError(
                "custody file {name}: {why.strerror}", key="custody-file", name=shown(name), why=error
            ) from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise InputError("custody file {name} is not a regular file", key="custody-not-regular", name=shown(name))
        return _File(descriptor, name)


class _File:
    """A file of a custody directory whose read errors name it."""

    def __init__(self, descriptor: int, name: str) -> None:
        self._file = os.fdopen(descriptor, "rb", buffering=256 * 1024)
        self._name = name

    def __enter__(self) -> _File:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except OSError as error:
            raise InputError(
                "custody file {name}: {why.strerror}", key="custody-file", name=shown(self._name), why=error
            ) from error

    def readline(self, size: int) -> bytes:
        try:
            return self._file.readline(size)
        except OSError as error:
            raise InputError(
                "custody file {name}: {why.strerror}", key="custody-file", name=shown(self._name), why=error
            ) from error
