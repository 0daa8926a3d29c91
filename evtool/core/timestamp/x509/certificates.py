"""Certificates, read completely once, so that no error of theirs shows up later in the middle of a judgement.

`cryptography` parses lazily: issuer, extensions and version raise on first use, and one of these errors is not even a
ValueError. Everything that is used later is therefore touched here; a certificate that cannot be read is dropped and
named. Names and serial numbers are compared by the exact bytes of the certificate, which that library does not give.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from msgspec import Struct

from evtool.core.errors import FormatError
from evtool.core.finding import Cause, Phrase, Words
from evtool.core.text.names import shown
from evtool.core.timestamp.der import SEQUENCE, Fields, Node, read_only
from evtool.core.timestamp.der_values import read_integer
from evtool.core.timestamp.result import CertificateFacts
from evtool.core.timestamp.x509.dn import describe_name
from evtool.core.timestamp.x509.pem import find_blocks

MAX_BUNDLE_BYTES = 4 << 20
"""Bytes of a file of certificates that the user hands in."""

MAX_CERTIFICATES = 1000
"""Certificates in it."""

_VERSION = 0xA0
_LABELS = frozenset({b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE"})


UNREADABLE = (
    FormatError,
    ValueError,
    TypeError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    UnsupportedAlgorithm,
)
"""What `cryptography` raises on certificates, CRLs and OCSP answers it cannot read; these have no common root."""


class CertificateError(FormatError):
    """A certificate cannot be read, or uses something that is not supported."""


class Certificate(Struct, frozen=True):
    """One certificate that was read completely.

    Attributes:
        der: its exact bytes.
        x509: the same as `cryptography` sees it.
        issuer: the issuer's Name, exact bytes.
        subject: the subject's Name as it stands.
        serial: its serial number.
        key: its public key, None if its kind is not supported.
        key_identifier: its subject key identifier, empty if it has none.
    """

    der: bytes
    x509: x509.Certificate
    issuer: bytes
    subject: Node
    serial: int
    key: CertificatePublicKeyTypes | None
    key_identifier: bytes

    @property
    def facts(self) -> CertificateFacts:
        """Give what a report says about this certificate."""
        algorithm = self.x509.signature_hash_algorithm
        return CertificateFacts(
            name=describe_name(self.subject),
            fingerprint=hashlib.sha256(self.der).hexdigest(),
            not_before=self.x509.not_valid_before_utc,
            not_after=self.x509.not_valid_after_utc,
            key_algorithm=describe_key(self.key),
            signature_hash=algorithm.name if algorithm else "",
            self_issued=self.issuer == self.subject.raw,
        )

    def is_valid_at(self, time: datetime) -> bool:
        """Tell whether a moment lies in the validity period; both ends belong to it (RFC 5280, section 4.1.2.5)."""
        second = time.astimezone(UTC).replace(microsecond=0)
        return self.x509.not_valid_before_utc <= second <= self.x509.not_valid_after_utc


def load_certificate(der: bytes) -> Certificate:
    """Read a certificate completely.

    Raises:
        CertificateError: it is malformed, or `cryptography` cannot read some part of it.
    """
    try:
        issuer, subject, serial = _parse_names(der)
        # Ambiguous old encodings make the library warn; a warning must neither reach a terminal nor become an error.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            certificate = x509.load_der_x509_certificate(der)
            _touch(certificate)
            key_identifier = _key_identifier(certificate)
            key = _public_key(certificate)
    except UNREADABLE as error:
        raise CertificateError(
            "certificate cannot be read: {why_en}", key="certificate-unreadable", why_en=shown(str(error), 160)
        ) from error
    return Certificate(der, certificate, issuer, subject, serial, key, key_identifier)


def _parse_names(der: bytes) -> tuple[bytes, Node, int]:
    fields = Fields(Fields(read_only(der), "Certificate").required(SEQUENCE, "tbsCertificate"), "TBSCertificate")
    fields.optional(_VERSION)
    serial = read_integer(fields.any("serialNumber"), "serialNumber")
    # cryptography announces that it will refuse these; refusing them now keeps the verdict the same in years to come.
    if serial <= 0:
        raise CertificateError(
            "its serial number is not positive (RFC 5280, section 4.1.2.2)", key="certificate-serial"
        )
    fields.required(SEQUENCE, "signature")
    issuer = fields.required(SEQUENCE, "issuer")
    fields.required(SEQUENCE, "validity")
    subject = fields.required(SEQUENCE, "subject")
    describe_name(subject)
    return issuer.raw, subject, serial


def _touch(certificate: x509.Certificate) -> None:
    for part in ("version", "issuer", "subject", "extensions", "not_valid_before_utc", "not_valid_after_utc"):
        getattr(certificate, part)
    try:
        certificate.signature_hash_algorithm  # noqa: B018  # touched for the error it may raise
    except UnsupportedAlgorithm as error:
        raise CertificateError("its signature algorithm is not supported", key="certificate-algorithm") from error


def _key_identifier(certificate: x509.Certificate) -> bytes:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return b""


def _public_key(certificate: x509.Certificate) -> CertificatePublicKeyTypes | None:
    try:
        return certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return None


def describe_key(key: CertificatePublicKeyTypes | None) -> str:
    """Name the kind and size of a key as the sunset table does, for example `rsa-3072` or `ec-256`."""
    match key:
        case rsa.RSAPublicKey():
            return f"rsa-{key.key_size}"
        case ec.EllipticCurvePublicKey():
            return f"ec-{key.key_size}"
        case dsa.DSAPublicKey():
            return f"dsa-{key.key_size}"
        case ed25519.Ed25519PublicKey():
            return "ed25519"
        case ed448.Ed448PublicKey():
            return "ed448"
        case _:
            return "unsupported"


def load_readable(ders: Iterable[bytes]) -> tuple[tuple[Certificate, ...], tuple[str, ...]]:
    """Read what can be read of several certificates, each once; the rest is named by what is wrong with it."""
    found: dict[bytes, Certificate] = {}
    problems: list[str] = []
    for der in ders:
        if der in found:
            continue
        try:
            found[der] = load_certificate(der)
        except CertificateError as error:
            problems.append(error.message)
    return tuple(found.values()), tuple(problems)


def parse_certificate_file(
    data: bytes, most: int = MAX_CERTIFICATES
) -> tuple[tuple[Certificate, ...], tuple[str, ...]]:
    """Read a file of certificates: PEM with any number of blocks, or one certificate in DER.

    One bad block does not lose the others: it is reported by its number, in the order of the file.

    Raises:
        CertificateError: the file is too large, or holds no certificate at all, or more than `most`.
    """
    if len(data) > MAX_BUNDLE_BYTES:
        raise CertificateError(
            "a certificate file has at most {limit} bytes, this has {count}",
            key="certificate-file-long",
            count=len(data),
            limit=MAX_BUNDLE_BYTES,
        )
    if data[:1] == bytes([SEQUENCE]):
        return (load_certificate(data),), ()
    # One more than the limit is enough to know; none is decoded before that.
    blocks = list(islice((block for block in find_blocks(data) if block.label in _LABELS), most + 1))
    if not 1 <= len(blocks) <= most:
        count = f"more than {most}" if blocks else "0"
        raise CertificateError(
            "the file holds {count} certificates in PEM, expected 1 to {most}",
            hint="a certificate file has lines '-----BEGIN CERTIFICATE-----'",
            key="certificate-file-count",
            count=count,
            most=most,
        )
    found: dict[bytes, Certificate] = {}
    problems: list[str] = []
    for number, block in enumerate(blocks, 1):
        try:
            certificate = load_certificate(block.decode())
            found.setdefault(certificate.der, certificate)
        except FormatError as error:
            says = Words("certificate-problem", number=number, why=Cause.of(error))
            problems.append(Phrase(f"certificate {number}: {shown(str(error), 200)}", says))
    return tuple(found.values()), tuple(problems)
