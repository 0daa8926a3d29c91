"""A sealed collection as it lies on disk: the chain of custody and the items of all its seals as one stream."""

from __future__ import annotations

import hashlib
import heapq
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from functools import cached_property

from msgspec import Struct, field

from evtool.core.consent.index import ChangeIndex
from evtool.core.consent.state import ConsentChange, changes_of
from evtool.core.consent.summary import ConsentTally
from evtool.core.custody.chain import Chain, EntryFiles, Link, check_chain
from evtool.core.custody.clocks import LaterDates
from evtool.core.custody.entry import INFORMATIONAL_FILES, Entry
from evtool.core.custody.events import APART, Derived, Disclosed, Disposed, Event, Sealed
from evtool.core.custody.house import Houses, acts_of
from evtool.core.custody.item_names import EarlierName, ItemNames
from evtool.core.custody.undo import Undone, find_undone
from evtool.core.errors import EvtoolError, FormatError, InputError
from evtool.core.finding import Cause, Code, Effect, Finding, Words
from evtool.core.manifest.disclosed_items import CopyTally
from evtool.core.manifest.manifest import Item, ManifestReader, ManifestSummary
from evtool.core.manifest.skim import Sought
from evtool.core.manifest.statement import ItemType
from evtool.core.terms.terms import ConsentTerms
from evtool.core.text.checksums import parse_header, serialize_header, serialize_line
from evtool.core.text.digest import sha256_hex
from evtool.core.text.limits import MAX_ENTRIES_SIZE
from evtool.core.text.names import parse_name
from evtool.core.text.patterns import DEFAULT_PATTERNS, Exclusions
from evtool.core.text.ranges import is_about
from evtool.core.values import replace
from evtool.operations.record.as_signed import compare_with_entry, is_as_signed
from evtool.operations.record.companions import report_companions
from evtool.operations.record.disclosed_lists import read_lists
from evtool.operations.record.line_ends import excuse_converted, is_converted
from evtool.operations.record.skimming import look_for
from evtool.store.custody import COVER, CustodyReader, FileRole, Listing, file_name


class Seal(Struct, dict=True):
    """One seal and what reading its manifest showed; `findings` are complete once its items have been read.

    Attributes:
        link: the verified entry.
        sealed: its table.
        roles: which of its files are there.
        findings: what is wrong with the manifest or with the list of checksums.
        broken: the manifest cannot be read to its end, so not all of its items are known.
        disproved: the manifest is not the one that was signed.
        withheld_lines: lines this copy does not disclose.
        disclosed: the items that this copy discloses, and what it withholds of them.
        consent: what the terms of its items amount to.
        nameless: items whose name is withheld, but not what they are.
        renamed: items that have another name now than in its manifest.
        watched: numbers of the items that other entries name.
        seen: those of them of which this copy says what they are.
    """

    link: Link
    sealed: Sealed
    roles: frozenset[FileRole]
    findings: list[Finding] = field(default_factory=list)
    broken: bool = False
    disproved: bool = False
    withheld_lines: int = 0
    disclosed: CopyTally = field(default_factory=CopyTally)
    consent: ConsentTally = field(default_factory=ConsentTally)
    nameless: list[Item] = field(default_factory=list)
    renamed: set[int] = field(default_factory=set)
    watched: frozenset[int] = frozenset()
    seen: set[int] = field(default_factory=set)

    @cached_property
    def later(self) -> LaterDates:
        """Its files whose date is later than the seal."""
        return LaterDates(self.link.entry.recorded_at)

    @property
    def number(self) -> int:
        """Number of the entry."""
        return self.link.entry.sequence

    def take_as_signed(self) -> None:
        """Take into account that the manifest is the signed one, and that it withholds nothing."""
        items = range(self.sealed.first_item, self.sealed.first_item + self.sealed.items)
        if items:
            self.disclosed.add_range(items[0], items[-1])
        self.seen.update(number for number in self.watched if number in items)

    @property
    def is_sound(self) -> bool:
        """Whether what the manifest says is what was signed."""
        return not (self.broken or self.disproved)


class Record(Struct):
    """The custody directory of a collection, read and judged but for its items.

    Attributes:
        custody: the open directory.
        listing: the names in it.
        chain: the entries, verified.
        findings: what is wrong with the directory; what is wrong with the chain is in `chain`.
        seals: the entries that seal items, oldest first.
        disposals: the entries that record that items were given up, but for those that are undone.
        names: the names that entries gave to items.
        undone: the entries that are undone.
        houses: who acts for whom, and which keys are retired.
        entries_size: bytes of the entries that were read.
    """

    custody: CustodyReader
    listing: Listing
    chain: Chain
    findings: list[Finding]
    seals: list[Seal]
    disposals: tuple[Entry, ...] = ()
    names: ItemNames = field(default_factory=ItemNames)
    undone: Undone = field(default_factory=Undone)
    houses: Houses = field(default_factory=lambda: Houses(()))
    entries_size: int = 0

    @property
    def record_findings(self) -> list[Finding]:
        """All that is wrong with the record, as far as its manifests have been read."""
        of_seals = [finding for seal in self.seals for finding in seal.findings]
        return [*self.findings, *self.chain.findings, *of_seals]

    @property
    def lacks_seals(self) -> bool:
        """Whether there are seals whose entry cannot be used: their items are not known."""
        usable = {seal.number for seal in self.seals}
        entries = self.listing.entries + self.listing.lost
        return not {sequence for sequence, event in entries if event == Event.SEALED.value} <= usable

    @property
    def tells_all_changes(self) -> bool:
        """Whether all entries are there, can be read and verify; one of which that is not so may change terms."""
        usable = {link.entry.sequence for link in self.chain.links}
        unsigned = {number for number, event in self.listing.unsigned if event == Event.CONSENT_CHANGED.value}
        needed = {number for number, _ in self.listing.entries + self.listing.lost} | unsigned
        return self.chain.is_intact and needed <= usable

    @property
    def withheld_details(self) -> tuple[int, ...]:
        """Numbers of the entries whose details this copy does not hold."""
        return tuple(link.entry.sequence for link in self.chain.links if link.entry.is_withheld)

    @property
    def exclusions(self) -> Exclusions:
        """The patterns in force: those of the newest seal, or the default ones before the first."""
        return self.seals[-1].sealed.exclusions if self.seals else Exclusions(DEFAULT_PATTERNS)

    def is_disposed(self, sealed: SealedItem, before: int | None = None) -> bool:
        """Tell whether an entry, before the entry of a number, records that an item was given up.

        Its statements stay as a tombstone.
        """
        return any(
            is_about(entry.items, entry.sequence, sealed.item.number, sealed.seal.number)
            for entry in self.disposals
            if before is None or entry.sequence < before
        )

    def may_lack(self, sealed: SealedItem) -> bool:
        """Tell whether an item is a link that a copy need not hold: a bundle was made after it was sealed.

        Bundles carry no links, and whoever unpacks one leaves out those that lead elsewhere.
        """
        return sealed.item.content.type is ItemType.SYMLINK and any(
            isinstance(link.entry.details, Disclosed)
            and link.entry.details.list is not None
            and link.entry.sequence > sealed.seal.number
            for link in self.chain.links
        )

    @property
    def changes(self) -> tuple[ConsentChange, ...]:
        """The changes of consent that count, oldest first."""
        return changes_of((link.entry for link in self.chain.links), self.undone)

    def named_by(self, sealed: SealedItem) -> int:
        """Give the number of the entry by which an item has its name: its seal, or the one that renamed it last."""
        name = self.names.current(sealed.item.number, sealed.seal.number)
        return name.entry if name else sealed.seal.number

    def is_replaced(self, sealed: SealedItem, later: SealedItem) -> bool:
        """Tell whether a later item took the name of an item, which had been given up by then."""
        taken = self.named_by(later)
        return self.named_by(sealed) < taken and self.is_disposed(sealed, before=taken)

    def sealed_by(self, item: int) -> int:
        """Give the number of the entry that seals an item; 0 for one that no seal holds."""
        spans = ((seal.number, seal.sealed.first_item, seal.sealed.items) for seal in self.seals)
        return next((number for number, first, items in spans if first <= item < first + items), 0)

    @property
    def next_item(self) -> int:
        """Number of the next item to be sealed."""
        return max((seal.sealed.first_item + seal.sealed.items for seal in self.seals), default=1)


def read_record(custody: CustodyReader) -> Record:
    """Read the entries of a custody directory and check the chain; manifests are left for `read_items`."""
    listing = custody.list_files()
    findings: list[Finding] = []
    entries: list[EntryFiles] = []
    unreadable: list[int] = []
    size = 0
    for sequence, event in listing.entries:
        try:
            if size > MAX_ENTRIES_SIZE:
                raise InputError(
                    "entry {entry} is not read: those before it have more than {size:,} bytes in all",
                    key="entry-not-read",
                    entry=sequence,
                    size=size,
                )
            has_details = event in _WITH_DETAILS and FileRole.DETAILS in listing.files[sequence, event]
            entry = custody.read_entry(sequence, event, with_details=has_details)
            size += len(entry.data) + len(entry.details or b"")
            entries.append(entry)
        except (InputError, FormatError) as error:
            unreadable.append(sequence)
            missing = FileRole.ENTRY not in listing.files[sequence, event]
            code, effect = (
                (Code.ENTRY_MISSING, Effect.DISPROVES) if missing else (Code.CUSTODY_UNREADABLE, Effect.UNCHECKED)
            )
            findings.append(Finding(code, effect, Words("unreadable", why=Cause.of(error)), entry=sequence))
    chain = excuse_converted(entries, unreadable, check_chain(entries, unreadable))
    houses = Houses(acts_of(chain.links))
    undone = find_undone(chain.links, houses)
    changes = ChangeIndex(changes_of((link.entry for link in chain.links), undone))
    watched = _derived_items(chain)
    seals = [
        Seal(
            link,
            link.entry.sealed,
            listing.files[link.entry.sequence, link.entry.event.value],
            consent=ConsentTally(link.entry.sequence, changes),
            watched=watched,
        )
        for link in chain.links
        if link.entry.sealed
    ]
    findings += _judge_listing(listing)
    findings += _check_informational(custody, listing, chain)
    record = Record(custody, listing, chain, findings, seals, houses=houses, entries_size=size)
    return _apply(record, undone)


def with_undone(record: Record, number: int) -> Record:
    """Give a record as it would be if this entry were undone, too; but for its terms of consent."""
    return _apply(record, Undone({**record.undone.by, number: 0}))


def _apply(record: Record, undone: Undone) -> Record:
    """Give a record the disposals and names of its entries, but for those that are undone."""
    entries = [link.entry for link in record.chain.links if link.entry.sequence not in undone]
    disposals = tuple(entry for entry in entries if isinstance(entry.details, Disposed))
    return replace(record, disposals=disposals, names=ItemNames(entries), undone=undone)


def _derived_items(chain: Chain) -> frozenset[int]:
    """Collect the items that were made from another, and those that they were made from."""
    pairs = [link.entry.details for link in chain.links if isinstance(link.entry.details, Derived)]
    return frozenset(number for pair in pairs for number in (pair.original, pair.copy))


OWN_FILES = {
    Event.SEALED.value: frozenset({FileRole.MANIFEST, FileRole.CHECKSUMS}),
    Event.RENEWED.value: frozenset({FileRole.RENEWAL}),
    Event.DISCLOSED.value: frozenset({FileRole.DISCLOSED}),
    **{event.value: frozenset({FileRole.DETAILS}) for event in APART},
}
"""Event -> the files that only its entries have."""

_WITH_DETAILS = frozenset(event.value for event in APART)

_EVERY_ENTRY = frozenset({FileRole.ENTRY, FileRole.SIGNATURE})


def _judge_listing(listing: Listing) -> list[Finding]:
    """Find what is in the directory and belongs to no entry."""
    findings: list[Finding] = []
    for name in listing.foreign:
        findings.append(Finding(Code.CUSTODY_EXTRA, Effect.DISPROVES, Words("stray", name=name), path=name))
    strays = [name.text for name in listing.stamps if (name.sequence, name.event) not in listing.files]
    for sequence, event in listing.entries:
        own = OWN_FILES.get(event, frozenset())
        strays += [file_name(sequence, event, role) for role in listing.files[sequence, event] - own - _EVERY_ENTRY]
    for name in strays:
        findings.append(Finding(Code.CUSTODY_EXTRA, Effect.DISPROVES, Words("stray", name=name), path=name))
    for sequence, event in listing.unsigned:
        effect = Effect.UNCHECKED if (sequence, event) in listing.lost else Effect.NOTE
        findings.append(Finding(Code.ENTRY_UNFINISHED, effect, Words("unsigned"), entry=sequence))
    findings += report_companions(Code.CUSTODY_COMPANION, list(listing.companions))
    if listing.unfinished:
        count = len(listing.unfinished)
        findings.append(Finding(Code.UNFINISHED_WRITE, Effect.NOTE, Words("temporary"), count=count))
    return findings


def _check_informational(custody: CustodyReader, listing: Listing, chain: Chain) -> list[Finding]:
    """Compare the files that prove nothing with what the newest entry says of them, if it can be used."""
    findings: list[Finding] = []
    if not chain.links or chain.links[-1].entry.sequence != listing.entries[-1][0]:
        return findings
    if COVER in listing.informational and not _is_cover_of_an_entry(custody, listing, chain):
        findings.append(Finding(Code.INFORMATIONAL_UNSIGNED, Effect.NOTE, Words("cover"), path=COVER))
    recorded = chain.links[-1].entry.informational
    for name in INFORMATIONAL_FILES:
        expected = recorded.get(name)
        try:
            found = sha256_hex(custody.read_informational(name))
        except EvtoolError:
            found = None
        if found == expected:
            continue
        says = Words("missing" if found is None else "another-file")
        note = Finding(
            Code.INFORMATIONAL_CHANGED,
            Effect.NOTE,
            says,
            path=name,
            expected=expected,
            found=found,
        )
        findings.append(note)
    return findings


def _is_cover_of_an_entry(custody: CustodyReader, listing: Listing, chain: Chain) -> bool:
    """Tell whether the cover sheet is one that the list of a disclosure holds the digest of."""
    try:
        digest = sha256_hex(custody.read_informational(COVER))
    except EvtoolError:
        return False
    return any(
        disclosed.listed is not None and disclosed.listed.cover == digest
        for disclosed in read_lists(custody, listing, chain.links)
    )


class SealedItem(Struct, frozen=True):
    """An item, under the name that it has now, together with the seal that states it.

    Attributes:
        item: what the manifest states; its name may be another one than there.
        seal: the seal.
        earlier: the names that it had before.
    """

    item: Item
    seal: Seal
    earlier: tuple[EarlierName, ...] = ()


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
