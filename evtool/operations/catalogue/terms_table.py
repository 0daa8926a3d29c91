"""The terms in force of one collection, as rows: worked out anew whenever anything that is known of it changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from evtool.core.consent.items import ItemTerms, TermsStated, TermsWithheld, terms_that_count
from evtool.core.terms.terms import PERMITTING, code_text
from evtool.core.text.ranges import ItemRanges, ranges_of
from evtool.operations.catalogue.forks import is_unexplained, leave_out, read_disowned, read_told
from evtool.operations.catalogue.in_force import InForce, StoredEntry, TermsInForce
from evtool.operations.catalogue.stored_terms import StoredTerms, codes_in, read_terms, spell_terms


class TermsRenewed(NamedTuple):
    """What came of working out terms anew.

    Attributes:
        recalls: items of which the terms in force permit nothing any more.
        terms_unknown: items whose terms permitted something, and which nobody knows any more.
    """

    recalls: ItemRanges | None
    terms_unknown: ItemRanges | None


def read_in_force(
    connection: sqlite3.Connection, collection: int, entries: Sequence[StoredEntry], head: str | None = None
) -> TermsInForce:
    """Read what is in force in a collection with these entries, in order.

    `head` is that of a record that is held and not among the holdings yet.
    """
    counting = leave_out(entries, read_disowned(connection, collection, entries))
    return TermsInForce(
        counting,
        is_forked=is_unexplained(connection, collection, entries),
        told=read_told(connection, collection, counting, head),
    )


class TermsTable:
    """The rows of terms, and of what is in force, of one collection in a transaction."""

    def __init__(self, connection: sqlite3.Connection, collection: int) -> None:
        self._connection = connection
        self._collection = collection
        self._terms: dict[StoredTerms, int] = {}
        self._bases: dict[tuple[StoredTerms, tuple[str, ...]], int] = {}

    def basis(self, found: InForce) -> int:
        """Give the number of the row of what is in force, which items mostly share."""
        terms = spell_terms(found.terms)
        key = (terms, found.entries)
        if key not in self._bases:
            row = (self._collection, self.terms_row(terms), " ".join(found.entries))
            self._connection.execute("INSERT OR IGNORE INTO basis(collection, terms, entries) VALUES(?,?,?)", row)
            select = "SELECT id FROM basis WHERE collection=? AND terms=? AND entries=?"
            self._bases[key] = int(self._connection.execute(select, row).fetchone()[0])
        return self._bases[key]

    def terms_row(self, stored: StoredTerms) -> int:
        """Give the number of the row of terms."""
        if stored not in self._terms:
            self._terms[stored] = write_terms(self._connection, stored)
        return self._terms[stored]

    def renew(self, in_force: TermsInForce) -> TermsRenewed:
        """Work out the terms of the items that are known anew."""
        recalls, unknown = list[int](), list[int]()
        changed: list[tuple[int, int, int, int]] = []
        rows = self._connection.execute(
            "SELECT number, sealed_by, disposed, basis, sealed.known, sealed.text, before.known, before.text "
            "FROM item JOIN terms AS sealed ON sealed.id=sealed JOIN basis ON basis.id=basis "
            "JOIN terms AS before ON before.id=basis.terms WHERE item.collection=? ORDER BY number",
            (self._collection,),
        )
        for number, sealed_by, disposed, basis, known, text, known_before, text_before in rows:
            found = in_force.find(number, read_terms(known, text))
            renewed, is_disposed = self.basis(found), in_force.is_disposed(number, sealed_by)
            if (renewed, is_disposed) != (basis, bool(disposed)):
                changed.append((renewed, is_disposed, self._collection, number))
            if renewed != basis:
                before = read_terms(known_before, text_before)
                if isinstance(found.terms, TermsWithheld):
                    unknown += [number] if _permits(before) else []
                elif _forbids(found.terms, before):
                    recalls.append(number)
        self._connection.executemany("UPDATE item SET basis=?, disposed=? WHERE collection=? AND number=?", changed)
        return TermsRenewed(ranges_of(recalls) if recalls else None, ranges_of(unknown) if unknown else None)


def write_terms(connection: sqlite3.Connection, stored: StoredTerms) -> int:
    """Write a row of terms, if there is none, and give its number."""
    terms = terms_that_count(read_terms(*stored))
    days = (str(day) if day is not None else None for day in (terms.starts, terms.until, terms.review))
    codes = (code_text(code) if code is not None else None for code in (terms.handling, terms.status))
    connection.execute(
        "INSERT OR IGNORE INTO terms(known, text, handling, status, starts, until, review) VALUES(?,?,?,?,?,?,?)",
        (*stored, *codes, *days),
    )
    number = int(connection.execute("SELECT id FROM terms WHERE known=? AND text=?", stored).fetchone()[0])
    rows = ((number, name, code) for name, code in codes_in(terms))
    connection.executemany("INSERT OR IGNORE INTO term_code VALUES(?,?,?)", rows)
    return number


def _permits(known: ItemTerms) -> bool:
    return isinstance(known, TermsStated) and known.terms.status in PERMITTING


def _forbids(known: ItemTerms, before: ItemTerms) -> bool:
    """Tell whether terms take back what was permitted, or may have been where nobody knew the terms before."""
    if _permits(before):
        return not _permits(known)
    is_told = isinstance(known, TermsStated) and known.terms.status is not None
    return is_told and not _permits(known) and isinstance(before, TermsWithheld)
