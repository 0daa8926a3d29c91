"""The JSON document of the table that an archivist fills in, as a type."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from evtool.core.errors import ExitCode


class TableColumn(Struct, frozen=True, kw_only=True):
    """One column of the table.

    Attributes:
        name: the name of the column, as its first line has it.
        meaning: what it says about an item.
        accepted: what a cell may hold, in words.
    """

    name: str
    meaning: str
    accepted: str


class ItemsTableDocument(Struct, frozen=True, kw_only=True):
    """What `evtool items` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of the process.
        columns: the columns of the table.
        paths: stored names of the items that are not sealed yet, one row each; null with `--columns`.
    """

    format: Literal["evtool-items-table/1"] = "evtool-items-table/1"
    exit_code: ExitCode = ExitCode.OK
    columns: tuple[TableColumn, ...]
    paths: tuple[str, ...] | None
