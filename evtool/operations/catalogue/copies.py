"""The copies that a catalogue knows: where they lie, when they were last read, which of them hold the same items."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec import Struct

from evtool.core.text.ranges import ItemRanges
from evtool.core.values import replace
from evtool.operations.catalogue.locations import Location
from evtool.operations.catalogue.schedule import Reading
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


class OfflineDue(Struct, frozen=True):
    """A carrier that has to be fetched to be read.

    Attributes:
        location: code of where it is kept.
        carrier: what it is; None if that was not said.
        due: when the first of its copies has to be read.
        copies: how many of them.
    """

    location: str
    carrier: str | None
    due: datetime
    copies: int


def read_copies(catalogue: Catalogue, locations: Iterable[str] = ()) -> list[StoredCopy]:
    """Read the copies of all that is held; those at some locations if any are named.

    What is in quarantine is not held, and people are about to move it.
    """
    with catalogue.read() as connection:
        rows = connection.execute(
            "SELECT copy.id, holding, collection, location, path, carrier, continued, next_item, round_started, "
            "last_proof, last_result, container, CASE WHEN container IN ('zip', 'age') THEN sha256 END, bytes, head, "
            "uid FROM copy JOIN holding ON holding.id=holding "
            "JOIN collection ON collection.id=collection WHERE state IN ('accepted', 'partial') ORDER BY copy.id"
        )
        chosen = set(locations)
        return [copy for copy in map(StoredCopy._make, rows) if not chosen or copy.location in chosen]


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
            "SELECT location, path, carrier, last_proof, holding FROM copy JOIN holding ON holding.id=holding WHERE "
            "collection=? AND last_result=? AND last_proof IS NOT NULL AND state IN ('accepted', 'partial') "
            "ORDER BY last_proof DESC, location, path",
            (damaged.collection, OK),
        ).fetchall()
        needed = items or _held(connection, damaged.holding)
        return tuple(IntactCopy(*row) for *row, held in rows if _covers(_held(connection, held), needed))


def find_offline(
    copies: Iterable[StoredCopy], locations: Mapping[str, Location], now: datetime, cycle: timedelta | None = None
) -> list[OfflineDue]:
    """Put together the carriers that have to be fetched, and by when; those due first come first."""
    found: dict[tuple[str, str | None], OfflineDue] = {}
    for copy in copies:
        location = locations[copy.location]
        due = due_of(copy, cycle or location.cycle, now)
        key = copy.location, copy.carrier
        known = found.get(key) or OfflineDue(*key, due, 0)
        found[key] = replace(known, due=min(known.due, due), copies=known.copies + 1)
    return sorted(found.values(), key=lambda carrier: (carrier.due, carrier.location, carrier.carrier or ""))


def due_of(copy: StoredCopy, cycle: timedelta, now: datetime) -> datetime:
    """Tell when a copy has to be read."""
    return Reading(copy.id, 0, 0, cycle, moment_of(copy.last_proof)).due(now)


def _held(connection: sqlite3.Connection, holding: int) -> ItemRanges | None:
    rows = connection.execute("SELECT first, last FROM holding_item WHERE holding=? ORDER BY first", (holding,))
    ranges: list[tuple[int, int]] = []
    for first, last in rows:
        if ranges and ranges[-1][1] + 1 == first:
            ranges[-1] = ranges[-1][0], last
        else:
            ranges.append((first, last))
    return ItemRanges(tuple(ranges)) if ranges else None


def _covers(held: ItemRanges | None, needed: ItemRanges | None) -> bool:
    return held is not None and needed is not None and held.meet(needed) == needed
