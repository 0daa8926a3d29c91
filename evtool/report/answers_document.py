"""The JSON documents that answer questions to a catalogue; the schemas in `manifests/` are made from them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from evtool.core.custody.events import Acceptance, Event
from evtool.core.errors import ExitCode
from evtool.report.consent_document import RefusalDocument


class FoundItemDocument(Struct, frozen=True, kw_only=True):
    """An item that was found.

    Attributes:
        collection: id of its collection.
        sender: code of who sent it.
        item: its number.
        type: what it is.
        size: bytes of a file, else null.
        media: type that the file claims to be, or null.
        kind: what the archivist says that it is, or null.
        event_date: when the event happened that it shows, where that is a date, or null.
        title: its title; null if there is none or the catalogue holds no titles.
        name: its name; null if the catalogue holds no names.
        handling: how far it may go; null if nothing is stated, which is the strictest.
        status: where consent stands; null if nothing is stated.
        until: first day on which consent no longer applies, or null.
        review: day on which somebody is to be asked again, or null.
        terms: `stated`, `never`, or `withheld`: then nobody knows them, and the strictest counts.
    """

    collection: str
    sender: str
    item: int
    type: str
    size: int | None
    media: str | None
    kind: str | None
    event_date: str | None
    title: str | None
    name: str | None
    handling: str | None
    status: str | None
    until: str | None
    review: str | None
    terms: str


class RefusedItemsDocument(Struct, frozen=True, kw_only=True):
    """Items that may not be used for what was asked.

    Attributes:
        collection: id of their collection.
        items: ranges of the items.
        reasons: all reasons why not.
    """

    collection: str
    items: tuple[str, ...]
    reasons: tuple[RefusalDocument, ...]


class CatalogueFindDocument(Struct, frozen=True, kw_only=True):
    """What `evtool catalogue find` prints.

    Attributes:
        format: what this document is, and in which version.
        path: the catalogue, as the user named it.
        items: what was found; with --usable-for what may be used.
    """

    format: Literal["evtool-catalogue-find/1"] = "evtool-catalogue-find/1"
    path: str
    items: tuple[FoundItemDocument, ...]


class CatalogueRefusedDocument(Struct, frozen=True, kw_only=True):
    """What `evtool catalogue find --refused` prints.

    Attributes:
        format: what this document is, and in which version.
        path: the catalogue, as the user named it.
        refused: what was found and may not be used, with the reasons.
    """

    format: Literal["evtool-catalogue-refused/1"] = "evtool-catalogue-refused/1"
    path: str
    refused: tuple[RefusedItemsDocument, ...]


class OwnCopyDocument(Struct, frozen=True, kw_only=True):
    """A copy that the repository keeps.

    Attributes:
        holding: number of the holding.
        location: code of the place.
        path: where it lies there.
        carrier: what it lies on, or null.
        items: ranges of the items that it discloses.
        last_proof: when it was last verified or audited, or null.
        result: what came out, or null.
    """

    holding: int
    location: str
    path: str
    carrier: str | None
    items: tuple[str, ...]
    last_proof: str | None
    result: str | None


class GivenDocument(Struct, frozen=True, kw_only=True):
    """Somebody who was given items, as far as any record that was seen tells.

    Attributes:
        holder: code of whoever has them.
        entry: number of the entry that records it.
        head: digest of that entry.
        event: what it records.
        since: when they were handed over, a claim of the signer.
        items: ranges of the items.
        authority: what allowed it, where that was recorded as a code, or null.
        purpose: what for, where that was recorded as a code, or null.
        answer: what the holder said about it, or null if no answer was seen.
    """

    holder: str
    entry: int
    head: str
    event: Event
    since: str
    items: tuple[str, ...]
    authority: str | None
    purpose: str | None
    answer: Acceptance | None


class CatalogueHoldersDocument(Struct, frozen=True, kw_only=True):
    """What `evtool catalogue holders` prints.

    Attributes:
        format: what this document is, and in which version.
        path: the catalogue, as the user named it.
        collection: id of the collection.
        items: ranges of the items that were asked for.
        own: the copies that the repository keeps.
        given: who else was given some, oldest first.
    """

    format: Literal["evtool-catalogue-holders/1"] = "evtool-catalogue-holders/1"
    path: str
    collection: str
    items: tuple[str, ...]
    own: tuple[OwnCopyDocument, ...]
    given: tuple[GivenDocument, ...]


class KnownEntryDocument(Struct, frozen=True, kw_only=True):
    """An entry of any branch of a record.

    Attributes:
        entry: its number.
        head: its digest.
        previous: digest of the entry that it follows, or null.
        event: what it records.
        agent: code of its signer.
        happened_at: when it happened, a claim of the signer.
        party: whom it hands items over to, or who gave them; else null.
        items: ranges of the items that it is about; null for all that were sealed by then.
        first_seen: when the catalogue first saw it.
        marks: `fork`, `branch`, `unanswered`, `quarantined`, `gap`, `unknown` or `undone`.
    """

    entry: int
    head: str
    previous: str | None
    event: Event
    agent: str
    happened_at: str
    party: str | None
    items: tuple[str, ...] | None
    first_seen: str
    marks: tuple[str, ...]


class ForkDocument(Struct, frozen=True, kw_only=True):
    """Two entries that continue one.

    Attributes:
        after: number of the entry that they continue; 0 if they are two beginnings.
        first, second: their SHA-256.
        explained: how it came, as a person says; null if nobody has explained it.
        explained_by: code of the person, or null.
        explained_at: when, RFC 3339, or null.
        disowned: SHA-256 of the one of the two that is not part of the record, with all that continues it; null if both
            count.
    """

    after: int
    first: str
    second: str
    explained: str | None
    explained_by: str | None
    explained_at: str | None
    disowned: str | None


class CatalogueChainDocument(Struct, frozen=True, kw_only=True):
    """What `evtool catalogue chain` prints, and `evtool catalogue explain`.

    Attributes:
        format: what this document is, and in which version.
        exit_code: 1 if the record parts somewhere and nobody has explained that.
        path: the catalogue, as the user named it.
        collection: id of the collection.
        sender: code of who sent it.
        forks: every two entries that continue one, with what a person says of them.
        entries: every entry that any copy showed, by number.
    """

    format: Literal["evtool-catalogue-chain/1"] = "evtool-catalogue-chain/1"
    exit_code: ExitCode
    path: str
    collection: str
    sender: str
    forks: tuple[ForkDocument, ...]
    entries: tuple[KnownEntryDocument, ...]


class RecallReasonDocument(Struct, frozen=True, kw_only=True):
    """Why items are recalled.

    Attributes:
        why: `withdrawn`, `revoked`, `refused`, `expired`, `agreement-ended`, or `asked`; `terms-unknown` if no copy
            here tells what is in force, `records-part` if nobody has explained a fork.
        since: the day since which it holds, or null.
        agreement: number of the agreement that has ended, or null.
        items: ranges of the items.
        entries: numbers of the entries that change consent of which no copy here says for which items, or after which
            the records part.
        ask: codes of whom to ask what is in force; nobody has to give anything back before that is known.
    """

    why: str
    since: str | None
    agreement: str | None
    items: tuple[str, ...]
    entries: tuple[int, ...]
    ask: tuple[str, ...]


class RecalledDocument(Struct, frozen=True, kw_only=True):
    """What is recalled of one collection, and who has it.

    Attributes:
        collection: its id.
        sender: code of who sent it.
        items: ranges of all items that are recalled.
        reasons: why.
        own: the copies that the repository keeps.
        given: who else was given some, oldest first.
    """

    collection: str
    sender: str
    items: tuple[str, ...]
    reasons: tuple[RecallReasonDocument, ...]
    own: tuple[OwnCopyDocument, ...]
    given: tuple[GivenDocument, ...]


class NoticeTakenDocument(Struct, frozen=True, kw_only=True):
    """What a notice changed in the catalogue.

    Attributes:
        notice: its SHA-256.
        collection: id of the collection.
        sender: code of whoever signed it.
        entries: how many of its entries were not known.
        follows: whether it follows an entry that is known.
        parts_after: number of the entry after which its record parts from what is known, or null.
        recalls: ranges of the items of which the terms in force permit nothing any more.
        terms_unknown: ranges of the items whose terms nobody knows any more.
    """

    notice: str
    collection: str
    sender: str
    entries: int
    follows: bool
    parts_after: int | None
    recalls: tuple[str, ...]
    terms_unknown: tuple[str, ...]


class CatalogueRecallDocument(Struct, frozen=True, kw_only=True):
    """What `evtool catalogue recall` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: 1 if a notice parts from what is known.
        path: the catalogue, as the user named it.
        notice: what a notice changed, or null.
        recalls: what is recalled, by the ids of collections.
        letters: files that were written, one for each recipient.
    """

    format: Literal["evtool-catalogue-recall/1"] = "evtool-catalogue-recall/1"
    exit_code: ExitCode
    path: str
    notice: NoticeTakenDocument | None
    recalls: tuple[RecalledDocument, ...]
    letters: tuple[str, ...]


class CatalogueFiguresDocument(Struct, frozen=True, kw_only=True):
    """What `evtool catalogue figures` prints; each count is code -> number of files, `none` among them.

    Attributes:
        format: what this document is, and in which version.
        path: the catalogue, as the user named it.
        year: the year in which it first came, or null for all that is held.
        files: how many files.
        bytes: how many bytes in them.
        collections: in how many collections.
        holdings: how many bundles and directories were accepted.
        subjects: how many people they are about, by the codes that archivists gave.
        kinds: files by what they are.
        senders: files by who sent them.
        agreements: files by the agreement under which they came.
    """

    format: Literal["evtool-catalogue-figures/1"] = "evtool-catalogue-figures/1"
    path: str
    year: int | None
    files: int
    bytes: int
    collections: int
    holdings: int
    subjects: int
    kinds: dict[str, int]
    senders: dict[str, int]
    agreements: dict[str, int]


class PlaceDocument(Struct, frozen=True, kw_only=True):
    """Where the same bytes are held.

    Attributes:
        collection: id of the collection.
        sender: code of who sent it.
        items: ranges of the items.
    """

    collection: str
    sender: str
    items: tuple[str, ...]


class DuplicateDocument(Struct, frozen=True, kw_only=True):
    """The same bytes in several collections.

    Attributes:
        size: how many bytes.
        media: type that the file claims to be, or null.
        places: where they are.
    """

    size: int
    media: str | None
    places: tuple[PlaceDocument, ...]


class CatalogueDuplicatesDocument(Struct, frozen=True, kw_only=True):
    """What `evtool catalogue duplicates` prints.

    Attributes:
        format: what this document is, and in which version.
        path: the catalogue, as the user named it.
        duplicates: what is held under several collections.
    """

    format: Literal["evtool-catalogue-duplicates/1"] = "evtool-catalogue-duplicates/1"
    path: str
    duplicates: tuple[DuplicateDocument, ...]
