"""The table of items as a workbook (.xlsx), with the vocabulary to choose from in each cell that takes codes.

XlsxWriter writes it: plain Python, without dependencies, made for validation lists. Every cell is text, so that a
spreadsheet turns no name into a formula, a number or a date.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from evtool.core.errors import FormatError, InputError
from evtool.core.manifest.context import KINDS
from evtool.core.terms.terms import TERMS, TERMS_BY_NAME, TermShape
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.spreadsheet import escape_cell
from evtool.interop.headings import heading_of
from evtool.interop.items_table import COLUMNS, PATH, describe_columns

MAX_ROWS = 1_048_575
"""Items that a sheet has room for below its headings."""

_MAX_CELL = 32_767
_NOT_OF_XML = compiled_when_used("[\ufffe\uffff]")
_WIDTHS = {PATH: 40, "title": 30, "description": 40, "note": 30}
_CREATED = datetime(1980, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""A workbook says when it was made; that is nobody's business, and 1980 is where dates of its zip begin."""


def write_workbook(paths: Sequence[str], language: str = "en") -> bytes:
    """Write a workbook with one empty row for each stored name; `language` is that of its headings.

    Raises:
        InputError: what writes workbooks is not installed.
        FormatError: there are more items than rows, or a name that no workbook can hold; a table of CSV can.
    """
    if len(paths) > MAX_ROWS:
        raise FormatError(
            "a workbook has room for {limit:,} items, and there are {count:,}",
            hint=_AS_CSV,
            key="workbook-rows",
            count=len(paths),
            limit=MAX_ROWS,
        )
    unfit = sum(len(escape_cell(path)) > _MAX_CELL or bool(_NOT_OF_XML.search(path)) for path in paths)
    if unfit:
        raise FormatError(
            "{count:,} of the names cannot be held by a workbook", hint=_AS_CSV, key="workbook-names", count=unfit
        )
    output = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = _load().Workbook(output, options)
    book.set_properties({"created": _CREATED})
    sheet, codes, columns = (book.add_worksheet(name) for name in ("items", "codes", "columns"))
    text, bold = book.add_format({"num_format": "@"}), book.add_format({"bold": True, "num_format": "@"})
    for index, name in enumerate(COLUMNS):
        sheet.set_column(index, index, _WIDTHS.get(name, 16), text)
        sheet.write_string(0, index, heading_of(name, language), bold)
    for row, path in enumerate(paths, start=1):
        sheet.write_string(row, 0, escape_cell(path), text)
    sheet.freeze_panes(1, 1)
    _write_codes(sheet, codes, max(len(paths), 1), bold)
    _write_columns(columns, language, bold)
    book.close()
    return output.getvalue()


_AS_CSV = "write a table of CSV instead"


def _load() -> Any:
    try:
        return importlib.import_module("xlsxwriter")
    except ImportError:
        raise InputError(
            "what writes workbooks is not installed",
            hint="install it (pip install 'evtool[tables]'), or write a table of CSV instead",
            key="workbook-writer",
        ) from None


def _write_codes(sheet: Any, codes: Any, rows: int, bold: Any) -> None:
    """Write each vocabulary as a column of its own sheet, and let the cells choose from it."""
    lists = {"kind": list(KINDS)} | {
        term.name: [str(code.value) for code in term.codes] for term in TERMS if term.codes is not None
    }
    for column, (name, values) in enumerate(lists.items()):
        codes.set_column(column, column, 24)
        codes.write_string(0, column, name, bold)
        for row, value in enumerate(values, start=1):
            codes.write_string(row, column, value)
        letter = chr(ord("A") + column)
        several = name in TERMS_BY_NAME and TERMS_BY_NAME[name].shape is TermShape.CODES
        place = COLUMNS.index(name)
        sheet.data_validation(
            1,
            place,
            rows,
            place,
            {
                "validate": "list",
                "source": f"=codes!${letter}$2:${letter}${len(values) + 1}",
                # A list may hold several codes, and an organisation has codes of its own: what is typed is not refused.
                "error_type": "information",
                "error_title": name,
                "error_message": "Not one of the codes"
                + ("; several are separated by semicolons." if several else ". Codes of your own begin with x-."),
            },
        )


def _write_columns(sheet: Any, language: str, bold: Any) -> None:
    for column, (width, title) in enumerate(((18, "column"), (18, "heading"), (50, "meaning"), (90, "accepted"))):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, title, bold)
    for row, (name, meaning, accepted) in enumerate(describe_columns(), start=1):
        for column, value in enumerate((name, heading_of(name, language), meaning, accepted)):
            sheet.write_string(row, column, value)
