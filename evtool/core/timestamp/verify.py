"""The verification of one time-stamp token, as a numbered list.

Parsing and judging are kept apart: only `DerError` and `Refused` are turned into an answer, so a fault of this program
shows as a fault and never as "malformed". A reason that leaves the token undecided is noted and the steps go on, as
a later one may still disprove it; a disproof ends the list.
"""

from __future__ import annotations

from evtool.core.timestamp.der import BerError, DerError, TrailingBytesError
from evtool.core.timestamp.grounds import Grounds
from evtool.core.timestamp.judgement import Judgement
from evtool.core.timestamp.refusal import Refused
from evtool.core.timestamp.result import TokenReason, TokenVerdict
from evtool.core.timestamp.signer import check_attributes, check_profile, choose_signer, find_candidates
from evtool.core.timestamp.steps_statement import check_statement, check_status, open_token, read_response
from evtool.core.timestamp.steps_trust import (
    check_purposes,
    check_revocation,
    check_sunsets,
    check_time,
    check_tsa_name,
    judge_signature,
    load_certificates,
)
from evtool.core.timestamp.x509.path import find_path


def verify_token(response: bytes, data: bytes, grounds: Grounds) -> TokenVerdict:
    """Judge whether a time-stamp response shows that `data` existed by its time.

    `response` is what the authority sent (`.tsr`) or a bare token; `data` is what was stamped. Never raises for what
    they hold.
    """
    judgement = Judgement(grounds)
    try:
        _verify(judgement, response, data)
    except Refused as refusal:
        judgement.remarks.append(refusal.remark)
    except BerError as error:
        detail = f"{error.message}; evtool reads DER only, as RFC 3161 asks for"
        judgement.doubt(TokenReason.BER_NOT_SUPPORTED, detail)
    except TrailingBytesError as error:
        judgement.doubt(TokenReason.TRAILING_BYTES, error.message)
    except DerError as error:
        judgement.doubt(TokenReason.MALFORMED, error.message)
    return judgement.verdict()


def _verify(judgement: Judgement, response: bytes, data: bytes) -> None:
    grounds = judgement.grounds
    # 1. One DER structure of at most 1 MiB, nothing behind it.
    parsed = read_response(response)
    # 2. The authority granted it; a token attached to a rejection is not looked at.
    token = check_status(judgement, parsed)
    # 3. A signed TSTInfo with exactly one signer.
    signed, info, signer = open_token(token)
    judgement.claimed = info.facts
    # 4. The statement is about this data, and answers this request.
    check_statement(judgement, info, data)
    # 5. The certificates that may be the signer's.
    certificates = load_certificates(judgement, signed)
    candidates = find_candidates(certificates, signer.identifier)
    # 6. The signed attributes bind the statement, and name one certificate.
    digest = check_attributes(signer, signed.content or b"")
    certificate = choose_signer(candidates, signer)
    # 7. The signature over the attributes as they were received.
    judge_signature(judgement, certificate, signer, digest)
    # 8. That certificate may sign time-stamps, and nothing else.
    check_profile(certificate)
    check_tsa_name(judgement, info, certificate)
    # 9. A path to an anchor of the user, valid at the token's time.
    others = [other for other in certificates if other.der != certificate.der]
    judgement.path = find_path(certificate, others, grounds.anchors, info.facts.gen_time, info.policy)
    check_purposes(judgement, judgement.path)
    # 10. Revocation, from what was supplied.
    check_revocation(judgement, judgement.path, info.facts, signed.crls)
    # 11. The clock and the algorithms at the moment of judgement.
    check_time(judgement, info.facts)
    check_sunsets(judgement, info.facts, digest)
