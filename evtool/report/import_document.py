"""The JSON documents about imported and derived evidence, as types; see `evtool.report.document`."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from evtool.core.errors import ExitCode, SealExitCode
from evtool.core.finding import Code
from evtool.core.verdict.accounts import LeftOut
from evtool.report.findings import FindingDocument


class ImportDocument(Struct, frozen=True, kw_only=True):
    """What `evtool import` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of the process.
        path: the directory, as the user named it.
        dry_run: nothing was written; the other fields say what would be.
        collected: number of the entry that records where the evidence came from.
        sealed: number of the entry that seals it.
        head: SHA-256 of the newest entry, or null.
        checked: files that were compared with a list.
        algorithms: of the digests that were compared.
        weak_only: how many of these files were compared by nothing better than MD5, SHA-1 or CRC-32.
        items: items that were sealed.
        unlisted: stored names of files and links that are sealed, but in no list.
        notes: what else is to be known about the list or the bag, in sentences.
        left_out: what is there and was not sealed.
    """

    format: Literal["evtool-import/1"] = "evtool-import/1"
    exit_code: ExitCode
    path: str
    dry_run: bool
    collected: int
    sealed: int | None
    head: str | None
    checked: int
    algorithms: tuple[str, ...]
    weak_only: int
    items: int
    unlisted: tuple[str, ...]
    notes: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


class DeriveDocument(Struct, frozen=True, kw_only=True):
    """What `evtool derive` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of the process.
        path: the directory, as the user named it.
        dry_run: nothing was written; the other fields say what would be.
        original: number of the item that the copy was made from.
        copy: number of the item that the copy is.
        sealed: number of the entry that seals the copy, or null if it was sealed before.
        entry: number of the entry `derived`.
        head: SHA-256 of that entry, or null.
        findings: what sealing the copy found: sealed items that changed or vanished, and names that other systems mix
            up.
        more_findings: how many more of a kind there are; up to 1,000 of a kind are listed.
        notes: what else sealing the copy told, in sentences.
    """

    format: Literal["evtool-derive/1"] = "evtool-derive/1"
    exit_code: SealExitCode
    path: str
    dry_run: bool
    original: int
    copy: int
    sealed: int | None
    entry: int
    head: str | None
    findings: tuple[FindingDocument, ...]
    more_findings: dict[Code, int]
    notes: tuple[str, ...]
