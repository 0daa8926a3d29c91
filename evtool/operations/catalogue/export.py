"""A catalogue written out: the same bytes for the same knowledge, whatever the numbers of its rows are.

Rows are named by what they are about, not by where they lie in the database, and sorted by that. So a catalogue that
was made again from the records and the journal has the same export as the one that was lost.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from evtool.core.text.spreadsheet import escape_cell
from evtool.operations.catalogue.journal import SUMMED_PROOFS
from evtool.store.catalogue.database import Catalogue

FORMAT = "evtool-catalogue/1"


class ExportFormat(Enum):
    """How a catalogue is written out."""

    JSONL = "jsonl"
    """One JSON object a line: the table, and its columns."""
    CSV = "csv"
    """One table."""
    SQL = "sql"
    """Statements that make the tables in another database: SQLite or PostgreSQL."""


class ExportTable(NamedTuple):
    """One table of an export.

    Attributes:
        name: its name.
        columns: names of its columns; those that are numbers end in `#` here.
        query: gives the rows in their order.
    """

    name: str
    columns: str
    query: str

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(column.rstrip("#") for column in self.columns.split())


TABLES: tuple[ExportTable, ...] = (
    ExportTable(
        "collection",
        "collection sender first_seen",
        "SELECT uid, sender, first_seen FROM collection ORDER BY uid",
    ),
    ExportTable(
        "explanation",
        "collection first second why explained_by explained_at disowned",
        "SELECT c.uid, first, second, why, explained_by, explained_at, disowned FROM explanation "
        "JOIN collection AS c ON c.id=collection ORDER BY 1, 2, 3",
    ),
    ExportTable(
        "entry",
        "collection sequence# digest signature previous previous_signature event agent key retired# happened items "
        "party authority purpose answers acceptance terms not_about vouched_by undone_by proven_before first_seen",
        "SELECT c.uid, sequence, digest, signature, previous, previous_signature, event, agent, key, retired, "
        "happened, items, party, authority, purpose, answers, acceptance, terms, not_about, vouched_by, undone_by, "
        "proven_before, t.first_seen FROM entry AS t JOIN collection AS c ON c.id=collection ORDER BY 1, 2, 3, 4",
    ),
    ExportTable(
        "item",
        "collection number# sealed_by# type size# digest media kind event_date title path disposed# sealed_known "
        "sealed_terms known terms entries",
        "SELECT c.uid, number, sealed_by, type, size, LOWER(HEX(digest)), media, kind, event_date, title, path, "
        "disposed, s.known, s.text, f.known, f.text, b.entries FROM item AS t "
        "JOIN collection AS c ON c.id=t.collection JOIN terms AS s ON s.id=t.sealed JOIN basis AS b ON b.id=t.basis "
        "JOIN terms AS f ON f.id=b.terms ORDER BY 1, 2",
    ),
    ExportTable(
        "item_subject",
        "collection number# code",
        "SELECT c.uid, number, code FROM item_subject JOIN collection AS c ON c.id=collection ORDER BY 1, 2, 3",
    ),
    ExportTable(
        "holding",
        "holding# collection container sha256 bytes# head sender agreement name seen state exit_code# reasons findings "
        "receipt decided_by decided_at decision why",
        "SELECT t.id, c.uid, container, sha256, bytes, head, t.sender, agreement, name, seen, state, exit_code, "
        "reasons, findings, receipt, decided_by, decided_at, decision, why FROM holding AS t "
        "LEFT JOIN collection AS c ON c.id=t.collection ORDER BY 1",
    ),
    ExportTable("holding_item", "holding# first# last#", "SELECT * FROM holding_item ORDER BY 1, 2"),
    ExportTable(
        "location",
        "location kind root cycle_days# rate#",
        "SELECT code, kind, root, cycle_days, rate FROM location ORDER BY 1",
    ),
    ExportTable(
        "copy",
        "holding# location path carrier continued next_item# round_started last_proof last_result",
        "SELECT holding, location, path, carrier, continued, next_item, round_started, last_proof, last_result "
        "FROM copy ORDER BY location, path",
    ),
    ExportTable(
        "run", "run# kind started ended journal", "SELECT id, kind, started, ended, journal FROM run ORDER BY 1"
    ),
    ExportTable(
        "proof",
        "run# location path scope first# last# ok# changed# missing# unreadable#",
        "SELECT run, location, path, scope, first, last, ok, changed, missing, unreadable "  # noqa: S608  # constant
        f"FROM ({SUMMED_PROOFS}) AS p JOIN copy ON copy.id=p.copy ORDER BY 1, 2, 3",
    ),
)
"""Every table, in an order in which those that are named come before those that name them."""


def export_lines(catalogue: Catalogue, form: ExportFormat, table: str | None = None) -> Iterator[str]:
    """Yield the text of an export in pieces, each of whole lines; with `table`, of that table alone.

    All of it belongs to one moment.

    Raises:
        InputError: the catalogue cannot be read.
    """
    chosen = [each for each in TABLES if table in (None, each.name)]
    if form is ExportFormat.SQL:
        yield "BEGIN;\n"
    elif form is ExportFormat.JSONL:
        yield _json({"format": FORMAT, "names": catalogue.names.value})
    with catalogue.read() as connection:
        for each in chosen:
            yield from _WRITERS[form](each, connection.execute(each.query))
    if form is ExportFormat.SQL:
        yield "COMMIT;\n"


def _json(document: dict[str, object]) -> str:
    # Escaped where it is not ASCII: it can be looked at on any terminal.
    return json.dumps(document, separators=(",", ":")) + "\n"


def _write_jsonl(table: ExportTable, rows: Iterator[tuple[object, ...]]) -> Iterator[str]:
    for row in rows:
        yield _json({"table": table.name, **dict(zip(table.names, row, strict=True))})


def _write_csv(table: ExportTable, rows: Iterator[tuple[object, ...]]) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.names)
    for row in rows:
        writer.writerow([escape_cell(value) if isinstance(value, str) else value for value in row])
        if text.tell() > _PIECE:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def _write_sql(table: ExportTable, rows: Iterator[tuple[object, ...]]) -> Iterator[str]:
    columns = (f"{name.rstrip('#')} {'BIGINT' if name.endswith('#') else 'TEXT'}" for name in table.columns.split())
    yield f'CREATE TABLE "{table.name}"({", ".join(columns)});\n'
    group: list[str] = []
    for row in rows:
        group.append(f"({','.join(map(_literal, row))})")
        if len(group) == _ROWS:
            yield _insert(table, group)
            group = []
    if group:
        yield _insert(table, group)


def _insert(table: ExportTable, group: list[str]) -> str:
    return f'INSERT INTO "{table.name}" VALUES\n' + ",\n".join(group) + ";\n"


def _literal(value: object) -> str:
    """Spell a value as standard SQL does, in which a backslash means nothing."""
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


_WRITERS = {ExportFormat.JSONL: _write_jsonl, ExportFormat.CSV: _write_csv, ExportFormat.SQL: _write_sql}

_PIECE = 65536
_ROWS = 500
