"""Items that are held under several collections: the same bytes, whoever sent them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from evtool.core.text.ranges import ItemRanges, ranges_of
from evtool.store.catalogue.database import Catalogue


class HeldAt(NamedTuple):
    """Where the same bytes are held.

    Attributes:
        collection: id of the collection.
        sender: code of who sent it.
        items: numbers of the items.
    """

    collection: str
    sender: str
    items: ItemRanges


class Duplicate(NamedTuple):
    """The same bytes in several collections.

    Attributes:
        size: how many bytes.
        media: type that the first file claims to be, or None.
        places: where they are, by the ids of collections.
    """

    size: int
    media: str | None
    places: tuple[HeldAt, ...]


_DUPLICATES = """
SELECT i.digest, i.size, i.media, c.uid, c.sender, i.number
FROM (SELECT digest FROM item WHERE digest IN (SELECT digest FROM item WHERE digest IS NOT NULL GROUP BY digest
HAVING COUNT(*) > 1) GROUP BY digest HAVING MIN(collection) <> MAX(collection)) AS d
JOIN item AS i ON i.digest=d.digest JOIN collection AS c ON c.id=i.collection
WHERE i.size > 0 ORDER BY i.digest, c.uid, i.number
"""
"""Distinct collections are not counted: the index has the least and the greatest of each digest side by side. It is
asked for these only where there is more than one item, which takes half of the time."""


def find_duplicates(catalogue: Catalogue, between: tuple[str, str] | None = None) -> Iterator[Duplicate]:
    """Yield what is held under several collections; with `between` only what both of these senders sent.

    Empty files are all the same, and say nothing.

    Raises:
        InputError: the catalogue cannot be read.
    """
    with catalogue.read() as connection:
        for _, rows in groupby(connection.execute(_DUPLICATES), key=lambda row: row[0]):
            found = list(rows)
            places = tuple(
                HeldAt(uid, sender, ranges_of(row[5] for row in group))
                for (uid, sender), group in groupby(found, key=lambda row: (row[3], row[4]))
            )
            if between is None or set(between) <= {place.sender for place in places}:
                yield Duplicate(found[0][1], found[0][2], places)
