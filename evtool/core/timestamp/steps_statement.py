"""Steps 1 to 4 of the verification: from bytes to a statement about this data. No certificate is looked at."""

from __future__ import annotations

import hmac

from evtool.core.text.limits import MAX_RESPONSE_BYTES
from evtool.core.timestamp.algorithms import Strength
from evtool.core.timestamp.der import DerError, Node
from evtool.core.timestamp.judgement import Judgement
from evtool.core.timestamp.refusal import Refused
from evtool.core.timestamp.request import TimeStampRequest, is_request
from evtool.core.timestamp.response import (
    GRANTED_WITH_MODS,
    TimeStampResponse,
    explain_no_der,
    parse_response,
)
from evtool.core.timestamp.result import Caution, TokenReason
from evtool.core.timestamp.signed_data import (
    SIGNED_DATA,
    TST_INFO,
    SignedData,
    SignerInfo,
    parse_content_info,
    parse_signed_data,
)
from evtool.core.timestamp.tst_info import VERSION, TstInfo, parse_tst_info


def read_response(response: bytes) -> TimeStampResponse:
    """Step 1: read one DER structure of at most 1 MiB, and say what else it is if it is none."""
    if len(response) > MAX_RESPONSE_BYTES:
        detail = f"a response has at most {MAX_RESPONSE_BYTES} bytes, this has {len(response)}"
        raise Refused(TokenReason.TOO_LARGE, detail)
    try:
        return parse_response(response)
    except DerError:
        if is_request(response):
            raise Refused(
                TokenReason.IS_A_REQUEST, "this is a time-stamp request (.tsq), not a response (.tsr)"
            ) from None
        if explanation := explain_no_der(response):
            raise Refused(TokenReason.MALFORMED, explanation) from None
        if _has_line_end(response):
            detail = "a line break follows the time-stamp: the file was handled as text; have it sent again as it was"
            raise Refused(TokenReason.TRAILING_BYTES, detail) from None
        raise


def _has_line_end(response: bytes) -> bool:
    """Tell whether a response would be one without the line break at its end."""
    for end in (b"\r\n", b"\n"):
        if response.endswith(end):
            try:
                parse_response(response.removesuffix(end))
            except DerError:
                continue
            return True
    return False


def check_status(judgement: Judgement, response: TimeStampResponse) -> Node:
    """Step 2: take the token of a granted request; one attached to a rejection is not looked at."""
    if not response.granted:
        raise Refused(TokenReason.NOT_GRANTED, f"the authority granted nothing: {response.explanation}")
    if response.token is None:
        raise Refused(TokenReason.NO_TOKEN, "the authority says that it granted a token, and sent none")
    if response.status == GRANTED_WITH_MODS:
        judgement.caution(Caution.GRANTED_WITH_MODS, "the authority changed something of what was asked for")
    return response.token


def open_token(token: Node) -> tuple[SignedData, TstInfo, SignerInfo]:
    """Step 3: open the envelope, which must hold a TSTInfo and exactly one signer."""
    content_type, content = parse_content_info(token)
    if content_type != SIGNED_DATA:
        raise Refused(TokenReason.NOT_SIGNED_DATA, f"the token has content type {content_type}, expected signed data")
    signed = parse_signed_data(content)
    if signed.content_type != TST_INFO or signed.content is None:
        raise Refused(
            TokenReason.NOT_A_TIMESTAMP, f"signed is {signed.content_type}, expected the content of a time-stamp"
        )
    if len(signed.signers) != 1:
        raise Refused(TokenReason.SIGNER_COUNT, f"the token has {len(signed.signers)} signers, expected 1")
    info = parse_tst_info(signed.content)
    if info.version != VERSION:
        raise Refused(TokenReason.UNKNOWN_VERSION, f"TSTInfo has version {info.version}, expected {VERSION}")
    return signed, info, signed.signers[0]


def check_statement(judgement: Judgement, info: TstInfo, data: bytes) -> None:
    """Step 4: compare the statement with the data, and with the saved request if there is one."""
    if info.unknown_critical:
        detail = f"the token has a critical extension that is not known: {info.unknown_critical[0]}"
        raise Refused(TokenReason.CRITICAL_EXTENSION, detail)
    function = info.imprint.hash_function
    if function and function.strength is Strength.REFUSED:
        raise Refused(TokenReason.IMPRINT_HASH_REFUSED, f"the imprint is {function.name}, which is broken")
    computed = function.compute(data) if function else None
    if function is None or computed is None:
        raise Refused(
            TokenReason.ALGORITHM_UNSUPPORTED, f"the imprint's hash {info.facts.imprint_hash} is not supported"
        )
    if not hmac.compare_digest(computed, info.imprint.digest):
        detail = f"the token is for {function.name} {info.facts.imprint[:16]}..., the data has {computed.hex()[:16]}..."
        raise Refused(TokenReason.IMPRINT_MISMATCH, detail)
    if function.strength is Strength.WEAK:
        judgement.doubt(
            TokenReason.IMPRINT_HASH_WEAK, f"the imprint is {function.name}: other data with it could be made"
        )
    if judgement.grounds.request:
        _check_request(info, judgement.grounds.request)


def _check_request(info: TstInfo, request: TimeStampRequest) -> None:
    if info.imprint.raw != request.imprint.raw:
        raise Refused(TokenReason.REQUEST_IMPRINT_MISMATCH, "the token's imprint is not the one that was asked for")
    if request.policy and info.policy != request.policy:
        detail = f"the token has policy {info.policy}, asked for was {request.policy}"
        raise Refused(TokenReason.REQUEST_POLICY_MISMATCH, detail)
    if request.nonce is not None and info.nonce != request.nonce:
        found = "no nonce" if info.nonce is None else f"nonce {info.nonce:x}"
        raise Refused(
            TokenReason.NONCE_MISMATCH, f"the token has {found}, asked for was {request.nonce:x}: an old reply?"
        )
