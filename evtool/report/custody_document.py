"""The JSON documents about custody events, as types; see `evtool.report.document`."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from evtool.core.custody.events import Acceptance, Fixity
from evtool.core.errors import ExitCode
from evtool.core.finding import Code
from evtool.report.findings import FindingDocument


class EntryDocument(Struct, frozen=True, kw_only=True):
    """What a command prints that added an entry to the chain of custody.

    Attributes:
        format: what this document is, and in which version.
        exit_code: 1, 4 or 3 if the entry records evidence that differs, could not be read, or may lack a link.
        path: the directory, as the user named it.
        dry_run: nothing was written; the other fields say what would be.
        entry: number of the new entry.
        head: SHA-256 of the new entry, or null.
        items: ranges of the items that it is about; null means all that were sealed before it.
        fixity: how the evidence compared with its seals, or null if that was not measured.
        findings: what differed from the seal.
        more_findings: how many more of a kind there are; up to 1,000 of a kind are listed, with `--all` every one.
    """

    format: Literal["evtool-entry/1"] = "evtool-entry/1"
    exit_code: ExitCode
    path: str
    dry_run: bool
    entry: int
    head: str | None
    items: tuple[str, ...] | None
    fixity: Fixity | None
    findings: tuple[FindingDocument, ...]
    more_findings: dict[Code, int]


class ReceiptDocument(Struct, frozen=True, kw_only=True):
    """What `evtool receipt add` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of the process.
        path: the directory, as the user named it.
        dry_run: nothing was written; the other fields say what would be.
        transfer: number of the entry that the receipt answers.
        agent: code of the recipient.
        acceptance: what was accepted.
        witnessed: number of the newest entry that the recipient saw.
    """

    format: Literal["evtool-receipt/1"] = "evtool-receipt/1"
    exit_code: ExitCode = ExitCode.OK
    path: str
    dry_run: bool
    transfer: int
    agent: str
    acceptance: Acceptance
    witnessed: int


class ReceiptFileDocument(Struct, frozen=True, kw_only=True):
    """What `evtool receipt write` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of the process.
        path: the directory, as the user named it.
        entry: number of the entry `received` that was written to the file.
    """

    format: Literal["evtool-receipt-file/1"] = "evtool-receipt-file/1"
    exit_code: ExitCode = ExitCode.OK
    path: str
    entry: int


class PartingDocument(Struct, frozen=True, kw_only=True):
    """An entry that two records continue differently.

    Attributes:
        after: number of the entry; null if the records begin differently.
        first: head of the entry that follows it in the first copy.
        second: head of the entry that follows it in the second copy.
        is_fork: neither of the two is the answer of a recipient, who goes on with a copy of their own.
    """

    after: int | None
    first: str
    second: str
    is_fork: bool


class CopiesDocument(Struct, frozen=True, kw_only=True):
    """What `evtool compare` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: 1 if the records part.
        collections: id of the collection of each copy.
        shared_entries: number of entries from the first on that are the same.
        only_in_first: number and event of each entry that only the first copy has.
        only_in_second: the same of the second copy.
        parting: the entry that they continue differently, or null.
    """

    format: Literal["evtool-copies/1"] = "evtool-copies/1"
    exit_code: ExitCode
    collections: tuple[str, str]
    shared_entries: int
    only_in_first: tuple[tuple[int, str], ...]
    only_in_second: tuple[tuple[int, str], ...]
    parting: PartingDocument | None
