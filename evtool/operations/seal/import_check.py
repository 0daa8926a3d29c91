"""Comparing a directory with what somebody else's list says of it, in the one read that its seal needs as well."""

from __future__ import annotations

import hashlib
import os
import stat
import time
import zlib
from collections.abc import Iterator, Mapping
from functools import partial

from blake3 import blake3
from msgspec import Struct, field

from evtool.core.errors import EvidenceError, MismatchError, NotEstablishedError
from evtool.core.text.counts import counted
from evtool.core.text.names import nfc_key, shown, store_name
from evtool.core.text.patterns import LITTER_PATTERNS, Exclusions
from evtool.interop.expected import CRC32, WEAK, Expected
from evtool.scan.measure import measure_tree
from evtool.scan.meter import Meter, watch
from evtool.scan.observe import Observation, stamp_of
from evtool.scan.progress import Progress
from evtool.scan.tree import Tree
from evtool.scan.walk import Found, Kind, WalkNotes, walk
from evtool.store.custody import Hasher
from evtool.store.journal import Journal

_CHUNK = 1024 * 1024
_MAX_NAMED = 20

_KINDS = {
    Kind.SYMLINK: "a symbolic link",
    Kind.EMPTY_DIRECTORY: "a directory",
    Kind.SPECIAL: "a device, a socket or a FIFO",
}


class Expectation(Struct, frozen=True):
    """What a directory has to be like.

    Attributes:
        files: path -> what the lists say of it.
        closed: beginning of the paths that must not be there without being listed; None if any may.
        texts: path of a list inside the directory -> SHA-256 of what was read of it.
        total: bytes and number of files under `closed`, where the lists say so.
        to_fetch: paths that were to be fetched from a network.
    """

    files: Mapping[bytes, Expected]
    closed: bytes | None = None
    texts: Mapping[bytes, str] = field(default_factory=dict)
    total: tuple[int, int] | None = None
    to_fetch: frozenset[bytes] = frozenset()

    def is_closed(self, path: bytes) -> bool:
        """Tell whether a path must be listed if it is there."""
        return self.closed is not None and path.startswith(self.closed)


class _Read(Struct, frozen=True):
    """A file that was read: its SHA-256, and every digest by algorithm that any list may want of it."""

    found: Found
    size: int
    digests: Mapping[str, str]


class ImportCheck(Struct):
    """A check under way, and then its result.

    Attributes:
        expectation: what is compared with.
        checked: files that were compared with a list.
        unlisted: stored names of files and links that are in no list.
        digests: stored path -> SHA-256 of every file that was read.
        notes: what is unusual in what was found, in sentences that are safe to print.
    """

    expectation: Expectation
    checked: int = 0
    unlisted: list[str] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _waiting: dict[bytes, Expected] = field(default_factory=dict)
    _algorithms: set[str] = field(default_factory=set)
    _forms: dict[str, list[bytes]] = field(default_factory=dict)
    _unmatched: list[_Read] = field(default_factory=list)
    _names: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    _problems: list[str] = field(default_factory=list)
    _absent: list[str] = field(default_factory=list)
    _unreadable: list[str] = field(default_factory=list)
    _bytes: int = 0
    _files: int = 0

    def run(
        self, tree: Tree, custody_name: bytes | None, exclusions: Exclusions, journal: Journal, progress: Progress
    ) -> None:
        """Read every file once, compare it, and let the journal remember what the seal needs.

        Raises:
            MismatchError: something is not as listed.
            NotEstablishedError: the bytes of whatever was compared are as listed, but not everything is there.
            EvidenceError: nothing is, but something could not be read.
        """
        self._waiting = dict(self.expectation.files)
        self._algorithms = {name for file in self._waiting.values() for name in file.digests}
        for path in self._waiting:
            self._forms.setdefault(nfc_key(store_name(path)), []).append(path)
        measured = measure_tree(tree.location, custody_name=custody_name, exclusions=exclusions)
        progress.start("checking", len(self._waiting), None, measure=measured)
        for found in walk(tree, custody_name=custody_name, exclusions=exclusions, notes=WalkNotes()):
            if found.kind is Kind.FILE:
                self._take_file(tree, found, journal, progress)
            else:
                self._take_other(found)
        self._match_name_forms()
        self._judge_rest()
        self._raise_problems()

    def _take_file(self, tree: Tree, found: Found, journal: Journal, progress: Progress) -> None:
        path = found.path
        wanted = {path} if path in self._waiting else set(self._forms.get(nfc_key(store_name(path)), ()))
        # What no list names under this name may be listed under another.
        algorithms = {name for path in wanted for name in self.expectation.files[path].digests} or self._algorithms
        try:
            observation, digests = _read(tree, found, algorithms, progress.meter)
        except EvidenceError as error:
            self._unreadable.append(error.message)
            self._waiting.pop(path, None)
            return
        size = observation.stamp.size if observation.stamp else 0
        progress.advance(files=1, size=size, item=path)
        journal.add(path, observation)
        self.digests[store_name(path)] = observation.sha256
        if self.expectation.is_closed(path) and not self._seems_litter(path):
            self._bytes += size
            self._files += 1
        read = _Read(found, size, digests)
        if (expected := self._waiting.pop(path, None)) is not None:
            self._compare(read, expected)
        else:
            self._unmatched.append(read)
            for algorithm in algorithms:
                self._names.setdefault((algorithm, digests[algorithm]), []).append(store_name(path))

    def _take_other(self, found: Found) -> None:
        name = shown(store_name(found.path))
        if found.kind is Kind.UNREADABLE:
            self._unreadable.append(f"the directory {name} cannot be listed")
        elif self._waiting.pop(found.path, None) is not None:
            self._absent.append(f"{name} is {_KINDS[found.kind]}, and listed as a file")
        elif found.kind is Kind.SPECIAL:
            self._unreadable.append(f"{name} is {_KINDS[found.kind]}, and cannot be sealed")
        elif found.kind is Kind.SYMLINK and self.expectation.is_closed(found.path):
            self._problems.append(f"{name} is a symbolic link, which no manifest can list")
        elif found.kind is Kind.SYMLINK:
            self.unlisted.append(store_name(found.path))

    def _compare(self, read: _Read, expected: Expected) -> None:
        self.checked += 1
        name = shown(store_name(read.found.path))
        if expected.size is not None and expected.size != read.size:
            self._problems.append(f"{name}: its size is {read.size}, the list says {expected.size}")
            return
        for algorithm, digest in expected.digests.items():
            if read.digests[algorithm] != digest:
                found = read.digests[algorithm][:16]
                self._problems.append(f"{name}: {algorithm} is {found}..., the list says {digest[:16]}...")
                return

    def _match_name_forms(self) -> None:
        """A copy through another system may spell the same name with other code points; then the digests decide."""
        rest = []
        for read in self._unmatched:
            forms = self._forms.get(nfc_key(store_name(read.found.path)), [])
            if len(forms) == 1 and forms[0] in self._waiting:
                self._note(f"{shown(store_name(read.found.path))} is listed in another Unicode form of its name")
                self._compare(read, self._waiting.pop(forms[0]))
            else:
                rest.append(read)
        self._unmatched = rest

    def _seems_litter(self, path: bytes) -> bool:
        """Tell whether a file that is in no list has a name that is left out where its bytes are those of litter."""
        return store_name(path).rpartition("/")[2] in LITTER_PATTERNS and path not in self.expectation.files

    def _note(self, text: str) -> None:
        if len(self.notes) < _MAX_NAMED:
            self.notes.append(text)

    def _judge_rest(self) -> None:
        """Judge what is in a list or in the directory only, and the numbers and texts of a bag."""
        for path in sorted(self._waiting):
            why = ", and was to be fetched from a network" if path in self.expectation.to_fetch else ""
            name = shown(store_name(path))
            elsewhere = self._find_elsewhere(self._waiting[path])
            self._absent.append(
                f"{name} is not there under this name; {elsewhere}" if elsewhere else f"{name} is missing{why}"
            )
        for read in self._unmatched:
            name = store_name(read.found.path)
            if self._seems_litter(read.found.path):
                self.unlisted.append(name)
                self._note(
                    f"{shown(name)} has the name of what systems write into folders, and other bytes: it is sealed"
                )
            elif self.expectation.is_closed(read.found.path):
                self._problems.append(f"{shown(name)} is in the payload, and in no manifest")
            else:
                self.unlisted.append(name)
        for path, digest in self.expectation.texts.items():
            if self.digests.get(store_name(path)) != digest:
                self._problems.append(f"{shown(store_name(path))} changed while the evidence was read")
        total = self.expectation.total
        if total is not None and total != (self._bytes, self._files) and not self._unreadable:
            self._problems.append(
                f"the Payload-Oxum gives {total[0]} bytes in {total[1]} files, "
                f"the payload has {self._bytes} in {self._files}"
            )
        self.unlisted.sort()

    def _find_elsewhere(self, expected: Expected) -> str:
        """Say under which name the bytes of a listed file are here; empty if they are not."""
        for algorithm in sorted(expected.digests, key=lambda name: (name in WEAK, name)):
            if names := self._names.get((algorithm, expected.digests[algorithm])):
                what = f"a file with the same {algorithm} is" if algorithm in WEAK else "the same bytes are"
                more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
                return f"{what} here as {shown(names[0])}{more}"
        if sha256 := expected.digests.get("sha256"):
            twin = next((name for name, digest in self.digests.items() if digest == sha256), None)
            return f"the same bytes are here as {shown(twin)}, which is listed too" if twin is not None else ""
        return ""

    def _raise_problems(self) -> None:
        if self.expectation.closed is not None:
            # A bag says of itself that it is complete; a list does not say that nobody may move or rename a file.
            self._problems, self._absent = self._absent + self._problems, []
        if self._problems:
            raise MismatchError(
                "the evidence is not as listed, so nothing was sealed:",
                hint="ask for another copy; what is there can be sealed as it is with `evtool seal DIR`",
                key="import-differs",
                lines=(*_first(self._problems + self._absent + self._unreadable), *self._unlisted_lines()),
            )
        if self._unreadable:
            raise EvidenceError(
                "nothing was sealed, because not everything could be read:",
                key="import-unread",
                lines=tuple(_first(self._unreadable + self._absent)),
            )
        if self._absent:
            raise NotEstablishedError(
                "nothing was sealed, because not everything that the list names is there:",
                hint="{counted_en} could be compared, and none differs; check that this is the right "
                "directory. What is there can be sealed as it is with `evtool seal DIR`",
                key="import-absent",
                lines=(*_first(self._absent), *self._unlisted_lines()),
                counted_en=counted(self.checked, "file", "files"),
                count=self.checked,
            )

    def _unlisted_lines(self) -> Iterator[str]:
        """Name what is there and in no list: it may be what seems to be missing."""
        yield from (f"in no list: {shown(name)}" for name in self.unlisted[:_MAX_NAMED])
        if len(self.unlisted) > _MAX_NAMED:
            yield f"in no list: {len(self.unlisted) - _MAX_NAMED:,} more"


class _Crc32:
    """CRC-32 (ITU-T V.42), used like what `hashlib` gives."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes, /) -> None:
        """Take more bytes in."""
        self._value = zlib.crc32(data, self._value)

    def hexdigest(self) -> str:
        """Give the checksum of what was taken in, as SFV lists spell it."""
        return f"{self._value:08x}"


def _first(problems: list[str]) -> Iterator[str]:
    yield from problems[:_MAX_NAMED]
    if len(problems) > _MAX_NAMED:
        yield f"and {len(problems) - _MAX_NAMED:,} more"


def _read(tree: Tree, found: Found, wanted: set[str], meter: Meter | None) -> tuple[Observation, dict[str, str]]:
    """Read a file once, computing every digest that is wanted beside the two of a seal.

    Raises:
        EvidenceError: it cannot be read, or changed meanwhile.
    """
    name = shown(store_name(found.path))
    hashers: dict[str, Hasher] = {"sha256": hashlib.sha256(), "blake3": blake3()}
    for algorithm in wanted - hashers.keys():
        # MD5 and SHA-1 are compared because old lists hold nothing else; whoever reads the answer is told.
        hashers[algorithm] = _Crc32() if algorithm == CRC32 else hashlib.new(algorithm, usedforsecurity=False)
    started = time.time_ns()
    try:
        descriptor = tree.open_file(found.directory, found.name)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            before, length = os.fstat(descriptor), 0
            for chunk in watch(meter, found.path, before.st_size, iter(partial(file.read, _CHUNK), b"")):
                length += len(chunk)
                for hasher in hashers.values():
                    hasher.update(chunk)
            after = os.fstat(descriptor)
    except OSError as error:
        raise EvidenceError(
            "{name} cannot be read: {why.strerror}", key="import-file-unreadable", name=name, why=error
        ) from error
    if not stat.S_ISREG(before.st_mode) or stamp_of(before) != stamp_of(after) or length != after.st_size:
        raise EvidenceError("{name} changed while it was read", key="import-file-changed", name=name)
    digests = {algorithm: hasher.hexdigest() for algorithm, hasher in hashers.items()}
    observation = Observation(Kind.FILE, stamp_of(after), digests["sha256"], digests["blake3"], started=started)
    return observation, digests
