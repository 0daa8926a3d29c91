"""The archivist's table: what spreadsheets do to it, and errors that name line and column."""

from __future__ import annotations

import contextlib
import csv
import io
import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evtool.core.errors import FormatError
from evtool.core.terms.terms import Handling, Status
from evtool.core.text.spreadsheet import escape_cell, unescape_cell
from evtool.core.text.times import plain_date
from evtool.interop import items_table
from evtool.interop.headings import KOREAN as KOREAN_HEADINGS
from evtool.interop.headings import column_of
from evtool.interop.items_table import (
    COLUMNS,
    PATH,
    Row,
    TableError,
    describe_columns,
    read_table,
    serialize_table,
)

TABLE = "path,title,handling,status,share\r\n사진/1.jpg,위성 사진,named,given,ohchr-dprk;court-a\r\nb.txt,,,,\r\n"


def parse_table(data: bytes) -> tuple[Row, ...]:
    """Read a table that must have no errors."""
    table = read_table(data)
    if table.problems:
        raise TableError(table.problems)
    return table.rows


def check(rows: tuple[Row, ...]) -> None:
    first, second = rows
    assert (first.line, first.path, first.stated.context) == (2, "사진/1.jpg", (("title", "위성 사진"),))
    assert first.stated.terms
    assert first.stated.terms.handling is Handling.NAMED
    assert first.stated.terms.status is Status.GIVEN
    assert first.stated.terms.share == ("court-a", "ohchr-dprk")
    assert (second.path, second.stated.context, second.stated.terms) == ("b.txt", (), None)


@pytest.mark.parametrize(
    "data",
    [
        TABLE.encode(),
        b"\xef\xbb\xbf" + TABLE.encode(),
        TABLE.replace("\r\n", "\n").encode(),
        TABLE.replace(";", " ").replace(",", ";").encode(),
        TABLE.replace(",", "\t").encode(),
        b"\xef\xbb\xbfsep=;\r\n" + TABLE.replace(";", " ").replace(",", ";").encode(),
        TABLE.replace("\r\n", ",,,\r\n").encode(),
        (TABLE + ",,,,\r\n\r\n").encode(),
    ],
    ids=["plain", "BOM", "LF", "semicolons", "tabs", "sep=", "empty columns at the end", "empty rows"],
)
def test_the_same_table_as_different_programs_save_it(data: bytes) -> None:
    rows = parse_table(data)
    if data.startswith(b"\xef\xbb\xbfsep="):
        rows = tuple(Row(row.line - 1, row.path, row.stated) for row in rows)
    check(rows)


def test_a_cell_with_line_breaks_does_not_shift_the_line_numbers() -> None:
    text = 'path,description,status\na,"one\ntwo\nthree",\nb,,givn\n'
    with pytest.raises(TableError) as error:
        parse_table(text.encode())
    assert error.value.lines[0].startswith("line 5, column status")
    rows = parse_table(text.replace("givn", "given").encode())
    assert rows[0].stated.context == (("description", "one\ntwo\nthree"),)


ERRORS = [
    ("title\nx\n", "line 1: there is no column path"),
    ("path,path\na,b\n", "line 1: column path appears twice"),
    ("path,status,status\na,given,given\n", "line 1: column status appears twice"),
    ("path,statu\na,given\n", "line 1, column 2: statu is not a column"),
    ("path,,title\na,b,c\n", "line 1, column 2: what is there is not a column"),
    (
        "path,status\na,givn\n",
        "line 2, column status: givn is not accepted for status (did you mean given? accepted: given, not-required",
    ),
    ("path,status\n,given\n", "line 2, column path"),
    ("path,status\n/etc/passwd,given\n", "line 2, column path"),
    ("path,status\na/../b,given\n", "line 2, column path"),
    ("path,status\n100%,given\n", "line 2, column path"),
    ("path,status\na,given\na,given\n", "line 3, column path: the same item as in line 2"),
    ("path,status\na,given,more\n", "line 2: there are more cells than columns"),
    ("path,share\na,김철수\n", "line 2, column share: share is not accepted (accepted: codes of recipients, or none)"),
    ("path,source\na,김철수\n", "line 2, column source: source is not a code"),
    ("path,until\na,3/1/2031\n", "line 2, column until: until: 3/1/2031 could be two days"),
    ("path,until\na,46000\n", "line 2, column until: until: 46000 is not a date"),
    ("path,until\na,2031. 2. 30\n", "line 2, column until: until: 2031-02-30 is not a date"),
    ("path,share\na,“court-a”\n", "it has the sign “ (left double quotation mark)"),
    ("path,statsu\na,given\n", "line 1, column 2: statsu is not a column of this table (did you mean status?)"),
    ("path,collected_at\na,2026-03-01 14:30\n", "line 2, column collected_at"),
]


@pytest.mark.parametrize(("text", "message"), ERRORS, ids=[message for _, message in ERRORS])
def test_each_error_names_line_and_column(text: str, message: str) -> None:
    with pytest.raises(TableError) as error:
        parse_table(text.encode())
    assert message in "; ".join(error.value.lines)
    assert "김철수" not in "".join((error.value.message, *error.value.lines, error.value.hint))


KOREAN = "경로,제목,취급,동의 상태,수령자\r\n사진/1.jpg,위성 사진,Named,Given,ohchr-dprk;court-a\r\nb.txt,,,,\r\n"


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp949"])
def test_a_table_of_korean_excel_says_the_same(codec: str) -> None:
    """Headings in Korean, codes with a capital, in whatever encoding Excel has for it."""
    for text in (KOREAN, KOREAN.replace(",", "\t"), KOREAN.replace("동의 상태", "Status").replace("경로", "PATH")):
        table = read_table(text.encode(codec))
        check(table.rows)
        assert table.problems == ()
        assert bool(table.note) == (codec in ("cp949", "utf-16-le"))
        assert not table.note or "사진/1.jpg" in table.note


def test_korean_headings_stand_for_every_column_and_for_one_each() -> None:
    assert set(KOREAN_HEADINGS) == set(COLUMNS)
    assert [column_of(heading) for heading in KOREAN_HEADINGS.values()] == list(KOREAN_HEADINGS)
    assert [column_of(column.replace("_", " ").title()) for column in COLUMNS] == list(COLUMNS)


@pytest.mark.parametrize(
    ("column", "cell", "stated"),
    [
        ("until", "2031. 1. 1", "2031-01-01"),
        ("until", "2031. 1. 1.", "2031-01-01"),
        ("until", "2031-1-1", "2031-01-01"),
        ("until", "2031/01/01", "2031-01-01"),
        ("until", "2031년 1월 1일", "2031-01-01"),
        ("until", "2031-01-01 0:00:00", "2031-01-01"),
        ("status", "Not-Required", "not-required"),
        ("for", "Research, UN-Reporting", ["research", "un-reporting"]),
        ("share", "None", []),
        ("conditions", "Region:ch; X-Own", ["region:CH", "x-own"]),
    ],
)
def test_what_a_spreadsheet_makes_of_a_term_is_undone(column: str, cell: str, stated: object) -> None:
    (row,) = parse_table(f'path,{column}\na,"{cell}"\n'.encode())
    assert row.stated.terms is not None
    assert row.stated.terms.stated[column] == stated


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("collected_at", "2026-3-1", "2026-03-01"),
        ("collected_at", "2026", "2026"),
        ("event_date", "2026. 3. 1", "2026. 3. 1"),
        ("language", "ko, en-GB", "ko en-GB"),
        ("kind", "Interview", "interview"),
    ],
)
def test_what_a_spreadsheet_makes_of_context_is_undone(column: str, cell: str, value: str) -> None:
    (row,) = parse_table(f'path,{column}\na,"{cell}"\n'.encode())
    assert row.stated.context == ((column, value),)


def test_a_bad_cell_hides_no_other_error() -> None:
    table = read_table(b"path,status,until,nothing\na,givn,3/1/2031,x\n,given,,\na,given,2031-01-01,\n")
    assert [problem.split(":")[0] for problem in table.problems] == [
        "line 1, column 4",
        "line 2, column status",
        "line 2, column until",
        "line 3, column path",
        "line 4, column path",
    ]
    assert [(row.path, row.has_errors) for row in table.rows] == [("a", True), ("a", False)]


@given(st.text(max_size=40))
def test_a_date_is_only_ever_respelled_as_itself(text: str) -> None:
    respelled = plain_date(text)
    digits = [int(piece) for piece in re.findall("[0-9]+", text)]
    assert respelled == text or [int(piece) for piece in respelled.split("-")] == digits[:3]


def test_all_errors_are_told_at_once() -> None:
    rows = "".join(f"file-{number},givn\n" for number in range(30))
    with pytest.raises(TableError) as error:
        parse_table(f"path,status\n{rows}".encode())
    assert sum("givn" in line for line in error.value.lines) == 20
    assert error.value.lines[-1] == "and 10 more"
    assert "has 30 errors" in error.value.message


@pytest.mark.parametrize(
    "data",
    [
        b"path,title\na,caf\xe9,\n",
        TABLE.encode("utf-16")[:-1],
        b"path\na\0b\n",
        b'path\n"a\n',
        b'path,title\n"a"b,c\n',
    ],
    ids=["Latin-1", "half of UTF-16", "NUL", "open quotation mark", "quotation mark in the middle"],
)
def test_what_is_no_table_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_table(data)


def test_a_template_can_be_filled_in_and_read_back() -> None:
    names = [
        "=1+1.txt",
        "+82.txt",
        "-x",
        "@home",
        "'quoted'",
        "'=quoted",
        "a,b.txt",
        'a"b',
        "사진 1.jpg",
        "%0Ax",
        "plain",
    ]
    text = "".join(serialize_table(names, bom=True))
    cells = [row[0] for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))][1:]

    assert text.startswith("\ufeffpath,title,")
    assert not [cell for cell in cells if cell[0] in "=+-@\t\r"]
    assert [row.path for row in parse_table(text.encode())] == names
    assert "".join(serialize_table([], bom=False)).count("\r\n") == 1


@given(st.text(max_size=20))
def test_escaping_is_undone_exactly(text: str) -> None:
    assert unescape_cell(escape_cell(text)) == text
    assert not escape_cell(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_refused(data: bytes) -> None:
    with contextlib.suppress(FormatError):
        assert all(row.path for row in parse_table(b"path,title,status\n" + data))


def test_every_column_is_described() -> None:
    described = [name for name, _, _ in describe_columns()]
    assert set(COLUMNS) <= set(described)
    assert described[0] == PATH


def test_what_rows_have_in_common_is_kept_once() -> None:
    """A row of a hundred bytes takes six hundred while it is read, and less when all are: a table may have 600,000."""
    rows = 5_000
    row = "photos/{0:07d}.jpg,Recorded in the field: part {0},S-0042,ko,interview,given,un-reporting,named\n"
    heading = "path,title,source,language,kind,status,for,handling\n"
    data = (heading + "".join(map(row.format, range(rows)))).encode()
    tracemalloc.start()
    try:
        table = read_table(data)
        kept, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(table.rows) == rows
    assert table.rows[0].stated.terms is table.rows[-1].stated.terms
    assert kept < 700 * rows
    assert most < 900 * rows


@given(st.text(st.sampled_from('a,"\r\n\u2028\x0b;'), max_size=30))
def test_lines_end_where_they_do_in_a_file(text: str) -> None:
    """The table is split without a copy, and just as Python splits a file of CSV."""
    text = f"path,title\n{text}"
    in_file = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        expected = [(row, in_file.line_num) for row in in_file]
    except csv.Error:
        with pytest.raises(FormatError, match="not CSV"):
            read_table(text.encode())
        return
    split = list(items_table._split(text))
    assert [cells for _, cells in split] == [row for row, _ in expected]
    assert [begin for begin, _ in split][1:] == [end + 1 for _, end in expected][:-1]
