"""Receipts: the recipient's `received` entry, brought back to the sender.

A receipt file is the entry's bytes followed by its signature, as they are: everything from the line
`-----BEGIN SSH SIGNATURE-----` on is the signature, everything before it is what was signed.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from evtool.core.custody.chain import Link
from evtool.core.custody.entry import Entry, Previous, parse_entry
from evtool.core.custody.events import Disclosed, Received, Transferred
from evtool.core.errors import FormatError, InputError, MismatchError
from evtool.core.ssh.signature import parse_signature, verify_signature
from evtool.core.text.digest import sha256_hex
from evtool.core.text.limits import MAX_RECEIPT

_BEGIN = b"-----BEGIN SSH SIGNATURE-----\n"


class Receipt(Struct, frozen=True):
    """A receipt whose signature verifies and which belongs to a transfer of this chain.

    Attributes:
        link: the recipient's entry.
        transfer: the sender's entry that it answers.
        witnessed: number of the newest entry of this chain that the recipient saw.
    """

    link: Link
    transfer: Link
    witnessed: int


def serialize_receipt(entry: bytes, signature: bytes) -> bytes:
    """Write a receipt file."""
    return entry + signature


def split_receipt(data: bytes) -> tuple[bytes, bytes]:
    """Take a receipt file apart: the bytes of the entry and of its signature.

    Raises:
        FormatError: it is too large, or holds no signature.
    """
    if len(data) > MAX_RECEIPT:
        raise FormatError("the receipt has more than {limit} bytes", key="receipt-long", limit=MAX_RECEIPT)
    at = data.find(_BEGIN)
    if at <= 0:
        raise FormatError("this is not a receipt: expected an entry followed by a signature", key="receipt-not")
    return data[:at], data[at:]


def transfer_details(link: Link) -> Transferred | Disclosed | None:
    """Give the table of an entry that hands something over; None for any other entry."""
    details = link.entry.details
    return details if isinstance(details, Transferred | Disclosed) else None


def check_receipt(links: Sequence[Link], entry_bytes: bytes, signature_bytes: bytes) -> Receipt:
    """Check a receipt against the sender's chain. Whether its key is trusted is another question.

    Raises:
        InputError: not one entry of the record can be used.
        FormatError: it is not a receipt, or none that this version reads.
        MismatchError: it is one, but not for this record.
    """
    if not links:
        raise InputError("this record has no entry that the receipt could answer", key="receipt-nothing")
    signature = parse_signature(signature_bytes)
    verify_signature(signature, entry_bytes)
    entry = parse_entry(entry_bytes)
    if not isinstance(entry.details, Received) or entry.previous is None:
        raise FormatError(
            "the receipt records {event}, expected received", key="receipt-event", event=entry.event.value
        )
    if entry.key != signature.public_key.fingerprint:
        raise MismatchError(
            "the receipt names key {stated}, but is signed by {fingerprint}",
            key="receipt-signer",
            stated=entry.key,
            fingerprint=signature.public_key.fingerprint,
        )
    if entry.collection != links[0].entry.collection:
        raise MismatchError(
            "the receipt is for collection {found}, but this is {here}",
            hint="it belongs to another collection",
            key="receipt-collection",
            found=entry.collection,
            here=links[0].entry.collection,
        )
    transfer, seen = _find_answered(links, entry, entry.details, entry.previous)
    link = Link(entry, signature.public_key, sha256_hex(entry_bytes), sha256_hex(signature_bytes))
    return Receipt(link, transfer, seen.entry.sequence)


def _find_answered(links: Sequence[Link], entry: Entry, received: Received, previous: Previous) -> tuple[Link, Link]:
    """Find the handover that a receipt answers, and the newest entry that its recipient had."""
    by_head = {link.head: link for link in links}
    transfer = by_head.get(received.transfer)
    seen = by_head.get(previous.entry)
    if transfer is None or seen is None or seen.signature_digest != previous.signature:
        raise MismatchError(
            "the receipt is for an entry that is not in this record",
            hint="this record was rebuilt or shortened after the handover, or the receipt belongs to another copy",
            key="receipt-entry",
        )
    details = transfer_details(transfer)
    if details is None or seen.entry.sequence < transfer.entry.sequence:
        raise MismatchError(
            "the receipt answers entry {entry}, which is not a handover",
            key="receipt-no-handover",
            entry=transfer.entry.sequence,
        )
    if details.recipient != entry.agent or received.sender != transfer.entry.agent:
        raise MismatchError(
            "the receipt is from {agent} to {sender}, but the transfer was from {from_agent} to {recipient}",
            key="receipt-parties",
            agent=entry.agent,
            sender=received.sender,
            from_agent=transfer.entry.agent,
            recipient=details.recipient,
        )
    return transfer, seen


def answered_transfers(links: Sequence[Link]) -> set[int]:
    """Give the numbers of the transfers that a `received` entry in the same chain answers, by its receiver."""
    answered: set[int] = set()
    by_head = {link.head: link for link in links}
    for link in links:
        if isinstance(link.entry.details, Received):
            transfer = by_head.get(link.entry.details.transfer)
            details = transfer_details(transfer) if transfer else None
            if transfer and details and details.recipient == link.entry.agent:
                answered.add(transfer.entry.sequence)
    return answered
