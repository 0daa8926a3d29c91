"""Adding one entry to a record: the same steps for every event.

The record is locked, cleaned of what an interrupted run left, and must hold before anything is added to it. The entry
exists from the moment at which its signature gets its name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct, field

from evtool.core import __version__
from evtool.core.container.bagit import DECLARATION_FILE
from evtool.core.custody.entry import NOT_STATED, Clock, Entry, Previous
from evtool.core.custody.events import APART, Derived, Details, Disclosed, Fixity
from evtool.core.errors import InputError, UsageError, Way
from evtool.core.text.digest import sha256_hex
from evtool.core.text.names import shown
from evtool.core.text.ranges import ItemRanges
from evtool.core.values import replace
from evtool.operations.author import Author
from evtool.operations.entries.read_back import require_readable
from evtool.operations.entries.readme_files import serialize_informational
from evtool.operations.record.continuation import default_continuation, open_continued, require_place, wrong_pair
from evtool.operations.record.opening import (
    find_place,
    is_own_place,
    read_sound_record,
    read_to_build_on,
    require_ours,
)
from evtool.operations.record.place import RecordPlace, Where, place_of
from evtool.operations.record.record import OWN_FILES, Record
from evtool.operations.record.subject import is_bundle, open_itself
from evtool.operations.record.wrong_place import no_record
from evtool.operations.verify.time.listing import read_known_stamps
from evtool.scan.progress import NoProgress, Progress
from evtool.scan.source import EvidenceSource
from evtool.scan.tree import TreeLocation
from evtool.store.continued import ContinuedCustody
from evtool.store.custody import CustodyDirectory, CustodyReader, locate_custody
from evtool.store.custody_names import FileRole, file_name
from evtool.store.journal import journal_name
from evtool.store.writer import CustodyWriter

if TYPE_CHECKING:
    from evtool.store.bundle import Bundle


class EntryHeader(Struct, frozen=True):
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
            raise UsageError("the time of the event needs an offset from UTC", key="event-offset")


class OpenRecord(Struct, frozen=True):
    """A record that may be written, and holds.

    Attributes:
        evidence: the evidence directory, or the payload of a bundle whose record is continued.
        writer: the right to write.
        custody: the record, open for reading.
        record: what it says.
        inside: whether it lies in the evidence directory.
        bundle: the bundle, if it is one whose record is continued.
        is_continued: whether what is written goes into a directory that continues the record.
    """

    evidence: TreeLocation | EvidenceSource
    writer: CustodyWriter
    custody: CustodyReader
    record: Record
    inside: bool
    bundle: Bundle | None = None
    is_continued: bool = False

    @property
    def directory(self) -> TreeLocation:
        """The evidence directory, with its record where it can grow.

        Raises:
            UsageError: the record is continued elsewhere.
        """
        if isinstance(self.evidence, TreeLocation) and not self.is_continued:
            return self.evidence
        raise UsageError(
            "nothing can be sealed or packed where the record is continued elsewhere",
            hint="unpack the bundle together with the directory that continues its record",
            key="continued-elsewhere",
        )

    @property
    def next_sequence(self) -> int:
        """Number of the next entry."""
        return _next_sequence(self.record)


class Written(Struct, frozen=True):
    """An entry that now exists: its number, and its SHA-256."""

    sequence: int
    head: str


@contextmanager
def open_for_writing(
    path: str | os.PathLike[str], where: Where, progress: Progress | None = None
) -> Iterator[OpenRecord]:
    """Lock the record of an evidence directory and check that it holds; it is made if it is not there.

    The record of a bundle is never written: with `RecordPlace.continued` the directory that continues it is. With
    `RecordPlace.dry_run` nothing is written or locked, and what is added is thrown away. `progress` is told how far a
    container has been read.

    Raises:
        BusyError: another evtool is writing.
        InputError: the directory, or the custody directory, cannot be used; or this is a bundle.
        MismatchError: the record fails verification; nothing is added to it.
    """
    place = place_of(where)
    if place.continued is not None:
        with _open_continued(path, place, place.continued, progress or NoProgress()) as opened:
            yield opened
        return
    if place.custody is None and _is_never_written(path):
        raise _is_a_bundle(path)
    evidence = TreeLocation.find(os.fspath(path))
    target = find_place(evidence, place.custody)
    with _writer(target, place) as writer, CustodyDirectory(writer.location) as directory:
        before = read_sound_record(directory)
        informational = before.chain.links[-1].entry.informational if before.chain.links else {}
        writer.clean(before.listing, keep=journal_name(_next_sequence(before)), informational=informational)
        record = read_sound_record(directory)
        yield OpenRecord(evidence, writer, directory, record, is_own_place(evidence, target))


def _writer(target: bytes, place: RecordPlace) -> AbstractContextManager[CustodyWriter]:
    if not place.dry_run:
        return CustodyWriter(target, wait=place.wait)
    # Start-up time: it imports what makes temporary files.
    from evtool.store.rehearsal import rehearsal

    return rehearsal(target)


def has_record(path: str | os.PathLike[str], where: Where) -> bool:
    """Tell whether there is a record to add to; otherwise `open_for_writing` would make one."""
    place = place_of(where)
    is_elsewhere = place.continued is not None or (place.custody is None and _is_never_written(path))
    return is_elsewhere or locate_custody(TreeLocation.find(os.fspath(path)), place.custody) is not None


def _is_never_written(path: str | os.PathLike[str]) -> bool:
    """Tell whether this is a bundle. A folder that only imitates its lists, and declares no bag, is evidence."""
    return is_bundle(path) and (
        not os.path.isdir(path) or os.path.lexists(os.path.join(os.fspath(path), DECLARATION_FILE))
    )


def _is_a_bundle(path: str | os.PathLike[str]) -> InputError:
    name, other = shown(os.fspath(path)), shown(default_continuation(path))
    return InputError(
        "{name} is a bundle, which never changes; nothing was recorded",
        hint="continue its record in a directory of its own, such as {other}; or unpack it first",
        key="bundle-unchanged",
        ways=(Way.CONTINUED,),
        name=name,
        other=other,
    )


@contextmanager
def _open_continued(
    path: str | os.PathLike[str], place: RecordPlace, directory: str, progress: Progress
) -> Iterator[OpenRecord]:
    """Lock the directory that continues a record, which itself is only read, and check that both hold."""
    target = require_place(directory, path)
    with open_itself(path, place.custody, place.access, progress) as subject:
        if subject is None:
            raise no_record(os.fspath(path))
        with _writer(target, place) as writer, CustodyDirectory(writer.location) as added:
            require_ours(added)
            if added.list_files().entries:
                with open_continued(subject.custody, directory) as both:
                    if both.apart is not None:
                        raise wrong_pair(both.apart)
            custody = ContinuedCustody(subject.custody, added)
            record = read_to_build_on(custody)
            if not record.chain.links:
                raise InputError(
                    "{path} has no entry that could be continued",
                    key="nothing-to-continue",
                    path=shown(os.fspath(path)),
                )
            listing = added.list_files()
            if listing.names_anything:
                informational = record.chain.links[-1].entry.informational
                writer.clean(listing, keep=journal_name(_next_sequence(record)), informational=informational)
                record = read_to_build_on(custody)
            inside = subject.custody_name is not None
            yield OpenRecord(subject.evidence, writer, custody, record, inside, subject.bundle, is_continued=True)


def _next_sequence(record: Record) -> int:
    links = record.chain.links
    return links[-1].entry.sequence + 1 if links else 1


class Draft(Struct, frozen=True):
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
        opened.record,
        entry,
        author.signer.public_key,
        unlisted,
        stamps.repeats,
        inside=opened.inside,
        is_continued=opened.is_continued,
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
    admission = record.houses.retired.get(author.signer.public_key.fingerprint)
    if admission is not None:
        raise UsageError(
            "entry {entry} replaced this key of {code}, and the new key has signed since; nothing was written",
            hint="sign with the new key; the new key can take the old one back with `evtool record DIR admitted`",
            key="key-replaced",
            ways=(Way.KEY, Way.AGENT),
            entry=admission,
            code=author.signer.code,
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
