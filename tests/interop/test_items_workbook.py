"""The table of items as a workbook: what is written can be filled in and read back, and what is hostile is refused."""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped]  # it has no types
from hypothesis import given
from hypothesis import strategies as st

from evtool.core.errors import EvtoolError, FormatError, InputError
from evtool.core.terms.terms import Status
from evtool.core.text.spreadsheet import unescape_cell
from evtool.interop.items_table import COLUMNS, Table, read_cells
from evtool.interop.items_workbook import write_workbook
from evtool.metadata import tables
from evtool.metadata.tables import Workbook, is_workbook, read_workbook
from evtool.metadata.workbook import answer_lines, spell_cell
from tests.conftest import Runner

Rows = Sequence[Sequence[object]]


def make_xlsx(sheets: Mapping[str, Rows], **options: Any) -> bytes:
    """Have XlsxWriter make a workbook; dates become cells of dates, and text that begins with = a formula."""
    output = io.BytesIO()
    book = xlsxwriter.Workbook(output, {"in_memory": True})
    day = book.add_format({"num_format": "yyyy. m. d"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write(number, column, cell, *([day] if isinstance(cell, date) else []))
    book.close()
    return output.getvalue()


def make_ods(rows: Rows) -> bytes:
    """Make the smallest table of OpenDocument (ISO/IEC 26300) that a reader takes."""
    names = ["office:1.0", "table:1.0", "text:1.0"]
    spaces = "".join(f' xmlns:{name.split(":")[0]}="urn:oasis:names:tc:opendocument:xmlns:{name}"' for name in names)

    def spell(cell: object) -> str:
        if isinstance(cell, date):
            return f'<table:table-cell office:value-type="date" office:date-value="{cell.isoformat()}"/>'
        return f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'

    body = "".join(f"<table:table-row>{''.join(map(spell, row))}</table:table-row>" for row in rows)
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content{spaces} office:version="1.2"><office:body>'
    )
    content += f'<office:spreadsheet><table:table table:name="items">{body}</table:table></office:spreadsheet>'
    content += "</office:body></office:document-content>"
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", "<?xml version='1.0'?><manifest/>")
    return output.getvalue()


def read_it(data: bytes, folder: Path) -> Workbook:
    (folder / "table").write_bytes(data)
    with (folder / "table").open("rb") as file:
        return read_workbook(data, file.fileno())


def table_of(workbook: Workbook) -> Table:
    return read_cells(enumerate(workbook.rows, start=1), "row")


FILLED: Rows = [
    ["경로", "동의 상태", "종료일", "수령자", "언어"],
    ["사진/1.jpg", "Given", date(2031, 1, 1), "court-a, ohchr-dprk", "ko, en"],
    ["'=1+1.txt", "unknown", "2031. 1. 1", "", "ko"],
]


@pytest.mark.parametrize("kind", ["xlsx", "xlsx with other sheets", "ods"])
def test_a_workbook_is_read_as_its_table_would_be(kind: str, tmp_path: Path) -> None:
    data = make_ods(FILLED) if kind == "ods" else make_xlsx({"first": [["x"]], "items": FILLED})
    if kind == "xlsx":
        data = make_xlsx({"Sheet1": FILLED})
    assert is_workbook(data)
    table = table_of(read_it(data, tmp_path))
    assert table.problems == ()
    first, second = table.rows
    assert (first.where, first.path, second.path) == ("row 2", "사진/1.jpg", "=1+1.txt")
    assert first.stated.terms is not None
    assert first.stated.terms.status is Status.GIVEN
    assert first.stated.terms.until == date(2031, 1, 1)
    assert first.stated.terms.share == ("court-a", "ohchr-dprk")
    assert dict(first.stated.context) == {"language": "ko en"}
    assert second.stated.terms is not None
    assert second.stated.terms.until == date(2031, 1, 1)


def test_errors_name_the_row_of_the_sheet(tmp_path: Path) -> None:
    rows: Rows = [
        [],
        ["path", "status", "until"],
        ["a", "givn", 46000],
        [],
        ["a", "given", datetime(2031, 1, 1, 14, 30)],
    ]
    table = table_of(read_it(make_xlsx({"items": rows}), tmp_path))
    assert [problem.split(":")[0] for problem in table.problems] == [
        "row 3, column status",
        "row 3, column until",
        "row 5, column until",
        "row 5, column path",
    ]


NAMES = [
    "사진 1.jpg",
    "=cmd|' /C calc'!A0",
    "+82",
    "-x",
    "@home",
    "'quoted'",
    "_x0041_",
    "%0A.txt",
    "46000",
    "1/2",
    "a" * 300,
]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_what_is_written_can_be_filled_in_and_read_back(language: str, tmp_path: Path) -> None:
    data = write_workbook(NAMES, language)
    table = table_of(read_it(data, tmp_path))
    assert (table.problems, [row.path for row in table.rows]) == ((), NAMES)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name).decode("utf-8") for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    assert "<f>" not in sheet
    # Every cell that takes codes offers them, over all rows.
    columns = set(re.findall('sqref="([A-Z]+)[A-Z0-9:]+"[^>]*><formula1>codes!', sheet))
    assert len(columns) == 9
    assert f'sqref="Q2:Q{len(NAMES) + 1}"' in sheet
    assert COLUMNS[16] == "handling"
    assert not re.search("<dc:creator>[^<]", parts["docProps/core.xml"])
    assert "1980-01-01" in parts["docProps/core.xml"]
    assert write_workbook(NAMES, language) == data


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20), max_size=3))
def test_any_name_comes_through_a_workbook_or_is_refused(names: list[str]) -> None:
    try:
        data = write_workbook(names)
    except FormatError as error:
        assert "of the names cannot be held" in error.message  # noqa: PT017
        return
    descriptor = os.memfd_create("table")
    try:
        os.write(descriptor, data)
        *rows, last = [json.loads(line) for line in answer_lines(descriptor, len(data))]
    finally:
        os.close(descriptor)
    cells = [row[0] for part in rows for row in part["rows"]][1:]
    assert last == {"sheet": "items", "sheets": 3}
    assert [unescape_cell(cell) for cell in cells] == names


def bomb() -> bytes:
    """Make a workbook of which one part unpacks to a gibibyte of blanks."""
    data = make_xlsx({"items": [["path"]]})
    output = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as before,
        zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as after,
    ):
        for name in before.namelist():
            text = before.read(name)
            if name == "xl/sharedStrings.xml":
                with after.open(name, "w", force_zip64=True) as part:
                    part.write(text.partition(b"<si>")[0] + b"<si><t>")
                    for _ in range(1024):
                        part.write(b" " * (1 << 20))
                    part.write(b"</t></si></sst>")
            else:
                after.writestr(name, text)
    return output.getvalue()


HOSTILE = {
    "locked, or old": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "before 2007 (.xls), or one that is locked"),
    "cut off": (make_xlsx({"items": FILLED})[:900], "it is damaged"),
    "no workbook": (b"PK\x03\x04" + bytes(100), "it is damaged"),
}


@pytest.mark.parametrize("name", [*HOSTILE, "bomb"])
def test_a_workbook_that_cannot_be_read_says_why(name: str, tmp_path: Path) -> None:
    data, words = HOSTILE[name] if name in HOSTILE else (bomb(), "cannot be read")
    with pytest.raises(FormatError) as caught:
        read_it(data, tmp_path)
    assert words in caught.value.message
    assert "save" in caught.value.hint


def test_without_the_extra_the_way_on_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "has_library", lambda: False)
    with pytest.raises(InputError) as caught:
        read_it(make_xlsx({"items": FILLED}), tmp_path)
    assert "evtool[tables]" in caught.value.hint


@given(
    st.lists(
        st.sampled_from(
            [
                b'{"rows":[["a"]]}',
                b'{"rows":[[1]]}',
                b'{"sheet":"x","sheets":1}',
                b"[]",
                b'{"problem":"it is"}',
                b'{"problem":"\\u001b[0m"}',
                b"\xff",
                b'{"rows":[["\\ud800"]]}',
            ]
        )
    )
)
def test_the_answer_of_the_confined_process_is_not_trusted(lines: list[bytes]) -> None:
    found = tables._parse(b"".join(line + b"\n" for line in lines))
    if isinstance(found, str):
        assert found in ("", "it is")
    else:
        assert (found.sheet, found.sheets, {tuple(row) for row in found.rows} <= {("a",)}) == ("x", 1, True)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        (3.0, "3"),
        (0.5, "0.5"),
        (True, "TRUE"),
        (date(2031, 1, 1), "2031-01-01"),
        (datetime(2031, 1, 1), "2031-01-01"),
        (datetime(2031, 1, 1, 14, 30), "2031-01-01T14:30:00"),
        ("", ""),
    ],
)
def test_a_cell_is_spelled_as_a_person_would_type_it(value: object, text: str) -> None:
    assert spell_cell(value) == text


def test_an_archivist_fills_in_a_workbook_and_seals_with_it(evtool: Runner) -> None:
    case = evtool.directory / "case"
    case.mkdir()
    for name in ("a.txt", "사진.jpg"):
        (case / name).write_bytes(name.encode())
    evtool("key", "new", "A1", "--no-passphrase")
    made = evtool("items", "case", "-o", "items.xlsx", "--headings", "ko")
    assert (made.exit_code, "2 rows to fill in" in made.stdout) == (0, True)
    refused = evtool("items", "case", "-o", "items.xlsx")
    assert refused.exit_code != 0
    inside = evtool("items", "case", "-o", "case/items.xlsx")
    assert (inside.exit_code, "would be sealed as evidence" in inside.stderr) == (2, True)
    (evtool.directory / "filled.xlsx").write_bytes(
        make_xlsx({"items": [["경로", "동의 상태"], ["사진.jpg", "Given"], ["a.txt", "refused"]]})
    )
    sealed = evtool("seal", "case", "--table", "filled.xlsx")
    assert sealed.exit_code == 0, sealed.stderr
    shown = evtool("consent", "show", "case").stdout
    assert "given" in shown
    assert "refused" in shown


def test_a_workbook_leaves_no_error_unsaid() -> None:
    with pytest.raises(EvtoolError):
        write_workbook(["a\uffff"])
