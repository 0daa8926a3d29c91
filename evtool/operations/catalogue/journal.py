"""The journal of a catalogue: what no record tells, one file a run, in ordinary collections that are sealed each time.

A file holds rows as they are at the end of its run. A later file about the same row replaces what an earlier one says,
so that the newest of all files together are the state of the catalogue.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct

from evtool.core.errors import BusyError, FormatError
from evtool.core.text.names import shown
from evtool.core.text.ranges import spell_ranges
from evtool.core.values import names_of, replace
from evtool.operations.author import Author
from evtool.operations.catalogue.volumes import choose_volume
from evtool.operations.seal.metadata import MetadataChoice
from evtool.operations.seal.options import SealOptions, SealResult
from evtool.operations.seal.seal import seal
from evtool.scan.progress import NoProgress
from evtool.store.catalogue.database import Catalogue, add_directory, add_file, journal_of

_Row = TypeVar("_Row", bound=Struct)


class JournalLocation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place where copies lie.

    Attributes:
        code: its code.
        kind: `disk`, `s3`, `offline` or `elsewhere`.
        directory: the directory below which its paths are, or null.
        cycle_days: days within which each copy is to be read again.
        rate: bytes a second at most, or null.
    """

    code: str
    kind: str
    directory: str | None
    cycle_days: int
    rate: int | None


class JournalCollection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a repository says of a collection.

    Attributes:
        collection: its id.
        sender: code of who sent it.
        first_seen: when it first came, RFC 3339.
    """

    collection: str
    sender: str
    first_seen: str


class JournalExplanation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person says of two entries that continue one.

    Attributes:
        collection: id of the collection.
        first, second: the entries, each by its digest and that of its signature with a blank between; sorted.
        why: how it came.
        explained_by: code of the person.
        explained_at: when, RFC 3339.
    """

    collection: str
    first: str
    second: str
    why: str
    explained_by: str
    explained_at: str


class JournalHolding(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that came.

    Attributes:
        holding: its number.
        collection: id of its collection, or null.
        container: its form: `dir`, `bag`, `zip`, `age` or `notice`.
        sha256: digest of the container, or null for a directory.
        bytes: its size, or that of its evidence.
        head: digest of the newest entry of its record, or null.
        sender: code of who sent it, or null.
        agreement: number of the agreement under which it came, or null.
        name: how it was called.
        seen: when it came, RFC 3339.
        state: where it stands.
        exit_code: that of its verification.
        reasons: why it is not accepted, as codes with blanks between.
        findings: codes of what the verification found, with blanks between.
        receipt: digest of the receipt that was given, or null.
        decided_by: code of who decided, or null.
        decided_at: when, or null.
        decision: what was decided, or null.
        why: why, or null.
        items: the items of it that are held, as ranges.
    """

    holding: int
    collection: str | None
    container: str
    sha256: str | None
    bytes: int
    head: str | None
    sender: str | None
    agreement: str | None
    name: str
    seen: str
    state: str
    exit_code: int
    reasons: str
    findings: str
    receipt: str | None
    decided_by: str | None
    decided_at: str | None
    decision: str | None
    why: str | None
    items: tuple[str, ...] = ()


class JournalCopy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A copy of something that came.

    Attributes:
        copy: its number.
        holding: number of what it is a copy of.
        location: code of the place where it lies.
        path: where it lies there.
        carrier: what it lies on, or null.
        continued: directory that continues its record, or null.
        next_item: the item at which the round of proofs that is under way goes on.
        round_started: when that began, or null.
        last_proof: when the last whole round began, or null.
        last_result: what came of it, or null.
    """

    copy: int
    holding: int
    location: str
    path: str
    carrier: str | None
    continued: str | None
    next_item: int
    round_started: str | None
    last_proof: str | None
    last_result: str | None


class JournalProof(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one run proved of a copy, summed.

    Attributes:
        copy: number of the copy.
        run: number of the run.
        scope: `full` or `container`.
        first, last: the items that were read.
        ok, changed, missing, unreadable: how many of them were found so.
    """

    copy: int
    run: int
    scope: str
    first: int
    last: int
    ok: int
    changed: int
    missing: int
    unreadable: int


class JournalBefore(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The volume behind which another one begins.

    Attributes:
        volume: its name.
        head: digest of its newest entry.
    """

    volume: str
    head: str


class JournalFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of the journal of a catalogue.

    Attributes:
        format: what this document is, and in which version.
        names: what of names the catalogue holds: `none`, `titles` or `all`.
        run: number of the run.
        part: 1; more if the run was killed when it had written a file, and a later run says the same again.
        before: the volume behind which the one of this file begins; null for all but the first file of a volume.
        kind: what it did.
        started: when it began, RFC 3339.
        ended: when it ended; null if it was killed, and a later run wrote this.
        locations: places that were described.
        collections: collections of which there is something new to say.
        explanations: what a person said of forks.
        holdings: what came, or was decided.
        gone: numbers of copies that are no longer there; a copy with such a number among `copies` is a new one.
        copies: copies that were made, moved or proven.
        proofs: what was proven of them.
    """

    format: Literal["evtool-journal/1"] = "evtool-journal/1"
    names: str
    run: int
    part: int
    before: JournalBefore | None
    kind: str
    started: str
    ended: str | None
    locations: tuple[JournalLocation, ...]
    collections: tuple[JournalCollection, ...]
    explanations: tuple[JournalExplanation, ...]
    holdings: tuple[JournalHolding, ...]
    gone: tuple[int, ...]
    copies: tuple[JournalCopy, ...]
    proofs: tuple[JournalProof, ...]

    @property
    def is_empty(self) -> bool:
        """Whether it tells nothing."""
        said = (self.locations, self.collections, self.explanations, self.holdings)
        return not any((*said, self.gone, self.copies, self.proofs))


COLUMNS: dict[type[Struct], dict[str, str]] = {
    JournalLocation: {"directory": "root"},
    JournalCollection: {"collection": "uid"},
    JournalExplanation: {
        "collection": "(SELECT uid FROM collection WHERE collection.id=explanation.collection)",
    },
    JournalHolding: {
        "holding": "id",
        "collection": "(SELECT uid FROM collection WHERE collection.id=holding.collection)",
    },
    JournalCopy: {"copy": "id"},
}
"""Type of a row of the journal -> those of its fields that are called otherwise in the table."""

TABLES_OF: dict[type[Struct], str] = {
    JournalLocation: "location",
    JournalCollection: "collection",
    JournalExplanation: "explanation",
    JournalHolding: "holding",
    JournalCopy: "copy",
}

SUMMED_PROOFS = (
    "SELECT copy, run, MIN(scope) AS scope, MIN(first) AS first, MAX(last) AS last, SUM(ok) AS ok, "
    "SUM(changed) AS changed, SUM(missing) AS missing, SUM(unreadable) AS unreadable "
    "FROM proof GROUP BY copy, run ORDER BY run, copy"
)


def read_waiting(connection: sqlite3.Connection, kind: type[_Row]) -> tuple[_Row, ...]:
    """Read the rows of a table that are not in the journal as they are."""
    names = [name for name in names_of(kind) if name != "items"]
    columns = ", ".join(COLUMNS[kind].get(name, name) for name in names)
    table = TABLES_OF[kind]
    rows = connection.execute(f"SELECT {columns} FROM {table} WHERE journaled=0 ORDER BY 1")  # noqa: S608  # names
    return tuple(kind(**dict(zip(names, row, strict=True))) for row in rows)


def _items_of(connection: sqlite3.Connection, holding: int) -> tuple[str, ...]:
    spans = connection.execute("SELECT first, last FROM holding_item WHERE holding=? ORDER BY first", (holding,))
    return tuple(spell_ranges(spans))


class RunJournal:
    """Writes the journal of an open catalogue."""

    def __init__(self, catalogue: Catalogue, author: Author) -> None:
        self._catalogue = catalogue
        self._author = replace(author, progress=NoProgress())
        self._directory = journal_of(catalogue.path)

    def write(self, run: int, ended: str | None) -> None:
        """Write what waits as the file of a run, seal it, and note that it is there; a run that did nothing is gone.

        The catalogue keeps others from writing meanwhile. If this run is killed before the end, the file is there, and
        a later one says the same again.

        Raises:
            InputError: the journal cannot be written.
            MismatchError: the journal fails verification.
        """
        with self._catalogue.write() as connection:
            connection.execute("UPDATE run SET ended=COALESCE(?, ended) WHERE id=?", (ended, run))
            file = self._gather(connection, run)
            if file.is_empty:
                connection.execute("DELETE FROM run WHERE id=?", (run,))
                return
            name = self._put(file)
            connection.execute("DELETE FROM gone")
            for table in TABLES_OF.values():
                connection.execute(f"UPDATE {table} SET journaled=1 WHERE journaled=0")  # noqa: S608  # our own names
            connection.execute("UPDATE run SET journal=? WHERE id=?", (name, run))

    def settle(self) -> None:
        """Write the files of runs that were killed before they wrote theirs; one that goes on beside this is none.

        Raises:
            InputError, MismatchError: as `write`.
        """
        with self._catalogue.read() as connection:
            open_runs = connection.execute("SELECT id, kind FROM run WHERE journal IS NULL ORDER BY id").fetchall()
        for run, kind in open_runs:
            with suppress(BusyError), self._catalogue.alone(kind):
                self.write(run, None)

    def _gather(self, connection: sqlite3.Connection, run: int) -> JournalFile:
        kind, started, ended = connection.execute("SELECT kind, started, ended FROM run WHERE id=?", (run,)).fetchone()
        proofs = connection.execute(f"SELECT * FROM ({SUMMED_PROOFS}) WHERE run=?", (run,))  # noqa: S608  # constant
        return JournalFile(
            names=self._catalogue.names.value,
            run=run,
            part=1,
            before=None,
            kind=kind,
            started=started,
            ended=ended,
            locations=read_waiting(connection, JournalLocation),
            collections=read_waiting(connection, JournalCollection),
            explanations=read_waiting(connection, JournalExplanation),
            holdings=tuple(
                replace(holding, items=_items_of(connection, holding.holding))
                for holding in read_waiting(connection, JournalHolding)
            ),
            gone=tuple(copy for (copy,) in connection.execute("SELECT copy FROM gone ORDER BY copy")),
            copies=read_waiting(connection, JournalCopy),
            proofs=tuple(JournalProof(**dict(zip(names_of(JournalProof), row, strict=True))) for row in proofs),
        )

    def _put(self, file: JournalFile) -> str:
        volume, full = choose_volume(self._directory)
        if full is not None:
            # Sealed once more: a run that was killed may have left a file in it.
            head = self._seal(full).head or ""
            file = replace(file, before=JournalBefore(volume=full.name, head=head))
        add_directory(volume)
        path = _path_in(volume, file)
        while os.path.lexists(path):
            file = replace(file, part=file.part + 1)
            path = _path_in(volume, file)
        add_file(path, msgspec.json.format(msgspec.json.encode(file), indent=1) + b"\n")
        self._seal(volume)
        return f"{volume.name}/{path.name}"

    def _seal(self, volume: Path) -> SealResult:
        return seal(volume, self._author, SealOptions(metadata=MetadataChoice.NONE))


def _path_in(volume: Path, file: JournalFile) -> Path:
    part = f"-{file.part}" if file.part > 1 else ""
    return volume / f"{file.run:04d}-{file.kind}{part}.json"


def parse_journal_file(data: bytes, name: str) -> JournalFile:
    """Read a file of a journal.

    Raises:
        FormatError: it is none of this version.
    """
    try:
        return msgspec.json.decode(data, type=JournalFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FormatError(
            "{name} is no journal file that this evtool reads: {reason}",
            key="journal-file",
            name=shown(name),
            reason=shown(str(error)),
        ) from error
