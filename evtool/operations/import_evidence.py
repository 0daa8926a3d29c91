"""Importing: evidence that somebody else listed is checked against that list, and sealed, in one read of every file.

The check computes the digests that the list needs beside those that a seal needs. The latter go into the journal of the
seal, which uses them for every file that has not changed since; so what was checked is what is sealed.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from blake3 import blake3

from evtool.core.errors import FormatError, InputError, MismatchError, UsageError
from evtool.core.events import Code, Collected
from evtool.core.names import nfc_key, shown, store_name
from evtool.core.patterns import DEFAULT_PATTERNS, Exclusions
from evtool.core.privacy import check_entry_text
from evtool.interop.checksum_lists import HASHDEEP, MAX_LINE, WEAK, Expected, read_list
from evtool.interop.foreign_bag import PAYLOAD, ForeignBag, read_foreign_bag
from evtool.keys.signer import Signer
from evtool.operations.comparison import Selection
from evtool.operations.entry_writer import (
    EntryHeader,
    Now,
    OpenRecord,
    Random,
    open_for_writing,
    system_now,
    write_entry,
)
from evtool.operations.progress import NoProgress, Progress
from evtool.operations.read import list_items, open_record
from evtool.operations.seal import seal
from evtool.operations.seal_options import SealOptions, SealResult
from evtool.scan.observe import Observation, Stamp
from evtool.scan.tree import Tree, TreeLocation
from evtool.scan.walk import Found, Kind, WalkNotes, walk
from evtool.store.custody import NAME
from evtool.store.journal import Journal, journal_name

_CHUNK = 1024 * 1024
_MAX_TEXT_FILE = 512 * 1024 * 1024
_MAX_NAMED = 20


class Hasher(Protocol):
    """A digest being computed."""

    def update(self, data: bytes, /) -> object:
        """Take bytes into account."""

    def hexdigest(self) -> str:
        """Give the digest of all bytes so far."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the evidence came from, for the entry `collected`.

    Attributes:
        source: code of whom or what it came from, or None.
        place: coarse place, or None.
    """

    source: Code | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Evidence that was checked and sealed.

    Attributes:
        collected: number of the entry that records where it came from.
        checked: files that were compared with a list.
        algorithms: of the digests that were compared.
        unlisted: stored names of files that are sealed, but in no list.
        seal: what sealing did.
    """

    collected: int
    checked: int
    algorithms: tuple[str, ...]
    unlisted: tuple[str, ...]
    seal: SealResult

    @property
    def is_weak(self) -> bool:
        """Whether nothing better than MD5 or SHA-1 was compared: that shows accidents, not attacks."""
        return set(self.algorithms) <= WEAK


@dataclass(slots=True)
class _Check:
    """A check under way."""

    expected: dict[bytes, Expected]
    may_be_unlisted: Callable[[bytes], bool]
    checked: int = 0
    problems: list[str] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    """Stored path -> SHA-256 of every file that was read."""
    octets: int = 0
    streams: int = 0


def import_bag(
    path: str | os.PathLike[str],
    signer: Signer,
    options: SealOptions,
    origin: Origin,
    *,
    progress: Progress | None = None,
    random: Random = os.urandom,
    now: Now = system_now,
) -> ImportResult:
    """Check a bag of another program against all of its manifests, and seal it where it lies.

    Raises:
        FormatError: it is no bag, or not one that is read.
        MismatchError: a file differs, is missing, or is in the payload and not listed; nothing was sealed.
        InputError, UsageError: it cannot be read, or is sealed already.
    """
    evidence = TreeLocation.find(os.fspath(path))
    with Tree(evidence) as tree:
        bag = _read_bag(tree)
    names = ", ".join(bag.manifests)
    method = f"BagIt {bag.version[0]}.{bag.version[1]} bag, checked against {names}"
    check = _Check(bag.files, lambda path: not path.startswith(PAYLOAD))
    return _import(path, signer, options, origin, method, check, bag, progress or NoProgress(), random, now)


def import_list(
    path: str | os.PathLike[str],
    list_path: str | os.PathLike[str],
    format_name: str,
    signer: Signer,
    options: SealOptions,
    origin: Origin,
    *,
    strip: bytes = b"",
    progress: Progress | None = None,
    random: Random = os.urandom,
    now: Now = system_now,
) -> ImportResult:
    """Check a directory against a list of sha256sum, b3sum or hashdeep, and seal it.

    Files that the list does not name are sealed all the same, and named in the result.

    Raises:
        FormatError: the list is not in the format.
        MismatchError: a file differs or is missing; nothing was sealed.
        InputError, UsageError: something cannot be read, or is sealed already.
    """
    digest = hashlib.sha256()
    try:
        with open(list_path, "rb") as file:
            expected = read_list(_lines(file.readline, digest), format_name, strip)
    except OSError as error:
        raise InputError(f"{shown(os.fsdecode(os.fspath(list_path)))}: {error.strerror}") from error
    method = f"list of {format_name} with {len(expected)} files, SHA-256 of the list {digest.hexdigest()}"
    check = _Check(expected, lambda path: True)
    return _import(path, signer, options, origin, method, check, None, progress or NoProgress(), random, now)


def list_formats() -> list[str]:
    """Name the formats of lists."""
    from evtool.interop.checksum_lists import LIST_FORMATS

    return [*LIST_FORMATS, HASHDEEP]


def _lines(readline: Callable[[int], bytes], digest: Hasher) -> Iterator[bytes]:
    while line := readline(MAX_LINE + 2):
        digest.update(line)
        if len(line) > MAX_LINE + 1:
            raise FormatError(f"a line of the list has more than {MAX_LINE} bytes")
        yield line.removesuffix(b"\n")


def _read_bag(tree: Tree) -> ForeignBag:
    def read(name: str) -> bytes:
        descriptor = tree.open_file(b"", name.encode("utf-8"))
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(_MAX_TEXT_FILE + 1)
        if len(data) > _MAX_TEXT_FILE:
            raise FormatError(f"{shown(name)} has more than {_MAX_TEXT_FILE} bytes")
        return data

    def exists(path: bytes) -> bool:
        directory, _, name = path.rpartition(b"/")
        try:
            return tree.stat(directory, name) is not None
        except OSError:
            return False

    names = [name.decode("utf-8", "replace") for name, kind in tree.list_directory(b"") if kind == "f"]
    try:
        return read_foreign_bag(names, read, exists)
    except OSError as error:
        raise InputError(f"the bag cannot be read: {error.strerror}") from error


def _import(
    path: str | os.PathLike[str],
    signer: Signer,
    options: SealOptions,
    origin: Origin,
    method: str,
    check: _Check,
    bag: ForeignBag | None,
    progress: Progress,
    random: Random,
    now: Now,
) -> ImportResult:
    details = Collected(source=origin.source, place=origin.place, method=method[:_MAX_METHOD])
    check_entry_text(details, options.reason, options.policy)
    with open_for_writing(path, options.custody) as record:
        if record.collection.chain.links:
            raise UsageError("this directory is sealed already", hint="evtool seal adds what is new to it")
        # The seal will be the entry after the next one.
        journal_file = journal_name(record.next_sequence + 1)
        journal = Journal(record.writer.open_kept(journal_file))
        try:
            _compare_all(record, check, journal, options, progress)
        finally:
            journal.close()
        try:
            _require_as_listed(check, bag)
        except MismatchError:
            record.writer.remove(journal_file)
            raise
        header = EntryHeader(options.reason, options.happened_at, options.clock)
        collected = write_entry(record, signer, header, details, random=random, now=now)
    result = seal(path, signer, options, progress=progress, random=random, now=now)
    _require_sealed_as_checked(path, options, check.digests)
    algorithms = sorted({name for file in check.expected.values() for name in file.digests})
    return ImportResult(collected.sequence, check.checked, tuple(algorithms), tuple(check.unlisted), result)


_MAX_METHOD = 1000


def _compare_all(record: OpenRecord, check: _Check, journal: Journal, options: SealOptions, progress: Progress) -> None:
    """Read every file once, compare it with the list, and remember what the seal needs."""
    exclusions = Exclusions((() if options.reset_exclusions else DEFAULT_PATTERNS) + options.exclude)
    progress.start("checking", len(check.expected), None)
    waiting = dict(check.expected)
    unmatched: list[tuple[Found, Observation]] = []
    with Tree(record.evidence) as tree:
        for found in walk(tree, custody=NAME if record.inside else None, exclusions=exclusions, notes=WalkNotes()):
            if found.kind is not Kind.FILE:
                continue
            expected = waiting.pop(found.path, None)
            observation, digests = _read(tree, found, expected.digests if expected else {})
            check.digests[store_name(found.path)] = observation.sha256
            if found.path.startswith(PAYLOAD) and observation.stamp:
                check.octets += observation.stamp.size
                check.streams += 1
            journal.add(found.path, observation)
            progress.advance(files=1, size=observation.stamp.size if observation.stamp else 0)
            if expected is None:
                unmatched.append((found, observation))
            else:
                _compare(found.path, expected, observation, digests, check)
    _match_name_forms(waiting, unmatched, check)
    check.problems += [f"{shown(store_name(path))} is missing" for path in sorted(waiting)]
    for found, _ in unmatched:
        name = store_name(found.path)
        if check.may_be_unlisted(found.path):
            check.unlisted.append(name)
        else:
            check.problems.append(f"{shown(name)} is in the payload, and in no manifest")


def _read(tree: Tree, found: Found, wanted: Mapping[str, str]) -> tuple[Observation, dict[str, str]]:
    """Read a file once, computing every digest that is wanted beside the two of a seal.

    Raises:
        InputError: it cannot be read, or changed meanwhile.
    """
    name = shown(store_name(found.path))
    hashers: dict[str, Hasher] = {"sha256": hashlib.sha256(), "blake3": blake3()}
    for algorithm in wanted.keys() - hashers.keys():
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
        raise InputError(f"{name} cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(before.st_mode) or _stamp(before) != _stamp(after) or length != after.st_size:
        raise InputError(f"{name} changed while it was read", hint="make sure that nothing writes to it")
    digests = {algorithm: hasher.hexdigest() for algorithm, hasher in hashers.items()}
    observation = Observation(Kind.FILE, _stamp(after), digests["sha256"], digests["blake3"], started=started)
    return observation, digests


def _stamp(facts: os.stat_result) -> Stamp:
    return Stamp(facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino)


def _compare(path: bytes, expected: Expected, seen: Observation, digests: Mapping[str, str], check: _Check) -> None:
    check.checked += 1
    name = shown(store_name(path))
    if expected.size is not None and seen.stamp and expected.size != seen.stamp.size:
        check.problems.append(f"{name}: its size is {seen.stamp.size}, the list says {expected.size}")
        return
    for algorithm, digest in expected.digests.items():
        if digests[algorithm] != digest:
            found = digests[algorithm][:16]
            check.problems.append(f"{name}: {algorithm} is {found}..., the list says {digest[:16]}...")
            return


def _match_name_forms(
    waiting: dict[bytes, Expected], unmatched: list[tuple[Found, Observation]], check: _Check
) -> None:
    """A copy through another system may spell the same name with other code points; then SHA-256 or BLAKE3 decides."""
    forms: dict[str, list[bytes]] = {}
    for path in waiting:
        forms.setdefault(nfc_key(store_name(path)), []).append(path)
    for found, observation in list(unmatched):
        candidates = forms.get(nfc_key(store_name(found.path)), [])
        if len(candidates) != 1:
            continue
        expected = waiting[candidates[0]]
        digests = {"sha256": observation.sha256, "blake3": observation.blake3}
        if expected.digests and set(expected.digests) <= set(digests):
            waiting.pop(candidates[0])
            unmatched.remove((found, observation))
            _compare(found.path, expected, observation, digests, check)


def _require_as_listed(check: _Check, bag: ForeignBag | None) -> None:
    if bag is not None and bag.octets is not None and (bag.octets, bag.streams) != (check.octets, check.streams):
        check.problems.append(
            f"the Payload-Oxum gives {bag.octets} bytes in {bag.streams} files, "
            f"the payload has {check.octets} in {check.streams}"
        )
    if not check.problems:
        return
    named = "; ".join(check.problems[:_MAX_NAMED])
    more = f"; and {len(check.problems) - _MAX_NAMED} more" if len(check.problems) > _MAX_NAMED else ""
    raise MismatchError(
        f"the evidence is not as listed, so nothing was sealed: {named}{more}",
        hint="ask for another copy; what is there can be sealed as it is with `evtool seal`",
    )


def _require_sealed_as_checked(path: str | os.PathLike[str], options: SealOptions, digests: Mapping[str, str]) -> None:
    """Make sure that no file was exchanged between the check and the seal."""
    with open_record(path, options.custody) as collection:
        for sealed in list_items(collection, Selection()):
            content, file = sealed.item.content, sealed.item.file
            if content and content.digests and file and digests.get(file.path) != content.digests.sha256:
                raise MismatchError(
                    f"item {sealed.item.number} {shown(file.path)} changed between the check and the seal",
                    hint="the seal stands, and states what is there now; the list says otherwise",
                )
