"""Opening a record to add to it: it is locked, cleaned of what an interrupted run left, and must hold."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct

from evtool.core.container.bagit import DECLARATION_FILE
from evtool.core.errors import InputError, UsageError, Way
from evtool.core.text.names import shown
from evtool.operations.author import Author
from evtool.operations.record.continuation import default_continuation, open_continued, require_place, wrong_pair
from evtool.operations.record.opening import (
    find_place,
    is_own_place,
    read_sound_record,
    read_to_build_on,
    require_ours,
)
from evtool.operations.record.place import RecordPlace, Where, place_of
from evtool.operations.record.record import Record
from evtool.operations.record.subject import is_bundle, open_itself
from evtool.operations.record.wrong_place import no_record
from evtool.scan.progress import NoProgress, Progress
from evtool.scan.source import EvidenceSource
from evtool.scan.tree import TreeLocation
from evtool.store.continued import ContinuedCustody
from evtool.store.custody import CustodyDirectory, CustodyReader, locate_custody
from evtool.store.journal import journal_name
from evtool.store.writer import CustodyWriter

if TYPE_CHECKING:
    from evtool.store.bundle import Bundle


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
