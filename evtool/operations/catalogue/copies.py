"""The copies that a catalogue knows: where they lie, when they were last read, which of them hold the same items."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec import Struct

from evtool.core.finding import Cause, Finding, Words
from evtool.core.text.ranges import ItemRanges
from evtool.core.text.times import format_utc
from evtool.operations.catalogue.holders import read_held
from evtool.operations.catalogue.locations import Location, Presence, find_presence
from evtool.store.catalogue.database import Catalogue

OK, DAMAGED, UNREADABLE = "ok", "damaged", "unreadable"
"""What the last round of reading found, the first one being the verification with which a copy came."""


class StoredCopy(NamedTuple):
    """A copy as the catalogue has it."""

    id: int
    holding: int
    collection: int
    location: str
    path: str
    carrier: str | None
    continued: str | None
    next_item: int
    round_started: str | None
    last_proof: str | None
    last_result: str | None
    container: str
    sha256: str | None
    bytes: int
    head: str | None
    uid: str
    receipt: str | None


class IntactCopy(Struct, frozen=True):
    """A copy that holds the same items, and whose last proof found all as registered.

    Attributes:
        location: code of where it lies.
        path: where it lies there.
        carrier: what it lies on, or None.
        last_proof: when its last round began.
    """

    location: str
    path: str
    carrier: str | None
    last_proof: str


class Trouble(Struct, frozen=True):
    """A copy that is damaged or could not be read, or a location that is not there.

    Attributes:
        location: code of the location.
        why: what is wrong.
        copy: the copy; None for the whole location.
        items: the items that are damaged; None if it cannot be told which, so it may be any.
        intact: copies that hold these items and are as registered.
    """

    location: str
    why: Words | Finding | Cause
    copy: StoredCopy | None = None
    items: ItemRanges | None = None
    intact: tuple[IntactCopy, ...] = ()


class ReadingDue(Struct, frozen=True):
    """Copies at one location, on one carrier, that have to be read.

    Attributes:
        location: code of the location.
        carrier: what they lie on, if that is fetched to be read; None if it was not said.
        due: when the first of them has to be read.
        copies: how many.
        overdue: how many should have been read before now.
    """

    location: str
    carrier: str | None
    due: datetime
    copies: int
    overdue: int


def read_copies(catalogue: Catalogue, locations: Iterable[str] = (), results: Iterable[str] = ()) -> list[StoredCopy]:
    """Read the copies of all that is held; those at some locations, or with some last results, if any are named.

    What is in quarantine is not held, and people are about to move it.
    """
    with catalogue.read() as connection:
        named = list(results)
        narrowed = f" WHERE last_result IN ({','.join('?' * len(named))})" if named else ""
        rows = connection.execute(
            "SELECT copy.id, holding, collection, location, path, carrier, continued, next_item, round_started, "  # noqa: S608
            "last_proof, last_result, container, CASE WHEN container NOT IN ('dir', 'bag') THEN sha256 END, bytes, "
            "head, uid, receipt FROM copy JOIN held ON held.id=holding JOIN collection ON collection.id=collection"
            f"{narrowed} ORDER BY copy.id",
            named,
        )
        chosen = set(locations)
        return [copy for copy in map(StoredCopy._make, rows) if not chosen or copy.location in chosen]


def look_at_location(catalogue: Catalogue, location: Location) -> tuple[int, bool]:
    """Tell how many copies lie at a location, and whether it can be read now."""
    copies = read_copies(catalogue, [location.code])
    return len(copies), find_presence(location, (copy.path for copy in copies)) is Presence.THERE


def moment_of(text: str | None) -> datetime | None:
    """Read a moment as the catalogue spells it."""
    return datetime.fromisoformat(text) if text is not None else None


def read_items(catalogue: Catalogue, copy: StoredCopy) -> list[tuple[int, int]]:
    """Read the numbers of the items that a copy holds, each with its size in bytes."""
    with catalogue.read() as connection:
        return connection.execute(
            "SELECT number, COALESCE(size, 0) FROM holding_item JOIN item ON item.collection=? AND number BETWEEN "
            "first AND last WHERE holding=? AND disposed=0 ORDER BY number",
            (copy.collection, copy.holding),
        ).fetchall()


def find_intact(catalogue: Catalogue, damaged: StoredCopy, items: ItemRanges | None) -> tuple[IntactCopy, ...]:
    """Find the copies from which damaged items can be taken: they hold all of them, and were found as registered.

    Without `items` they have to hold everything that the damaged copy does.
    """
    with catalogue.read() as connection:
        rows = connection.execute(
            "SELECT location, path, carrier, last_proof, holding FROM copy JOIN held ON held.id=holding WHERE "
            "collection=? AND last_result=? AND last_proof IS NOT NULL ORDER BY last_proof DESC, location, path",
            (damaged.collection, OK),
        ).fetchall()
        needed = items or read_held(connection, damaged.holding)
        return tuple(IntactCopy(*row) for *row, held in rows if _covers(read_held(connection, held), needed))


def sum_due(
    catalogue: Catalogue, location: Location, now: datetime, end: datetime | None = None, cycle: timedelta | None = None
) -> list[ReadingDue]:
    """Count, for each carrier at a location, the copies that have to be read until `end`; without it, all of them.

    As for one copy (`CopyReading.due`), what was never read, or by a clock of the future, is due now.
    """
    cycle = cycle or location.cycle
    late, this_moment = format_utc(now - cycle), format_utc(now)
    last = format_utc(end - cycle) if end is not None else this_moment
    with catalogue.read() as connection:
        rows = connection.execute(
            "SELECT carrier, MIN(CASE WHEN last_proof<=:now THEN last_proof END), COUNT(*), TOTAL(last_proof<:late), "
            "TOTAL(last_proof IS NULL OR last_proof>:now) FROM copy JOIN held ON held.id=holding WHERE "
            "location=:location AND (last_proof<=:last OR last_proof IS NULL OR last_proof>:now) GROUP BY carrier",
            {"location": location.code, "now": this_moment, "late": late, "last": last},
        ).fetchall()
    found = []
    for carrier, oldest, count, overdue, at_once in rows:
        due = datetime.fromisoformat(oldest) + cycle if oldest is not None else now
        found.append(ReadingDue(location.code, carrier, min(due, now) if at_once else due, count, int(overdue)))
    return found


def in_order(found: Iterable[ReadingDue]) -> tuple[ReadingDue, ...]:
    """Put what is due first in front."""
    return tuple(sorted(found, key=lambda each: (each.due, each.location, each.carrier or "")))


def _covers(held: ItemRanges | None, needed: ItemRanges | None) -> bool:
    return held is not None and needed is not None and held.meet(needed) == needed
