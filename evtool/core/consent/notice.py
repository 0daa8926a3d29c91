"""Notices: what tells the holders of items, in a small file, that their terms changed.

A notice holds entries as they were signed, from the first of which a holder may not know yet to the last that changes
terms of the items that it is about. The details of entries about other items stay behind; whoever signs the notice
answers for it that those are about none of its items. `manifests/FORMAT-notice.md`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from evtool.core.consent.state import ConsentChange, changes_of
from evtool.core.custody.chain import EntryFiles, Link, check_link
from evtool.core.custody.entry import parse_entry
from evtool.core.custody.events import ConsentChanged, Event
from evtool.core.errors import FormatError, MismatchError
from evtool.core.ssh.key import PublicKey
from evtool.core.ssh.signature import parse_signature, verify_signature
from evtool.core.terms.terms import PERMITTING, ConsentTerms, Handling
from evtool.core.text.canonical import parse_canonical, serialize_canonical
from evtool.core.text.codes import check_code
from evtool.core.text.digest import sha256_hex
from evtool.core.text.limits import MAX_NOTICE
from evtool.core.text.names import shown
from evtool.core.text.ranges import ItemRanges, parse_ranges

FORMAT = "evtool-notice/1"

_BEGIN = b"\n-----BEGIN SSH SIGNATURE-----\n"


class Notice(Struct, frozen=True):
    """A notice whose signatures verify. Whether anyone trusts its keys is another question.

    Attributes:
        collection: id of the collection.
        items: the items that it is about.
        links: the entries, in order and without a gap.
        agent: code of whoever signed it.
        public_key: the key that did.
        digest: SHA-256 of the file.
    """

    collection: str
    items: ItemRanges
    links: tuple[Link, ...]
    agent: str
    public_key: PublicKey
    digest: str

    @property
    def changes(self) -> tuple[ConsentChange, ...]:
        """The changes that it tells, oldest first."""
        return changes_of(link.entry for link in self.links)


def serialize_notice(collection: str, items: ItemRanges, entries: Sequence[EntryFiles], agent: str, key: str) -> bytes:
    """Write what is signed of a notice: one line of JSON in its canonical spelling, and a newline.

    The signature file follows it, made in the namespace of custody entries: that is what lists of trusted keys name. No
    entry begins with a brace, so neither can be read as the other.

    Raises:
        FormatError: it would be larger than a reader accepts.
    """
    document = {
        "agent": agent,
        "collection": collection,
        "entries": [_spell(files) for files in entries],
        "format": FORMAT,
        "items": items.serialize(),
        "key": key,
    }
    data = serialize_canonical(document) + b"\n"
    if len(data) > MAX_NOTICE:
        raise _too_long()
    return data


def _spell(files: EntryFiles) -> dict[str, str]:
    texts = {"entry": files.data.decode("utf-8"), "signature": files.signature.decode("ascii")}
    return texts if files.details is None else {"details": files.details.decode("utf-8"), **texts}


def parse_notice(data: bytes) -> Notice:
    """Read a notice, and check all that can be checked without knowing anything else.

    Raises:
        FormatError: it is too large, none, in another version, or not in its one spelling.
        MismatchError: a signature does not verify, or an entry does not follow from the one before.
    """
    if len(data) > MAX_NOTICE:
        raise _too_long()
    at = data.rfind(_BEGIN) + 1
    if not at:
        raise FormatError("this is not a notice: expected a line of JSON and a signature", key="notice-not")
    document = parse_canonical(data[: at - 1])
    found, agent, key = document.get("format"), document.get("agent"), document.get("key")
    if found != FORMAT or set(document) != {"agent", "collection", "entries", "format", "items", "key"}:
        raise FormatError(
            "the notice is in format {found}, or has unknown or missing fields; this version reads {format}",
            key="notice-format",
            found=shown(str(found), 80),
            format=FORMAT,
        )
    signature = parse_signature(data[at:])
    verify_signature(signature, data[:at])
    if key != signature.public_key.fingerprint or not isinstance(agent, str):
        raise MismatchError(
            "the notice is not signed by the key that it names", key="notice-signer", hint="ask the sender for another"
        )
    items = parse_ranges(_texts(document["items"]))
    links = _parse_links(document["entries"])
    if document["collection"] != links[0].entry.collection or not _are_about(links, items):
        raise FormatError(
            "the notice is about another collection or other items than its entries", key="notice-about-other"
        )
    return Notice(links[0].entry.collection, items, links, check_code(agent), signature.public_key, sha256_hex(data))


def _too_long() -> FormatError:
    return FormatError("the notice has more than {limit} bytes", key="notice-long", limit=MAX_NOTICE)


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise FormatError("the notice names its items in another form than this version reads", key="notice-items")
    return value


def _parse_links(value: Any) -> tuple[Link, ...]:
    if not isinstance(value, list) or not value:
        raise FormatError("the notice holds no entry", key="notice-empty")
    links: list[Link] = []
    for each in value:
        link = _parse_link(each)
        previous = link.entry.previous
        before = links[-1] if links else None
        follows = before is None or (
            previous is not None
            and link.entry.collection == before.entry.collection
            and link.entry.sequence == before.entry.sequence + 1
            and (previous.entry, previous.signature) == (before.head, before.signature_digest)
        )
        if not follows:
            raise MismatchError(
                "entry {entry} in the notice does not follow from the one before it",
                key="notice-chain",
                entry=link.entry.sequence,
            )
        links.append(link)
    return tuple(links)


def _parse_link(value: Any) -> Link:
    is_entry = isinstance(value, Mapping) and {"entry", "signature"} <= set(value) <= {"details", "entry", "signature"}
    if not is_entry or not all(isinstance(text, str) for text in value.values()):
        raise FormatError("an entry in the notice has another form than this version reads", key="notice-entry-form")
    texts = {name: text.encode("utf-8") for name, text in value.items()}
    entry = parse_entry(texts["entry"])
    if "details" in texts and entry.event is not Event.CONSENT_CHANGED:
        raise FormatError("an entry in the notice has another form than this version reads", key="notice-entry-form")
    files = EntryFiles(entry.sequence, entry.event.value, texts["entry"], texts["signature"], texts.get("details"))
    link = check_link(files)
    if link is None:
        raise MismatchError("entry {entry} in the notice fails verification", key="notice-entry", entry=entry.sequence)
    return link


def _are_about(links: Sequence[Link], items: ItemRanges) -> bool:
    """Tell whether a change is told, and none whose details could have stayed behind is about other items alone."""
    changes = [link.entry for link in links if isinstance(link.entry.details, ConsentChanged)]
    others = [entry for entry in changes if entry.apart and entry.items and not entry.items.meet(items)]
    return bool(changes) and not others


_ABSENT_IS_STRICTEST = ("handling", "purposes", "identity", "onward", "defence")
_EXPLAIN = ("by", "ref", "basis", "note", "review")


def narrow(before: ConsentTerms, change: ConsentTerms) -> ConsentTerms:
    """Give what of a change takes something back; the rest would permit more than the terms in force before it.

    Whoever has only a notice does not see what else happened, so it can never be the reason to hand something out. A
    term that is not stated counts as its strictest value: to state it would widen it.
    """
    kept = {term: getattr(change, term) for term in ("conditions", "starts", "until")}
    kept |= {term: getattr(change, term) for term in _ABSENT_IS_STRICTEST if getattr(before, term) is not None}
    if change.status is not None and change.status not in PERMITTING:
        kept |= {term: getattr(change, term) for term in ("status", *_EXPLAIN)}
    if before.handling is Handling.PARTNERS and not before.agreement:
        # Nobody may have it until an agreement is named; a list of recipients instead would let them have it.
        if change.handling is not Handling.CLOSED:
            kept.pop("handling")
        return ConsentTerms(**kept)
    if before.share is not None or before.handling in (Handling.PARTNERS, Handling.PUBLIC):
        kept["share"] = change.share
    return ConsentTerms(**kept, agreement=change.agreement)
