"""The figures of an annual report: what came in, of which kinds, from whom, about how many people."""

from __future__ import annotations

import sqlite3

from msgspec import Struct

from evtool.store.catalogue.database import Catalogue

NONE = "none"
"""Stands in a count for items without such a code."""


class Figures(Struct, frozen=True):
    """What a catalogue holds, or what first came in one year; each count is code -> number of files.

    Attributes:
        files: how many files.
        bytes: how many bytes in them.
        collections: in how many collections.
        holdings: how many bundles and directories were accepted.
        subjects: how many people they are about, by the codes that archivists gave; 0 where none did.
        kinds: files by what they are.
        senders: files by who sent them.
        agreements: files by the agreement under which they came.
    """

    files: int
    bytes: int
    collections: int
    holdings: int
    subjects: int
    kinds: dict[str, int]
    senders: dict[str, int]
    agreements: dict[str, int]


_FIRST = """
CREATE TEMP TABLE came AS
SELECT i.collection, i.number, i.size, i.kind, COALESCE(h.sender, c.sender) AS sender, h.agreement,
    MIN(h.seen || printf('%012d', h.id)) AS seen
FROM held AS h JOIN holding_item AS r ON r.holding=h.id JOIN collection AS c ON c.id=h.collection
JOIN item AS i ON i.collection=h.collection AND i.number BETWEEN r.first AND r.last
WHERE i.type='file' AND NOT i.disposed
GROUP BY i.collection, i.number
"""
"""Each item with the holding in which it came first: of a row with the least value, SQLite gives the other columns."""


def count_figures(catalogue: Catalogue, year: int | None = None) -> Figures:
    """Count what a catalogue holds, or only what came first in a year (UTC); names are not needed for it.

    Raises:
        InputError: the catalogue cannot be read.
    """
    with catalogue.read() as connection:
        connection.execute(_FIRST)
        years = f"{year:04d}" if year is not None else None
        if years is not None:
            connection.execute("DELETE FROM came WHERE substr(seen, 1, 4) <> ?", (years,))
        files, size, collections = connection.execute(
            "SELECT COUNT(*), COALESCE(SUM(size), 0), COUNT(DISTINCT collection) FROM came"
        ).fetchone()
        holdings = connection.execute(
            "SELECT COUNT(*) FROM held WHERE ?1 IS NULL OR substr(seen, 1, 4)=?1", (years,)
        ).fetchone()[0]
        subjects = connection.execute(
            "SELECT COUNT(DISTINCT code) FROM item_subject JOIN came USING(collection, number)"
        ).fetchone()[0]
        return Figures(
            files,
            size,
            collections,
            holdings,
            subjects,
            _count(connection, "kind"),
            _count(connection, "sender"),
            _count(connection, "agreement"),
        )


def _count(connection: sqlite3.Connection, column: str) -> dict[str, int]:
    rows = connection.execute(
        f"SELECT COALESCE({column}, ?), COUNT(*) FROM came GROUP BY 1 ORDER BY 2 DESC, 1",  # noqa: S608  # a column
        (NONE,),
    )
    return dict(rows.fetchall())
