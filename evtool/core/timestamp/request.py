"""The time-stamp request: what leaves the machine, and what a reply is checked against later.

The file (`.tsq`) is the whole memory of an air-gapped stamp: imprint, policy and nonce stand in it, so a reply that
comes back weeks later on a stick can still be tied to it (RFC 3161, section 2.4.1).
"""

from __future__ import annotations

from msgspec import Struct

from evtool.core.errors import FormatError
from evtool.core.text.limits import MAX_REQUEST_BYTES
from evtool.core.text.names import shown
from evtool.core.timestamp.algorithms import HASHES_BY_NAME, Strength
from evtool.core.timestamp.der import (
    BOOLEAN,
    INTEGER,
    OBJECT_IDENTIFIER,
    SEQUENCE,
    DerError,
    Fields,
    read_only,
)
from evtool.core.timestamp.der_values import (
    read_boolean,
    read_integer,
    read_oid,
    write_boolean,
    write_integer,
    write_null,
    write_octets,
    write_oid,
    write_sequence,
)
from evtool.core.timestamp.tst_info import Imprint, parse_imprint

MEDIA_TYPE = "application/timestamp-query"
REPLY_MEDIA_TYPE = "application/timestamp-reply"
NONCE_BITS = 63

_VERSION = 1
_EXTENSIONS = 0xA0


class TimeStampRequest(Struct, frozen=True):
    """One parsed TimeStampReq.

    Attributes:
        imprint: what is to be stamped.
        policy: the policy asked for, dotted; None leaves it to the authority.
        nonce: the nonce, None if the request has none.
        certificates: whether the signer's certificate is asked for.
    """

    imprint: Imprint
    policy: str | None
    nonce: int | None
    certificates: bool


def make_nonce(random: int) -> int:
    """Turn 63 random bits into a nonce of exactly 8 bytes: positive and with its top bits set the same way always.

    Some authorities reject, or answer wrongly, to a negative nonce or one with a leading zero byte.
    """
    return random & (1 << NONCE_BITS) - 1 | 1 << NONCE_BITS - 1


def serialize_request(digest: bytes, hash_name: str, nonce: int, policy: str | None = None) -> bytes:
    """Write a TimeStampReq that asks for the authority's certificate.

    Raises:
        FormatError: the hash function is unknown, weak or refused, or the digest does not have its length.
    """
    function = HASHES_BY_NAME.get(hash_name)
    if function is None or function.strength is not Strength.ACCEPTED:
        raise FormatError(
            "{name} is not a hash function for time-stamps",
            hint="use sha256 or sha512",
            key="request-hash",
            name=shown(hash_name),
        )
    if len(digest) != function.size:
        raise FormatError(
            "{name} digest has {count} bytes, expected {size}",
            key="request-digest",
            count=len(digest),
            size=function.size,
            name=hash_name,
        )
    imprint = write_sequence(write_sequence(write_oid(function.oid), write_null()), write_octets(digest))
    return write_sequence(
        write_integer(_VERSION),
        imprint,
        write_oid(policy) if policy else b"",
        write_integer(nonce),
        write_boolean(True),
    )


def parse_request(data: bytes) -> TimeStampRequest:
    """Read a `.tsq` file.

    Raises:
        DerError: it is not a time-stamp request, or more than one.
    """
    if len(data) > MAX_REQUEST_BYTES:
        raise DerError(
            "a time-stamp request has at most {limit} bytes, this has {count}",
            key="request-long",
            count=len(data),
            limit=MAX_REQUEST_BYTES,
        )
    fields = Fields(read_only(data), "TimeStampReq")
    version = read_integer(fields.any("version"), "TimeStampReq.version")
    if version != _VERSION:
        raise DerError(
            "TimeStampReq has version {version}, expected {expected}",
            key="request-version",
            version=version,
            expected=_VERSION,
        )
    imprint = parse_imprint(fields.required(SEQUENCE, "messageImprint"))
    policy = fields.optional(OBJECT_IDENTIFIER)
    nonce = fields.optional(INTEGER)
    certificates = fields.optional(BOOLEAN)
    fields.optional(_EXTENSIONS)
    fields.end()
    return TimeStampRequest(
        imprint=imprint,
        policy=read_oid(policy, "TimeStampReq.reqPolicy") if policy else None,
        nonce=read_integer(nonce, "TimeStampReq.nonce") if nonce else None,
        certificates=read_boolean(certificates, "TimeStampReq.certReq") if certificates else False,
    )


def is_request(data: bytes) -> bool:
    """Tell whether bytes are a request; people hand in the `.tsq` where the `.tsr` is asked for."""
    try:
        parse_request(data)
    except DerError:
        return False
    return True
