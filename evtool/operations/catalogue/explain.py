"""What a person says of a fork in the records of a collection: that both entries count, or that one does not."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from msgspec import Struct

from evtool.core.custody.branches import EntryPlace, Parting
from evtool.core.errors import UsageError
from evtool.core.text.names import shown
from evtool.core.text.times import format_utc
from evtool.operations.author import Author
from evtool.operations.catalogue.forks import Explanation, explain_forks, read_entries, read_forks, shown_by
from evtool.operations.catalogue.holders import collection_number
from evtool.operations.catalogue.in_force import StoredEntry
from evtool.operations.catalogue.runs import running
from evtool.operations.catalogue.terms_table import TermsRenewed, TermsTable, read_in_force
from evtool.store.catalogue.database import Catalogue

_DIGITS = 8
"""Least number of hexadecimal digits by which an entry can be named."""


class ForkSaid(Struct, frozen=True):
    """What a person says of two entries that continue one.

    Attributes:
        first, second: the entries, each by its digest or the first digits of it.
        why: how it came.
        by: code of the person.
        disowned: the one of the two that is not part of the record, named in the same way; None if both count.
    """

    first: str
    second: str
    why: str
    by: str
    disowned: str | None = None


def explain_fork(catalogue: Catalogue, collection: str, said: ForkSaid, author: Author) -> TermsRenewed:
    """Write down what a person says of a fork, in place of what was said before, and work out the terms anew.

    Raises:
        InputError: the catalogue does not know the collection, or cannot be written.
        UsageError: there is no such fork, or what is disowned is in a record that is held.
        BusyError: another run is under way.
        KeyFileError: the key cannot sign.
    """
    with catalogue.read() as connection:
        _find_said(connection, collection_number(connection, collection), said)
    with running(catalogue, "explain", author), catalogue.write() as connection:
        number = collection_number(connection, collection)
        parting, disowned = _find_said(connection, number, said)
        spelled = " ".join(disowned) if disowned is not None else None
        explanation = Explanation(said.why, said.by, format_utc(author.now()), spelled)
        explain_forks(connection, number, [parting], explanation)
        entries = read_entries(connection, number)
        return TermsTable(connection, number).renew(read_in_force(connection, number, entries))


def _find_said(connection: sqlite3.Connection, collection: int, said: ForkSaid) -> tuple[Parting, EntryPlace | None]:
    """Find the fork that is meant, and the entry of it that is disowned."""
    entries = read_entries(connection, collection)
    found = [
        fork.parting
        for fork in read_forks(connection, collection, entries)
        if _are_meant(fork.parting, said.first, said.second)
    ]
    if len(found) != 1 or min(len(said.first), len(said.second)) < _DIGITS:
        raise UsageError(
            "{first} and {second} are no two entries that continue one",
            hint="`evtool catalogue chain` marks them; name each by its first {digits} digits or more",
            key="explain-no-fork",
            first=shown(said.first, 80),
            second=shown(said.second, 80),
            digits=_DIGITS,
        )
    if said.disowned is None:
        return found[0], None
    sides = {node.place for node in (found[0].first, found[0].second) if _is_named(node.head, said.disowned)}
    if len(sides) != 1 or len(said.disowned) < _DIGITS:
        raise UsageError("{entry} is not one of the two", key="explain-not-one", entry=shown(said.disowned, 80))
    (disowned,) = sides
    _require_not_held(connection, collection, entries, disowned)
    return found[0], disowned


def _are_meant(parting: Parting, first: str, second: str) -> bool:
    heads = (parting.first.head, parting.second.head)
    return any(_is_named(head, first) and _is_named(other, second) for head, other in (heads, heads[::-1]))


def _is_named(head: str, digits: str) -> bool:
    return head.startswith(digits.lower())


def _require_not_held(
    connection: sqlite3.Connection, collection: int, entries: Sequence[StoredEntry], disowned: EntryPlace
) -> None:
    """Refuse to disown what a record shows that is held: its items would be nobody's."""
    rows = connection.execute(
        "SELECT id, head FROM held WHERE collection=? AND container<>'notice' ORDER BY id", (collection,)
    )
    for holding, head in rows:
        if disowned[0] in shown_by({head}, entries):
            raise UsageError(
                "holding {number} is held and has this entry, so it cannot be disowned",
                hint="disown the other one, or say that both count",
                key="explain-held",
                number=holding,
            )
