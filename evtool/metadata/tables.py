"""Reading a workbook that somebody brought: asks the fork server, and trusts nothing of the answer."""

from __future__ import annotations

import importlib.util
import json
import re

from msgspec import Struct

from evtool.core.errors import FormatError, InputError
from evtool.core.metadata.vocabulary import Failure
from evtool.core.text.expressions import compiled_when_used
from evtool.metadata.extraction import MetadataExtractor
from evtool.metadata.format_table import OLE_START
from evtool.metadata.wire import Limits
from evtool.metadata.workbook import LIBRARY

MAX_CELL = 32_767
"""Characters of a cell, as spreadsheets have it."""

MAX_COLUMNS = 16_384

_LIMITS = Limits(cpu_seconds=30, wall_seconds=60, memory=1 << 30)
"""What one workbook may cost: a table of a million rows, and no bomb."""

_WORKBOOK = b"PK\x03\x04"
_SURROGATE = compiled_when_used("[\ud800-\udfff]")

_AS_CSV = "save the sheet as CSV, and give that"

_WHY = {
    Failure.NO_CONFINEMENT: "this platform cannot confine the program that reads workbooks",
    Failure.WALL_TIME: "reading it took too long",
    Failure.CPU_TIME: "reading it took too long",
    Failure.KILLED: "reading it took more memory than it may; rows and columns formatted to the end of a sheet do that",
    Failure.ANSWER: "it holds more than 64 MiB of text",
}


class Workbook(Struct, frozen=True):
    """The cells of one sheet.

    Attributes:
        rows: its rows from the first on, each cell as text.
        sheet: its name.
        sheets: how many sheets the workbook has.
    """

    rows: tuple[list[str], ...]
    sheet: str
    sheets: int


def is_workbook(data: bytes) -> bool:
    """Tell by its first bytes whether a file is read as a workbook, and not as text."""
    return data.startswith((_WORKBOOK, OLE_START))


def has_library() -> bool:
    """Tell whether what reads workbooks is installed."""
    return importlib.util.find_spec(LIBRARY) is not None


def read_workbook(data: bytes, descriptor: int, *, sandbox: bool = True) -> Workbook:
    """Read the sheet `items` of a workbook, or its first one, in the confined process.

    Args:
        data: its first bytes.
        descriptor: the open file.
        sandbox: False reads it even where the platform cannot confine the reader.

    Raises:
        InputError: what reads workbooks is not installed, or cannot be confined.
        FormatError: it is none that is read, is damaged, or costs too much.
    """
    if data.startswith(OLE_START):
        raise FormatError(
            "the table is a workbook of Excel before 2007 (.xls), or one that is locked with a password",
            hint="save it as .xlsx without a password, or save the sheet as CSV, and give that",
            key="workbook-old",
        )
    if not has_library():
        raise InputError(
            "the table is a workbook, and what reads workbooks is not installed",
            hint="install it (pip install 'evtool[tables]'), or save the sheet as CSV, and give that",
            key="workbook-reader",
        )
    with MetadataExtractor(limits=_LIMITS, sandbox=sandbox, tables=True) as extractor:
        answer, failure = extractor.read_table(descriptor)
    found = _parse(answer)
    if isinstance(found, Workbook):
        return found
    why = found or _WHY.get(failure or Failure.ANSWER, "the program that reads it failed")
    raise FormatError(
        "the table is a workbook that cannot be read: {why_en}", hint=_AS_CSV, key="workbook-unreadable", why_en=why
    )


def _parse(answer: bytes) -> Workbook | str:
    """Read the answer of the confined process, which is as hostile as the workbook; text says what is wrong."""
    rows: list[list[str]] = []
    for line in answer.split(b"\n")[:-1]:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            return ""
        if not isinstance(message, dict):
            return ""
        if message.keys() == {"problem"} and isinstance(message["problem"], str):
            return message["problem"] if re.fullmatch(r"[a-zA-Z ()]{1,80}", message["problem"]) else ""
        if message.keys() == {"sheet", "sheets"}:
            name, sheets = message["sheet"], message["sheets"]
            is_sheet = isinstance(name, str) and type(sheets) is int and not _SURROGATE.search(name)
            return Workbook(tuple(rows), name, sheets) if is_sheet else ""
        if message.keys() != {"rows"} or not _are_rows(message["rows"]):
            return ""
        rows += message["rows"]
    return ""


def _are_rows(rows: object) -> bool:
    return isinstance(rows, list) and all(
        isinstance(row, list)
        and len(row) <= MAX_COLUMNS
        and all(isinstance(cell, str) and len(cell) <= MAX_CELL and not _SURROGATE.search(cell) for cell in row)
        for row in rows
    )
