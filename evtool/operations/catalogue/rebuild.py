"""A catalogue made again, from the records where they lie and the journal of what no record tells."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct, field

from evtool.core.consent.notice import parse_notice
from evtool.core.errors import EvtoolError, InputError, MismatchError
from evtool.core.manifest.statement import ItemType
from evtool.core.text.names import parse_name, shown
from evtool.core.text.ranges import parse_ranges
from evtool.core.values import names_of, replace
from evtool.operations.catalogue.facts import read_facts, require_registrable
from evtool.operations.catalogue.journal import (
    TABLES_OF,
    JournalCollection,
    JournalCopy,
    JournalExplanation,
    JournalFile,
    JournalHolding,
    JournalLocation,
    JournalProof,
    parse_journal_file,
)
from evtool.operations.catalogue.notices import read_notice_facts
from evtool.operations.catalogue.register import Arrival, Container, State, register
from evtool.operations.catalogue.volumes import list_volumes, require_continued
from evtool.operations.entries.notice import read_notice_bytes
from evtool.operations.record.items import read_afresh, read_numbered_items
from evtool.operations.record.place import RecordPlace
from evtool.operations.record.trust import TrustPolicy
from evtool.operations.verify.options import VerifyOptions
from evtool.operations.verify.verify import open_verified
from evtool.scan.progress import Progress
from evtool.store.catalogue.database import Catalogue, Names, is_unfinished, make_catalogue, open_catalogue
from evtool.store.catalogue.shelves import digest_of

_MAX_FILE = 1 << 28


class Unread(Struct, frozen=True):
    """Something of which no copy could be read, so that its items are not in the catalogue.

    Attributes:
        holding: its number.
        why: why the last copy that was tried could not be read; safe to print.
    """

    holding: int
    why: str


class Rebuilt(Struct, frozen=True):
    """What was made again.

    Attributes:
        runs: files of the journal that were read.
        holdings: how many there are.
        unread: those of which no copy could be read.
    """

    runs: int
    holdings: int
    unread: tuple[Unread, ...]


class _State(Struct):
    """The newest of all rows that a journal has."""

    runs: list[tuple[JournalFile, str]] = field(default_factory=list)
    locations: dict[str, JournalLocation] = field(default_factory=dict)
    collections: dict[str, JournalCollection] = field(default_factory=dict)
    explanations: dict[tuple[str, str, str], JournalExplanation] = field(default_factory=dict)
    holdings: dict[int, JournalHolding] = field(default_factory=dict)
    copies: dict[int, JournalCopy] = field(default_factory=dict)
    proofs: dict[tuple[int, int], JournalProof] = field(default_factory=dict)

    def take(self, file: JournalFile, name: str) -> None:
        """Take a file into account, in the order in which they were written."""
        self.runs.append((file, name))
        self.locations |= {each.code: each for each in file.locations}
        self.collections |= {each.collection: each for each in file.collections}
        self.explanations |= {(each.collection, each.first, each.second): each for each in file.explanations}
        self.holdings |= {each.holding: each for each in file.holdings}
        for number in file.gone:
            self.copies.pop(number, None)
        self.copies |= {each.copy: each for each in file.copies}
        self.proofs |= {(each.copy, each.run): each for each in file.proofs}

    def in_order(self) -> list[JournalHolding]:
        """Give the holdings in the order in which they were accepted."""
        return sorted(self.holdings.values(), key=lambda each: (each.decided_at or each.seen, each.holding))

    def copies_of(self, holding: JournalHolding) -> Iterator[JournalCopy]:
        """Yield the copies that may have the record of a holding: its own first, then later ones of its collection."""
        rest: list[JournalCopy] = []
        for copy in sorted(self.copies.values(), key=lambda each: -each.copy):
            of = self.holdings.get(copy.holding)
            if copy.holding == holding.holding:
                yield copy
            elif of is not None and of.collection == holding.collection:
                rest.append(copy)
        yield from rest


def rebuild(
    path: Path, journal: Path, options: VerifyOptions, progress: Progress, roots: Mapping[str, str] | None = None
) -> Rebuilt:
    """Make a catalogue again: nothing may be at `path`, but what an earlier try left, and the key of its digests.

    Every record is verified anew, and the journal as well: by keys that are trusted now. `roots` gives the directories
    of locations that are elsewhere today.

    Raises:
        InputError: the journal cannot be read, or what it holds is none.
        MismatchError: the journal fails verification.
        NotEstablishedError: the journal is signed by a key that is not trusted.
        UsageError: a catalogue is there.
    """
    state = _read_journal(journal, options, progress)
    if not state.runs:
        raise InputError("the journal {path} holds no run", key="journal-empty", path=shown(str(journal)))
    if is_unfinished(path):
        for left in (path, *(path.with_name(path.name + ending) for ending in ("-wal", "-shm"))):
            with contextlib.suppress(FileNotFoundError):
                left.unlink()
    make_catalogue(path, Names(state.runs[0][0].names), unfinished=True)
    with open_catalogue(path, unfinished=True) as catalogue:
        _write_known(catalogue, state)
        records = _Records(state.locations, roots or {}, options, progress)
        unread = list(_register_all(catalogue, state, records))
        _write_rest(catalogue, state)
        catalogue.finish()
    return Rebuilt(len(state.runs), len(state.holdings), tuple(unread))


def _read_journal(journal: Path, options: VerifyOptions, progress: Progress) -> _State:
    """Verify a journal, and read its files as they were sealed."""
    files: list[tuple[JournalFile, str]] = []
    heads: frozenset[str] = frozenset()
    volumes = list_volumes(journal)
    if volumes and not os.listdir(volumes[-1]):
        del volumes[-1]  # of a run that was killed before it wrote anything
    for number, volume in enumerate(volumes, start=1):
        read, own_heads = _read_volume(volume, options, progress)
        said = {(file.before.volume, file.before.head) for file, _ in read if file.before is not None}
        require_continued(volume, number, said, heads)
        files, heads = files + read, own_heads
    state = _State()
    for file, name in sorted(files, key=lambda each: (each[0].run, each[0].part)):
        state.take(file, name)
    return state


def _read_volume(
    volume: Path, options: VerifyOptions, progress: Progress
) -> tuple[list[tuple[JournalFile, str]], frozenset[str]]:
    """Verify a volume, and read its files as they were sealed, each with its name, and the digests of its entries."""
    plain = replace(options, place=RecordPlace())
    files: list[tuple[JournalFile, str]] = []
    with open_verified(str(volume), plain, progress) as found:
        require_registrable(found.report, str(volume))
        if found.record is None:
            raise InputError("{path} has no record", key="catalogue-no-record", path=shown(str(volume)))
        for sealed in read_numbered_items(read_afresh(found.record)):
            content, name = sealed.item.content, sealed.item.file
            if content.type is not ItemType.FILE or content.digests is None or name is None:
                continue
            file = volume / os.fsdecode(parse_name(name.path))
            data = _read_sealed(file, content.digests.sha256)
            files.append((parse_journal_file(data, name.path), f"{volume.name}/{name.path}"))
        return files, frozenset(link.head for link in found.report.links)


def _read_sealed(file: Path, sha256: str) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(_MAX_FILE)
    except OSError as error:
        raise InputError("{path}: {why.strerror}", key="cannot-read", path=shown(str(file)), why=error) from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise MismatchError("{path} changed while it was read", key="container-changed", path=shown(str(file)))
    return data


def _write_known(catalogue: Catalogue, state: _State) -> None:
    """Write what is known without any record: locations, and what a person said of forks."""
    with catalogue.write() as connection:
        for each in state.locations.values():
            row = (each.code, each.kind, each.directory, each.cycle_days, each.rate)
            connection.execute("INSERT INTO location(code, kind, root, cycle_days, rate) VALUES(?,?,?,?,?)", row)
        for collection in state.collections.values():
            connection.execute(
                "INSERT INTO collection(uid, sender, first_seen) VALUES(?,?,?)",
                (collection.collection, collection.sender, collection.first_seen),
            )
        connection.executemany(
            "INSERT INTO explanation(collection, first, second, why, explained_by, explained_at, disowned) "
            "VALUES((SELECT id FROM collection WHERE uid=?),?,?,?,?,?,?)",
            map(_values, state.explanations.values()),
        )


def _register_all(catalogue: Catalogue, state: _State, records: _Records) -> Iterator[Unread]:
    """Register every record again, in the order in which they were accepted; yield those that cannot be read."""
    for holding in state.in_order():
        if holding.collection is None or holding.head is None:
            with catalogue.write() as connection:
                _write_holding(connection, holding)
            continue
        why = "there is no copy"
        for copy in state.copies_of(holding):
            try:
                if records.register(catalogue, holding, copy):
                    break
                why = f"{shown(copy.path)} does not have its record"
            except EvtoolError as error:
                why = error.message
        else:
            with catalogue.write() as connection:
                _write_holding(connection, holding)
            yield Unread(holding.holding, why)


class _Records(Struct, frozen=True):
    """Where records are read from.

    Attributes:
        locations: code -> location, as the journal has it.
        roots: code -> directory, of those that are elsewhere today.
        options: how to verify.
        progress: who is told.
    """

    locations: Mapping[str, JournalLocation]
    roots: Mapping[str, str]
    options: VerifyOptions
    progress: Progress

    def register(self, catalogue: Catalogue, holding: JournalHolding, copy: JournalCopy) -> bool:
        """Register a record from one copy of it; tell whether that has it.

        Raises:
            EvtoolError: it cannot be read, or fails verification.
        """
        path, continued = self._path(copy, copy.path), None
        if copy.continued is not None and os.path.lexists(self._path(copy, copy.continued)):
            continued = self._path(copy, copy.continued)
        if copy.holding == holding.holding and holding.sha256 not in (None, _digest_of(path)):
            return False
        if holding.container == Container.NOTICE.value:
            notice = parse_notice(read_notice_bytes(Path(path)))
            policy = TrustPolicy(self.options.trust, self.options.signers, self.options.now)
            register(catalogue, read_notice_facts(catalogue, notice, policy), _arrival(holding))
            return True
        asked = replace(self.options, place=replace(self.options.place, continued=continued))
        with open_verified(path, asked, self.progress) as found:
            every = read_facts(found, asked, path)
            facts = every.until(holding.head or "") if every.collection == holding.collection else None
            if facts is None:
                return False
            if holding.receipt is not None:
                facts = facts.with_answer(every)
            if State(holding.state) is State.PARTIAL:
                facts = facts.only(parse_ranges(holding.items) if holding.items else None)
            register(catalogue, facts, _arrival(holding))
        return True

    def _path(self, copy: JournalCopy, path: str) -> str:
        root = self.roots.get(copy.location) or self.locations[copy.location].directory
        return os.path.join(root, path) if root is not None else path


def _digest_of(path: str) -> str:
    try:
        return digest_of(Path(os.path.realpath(path)))
    except OSError as error:
        raise InputError("{path}: {why.strerror}", key="cannot-read", path=shown(path), why=error) from error


def _arrival(holding: JournalHolding) -> Arrival:
    return Arrival(
        Container(holding.container),
        holding.name,
        holding.seen,
        holding.bytes,
        sha256=holding.sha256,
        sender=holding.sender,
        agreement=holding.agreement,
        state=State(holding.state),
        exit_code=holding.exit_code,
        holding=holding.holding,
    )


def _write_holding(connection: sqlite3.Connection, holding: JournalHolding) -> None:
    """Write the row of a holding as the journal has it."""
    own = [name for name in names_of(JournalHolding) if name not in ("holding", "collection", "items")]
    row = connection.execute("SELECT id FROM collection WHERE uid=?", (holding.collection,)).fetchone()
    values = [holding.holding, row[0] if row is not None else None, *(getattr(holding, name) for name in own)]
    names, marks = ", ".join(("id", "collection", *own)), ",".join("?" * len(values))
    changes = ", ".join(f"{name}=excluded.{name}" for name in ("collection", *own))
    connection.execute(f"INSERT INTO holding({names}) VALUES({marks}) ON CONFLICT(id) DO UPDATE SET {changes}", values)


def _write_rest(catalogue: Catalogue, state: _State) -> None:
    """Write the rows that the journal has as it has them, and that all of them are in it."""
    with catalogue.write() as connection:
        for holding in state.holdings.values():
            _write_holding(connection, holding)
        connection.executemany(
            "UPDATE collection SET sender=? WHERE uid=?",
            ((each.sender, each.collection) for each in state.collections.values()),
        )
        connection.executemany(
            "INSERT INTO copy(id, holding, location, path, carrier, continued, next_item, round_started, last_proof, "
            "last_result) VALUES(?,?,?,?,?,?,?,?,?,?)",
            map(_values, state.copies.values()),
        )
        connection.executemany(
            "INSERT INTO run(id, kind, started, ended, journal) VALUES(?,?,?,?,?) "
            "ON CONFLICT(id) DO UPDATE SET ended=excluded.ended, journal=excluded.journal",
            ((file.run, file.kind, file.started, file.ended, name) for file, name in state.runs),
        )
        connection.executemany("INSERT INTO proof VALUES(?,?,?,?,?,?,?,?,?)", map(_values, state.proofs.values()))
        for table in TABLES_OF.values():
            connection.execute(f"UPDATE {table} SET journaled=1")  # noqa: S608  # our own names


def _values(row: JournalCopy | JournalExplanation | JournalProof) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in names_of(type(row)))
