"""The lists of disclosures that lie in a record, read and held against the entries that they belong to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from evtool.core.custody.chain import Link
from evtool.core.custody.events import Disclosed, Event
from evtool.core.errors import EvtoolError, FormatError
from evtool.core.finding import Cause, Code, Effect, Finding, Words
from evtool.core.manifest.disclosed_items import DisclosedItems, parse_disclosed_items
from evtool.core.text.digest import sha256_hex
from evtool.core.text.limits import MAX_DISCLOSED_LIST
from evtool.store.custody import CustodyReader
from evtool.store.custody_names import FileRole, Listing, file_name


class DisclosedList(NamedTuple):
    """A list that is the one its entry was signed with, or what is wrong with the list that lies there.

    Attributes:
        link: the entry `disclosed`.
        listed: what it says; None if it cannot be used.
        finding: why it cannot.
    """

    link: Link
    listed: DisclosedItems | None
    finding: Finding | None = None


def list_name(sequence: int) -> str:
    """Name the file of a list."""
    return file_name(sequence, Event.DISCLOSED.value, FileRole.DISCLOSED)


def read_lists(custody: CustodyReader, listing: Listing, links: Sequence[Link]) -> Iterator[DisclosedList]:
    """Read the lists that are there, newest first; each of the others went with its bundle only."""
    for link in reversed(links):
        details, key = link.entry.details, (link.entry.sequence, link.entry.event.value)
        if isinstance(details, Disclosed) and FileRole.DISCLOSED in listing.files.get(key, ()):
            yield _read_list(custody, link, details)


def _read_list(custody: CustodyReader, link: Link, details: Disclosed) -> DisclosedList:
    number = link.entry.sequence
    name = list_name(number)
    try:
        data = custody.read_file(name, MAX_DISCLOSED_LIST)
    except EvtoolError as error:
        return DisclosedList(
            link, None, _finding(Effect.UNCHECKED, Words("unreadable", why=Cause.of(error)), number, name)
        )
    found, expected = sha256_hex(data), details.list
    if found != expected:
        says = Words("digest" if expected else "digest-unsigned", digest=found, should=expected)
        return DisclosedList(link, None, _finding(Effect.DISPROVES, says, number, name))
    try:
        return DisclosedList(link, parse_disclosed_items(data))
    except FormatError as error:
        # It is signed as it stands, so nothing is disproven: this version cannot read it.
        says = Words("signed", why=Cause.of(error))
        return DisclosedList(link, None, _finding(Effect.UNCHECKED, says, number, name))


def _finding(effect: Effect, says: Words, number: int, name: str) -> Finding:
    return Finding(Code.DISCLOSURE_INVALID, effect, says, path=name, entry=number)
