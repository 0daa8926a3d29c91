"""The cells of a workbook (.xlsx, .ods), read by python-calamine in the confined process.

The library is compiled code that reads a stranger's zip and XML, so it is loaded and used nowhere else.
"""

from __future__ import annotations

import importlib
import io
import json
import os
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

LIBRARY = "python_calamine"

PREFERRED_SHEETS = ("items", "항목")
"""Names of the sheet that is read if there are several; else it is the first."""

_AT_ONCE = 200
"""Rows in one line of the answer."""


def load_library() -> Any:
    """Import the library, which only whoever reads workbooks needs."""
    return importlib.import_module(LIBRARY)


def answer_lines(descriptor: int, size: int) -> Iterator[bytes]:
    """Give the answer about one workbook, line by line: rows of text, then which sheet they are of; or what is wrong.

    Rows and columns stand where they stand in the sheet, so that errors can name them.
    """
    library = load_library()
    try:
        data = os.pread(descriptor, size, 0)
        book = library.CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = [sheet.name for sheet in book.sheets_metadata if sheet.typ == library.SheetTypeEnum.WorkSheet]
        if not sheets:
            yield _line({"problem": "it has no sheet"})
            return
        name = next((sheet for sheet in sheets if sheet.lower() in PREFERRED_SHEETS), sheets[0])
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except library.PasswordError:
        yield _line({"problem": "it is locked with a password"})
        return
    except library.CalamineError as error:
        yield _line({"problem": f"it is damaged ({type(error).__name__})"})
        return
    for start in range(0, len(rows), _AT_ONCE):
        yield _line({"rows": [[spell_cell(cell) for cell in row] for row in rows[start : start + _AT_ONCE]]})
    yield _line({"sheet": name, "sheets": len(sheets)})


def spell_cell(value: object) -> str:
    """Spell a cell as a person would type it: a date as 2031-01-01, a whole number without a point."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _line(message: dict[str, object]) -> bytes:
    return json.dumps(message, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
