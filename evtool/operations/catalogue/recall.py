"""What has to come back, and who still has it; and of which items somebody has to ask, because nobody knows."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from datetime import date
from enum import Enum
from typing import NamedTuple

from msgspec import Struct

from evtool.core.custody.events import Event
from evtool.core.terms.terms import Status
from evtool.core.text.ranges import ItemRanges, ranges_of
from evtool.operations.catalogue.forks import read_entries, read_forks
from evtool.operations.catalogue.holders import (
    UNDER_AGREEMENT,
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
    TERMS_UNKNOWN = "terms-unknown"
    """Consent changed, and no copy here says for which items; or nobody knows for another reason."""
    RECORDS_PART = "records-part"
    """The record parts, nobody has explained that, and so nobody knows which terms are in force."""

    @property
    def is_known(self) -> bool:
        """Whether they have to come back; otherwise somebody has to be asked first."""
        return self not in (Why.TERMS_UNKNOWN, Why.RECORDS_PART)


_BY_STATUS = (Status.WITHDRAWN, Status.REVOKED, Status.REFUSED, Status.EXPIRED)


class RecallReason(NamedTuple):
    """Items of one collection that are recalled for one reason.

    Attributes:
        why: the reason.
        since: the day from which it holds, as `2026-03-01`; None where nobody said.
        items: the items.
        agreement: number of the agreement that has ended, or None.
        entries: numbers of the entries that change consent of which nobody knows for which items, or after which the
            records part; 0 if they begin differently.
        ask: codes of whom to ask what is in force.
    """

    why: Why
    since: str | None
    items: ItemRanges
    agreement: str | None = None
    entries: tuple[int, ...] = ()
    ask: tuple[str, ...] = ()


class RecalledCollection(Struct, frozen=True):
    """What is recalled of one collection, and who has it.

    Attributes:
        collection: its id.
        sender: code of who sent it.
        reasons: why, with the items, or what to ask of whom; an item can be in several.
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
            uid, sender = connection.execute("SELECT uid, sender FROM collection WHERE id=?", (number,)).fetchone()
            reasons = tuple(_find_reasons(connection, number, sought))
            if sought.items is None:
                reasons += tuple(_find_unknown(connection, number, sender))
            if not reasons:
                continue
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


def _find_unknown(connection: sqlite3.Connection, collection: int, sender: str) -> Iterator[RecallReason]:
    """Find the items whose terms nobody knows, with whom to ask; what was given up is nobody's question any more."""
    by_entries: dict[str, list[int]] = {}
    rows = connection.execute(
        "SELECT i.number, b.entries FROM item AS i JOIN basis AS b ON b.id=i.basis JOIN terms AS t ON t.id=b.terms "
        "WHERE i.collection=? AND t.known='withheld' AND i.disposed=0",
        (collection,),
    )
    for number, entries in rows:
        by_entries.setdefault(entries, []).append(number)
    if not by_entries:
        return
    known = read_entries(connection, collection)
    forks = [fork for fork in read_forks(connection, collection, known) if fork.explanation is None]
    if forks:
        items = ranges_of(number for numbers in by_entries.values() for number in numbers)
        signers = {node.agent for fork in forks for node in (fork.parting.first, fork.parting.second)}
        after = tuple(sorted({fork.after for fork in forks}))
        yield RecallReason(Why.RECORDS_PART, None, items, entries=after, ask=tuple(sorted(signers)))
        return
    hidden = {entry.digest: entry for entry in known if entry.is_unknown and entry.event == Event.CONSENT_CHANGED.value}
    found: dict[tuple[str, tuple[int, ...]], list[int]] = {}
    for entries, numbers in by_entries.items():
        changes: dict[str, list[int]] = {}
        for digest in entries.split():
            if digest in hidden:
                changes.setdefault(hidden[digest].agent, []).append(hidden[digest].sequence)
        for agent, sequences in (changes or {sender: []}).items():
            found.setdefault((agent, tuple(sequences)), []).extend(numbers)
    for (agent, asked), numbers in sorted(found.items()):
        yield RecallReason(Why.TERMS_UNKNOWN, None, ranges_of(sorted(numbers)), entries=asked, ask=(agent,))


_UNDER_AGREEMENT = f"""
SELECT i.number FROM item AS i JOIN basis AS b ON b.id=i.basis WHERE i.collection=? AND {UNDER_AGREEMENT}
"""  # noqa: S608  # a condition of `holders`


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


def read_own_codes(catalogue: Catalogue, keys: Collection[str]) -> frozenset[str]:
    """Give the codes under which somebody with these keys, by their fingerprints, has answered handovers.

    Raises:
        InputError: the catalogue cannot be read.
    """
    with catalogue.read() as connection:
        rows = connection.execute("SELECT DISTINCT agent, key FROM entry WHERE answers IS NOT NULL")
        return frozenset(agent for agent, key in rows if key in keys)


class Letter(NamedTuple):
    """What one recipient has to be told: their code, and what is recalled of each collection."""

    recipient: str
    parts: tuple[LetterPart, ...]


def find_letters(recalls: Iterable[RecalledCollection], own_codes: frozenset[str]) -> list[Letter]:
    """Give what everybody has to be told who was given something that is recalled, but for oneself and its sender.

    Of what nobody knows, nobody is told anything: its sender has to be asked first.
    """
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
                if reason.why.is_known and (items := reason.items.meet(had)) is not None
            ]
            if reasons:
                entries = sorted({given.entry for given in holders[holder]})
                letters.setdefault(holder, []).append(LetterPart(recalled.collection, reasons, entries))
    return [Letter(holder, tuple(parts)) for holder, parts in sorted(letters.items())]
