"""Where the records of one collection part, as a catalogue knows it, with what a person says of each fork.

An explanation is of two entries, those that a person saw. Another fork of the same collection waits for one of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import NamedTuple

from evtool.core.custody.branches import EntryPlace, Parting, find_forks
from evtool.operations.catalogue.facts import EntryFact, Facts
from evtool.operations.catalogue.in_force import StoredEntry
from evtool.store.catalogue.database import Catalogue


class Relation(Enum):
    """How a record stands to what was known of its collection."""

    NEW = "new"
    """The collection was not known."""
    CONTINUES = "continues"
    """It goes on from the newest entry of a branch."""
    SAME = "same"
    """It holds nothing that was not known."""
    BRANCH = "branch"
    """It is another custodian's branch: one of two begins with the answer to a handover."""
    PARTS = "parts"
    """One entry was continued twice."""


class Explanation(NamedTuple):
    """What a person says of a fork: how it came, their code, and when they said so, RFC 3339."""

    why: str
    explained_by: str
    explained_at: str


class KnownFork(NamedTuple):
    """Two entries that continue one.

    Attributes:
        parting: the entries.
        explanation: what a person says of it; None if nobody has explained it.
    """

    parting: Parting
    explanation: Explanation | None

    @property
    def after(self) -> int:
        """Number of the entry that both continue; 0 if the records begin differently."""
        return self.parting.after.sequence if self.parting.after is not None else 0


def read_entries(connection: sqlite3.Connection, collection: int) -> list[StoredEntry]:
    """Read every entry of a collection, in the order of their numbers."""
    rows = connection.execute(
        f"SELECT {', '.join(StoredEntry._fields)} FROM entry WHERE collection=? ORDER BY sequence, digest, signature",  # noqa: S608  # names of columns
        (collection,),
    )
    return [StoredEntry(*row) for row in rows]


def read_forks(connection: sqlite3.Connection, collection: int, entries: Sequence[StoredEntry]) -> Iterator[KnownFork]:
    """Yield the forks among the entries of a collection."""
    rows = connection.execute(
        "SELECT first, second, why, explained_by, explained_at FROM explanation WHERE collection=?", (collection,)
    )
    explanations = {(first, second): Explanation(*said) for first, second, *said in rows}
    for parting in find_forks(entry.node() for entry in entries):
        yield KnownFork(parting, explanations.get(_pair(parting)))


def is_unexplained(connection: sqlite3.Connection, collection: int, entries: Sequence[StoredEntry]) -> bool:
    """Tell whether the records of a collection part somewhere, and nobody has explained that."""
    return any(fork.explanation is None for fork in read_forks(connection, collection, entries))


def find_explainable(
    connection: sqlite3.Connection,
    collection: int,
    entries: Sequence[StoredEntry],
    own: frozenset[EntryPlace],
    holding: int,
) -> list[Parting]:
    """Find the forks that a person explains who accepts a holding with `own` entries.

    The other entry came before it, or is held. What came since and waits in quarantine has not been judged by anybody.
    """
    rows = connection.execute(
        "SELECT head FROM holding WHERE collection=? AND id<>? AND (id<? OR state IN ('accepted', 'partial'))",
        (collection, holding, holding),
    )
    seen = shown_by({head for (head,) in rows}, entries)

    def is_explained(parting: Parting) -> bool:
        sides = (parting.first, parting.second)
        return any(mine.place in own and other.head in seen for mine, other in (sides, sides[::-1]))

    forks = read_forks(connection, collection, entries)
    return [fork.parting for fork in forks if fork.explanation is None and is_explained(fork.parting)]


def explain_forks(
    connection: sqlite3.Connection, collection: int, partings: Sequence[Parting], explanation: Explanation
) -> None:
    """Write down what a person says of forks."""
    connection.executemany(
        "INSERT INTO explanation(collection, first, second, why, explained_by, explained_at) VALUES(?,?,?,?,?,?)",
        ((collection, *_pair(parting), *explanation) for parting in partings),
    )


def relate(catalogue: Catalogue, facts: Facts) -> tuple[Relation, Parting | None]:
    """Tell how a record stands to what is known of its collection, and the fork that it makes; nothing is written."""
    with catalogue.read() as connection:
        row = connection.execute("SELECT id FROM collection WHERE uid=?", (facts.collection,)).fetchone()
        return relate_entries(read_entries(connection, row[0]) if row is not None else [], facts)


def relate_entries(known: Sequence[StoredEntry], facts: Facts) -> tuple[Relation, Parting | None]:
    """Tell how a record stands to the entries that are known, and the fork that it makes."""
    if not known:
        return Relation.NEW, None
    places = {entry.place for entry in known}
    own, receipts = (
        [entry for entry in map(_stored, facts_of) if entry.place not in places]
        for facts_of in (facts.entries, facts.receipts)
    )
    new = {entry.place for entry in (*own, *receipts)}
    if not new:
        return Relation.SAME, None
    for parting in find_forks(entry.node() for entry in (*known, *own, *receipts)):
        if parting.first.place in new or parting.second.place in new:
            return Relation.PARTS, parting
    followed = {entry.before for entry in known}
    return (Relation.BRANCH if any(entry.before in followed for entry in own) else Relation.CONTINUES), None


def find_new_forks(catalogue: Catalogue, facts: Facts, holding: int) -> list[Parting]:
    """Find the forks that a person explains who accepts a holding, by its number; nothing is written."""
    with catalogue.read() as connection:
        row = connection.execute("SELECT id FROM collection WHERE uid=?", (facts.collection,)).fetchone()
        known = read_entries(connection, row[0]) if row is not None else []
        stored = {entry.place: entry for entry in (*map(_stored, (*facts.entries, *facts.receipts)), *known)}
        entries = sorted(stored.values(), key=lambda entry: (entry.sequence, *entry.place))
        return find_explainable(connection, row[0] if row is not None else 0, entries, facts.places, holding)


def shown_by(heads: set[str], entries: Sequence[StoredEntry]) -> set[str]:
    """Give the digests of the entries that records with these heads show; the entries are in order."""
    shown = set(heads)
    # The later ones first: what one of them follows was shown with it.
    for entry in reversed(entries):
        if entry.digest in shown and entry.previous is not None:
            shown.add(entry.previous)
    return shown


def _pair(parting: Parting) -> tuple[str, str]:
    """Spell the two entries as a row has them, each by its digest and that of its signature."""
    first, second = sorted(" ".join(node.place) for node in (parting.first, parting.second))
    return first, second


def _stored(fact: EntryFact) -> StoredEntry:
    return StoredEntry(*(getattr(fact, name) for name in StoredEntry._fields))
