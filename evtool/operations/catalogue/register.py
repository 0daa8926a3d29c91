"""Registering one record in a catalogue: its entries, its items, and what is in force for all items from then on.

All of it is one transaction. Whatever happens, a catalogue holds a record whole, or nothing of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum

from msgspec import Struct

from evtool.core.errors import ExitCode, InputError
from evtool.core.finding import Code
from evtool.core.text.ranges import ItemRanges, unite
from evtool.core.values import replace
from evtool.operations.catalogue.facts import EntryFact, Facts, ItemFact, spell_items
from evtool.operations.catalogue.forks import (
    Explanation,
    Relation,
    explain_forks,
    find_explainable,
    is_unexplained,
    read_disowned,
    read_entries,
    relate_entries,
)
from evtool.operations.catalogue.in_force import StoredEntry, TermsInForce, read_items
from evtool.operations.catalogue.stored_terms import spell_terms
from evtool.operations.catalogue.terms_table import TermsTable, read_in_force
from evtool.store.catalogue.database import Catalogue, Names

_AT_ONCE = 1000
"""Rows that are written at once."""


class Container(Enum):
    """In which form something came."""

    DIRECTORY = "dir"
    BAG = "bag"
    ZIP = "zip"
    AGE = "age"
    NOTICE = "notice"
    """No evidence: entries that tell of a change."""


class State(Enum):
    """Where something that came stands."""

    ACCEPTED = "accepted"
    PARTIAL = "partial"
    QUARANTINED = "quarantined"
    REJECTED = "rejected"
    RETURNED = "returned"

    @property
    def is_held(self) -> bool:
        """Whether its items count as held."""
        return self in (State.ACCEPTED, State.PARTIAL)


class Kept(Struct, frozen=True):
    """A copy of what came, and where it lies.

    Attributes:
        location: code of the place.
        path: where it lies there.
        carrier: what it lies on, if that is taken in and out.
        continued: directory that continues its record, or None.
    """

    location: str
    path: str
    carrier: str | None = None
    continued: str | None = None


class Arrival(Struct, frozen=True):
    """What is known of something that came, beside its record.

    Attributes:
        container: its form.
        name: how it was called.
        seen: when it came, RFC 3339.
        bytes: its size, or that of its evidence.
        sha256: digest of the container, 64 hexadecimal digits; None for a directory.
        sender: code of who sent it; None for the one under whose code the collection was begun.
        agreement: number of the agreement under which it came.
        state: where it stands; something new whose record parts is in quarantine whatever this says.
        exit_code: that of its verification.
        reasons: why it is not accepted, as codes.
        findings: codes of what the verification found.
        receipt: digest of the receipt that was given.
        kept: where it lies; None if no copy is kept.
        explanation: what a person says of the forks of its record, or None.
        holding: number of the holding that is decided anew; None for a new one.
    """

    container: Container
    name: str
    seen: str
    bytes: int
    sha256: str | None = None
    sender: str | None = None
    agreement: str | None = None
    state: State = State.ACCEPTED
    exit_code: int = 0
    reasons: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    receipt: str | None = None
    kept: Kept | None = None
    explanation: Explanation | None = None
    holding: int | None = None


class Registered(Struct, frozen=True):
    """What was registered.

    Attributes:
        holding: its number.
        relation: how its record stands to what was known.
        state: where it stands now.
        parts_after: number of the entry after which the records part; 0 if they begin differently; None if none does.
        heads: digests of the two entries that continue it; empty if none does.
        recalls: items held before of which the terms in force permit nothing any more.
        terms_unknown: items held before whose terms permitted something, and which nobody knows any more.
        already_held: items of it that were held before.
        entries: how many entries were not known.
    """

    holding: int
    relation: Relation
    state: State
    parts_after: int | None = None
    heads: tuple[str, ...] = ()
    recalls: ItemRanges | None = None
    terms_unknown: ItemRanges | None = None
    already_held: ItemRanges | None = None
    entries: int = 0


def register(catalogue: Catalogue, facts: Facts, arrival: Arrival) -> Registered:
    """Register a record that was verified, in one transaction; `facts` read from the record that is still open.

    Raises:
        InputError: the record changed while it was read, or the catalogue cannot be written.
        BusyError: another run has been writing for longer than half a minute.
    """
    with catalogue.write() as connection:
        return _Registration(catalogue, connection, facts, arrival).run()


def shelve(catalogue: Catalogue, arrival: Arrival) -> int:
    """Note something that came and of which no record gets in; give the number of its holding.

    Raises:
        InputError: the catalogue cannot be written.
        BusyError: another run has been writing for longer than half a minute.
    """
    with catalogue.write() as connection:
        number = _write_holding(connection, None, None, arrival)
        _write_copy(connection, number, arrival)
        return number


class _Registration:
    """One registration under way."""

    def __init__(self, catalogue: Catalogue, connection: sqlite3.Connection, facts: Facts, arrival: Arrival) -> None:
        self._catalogue = catalogue
        self._connection = connection
        self._facts = facts
        self._arrival = arrival

    def run(self) -> Registered:
        """Write everything."""
        facts, connection = self._facts, self._connection
        collection = self._find_collection()
        known = read_entries(connection, collection)
        relation, parting = relate_entries(known, facts, read_disowned(connection, collection, known))
        is_apart = relation is Relation.PARTS or is_unexplained(connection, collection, known)
        # Where a holding stands that is decided anew, a person said.
        is_apart = is_apart and self._arrival.state.is_held and self._arrival.holding is None
        arrival = _in_quarantine(self._arrival) if is_apart else self._arrival
        self._write_entries(collection, known, vouches=arrival.state.is_held)
        entries = read_entries(connection, collection)
        self._explain(collection, entries)
        held = self._read_held(collection)
        is_shown = arrival.state.is_held and facts.record is not None
        in_force = read_in_force(connection, collection, entries, facts.head if is_shown else None)
        terms = TermsTable(connection, collection)
        renewed = terms.renew(in_force)
        if arrival.state.is_held:
            self._write_items(collection, in_force, terms)
        number = self._find_same(collection, arrival) or _write_holding(connection, collection, facts.head, arrival)
        disclosed = facts.disclosed
        if arrival.state.is_held and disclosed is not None:
            rows = ((number, first, last) for first, last in disclosed.ranges)
            connection.executemany("INSERT OR REPLACE INTO holding_item VALUES(?,?,?)", rows)
        _write_copy(connection, number, arrival)
        if arrival.state.is_held and facts.record is not None:
            self._note_sender(collection, number)
        return Registered(
            number,
            relation,
            arrival.state,
            parts_after=(parting.after.sequence if parting.after is not None else 0) if parting is not None else None,
            heads=(parting.first.head, parting.second.head) if parting is not None else (),
            recalls=renewed.recalls,
            terms_unknown=renewed.terms_unknown,
            already_held=held.meet(disclosed) if held is not None and disclosed is not None else None,
            entries=len(entries) - len(known),
        )

    def _find_collection(self) -> int:
        facts, arrival = self._facts, self._arrival
        self._connection.execute(
            "INSERT INTO collection(uid, sender, first_seen) VALUES(?,?,?) ON CONFLICT(uid) DO NOTHING",
            (facts.collection, arrival.sender or facts.sender, arrival.seen),
        )
        row = self._connection.execute("SELECT id FROM collection WHERE uid=?", (facts.collection,)).fetchone()
        return int(row[0])

    def _note_sender(self, collection: int, holding: int) -> None:
        """Note who sent the first record that is held: anybody can claim the id of a collection before that."""
        self._connection.execute(
            "UPDATE collection SET sender=? WHERE id=? AND sender<>?1 AND NOT EXISTS("
            "SELECT 1 FROM held WHERE held.collection=?2 AND container<>'notice' AND held.id<>?)",
            (self._arrival.sender or self._facts.sender, collection, holding),
        )

    def _explain(self, collection: int, entries: Sequence[StoredEntry]) -> None:
        explanation, holding = self._arrival.explanation, self._arrival.holding
        if explanation is not None and holding is not None:
            partings = find_explainable(self._connection, collection, entries, self._facts.places, holding)
            explain_forks(self._connection, collection, partings, explanation)

    def _write_entries(self, collection: int, known: Sequence[StoredEntry], *, vouches: bool) -> None:
        """Add the entries that are not known; to those that are, what this record tells of them.

        What is not held answers for nothing: that a change without details is about other items is said by its list.
        """
        stored = {entry.place: entry for entry in known}
        facts: Iterable[EntryFact] = (*self._facts.entries, *self._facts.receipts)
        if not vouches:
            facts = [fact if fact.not_about is None else fact._replace(not_about="", vouched_by=None) for fact in facts]
        rows = [_merge(fact, stored.get((fact.digest, fact.signature))) for fact in facts]
        marks = ",".join("?" * (len(EntryFact._fields) + 2))
        told = ("items", "terms", "not_about", "vouched_by", "undone_by")
        # One copy withholds what another one tells, and a notice does not tell of a key that it was replaced.
        late = ("party", "authority", "purpose", "answers", "acceptance")
        self._connection.executemany(
            f"INSERT INTO entry(collection, {', '.join(EntryFact._fields)}, first_seen) VALUES({marks}) "
            f"ON CONFLICT DO UPDATE SET {', '.join(f'{name}=excluded.{name}' for name in told)}, "
            f"{', '.join(f'{name}=COALESCE({name}, excluded.{name})' for name in late)}, "
            "retired=MAX(retired, excluded.retired), proven_before="
            "COALESCE(MIN(proven_before, excluded.proven_before), proven_before, excluded.proven_before), "
            "first_seen=MIN(first_seen, excluded.first_seen)",
            ((collection, *fact, self._arrival.seen) for fact in rows),
        )

    def _find_same(self, collection: int, arrival: Arrival) -> int | None:
        """Find the holding of which this is another copy: the same record in the same container."""
        if arrival.holding is not None:
            return None
        row = self._connection.execute(
            "SELECT MIN(id) FROM holding WHERE collection=? AND head=? AND container=? AND sha256 IS ? AND state=?",
            (collection, self._facts.head, arrival.container.value, arrival.sha256, arrival.state.value),
        ).fetchone()
        return None if row[0] is None else int(row[0])

    def _read_held(self, collection: int) -> ItemRanges | None:
        """Read which items of a collection other holdings have."""
        rows = self._connection.execute(
            "SELECT first, last FROM holding_item JOIN holding ON holding.id=holding WHERE collection=? AND holding<>? "
            "ORDER BY first, last",
            (collection, self._arrival.holding or 0),
        )
        return unite(rows)

    def _write_items(self, collection: int, in_force: TermsInForce, terms: TermsTable) -> None:
        for items in _in_groups(self._facts.read_items()):
            rows = [self._item_row(collection, item, in_force, terms) for item in items]
            self._connection.executemany(_WRITE_ITEM, rows)
            subjects = ((collection, item.number, code) for item in items for code in item.subjects)
            self._connection.executemany("INSERT OR IGNORE INTO item_subject VALUES(?,?,?)", subjects)

    def _item_row(
        self, collection: int, item: ItemFact, in_force: TermsInForce, terms: TermsTable
    ) -> tuple[object, ...]:
        names = self._catalogue.names
        return (
            collection,
            item.number,
            item.sealed_by,
            item.type,
            item.size,
            self._catalogue.key_digest(item.sha256) if item.sha256 is not None else None,
            item.media,
            item.kind,
            item.event_date,
            item.title if names is not Names.NONE else None,
            item.path if names is Names.ALL else None,
            item.search_words(names),
            in_force.is_disposed(item.number, item.sealed_by),
            terms.terms_row(spell_terms(item.terms)),
            terms.basis(in_force.find(item.number, item.terms)),
        )


_WRITE_ITEM = """
INSERT INTO item VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(collection, number) DO UPDATE SET
    media=COALESCE(excluded.media, media), kind=COALESCE(excluded.kind, kind),
    event_date=COALESCE(excluded.event_date, event_date), title=COALESCE(excluded.title, title),
    path=COALESCE(excluded.path, path), words=COALESCE(excluded.words, words), disposed=excluded.disposed,
    basis=excluded.basis
"""
"""A copy can withhold what an earlier one disclosed; what an item is, is the same in all."""


def _in_quarantine(arrival: Arrival) -> Arrival:
    """Give an arrival as it stands if its record parts from another one: nothing of it is held."""
    reasons = dict.fromkeys((*arrival.reasons, Code.RECORDS_PART.value))
    return replace(arrival, state=State.QUARANTINED, exit_code=int(ExitCode.MISMATCH), reasons=tuple(reasons))


def _write_holding(connection: sqlite3.Connection, collection: int | None, head: str | None, arrival: Arrival) -> int:
    row = (
        arrival.holding,
        collection,
        arrival.container.value,
        arrival.sha256,
        arrival.bytes,
        head,
        arrival.sender,
        arrival.agreement,
        arrival.name,
        arrival.seen,
        arrival.state.value,
        arrival.exit_code,
        " ".join(arrival.reasons),
        " ".join(arrival.findings),
        arrival.receipt,
    )
    written = connection.execute(
        "INSERT INTO holding(id, collection, container, sha256, bytes, head, sender, agreement, name, seen, state, "
        "exit_code, reasons, findings, receipt) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(id) DO UPDATE SET "
        "collection=excluded.collection, head=excluded.head, state=excluded.state, exit_code=excluded.exit_code, "
        "reasons=excluded.reasons, findings=excluded.findings, receipt=COALESCE(excluded.receipt, receipt), "
        "sha256=COALESCE(excluded.sha256, sha256), agreement=COALESCE(excluded.agreement, agreement) RETURNING id",
        row,
    ).fetchall()
    if not written:
        raise InputError("the catalogue did not take the holding", key="catalogue-holding")
    return int(written[0][0])


def _write_copy(connection: sqlite3.Connection, holding: int, arrival: Arrival) -> None:
    kept = arrival.kept
    if kept is None:
        return
    proof = (arrival.seen, _FIRST_RESULT) if arrival.state.is_held else (None, None)
    connection.execute(
        "INSERT INTO copy(holding, location, path, carrier, continued, next_item, last_proof, last_result) "
        "VALUES(?,?,?,?,?,1,?,?) ON CONFLICT(location, path) DO UPDATE SET holding=excluded.holding, "
        "carrier=excluded.carrier, continued=excluded.continued, next_item=1, last_proof=excluded.last_proof, "
        "last_result=excluded.last_result",
        (holding, kept.location, kept.path, kept.carrier, kept.continued, *proof),
    )


_FIRST_RESULT = "ok"
"""Result of the first proof of a copy: the verification with which it came."""


def _merge(fact: EntryFact, known: StoredEntry | None) -> EntryFact:
    """Put together what two records tell of one entry: one may withhold its details, or the list of its bundle."""
    if known is None:
        return fact
    undone_by = _join_digests(fact.undone_by, known.undone_by)
    if fact.not_about is None or known.not_about is None:
        items = fact.items if fact.not_about is None and fact.items is not None else known.items
        terms = fact.terms if fact.not_about is None else known.terms
        return fact._replace(terms=terms, items=items, not_about=None, vouched_by=None, undone_by=undone_by)
    ranges = [each.ranges for each in map(read_items, (fact.not_about, known.not_about)) if each is not None]
    not_about = unite(sorted(span for spans in ranges for span in spans))
    vouched_by = _join_digests(fact.vouched_by, known.vouched_by)
    return fact._replace(not_about=spell_items(not_about) or "", vouched_by=vouched_by, undone_by=undone_by)


def _join_digests(one: str | None, other: str | None) -> str | None:
    return " ".join(sorted({*(one or "").split(), *(other or "").split()})) or None


def _in_groups(items: Iterable[ItemFact]) -> Iterator[list[ItemFact]]:
    group: list[ItemFact] = []
    for item in items:
        group.append(item)
        if len(group) == _AT_ONCE:
            yield group
            group = []
    if group:
        yield group
