"""The authority's answer: its status, and the token if it granted one (RFC 3161, section 2.4.2)."""

from __future__ import annotations

from msgspec import Struct

from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import shown
from evtool.core.timestamp.der import (
    BIT_STRING,
    OBJECT_IDENTIFIER,
    SEQUENCE,
    UTF8_STRING,
    Fields,
    Node,
    children,
    expect,
    read_only,
)
from evtool.core.timestamp.der_values import read_bits, read_integer

GRANTED = 0
GRANTED_WITH_MODS = 1

_STATUS = {2: "rejection", 3: "waiting", 4: "revocation warning", 5: "revocation notification"}
_FAILURE = {
    0: "badAlg",
    2: "badRequest",
    5: "badDataFormat",
    14: "timeNotAvailable",
    15: "unacceptedPolicy",
    16: "unacceptedExtension",
    17: "addInfoNotAvailable",
    25: "systemFailure",
}
_TEXT_LIMIT = 240


_BASE64 = compiled_when_used(rb"\s*(?:[A-Za-z0-9+/]{4,}\s*)+={0,2}\s*\Z")


class TimeStampResponse(Struct, frozen=True):
    """One parsed TimeStampResp, or a token that came without one.

    Attributes:
        status: PKIStatus; 0 and 1 mean granted.
        explanation: status, statusString and failInfo in words, safe to print; the words are the sender's.
        token: the ContentInfo as it stands, None if there is none.
        bare: only the token was given, without the response around it.
    """

    status: int
    explanation: str
    token: Node | None
    bare: bool = False

    @property
    def granted(self) -> bool:
        """Tell whether the authority says that it granted the request."""
        return self.status in (GRANTED, GRANTED_WITH_MODS)


def parse_response(data: bytes) -> TimeStampResponse:
    """Read a `.tsr` file, or a bare token.

    Raises:
        DerError: it is neither, or something follows it.
    """
    outer = expect(read_only(data), SEQUENCE, "TimeStampResp")
    members = children(outer)
    if members and members[0].tag == OBJECT_IDENTIFIER:
        return TimeStampResponse(GRANTED, "", outer, bare=True)
    fields = Fields(outer, "TimeStampResp")
    status, explanation = _parse_status(fields.required(SEQUENCE, "status"))
    token = fields.optional(SEQUENCE)
    fields.end()
    return TimeStampResponse(status, explanation, token)


def _parse_status(node: Node) -> tuple[int, str]:
    fields = Fields(node, "PKIStatusInfo")
    status = read_integer(fields.any("status"), "PKIStatusInfo.status")
    texts = fields.optional(SEQUENCE)
    failure = fields.optional(BIT_STRING)
    fields.end()
    words = [_STATUS.get(status, f"status {status}")]
    if failure:
        words += [_FAILURE.get(bit, f"failure {bit}") for bit in read_bits(failure, "PKIStatusInfo.failInfo")]
    if texts:
        said = " ".join(
            expect(t, UTF8_STRING, "statusString").content.decode("utf-8", "replace") for t in children(texts)
        )
        words.append(f'it says "{shown(said, _TEXT_LIMIT)}"')
    return status, ", ".join(words)


def explain_no_der(data: bytes) -> str:
    """Say what bytes that are not DER look like, for a person who handed in the wrong file; "" if nothing is known."""
    start = data[:512].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not data:
        return "the file is empty"
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")):
        return "this is a web page, not a time-stamp; a proxy or login page may have answered for the authority"
    if start.startswith(b"-----begin"):
        return "this is a PEM file; a time-stamp response is binary"
    if start.startswith(b"http/"):
        return "this is an HTTP message with its headers; only its body is the time-stamp"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "this is UTF-16 text, which PowerShell makes with `>` of anything; have the file sent again as it was"
    if len(data) > 8 and _BASE64.match(data.removeprefix(b"\xef\xbb\xbf")):
        return "this is base64 text, as mail and web forms send files; decode it first (base64 -d FILE > FILE.tsr)"
    return ""
