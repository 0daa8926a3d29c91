"""Where the records of one collection part, as a catalogue knows it, with what a person says of each fork.

An explanation is of two entries, those that a person saw. Another fork of the same collection waits for one of its own.
It may disown one of the two: that entry, with all that continues it, is not part of the record from then on.
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
    """What a person says of a fork.

    Attributes:
        why: how it came.
        explained_by: code of the person.
        explained_at: when they said so, RFC 3339.
        disowned: the one of the two that is not part of the record, as a row has it; None if both count.
    """

    why: str
    explained_by: str
    explained_at: str
    disowned: str | None = None

    @property
    def disowned_digest(self) -> str | None:
        """Digest of the entry that is not part of the record, without that of its signature; None if both count."""
        return self.disowned.split()[0] if self.disowned is not None else None


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
    """Yield the forks among the entries of a collection; what is disowned makes none but those that disowned it."""
    rows = connection.execute(
        "SELECT first, second, why, explained_by, explained_at, disowned FROM explanation WHERE collection=?",
        (collection,),
    )
    explanations = {(first, second): Explanation(*said) for first, second, *said in rows}
    disowned = read_disowned(connection, collection, entries)
    for parting in find_forks(entry.node() for entry in entries):
        explanation = explanations.get(_pair(parting))
        if explanation is not None or not disowned & {parting.first.place, parting.second.place}:
            yield KnownFork(parting, explanation)


def read_disowned(
    connection: sqlite3.Connection, collection: int, entries: Sequence[StoredEntry] | None = None
) -> frozenset[EntryPlace]:
    """Find the entries that a person disowned, with all that continues them.

    `entries` are all of the collection in order, as far as they were read already.
    """
    rows = connection.execute("SELECT disowned FROM explanation WHERE collection=?", (collection,))
    roots = {text for (text,) in rows if text is not None}
    if not roots:
        return frozenset()
    found: set[EntryPlace] = set()
    for entry in entries if entries is not None else read_entries(connection, collection):
        if _spell(entry.place) in roots or entry.before in found:
            found.add(entry.place)
    return frozenset(found)


def leave_out(entries: Sequence[StoredEntry], disowned: frozenset[EntryPlace]) -> list[StoredEntry]:
    """Give the entries that count."""
    return [entry for entry in entries if entry.place not in disowned]


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
        "SELECT head FROM holding WHERE collection=? AND id<>? AND (id<? OR id IN (SELECT id FROM held))",
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
    """Write down what a person says of forks, in place of what was said before."""
    connection.executemany(
        "INSERT INTO explanation(collection, first, second, why, explained_by, explained_at, disowned) "
        "VALUES(?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET why=excluded.why, explained_by=excluded.explained_by, "
        "explained_at=excluded.explained_at, disowned=excluded.disowned",
        ((collection, *_pair(parting), *explanation) for parting in partings),
    )


def is_apart(catalogue: Catalogue, facts: Facts) -> bool:
    """Tell whether a record parts from what is known of its collection, or that does by itself; nothing is written."""
    with catalogue.read() as connection:
        row = connection.execute("SELECT id FROM collection WHERE uid=?", (facts.collection,)).fetchone()
        if row is None:
            return False
        known = read_entries(connection, row[0])
        relation, _ = relate_entries(known, facts, read_disowned(connection, row[0], known))
        return relation is Relation.PARTS or is_unexplained(connection, row[0], known)


def relate_entries(
    known: Sequence[StoredEntry], facts: Facts, disowned: frozenset[EntryPlace]
) -> tuple[Relation, Parting | None]:
    """Tell how a record stands to the entries that are known, and the fork that it makes."""
    if not known:
        return Relation.NEW, None
    if disowned & facts.places:
        forks = find_forks(entry.node() for entry in known)
        return Relation.PARTS, next((each for each in forks if disowned & {each.first.place, each.second.place}), None)
    places = {entry.place for entry in known}
    known = leave_out(known, disowned)
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
    """Find the forks that a person explains who accepts a holding, by its number; nothing is written.

    There are none in a record with a disowned entry: whoever wants to accept that has to take the disowning back first.
    """
    with catalogue.read() as connection:
        row = connection.execute("SELECT id FROM collection WHERE uid=?", (facts.collection,)).fetchone()
        known = read_entries(connection, row[0]) if row is not None else []
        if row is not None and read_disowned(connection, row[0], known) & facts.places:
            return []
        stored = {entry.place: entry for entry in (*map(_stored, (*facts.entries, *facts.receipts)), *known)}
        entries = sorted(stored.values(), key=lambda entry: (entry.sequence, *entry.place))
        return find_explainable(connection, row[0] if row is not None else 0, entries, facts.places, holding)


def shown_by(heads: set[str | None], entries: Sequence[StoredEntry]) -> set[str]:
    """Give the digests of the entries that records with these heads show; the entries are in order."""
    shown = {head for head in heads if head is not None}
    # The later ones first: what one of them follows was shown with it.
    for entry in reversed(entries):
        if entry.digest in shown and entry.previous is not None:
            shown.add(entry.previous)
    return shown


def read_told(
    connection: sqlite3.Connection, collection: int, entries: Sequence[StoredEntry], head: str | None = None
) -> frozenset[EntryPlace]:
    """Find the entries that no record shows that is held: those of notices, of receipts, and of what is in quarantine.

    `head` is that of a record that is held and not among the holdings yet.
    """
    rows = connection.execute("SELECT head FROM held WHERE collection=? AND container<>'notice'", (collection,))
    shown = shown_by({head for (head,) in rows} | {head}, entries)
    return frozenset(entry.place for entry in entries if entry.digest not in shown)


def _pair(parting: Parting) -> tuple[str, str]:
    """Spell the two entries as a row has them, each by its digest and that of its signature."""
    first, second = sorted(_spell(node.place) for node in (parting.first, parting.second))
    return first, second


def _spell(place: EntryPlace) -> str:
    return " ".join(place)


def _stored(fact: EntryFact) -> StoredEntry:
    return StoredEntry(*(getattr(fact, name) for name in StoredEntry._fields))
