"""One certificate revocation list, read with one certificate in mind (RFC 5280, section 5)."""

from __future__ import annotations

import warnings
from datetime import datetime

from cryptography import x509

from evtool.core.timestamp.x509.certificates import UNREADABLE, Certificate
from evtool.core.timestamp.x509.revocation_status import Evidence, Revocation

_SOURCE = "CRL"


def read_crl(der: bytes, certificate: Certificate, issuer: Certificate) -> Evidence | None:
    """Read what a CRL says about a certificate of this issuer; None if it is about another issuer's.

    Only the issuer itself may sign: lists signed by a third party, lists of changes, and lists of some reasons only
    are named as unusable, never counted as "not revoked".
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            crl = x509.load_der_x509_crl(der)
            if crl.issuer != issuer.x509.subject:
                return None
            return _judge(crl, certificate, issuer)
    except UNREADABLE:
        return Evidence(_SOURCE, problem="a CRL cannot be read")


def _judge(crl: x509.CertificateRevocationList, certificate: Certificate, issuer: Certificate) -> Evidence:
    key = issuer.x509.public_key()
    if not _may_sign(issuer) or not crl.is_signature_valid(key):  # type: ignore[arg-type]
        return Evidence(_SOURCE, problem="a CRL in the issuer's name is not signed by the issuer", foreign=True)
    if problem := _scope_problem(crl, certificate):
        return Evidence(_SOURCE, problem=problem)
    entry = crl.get_revoked_certificate_by_serial_number(certificate.serial)
    if entry is None or _reason(entry) is x509.ReasonFlags.remove_from_crl:
        return Evidence(_SOURCE, issued_at=crl.last_update_utc)
    revocation = Revocation(entry.revocation_date_utc, _reason(entry), _invalidity_date(entry))
    return Evidence(_SOURCE, issued_at=crl.last_update_utc, revocation=revocation)


def _may_sign(issuer: Certificate) -> bool:
    try:
        return issuer.x509.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


def _scope_problem(crl: x509.CertificateRevocationList, certificate: Certificate) -> str:
    for extension in crl.extensions:
        match extension.value:
            case x509.DeltaCRLIndicator():
                return "a CRL lists changes only"
            case x509.IssuingDistributionPoint() as scope:
                if scope.indirect_crl or scope.only_some_reasons or scope.only_contains_attribute_certs:
                    return "a CRL covers some reasons or other issuers only"
                if scope.only_contains_user_certs if _is_ca(certificate) else scope.only_contains_ca_certs:
                    return "a CRL does not cover this kind of certificate"
            case x509.UnrecognizedExtension() if extension.critical:
                return "a CRL has an unknown critical extension"
    return ""


def _is_ca(certificate: Certificate) -> bool:
    try:
        return certificate.x509.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _reason(entry: x509.RevokedCertificate) -> x509.ReasonFlags | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return None


def _invalidity_date(entry: x509.RevokedCertificate) -> datetime | None:
    try:
        return entry.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc
    except x509.ExtensionNotFound:
        return None
