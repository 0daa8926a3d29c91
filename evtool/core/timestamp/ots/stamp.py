"""Making, merging and upgrading OpenTimestamps proofs: pure functions around what calendars answer.

What leaves the machine is a salted digest: SHA-256 of the digest and 16 random bytes. A calendar, which publishes what
it gets, therefore learns nothing that could be compared with known files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from msgspec import Struct

from evtool.core.timestamp.ots.format import parse_proof, serialize_proof, serialize_timestamp
from evtool.core.timestamp.ots.proof import (
    MAX_DEPTH,
    Attestation,
    BitcoinAttestation,
    Branch,
    Operation,
    OperationKind,
    OtsError,
    PendingAttestation,
    Proof,
    Timestamp,
    replay,
)
from evtool.core.values import replace

SALT_SIZE = 16
ACCEPT = "application/vnd.opentimestamps.v1"


class Submission(Struct, frozen=True):
    """What is going to be stamped.

    Attributes:
        digest: SHA-256 of the file.
        salt: 16 random bytes; they stay in the proof.
    """

    digest: bytes
    salt: bytes

    def __post_init__(self) -> None:
        if len(self.digest) != 32 or len(self.salt) != SALT_SIZE:
            raise OtsError(
                "a submission takes a digest of 32 bytes and {size} bytes of salt", key="ots-submission", size=SALT_SIZE
            )

    @property
    def commitment(self) -> bytes:
        """Give the 32 bytes that are sent to calendars."""
        return hashlib.sha256(self.digest + self.salt).digest()


def build_proof(submission: Submission, replies: Iterable[Timestamp]) -> Proof:
    """Build the proof file of a submission from what calendars answered to its commitment.

    Raises:
        OtsError: no calendar answered.
    """
    merged = merge(replies)
    salted = Timestamp((Branch(Operation(OperationKind.SHA256), merged),))
    timestamp = Timestamp((Branch(Operation(OperationKind.APPEND, submission.salt), salted),))
    return _checked(Proof(OperationKind.SHA256, submission.digest, timestamp))


def merge(timestamps: Iterable[Timestamp]) -> Timestamp:
    """Merge what is known about one message, each part once, in the order that the reference client writes.

    Raises:
        OtsError: there is nothing to merge, or it is too deep.
    """
    return _merge(tuple(timestamps), MAX_DEPTH)


def _merge(timestamps: tuple[Timestamp, ...], depth: int) -> Timestamp:
    if depth == 0:
        raise OtsError("a proof deeper than {limit} operations", key="ots-too-deep", limit=MAX_DEPTH)
    attestations: dict[Attestation, None] = {}
    branches: dict[Operation, list[Timestamp]] = {}
    for timestamp in timestamps:
        for member in timestamp.members:
            if isinstance(member, Branch):
                branches.setdefault(member.operation, []).append(member.timestamp)
            else:
                attestations[member] = None
    operations = sorted(branches, key=lambda operation: (operation.kind.value, operation.argument))
    return Timestamp(
        (
            *sorted(attestations, key=lambda attestation: serialize_timestamp(Timestamp((attestation,)))),
            *(Branch(operation, _merge(tuple(branches[operation]), depth - 1)) for operation in operations),
        )
    )


class Pending(Struct, frozen=True):
    """A promise that can be asked for.

    Attributes:
        commitment: the message the calendar knows.
        uri: the calendar's address; it comes from the proof, so it is asked only if the user lists it.
    """

    commitment: bytes
    uri: str


def find_pending(proof: Proof) -> tuple[Pending, ...]:
    """Find the promises of a proof, each once."""
    found = {
        Pending(leaf.message, leaf.attestation.uri): None
        for leaf in replay(proof)
        if isinstance(leaf.attestation, PendingAttestation) and leaf.message is not None
    }
    return tuple(found)


def is_complete(proof: Proof) -> bool:
    """Tell whether a proof names a Bitcoin block; whether that is true is for `ots_verify` to say."""
    return any(isinstance(leaf.attestation, BitcoinAttestation) for leaf in replay(proof))


def is_listed(uri: str, calendars: Iterable[str]) -> bool:
    """Tell whether the user lists this calendar: same address, whatever slash it ends with, and http or https only."""
    address = uri.rstrip("/")
    return address.startswith(("https://", "http://")) and address in {calendar.rstrip("/") for calendar in calendars}


def upgrade(proof: Proof, commitment: bytes, reply: Timestamp) -> Proof:
    """Put what a calendar answered in at every place where its commitment stands; nothing is lost.

    Raises:
        OtsError: the commitment does not stand in the proof, or the result is past the limits.
    """
    grown, places = _grow(proof.timestamp, proof.digest, commitment, reply, MAX_DEPTH)
    if not places:
        raise OtsError("the calendar's answer is about another commitment", key="ots-other-commitment")
    return _checked(replace(proof, timestamp=grown))


def _grow(
    timestamp: Timestamp, message: bytes | None, commitment: bytes, reply: Timestamp, depth: int
) -> tuple[Timestamp, int]:
    if depth == 0:
        raise OtsError("a proof deeper than {limit} operations", key="ots-too-deep", limit=MAX_DEPTH)
    members: list[Attestation | Branch] = []
    places = 0
    for member in timestamp.members:
        if isinstance(member, Branch):
            after = None if message is None else member.operation.apply(message)
            grown, found = _grow(member.timestamp, after, commitment, reply, depth - 1)
            members.append(Branch(member.operation, grown))
            places += found
        else:
            members.append(member)
    own = Timestamp(tuple(members))
    return (merge((own, reply)), places + 1) if message == commitment else (own, places)


def _checked(proof: Proof) -> Proof:
    """Read back what would be written, so that nothing is stored that this program would refuse later."""
    again = parse_proof(serialize_proof(proof))
    for _ in replay(again):
        pass
    return again
