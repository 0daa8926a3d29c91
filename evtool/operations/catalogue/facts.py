"""What a catalogue takes from one record that was verified: entries, items, and the terms sealed with them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

from evtool.core.consent.items import ItemTerms, sealed_terms
from evtool.core.custody.branches import EntryPlace, node_of
from evtool.core.custody.chain import Link
from evtool.core.custody.events import Acceptance, ConsentChanged, Event, Received, Sealed
from evtool.core.custody.receipt import check_receipt, split_receipt, transfer_details
from evtool.core.errors import EvtoolError, ExitCode, InputError, MismatchError, NotEstablishedError
from evtool.core.manifest.context import SUBJECTS
from evtool.core.text.codes import check_code
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import shown
from evtool.core.text.ranges import ItemRanges, parse_ranges
from evtool.core.text.times import format_time
from evtool.core.values import replace
from evtool.core.verdict.verdict import Report
from evtool.operations.catalogue.stored_terms import spell_plain_terms
from evtool.operations.record.disclosed_lists import read_lists
from evtool.operations.record.items import read_afresh, read_numbered_items
from evtool.operations.record.record import Record, SealedItem
from evtool.operations.record.trust import TrustPolicy
from evtool.operations.record.withholding import disclosed_items, judge_withholding
from evtool.operations.verify.options import VerifyOptions
from evtool.operations.verify.verify import VerifiedRecord
from evtool.store.catalogue.database import Names

_CODE_LIKE = compiled_when_used(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}\Z")
"""Texts that can be the number of an order or a code. Whatever reads like words could name somebody."""

_DATE = compiled_when_used(r"([0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?)(?:T|\Z)")


class EntryFact(NamedTuple):
    """An entry as the table `entry` holds it; see `manifests/FORMAT-catalogue.md`."""

    sequence: int
    digest: str
    signature: str
    previous: str | None
    previous_signature: str | None
    event: str
    agent: str
    key: str
    retired: bool
    happened: str
    items: str | None
    party: str | None
    authority: str | None
    purpose: str | None
    answers: str | None
    acceptance: str | None
    terms: str | None
    not_about: str | None
    vouched_by: str | None
    undone_by: str | None
    proven_before: str | None


class ItemFact(NamedTuple):
    """An item as its manifest states it, under the name that it has now.

    Attributes:
        number: its number.
        sealed_by: number of the entry that seals it.
        type: what it is.
        size: bytes of a file, else None.
        sha256: SHA-256 of a file, 64 hexadecimal digits, else None; never stored as it is.
        media: type that the file claims to be, or None.
        kind: what the archivist says that it is, or None.
        event_date: when the event happened that it shows, where that is a date.
        title: its title, or None.
        path: its name, or None.
        subjects: codes of the persons that it is about.
        terms: the terms sealed with it.
    """

    number: int
    sealed_by: int
    type: str
    size: int | None
    sha256: str | None
    media: str | None
    kind: str | None
    event_date: str | None
    title: str | None
    path: str | None
    subjects: tuple[str, ...]
    terms: ItemTerms

    def search_words(self, names: Names) -> str | None:
        """Give what a search by words looks through: as much as a catalogue may hold of names, as `fold_words` does."""
        texts = (self.title if names is not Names.NONE else None, self.path if names is Names.ALL else None)
        return "\n".join(fold_words(text) for text in texts if text) or None


class Facts(Struct, frozen=True):
    """What a catalogue takes from one record, as long as that is open.

    Attributes:
        collection: id of the collection.
        head: digest of the newest entry of the record, continued or not.
        entries: its entries, oldest first.
        receipts: the entries of recipients that lie beside them.
        disclosed: the items that it discloses; None if it withholds all.
        record: the open record; None where only entries came, as in a notice.
    """

    collection: str
    head: str
    entries: tuple[EntryFact, ...]
    receipts: tuple[EntryFact, ...]
    disclosed: ItemRanges | None
    record: Record | None

    @property
    def sender(self) -> str:
        """Code under which the collection was begun."""
        return self.entries[0].agent

    @property
    def places(self) -> frozenset[EntryPlace]:
        """Which entries it has."""
        return frozenset((fact.digest, fact.signature) for fact in (*self.entries, *self.receipts))

    def until(self, head: str) -> Facts | None:
        """Give what was there when an entry was the newest one, by its digest; None if the record does not have it."""
        at = next((number for number, fact in enumerate(self.entries, start=1) if fact.digest == head), None)
        if at is None:
            return None
        seals = [fact for fact in self.entries[:at] if fact.event == Event.SEALED.value and fact.items is not None]
        last = parse_ranges((seals[-1].items or "").split(",")).last if seals else 0
        disclosed = self.disclosed.meet(ItemRanges(((1, last),))) if self.disclosed is not None and last else None
        return replace(self, head=head, entries=self.entries[:at], disclosed=disclosed)

    def with_answer(self, every: Facts) -> Facts:
        """Add the entry that answers this record in another one that goes on from it, as far as that has one."""
        newest = self.entries[-1].digest
        answers = (fact for fact in every.entries if fact.previous == newest and fact.answers is not None)
        return replace(self, entries=(*self.entries, *answers))

    def only(self, items: ItemRanges | None) -> Facts:
        """Leave out the items that were not accepted."""
        disclosed = self.disclosed.meet(items) if self.disclosed is not None and items is not None else None
        return replace(self, disclosed=disclosed)

    def read_items(self) -> Iterator[ItemFact]:
        """Yield its items, in the order of their numbers, from the open record.

        Raises:
            InputError: at the end: what was read is not what was verified.
        """
        if self.record is None or self.disclosed is None:
            return
        again = read_afresh(self.record)
        for sealed in read_numbered_items(again):
            if sealed.item.number in self.disclosed:
                yield _item_fact(sealed)
        for first, second in zip(self.record.seals, again.seals, strict=True):
            if first.findings != second.findings or first.disclosed.spans != second.disclosed.spans:
                raise InputError(
                    "the record changed while it was read",
                    hint="what was printed is not complete; run `evtool verify DIR`",
                    key="record-changed",
                )


def fold_words(text: str) -> str:
    """Write a text so that one search finds all of its spellings: NFC, without case, without blanks."""
    return "".join(unicodedata.normalize("NFC", text).casefold().split())


def spell_items(items: ItemRanges | None) -> str | None:
    """Spell items as a row holds them: `1-17,20`; None for none."""
    return ",".join(items.serialize()) if items is not None else None


def require_registrable(report: Report, name: str) -> None:
    """Refuse what no catalogue takes in: what failed verification, and what somebody signed whom nobody trusts.

    Raises:
        MismatchError, InputError, NotEstablishedError: it is that.
    """
    if report.exit_code in (ExitCode.MISMATCH, ExitCode.NOT_CHECKED):
        is_disproved = report.exit_code is ExitCode.MISMATCH
        error = MismatchError if is_disproved else InputError
        raise error(
            "{path} fails verification, so it is not added"
            if is_disproved
            else "{path} could not be checked, so it is not added",
            hint="`evtool verify {path}` says why",
            key="catalogue-mismatch" if is_disproved else "catalogue-unchecked",
            path=shown(name),
        )
    strangers = [signer for signer in report.signers if not signer.trusted]
    if strangers:
        raise NotEstablishedError(
            "{path}: entry {entry} is signed by {agent}, whose key you have not trusted, so it is not added",
            hint="ask {agent} to read you the fingerprint {fingerprint}, then: evtool trust add {agent} FILE.pub",
            key="catalogue-untrusted",
            path=shown(name),
            entry=strangers[0].entry,
            agent=strangers[0].agent,
            fingerprint=strangers[0].fingerprint,
        )


def read_facts(found: VerifiedRecord, options: VerifyOptions, name: str) -> Facts:
    """Take from a verification what a catalogue needs; `name` is what the user called it.

    Raises:
        MismatchError, InputError, NotEstablishedError: as `require_registrable`.
    """
    report, record = found
    require_registrable(report, name)
    if record is None or report.collection is None or report.head is None:
        raise InputError("{path} has no record", key="catalogue-no-record", path=shown(name))
    policy = TrustPolicy(options.trust, options.signers, options.now, {}, options.receipts)
    proven = {interval.entry: interval.not_after for interval in report.intervals}
    disclosed = disclosed_items(record)
    read = _Entries(record, proven, disclosed)
    entries = tuple(map(read.fact, record.chain.links))
    receipts = tuple(read.fact(link) for link in _receipts(record) if policy.judge(link) is None)
    return Facts(report.collection, report.head, entries, receipts, disclosed, record)


def with_receipt(facts: Facts, receipt: bytes) -> Facts:
    """Add the answer that was signed to a record, as its sender gets it; the record is still open.

    Raises:
        EvtoolError: it is no answer to this record.
    """
    assert facts.record is not None  # noqa: S101  # nobody answers a notice
    link = check_receipt(facts.record.chain.links, *split_receipt(receipt)).link
    fact = _Entries(facts.record, {}, facts.disclosed).fact(link)
    return replace(facts, entries=(*facts.entries, fact))


def _receipts(record: Record) -> Iterator[Link]:
    for sequence, event in sorted(record.listing.receipts):
        try:
            yield check_receipt(record.chain.links, *record.custody.read_receipt(sequence, event)).link
        except EvtoolError:
            # A receipt that fails verification answers nothing; `evtool verify` says what is wrong with it.
            continue


class _Entries:
    """Turns the entries of one record into rows."""

    def __init__(self, record: Record, proven: dict[int, str | None], disclosed: ItemRanges | None) -> None:
        self._record = record
        self._proven = proven
        self._disclosed = spell_items(disclosed) or ""
        self._heads = {link.entry.sequence: link.head for link in record.chain.links}
        self._own = {link.head for link in record.chain.links}
        withholding = judge_withholding(record)
        self._voucher = withholding.link.head if withholding.link is not None else None
        lists = read_lists(record.custody, record.listing, record.chain.links)
        self._listed = {listed.link.head: listed.listed.items for listed in lists if listed.listed is not None}

    def fact(self, link: Link) -> EntryFact:
        """Give the row of an entry."""
        number, record = link.entry.sequence, self._record
        is_own = link.head in self._own
        undone_by = record.undone.by.get(number) if is_own else None
        return entry_fact(link, self._listed.get(link.head), self._disclosed, self._voucher)._replace(
            retired=is_own and number in record.houses.retired_by,
            undone_by=self._heads.get(undone_by) if undone_by is not None else None,
            proven_before=self._proven.get(number) if is_own else None,
        )


def entry_fact(link: Link, listed: ItemRanges | None, not_about: str, vouched_by: str | None) -> EntryFact:
    """Give the row of an entry, as far as it tells that by itself.

    `listed` are the items that the list of its bundle names. If its details are not here, `not_about` are items that it
    is about none of, and `vouched_by` is the digest of the entry whose signer answers for that.
    """
    entry, details, node, handed = link.entry, link.entry.details, node_of(link), transfer_details(link)
    previous = node.previous or (None, None)
    return EntryFact(
        sequence=entry.sequence,
        digest=link.head,
        signature=link.signature_digest,
        previous=previous[0],
        previous_signature=previous[1],
        event=entry.event.value,
        agent=entry.agent,
        key=link.public_key.fingerprint,
        retired=False,
        happened=format_time(entry.happened_at),
        items=spell_items(_items_of(link) or listed),
        party=str(details.sender) if isinstance(details, Received) else node.recipient,
        authority=_code_like(handed.authority) if handed is not None else None,
        purpose=_code_like(handed.purpose) if handed is not None else None,
        answers=node.answers,
        acceptance=details.acceptance.value if isinstance(details, Received) else None,
        terms=spell_plain_terms(details.consent) if isinstance(details, ConsentChanged) else None,
        not_about=not_about if entry.is_withheld else None,
        vouched_by=vouched_by if entry.is_withheld else None,
        undone_by=None,
        proven_before=None,
    )


def _items_of(link: Link) -> ItemRanges | None:
    """Give the items that an entry is about, sealed or accepted; None if it names none."""
    details = link.entry.details
    if isinstance(details, Sealed):
        return ItemRanges(((details.first_item, details.first_item + details.items - 1),))
    if isinstance(details, Received) and details.acceptance is Acceptance.PARTIAL:
        return details.accepted
    return link.entry.items


def _code_like(text: str | None) -> str | None:
    return text if text is not None and _CODE_LIKE.match(text) else None


def _item_fact(sealed: SealedItem) -> ItemFact:
    item = sealed.item
    content, context = item.content, {statement.field: statement.value for statement in item.context}
    claims = item.metadata.claims if item.metadata is not None else None
    date = _DATE.match(context.get("event_date", ""))
    return ItemFact(
        number=item.number,
        sealed_by=sealed.seal.number,
        type=content.type.value,
        size=content.size,
        sha256=content.digests.sha256 if content.digests is not None else None,
        media=claims.format.media_type if claims is not None and claims.format is not None else None,
        kind=_code_like(context.get("kind")),
        event_date=date[1] if date is not None else None,
        title=context.get("title"),
        path=item.file.path if item.file is not None else None,
        subjects=tuple(sorted(set(_codes(context.get(SUBJECTS, ""))))),
        terms=sealed_terms(item),
    )


def _codes(text: str) -> Iterator[str]:
    for word in text.replace(",", " ").split():
        try:
            yield check_code(word)
        except EvtoolError:
            # What is no code could be a name, and stays out.
            continue
