"""The table in which archivists state context and consent of items: CSV as spreadsheets write and read it.

One row an item, one column a field or a term, the first line names the columns. Every error names its line and column;
what was typed is not repeated where somebody could have put a name.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from evtool.core.errors import FormatError
from evtool.core.manifest.archivist_statements import ArchivistStatements, make_context
from evtool.core.manifest.context import FIELDS, is_field, parse_user_value
from evtool.core.terms.input import TERM_NAMES, accepted, make_terms, parse_user_term, quote_code
from evtool.core.terms.terms import TERMS
from evtool.core.text.names import parse_name

PATH = "path"
"""Name of the column that says which item a row is about, by its stored name."""

COLUMNS = (PATH, *(field.name for field in FIELDS), *TERM_NAMES)
"""The columns of a template; own ones, `x-...`, may stand beside them."""

MAX_TABLE = 64 * 1024 * 1024
"""Largest table, in bytes."""

MAX_ERRORS = 20
"""Errors that one message names."""

_BOM = "\ufeff"
_STARTS_A_FORMULA = re.compile(r"[=+\-@\t\r']")


@dataclass(frozen=True, slots=True)
class Row:
    """What one row states.

    Attributes:
        line: where the row begins in the file, from 1.
        path: stored name of the item.
        stated: what is stated about it.
    """

    line: int
    path: str
    stated: ArchivistStatements


class TableError(FormatError):
    """A table with errors, all of them named; nothing of it is used."""

    def __init__(self, problems: Sequence[str]) -> None:
        named = "; ".join(problems[:MAX_ERRORS])
        more = f"; and {len(problems) - MAX_ERRORS} more" if len(problems) > MAX_ERRORS else ""
        hint = "correct the table and run again; `evtool items --columns` explains the columns"
        super().__init__(f"nothing was sealed, because the table has errors: {named}{more}", hint=hint)


def describe_columns() -> Iterator[tuple[str, str, str]]:
    """Give each column with its meaning and what it accepts."""
    yield PATH, "stored name of the item, as `evtool items` writes it", "the name of a file below the directory"
    for field in FIELDS:
        yield field.name, field.meaning, field.accepted
    yield "x-...", "a field of your own", "text"
    for term in TERMS:
        yield term.name, term.meaning, accepted(term)


def serialize_table(paths: Iterable[str], *, bom: bool) -> Iterator[str]:
    """Write a template with one empty row for each stored name, piece by piece."""
    if bom:
        yield _BOM
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for path in paths:
        writer.writerow([escape_cell(path), *[""] * (len(COLUMNS) - 1)])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def escape_cell(text: str) -> str:
    """Keep a spreadsheet from taking a cell for a formula, which could send what it holds to strangers."""
    return f"'{text}" if _STARTS_A_FORMULA.match(text) else text


def unescape_cell(text: str) -> str:
    """Undo `escape_cell`."""
    return text[1:] if text.startswith("'") and _STARTS_A_FORMULA.match(text[1:]) else text


def parse_table(data: bytes) -> tuple[Row, ...]:
    """Read a table.

    Raises:
        FormatError: it is not UTF-8, or not CSV.
        TableError: columns or cells are not what they should be.
    """
    lines = _split(_decode(data))
    number, names = next(lines, (1, []))
    columns, problems = _read_header(number, names)
    if problems:
        raise TableError(problems)
    rows: list[Row] = []
    for number, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        found = _read_row(number, columns, cells)
        if isinstance(found, Row):
            rows.append(found)
        else:
            problems += found
    problems += _find_doubles(rows)
    if problems:
        raise TableError(problems)
    return tuple(rows)


def _decode(data: bytes) -> str:
    if len(data) > MAX_TABLE:
        raise FormatError(f"the table has more than {MAX_TABLE} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise FormatError("the table is not UTF-8", hint='save it again as "CSV UTF-8"')
    return text


def _split(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the number of the line it begins on; a cell may hold line breaks."""
    first = text.partition("\n")[0]
    skipped = 0
    if re.match(r"sep=.\r?\Z", first):
        # A line that some spreadsheets write for themselves.
        text, skipped = text.partition("\n")[2], 1
        first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begin = skipped + 1
    try:
        for cells in reader:
            yield begin, cells
            begin = reader.line_num + skipped + 1
    except csv.Error:
        raise FormatError(
            f"line {begin} of the table is not CSV: it has a quotation mark too many or too few"
        ) from None


def _read_header(number: int, cells: Sequence[str]) -> tuple[list[str], list[str]]:
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    problems: list[str] = []
    if PATH not in names:
        problems.append(f"line {number}: there is no column {PATH}")
    for index, name in enumerate(names, start=1):
        if name in names[: index - 1]:
            problems.append(f"line {number}: column {quote_code(name)} appears twice")
        elif name != PATH and name not in TERM_NAMES and not is_field(name):
            problems.append(f"line {number}, column {index}: {quote_code(name)} is not a column of this table")
    return names, problems


def _read_row(number: int, columns: Sequence[str], cells: Sequence[str]) -> Row | list[str]:
    problems: list[str] = []
    if any(cell.strip() for cell in cells[len(columns) :]):
        problems.append(f"line {number}: there are more cells than columns")
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
            else:
                context[column] = parse_user_value(column, text)
        except FormatError as error:
            hint = f" ({error.hint})" if error.hint else ""
            problems.append(f"line {number}, column {column}: {error.message}{hint}")
    try:
        parse_name(path)
    except FormatError:
        problems.append(f"line {number}, column {PATH}: not a relative path in its stored form")
    if problems:
        return problems
    return Row(number, path, ArchivistStatements(make_context(context), make_terms(terms) if terms else None))


def _find_doubles(rows: Iterable[Row]) -> Iterator[str]:
    lines: dict[str, int] = {}
    for row in rows:
        if row.path in lines:
            yield f"line {row.line}, column {PATH}: the same item as in line {lines[row.path]}"
        lines.setdefault(row.path, row.line)
