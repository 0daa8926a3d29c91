"""Telling the holders of items that their terms changed, and taking in what one was told."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from evtool.core.consent.items import ItemConsent, TermsWithheld, terms_that_count
from evtool.core.consent.notice import Notice, narrow, parse_notice, serialize_notice
from evtool.core.consent.state import ConsentChange, change_terms, changes_of
from evtool.core.custody.branches import Parting, find_parting
from evtool.core.custody.chain import EntryFiles, Link
from evtool.core.custody.entry import NOT_STATED
from evtool.core.custody.events import ConsentChanged, Received, TermsText
from evtool.core.custody.receipt import transfer_details
from evtool.core.errors import InputError, MismatchError, NotEstablishedError
from evtool.core.terms.terms import ConsentTerms
from evtool.core.text.limits import MAX_NOTICE
from evtool.core.text.ranges import ItemRanges, ranges_of
from evtool.core.values import replace
from evtool.keys.signer import Signer
from evtool.operations.author import Author, EntryHeader
from evtool.operations.entries.consent import read_consent
from evtool.operations.entries.handover import read_sent_file
from evtool.operations.entries.recall import Recall
from evtool.operations.entries.record_event import RecordResult, record_event
from evtool.operations.record.place import Where
from evtool.operations.record.read import open_record
from evtool.operations.record.record import Record
from evtool.operations.record.trust import TrustPolicy
from evtool.report.language import in_english


def make_notice(record: Record, asked: Recall, signer: Signer) -> bytes:
    """Make the notice for whoever holds some of the items of a recall.

    It goes from the first entry that a holder may not know yet, the one after the first handover, to the last that
    changes terms of the items. Those that are undone by now are not told.

    Raises:
        InputError: there is no item, no change to tell, or this copy withholds what would have to be told.
        KeyFileError: the key cannot sign.
    """
    changes = list(_changes_to_tell(record, asked.items)) if asked.items else []
    if asked.items is None or not changes:
        raise InputError(
            "no entry changes the terms of these items, so there is nothing to tell anybody",
            hint="record the change first: `evtool consent set DIR --items N --status withdrawn`",
            key="notice-nothing",
        )
    told = {change.entry for change in changes}
    first = min([*told, *(holding.entry + 1 for holding in asked.holdings)])
    entries: list[EntryFiles] = []
    for link in record.chain.links:
        number = link.entry.sequence
        if first <= number <= max(told):
            # What an entry says of other items stays behind.
            has_details = number in told and link.entry.apart is not None
            entries.append(record.custody.read_entry(number, link.entry.event.value, with_details=has_details))
    collection = record.chain.links[0].entry.collection
    signed = serialize_notice(collection, asked.items, entries, signer.code, signer.public_key.fingerprint)
    notice = signed + signer.sign(signed)
    parse_notice(notice)
    return notice


def _changes_to_tell(record: Record, items: ItemRanges) -> Iterator[ConsentChange]:
    disclosed: set[int] = set()
    changes: dict[int, ConsentChange] = {}
    for consent in read_consent(record, items):
        if _is_known(consent):
            disclosed.add(consent.item)
        changes |= {change.entry: change for change in consent.changes}
    unknown = next((number for number in items if number not in disclosed), None)
    if unknown is not None:
        raise InputError(
            "this copy does not tell the terms of item {item}, so nobody can be told what changed",
            key="notice-withheld",
            item=unknown,
        )
    yield from changes.values()


def read_notice_bytes(path: os.PathLike[str]) -> bytes:
    """Read the bytes of a notice, and no more than a byte beyond what one may have.

    Raises:
        InputError: it cannot be read.
    """
    return read_sent_file(path, MAX_NOTICE)


class TakenNotice(Struct, frozen=True):
    """What came of taking in a notice.

    Attributes:
        written: the entries that were added; none if everything that it tells is in force already.
        items: the items of this copy that it is about; None if there are none.
        unknown: first and last number of the entries before it that are not known here; None if it follows a known one.
        parting: where the sender's record parts from this one in a way that no handover explains.
    """

    written: tuple[RecordResult, ...]
    items: ItemRanges | None
    unknown: tuple[int, int] | None
    parting: Parting | None


def take_notice(
    path: str | os.PathLike[str],
    author: Author,
    notice: Notice,
    header: EntryHeader,
    trust: TrustPolicy,
    *,
    where: Where = None,
) -> TakenNotice:
    """Record in one's own record what a notice says; a notice takes back, and never permits anything.

    What is recorded is `consent-changed`, as for anything that a holder learns after a bundle came: that is what it is,
    and every reader keeps to it. The reason names the digest of the notice, which is to be kept.

    Raises:
        MismatchError: the notice is for another collection, or the record fails verification.
        NotEstablishedError: a key under the notice is not trusted.
        InputError: the record cannot be read.
    """
    with open_record(path, where) as record:
        links = record.chain.links
        _require_same(record, notice)
        _require_received(links)
        require_trusted(notice, trust, record)
        here = {link.head for link in links}
        news = changes_of(link.entry for link in notice.links if link.head not in here)
        # Numbers beyond the last item are only a claim of the notice.
        meant = notice.items.meet(ItemRanges(((1, max(record.next_item - 1, 1)),)))
        consents = [] if meant is None else [each for each in read_consent(record, meant) if _is_known(each)]
        groups, found = _group(consents, news), [each.item for each in consents]
        parting = find_parting(links, notice.links)
        unknown = _unknown_before(links, notice)
    reason = f"notice {notice.digest}" + (f": {header.reason}" if header.reason != NOT_STATED else "")
    written = tuple(
        record_event(
            path,
            author,
            ConsentChanged(TermsText(terms.serialize())),
            replace(header, reason=reason, items=items),
            where=where,
        )
        for terms, items in groups
    )
    return TakenNotice(
        written, ranges_of(found) if found else None, unknown, parting if parting and parting.is_fork else None
    )


def _require_same(record: Record, notice: Notice) -> None:
    found = record.chain.links[0].entry.collection if record.chain.links else ""
    if found != notice.collection:
        raise MismatchError(
            "the notice is for collection {found}, but this is {here}",
            hint="it belongs to another collection",
            key="notice-collection",
            found=notice.collection,
            here=found,
        )


def _require_received(links: Sequence[Link]) -> None:
    if links and transfer_details(links[-1]):
        # What would follow the sender's last entry is the sender's to write, but for the answer to it.
        raise InputError(
            "nobody has confirmed receipt of this copy yet, and the sender's record is not continued before that",
            hint="confirm it first, with `evtool receive`; then take in the notice",
            key="notice-receive-first",
        )


def require_trusted(notice: Notice, trust: TrustPolicy, record: Record | None = None) -> None:
    """Refuse a notice if the user does not trust who signed it, or who signed a change that it tells.

    Raises:
        NotEstablishedError: so it is.
    """
    signers = [(notice.agent, notice.public_key, trust.judge_key(notice.public_key, notice.agent))]
    here = {link.head for link in record.chain.links} if record is not None else set[str]()
    news = [link for link in notice.links if link.head not in here]
    changes = [link for link in news if isinstance(link.entry.details, ConsentChanged)]
    signers += [(link.entry.agent, link.public_key, trust.judge(link)) for link in changes]
    for agent, key, objection in signers:
        if objection is None and record is not None and key.fingerprint in record.houses.retired:
            raise signed_by_retired(agent)
        if objection is not None:
            raise NotEstablishedError(
                "the notice is signed by {fingerprint} as agent {agent}: {why}",
                hint="confirm the fingerprint with the sender through a separate channel, then `evtool trust add`",
                key="notice-untrusted",
                fingerprint=key.fingerprint,
                agent=agent,
                why=in_english(objection[1]),
            )


def signed_by_retired(agent: str) -> NotEstablishedError:
    """Give the error that a notice, or a change that it tells, is signed by a key that has a successor."""
    return NotEstablishedError(
        "the notice is signed by a key of {agent} that has been replaced",
        hint="ask {agent}, through a separate channel, who signed it",
        key="notice-retired",
        agent=agent,
    )


def _is_known(consent: ItemConsent) -> bool:
    """Tell whether this copy tells the terms of an item; one that it withholds cannot be handed out from it."""
    return not isinstance(consent.in_force, TermsWithheld)


def _group(consents: Iterable[ItemConsent], news: tuple[ConsentChange, ...]) -> list[tuple[ConsentTerms, ItemRanges]]:
    """Give what is to be recorded, and of which items; items mostly share it."""
    groups: dict[ConsentTerms, list[int]] = {}
    for consent in consents:
        before = terms_that_count(consent.in_force)
        change = ConsentTerms()
        for each in news:
            if each.concerns(consent.item, consent.sealed_by):
                change = change_terms(change, narrow(before, each.terms))
        if change.stated and change_terms(before, change) != before:
            groups.setdefault(change, []).append(consent.item)
    return [(change, ranges_of(numbers)) for change, numbers in groups.items()]


def _unknown_before(links: tuple[Link, ...], notice: Notice) -> tuple[int, int] | None:
    """Give the numbers of the sender's entries between those that are known here and the first of the notice."""
    known = {link.head: link.entry.sequence for link in links}
    first = notice.links[0].entry
    if first.previous is None or first.previous.entry in known or any(link.head in known for link in notice.links):
        return None
    answered = [known.get(link.entry.details.transfer) for link in links if isinstance(link.entry.details, Received)]
    newest = next((number for number in reversed(answered) if number), links[-1].entry.sequence)
    # Of an entry that should be known by its number, and is another one, nothing before it is known for sure.
    return min(newest + 1, first.sequence - 1), first.sequence - 1
