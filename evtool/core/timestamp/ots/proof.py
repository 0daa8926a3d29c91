"""OpenTimestamps: the steps that lead from a digest to a Bitcoin block header, as values.

A proof is a tree. Its root is the digest of a file; each branch is an operation on the message before it (append,
prepend, hash); an attestation says where a message was published. Nothing in a proof is signed or trusted: it is
replayed, and what comes out is compared with a block header the user brings (`ots_verify`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from enum import Enum

from msgspec import Struct

from evtool.core.errors import FormatError

MAX_MESSAGE = 4096
MAX_DEPTH = 256
MAX_MEMBERS = 4096
"""Branches and attestations of one proof; real ones have about a hundred."""

MAX_URI = 1000


class OtsError(FormatError):
    """Bytes are not an OpenTimestamps proof, or one that nobody could have made honestly."""


class OperationKind(Enum):
    """What a branch does with a message; the value is its tag."""

    SHA1 = 0x02
    RIPEMD160 = 0x03
    SHA256 = 0x08
    KECCAK256 = 0x67
    APPEND = 0xF0
    PREPEND = 0xF1
    REVERSE = 0xF2
    HEXLIFY = 0xF3


DIGEST_SIZES = {
    OperationKind.SHA1: 20,
    OperationKind.RIPEMD160: 20,
    OperationKind.SHA256: 32,
    OperationKind.KECCAK256: 32,
}
"""The hash operations; any of them can also be the hash of the file."""

WEAK = frozenset({OperationKind.SHA1})
"""Collisions are known, so a proof through it may cover two contents; judged like a time-stamp token over SHA-1."""

_WITH_ARGUMENT = frozenset({OperationKind.APPEND, OperationKind.PREPEND})


class Operation(Struct, frozen=True):
    """One operation on a message.

    Attributes:
        kind: which one.
        argument: what is appended or prepended, 1 to 4096 bytes; empty for the others.
    """

    kind: OperationKind
    argument: bytes = b""

    def __post_init__(self) -> None:
        if self.kind in _WITH_ARGUMENT and not 1 <= len(self.argument) <= MAX_MESSAGE:
            raise OtsError(
                "{operation} of {count} bytes, expected 1 to {limit}",
                key="ots-argument-size",
                count=len(self.argument),
                operation=self.kind.name.lower(),
                limit=MAX_MESSAGE,
            )
        if self.kind not in _WITH_ARGUMENT and self.argument:
            raise OtsError(
                "{operation} has an argument, which it does not take",
                key="ots-argument-none",
                operation=self.kind.name.lower(),
            )

    def apply(self, message: bytes) -> bytes | None:
        """Compute the message after this operation; None if this Python lacks the hash function.

        Raises:
            OtsError: the result would be longer than 4096 bytes.
        """
        match self.kind:
            case OperationKind.APPEND:
                result: bytes | None = message + self.argument
            case OperationKind.PREPEND:
                result = self.argument + message
            case OperationKind.REVERSE:
                result = message[::-1]
            case OperationKind.HEXLIFY:
                result = message.hex().encode("ascii")
            case _:
                return compute_digest(self.kind, message)
        if result is not None and len(result) > MAX_MESSAGE:
            raise OtsError(
                "a message of {count} bytes, expected at most {limit}",
                key="ots-message-long",
                count=len(result),
                limit=MAX_MESSAGE,
            )
        return result


def compute_digest(kind: OperationKind, data: bytes) -> bytes | None:
    """Compute a hash operation; None if this Python lacks it (RIPEMD-160 with OpenSSL 3.0.0 to 3.0.6, Keccak)."""
    try:
        return hashlib.new(kind.name.lower(), data, usedforsecurity=False).digest()
    except ValueError:
        return None


class PendingAttestation(Struct, frozen=True):
    """A calendar has promised to publish the message; until it is upgraded this shows nothing."""

    uri: str


class BitcoinAttestation(Struct, frozen=True):
    """The message is the Merkle root in the header of the Bitcoin block at this height."""

    height: int


class UnknownAttestation(Struct, frozen=True):
    """An attestation of another kind; kept as it stands, never counted."""

    tag: bytes
    payload: bytes


Attestation = PendingAttestation | BitcoinAttestation | UnknownAttestation


class Branch(Struct, frozen=True):
    """An operation, and what follows from its result."""

    operation: Operation
    timestamp: Timestamp


class Timestamp(Struct, frozen=True):
    """Everything known about one message: attestations and branches, in the order they stand."""

    members: tuple[Attestation | Branch, ...]

    def __post_init__(self) -> None:
        if not self.members:
            raise OtsError("a message without attestation and without branch", key="ots-message-bare")


class Proof(Struct, frozen=True):
    """A whole proof file.

    Attributes:
        hash_kind: hash function of the file.
        digest: digest of the file.
        timestamp: what follows from the digest.
    """

    hash_kind: OperationKind
    digest: bytes
    timestamp: Timestamp

    def __post_init__(self) -> None:
        size = DIGEST_SIZES.get(self.hash_kind)
        if size != len(self.digest):
            raise OtsError(
                "a {algorithm} file digest of {count} bytes, expected {size}",
                key="ots-digest-size",
                count=len(self.digest),
                size=size,
                algorithm=self.hash_kind.name.lower(),
            )


class Leaf(Struct, frozen=True):
    """One attestation of a proof with the message it is about.

    Attributes:
        attestation: what is attested.
        message: the message, None if an operation on the way is not supported here.
        weak: a weak hash function stands on the way.
    """

    attestation: Attestation
    message: bytes | None
    weak: bool


def replay(proof: Proof) -> Iterator[Leaf]:
    """Compute every message of a proof and give its attestations.

    Raises:
        OtsError: a message gets longer than 4096 bytes.
    """
    waiting: list[tuple[Timestamp, bytes | None, bool]] = [(proof.timestamp, proof.digest, proof.hash_kind in WEAK)]
    while waiting:
        timestamp, message, weak = waiting.pop()
        for member in timestamp.members:
            if isinstance(member, Branch):
                operation = member.operation
                result = None if message is None else operation.apply(message)
                waiting.append((member.timestamp, result, weak or operation.kind in WEAK))
            else:
                yield Leaf(member, message, weak)
