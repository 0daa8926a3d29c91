"""Recording custody events: who had the evidence, when, why, and in what state."""

from __future__ import annotations

import os

from msgspec import Struct

from evtool.core.custody.events import (
    STATES_EVIDENCE,
    Admitted,
    Corrected,
    Derived,
    Details,
    Disclosed,
    Disposed,
    Event,
    Fixity,
    Transferred,
)
from evtool.core.custody.house import acts_of
from evtool.core.custody.privacy import check_entry_text
from evtool.core.errors import InputError, MismatchError, UsageError
from evtool.core.finding import Finding
from evtool.core.text.ranges import ItemRanges
from evtool.core.values import replace
from evtool.operations.author import Author, EntryHeader
from evtool.operations.entries.disposal import STILL_THERE, require_gone
from evtool.operations.entries.fixity import FixityRequest, measure_fixity
from evtool.operations.entries.opening import OpenRecord, open_for_writing
from evtool.operations.entries.undo import require_undoable
from evtool.operations.entries.writer import commit_entry, draft_entry
from evtool.operations.record.place import Where
from evtool.operations.record.record import Record
from evtool.report.language import in_english

NEEDS_CLEAN_EVIDENCE = frozenset({Event.COPIED, Event.TRANSFERRED, Event.DISCLOSED})
"""Events that hand evidence on: not recorded while it differs from the seal."""


class RecordResult(Struct, frozen=True):
    """An entry that was added.

    Attributes:
        entry: its number.
        head: its SHA-256.
        fixity: the state of the evidence that it records; None if it records none.
        findings: what differed from the seal.
        items: the items that it is about; None means all that were sealed before it.
        answers: the number of the handover that it answers; None if it answers none.
    """

    entry: int
    head: str
    fixity: Fixity | None
    findings: tuple[Finding, ...] = ()
    items: ItemRanges | None = None
    answers: int | None = None


def record_event(
    path: str | os.PathLike[str],
    author: Author,
    details: Details,
    header: EntryHeader,
    *,
    fixity: FixityRequest | None = None,
    confirmed: frozenset[str] = frozenset(),
    where: Where = None,
) -> RecordResult:
    """Add an entry of any event but a seal, and those that hand items over (`evtool.operations.entries.exits`).

    Events that state something of the evidence are always measured, all of it unless `fixity` asks for a sample.
    `confirmed` holds `STILL_THERE` if items may be disposed of that lie there as they were sealed.

    Raises:
        UsageError: the event has a way of its own to be recorded, items that are disposed of are still there, or what
            is to be undone cannot be.
        RefusedError: a text names somebody.
        MismatchError: evidence that is to be handed on differs from the seal; nothing was recorded.
        InputError: the items or the entry that it is about do not exist.
    """
    if details.event in (Event.TRANSFERRED, Event.DISCLOSED):
        raise UsageError(
            "items go to somebody else only after consent was asked: `record_exit` does that", key="exit-asks"
        )
    check_entry_text(details, header.reason, author.policy)
    with open_for_writing(path, where, author.progress) as opened:
        if isinstance(details, Disposed) and STILL_THERE not in confirmed:
            require_gone(opened, header.items)
        return add_event(opened, author, details, header, fixity=fixity)


def add_event(
    opened: OpenRecord,
    author: Author,
    details: Details,
    header: EntryHeader,
    *,
    fixity: FixityRequest | None = None,
) -> RecordResult:
    """Add an entry to an open record; see `record_event`."""
    if details.event is Event.SEALED:
        raise UsageError("a seal is made by sealing, not by recording one", key="seal-by-sealing")
    if isinstance(details, Corrected) and header.items is None:
        header = replace(header, items=_items_of(opened.record, details.entry))
    if isinstance(details, Admitted):
        _check_admission(opened.record, author, details)
    _check_items(opened.record, header.items, details)
    if isinstance(details, Corrected) and details.undone:
        require_undoable(opened, author, details.entry, header.items)
    if fixity is None and details.event in STATES_EVIDENCE:
        fixity = FixityRequest()
    measured = measure_fixity(opened, fixity, author) if fixity else None
    if measured and details.event in NEEDS_CLEAN_EVIDENCE and not measured.fixity.is_clean:
        first = in_english(measured.findings[0]) if measured.findings else "no item could be checked"
        raise MismatchError(
            "the evidence differs from the seal, so nothing was recorded: {why}",
            hint="`evtool verify DIR` shows everything; record it with `evtool record DIR verified` or `incident`",
            key="evidence-differs",
            why=first,
        )
    result = measured.fixity if measured else None
    written = commit_entry(opened, draft_entry(opened, author, header, details, fixity=result))
    return RecordResult(written.sequence, written.head, result, measured.findings if measured else (), header.items)


def head_of_entry(record: Record, number: int) -> str:
    """Give the digest of one entry.

    Raises:
        InputError: there is no such entry.
    """
    for link in record.chain.links:
        if link.entry.sequence == number:
            return link.head
    raise InputError(
        "the record has no entry {entry}", hint="`evtool log DIR` lists its entries", key="no-such-entry", entry=number
    )


def _items_of(record: Record, number: int) -> ItemRanges | None:
    """Give the items that an entry is about: what corrects it tells of the same ones, and travels only with them."""
    return next((link.entry.items for link in record.chain.links if link.entry.sequence == number), None)


def _check_admission(record: Record, author: Author, details: Admitted) -> None:
    """Refuse an admission that would have no effect, or another one than its signer may think."""
    acts, houses = acts_of(record.chain.links), record.houses
    signer = author.signer.public_key.fingerprint
    if details.key == signer:
        raise UsageError("this is the key that signs; nobody admits themselves", key="admits-itself")
    owners = {act.agent for act in acts if act.key == details.key}
    admitted = [act.admitted for act in acts if act.admitted and act.entry in houses.admitting]
    owners |= {who.agent for who in admitted if who.key == details.key}
    if owners - {details.agent}:
        raise UsageError(
            "this key is that of {agent} in this record, and a key belongs to one agent only",
            key="key-of-other",
            agent=min(owners - {details.agent}),
        )
    given = [link.entry.sequence for link in record.chain.links if _is_for(link.entry.details, details.agent)]
    if given and houses.acts_for_sender(author.signer.code, signer) and not houses.acts_for_sender(details.agent):
        raise UsageError(
            "entry {entry} hands items over to {agent}, so {agent} is a recipient; as one of the house {agent} "
            "could pass on what it received, whatever the terms say",
            hint="a colleague who has the same code needs another one",
            key="recipient-as-colleague",
            entry=given[0],
            agent=details.agent,
        )
    if houses.ignores((author.signer.code, signer), (details.agent, details.key)):
        raise UsageError(
            "{agent} has signed here for another house than {code}, so the admission would "
            "have no effect; nothing was recorded",
            key="admit-other-house",
            agent=details.agent,
            code=author.signer.code,
        )


def _is_for(details: Details, agent: str) -> bool:
    return isinstance(details, Transferred | Disclosed) and details.recipient == agent


def _check_items(record: Record, items: ItemRanges | None, details: Details) -> None:
    named = max(items.last if items else 0, details.copy if isinstance(details, Derived) else 0)
    if named >= record.next_item:
        last = record.next_item - 1
        raise InputError(
            "item {item} is not sealed, the last one is {last}" if last else "nothing is sealed here",
            hint="`evtool show DIR` lists the items",
            key="item-past-end" if last else "nothing-sealed",
            item=named,
            last=last,
        )
