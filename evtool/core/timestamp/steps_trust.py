"""Steps 5 to 11 of the verification: who signed, whether the user trusts them, and what became known later."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import chain

from evtool.core.timestamp.algorithms import HashFunction, SignatureScheme, Strength
from evtool.core.timestamp.grounds import Together
from evtool.core.timestamp.judgement import Judgement
from evtool.core.timestamp.refusal import Refused
from evtool.core.timestamp.result import Caution, SignerFacts, TokenFacts, TokenReason
from evtool.core.timestamp.signature import MIN_RSA_BITS, check_signature
from evtool.core.timestamp.signed_data import SignedData, SignerInfo
from evtool.core.timestamp.tst_info import TstInfo
from evtool.core.timestamp.x509.certificates import Certificate, load_readable
from evtool.core.timestamp.x509.dn import is_same_name
from evtool.core.timestamp.x509.path import Path, has_timestamping_purpose
from evtool.core.timestamp.x509.revocation import CertificateStatus, Supplied, collect_status, is_harmless

FUTURE_TOLERANCE = timedelta(minutes=5)
"""How far an authority's clock may be ahead of this one's before it is worth a word."""


def load_certificates(judgement: Judgement, signed: SignedData) -> tuple[Certificate, ...]:
    """Step 5: read every certificate at hand; those that cannot be read are named and left out."""
    anchors = (anchor.certificate for anchor in judgement.grounds.anchors)
    found, problems = load_readable(chain(signed.certificates, judgement.grounds.certificates, anchors))
    for problem in problems:
        judgement.caution(Caution.CERTIFICATE_UNREADABLE, problem)
    return found


def judge_signature(judgement: Judgement, certificate: Certificate, signer: SignerInfo, digest: HashFunction) -> None:
    """Step 7: verify the signature, and doubt one that is too weak."""
    scheme = check_signature(certificate.key, signer, digest)
    facts = certificate.facts
    judgement.signer = SignerFacts(facts, scheme.value, digest.name, bool(signer.identifier.key_identifier))
    if digest.strength is Strength.WEAK:
        judgement.doubt(
            TokenReason.DIGEST_HASH_WEAK, f"the signature rests on {digest.name}: another statement could carry it"
        )
    kind, _, size = facts.key_algorithm.partition("-")
    if scheme in (SignatureScheme.RSA_PKCS1, SignatureScheme.RSA_PSS) and int(size) < MIN_RSA_BITS:
        detail = f"the signer's {kind} key has {size} bits, expected at least {MIN_RSA_BITS}"
        judgement.doubt(TokenReason.SIGNER_KEY_WEAK, detail)


def check_tsa_name(judgement: Judgement, info: TstInfo, certificate: Certificate) -> None:
    """Step 8: note a token that calls its authority by another name than its certificate."""
    if info.tsa and not is_same_name(info.tsa, certificate.subject):
        detail = f"the token calls its authority {info.facts.tsa_name}, the certificate {certificate.facts.name}"
        judgement.caution(Caution.TSA_NAME_DIFFERS, detail)


def check_purposes(judgement: Judgement, path: Path) -> None:
    """Step 9: note certification authorities whose list of purposes leaves time-stamping out."""
    for certificate in path.certificates[1:]:
        if not has_timestamping_purpose(certificate):
            detail = f"certificate {certificate.facts.name} is not meant for time-stamping authorities"
            judgement.caution(Caution.CA_EXTENDED_KEY_USAGE, detail)


def check_revocation(judgement: Judgement, path: Path, facts: TokenFacts, embedded: tuple[bytes, ...]) -> None:
    """Step 10: apply RFC 3161, section 4 to every certificate of the path but the anchor."""
    grounds = judgement.grounds
    kept = Supplied(Together(grounds.kept_crls, embedded), grounds.kept_ocsp_answers)
    supplied = Supplied(grounds.crls, grounds.ocsp_answers)
    known: list[datetime | None] = []
    open_questions: list[Certificate] = []
    for certificate, issuer in zip(path.certificates, path.certificates[1:], strict=False):
        status = collect_status(certificate, issuer, supplied, kept, facts.gen_time)
        known.append(status.known_until)
        if not _is_settled(judgement, certificate, status, facts):
            open_questions.append(certificate)
    judgement.known_until = min((moment for moment in known if moment), default=None) if all(known) else None
    if open_questions:
        _check_open(judgement, open_questions)


def _is_settled(judgement: Judgement, certificate: Certificate, status: CertificateStatus, facts: TokenFacts) -> bool:
    name, revocation = certificate.facts.name, status.revocation
    if revocation is None:
        if status.unusable and status.known_until is None:
            judgement.doubt(TokenReason.REVOCATION_UNUSABLE, f"certificate {name}: {status.unusable[0]}")
        return status.known_until is not None
    what = f"certificate {name} was revoked on {revocation.effective:%Y-%m-%d} ({revocation.reason_text})"
    if revocation.effective <= facts.gen_time:
        raise Refused(TokenReason.REVOKED, f"{what}, before the token's time")
    if is_harmless(revocation):
        judgement.caution(Caution.REVOKED_LATER, f"{what}, after the token's time, and the reason leaves it good")
    elif judgement.grounds.existed_by is None or judgement.grounds.existed_by >= revocation.effective:
        raise Refused(TokenReason.REVOKED, f"{what}; nothing shows that the token existed before")
    else:
        judgement.caution(
            Caution.PROVEN_BEFORE_COMPROMISE, f"{what}; a later proof shows that the token existed before"
        )
    return True


def _check_open(judgement: Judgement, certificates: list[Certificate]) -> None:
    """Decide what it means that nothing is known about some certificates."""
    ended = [certificate for certificate in certificates if not certificate.is_valid_at(judgement.grounds.judged_at)]
    if judgement.grounds.require_revocation:
        detail = f"no CRL or OCSP answer covers certificate {certificates[0].facts.name} at the token's time"
        judgement.doubt(TokenReason.REVOCATION_UNKNOWN, detail)
    elif ended:
        # As long as it is valid its authority can still be asked; afterwards only archived answers tell.
        detail = (
            f"valid at the token's time; certificate {ended[0].facts.name} has ended since, revocation state unknown"
        )
        judgement.doubt(TokenReason.REVOCATION_UNKNOWN, detail)
    else:
        judgement.caution(Caution.REVOCATION_NOT_CHECKED, "no CRL or OCSP answer was supplied for the whole path")


def check_time(judgement: Judgement, facts: TokenFacts) -> None:
    """Step 11: note a time ahead of the clock, and an unknown accuracy."""
    if facts.accuracy is None:
        judgement.caution(Caution.ACCURACY_UNKNOWN, "the authority does not say how accurate its clock is")
    if facts.gen_time - judgement.grounds.now > FUTURE_TOLERANCE:
        judgement.caution(
            Caution.TIME_IN_FUTURE, f"the token's time {facts.gen_time_text} is ahead of this computer's clock"
        )


def check_sunsets(judgement: Judgement, facts: TokenFacts, digest: HashFunction) -> None:
    """Step 11: doubt algorithms whose time is over at the moment of judgement."""
    table = judgement.grounds.sunsets
    if table is None or judgement.path is None:
        return
    # The anchor's own signature proves nothing: it is trusted because the user says so.
    links = [certificate.facts for certificate in judgement.path.certificates]
    rows = [table.find_hash(facts.imprint_hash), table.find_hash(digest.name)]
    rows += [table.find_key(link.key_algorithm) for link in links]
    rows += [table.find_hash(link.signature_hash) for link in links[:-1] if link.signature_hash]
    judged_at = judgement.grounds.judged_at
    for row in rows:
        if row and row.end and judged_at > row.end:
            detail = f"{row.name} is trusted until {row.until}, the token is judged as of {judged_at:%Y-%m-%d}"
            judgement.doubt(TokenReason.ALGORITHM_SUNSET, detail)
            return
