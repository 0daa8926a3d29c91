"""The file format of OpenTimestamps proofs, and of calendars' replies: reading, writing, byte for byte.

Neither direction recurses: a proof may be 256 operations deep, and Python's own limit is not far above.
"""

from __future__ import annotations

from msgspec import Struct, field

from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.limits import MAX_PROOF_BYTES
from evtool.core.text.names import shown
from evtool.core.timestamp.ots.proof import (
    DIGEST_SIZES,
    MAX_DEPTH,
    MAX_MEMBERS,
    MAX_MESSAGE,
    MAX_URI,
    Attestation,
    BitcoinAttestation,
    Branch,
    Operation,
    OperationKind,
    OtsError,
    PendingAttestation,
    Proof,
    Timestamp,
    UnknownAttestation,
)

MAGIC = b"\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94"
VERSION = 1
MAX_REPLY_BYTES = 10_000

_MORE = 0xFF
_ATTESTATION = 0x00
_TAG_SIZE = 8
_MAX_PAYLOAD = 8192
_BITCOIN = bytes.fromhex("0588960d73d71901")
_PENDING = bytes.fromhex("83dfe30d2ef90c8e")
_URI = compiled_when_used(rb"[A-Za-z0-9._/:-]*\Z")


class OtsTrailingBytesError(OtsError):
    """A complete proof is followed by more bytes."""


class OtsVersionError(OtsError):
    """A proof of a later version than this program knows."""


class _Reader:
    """Takes bytes from the front of a buffer."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def take(self, count: int) -> bytes:
        end = self._position + count
        if end > len(self._data):
            raise OtsError(
                "the proof ends at byte {count}, in the middle of something", key="ots-cut", count=len(self._data)
            )
        taken = self._data[self._position : end]
        self._position = end
        return taken

    def number(self) -> int:
        """Read a number of 7 bits a byte, least first, at most 8 bytes, without padding."""
        value = 0
        for shift in range(0, 56, 7):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if not byte & 0x80:
                if byte == 0 and shift:
                    raise OtsError("a number is not in its shortest form", key="ots-number-form")
                return value
        raise OtsError("a number is longer than 8 bytes", key="ots-number-long")

    def sized(self, limit: int, least: int = 0) -> bytes:
        size = self.number()
        if not least <= size <= limit:
            raise OtsError(
                "a field of {size} bytes, expected {least} to {limit}",
                key="ots-field-size",
                size=size,
                least=least,
                limit=limit,
            )
        return self.take(size)

    @property
    def left(self) -> int:
        return len(self._data) - self._position


class _Frame(Struct):
    """A message whose members are being read."""

    operation: Operation | None
    is_last: bool
    members: list[Attestation | Branch] = field(default_factory=list)


def parse_proof(data: bytes) -> Proof:
    """Read a proof file (`.ots`).

    Raises:
        OtsVersionError: it is of a later version.
        OtsTrailingBytesError: something follows it.
        OtsError: it is not a proof, or past the limits on depth, size or number.
    """
    if len(data) > MAX_PROOF_BYTES:
        raise OtsError(
            "a proof has at most {limit} bytes, this has {count}",
            key="ots-long",
            count=len(data),
            limit=MAX_PROOF_BYTES,
        )
    if not data.startswith(MAGIC):
        raise OtsError("this is not an OpenTimestamps proof: its first bytes are wrong", key="ots-magic")
    reader = _Reader(data[len(MAGIC) :])
    version = reader.number()
    if version != VERSION:
        raise OtsVersionError(
            "OpenTimestamps proof of version {version}, expected {expected}",
            key="ots-version",
            version=version,
            expected=VERSION,
        )
    kind = _operation_kind(reader.take(1)[0])
    if kind not in DIGEST_SIZES:
        raise OtsError("{operation} is not the hash of a file", key="ots-not-file-hash", operation=kind.name.lower())
    digest = reader.take(DIGEST_SIZES[kind])
    timestamp = _parse_timestamp(reader)
    _check_end(reader)
    return Proof(kind, digest, timestamp)


def parse_reply(data: bytes) -> Timestamp:
    """Read what a calendar answers: the tree behind a commitment, without the head of a file.

    Raises:
        OtsError: it is longer than 10 000 bytes, or not such a tree.
    """
    if len(data) > MAX_REPLY_BYTES:
        raise OtsError(
            "a calendar's reply has at most {limit} bytes, this has {count}",
            key="ots-reply-long",
            count=len(data),
            limit=MAX_REPLY_BYTES,
        )
    reader = _Reader(data)
    timestamp = _parse_timestamp(reader)
    _check_end(reader)
    return timestamp


def _check_end(reader: _Reader) -> None:
    if reader.left:
        raise OtsTrailingBytesError("{count} bytes follow the end of the proof", key="ots-trailing", count=reader.left)


def _parse_timestamp(reader: _Reader) -> Timestamp:
    stack = [_Frame(None, True)]
    count = 0
    while True:
        tag = reader.take(1)[0]
        is_last = tag != _MORE
        tag = tag if is_last else reader.take(1)[0]
        count += 1
        if count > MAX_MEMBERS:
            raise OtsError("a proof with more than {limit} parts", key="ots-too-many", limit=MAX_MEMBERS)
        if tag != _ATTESTATION:
            stack.append(_Frame(_parse_operation(reader, tag), is_last))
            if len(stack) > MAX_DEPTH:
                raise OtsError("a proof deeper than {limit} operations", key="ots-too-deep", limit=MAX_DEPTH)
            continue
        stack[-1].members.append(_parse_attestation(reader))
        while is_last:
            frame = stack.pop()
            timestamp = Timestamp(tuple(frame.members))
            if frame.operation is None:
                return timestamp
            stack[-1].members.append(Branch(frame.operation, timestamp))
            is_last = frame.is_last


def _operation_kind(tag: int) -> OperationKind:
    try:
        return OperationKind(tag)
    except ValueError:
        raise OtsError("operation {tag} is not known", key="ots-operation-unknown", tag=f"{tag:#04x}") from None


def _parse_operation(reader: _Reader, tag: int) -> Operation:
    kind = _operation_kind(tag)
    if kind in (OperationKind.APPEND, OperationKind.PREPEND):
        return Operation(kind, reader.sized(MAX_MESSAGE, 1))
    return Operation(kind)


def _parse_attestation(reader: _Reader) -> Attestation:
    tag, payload = reader.take(_TAG_SIZE), reader.sized(_MAX_PAYLOAD)
    inner = _Reader(payload)
    if tag == _BITCOIN:
        height = inner.number()
        _check_payload(inner)
        return BitcoinAttestation(height)
    if tag == _PENDING:
        uri = inner.sized(MAX_URI)
        _check_payload(inner)
        if not _URI.match(uri):
            raise OtsError(
                "a calendar address with forbidden characters: {address}",
                key="ots-calendar-address",
                address=shown(uri.decode("latin-1"), 80),
            )
        return PendingAttestation(uri.decode("ascii"))
    return UnknownAttestation(tag, payload)


def _check_payload(inner: _Reader) -> None:
    if inner.left:
        raise OtsError(
            "an attestation has {count} bytes that do not belong there", key="ots-attestation-extra", count=inner.left
        )


def serialize_proof(proof: Proof) -> bytes:
    """Write a proof file; a proof that was read is written to the same bytes."""
    head = MAGIC + _number(VERSION) + bytes([proof.hash_kind.value]) + proof.digest
    return head + serialize_timestamp(proof.timestamp)


def serialize_timestamp(timestamp: Timestamp) -> bytes:
    """Write the tree alone, as calendars send it."""
    written: list[bytes] = []
    waiting: list[tuple[Attestation | Branch, bool]] = _queue(timestamp)
    while waiting:
        member, is_last = waiting.pop()
        written.append(b"" if is_last else bytes([_MORE]))
        if isinstance(member, Branch):
            operation = member.operation
            written.append(bytes([operation.kind.value]) + (_sized(operation.argument) if operation.argument else b""))
            waiting += _queue(member.timestamp)
        else:
            written.append(_attestation_bytes(member))
    return b"".join(written)


def _queue(timestamp: Timestamp) -> list[tuple[Attestation | Branch, bool]]:
    last = len(timestamp.members) - 1
    return [(member, index == last) for index, member in enumerate(timestamp.members)][::-1]


def _attestation_bytes(attestation: Attestation) -> bytes:
    match attestation:
        case BitcoinAttestation():
            tag, payload = _BITCOIN, _number(attestation.height)
        case PendingAttestation():
            tag, payload = _PENDING, _sized(attestation.uri.encode("ascii"))
        case UnknownAttestation():
            tag, payload = attestation.tag, attestation.payload
    return bytes([_ATTESTATION]) + tag + _sized(payload)


def _sized(data: bytes) -> bytes:
    return _number(len(data)) + data


def _number(value: int) -> bytes:
    digits = bytearray()
    while True:
        byte, value = value & 0x7F, value >> 7
        digits.append(byte | (0x80 if value else 0))
        if not value:
            return bytes(digits)
