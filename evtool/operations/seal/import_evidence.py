"""Importing: evidence that somebody else listed is checked against that list, and sealed, in one read of every file.

The check computes the digests that the list needs beside those that a seal needs. The latter go into the journal of the
seal, which uses them for every file that had been at rest by then; what was sealed is compared with what was checked
in any case.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import BinaryIO

from msgspec import Struct

from evtool.core.custody.events import Collected, PartyCode
from evtool.core.custody.privacy import check_entry_text
from evtool.core.errors import EvtoolError, FormatError, InputError, MismatchError, UsageError
from evtool.core.finding import Words
from evtool.core.text.names import name_some, nfc_key, shown, store_name
from evtool.core.text.patterns import DEFAULT_PATTERNS, Exclusions
from evtool.core.values import replace
from evtool.interop.checksum_lists import FORMATS, ForeignList, ListOptions, read_list
from evtool.interop.expected import WEAK
from evtool.interop.foreign_bag import PAYLOAD, ForeignBag, read_foreign_bag
from evtool.operations.author import Author
from evtool.operations.entries.opening import OpenRecord, open_for_writing
from evtool.operations.entries.writer import commit_entry, draft_entry
from evtool.operations.record.place import place_of
from evtool.operations.record.read import list_items, open_record
from evtool.operations.record.selection import Selection
from evtool.operations.seal.import_check import Expectation, ImportCheck
from evtool.operations.seal.options import SealOptions, SealResult
from evtool.operations.seal.seal import preview_seal, seal
from evtool.report.language import in_english
from evtool.scan.progress import Progress
from evtool.scan.tree import Tree, TreeLocation
from evtool.scan.walk import WalkNotes, walk
from evtool.store.bundle_form import is_bundle_folder
from evtool.store.custody_names import NAME
from evtool.store.journal import Journal, journal_name

LIST_FORMATS = FORMATS
"""Names of the formats of lists."""

_MAX_TEXT_FILE = 512 * 1024 * 1024
_MAX_METHOD = 1000


class Origin(Struct, frozen=True):
    """Where the evidence came from, for the entry `collected`.

    Attributes:
        source: code of whom or what it came from, or None.
        place: coarse place, or None.
    """

    source: PartyCode | None = None
    place: str | None = None


class ImportResult(Struct, frozen=True):
    """Evidence that was checked and sealed.

    Attributes:
        collected: number of the entry that records where it came from.
        checked: files that were compared with a list.
        algorithms: of the digests that were compared.
        unlisted: stored names of files and links that are sealed, but in no list.
        weak_only: how many files were compared by nothing better than MD5, SHA-1 or CRC-32, which show accidents only,
            not intent.
        notes: what else is to be known about the list or the bag, in sentences that are safe to print.
        seal: what sealing did.
    """

    collected: int
    checked: int
    algorithms: tuple[str, ...]
    unlisted: tuple[str, ...]
    weak_only: int
    notes: tuple[str, ...]
    seal: SealResult


class _Import(Struct, frozen=True):
    """One import: what is compared with what, and who says so."""

    path: str | os.PathLike[str]
    author: Author
    options: SealOptions
    details: Collected
    expectation: Expectation
    notes: tuple[str, ...] = ()


def import_bag(
    path: str | os.PathLike[str],
    author: Author,
    options: SealOptions,
    origin: Origin,
) -> ImportResult:
    """Check a bag of another program against all of its manifests, and seal it where it lies.

    With `RecordPlace.dry_run` every file is compared, nothing is written, and the result says what would be sealed.

    Raises:
        FormatError: it is not a bag, or not one that is read.
        MismatchError: a file differs, is missing, or is in the payload and not listed; nothing was sealed.
        InputError, EvidenceError, UsageError: it cannot be read, or is sealed already.
    """
    texts: dict[bytes, str] = {}
    location = TreeLocation.find(os.fspath(path))
    if is_bundle_folder(location):
        raise UsageError(
            "this is a bundle of evtool, sealed already",
            hint="`evtool verify DIR` checks it as it is, `evtool unpack DIR -o OUT` makes an evidence directory of it",
            key="import-own-bundle",
        )
    with Tree(location) as tree:
        bag = _read_bag(tree, texts)
    method = f"BagIt {bag.version[0]}.{bag.version[1]} bag, checked against {', '.join(bag.manifests)}"
    expectation = Expectation(bag.files, PAYLOAD, texts, bag.total, bag.to_fetch)
    details = Collected(source=origin.source, place=origin.place, method=method[:_MAX_METHOD])
    return _import(_Import(path, author, options, details, expectation, bag.notes))


def import_list(
    path: str | os.PathLike[str],
    list_path: str | os.PathLike[str],
    how: ListOptions,
    author: Author,
    options: SealOptions,
    origin: Origin,
) -> ImportResult:
    """Check a directory against a list that another program wrote (`-` is standard input), and seal it.

    A dry run is as in `import_bag`.

    Files that the list does not name are sealed all the same, and named in the result.

    Raises:
        FormatError: the list is not in the format, or in an encoding that has to be named.
        MismatchError: a file differs; nothing was sealed.
        NotEstablishedError: no file differs, but one is missing or has another name; nothing was sealed.
        InputError, EvidenceError, UsageError: something cannot be read, or is sealed already.
    """
    name = shown(os.fsdecode(os.fspath(list_path)))
    try:
        with _open_list(list_path) as file:
            data = file.read(_MAX_TEXT_FILE + 1)
    except OSError as error:
        raise InputError("{name}: {why.strerror}", key="import-list-unreadable", name=name, why=error) from error
    if len(data) > _MAX_TEXT_FILE:
        raise FormatError("{name} has more than {limit} bytes", key="import-list-long", name=name, limit=_MAX_TEXT_FILE)
    how = replace(how, name=os.path.basename(os.fsdecode(os.fspath(list_path))))
    read = read_list(data, how, _name_lookup(path, options))
    method = f"list of {read.format_name} with {len(read.files)} files, SHA-256 of the list "
    method += hashlib.sha256(data).hexdigest()
    if read.has_backslashes:
        method += ", its backslashes read as /"
    details = Collected(source=origin.source, place=origin.place, method=method)
    run = _Import(path, author, options, details, Expectation(read.files), tuple(_list_notes(read)))
    return _import(run)


def _list_notes(read: ForeignList) -> Iterator[str]:
    if read.sample:
        yield f"the list was read as {read.encoding}; a line of it: {shown(read.sample, 160)}"
    if read.has_backslashes:
        yield "the list has paths of Windows: a backslash was read as / where no file has it in its name"
    if read.undigested_count:
        names = name_some([shown(name) for name in read.undigested], read.undigested_count)
        yield f"the list gives no digest of {names}"


def _name_lookup(path: str | os.PathLike[str], options: SealOptions) -> Callable[[bytes], bool]:
    """Give what tells whether a file is there, in whatever Unicode form. The first question lists all; few ask."""
    location = TreeLocation.find(os.fspath(path))

    @cache
    def names() -> set[str]:
        custody = NAME if options.where is None else None
        with Tree(location) as tree:
            return {
                nfc_key(store_name(found.path))
                for found in walk(tree, custody_name=custody, exclusions=Exclusions(), notes=WalkNotes())
            }

    return lambda name: nfc_key(store_name(name)) in names()


def _open_list(path: str | os.PathLike[str]) -> BinaryIO:
    if os.fspath(path) == "-":
        return os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    return open(path, "rb")


def _read_bag(tree: Tree, texts: dict[bytes, str]) -> ForeignBag:
    """Read the texts of a bag; the SHA-256 of each goes into `texts`, so that no other can be sealed in its stead."""

    def read(name: str) -> bytes:
        path = os.fsencode(name)
        with os.fdopen(tree.open_file(b"", path), "rb") as file:
            data = file.read(_MAX_TEXT_FILE + 1)
        if len(data) > _MAX_TEXT_FILE:
            raise FormatError(
                "{path} has more than {limit} bytes",
                key="import-text-long",
                path=shown(store_name(path)),
                limit=_MAX_TEXT_FILE,
            )
        texts[path] = hashlib.sha256(data).hexdigest()
        return data

    def exists(path: bytes) -> bool:
        directory, _, name = path.rpartition(b"/")
        try:
            return tree.stat(directory, name) is not None
        except OSError:
            return False

    try:
        # Whatever its kind: a manifest that is a link must not be passed over, but fail to open.
        return read_foreign_bag([os.fsdecode(name) for name, _ in tree.list_directory(b"")], read, exists)
    except OSError as error:
        raise InputError("the bag cannot be read: {why.strerror}", key="import-bag-unreadable", why=error) from error


def _import(run: _Import) -> ImportResult:
    check_entry_text(run.details, run.options.header.reason, run.author.policy)
    options = run.options
    if not options.reset_exclusions and _lists_hidden(run.expectation, Exclusions(DEFAULT_PATTERNS)):
        # What other systems leave in folders is evidence as soon as somebody else listed it.
        options = replace(options, reset_exclusions=True)
    check = ImportCheck(run.expectation)
    with open_for_writing(run.path, options.where) as opened:
        _require_unsealed(opened)
    # Tables that do not fit are found before anything is read or written.
    previewed = preview_seal(run.path, options, policy=run.author.policy)
    with open_for_writing(run.path, options.where) as opened:
        _require_unsealed(opened)
        _check_all(opened, check, options, run.author.progress)
        collected = commit_entry(opened, draft_entry(opened, run.author, options.header, run.details))
    if place_of(options.where).dry_run:
        result = replace(previewed, entry=collected.sequence + 1, head=None)
    else:
        run.author.progress.did(Words("check-recorded", entry=collected.sequence))
        result = seal(run.path, run.author, options)
        _require_sealed_as_checked(run.path, options, check.digests)
    files = run.expectation.files.values()
    return ImportResult(
        collected=collected.sequence,
        checked=check.checked,
        algorithms=tuple(sorted({name for file in files for name in file.digests})),
        # What lists the tag files can be in no list itself.
        unlisted=tuple(name for name in check.unlisted if not _is_tag_manifest(name, run.expectation)),
        weak_only=sum(set(file.digests) <= WEAK for file in files),
        notes=(*run.notes, *check.notes, *result.notes, *(in_english(finding) for finding in result.findings)),
        seal=result,
    )


def _is_tag_manifest(name: str, expectation: Expectation) -> bool:
    return name.lower().startswith("tagmanifest-") and os.fsencode(name) in expectation.texts


def _require_unsealed(opened: OpenRecord) -> None:
    if opened.record.seals:
        raise UsageError(
            "this directory is sealed already", hint="`evtool seal DIR` adds what is new to it", key="import-sealed"
        )


def _lists_hidden(expectation: Expectation, exclusions: Exclusions) -> bool:
    """Tell whether a list names what the usual patterns would leave out."""
    return any(exclusions.hides(store_name(path)) for path in expectation.files)


def _check_all(opened: OpenRecord, check: ImportCheck, options: SealOptions, progress: Progress) -> None:
    exclusions = Exclusions(() if options.reset_exclusions else DEFAULT_PATTERNS)
    # The seal will be the entry after the next one.
    journal_file = journal_name(opened.next_sequence + 1)
    journal = Journal(opened.writer.open_kept(journal_file))
    try:
        try:
            with Tree(opened.directory) as tree:
                check.run(tree, NAME if opened.inside else None, exclusions, journal, progress)
        finally:
            journal.close()
    except EvtoolError:
        opened.writer.remove(journal_file)
        raise


def _require_sealed_as_checked(path: str | os.PathLike[str], options: SealOptions, digests: Mapping[str, str]) -> None:
    """Make sure that no file was exchanged, added or removed between the check and the seal."""
    waiting = dict(digests)
    with open_record(path, options.where) as record:
        for sealed in list_items(record, Selection()):
            content, file = sealed.item.content, sealed.item.file
            if content and content.digests and file and waiting.pop(file.path, None) != content.digests.sha256:
                raise _exchanged(f"item {sealed.item.number} {shown(file.path)}")
    if waiting:
        raise _exchanged(shown(min(waiting)))


def _exchanged(what: str) -> MismatchError:
    return MismatchError(
        "{what} changed between the check and the seal",
        hint="the seal stands, and states what is there now, not what the list says; `evtool record DIR incident` puts "
        "that on record",
        key="import-exchanged",
        what=what,
    )
