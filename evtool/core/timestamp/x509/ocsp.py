"""One OCSP answer, read with one certificate in mind (RFC 6960)."""

from __future__ import annotations

import warnings

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from evtool.core.timestamp.der import BIT_STRING, SEQUENCE, Fields, expect, read_only
from evtool.core.timestamp.x509.certificates import UNREADABLE, Certificate
from evtool.core.timestamp.x509.revocation_status import Evidence, Revocation

_SOURCE = "OCSP answer"
_VERSION = 0xA0


def read_ocsp(der: bytes, certificate: Certificate, issuer: Certificate) -> Evidence | None:
    """Read what an OCSP answer says about a certificate of this issuer; None if it is about another one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = ocsp.load_der_ocsp_response(der)
            if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
                return Evidence(_SOURCE, problem=f"an OCSP answer says {answer.response_status.name.lower()}")
            for single in answer.responses:
                if _is_about(single, certificate, issuer):
                    return _judge(answer, single, issuer)
            return None
    except UNREADABLE:
        return Evidence(_SOURCE, problem="an OCSP answer cannot be read")


def _is_about(single: ocsp.OCSPSingleResponse, certificate: Certificate, issuer: Certificate) -> bool:
    if single.serial_number != certificate.serial:
        return False
    name = hashes.Hash(single.hash_algorithm)
    name.update(certificate.issuer)
    key = hashes.Hash(single.hash_algorithm)
    key.update(_key_bits(issuer))
    return (name.finalize(), key.finalize()) == (single.issuer_name_hash, single.issuer_key_hash)


def _key_bits(certificate: Certificate) -> bytes:
    """Give the content of subjectPublicKey without its tag, length and count of unused bits (RFC 6960, 4.1.1)."""
    fields = Fields(Fields(read_only(certificate.der), "Certificate").required(SEQUENCE, "tbs"), "TBSCertificate")
    fields.optional(_VERSION)
    for field in ("serialNumber", "signature", "issuer", "validity", "subject"):
        fields.any(field)
    info = Fields(fields.required(SEQUENCE, "subjectPublicKeyInfo"), "SubjectPublicKeyInfo")
    info.required(SEQUENCE, "algorithm")
    return expect(info.any("subjectPublicKey"), BIT_STRING, "subjectPublicKey").content[1:]


def _judge(answer: ocsp.OCSPResponse, single: ocsp.OCSPSingleResponse, issuer: Certificate) -> Evidence:
    responder = _find_responder(answer, issuer)
    if responder is None or not _is_signed_by(answer, responder):
        return Evidence(_SOURCE, problem="an OCSP answer is not signed by the issuer or its delegate", foreign=True)
    if single.certificate_status is ocsp.OCSPCertStatus.REVOKED and single.revocation_time_utc:
        revocation = Revocation(single.revocation_time_utc, single.revocation_reason)
        return Evidence(_SOURCE, issued_at=single.this_update_utc, revocation=revocation)
    if single.certificate_status is ocsp.OCSPCertStatus.GOOD:
        return Evidence(_SOURCE, issued_at=single.this_update_utc)
    return Evidence(_SOURCE, problem="an OCSP answer does not know the certificate")


def _find_responder(answer: ocsp.OCSPResponse, issuer: Certificate) -> x509.Certificate | None:
    """Find who may have signed: the issuer, or a certificate it issued for this purpose (RFC 6960, 4.2.2.2)."""
    if _is_responder(answer, issuer.x509):
        return issuer.x509
    for candidate in answer.certificates:
        if _is_responder(answer, candidate) and _is_delegate(candidate, issuer.x509, answer):
            return candidate
    return None


def _is_responder(answer: ocsp.OCSPResponse, candidate: x509.Certificate) -> bool:
    if answer.responder_name is not None:
        return answer.responder_name == candidate.subject
    identifier = x509.SubjectKeyIdentifier.from_public_key(candidate.public_key())
    return answer.responder_key_hash == identifier.digest


def _is_delegate(candidate: x509.Certificate, issuer: x509.Certificate, answer: ocsp.OCSPResponse) -> bool:
    try:
        candidate.verify_directly_issued_by(issuer)
        usage = candidate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (InvalidSignature, ValueError, TypeError, x509.ExtensionNotFound):
        # ValueError: another issuer's name stands on it. TypeError: a key that cannot sign certificates.
        return False
    produced = answer.produced_at_utc
    valid = candidate.not_valid_before_utc <= produced <= candidate.not_valid_after_utc
    return valid and ExtendedKeyUsageOID.OCSP_SIGNING in usage


def _is_signed_by(answer: ocsp.OCSPResponse, responder: x509.Certificate) -> bool:
    key, function = responder.public_key(), answer.signature_hash_algorithm
    signature, data = answer.signature, answer.tbs_response_bytes
    try:
        match key:
            case rsa.RSAPublicKey() if function and answer.signature_algorithm_oid != SignatureAlgorithmOID.RSASSA_PSS:
                key.verify(signature, data, padding.PKCS1v15(), function)
            case ec.EllipticCurvePublicKey() if function:
                key.verify(signature, data, ec.ECDSA(function))
            case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
                key.verify(signature, data)
            case _:
                return False
    except InvalidSignature:
        return False
    return True
