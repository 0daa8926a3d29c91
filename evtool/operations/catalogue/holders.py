"""Who holds which items of a collection: one's own copies, and everybody whom a record says that it gave them to."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from msgspec import Struct

from evtool.core.custody.events import Acceptance, Event
from evtool.core.errors import InputError
from evtool.core.text.names import shown
from evtool.core.text.ranges import ItemRanges, unite
from evtool.operations.catalogue.forks import read_disowned
from evtool.operations.catalogue.in_force import read_items
from evtool.store.catalogue.database import Catalogue

HANDOVERS = (Event.TRANSFERRED.value, Event.DISCLOSED.value)
"""Events that hand items over."""

UNDER_AGREEMENT = """(
    EXISTS(SELECT 1 FROM term_code WHERE terms=b.terms AND name='agreement' AND code=?) OR
    EXISTS(SELECT 1 FROM holding_item AS h JOIN holding ON holding.id=h.holding WHERE
        holding.collection=i.collection AND i.number BETWEEN h.first AND h.last AND holding.agreement=?))
"""
"""Condition that an item `i`, whose terms rest on the basis `b`, is bound to an agreement or came under it; its number
is given twice."""


class OwnCopy(NamedTuple):
    """A copy that the repository keeps.

    Attributes:
        holding: number of the holding.
        location, path, carrier: where it lies.
        items: which of the items it discloses.
        last_proof: when it was last verified or audited, RFC 3339; None if it never was.
        result: what came out.
    """

    holding: int
    location: str
    path: str
    carrier: str | None
    items: ItemRanges
    last_proof: str | None
    result: str | None


class Given(NamedTuple):
    """Somebody who was given items, as far as any record that was seen tells.

    Attributes:
        holder: code of whoever has them.
        entry: number of the entry that records it.
        digest: digest of that entry.
        event: what it records.
        since: when they were handed over, as the signer says, with offset.
        items: which of the items; None for all that were sealed by then, of which none is known.
        authority, purpose: what for, if that was recorded as a code.
        answer: what the holder said about it; None if no answer was seen.
    """

    holder: str
    entry: int
    digest: str
    event: Event
    since: str
    items: ItemRanges
    authority: str | None
    purpose: str | None
    answer: Acceptance | None


class Holders(Struct, frozen=True):
    """Who holds items of one collection.

    Attributes:
        collection: its id.
        items: the items that were asked for.
        own: the copies that the repository keeps.
        given: who else was given some, oldest first.
    """

    collection: str
    items: ItemRanges
    own: tuple[OwnCopy, ...]
    given: tuple[Given, ...]


def find_holders(catalogue: Catalogue, collection: str, items: ItemRanges | None = None) -> Holders:
    """Find who holds items of a collection; without `items`, any of them.

    A holder that answered with a rejection is listed as well: somebody may have looked, or kept a copy.

    Raises:
        InputError: the catalogue does not know the collection, or no item of it.
    """
    with catalogue.read() as connection:
        number = collection_number(connection, collection)
        sealed = sealed_items(connection, number)
        asked = items if items is not None else sealed
        if asked is None:
            raise InputError("no item of this collection is known", key="catalogue-no-items")
        return Holders(
            collection,
            asked,
            tuple(read_copies(connection, number, asked)),
            tuple(read_handovers(connection, number, asked)),
        )


def collection_number(connection: sqlite3.Connection, collection: str) -> int:
    """Give the number of the row of a collection.

    Raises:
        InputError: the catalogue does not know it.
    """
    row = connection.execute("SELECT id FROM collection WHERE uid=?", (collection,)).fetchone()
    if row is None:
        raise InputError(
            "the catalogue does not know the collection {id}",
            hint="`evtool catalogue list CATALOGUE` lists those that it knows",
            key="catalogue-no-collection",
            id=shown(collection, 80),
        )
    return int(row[0])


def sealed_items(connection: sqlite3.Connection, collection: int, before: int | None = None) -> ItemRanges | None:
    """Give all items that entries of a collection seal; with `before`, those that were sealed before that entry."""
    disowned = read_disowned(connection, collection)
    rows = connection.execute(
        "SELECT items, digest, signature FROM entry WHERE collection=? AND event=? AND sequence<?",
        (collection, Event.SEALED.value, before if before is not None else 1 << 62),
    )
    texts = (text for text, *place in rows if tuple(place) not in disowned)
    spans = [span for text in texts if (ranges := read_items(text)) is not None for span in ranges.ranges]
    return unite(sorted(spans))


def read_held(connection: sqlite3.Connection, holding: int) -> ItemRanges | None:
    """Give the items that one holding discloses; None for none."""
    return unite(connection.execute("SELECT first, last FROM holding_item WHERE holding=? ORDER BY first", (holding,)))


def read_copies(connection: sqlite3.Connection, collection: int, items: ItemRanges) -> list[OwnCopy]:
    """Give the copies that hold some of the items."""
    found: list[OwnCopy] = []
    copies = connection.execute(
        "SELECT c.holding, c.location, c.path, c.carrier, c.last_proof, c.last_result FROM copy AS c "
        "JOIN held AS h ON h.id=c.holding WHERE h.collection=? "
        "ORDER BY c.holding, c.location, c.path",
        (collection,),
    ).fetchall()
    for holding, location, path, carrier, last_proof, result in copies:
        held = read_held(connection, holding)
        here = held.meet(items) if held is not None else None
        if here is not None:
            found.append(OwnCopy(holding, location, path, carrier, here, last_proof, result))
    return found


def read_handovers(connection: sqlite3.Connection, collection: int, items: ItemRanges) -> list[Given]:
    """Give every handover of some of the items that an entry of any branch records, and every answer to an unknown one.

    Where a record does not tell which items a bundle held, it may have been all that were sealed by then.
    """
    disowned = read_disowned(connection, collection)
    found_rows = connection.execute(
        "SELECT signature, sequence, digest, event, agent, happened, items, party, authority, purpose, answers, "
        "acceptance FROM entry WHERE collection=? AND (event IN (?, ?) OR answers IS NOT NULL) "
        "ORDER BY happened, sequence, digest",
        (collection, *HANDOVERS),
    )
    rows = [row for signature, *row in found_rows if (row[1], signature) not in disowned]
    answers = {row[9]: Acceptance(row[10]) for row in rows if row[9] is not None and row[10] is not None}
    known = {row[1] for row in rows if row[2] in HANDOVERS}
    found: list[Given] = []
    for sequence, digest, event, agent, happened, text, party, authority, purpose, answered, acceptance in rows:
        is_handover = event in HANDOVERS
        if not is_handover and answered in known:
            continue
        given = (read_items(text) or sealed_items(connection, collection, sequence)) if is_handover or text else None
        given = given if given is not None else sealed_items(connection, collection)
        here = given.meet(items) if given is not None else None
        if here is not None:
            holder = party if is_handover else agent
            answer = answers.get(digest) if is_handover else Acceptance(acceptance)
            found.append(Given(holder, sequence, digest, Event(event), happened, here, authority, purpose, answer))
    return found
