"""The JSON documents about a catalogue; the schemas in `manifests/` are made from them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from evtool.core.errors import ExitCode


class CatalogueInitDocument(Struct, frozen=True, kw_only=True):
    """What `evtool catalogue init` prints.

    Attributes:
        format: what this document is, and in which version.
        path: the catalogue, as the user named it.
        names: what of names it holds: `none`, `titles` or `all`.
        key_file: the key of its digests.
    """

    format: Literal["evtool-catalogue-init/1"] = "evtool-catalogue-init/1"
    path: str
    names: str
    key_file: str


class AddedDocument(Struct, frozen=True, kw_only=True):
    """What became of one path.

    Attributes:
        path: the path, as the user named it.
        exit_code: the exit code of this path alone.
        collection: id of its collection, or null if nothing was added.
        head: digest of its newest entry, or null.
        holding: number of the holding, or null.
        state: `accepted`, or `quarantined` if its record parts from another one; null if nothing was added.
        relation: how its record stands to what was known: `new`, `continues`, `same`, `branch` or `parts`; or null.
        parts_after: number of the entry after which the records part, 0 if they begin differently, or null.
        heads: digests of the two entries that continue it; empty if none does.
        recalls: items held before of which the terms in force permit nothing any more, as ranges.
        terms_unknown: items held before whose terms nobody knows any more, as ranges.
        already_held: items of it that were held before, as ranges.
        error: why nothing was added, or null.
        hint: what to do about that, or null.
    """

    path: str
    exit_code: ExitCode
    collection: str | None
    head: str | None
    holding: int | None
    state: str | None
    relation: str | None
    parts_after: int | None
    heads: tuple[str, ...]
    recalls: tuple[str, ...]
    terms_unknown: tuple[str, ...]
    already_held: tuple[str, ...]
    error: str | None
    hint: str | None


class CatalogueAddDocument(Struct, frozen=True, kw_only=True):
    """What `evtool catalogue add` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of the process.
        results: what became of each path, in their order.
    """

    format: Literal["evtool-catalogue-add/1"] = "evtool-catalogue-add/1"
    exit_code: ExitCode
    results: tuple[AddedDocument, ...]


class HeldDocument(Struct, frozen=True, kw_only=True):
    """One collection of a catalogue.

    Attributes:
        collection: its id.
        sender: code of who sent it.
        first_seen: when it first came, RFC 3339.
        entries: how many entries of its record were seen, on all branches.
        items: how many of its items are known.
        held: the items that accepted holdings disclose, as ranges.
        holdings: numbers of the accepted holdings, oldest first.
        in_quarantine: numbers of those in quarantine.
    """

    collection: str
    sender: str
    first_seen: str
    entries: int
    items: int
    held: tuple[str, ...]
    holdings: tuple[int, ...]
    in_quarantine: tuple[int, ...]


class CatalogueListDocument(Struct, frozen=True, kw_only=True):
    """What `evtool catalogue list` prints.

    Attributes:
        format: what this document is, and in which version.
        path: the catalogue, as the user named it.
        collections: what it knows, in the order of their ids.
    """

    format: Literal["evtool-catalogue-list/1"] = "evtool-catalogue-list/1"
    path: str
    collections: tuple[HeldDocument, ...]


class CatalogueExportDocument(Struct, frozen=True, kw_only=True):
    """What `evtool catalogue export --output` prints.

    Attributes:
        format: what this document is, and in which version.
        path: the catalogue, as the user named it.
        output: the file that was written.
        bytes: its size.
    """

    format: Literal["evtool-catalogue-export/1"] = "evtool-catalogue-export/1"
    path: str
    output: str
    bytes: int


class UnreadDocument(Struct, frozen=True, kw_only=True):
    """A holding of which no copy could be read.

    Attributes:
        holding: its number.
        why: why the last copy that was tried could not be read.
    """

    holding: int
    why: str


class CatalogueRebuildDocument(Struct, frozen=True, kw_only=True):
    """What `evtool catalogue rebuild` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of the process.
        path: the catalogue, as the user named it.
        runs: files of the journal that were read.
        holdings: how many there are.
        unread: those of which no copy could be read, so that their items are missing.
    """

    format: Literal["evtool-catalogue-rebuild/1"] = "evtool-catalogue-rebuild/1"
    exit_code: ExitCode
    path: str
    runs: int
    holdings: int
    unread: tuple[UnreadDocument, ...]
