"""What has to come back: items that may not be used any more, and who still has them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import date
from enum import Enum
from typing import NamedTuple

from msgspec import Struct

from evtool.core.terms.terms import Status
from evtool.core.text.ranges import ItemRanges, ranges_of
from evtool.operations.catalogue.holders import (
    Given,
    OwnCopy,
    collection_number,
    read_copies,
    read_handovers,
    sealed_items,
)
from evtool.report.letters import LetterPart, LetterReason
from evtool.store.catalogue.database import Catalogue


class Why(Enum):
    """Why items are recalled."""

    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    REFUSED = "refused"
    EXPIRED = "expired"
    """Its day has come, or somebody recorded it."""
    AGREEMENT_ENDED = "agreement-ended"
    """An agreement that binds them, or under which they came, has ended."""
    ASKED = "asked"
    """Somebody asked for them."""


_BY_STATUS = (Status.WITHDRAWN, Status.REVOKED, Status.REFUSED, Status.EXPIRED)


class RecallReason(NamedTuple):
    """Items of one collection that are recalled for one reason.

    Attributes:
        why: the reason.
        since: the day from which it holds, as `2026-03-01`; None where nobody said.
        items: the items.
        agreement: number of the agreement that has ended, or None.
    """

    why: Why
    since: str | None
    items: ItemRanges
    agreement: str | None = None


class RecalledCollection(Struct, frozen=True):
    """What is recalled of one collection, and who has it.

    Attributes:
        collection: its id.
        sender: code of who sent it.
        reasons: why, with the items; an item can be in several.
        items: all of them.
        own: the copies that the repository keeps.
        given: who else was given some.
    """

    collection: str
    sender: str
    reasons: tuple[RecallReason, ...]
    items: ItemRanges
    own: tuple[OwnCopy, ...]
    given: tuple[Given, ...]


class RecallSought(Struct, frozen=True):
    """What is to be recalled.

    Attributes:
        day: as of when.
        ended: numbers of the agreements that have ended by then.
        collection: id of the only collection; None for all.
        items: items of it that are recalled whatever their terms are; None for those whose terms say so.
    """

    day: date
    ended: frozenset[str] = frozenset()
    collection: str | None = None
    items: ItemRanges | None = None


def find_recalls(catalogue: Catalogue, sought: RecallSought) -> Iterator[RecalledCollection]:
    """Yield what is recalled, by the ids of collections; what nobody holds any more is left out.

    Raises:
        InputError: the catalogue does not know the collection, or cannot be read.
    """
    with catalogue.read() as connection:
        if sought.collection is not None:
            numbers = [collection_number(connection, sought.collection)]
        else:
            numbers = [row[0] for row in connection.execute("SELECT id FROM collection ORDER BY uid")]
        for number in numbers:
            reasons = tuple(_find_reasons(connection, number, sought))
            if not reasons:
                continue
            uid, sender = connection.execute("SELECT uid, sender FROM collection WHERE id=?", (number,)).fetchone()
            items = ranges_of(item for reason in reasons for item in reason.items)
            own = tuple(read_copies(connection, number, items))
            given = tuple(read_handovers(connection, number, items))
            if own or given:
                yield RecalledCollection(uid, sender, reasons, items, own, given)


def _find_reasons(connection: sqlite3.Connection, collection: int, sought: RecallSought) -> Iterator[RecallReason]:
    if sought.items is not None:
        sealed = sealed_items(connection, collection)
        items = sought.items.meet(sealed) if sealed is not None else None
        if items is not None:
            yield RecallReason(Why.ASKED, None, items)
        return
    found: dict[tuple[Why, str | None, str | None], list[int]] = {}
    statuses = [status.value for status in _BY_STATUS]
    rows = connection.execute(
        "SELECT i.number, t.status, t.until, b.entries FROM item AS i JOIN basis AS b ON b.id=i.basis "
        "JOIN terms AS t ON t.id=b.terms WHERE i.collection=? AND t.known='stated' "
        "AND (t.status IN (?, ?, ?, ?) OR t.until<=?)",
        (collection, *statuses, sought.day.isoformat()),
    )
    days: dict[str, str | None] = {}
    for number, status, until, entries in rows:
        why, since = Why.EXPIRED, until
        if status in statuses:
            if entries not in days:
                days[entries] = _newest_day(connection, collection, entries)
            why, since = Why(status), days[entries]
        found.setdefault((why, since, None), []).append(number)
    for ended in sorted(sought.ended):
        numbers = [row[0] for row in connection.execute(_UNDER_AGREEMENT, (collection, ended, ended))]
        if numbers:
            found[Why.AGREEMENT_ENDED, None, ended] = numbers
    for (why, since, agreement), numbers in found.items():
        yield RecallReason(why, since, ranges_of(numbers), agreement)


_UNDER_AGREEMENT = """
SELECT i.number FROM item AS i JOIN basis AS b ON b.id=i.basis WHERE i.collection=? AND (
    EXISTS(SELECT 1 FROM term_code WHERE terms=b.terms AND name='agreement' AND code=?) OR
    EXISTS(SELECT 1 FROM holding_item AS h JOIN holding ON holding.id=h.holding WHERE
        holding.collection=i.collection AND i.number BETWEEN h.first AND h.last AND holding.agreement=?))
"""


def _newest_day(connection: sqlite3.Connection, collection: int, entries: str) -> str | None:
    """Give the day of the newest change among the entries that terms rest on, as its signer says."""
    happened = [
        row[0]
        for digest in entries.split()
        for row in connection.execute(
            "SELECT happened FROM entry WHERE collection=? AND digest=? AND terms IS NOT NULL", (collection, digest)
        )
    ]
    return happened[-1][:10] if happened else None


class Letter(NamedTuple):
    """What one recipient has to be told: their code, and what is recalled of each collection."""

    recipient: str
    parts: tuple[LetterPart, ...]


def find_letters(recalls: Iterable[RecalledCollection], own_codes: frozenset[str]) -> list[Letter]:
    """Give what everybody has to be told who was given something that is recalled, but for oneself and its sender."""
    letters: dict[str, list[LetterPart]] = {}
    for recalled in recalls:
        holders: dict[str, list[Given]] = {}
        for given in recalled.given:
            holders.setdefault(given.holder, []).append(given)
        for holder in holders.keys() - own_codes - {recalled.sender}:
            had = ranges_of(item for given in holders[holder] for item in given.items)
            reasons = [
                LetterReason(reason.why.value, reason.since, reason.agreement, items)
                for reason in recalled.reasons
                if (items := reason.items.meet(had)) is not None
            ]
            if reasons:
                entries = sorted({given.entry for given in holders[holder]})
                letters.setdefault(holder, []).append(LetterPart(recalled.collection, reasons, entries))
    return [Letter(holder, tuple(parts)) for holder, parts in sorted(letters.items())]
