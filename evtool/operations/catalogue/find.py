"""Finding items in a catalogue: by what they are, by their terms, by what they may be used for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from evtool.core.consent.decision import Decision
from evtool.core.errors import UsageError
from evtool.core.text.names import shown
from evtool.core.text.ranges import ItemRanges, ranges_of, unite
from evtool.operations.catalogue.containers import describe_container
from evtool.operations.catalogue.facts import fold_words
from evtool.operations.catalogue.holders import UNDER_AGREEMENT
from evtool.operations.catalogue.usable import Decider, UseQuestion
from evtool.store.catalogue.database import Catalogue, Names

NOT_STATED = "not-stated"
"""Stands for a status that nobody stated."""


class SoughtItems(Struct, frozen=True):
    """What items are sought; what is None narrows nothing.

    Attributes:
        collection: id of their collection.
        sender: code of who sent it.
        agreement: number of an agreement that they are bound to, or under which they came.
        kind: what they are.
        status: where their consent stands; `not-stated` for those of which nobody said so.
        dates: first and last date of the event that they show, each a year, a month or a day.
        due_before: a day before which their consent ends or is to be reviewed.
        text: words of their title or name, as far as the catalogue holds these.
        file: a file that is the same bytes.
        subject: code of a person whom they are about.
    """

    collection: str | None = None
    sender: str | None = None
    agreement: str | None = None
    kind: str | None = None
    status: str | None = None
    dates: tuple[str, str] | None = None
    due_before: date | None = None
    text: str | None = None
    file: Path | None = None
    subject: str | None = None


class FoundItem(NamedTuple):
    """An item that was found.

    Attributes:
        collection: id of its collection.
        sender: code of who sent it.
        number: its number.
        type, size, media, kind, event_date: what it is.
        title, path: what it is called, as far as the catalogue holds that.
        handling, status, until, review: what is in force for it.
        known: whether its terms are `stated`, `never` stated, or `withheld`.
        basis: which of the things that the terms in force rest on; items with the same one have the same terms.
    """

    collection: str
    sender: str
    number: int
    type: str
    size: int | None
    media: str | None
    kind: str | None
    event_date: str | None
    title: str | None
    path: str | None
    handling: str | None
    status: str | None
    until: str | None
    review: str | None
    known: str
    basis: int


class UnusableItems(NamedTuple):
    """Items of one collection that may not be used for what was asked, for the same reasons."""

    collection: str
    items: ItemRanges
    decision: Decision


class Finder:
    """Finds what is held, at one moment; a question leaves out what may not be used, and tells why."""

    def __init__(
        self, catalogue: Catalogue, connection: sqlite3.Connection, sought: SoughtItems, question: UseQuestion | None
    ) -> None:
        """Prepare the search; `connection` is a transaction of that catalogue.

        Raises:
            UsageError: words are sought in a catalogue that holds none, or the bytes of a directory.
            InputError: the file whose bytes are sought cannot be read.
        """
        self.refused: list[UnusableItems] = []
        """What a question left out, once all that is found has been read."""
        self._connection = connection
        self._question = question
        self._sought = sought
        if sought.text is not None and catalogue.names is Names.NONE:
            raise UsageError(
                "this catalogue holds no titles and no names, so no words can be found in it",
                hint="that was chosen when it was made; `evtool show DIR` finds an item in one collection",
                key="catalogue-no-words",
            )
        self._collections, self._items = self._conditions(catalogue)

    def find(self) -> Iterator[FoundItem]:
        """Yield the items, by collection and number."""
        where, values = self._collections
        rows = self._connection.execute(f"SELECT id, uid, sender FROM collection AS c{where} ORDER BY uid", values)  # noqa: S608  # conditions of this module
        for number, uid, sender in rows.fetchall():
            yield from self._find_in(number, uid, sender)

    def _find_in(self, collection: int, uid: str, sender: str) -> Iterator[FoundItem]:
        where, values = self._items
        rows = self._connection.execute(
            "SELECT i.number, i.disposed, i.type, i.size, i.media, i.kind, i.event_date, i.title, i.path, t.handling, "  # noqa: S608
            "t.status, t.until, t.review, t.known, i.basis FROM item AS i JOIN basis AS b ON b.id=i.basis "
            f"JOIN terms AS t ON t.id=b.terms WHERE i.collection=?{where} ORDER BY i.number",
            (collection, *values),
        )
        held: ItemRanges | None = None
        decider: Decider | None = None
        refused: dict[int, list[int]] = {}
        for position, (number, is_disposed, *rest) in enumerate(rows):
            if not position:
                # Most collections hold nothing of what is sought.
                held = held_items(self._connection, collection)
                if self._question is not None:
                    decider = Decider(self._connection, collection, self._question)
            if held is None or number not in held or is_disposed:
                continue
            item = FoundItem(uid, sender, number, *rest)
            if decider is not None and not decider.decide(item.basis).allowed:
                refused.setdefault(item.basis, []).append(number)
                continue
            yield item
        for basis, numbers in refused.items():
            if decider is not None:
                self.refused.append(UnusableItems(uid, ranges_of(numbers), decider.decide(basis)))

    def _conditions(self, catalogue: Catalogue) -> tuple[tuple[str, list[object]], tuple[str, list[object]]]:
        """Give what narrows collections, and what narrows the items of one, with the values for both."""
        sought = self._sought
        collections = _Conditions()
        collections.add("c.uid=?", sought.collection)
        from_sender = "(c.sender=? OR EXISTS(SELECT 1 FROM holding WHERE collection=c.id AND sender=?))"
        collections.add(from_sender, sought.sender, sought.sender)
        items = _Conditions()
        items.add("i.kind=?", sought.kind)
        if sought.status == NOT_STATED:
            items.add("t.status IS NULL AND ?=?", NOT_STATED, NOT_STATED)
        else:
            items.add("t.status=?", sought.status)
        items.add(UNDER_AGREEMENT, sought.agreement, sought.agreement)
        if sought.dates is not None:
            # A date as precise as it is known: a year is within a range if a day of it can be.
            first, last = sought.dates
            items.add("substr(i.event_date, 1, ?) >= substr(?, 1, length(i.event_date))", len(first), first)
            items.add("substr(i.event_date, 1, ?) <= substr(?, 1, length(i.event_date))", len(last), last)
        if sought.due_before is not None:
            items.add("(t.until<? OR t.review<?)", *[sought.due_before.isoformat()] * 2)
        if sought.text is not None:
            items.add("instr(i.words, ?)", fold_words(sought.text))
        if sought.file is not None:
            digest = catalogue.key_digest(_hash(sought.file))
            items.add("i.digest=?", digest)
            collections.add("c.id IN (SELECT collection FROM item WHERE digest=?)", digest)
        if sought.subject is not None:
            with_code = "FROM item_subject WHERE code=?"
            items.add(f"i.number IN (SELECT number {with_code} AND collection=i.collection)", sought.subject)
            collections.add(f"c.id IN (SELECT collection {with_code})", sought.subject)
        where, values = collections.together()
        return (where.replace(" AND ", " WHERE ", 1), values), items.together()


def _hash(file: Path) -> str:
    found = describe_container(str(file)).sha256
    if found is None:
        raise UsageError(
            "what is sought is a file, and {path} is a directory", key="file-directory", path=shown(str(file))
        )
    return found


class _Conditions:
    """Puts conditions together, with the values that are bound in them."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._values: list[object] = []

    def add(self, condition: str, *values: object) -> None:
        """Add a condition, unless its values are None."""
        if None not in values:
            self._parts.append(condition)
            self._values += values

    def together(self) -> tuple[str, list[object]]:
        """Give all of them, each behind an AND."""
        return "".join(f" AND {part}" for part in self._parts), self._values


def held_items(connection: sqlite3.Connection, collection: int) -> ItemRanges | None:
    """Give the items of a collection that accepted holdings disclose; None for none."""
    return unite(
        connection.execute(
            "SELECT first, last FROM holding_item JOIN held ON held.id=holding WHERE collection=? ORDER BY first, last",
            (collection,),
        )
    )
