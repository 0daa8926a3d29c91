"""A custody directory on disk, read.

Everything in it is a stranger's until a signature says otherwise: names are matched against a closed list, files are
opened without following links, read once, and never beyond their limit.
"""

from __future__ import annotations

import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterator
from enum import Enum
from io import BytesIO
from itertools import takewhile
from types import TracebackType
from typing import Protocol, Self

from msgspec import Struct

from evtool.core.container.companions import START_SIZE, SYSTEM_DIRECTORIES, find_companion
from evtool.core.custody.chain import EntryFiles
from evtool.core.custody.entry import INFORMATIONAL_FILES
from evtool.core.custody.events import Event
from evtool.core.errors import FormatError, InputError
from evtool.core.finding import Words
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.limits import (
    MAX_CHAIN_BYTES,
    MAX_CRL_BYTES,
    MAX_DISCLOSED_LIST,
    MAX_ENTRY,
    MAX_INFORMATIONAL,
    MAX_LINE,
    MAX_LIST_LINE,
    MAX_OCSP_BYTES,
    MAX_PROOF_BYTES,
    MAX_REQUEST_BYTES,
    MAX_RESPONSE_BYTES,
    MAX_SIGNATURE,
)
from evtool.core.text.names import shown, shown_path, store_name
from evtool.core.timestamp.stamp_names import StampName, StampRole, parse_stamp_name
from evtool.scan.companions import name_companion
from evtool.scan.tree import Tree, TreeLocation
from evtool.store.bounds import MANIFEST_BOUND, Bound, of_lines, of_size, read_within

NAME = b"custody"
"""Name of the custody directory inside an evidence directory."""

RECORD = NAME.decode("ascii")
"""The same as text: the name of the record in a bundle."""

README, ALLOWED_SIGNERS = INFORMATIONAL_FILES
COVER = "COVER.txt"
"""The cover sheet of a bundle: for people, signed by nobody, and not listed in any entry."""
_MAX_COMPANION = 1024 * 1024
_CHUNK = 1024 * 1024
_PIECE = 60 * 1024

STAMP_LIMITS = {
    StampRole.RESPONSE: MAX_RESPONSE_BYTES,
    StampRole.REQUEST: MAX_REQUEST_BYTES,
    StampRole.CHAIN: MAX_CHAIN_BYTES,
    StampRole.CRL: MAX_CRL_BYTES,
    StampRole.OCSP: MAX_OCSP_BYTES,
    StampRole.PROOF: MAX_PROOF_BYTES,
}
"""Largest files of time evidence, in bytes."""

_ENTRY_FILE = compiled_when_used(
    r"([0-9]{4})-([a-z]+(?:-[a-z]+)*)\.(toml|toml\.sig|jsonl|sha256|blake2b|items|details)\Z"
)
_RECEIPT_FILE = compiled_when_used(r"([0-9]{4})-(transferred|disclosed)\.receipt\.toml(\.sig)?\Z")
_UNFINISHED = compiled_when_used(r"\.(?:[0-9]{4}-[a-z-]+\.[a-z0-9.-]+|README\.txt|allowed_signers|lock)\.part\Z")


class FileRole(Enum):
    """What a file in a custody directory is for."""

    ENTRY = "toml"
    SIGNATURE = "toml.sig"
    MANIFEST = "jsonl"
    CHECKSUMS = "sha256"
    RENEWAL = "blake2b"
    DISCLOSED = "items"
    DETAILS = "details"


class Listing(Struct, frozen=True):
    """The names in a custody directory, sorted by what they are.

    Attributes:
        files: sequence and event -> the roles of the files that are there.
        receipts: sequence and event of the entries that have a receipt beside them.
        stamps: files of time evidence, sorted by name.
        informational: names of the informational files that are there.
        unfinished: names of what an interrupted run left behind.
        companions: what other systems wrote beside the record: stored name, and who did.
        foreign: names that evtool does not write, in stored form, and anything that is not a regular file.
    """

    files: dict[tuple[int, str], frozenset[FileRole]]
    receipts: frozenset[tuple[int, str]]
    stamps: tuple[StampName, ...]
    informational: tuple[str, ...]
    unfinished: tuple[str, ...]
    companions: tuple[tuple[str, Words], ...]
    foreign: tuple[str, ...]

    @property
    def entries(self) -> list[tuple[int, str]]:
        """Entries that exist: those whose signature is there; the signature is written last."""
        return sorted(key for key, roles in self.files.items() if FileRole.SIGNATURE in roles)

    @property
    def seals(self) -> frozenset[int]:
        """Numbers of the entries that seal items."""
        return frozenset(sequence for sequence, event in self.entries if event == Event.SEALED.value)

    @property
    def unsigned(self) -> list[tuple[int, str]]:
        """Entries of which some file is there, but no signature."""
        return sorted(key for key, roles in self.files.items() if FileRole.SIGNATURE not in roles)

    @property
    def lost(self) -> list[tuple[int, str]]:
        """Entries without a signature of which no interrupted run is the reason."""
        return [
            (sequence, event)
            for sequence, event in self.unsigned
            if not any(_explains(name, sequence, event) for name in self.unfinished)
        ]

    @property
    def is_ours(self) -> bool:
        """Whether evtool wrote this directory, or may write it: it holds an entry, or nothing but our leftovers."""
        if self.entries or not (self.foreign or self.informational or self.unsigned or self.stamps):
            return True
        # A first seal that was interrupted while its files got their names.
        return not self.foreign and any(name.endswith(".toml.sig.part") for name in self.unfinished)


def _explains(unfinished: str, sequence: int, event: str) -> bool:
    """Tell whether a leftover shows that the entry was never finished; time-stamps are written after it exists."""
    written = unfinished.removeprefix(".").removesuffix(".part")
    return written.startswith(f"{sequence:04d}-{event}.") and parse_stamp_name(written) is None


def file_name(sequence: int, event: str, role: FileRole) -> str:
    """Name one file of an entry."""
    return f"{sequence:04d}-{event}.{role.value}"


def receipt_names(sequence: int, event: str) -> tuple[str, str]:
    """Name the two files of the receipt for an entry: the recipient's entry, and its signature."""
    name = f"{sequence:04d}-{event}.receipt.toml"
    return name, f"{name}.sig"


_BOUNDS = {
    FileRole.ENTRY: of_size(MAX_ENTRY),
    FileRole.SIGNATURE: of_size(MAX_SIGNATURE),
    FileRole.MANIFEST: MANIFEST_BOUND,
    FileRole.CHECKSUMS: MANIFEST_BOUND,
    FileRole.RENEWAL: of_lines(MAX_LIST_LINE),
    FileRole.DISCLOSED: of_size(MAX_DISCLOSED_LIST),
    FileRole.DETAILS: of_size(MAX_ENTRY),
}


def bound_of(name: str) -> Bound:
    """Give the bound of a file in a custody directory; what evtool does not write there is small, or not read."""
    # What is still being written has the name that it will get, between these two.
    name = name.removeprefix(".").removesuffix(".part")
    if match := _ENTRY_FILE.match(name):
        return _BOUNDS[FileRole(match[3])]
    if match := _RECEIPT_FILE.match(name):
        return of_size(MAX_SIGNATURE if match[3] else MAX_ENTRY)
    stamp = parse_stamp_name(name)
    return of_size(STAMP_LIMITS[stamp.role] if stamp else MAX_INFORMATIONAL)


def locate_custody(evidence: TreeLocation, custody: str | None) -> TreeLocation | None:
    """Find the custody directory of an evidence directory; None if there is none yet.

    `custody` is where the user says it is; by default it is `custody/` in the evidence directory, and must not be a
    link: a link could show a reader other entries than the ones that travel with the evidence.

    Raises:
        InputError: what is there is no directory.
    """
    path = os.fsencode(os.path.abspath(custody)) if custody else os.path.join(evidence.path, NAME)
    try:
        facts = os.stat(path) if custody else os.lstat(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{shown(os.fsdecode(path))}: {error.strerror}") from error
    if not stat.S_ISDIR(facts.st_mode):
        raise InputError(f"{shown(os.fsdecode(os.path.basename(path)))} is not a directory")
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
        files: dict[tuple[int, str], set[FileRole]] = {}
        receipts: dict[tuple[int, str], list[str]] = {}
        stamps: list[StampName] = []
        informational, unfinished, foreign = [], [], []
        companions: list[tuple[str, Words]] = []
        there = self._names()
        names_there = {raw for raw, _ in there}
        for raw, kind in sorted(there):
            name = raw.decode("utf-8", "replace")
            match = _ENTRY_FILE.match(name)
            if kind == "d" and raw in SYSTEM_DIRECTORIES:
                companions.append((store_name(raw), Words("system-folder")))
            elif kind != "f":
                foreign.append(shown_path(raw))
            elif match and int(match[1]) > 0:
                files.setdefault((int(match[1]), match[2]), set()).add(FileRole(match[3]))
            elif receipt := _RECEIPT_FILE.match(name):
                receipts.setdefault((int(receipt[1]), receipt[2]), []).append(name)
            elif stamp := parse_stamp_name(name):
                stamps.append(stamp)
            elif name in INFORMATIONAL_FILES or name == COVER:
                informational.append(name)
            elif _UNFINISHED.match(name):
                unfinished.append(name)
            elif who := self._find_companion(raw, names_there):
                companions.append((store_name(raw), who))
            else:
                foreign.append(shown_path(raw))
        for key, names in list(receipts.items()):
            entry, signature = receipt_names(*key)
            # An interrupted run: of the two, the signature gets its name last.
            if names == [entry] and f".{signature}.part" in unfinished:
                unfinished += receipts.pop(key)
        return Listing(
            {key: frozenset(roles) for key, roles in files.items()},
            frozenset(receipts),
            tuple(stamps),
            tuple(informational),
            tuple(unfinished),
            tuple(companions),
            tuple(foreign),
        )

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
            raise FormatError(f"{shown(name)} has more than {limit} bytes")
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
        raise FormatError(f"{shown(name)}: a line {reason}")
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
                f"the custody directory cannot be listed: {error.strerror}",
                hint="check the medium, or work with a copy",
            ) from error

    def _open(self, name: str) -> CustodyFile:
        try:
            descriptor = self._tree.open_file(b"", os.fsencode(name))
        except OSError as error:
            raise InputError(f"custody file {shown(name)}: {error.strerror}") from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise InputError(f"custody file {shown(name)} is not a regular file")
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
            raise InputError(f"custody file {shown(self._name)}: {error.strerror}") from error

    def readline(self, size: int) -> bytes:
        try:
            return self._file.readline(size)
        except OSError as error:
            raise InputError(f"custody file {shown(self._name)}: {error.strerror}") from error
