"""Checking what `renewed` entries list: every file is there, with the digest under the second hash family."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterator

from msgspec import Struct, field

from evtool.core.custody.chain import Link
from evtool.core.custody.events import Event, Renewed
from evtool.core.custody.renewal_list import parse_list
from evtool.core.errors import EvtoolError
from evtool.core.finding import Cause, Code, Effect, Finding, Words
from evtool.core.text.limits import MAX_LIST_LINE
from evtool.operations.record.disclosed_lists import list_name
from evtool.operations.record.record import Record
from evtool.store.custody_names import FileRole, Listing, file_name, receipt_names

_CUT_BY_DISCLOSURE = frozenset({FileRole.MANIFEST, FileRole.CHECKSUMS})
"""Files that a copy which withholds statements has in another form, or not at all."""


def record_files(listing: Listing) -> list[str]:
    """Name every file that belongs to the record, but for those that are information only and change with it."""
    names = [file_name(*key, role) for key, roles in listing.files.items() for role in roles]
    names += [name for key in listing.receipts for name in receipt_names(*key)]
    return sorted([*names, *(name.text for name in listing.stamps)])


def judge_renewals(record: Record) -> list[Finding]:
    """Check the list of every `renewed` entry; to be called once the items were read, as `Seal.withheld_lines` counts.

    What is there is hashed once, however many lists name it.
    """
    links = [link for link in record.chain.links if isinstance(link.entry.details, Renewed)]
    if not links:
        return []
    files = record.listing.files
    known = _RecordFiles(
        frozenset(record_files(record.listing)),
        frozenset(_partial_files(record)),
        sorted((key[0], file_name(*key, role)) for key, roles in files.items() for role in roles),
    )
    findings: list[Finding] = []
    for link in links:
        if isinstance(link.entry.details, Renewed):
            findings += _judge_list(record, link, link.entry.details, known)
    return findings


class _RecordFiles(Struct, frozen=True):
    """What is the same for every list.

    Attributes:
        there: names of all files of the record.
        partial: those that a copy which withholds statements has in another form, or not at all.
        entries: files of entries with the number of their entry, in its order.
        digests: what was hashed so far.
    """

    there: frozenset[str]
    partial: frozenset[str]
    entries: list[tuple[int, str]]
    digests: dict[str, str | EvtoolError] = field(default_factory=dict)


def _judge_list(record: Record, link: Link, details: Renewed, known: _RecordFiles) -> Iterator[Finding]:
    number = link.entry.sequence
    name = file_name(number, Event.RENEWED.value, FileRole.RENEWAL)
    try:
        bound = (
            record.custody.hash_file(name, hashlib.sha256()),
            record.custody.hash_file(name, hashlib.blake2b()),
        )
    except EvtoolError as error:
        gone = FileRole.RENEWAL not in record.listing.files[number, Event.RENEWED.value]
        effect = Effect.DISPROVES if gone else Effect.UNCHECKED
        yield _finding(effect, Words("list-unreadable", why=Cause.of(error)), number, name)
        return
    if bound != (details.list, details.list_renewed):
        says = Words("list", digest=bound[0], should=details.list)
        yield _finding(Effect.DISPROVES, says, number, name)
        return
    try:
        listed = parse_list(record.custody.read_lines(name, limit=MAX_LIST_LINE + 1))
    except EvtoolError as error:
        # It is signed as it stands, so nothing is disproven: this version cannot read it.
        yield _finding(Effect.UNCHECKED, Words("signed", why=Cause.of(error)), number, name)
        return
    yield from _compare(record, number, listed, known)
    yield from _find_unlisted(known, number, listed)


def _compare(record: Record, number: int, listed: dict[str, str], known: _RecordFiles) -> Iterator[Finding]:
    digests = known.digests
    for name, expected in listed.items():
        if name in known.partial:
            continue
        if name not in known.there:
            yield _finding(Effect.DISPROVES, Words("missing"), number, name)
            continue
        if name not in digests:
            digests[name] = _hash(record, name)
        found = digests[name]
        if isinstance(found, EvtoolError):
            yield _finding(Effect.UNCHECKED, Words("unreadable", why=Cause.of(found)), number, name)
        elif found != expected:
            yield _finding(Effect.DISPROVES, Words("digest", digest=found, should=expected), number, name)


def _hash(record: Record, name: str) -> str | EvtoolError:
    try:
        return record.custody.hash_file(name, hashlib.blake2b())
    except EvtoolError as error:
        return error


def _partial_files(record: Record) -> Iterator[str]:
    for seal in record.seals:
        if seal.withheld_lines or seal.broken:
            for role in _CUT_BY_DISCLOSURE:
                yield file_name(seal.number, Event.SEALED.value, role)
    # The list of a disclosure travels in its own bundle only, details of an entry with the items that it is about.
    for link in record.chain.links:
        key = link.entry.sequence, link.entry.event.value
        if link.entry.event is Event.DISCLOSED and FileRole.DISCLOSED not in record.listing.files[key]:
            yield list_name(link.entry.sequence)
        if link.entry.is_withheld:
            yield file_name(*key, FileRole.DETAILS)


def _find_unlisted(known: _RecordFiles, number: int, listed: dict[str, str]) -> Iterator[Finding]:
    """A renewal that leaves an earlier entry out does not carry it; time-stamps may have been added since."""
    earlier = known.entries[: bisect_left(known.entries, (number, ""))]
    missing = {name for _, name in earlier} - listed.keys()
    if missing:
        says = Words("leaves-out", first=min(missing))
        yield Finding(Code.RENEWAL_INCOMPLETE, Effect.NOTE, says, entry=number, count=len(missing))


def _finding(effect: Effect, says: Words, number: int, name: str) -> Finding:
    return Finding(Code.RENEWAL_MISMATCH, effect, says, path=name, entry=number)
