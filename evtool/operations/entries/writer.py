"""Adding one entry to a record: the same steps for every event.

The record is locked, cleaned of what an interrupted run left, and must hold before anything is added to it. The entry
exists from the moment at which its signature gets its name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from evtool.core import __version__
from evtool.core.custody.entry import Clock, Entry, Previous
from evtool.core.custody.events import APART, Derived, Details, Disclosed, Fixity
from evtool.core.custody.house import Houses, acts_of
from evtool.core.errors import UsageError, Way
from evtool.core.text.digest import sha256_hex
from evtool.core.text.ranges import ItemRanges
from evtool.operations.author import Author
from evtool.operations.entries.read_back import require_readable
from evtool.operations.entries.readme_files import serialize_informational
from evtool.operations.record.opening import find_place, is_own_place, read_sound_record
from evtool.operations.record.record import OWN_FILES, Record
from evtool.operations.verify.time.listing import read_known_stamps
from evtool.scan.tree import TreeLocation
from evtool.store.custody import CustodyDirectory, FileRole, file_name
from evtool.store.journal import journal_name
from evtool.store.writer import CustodyWriter

NOT_STATED = "not stated"
"""What an entry gives as its reason where the signer gave none."""


@dataclass(frozen=True, slots=True)
class EntryHeader:
    """What the signer says of an entry, whatever it records.

    Attributes:
        reason: why it happened.
        happened_at: when, with offset; None means now.
        clock: what the signer says about the clock.
        items: the items it is about; None means all that are sealed by now.
    """

    reason: str = NOT_STATED
    happened_at: datetime | None = None
    clock: Clock = Clock.CLAIMED
    items: ItemRanges | None = None

    def __post_init__(self) -> None:
        if self.happened_at is not None and self.happened_at.tzinfo is None:
            raise UsageError("the time of the event needs an offset from UTC")


@dataclass(frozen=True, slots=True)
class OpenRecord:
    """A record that may be written, and holds.

    Attributes:
        evidence: the evidence directory.
        writer: the right to write.
        custody: the custody directory, open for reading.
        record: what it says.
        inside: whether it lies in the evidence directory.
    """

    evidence: TreeLocation
    writer: CustodyWriter
    custody: CustodyDirectory
    record: Record
    inside: bool

    @property
    def next_sequence(self) -> int:
        """Number of the next entry."""
        return _next_sequence(self.record)


@dataclass(frozen=True, slots=True)
class Written:
    """An entry that now exists: its number, and its SHA-256."""

    sequence: int
    head: str


@contextmanager
def open_for_writing(path: str | os.PathLike[str], custody: str | None) -> Iterator[OpenRecord]:
    """Lock the record of an evidence directory and check that it holds; it is made if it is not there.

    Raises:
        BusyError: another evtool is writing.
        InputError: the directory, or the custody directory, cannot be used.
        MismatchError: the record fails verification; nothing is added to it.
    """
    evidence = TreeLocation.find(os.fspath(path))
    target = find_place(evidence, custody)
    with CustodyWriter(target) as writer, CustodyDirectory(writer.location) as directory:
        before = read_sound_record(directory)
        informational = before.chain.links[-1].entry.informational if before.chain.links else {}
        writer.clean(before.listing, keep=journal_name(_next_sequence(before)), informational=informational)
        record = read_sound_record(directory)
        yield OpenRecord(evidence, writer, directory, record, is_own_place(evidence, target))


def _next_sequence(record: Record) -> int:
    links = record.chain.links
    return links[-1].entry.sequence + 1 if links else 1


@dataclass(frozen=True, slots=True)
class Draft:
    """The next entry, signed, of which nothing is written yet.

    Attributes:
        entry: the entry.
        data, signature: the bytes of the entry, and of its signature.
        informational: what the informational files are once it is there: name -> content.
        own: the small files that only its event has: name -> content; larger ones are written as they are made.
    """

    entry: Entry
    data: bytes
    signature: bytes
    informational: Mapping[str, bytes]
    own: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def head(self) -> str:
        """SHA-256 of the entry."""
        return sha256_hex(self.data)

    def name(self, role: FileRole) -> str:
        """Name one of its files."""
        return file_name(self.entry.sequence, self.entry.event.value, role)

    @property
    def files(self) -> dict[str, bytes]:
        """The files that are there once it is, but for those that were written as they were made: name -> content."""
        both = {self.name(FileRole.ENTRY): self.data, self.name(FileRole.SIGNATURE): self.signature}
        return {**self.own, **both, **self.informational}


def write_entry(
    opened: OpenRecord,
    author: Author,
    header: EntryHeader,
    details: Details,
    *,
    fixity: Fixity | None = None,
    unlisted: int = 0,
    read_in_blocks: bool = False,
    require_unchanged: Callable[[], None] | None = None,
) -> Written:
    """Write, sign and commit the next entry; the files that belong to it alone (a manifest, a renewal, a list) are
    written already, under temporary names.

    `unlisted` is the number of new files whose paths are too long for `sha256sum`; README.txt tells it. With
    `read_in_blocks` every block of a new manifest was read already. `require_unchanged` is called when the signature
    has been made, which can take a person's consent and a while, and before it counts: it raises if what is signed is
    no longer so.

    Raises:
        InputError: what would be signed could not be read again.
    """
    draft = draft_entry(
        opened, author, header, details, fixity=fixity, unlisted=unlisted, read_in_blocks=read_in_blocks
    )
    return commit_entry(opened, draft, require_unchanged)


def draft_entry(
    opened: OpenRecord,
    author: Author,
    header: EntryHeader,
    details: Details,
    *,
    fixity: Fixity | None = None,
    unlisted: int = 0,
    own: Mapping[str, bytes] | None = None,
    read_in_blocks: bool = False,
) -> Draft:
    """Make and sign the next entry, and write nothing; `commit_entry` makes it exist, byte for byte as it is here.

    `own` are the small files that only this event has, by name; the others are as for `write_entry`.

    Raises:
        InputError: what would be signed could not be read again.
    """
    require_current(opened.record, author)
    stamps = read_known_stamps(opened.record, author.now())
    entry = _build_entry(opened, author, header, details, fixity)
    own = dict(own or {})
    if entry.event in APART and (entry.items is not None or isinstance(details, Derived)):
        # It is about single items: whoever is given none of them need not read what it says.
        apart = entry.serialize_details(author.random(16).hex())
        own[file_name(entry.sequence, entry.event.value, FileRole.DETAILS)] = apart
        entry = replace(entry, apart=sha256_hex(apart))
    if entry.previous:
        entry = replace(entry, previous=replace(entry.previous, timestamps=stamps.to_list))
    informational = serialize_informational(
        opened.record, entry, author.signer.public_key, unlisted, stamps.repeats, inside=opened.inside
    )
    entry = replace(entry, informational={name: sha256_hex(data) for name, data in informational.items()})
    data = entry.serialize()
    require_readable(data, entry, opened.record, own, read_in_blocks=read_in_blocks)
    return Draft(entry, data, author.signer.sign(data), informational, own)


def require_current(record: Record, author: Author) -> None:
    """Refuse to sign with a key whose successor has signed: everybody would ask who did.

    Raises:
        UsageError: the key is retired in this record.
    """
    admission = Houses(acts_of(record.chain.links)).retired.get(author.signer.public_key.fingerprint)
    if admission is not None:
        raise UsageError(
            f"entry {admission} replaced this key of {author.signer.code}, and the new key has signed since; nothing "
            "was written",
            hint="sign with the new key; the new key can take the old one back with `evtool record DIR admitted`",
            ways=(Way.KEY, Way.AGENT),
        )


def commit_entry(opened: OpenRecord, draft: Draft, require_unchanged: Callable[[], None] | None = None) -> Written:
    """Write an entry that was drafted; it exists when this returns, and was not there before.

    `require_unchanged` is called just before it exists; it raises if what is signed is no longer so.
    """
    own, details = OWN_FILES.get(draft.entry.event.value, frozenset()), draft.entry.details
    if isinstance(details, Disclosed) and details.list is None:
        own = frozenset()  # recorded by hand: no bundle was made, so there is no list of what it holds
    if draft.entry.apart is None:
        own -= {FileRole.DETAILS}
    roles = [*(role for role in FileRole if role in own), FileRole.ENTRY, FileRole.SIGNATURE]
    for name, content in draft.files.items():
        opened.writer.write(name, content)
    if require_unchanged is not None:
        require_unchanged()
    opened.writer.commit([draft.name(role) for role in roles], informational=draft.informational)
    return Written(draft.entry.sequence, draft.head)


def _build_entry(
    opened: OpenRecord,
    author: Author,
    header: EntryHeader,
    details: Details,
    fixity: Fixity | None,
) -> Entry:
    recorded_at = author.now().replace(microsecond=0)
    links = opened.record.chain.links
    return Entry(
        collection=links[0].entry.collection if links else author.random(16).hex(),
        sequence=opened.next_sequence,
        event=details.event,
        happened_at=header.happened_at or recorded_at,
        recorded_at=recorded_at,
        clock=header.clock,
        agent=author.signer.code,
        key=author.signer.public_key.fingerprint,
        reason=header.reason,
        tool=f"evtool {__version__}",
        previous=Previous(entry=links[-1].head, signature=links[-1].signature_digest) if links else None,
        details=details,
        items=header.items,
        fixity=fixity,
    )
