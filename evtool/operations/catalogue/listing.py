"""What a catalogue holds: its collections, each with what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from evtool.core.text.ranges import ItemRanges, unite
from evtool.store.catalogue.database import Catalogue


class Held(NamedTuple):
    """One collection of a catalogue.

    Attributes:
        collection: its id.
        sender: code of who sent it.
        first_seen: when it first came, RFC 3339.
        entries: how many entries of its record were seen, on all branches.
        items: how many of its items are held.
        held: their numbers; None if none is held.
        holdings: numbers of the holdings that are accepted, oldest first.
        in_quarantine: numbers of those in quarantine.
    """

    collection: str
    sender: str
    first_seen: str
    entries: int
    items: int
    held: ItemRanges | None
    holdings: tuple[int, ...]
    in_quarantine: tuple[int, ...]


def list_collections(catalogue: Catalogue, sender: str | None = None) -> Iterator[Held]:
    """Yield the collections that a catalogue knows, in the order of their ids; only those of a sender, if one is given.

    Raises:
        InputError: the catalogue cannot be read.
    """
    with catalogue.read() as connection:
        rows = connection.execute(
            "SELECT id, uid, sender, first_seen, (SELECT COUNT(*) FROM entry WHERE collection=c.id), "
            "(SELECT COUNT(*) FROM item WHERE collection=c.id) FROM collection AS c "
            "WHERE ?1 IS NULL OR sender=?1 ORDER BY uid",
            (sender,),
        )
        for number, uid, of, first_seen, entries, items in rows:
            holdings = connection.execute(
                "SELECT id, state FROM holding WHERE collection=? ORDER BY id", (number,)
            ).fetchall()
            spans = connection.execute(
                "SELECT first, last FROM holding_item JOIN holding ON holding.id=holding WHERE collection=? "
                "ORDER BY first, last",
                (number,),
            )
            yield Held(
                uid,
                of,
                first_seen,
                entries,
                items,
                unite(spans),
                tuple(holding for holding, state in holdings if state in ("accepted", "partial")),
                tuple(holding for holding, state in holdings if state == "quarantined"),
            )
