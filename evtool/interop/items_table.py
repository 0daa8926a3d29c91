"""The table in which archivists state context and consent of items, as spreadsheets write and read it.

One row an item, one column a field or a term, the first line names the columns. Every error names its line and column;
what was typed is not repeated where somebody could have put a name. All errors are told in one round.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from msgspec import Struct

from evtool.core.errors import FormatError, Way
from evtool.core.finding import Phrase, Words, at, cell_of, line_of
from evtool.core.manifest.archivist_statements import ArchivistStatements, make_context
from evtool.core.manifest.context import FIELDS, is_field, parse_user_value
from evtool.core.terms.input import TERM_NAMES, accepted, make_terms, parse_user_term, quote_code
from evtool.core.terms.terms import TERMS
from evtool.core.text.counts import counted
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.foreign import read_foreign_text
from evtool.core.text.guess import did_you_mean
from evtool.core.text.names import parse_name, shown
from evtool.core.text.spreadsheet import escape_cell, unescape_cell
from evtool.core.values import replace
from evtool.interop.headings import column_of, heading_of

PATH = "path"
"""Name of the column that says which item a row is about, by its stored name."""

COLUMNS = (PATH, *(field.name for field in FIELDS), *TERM_NAMES)
"""The columns of a template; own ones, `x-...`, may stand beside them."""

MAX_TABLE = 64 * 1024 * 1024
"""Largest table, in bytes."""

MAX_ERRORS = 20
"""Errors that one message names."""

_BOM = "\ufeff"
_MOST_SAME = 10_000
_T = TypeVar("_T")


class Row(Struct, frozen=True):
    """What one row states.

    Attributes:
        line: where the row begins in the file, or in the sheet, from 1.
        path: stored name of the item.
        stated: what is stated about it.
        has_errors: whether a cell of it could not be read, so that more is stated than is known here.
        word: what a row is called in messages: a line of a file, a row of a sheet.
    """

    line: int
    path: str
    stated: ArchivistStatements
    has_errors: bool = False
    word: str = "line"

    @property
    def where(self) -> str:
        """Say where the row stands."""
        return line_of(self.line, self.word)


class Table(Struct, frozen=True):
    """A table as it was read.

    Attributes:
        rows: its rows, as far as they could be read.
        problems: its errors, each with its line and column; a table with any states nothing.
        note: how it is encoded and a line of it, if that had to be guessed; else empty.
    """

    rows: tuple[Row, ...]
    problems: tuple[str, ...] = ()
    note: str = ""


class TableError(FormatError):
    """A table with errors, all of them named; nothing of it is used."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(
            "nothing was sealed, because the table has {errors_en}:",
            hint="correct the table and run again; `evtool items --columns` explains the columns",
            lines=first_errors(problems),
            key="table-errors",
            errors_en=counted(len(problems), "error"),
            count=len(problems),
        )


def first_errors(problems: Sequence[str]) -> tuple[str, ...]:
    """Give the first errors, one a line, and how many more there are."""
    rest = len(problems) - MAX_ERRORS
    more = (Phrase(f"and {rest:,} more", Words("more-errors", count=rest)),) if rest > 0 else ()
    return (*problems[:MAX_ERRORS], *more)


def describe_columns() -> Iterator[tuple[str, str, str]]:
    """Give each column with its meaning and what it accepts."""
    yield PATH, "stored name of the item, as `evtool items` writes it", "the name of a file below the directory"
    for field in FIELDS:
        yield field.name, field.meaning, field.accepted
    yield "x-...", "a field of your own", "text"
    for term in TERMS:
        yield term.name, term.meaning, accepted(term)


def serialize_table(paths: Iterable[str], *, bom: bool, language: str = "en") -> Iterator[str]:
    """Write a template with one empty row for each stored name, piece by piece."""
    if bom:
        yield _BOM
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([heading_of(column, language) for column in COLUMNS])
    for path in paths:
        writer.writerow([escape_cell(path), *[""] * (len(COLUMNS) - 1)])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def read_table(data: bytes, encoding: str | None = None) -> Table:
    """Read a table of CSV; its errors are part of the answer.

    Args:
        data: the file.
        encoding: how it is encoded, if the user says so; else it is found out, down to the code page of Korean Windows.

    Raises:
        FormatError: it is in no encoding that is recognised, or not CSV.
    """
    if len(data) > MAX_TABLE:
        raise FormatError("the table has more than {limit} bytes", key="table-long", limit=MAX_TABLE)
    read = read_foreign_text(data, "the table", encoding=encoding, may_guess=True, way=Way.TABLE_ENCODING)
    if "\0" in read.text:
        raise FormatError("the table is no text: it has a byte of zero", hint="save it again as CSV", key="table-zero")
    # A row says more about the encoding than the headings do.
    sample = replace(read, text=read.text.partition("\n")[2]).sample or read.sample
    note = f"the table was read as {read.encoding}, for example: {shown(sample, 160)}" if read.is_guess else ""
    return replace(read_cells(_split(read.text)), note=note)


def read_cells(lines: Iterable[tuple[int, list[str]]], word: str = "line") -> Table:
    """Read the rows of a table, each with its number; `word` is what a row is called in errors."""
    lines = (line for line in lines if any(cell.strip() for cell in line[1]))
    number, names = next(lines, (1, []))
    columns, problems = _read_header(line_of(number, word), names)
    if PATH not in columns:
        return Table((), tuple(problems))
    rows: list[Row] = []
    same = _Same()
    for number, cells in lines:
        row, errors = _read_row(number, word, columns, cells, same)
        problems += errors
        if row is not None:
            rows.append(row)
    problems += _find_doubles(rows)
    return Table(tuple(rows), tuple(problems))


_LINE = compiled_when_used(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
"""A line with its end, as text files are read whose ends of lines are kept."""


def _split(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the number of the line it begins on; a cell may hold line breaks."""
    first = text.partition("\n")[0]
    skipped = 0
    if re.match(r"sep=.\r?\Z", first):
        # A line that some spreadsheets write for themselves.
        text, skipped = text.partition("\n")[2], 1
        first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    # Without a copy of the text, of which each character would take four bytes.
    lines = (line[0] for line in _LINE.finditer(text))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    begin = skipped + 1
    try:
        for cells in reader:
            yield begin, cells
            begin = reader.line_num + skipped + 1
    except csv.Error:
        raise FormatError(
            "{where} of the table is not CSV: it has a quotation mark too many or too few",
            key="table-not-csv",
            where=line_of(begin),
        ) from None


def _read_header(where: str, cells: Sequence[str]) -> tuple[list[str], list[str]]:
    headings = [cell.strip() for cell in cells]
    while headings and not headings[-1]:
        headings.pop()
    names = [column_of(heading) for heading in headings]
    problems: list[str] = []
    if PATH not in names:
        problems.append(at(where, FormatError("there is no column {column}", key="table-no-path", column=PATH)))
    for index, (heading, name) in enumerate(zip(headings, names, strict=True), start=1):
        if name in names[: index - 1]:
            problems.append(
                at(
                    where,
                    FormatError("column {name_en} appears twice", key="table-column-double", name_en=quote_code(name)),
                )
            )
        elif name != PATH and name not in TERM_NAMES and not is_field(name):
            meant = did_you_mean(name, COLUMNS)
            unknown = FormatError(
                "{heading_en} is not a column of this table{meant_en}",
                key="table-column-unknown",
                heading_en=quote_code(heading),
                meant_en=f" ({meant.strip()})" if meant else "",
            )
            problems.append(at(cell_of(where, str(index)), unknown))
    return names, problems


class _Same:
    """Gives one value for all that are equal: in most columns of a table a few values come again and again."""

    def __init__(self) -> None:
        self._known: dict[Any, Any] = {}

    def __call__(self, value: _T) -> _T:
        """Give the first of those that are equal, if it is among the first that came."""
        if len(self._known) < _MOST_SAME:
            self._known.setdefault(value, value)
        known: _T = self._known.get(value, value)
        return known


def _read_row(
    number: int, word: str, columns: Sequence[str], cells: Sequence[str], same: _Same
) -> tuple[Row | None, list[str]]:
    """Read a row as far as it can be read; None if it does not say which item it is about."""
    where = line_of(number, word)
    problems: list[str] = []
    if any(cell.strip() for cell in cells[len(columns) :]):
        problems.append(at(where, FormatError("there are more cells than columns", key="table-more-cells")))
    context: dict[str, str] = {}
    terms: dict[str, Any] = {}
    path = ""
    for column, cell in zip(columns, cells, strict=False):
        text = unescape_cell(cell)
        try:
            if column == PATH:
                path = text
            elif not text.strip():
                continue
            elif column in TERM_NAMES:
                terms[column] = parse_user_term(column, text)
            elif is_field(column):
                context[column] = parse_user_value(column, text)
        except FormatError as error:
            advice = f" ({error.hint})" if error.hint else ""
            wrong = FormatError("{why}{advice_en}", key="table-cell", why=error, advice_en=advice)
            problems.append(at(cell_of(where, column), wrong))
    stated = ArchivistStatements(tuple(map(same, make_context(context))), same(make_terms(terms)) if terms else None)
    try:
        parse_name(path)
    except FormatError:
        no_path = FormatError("not a relative path in its stored form", key="table-not-stored-path")
        return None, [*problems, at(cell_of(where, PATH), no_path)]
    return Row(number, path, stated, bool(problems), word), problems


def _find_doubles(rows: Iterable[Row]) -> Iterator[str]:
    first: dict[str, Row] = {}
    for row in rows:
        if row.path in first:
            same = FormatError("the same item as in {other}", key="table-same-item", other=first[row.path].where)
            yield at(cell_of(row.where, PATH), same)
        first.setdefault(row.path, row)
