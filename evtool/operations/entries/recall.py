"""Who holds which items, as far as a record tells: the list to work through when consent is withdrawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from evtool.core.consent.state import Holding
from evtool.core.custody.chain import Link
from evtool.core.custody.events import Received
from evtool.core.custody.receipt import answered_transfers, check_receipt, transfer_details
from evtool.core.errors import EvtoolError, InputError
from evtool.core.text.ranges import ItemRanges, ranges_of, unite
from evtool.core.text.times import format_time
from evtool.operations.entries.consent import read_consent
from evtool.operations.record.disclosed_lists import read_lists
from evtool.operations.record.record import Record


class Recall(Struct, frozen=True):
    """The items that were asked for, and who has them.

    Attributes:
        items: the items; None if none was named and there is no item of which the consent permits nothing.
        holdings: who was given some of them, oldest first.
    """

    items: ItemRanges | None
    holdings: tuple[Holding, ...]


def recall(record: Record, items: ItemRanges | None = None) -> Recall:
    """List who holds items; without `items`, of those for which the consent in force permits nothing.

    A holder that answered with a rejection is listed as well: somebody may have looked, or kept a copy. What a holder
    did with it afterwards is in the holder's own record, not in this one.

    Raises:
        MismatchError, InputError: the record fails verification or cannot be read, or an item is not in it.
    """
    blocked = [consent.item for consent in read_consent(record) if not consent.permits]
    if items is None:
        items = ranges_of(blocked) if blocked else None
    elif items.last >= record.next_item:
        raise InputError(
            "item {item} is not sealed, the last one is {last}",
            key="item-beyond",
            item=items.last,
            last=record.next_item - 1,
        )
    return Recall(items, tuple(_holdings(record, items)) if items else ())


def _holdings(record: Record, items: ItemRanges) -> Iterator[Holding]:
    answers = _answers(record)
    links = record.chain.links
    handovers = {link.head for link in links if transfer_details(link)}
    for link in links:
        details = transfer_details(link)
        received = link.entry.details if isinstance(link.entry.details, Received) else None
        given = _given(record, link, items)
        if given is None:
            continue
        if details is not None:
            purpose = details.purpose
            answer = answers.get(link.head)
            yield _holding(link, str(details.recipient), given, purpose, answer)
        elif received is not None and received.transfer not in handovers:
            # The handover is in a record that this one does not go back to.
            yield _holding(link, link.entry.agent, given, None, received)


def _holding(link: Link, holder: str, given: ItemRanges, purpose: str | None, answer: Received | None) -> Holding:
    return Holding(
        entry=link.entry.sequence,
        event=link.entry.event,
        holder=holder,
        since=format_time(link.entry.happened_at),
        head=link.head,
        items=given,
        purpose=purpose,
        answer=answer.acceptance if answer else None,
        accepted=answer.accepted if answer else None,
    )


def _given(record: Record, link: Link, items: ItemRanges) -> ItemRanges | None:
    """Give those of the items that an entry is about: what was sealed later had not been handed over then."""
    meant = link.entry.items or _listed(record, link) or _sealed_before(record, link.entry.sequence)
    return items.meet(meant) if meant is not None else None


def _sealed_before(record: Record, entry: int) -> ItemRanges | None:
    """Give what was sealed before an entry; as ranges, as how many items a seal has is what it claims."""
    seals = sorted((seal.sealed.first_item, seal.sealed.items) for seal in record.seals if seal.number < entry)
    return unite((first, first + count - 1) for first, count in seals)


def _listed(record: Record, link: Link) -> ItemRanges | None:
    """Give the items that a bundle held; where its list is not here any more, it may have been all of them."""
    for disclosed in read_lists(record.custody, record.listing, [link]):
        return disclosed.listed.items if disclosed.listed else None
    return None


def _answers(record: Record) -> dict[str, Received]:
    """Digest of the sender's entry -> what its receiver answered, in this chain or in a receipt beside it."""
    links = record.chain.links
    return {answer.transfer: answer for answer in [*_in_chain(links), *_in_receipts(record)]}


def _in_chain(links: Sequence[Link]) -> Iterator[Received]:
    answered = answered_transfers(links)
    numbers = {link.head: link.entry.sequence for link in links}
    for link in links:
        details = link.entry.details
        if isinstance(details, Received) and numbers.get(details.transfer) in answered:
            yield details


def _in_receipts(record: Record) -> Iterator[Received]:
    for sequence, event in sorted(record.listing.receipts):
        try:
            receipt = check_receipt(record.chain.links, *record.custody.read_receipt(sequence, event))
        except EvtoolError:
            # A receipt that fails verification answers nothing; `evtool verify` says what is wrong with it.
            continue
        details = receipt.link.entry.details
        if isinstance(details, Received):
            yield details
