"""Who signed: the one certificate that the signed attributes name, and whether it may sign time-stamps."""

from __future__ import annotations

import hmac
from collections.abc import Iterable

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from evtool.core.timestamp.algorithms import HASH_FUNCTIONS, HashFunction, Strength
from evtool.core.timestamp.der import SEQUENCE, Fields, Node, children, read_only
from evtool.core.timestamp.der_values import read_integer, read_octets, read_oid
from evtool.core.timestamp.refusal import Refused
from evtool.core.timestamp.result import TokenReason
from evtool.core.timestamp.signed_data import (
    CONTENT_TYPE,
    MESSAGE_DIGEST,
    SIGNING_CERTIFICATE,
    SIGNING_CERTIFICATE_V2,
    TST_INFO,
    SignerIdentifier,
    SignerInfo,
    parse_ess_cert_id,
)
from evtool.core.timestamp.x509.certificates import Certificate

_SHA1 = HASH_FUNCTIONS["1.3.14.3.2.26"]
_SHA256 = HASH_FUNCTIONS["2.16.840.1.101.3.4.2.1"]
_DIRECTORY_NAME = 0xA4


def find_candidates(pool: Iterable[Certificate], identifier: SignerIdentifier) -> tuple[Certificate, ...]:
    """Find every certificate that the unsigned signer identifier fits; there may be several, or impostors.

    Raises:
        Refused: there is none.
    """
    if identifier.key_identifier:
        found = tuple(c for c in pool if c.key_identifier == identifier.key_identifier)
    else:
        found = tuple(c for c in pool if (c.issuer, c.serial) == (identifier.issuer, identifier.serial))
    if not found:
        raise Refused(
            TokenReason.SIGNER_CERTIFICATE_MISSING, "the signer's certificate is not in the token, nor supplied"
        )
    return found


def check_attributes(signer: SignerInfo, content: bytes) -> HashFunction:
    """Check the signed attributes against the content (RFC 5652, section 11; RFC 3161, section 2.4.2).

    Returns the hash function of the digest, which may be a weak one.

    Raises:
        Refused: an attribute is missing, repeated, or does not fit.
    """
    if not signer.signed_attributes:
        raise Refused(TokenReason.SIGNED_ATTRIBUTES_MISSING, "the token has no signed attributes")
    kinds = [kind for kind, _ in signer.attributes]
    for kind in kinds:
        if kinds.count(kind) > 1:
            raise Refused(TokenReason.ATTRIBUTE_REPEATED, f"signed attribute {kind} stands there twice")
    values = dict(signer.attributes)
    content_type = values.get(CONTENT_TYPE, ())
    if [read_oid(value, "contentType") for value in content_type] != [TST_INFO]:
        raise Refused(TokenReason.CONTENT_TYPE_MISMATCH, "the signed content type is not TSTInfo")
    function = _digest_function(signer.digest_oid)
    found = [read_octets(value, "messageDigest") for value in values.get(MESSAGE_DIGEST, ())]
    computed = function.compute(content)
    if computed is None:
        raise Refused(TokenReason.ALGORITHM_UNSUPPORTED, f"this Python cannot compute {function.name}")
    if len(found) != 1 or not hmac.compare_digest(found[0], computed):
        raise Refused(TokenReason.MESSAGE_DIGEST_MISMATCH, "the signed digest is not the digest of the TSTInfo")
    return function


def _digest_function(oid: str) -> HashFunction:
    function = HASH_FUNCTIONS.get(oid)
    if function is None:
        raise Refused(TokenReason.ALGORITHM_UNSUPPORTED, f"hash function {oid} is not supported")
    if function.strength is Strength.REFUSED:
        raise Refused(TokenReason.DIGEST_HASH_REFUSED, f"the signature rests on {function.name}, which is broken")
    return function


def choose_signer(candidates: tuple[Certificate, ...], signer: SignerInfo) -> Certificate:
    """Choose the certificate that the signed ESSCertID names; without it certificates could be exchanged.

    If both versions of the attribute are there, both must fit.

    Raises:
        Refused: there is no such attribute, or no candidate fits.
    """
    values = dict(signer.attributes)
    present = [kind for kind in (SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2) if kind in values]
    if not present:
        raise Refused(TokenReason.ESS_CERT_ID_MISSING, "no signed attribute names the signer's certificate")
    for candidate in candidates:
        if all(_is_named(candidate, values[kind], kind == SIGNING_CERTIFICATE_V2) for kind in present):
            return candidate
    detail = "the certificate is not the one that the signed attributes name"
    raise Refused(TokenReason.ESS_CERT_ID_MISMATCH, detail)


def _is_named(candidate: Certificate, values: tuple[Node, ...], version_2: bool) -> bool:
    oid, certificate_hash, issuer_serial = parse_ess_cert_id(values, version_2)
    function = HASH_FUNCTIONS.get(oid) if oid else (_SHA256 if version_2 else _SHA1)
    if function is None or function.strength is Strength.REFUSED:
        raise Refused(TokenReason.ALGORITHM_UNSUPPORTED, f"hash function {oid} is not supported in an ESSCertID")
    computed = function.compute(candidate.der)
    if computed is None or not hmac.compare_digest(computed, certificate_hash):
        return False
    return issuer_serial is None or _is_issuer_serial(candidate, issuer_serial)


def _is_issuer_serial(candidate: Certificate, issuer_serial: bytes) -> bool:
    fields = Fields(read_only(issuer_serial), "issuerSerial")
    names = children(fields.required(SEQUENCE, "issuer"))
    serial = read_integer(fields.any("serialNumber"), "issuerSerial.serialNumber")
    fields.end()
    wanted = [children(name)[0].raw for name in names if name.tag == _DIRECTORY_NAME and children(name)]
    return serial == candidate.serial and candidate.issuer in wanted


def check_profile(certificate: Certificate) -> None:
    """Check that a certificate may sign time-stamps and nothing else (RFC 3161, section 2.3).

    Raises:
        Refused: it may not.
    """
    extensions = certificate.x509.extensions
    try:
        usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        raise Refused(TokenReason.EKU_MISSING, "the signer's certificate is not issued for time-stamping") from None
    purposes = list(usage.value)
    if ExtendedKeyUsageOID.TIME_STAMPING not in purposes:
        raise Refused(TokenReason.EKU_MISSING, "the signer's certificate is issued for other purposes")
    if not usage.critical:
        raise Refused(TokenReason.EKU_NOT_CRITICAL, "the signer's certificate does not mark its purpose as critical")
    if purposes != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise Refused(TokenReason.EKU_NOT_EXCLUSIVE, "the signer's certificate is not for time-stamping alone")
    _check_key_usage(extensions)
    if _is_ca(extensions):
        raise Refused(TokenReason.SIGNER_IS_CA, "the signer's certificate is that of a certification authority")


def _check_key_usage(extensions: x509.Extensions) -> None:
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if usage.key_cert_sign or not (usage.digital_signature or usage.content_commitment):
        raise Refused(TokenReason.KEY_USAGE_UNSUITABLE, "the signer's key is not meant for signatures on data")


def _is_ca(extensions: x509.Extensions) -> bool:
    try:
        return extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
