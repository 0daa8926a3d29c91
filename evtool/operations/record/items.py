"""The items of a record: those of all its seals as one stream, each manifest judged as it is read to its end."""

from __future__ import annotations

import hashlib
import heapq
from bisect import bisect_left
from collections.abc import Iterator, Mapping

from evtool.core.custody.events import Event
from evtool.core.errors import EvtoolError, FormatError, InputError
from evtool.core.finding import Cause, Code, Effect, Finding, Words
from evtool.core.manifest.manifest import Item, ManifestReader, ManifestSummary
from evtool.core.manifest.skim import Sought
from evtool.core.terms.terms import ConsentTerms
from evtool.core.text.checksums import parse_header, serialize_header, serialize_line
from evtool.core.text.names import parse_name
from evtool.core.values import replace
from evtool.operations.record.as_signed import compare_with_entry, is_as_signed
from evtool.operations.record.line_ends import is_converted
from evtool.operations.record.record import Record, Seal, SealedItem
from evtool.operations.record.skimming import look_for
from evtool.store.custody import CustodyReader
from evtool.store.custody_names import FileRole, file_name


def read_items(record: Record, sought: Sought | None = None) -> Iterator[tuple[bytes, SealedItem]]:
    """Yield the items of all seals whose name is disclosed, in path order, each with its sort key.

    An item has the name that it has now. Of several with one name, the one that got it last comes last.
    Reading on to the end completes `findings` and `is_sound` of every seal: what was yielded before counts only then.

    Where only some items are `sought`, others may come as well, or not; see `evtool.core.manifest.skim`. Then `later`
    and `consent` of the seals are not complete.
    """
    streams = [_named(_read_seal(record.custody, seal, sought)) for seal in record.seals]
    if not record.names:
        yield from heapq.merge(*streams, key=lambda pair: pair[0])
        return
    # Items under new names stand elsewhere in the order than in their manifests, so they are looked for first.
    moved = sorted(_read_moved(record, sought), key=lambda pair: (pair[0], record.named_by(pair[1])))
    kept = (
        ((key, sealed) for key, sealed in stream if sealed.item.number not in sealed.seal.renamed) for stream in streams
    )
    yield from heapq.merge(*kept, moved, key=lambda pair: (pair[0], record.named_by(pair[1])))


def _named(items: Iterator[tuple[bytes | None, SealedItem]]) -> Iterator[tuple[bytes, SealedItem]]:
    return ((key, sealed) for key, sealed in items if key is not None)


def _read_moved(record: Record, sought: Sought | None) -> Iterator[tuple[bytes, SealedItem]]:
    """Yield the items that have another name now than when they were sealed, each with its new sort key."""
    given = record.names.items
    for seal in record.seals:
        start = bisect_left(given, seal.sealed.first_item)
        end = bisect_left(given, seal.sealed.first_item + seal.sealed.items)
        if not any(record.names.current(item, seal.number) for item in given[start:end]):
            continue
        spare = Seal(seal.link, seal.sealed, seal.roles)
        for _, sealed in _read_seal(record.custody, spare, sought):
            item = record.names.rename(sealed.item, seal.number)
            key = item.sort_key
            if item is not sealed.item and key is not None:
                seal.renamed.add(item.number)
                yield key, SealedItem(item, seal, record.names.earlier(sealed.item, seal.number))


def read_numbered_items(record: Record, sought: Sought | None = None) -> Iterator[SealedItem]:
    """Yield every item of which anything is disclosed, in the order of their numbers; else as `read_items`."""
    for seal in record.seals:
        for _, sealed in _read_seal(record.custody, seal, sought):
            if record.names:
                item = record.names.rename(sealed.item, seal.number)
                yield SealedItem(item, seal, record.names.earlier(sealed.item, seal.number))
            else:
                yield sealed


def read_afresh(record: Record) -> Record:
    """Give the record as if none of its manifests had been read: the items of a record can be gone through once."""
    return replace(record, seals=[Seal(seal.link, seal.sealed, seal.roles) for seal in record.seals])


def read_items_afresh(record: Record) -> Iterator[tuple[bytes, SealedItem]]:
    """As `read_items`, leaving no trace in the seals of `record`, which can so be read another time."""
    return read_items(read_afresh(record))


def nameless_items(record: Record) -> list[SealedItem]:
    """Give the items whose name is withheld, but not what they are; known once the manifests have been read."""
    return [SealedItem(item, seal) for seal in record.seals for item in seal.nameless]


def _read_seal(
    custody: CustodyReader, seal: Seal, sought: Sought | None = None
) -> Iterator[tuple[bytes | None, SealedItem]]:
    """Yield the items of one seal, then judge its manifest and its list of checksums, steps 7 and 8."""
    found = None if sought is None else look_for(custody, seal.number, seal.sealed, sought)
    if found is not None:
        seal.take_as_signed()
        yield from ((item.sort_key, SealedItem(item, seal)) for item in found)
        return
    reading = SealReading(custody, seal)
    reader = ManifestReader(seal.sealed.first_item)
    try:
        for item in reader.read_blocks(custody.read_blocks(reading.name, _LINES_AT_ONCE)):
            key = item.sort_key
            reading.add(item, is_named=key is not None)
            yield key, SealedItem(item, seal)
    except (FormatError, InputError) as error:
        reading.give_up(error)
        return
    reading.finish(reader.summary)


class SealReading:
    """What is found out about a seal while its items are read: for its findings, and for what is counted of them."""

    def __init__(self, custody: CustodyReader, seal: Seal) -> None:
        self.name = file_name(seal.number, Event.SEALED.value, FileRole.MANIFEST)
        self._custody = custody
        self._seal = seal
        self._checksums = _ChecksumsCheck(custody, seal)

    def add(self, item: Item, *, is_named: bool) -> None:
        """Take one item into account, in the order of the manifest."""
        self._checksums.add(item)
        self._seal.consent.add(item)
        self._seal.disclosed.add(item)
        if not is_named:
            self._seal.nameless.append(item)
        if item.file is not None:
            self._seal.later.add(item.file.mtime)
        if item.number in self._seal.watched:
            self._seal.seen.add(item.number)

    def add_block(
        self, items: range, lines: bytes, listed: bytes, consents: Mapping[int, ConsentTerms], newest: int
    ) -> None:
        """Take items into account that all have a content and a name, with their list of checksums and their terms.

        None of them has a later modification date than `newest`.
        """
        self._seal.later.add_lines(lines, newest)
        self._checksums.add_lines(listed)
        self._seal.consent.add_range(items, consents)
        if items:
            self._seal.disclosed.add_range(items[0], items[-1])
        self._seal.seen.update(number for number in self._seal.watched if number in items)

    def give_up(self, error: FormatError | InputError) -> None:
        """Judge a manifest that cannot be read to its end."""
        seal = self._seal
        seal.broken = True
        if isinstance(error, FormatError) and is_as_signed(self._custody, self.name, seal.sealed):
            # It is signed as it stands, so nothing is disproven: this version cannot read it.
            says = Words("signed", name=self.name, why=Cause.of(error))
            seal.findings.append(Finding(Code.MANIFEST_INVALID, Effect.UNCHECKED, says, entry=seal.number))
        elif isinstance(error, FormatError) and is_as_signed(self._custody, self.name, seal.sealed, converted=True):
            _add_converted(seal, Code.MANIFEST_INVALID, self.name)
        else:
            _add_unusable(seal, FileRole.MANIFEST, Code.MANIFEST_MISSING, Code.MANIFEST_INVALID, error)

    def finish(self, summary: ManifestSummary) -> None:
        """Judge a manifest that was read to its end, then the list of checksums."""
        seal = self._seal
        seal.withheld_lines = summary.withheld_lines
        difference = compare_with_entry(summary, seal.sealed)
        if difference is not None:
            seal.disproved = True
            what, expected, found = difference
            _add(seal, Code.MANIFEST_MISMATCH, Words("differs", name=self.name, what=what), expected, found)
            return
        self._checksums.finish(seal.withheld_lines == 0)


_LINES_AT_ONCE = 256
"""Lines that are read at once."""


class _ChecksumsCheck:
    """Writes the list of checksums again from the manifest, and compares its digest with the signed one."""

    def __init__(self, custody: CustodyReader, seal: Seal) -> None:
        self._seal = seal
        self._name = file_name(seal.number, Event.SEALED.value, FileRole.CHECKSUMS)
        self._custody = custody
        self._expected = hashlib.sha256()
        self._found = hashlib.sha256()
        self._problem: EvtoolError | None = None
        try:
            first = next(iter(custody.read_lines(self._name)), b"")
            self._expected.update(serialize_header(parse_header(first)))
        except EvtoolError as error:
            self._problem = error

    def add(self, item: Item) -> None:
        """Take one item into account."""
        if item.content.digests and item.file and self._problem is None:
            path = parse_name(item.file.path)
            self._expected.update(serialize_line(item.number, item.content.digests.sha256, path))

    def add_lines(self, listed: bytes) -> None:
        """Take into account what the list has to say of neighbouring items."""
        self._expected.update(listed)

    def finish(self, whole: bool) -> None:
        """Judge the list; a copy that withholds lines has none, as it would disclose them."""
        if self._problem is None:
            try:
                for lines in self._custody.read_blocks(self._name, _LINES_AT_ONCE):
                    self._found.update(b"".join(lines))
            except EvtoolError as error:
                self._problem = error
        expected, found = self._seal.sealed.checksums, self._found.hexdigest()
        not_as_written = isinstance(self._problem, FormatError) or (self._problem is None and found != expected)
        if not_as_written and is_converted(self._custody, self._name, expected):
            _add_converted(self._seal, Code.CHECKSUMS_MISMATCH, self._name)
            return
        if self._problem is not None:
            # A list that is there must be the signed one in any copy: people will run sha256sum on it.
            if whole or FileRole.CHECKSUMS in self._seal.roles:
                _add_unusable(
                    self._seal, FileRole.CHECKSUMS, Code.CHECKSUMS_MISSING, Code.CHECKSUMS_MISMATCH, self._problem
                )
            return
        if found != expected:
            _add(self._seal, Code.CHECKSUMS_MISMATCH, Words("digest", name=self._name), expected, found)
        elif whole and self._expected.hexdigest() != expected:
            _add(self._seal, Code.CHECKSUMS_MISMATCH, Words("contradicts", name=self._name))


_UNREADABLE = {FileRole.MANIFEST: Code.MANIFEST_UNREADABLE, FileRole.CHECKSUMS: Code.CHECKSUMS_UNREADABLE}


def _add_unusable(seal: Seal, role: FileRole, missing: Code, invalid: Code, error: EvtoolError) -> None:
    """Record that a file of a seal cannot be used: it is not there, cannot be read, or is not what was written."""
    name = file_name(seal.number, Event.SEALED.value, role)
    says = Words("unreadable" if name in error.message else "unreadable-file", name=name, why=Cause.of(error))
    if isinstance(error, FormatError):
        _add(seal, invalid, says)
    elif role not in seal.roles:
        _add(seal, missing, says)
    else:
        seal.findings.append(Finding(_UNREADABLE[role], Effect.UNCHECKED, says, entry=seal.number))


def _add_converted(seal: Seal, code: Code, name: str) -> None:
    """Record that a file of a seal has other line ends than it was written with: a cause, and no accusation."""
    seal.findings.append(Finding(code, Effect.UNCHECKED, Words("converted", name=name), entry=seal.number))


def _add(seal: Seal, code: Code, says: Words, expected: str | Words | None = None, found: str | None = None) -> None:
    seal.findings.append(Finding(code, Effect.DISPROVES, says, expected=expected, found=found, entry=seal.number))
