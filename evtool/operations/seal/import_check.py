"""Comparing a directory with what somebody else's list says of it, in the one read that its seal needs as well."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from blake3 import blake3

from evtool.core.errors import EvidenceError, MismatchError
from evtool.core.text.names import nfc_key, shown, store_name
from evtool.core.text.patterns import Exclusions
from evtool.interop.checksum_lists import Expected
from evtool.operations.progress import Progress
from evtool.scan.observe import Observation, stamp_of
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


@dataclass(frozen=True, slots=True)
class Expectation:
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


@dataclass(frozen=True, slots=True)
class _Read:
    """A file that was read: its SHA-256, and every digest by algorithm that any list may want of it."""

    found: Found
    size: int
    digests: Mapping[str, str]


@dataclass(slots=True)
class ImportCheck:
    """A check under way, and then its result.

    Attributes:
        expectation: what is compared with.
        checked: files that were compared with a list.
        unlisted: stored names of files and links that are in no list.
        digests: stored path -> SHA-256 of every file that was read.
    """

    expectation: Expectation
    checked: int = 0
    unlisted: list[str] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    _waiting: dict[bytes, Expected] = field(default_factory=dict)
    _forms: dict[str, list[bytes]] = field(default_factory=dict)
    _unmatched: list[_Read] = field(default_factory=list)
    _problems: list[str] = field(default_factory=list)
    _unreadable: list[str] = field(default_factory=list)
    _bytes: int = 0
    _files: int = 0

    def run(
        self, tree: Tree, custody: bytes | None, exclusions: Exclusions, journal: Journal, progress: Progress
    ) -> None:
        """Read every file once, compare it, and let the journal remember what the seal needs.

        Raises:
            MismatchError: something is not as listed.
            EvidenceError: nothing is, but something could not be read.
        """
        self._waiting = dict(self.expectation.files)
        for path in self._waiting:
            self._forms.setdefault(nfc_key(store_name(path)), []).append(path)
        progress.start("checking", len(self._waiting), None)
        for found in walk(tree, custody=custody, exclusions=exclusions, notes=WalkNotes()):
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
        algorithms = {name for path in wanted for name in self.expectation.files[path].digests}
        try:
            observation, digests = _read(tree, found, algorithms)
        except EvidenceError as error:
            self._unreadable.append(error.message)
            self._waiting.pop(path, None)
            return
        size = observation.stamp.size if observation.stamp else 0
        progress.advance(files=1, size=size)
        journal.add(path, observation)
        self.digests[store_name(path)] = observation.sha256
        if self.expectation.is_closed(path):
            self._bytes += size
            self._files += 1
        read = _Read(found, size, digests)
        if (expected := self._waiting.pop(path, None)) is not None:
            self._compare(read, expected)
        else:
            self._unmatched.append(read)

    def _take_other(self, found: Found) -> None:
        name = shown(store_name(found.path))
        if found.kind is Kind.UNREADABLE:
            self._unreadable.append(f"the directory {name} cannot be listed")
        elif self._waiting.pop(found.path, None) is not None:
            self._problems.append(f"{name} is {_KINDS[found.kind]}, and listed as a file")
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
                self._compare(read, self._waiting.pop(forms[0]))
            else:
                rest.append(read)
        self._unmatched = rest

    def _judge_rest(self) -> None:
        """Judge what is in a list or in the directory only, and the numbers and texts of a bag."""
        for path in sorted(self._waiting):
            why = ", and was to be fetched from a network" if path in self.expectation.to_fetch else ""
            self._problems.append(f"{shown(store_name(path))} is missing{why}")
        for read in self._unmatched:
            name = store_name(read.found.path)
            if self.expectation.is_closed(read.found.path):
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

    def _raise_problems(self) -> None:
        if self._problems:
            raise MismatchError(
                f"the evidence is not as listed, so nothing was sealed: {_join(self._problems)}",
                hint="ask for another copy; what is there can be sealed as it is with `evtool seal`",
            )
        if self._unreadable:
            raise EvidenceError(f"nothing was sealed, because not everything could be read: {_join(self._unreadable)}")


def _join(problems: list[str]) -> str:
    more = f"; and {len(problems) - _MAX_NAMED} more" if len(problems) > _MAX_NAMED else ""
    return "; ".join(problems[:_MAX_NAMED]) + more


def _read(tree: Tree, found: Found, wanted: set[str]) -> tuple[Observation, dict[str, str]]:
    """Read a file once, computing every digest that is wanted beside the two of a seal.

    Raises:
        EvidenceError: it cannot be read, or changed meanwhile.
    """
    name = shown(store_name(found.path))
    hashers: dict[str, Hasher] = {"sha256": hashlib.sha256(), "blake3": blake3()}
    for algorithm in wanted - hashers.keys():
        # MD5 and SHA-1 are compared because old lists hold nothing else; whoever reads the answer is told.
        hashers[algorithm] = hashlib.new(algorithm, usedforsecurity=False)
    started = time.time_ns()
    try:
        descriptor = tree.open_file(found.directory, found.name)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            before, length = os.fstat(descriptor), 0
            while chunk := file.read(_CHUNK):
                length += len(chunk)
                for hasher in hashers.values():
                    hasher.update(chunk)
            after = os.fstat(descriptor)
    except OSError as error:
        raise EvidenceError(f"{name} cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(before.st_mode) or stamp_of(before) != stamp_of(after) or length != after.st_size:
        raise EvidenceError(f"{name} changed while it was read")
    digests = {algorithm: hasher.hexdigest() for algorithm, hasher in hashers.items()}
    observation = Observation(Kind.FILE, stamp_of(after), digests["sha256"], digests["blake3"], started=started)
    return observation, digests
