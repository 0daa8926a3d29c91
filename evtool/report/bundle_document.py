"""The JSON documents about bundles, as types; see `evtool.report.document`."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from evtool.core.errors import ExitCode
from evtool.core.text.ranges import spell_any
from evtool.report.document import DirectoryReport
from evtool.report.language import in_english
from evtool.report.travels import Travels
from evtool.report.trust_used import TrustChosen


class LeftOutItem(Struct, frozen=True, kw_only=True):
    """An item that was asked for and is not in the bundle.

    Attributes:
        item: its number.
        reason: why.
    """

    item: int
    reason: str


class PartyDocument(Struct, frozen=True, kw_only=True):
    """Somebody whom the chain names as recipient or sender.

    Attributes:
        entry: number of the entry.
        event: what it records.
        code: code of that party.
    """

    entry: int
    event: str
    code: str


class OtherTermsDocument(Struct, frozen=True, kw_only=True):
    """Terms of withheld items that travel with those of disclosed ones.

    Attributes:
        entry: number of the entry.
        items: ranges of the withheld items.
        terms: the changed terms, in canonical JSON.
    """

    entry: int
    items: tuple[str, ...]
    terms: str


class TravellingText(Struct, frozen=True, kw_only=True):
    """Words of a person, word for word.

    Attributes:
        text: the words.
        places: where they stand.
    """

    text: str
    places: tuple[str, ...]


class TravelsDocument(Struct, frozen=True, kw_only=True):
    """What goes to the recipient of a bundle beside the evidence.

    Attributes:
        names: stored names of items; empty where names are withheld.
        earlier_names: names that such items had before, and that entries tell.
        nameless: ranges of items whose names are withheld because an entry named them together with other items.
        metadata: how many items go along with what their files say of themselves.
        recordings: ranges of pictures of which the seal states that a video or a sound recording is inside.
        parties: who had the collection, or a bundle of it, before.
        other_terms: terms of items that the bundle withholds.
        other_items: ranges of withheld items that entries name for another reason.
        texts: words of people.
    """

    names: tuple[str, ...]
    earlier_names: tuple[str, ...]
    nameless: tuple[str, ...]
    metadata: int
    recordings: tuple[str, ...]
    parties: tuple[PartyDocument, ...]
    other_terms: tuple[OtherTermsDocument, ...]
    other_items: tuple[str, ...]
    texts: tuple[TravellingText, ...]


def travels_document(travels: Travels) -> TravelsDocument:
    """Give it as a document."""
    return TravelsDocument(
        names=travels.names,
        earlier_names=travels.earlier_names,
        nameless=spell_any(travels.nameless),
        metadata=travels.metadata,
        recordings=spell_any(travels.recordings),
        parties=tuple(
            PartyDocument(entry=party.entry, event=party.event, code=party.code) for party in travels.parties
        ),
        other_terms=tuple(
            OtherTermsDocument(entry=other.entry, items=tuple(other.items.serialize()), terms=other.terms)
            for other in travels.other_terms
        ),
        other_items=spell_any(travels.other_items),
        texts=tuple(
            TravellingText(text=words.text, places=tuple(map(in_english, words.places))) for words in travels.texts
        ),
    )


class PackDocument(Struct, frozen=True, kw_only=True):
    """What `evtool pack` and `evtool prove` print.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of the process.
        path: the evidence directory, as the user named it.
        bundle: the bundle, as the user named it.
        entry: number of the entry `disclosed` that was added to the record.
        head: SHA-256 of that entry; it is the newest one in the bundle.
        items: items that the bundle discloses.
        withheld: items that it does not disclose.
        left_out: items that were asked for and may not be disclosed.
        duties: what the recipient has to keep to, a short phrase each.
        files: payload files.
        neutral: how many of them go by the number of their item.
        size: bytes in them.
        encrypted_to: public keys that the bundle is encrypted to.
        travels: what goes to the recipient beside the evidence.
        dry_run: nothing was written; `entry` and `head` are null then, and `files`, `neutral` and `size` are 0.
        leftovers: what runs that were interrupted had left beside the bundle, a sentence each.
    """

    format: Literal["evtool-pack/1"] = "evtool-pack/1"
    exit_code: ExitCode
    path: str
    bundle: str
    entry: int | None
    head: str | None
    items: int
    withheld: int
    left_out: tuple[LeftOutItem, ...]
    duties: tuple[str, ...]
    files: int
    neutral: int
    size: int
    encrypted_to: tuple[str, ...]
    travels: TravelsDocument
    dry_run: bool
    leftovers: tuple[str, ...]


class UnpackDocument(Struct, frozen=True, kw_only=True):
    """What `evtool unpack` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: the verdict on the directory; where it is neither 0 nor 3, nothing was unpacked.
        bundle: the bundle, as the user named it.
        neutral: how many items go by their number.
        other_names: numbers of those of them whose own name is known and cannot be had on this medium.
        links_left_out: numbers of items that are links leading out of the directory, and were not made.
        impossible_links: numbers of items that are links which this medium cannot have.
        leftovers: what runs that were interrupted had left beside the directory, a sentence each.
        trust: whose keys were trusted, and what decided that.
        report: the verdict on the new directory.
    """

    format: Literal["evtool-unpack/1"] = "evtool-unpack/1"
    exit_code: ExitCode
    bundle: str
    neutral: int
    other_names: tuple[int, ...]
    links_left_out: tuple[int, ...]
    impossible_links: tuple[int, ...]
    leftovers: tuple[str, ...]
    trust: TrustChosen
    report: DirectoryReport
