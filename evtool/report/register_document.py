"""The JSON document about a search for the register of people; see `evtool.report.document`."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from evtool.core.errors import ExitCode


class RegisterHitDocument(Struct, frozen=True, kw_only=True):
    """Something of the register that stands in a custody file; what it is is not said.

    Attributes:
        file: name of the custody file.
        line: where in it, from 1; 0 for a name.
        codes: whose entries of the register occur.
    """

    file: str
    line: int
    codes: tuple[str, ...]


class RegisterCheckDocument(Struct, frozen=True, kw_only=True):
    """What `evtool register check` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: 5 if anything was found.
        path: the directory or bundle, as the user named it.
        people: entries in the register.
        files: custody files that were read.
        lines: lines in them.
        hits: what was found.
    """

    format: Literal["evtool-register-check/1"] = "evtool-register-check/1"
    exit_code: ExitCode
    path: str
    people: int
    files: int
    lines: int
    hits: tuple[RegisterHitDocument, ...]
