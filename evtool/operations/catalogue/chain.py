"""The chain of custody of a collection as a catalogue knows it: the union of every entry that any copy showed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple

from msgspec import Struct

from evtool.core.custody.branches import EntryPlace
from evtool.operations.catalogue.forks import KnownFork, read_disowned, read_entries, read_forks
from evtool.operations.catalogue.holders import HANDOVERS, collection_number
from evtool.operations.catalogue.in_force import StoredEntry
from evtool.store.catalogue.database import Catalogue


class Mark(Enum):
    """What is to be known of an entry beside what it says."""

    FORK = "fork"
    """Another entry continues the same one, and no handover explains that."""
    BRANCH = "branch"
    """It begins another custodian's branch."""
    UNANSWERED = "unanswered"
    """It hands items over, and no answer was seen."""
    QUARANTINED = "quarantined"
    """Only what is in quarantine has it."""
    GAP = "gap"
    """The entry that it follows was never seen."""
    UNKNOWN = "unknown"
    """Nothing that was seen has its details."""
    UNDONE = "undone"
    """A later entry undoes it."""
    DISOWNED = "disowned"
    """A person said that it, or what it continues, is not part of the record."""


class ChainEntry(NamedTuple):
    """An entry of any branch.

    Attributes:
        sequence: its number.
        digest: its digest.
        previous: digest of the entry that it follows; None before the first.
        event: what it records.
        agent: code of its signer.
        happened: when it happened, as the signer says, with offset.
        party: whom it hands items over to, or who gave them; None where nobody does.
        items: the items that it is about, as a row holds them; None for all that were sealed by then.
        first_seen: when the catalogue first saw it, RFC 3339.
        marks: what is to be known of it.
    """

    sequence: int
    digest: str
    previous: str | None
    event: str
    agent: str
    happened: str
    party: str | None
    items: str | None
    first_seen: str
    marks: tuple[Mark, ...]


class KnownChain(Struct, frozen=True):
    """All that is known of the record of one collection.

    Attributes:
        collection: its id.
        sender: code of who sent it.
        entries: every entry, by number; those of two branches side by side.
        forks: every two entries that continue one, with what a person says of them.
    """

    collection: str
    sender: str
    entries: tuple[ChainEntry, ...]
    forks: tuple[KnownFork, ...]

    @property
    def is_unexplained(self) -> bool:
        """Whether nobody has explained one of the forks."""
        return any(fork.explanation is None for fork in self.forks)


def read_chain(catalogue: Catalogue, collection: str) -> KnownChain:
    """Read all that a catalogue knows of the record of a collection.

    Raises:
        InputError: the catalogue does not know the collection.
    """
    with catalogue.read() as connection:
        number = collection_number(connection, collection)
        (sender,) = connection.execute("SELECT sender FROM collection WHERE id=?", (number,)).fetchone()
        known = read_entries(connection, number)
        forks = tuple(read_forks(connection, number, known))
        forked = {node.place for fork in forks for node in (fork.parting.first, fork.parting.second)}
        marker = _Marker(connection, number, known, forked, read_disowned(connection, number, known))
        rows = connection.execute(
            "SELECT sequence, digest, previous, event, agent, happened, party, items, first_seen, signature, "
            "previous_signature, not_about, undone_by FROM entry WHERE collection=? ORDER BY sequence, digest",
            (number,),
        )
        entries = tuple(ChainEntry._make((*row[:9], marker.mark(*row))) for row in rows)
        return KnownChain(collection, sender, entries, forks)


class _Marker:
    """Finds out what is to be known of each entry of a collection."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        collection: int,
        entries: Sequence[StoredEntry],
        forked: set[EntryPlace],
        disowned: frozenset[EntryPlace],
    ) -> None:
        self._disowned = disowned
        self._forked = forked
        self._before = {entry.digest: entry.previous for entry in entries}
        self._answered = {entry.answers for entry in entries if entry.answers is not None}
        self._followers: dict[str | None, int] = {}
        for previous in self._before.values():
            self._followers[previous] = self._followers.get(previous, 0) + 1
        heads = connection.execute("SELECT head, state FROM holding WHERE collection=?", (collection,)).fetchall()
        quarantined = self._behind(head for head, state in heads if state == "quarantined")
        self._quarantined = quarantined - self._behind(head for head, state in heads if state != "quarantined")

    def mark(self, sequence: int, digest: str, previous: str | None, event: str, *rest: str | None) -> tuple[Mark, ...]:
        """Give what is to be known of one entry."""
        signature, _, not_about, undone_by = rest[-4:]
        is_fork = (digest, signature or "") in self._forked
        marks = {
            Mark.FORK: is_fork,
            Mark.BRANCH: not is_fork and event == "received" and self._followers[previous] > 1,
            Mark.UNANSWERED: event in HANDOVERS and digest not in self._answered,
            Mark.QUARANTINED: digest in self._quarantined,
            Mark.GAP: previous is not None and previous not in self._before,
            Mark.UNKNOWN: not_about is not None,
            Mark.UNDONE: undone_by is not None,
            Mark.DISOWNED: (digest, signature or "") in self._disowned,
        }
        return tuple(mark for mark, holds in marks.items() if holds)

    def _behind(self, heads: Iterable[str | None]) -> set[str]:
        """Give the entries on the way from these back to the first."""
        found: set[str] = set()
        for at in heads:
            while at is not None and at in self._before and at not in found:
                found.add(at)
                at = self._before[at]
        return found
