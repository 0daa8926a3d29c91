"""A record as it lies on disk: its chain of custody, read and judged but for the items of its seals."""

from __future__ import annotations

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
from evtool.core.manifest.manifest import Item
from evtool.core.manifest.statement import ItemType
from evtool.core.text.digest import sha256_hex
from evtool.core.text.limits import MAX_ENTRIES_SIZE
from evtool.core.text.patterns import DEFAULT_PATTERNS, Exclusions
from evtool.core.text.ranges import is_about
from evtool.core.values import replace
from evtool.operations.record.companions import report_companions
from evtool.operations.record.disclosed_lists import read_lists
from evtool.operations.record.line_ends import excuse_converted
from evtool.store.custody import CustodyReader
from evtool.store.custody_names import COVER, FileRole, Listing, file_name


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
