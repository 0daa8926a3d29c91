"""Both sides of a handover: the sender records it, the recipient checks and answers, the sender keeps the answer."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct, field

from evtool.core.custody.chain import Link
from evtool.core.custody.events import Acceptance, Digest, PartyCode, Received
from evtool.core.custody.privacy import check_entry_text
from evtool.core.custody.receipt import Receipt, check_receipt, serialize_receipt, split_receipt, transfer_details
from evtool.core.errors import InputError, MismatchError, NotEstablishedError, UsageError, Way
from evtool.core.finding import Code, Effect, Listed, Words
from evtool.core.text.limits import MAX_RECEIPT
from evtool.core.text.names import shown
from evtool.core.text.ranges import ItemRanges
from evtool.operations.author import Author, EntryHeader
from evtool.operations.entries.fixity import FixityRequest, Measurement, measure_fixity
from evtool.operations.entries.opening import OpenRecord, open_for_writing
from evtool.operations.entries.record_event import RecordResult
from evtool.operations.entries.writer import commit_entry, draft_entry
from evtool.operations.record.place import Where, place_of
from evtool.operations.record.read import open_record
from evtool.operations.record.trust import TrustPolicy
from evtool.report.language import in_english
from evtool.store.custody_names import receipt_names
from evtool.store.output import write_new_file


class ReceiveOptions(Struct, frozen=True):
    """What the recipient says of a handover.

    Attributes:
        acceptance: what is accepted.
        accepted: the items accepted, with `Acceptance.PARTIAL`.
        transfer: number of the entry that is answered; None means the newest one to this receiver.
        trust: whose keys the recipient trusts.
        where: where the record is, if not in the directory; for a bundle, the directory that continues it.
        jobs: number of workers; None means a number that suits this machine.
    """

    acceptance: Acceptance = Acceptance.ACCEPTED
    accepted: ItemRanges | None = None
    transfer: int | None = None
    trust: TrustPolicy = field(default_factory=TrustPolicy)
    where: Where = None
    jobs: int | None = None

    def __post_init__(self) -> None:
        if (self.accepted is not None) != (self.acceptance is Acceptance.PARTIAL):
            raise UsageError("items must be named if part of them is accepted, and only then", key="accepted-items")


def receive(
    path: str | os.PathLike[str],
    author: Author,
    header: EntryHeader,
    options: ReceiveOptions,
    receipt: Path,
) -> RecordResult:
    """Check what was received, add the recipient's entry to its record, and write the receipt for the sender.

    A bundle stays as it is: the entry goes into the directory that continues its record. Every item is read and
    compared. Evidence that differs can be accepted in part, or rejected; both are recorded.

    Raises:
        UsageError: the receipt file exists.
        InputError: no entry hands the collection over to this receiver.
        NotEstablishedError: the sender's key is not trusted.
        MismatchError: the accepted items differ from the seal, or the record fails verification. Nothing was recorded.
    """
    if os.path.lexists(receipt):
        raise UsageError(
            "{path} already exists",
            hint="name a new file for the receipt",
            key="receipt-exists",
            path=shown(str(receipt)),
        )
    with open_for_writing(path, options.where, author.progress) as opened:
        transfer = _find_transfer(opened, author.signer.code, options.transfer)
        if options.acceptance is not Acceptance.REJECTED:
            _require_trust(opened, options.trust)
        measured = measure_fixity(opened, FixityRequest(jobs=options.jobs), author)
        _require_accepted(measured, options)
        details = Received(
            sender=PartyCode(transfer.entry.agent),
            acceptance=options.acceptance,
            transfer=Digest(transfer.head),
            accepted=options.accepted,
        )
        check_entry_text(details, header.reason, author.policy)
        draft = draft_entry(opened, author, header, details, fixity=measured.fixity)
        written = commit_entry(opened, draft)
        if not place_of(options.where).dry_run:
            files = opened.custody.read_entry(written.sequence, details.event.value)
            write_new_file(receipt, serialize_receipt(files.data, files.signature))
    return RecordResult(
        written.sequence,
        written.head,
        measured.fixity,
        measured.findings,
        options.accepted,
        transfer.entry.sequence,
    )


def add_receipt(path: str | os.PathLike[str], receipt: bytes, trust: TrustPolicy, *, where: Where = None) -> Receipt:
    """Put a receipt beside the sender's entry that it answers.

    Raises:
        FormatError: it is not a receipt.
        MismatchError: it is for another record, another transfer, or there is one already.
        NotEstablishedError: the recipient's key is not trusted.
    """
    entry, signature = split_receipt(receipt)
    with open_for_writing(path, where) as opened:
        links = opened.record.chain.links
        if not links:
            raise InputError("there is no record here for a receipt", key="receipt-no-record")
        found = check_receipt(links, entry, signature)
        objection = trust.judge(found.link)
        if objection:
            raise NotEstablishedError(
                "the receipt is signed by {fingerprint} as agent {agent}: {why}",
                hint="confirm the fingerprint with the recipient through a separate channel, then `evtool trust "
                "add`; of several people of one recipient: `evtool recipient add`, with a signing key for each",
                key="receipt-untrusted",
                fingerprint=found.link.public_key.fingerprint,
                agent=found.link.entry.agent,
                why=in_english(objection[1]),
            )
        key = (found.transfer.entry.sequence, found.transfer.entry.event.value)
        if key in opened.record.listing.receipts:
            raise MismatchError(
                "entry {entry} already has a receipt; nothing was overwritten", key="receipt-there", entry=key[0]
            )
        names = receipt_names(*key)
        opened.writer.write(names[0], entry)
        opened.writer.write(names[1], signature)
        opened.writer.commit(names)
    return found


def read_receipt_file(path: Path) -> bytes:
    """Read a receipt file.

    Raises:
        InputError: it cannot be read.
    """
    return read_sent_file(path, MAX_RECEIPT)


def read_sent_file(path: str | os.PathLike[str], most: int) -> bytes:
    """Read a file that somebody sent, and no more of it than a byte beyond what it may have.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise InputError("{path}: {why.strerror}", key="cannot-read", path=shown(str(path)), why=error) from error


def _find_transfer(opened: OpenRecord, receiver: str, number: int | None) -> Link:
    """Find the entry that hands the collection over to this receiver."""
    recipients: dict[str, int] = {}
    for link in reversed(opened.record.chain.links):
        details = transfer_details(link)
        if details is None or (number is not None and link.entry.sequence != number):
            continue
        if details.recipient == receiver:
            return link
        recipients.setdefault(details.recipient, link.entry.sequence)
    if not recipients:
        raise InputError(
            "no entry hands the collection over to {receiver}"
            if number is None
            else "entry {entry} does not hand the collection over to {receiver}",
            hint="the sender records a handover with `evtool transfer` or `evtool pack`, before making the copy",
            key="no-handover" if number is None else "no-handover-there",
            receiver=receiver,
            entry=number or 0,
        )
    code = next(iter(recipients))
    known = tuple(Words("handed-to-in", code=each, entry=sequence) for each, sequence in recipients.items())
    error = InputError if number is None else MismatchError
    raise error(
        "no entry hands the collection over to {receiver}, but to {known}"
        if number is None
        else "entry {entry} does not hand the collection over to {receiver}, but to {known}",
        hint="if you are {code}, sign under this code with a key that the sender knows as a key of {code}",
        key="handover-to-others" if number is None else "handover-to-other",
        ways=(Way.AGENT, Way.KEY),
        receiver=receiver,
        entry=number or 0,
        known=in_english(Words("handed-to", recipients=Listed(known, len(known)))),
        code=code,
    )


def _require_trust(opened: OpenRecord, trust: TrustPolicy) -> None:
    for link in opened.record.chain.links:
        objection = trust.judge_entry(link, opened.record.houses)
        if objection:
            is_retired = objection[0] is Code.KEY_RETIRED
            raise NotEstablishedError(
                "entry {entry} is signed by {fingerprint} as agent {agent}: {why}",
                hint="ask {agent}, through a separate channel, who signed it; or accept nothing"
                if is_retired
                else "confirm the fingerprint with the sender through a separate channel, then `evtool trust add`; "
                "or accept nothing",
                key="transfer-retired" if is_retired else "transfer-untrusted",
                ways=(Way.REJECT,),
                entry=link.entry.sequence,
                fingerprint=link.public_key.fingerprint,
                agent=link.entry.agent,
                why=in_english(objection[1]),
            )


def _require_accepted(measured: Measurement, options: ReceiveOptions) -> None:
    """Refuse to accept what differs from the seal; that may be left out of a partial acceptance, or rejected."""
    if options.acceptance is Acceptance.REJECTED:
        return
    for finding in measured.findings:
        if finding.effect not in (Effect.DISPROVES, Effect.UNCHECKED):
            continue
        if options.accepted is None or (finding.item is not None and finding.item in options.accepted):
            raise MismatchError(
                "nothing was accepted, because the evidence differs from the seal: {why}",
                hint="accept the other items only, or accept nothing",
                key="not-accepted",
                ways=(Way.ITEMS, Way.REJECT),
                why=in_english(finding),
            )
    if options.accepted is not None and options.accepted.last > measured.fixity.items:
        raise InputError(
            "item {item} is not sealed, the last one is {last}",
            key="item-beyond",
            item=options.accepted.last,
            last=measured.fixity.items,
        )


def write_receipt(path: str | os.PathLike[str], receipt: Path, *, where: Where = None) -> int:
    """Write the receipt for the newest `received` entry of a record again; returns the entry's number.

    Raises:
        InputError: the record has no such entry, or the file exists already.
    """
    with open_record(path, where) as record:
        for link in reversed(record.chain.links):
            if isinstance(link.entry.details, Received):
                files = record.custody.read_entry(link.entry.sequence, link.entry.event.value)
                write_new_file(receipt, serialize_receipt(files.data, files.signature))
                return link.entry.sequence
    raise InputError("the record has no entry `received`", hint="`evtool receive` adds one", key="no-received")
