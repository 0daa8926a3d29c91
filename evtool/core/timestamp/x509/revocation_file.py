"""A file of revocation evidence that somebody hands in: which kind it is, and what it says of a path."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from itertools import islice, pairwise

from cryptography import x509
from cryptography.x509 import ocsp
from msgspec import Struct

from evtool.core.errors import FormatError
from evtool.core.text.limits import MAX_CRL_BYTES, MAX_OCSP_BYTES
from evtool.core.timestamp.x509.certificates import UNREADABLE, Certificate
from evtool.core.timestamp.x509.crl import read_crl
from evtool.core.timestamp.x509.ocsp import read_ocsp
from evtool.core.timestamp.x509.pem import find_blocks
from evtool.core.timestamp.x509.revocation import check_age
from evtool.core.timestamp.x509.revocation_status import Evidence

_HINT = "a CRL or an OCSP answer is meant, in DER or PEM, as the authority publishes it"


class RevocationKind(Enum):
    """The two kinds; the value is how the name of a stored file ends."""

    CRL = "crl"
    OCSP = "ocsp"


class RevocationFile(Struct, frozen=True):
    """A CRL or an OCSP answer that was recognised by its content: its kind, and its bytes in DER."""

    kind: RevocationKind
    der: bytes


class RevocationStatement(Struct, frozen=True):
    """What a file says of one certificate of a path.

    Attributes:
        certificate: the certificate that it is about.
        issuer: who issued that certificate.
        evidence: what it says.
    """

    certificate: Certificate
    issuer: Certificate
    evidence: Evidence


def parse_revocation_file(data: bytes) -> RevocationFile:
    """Recognise a CRL (RFC 5280, section 5) or an OCSP answer (RFC 6960), in DER or as one block of PEM.

    Nothing is checked but that it can be read.

    Raises:
        FormatError: it is neither, holds several, or is too large.
    """
    der = _unwrap(data)
    kind = _recognise(der)
    if kind is None:
        raise FormatError("it is neither a CRL nor an OCSP answer", hint=_HINT, key="revocation-neither")
    limit = MAX_CRL_BYTES if kind is RevocationKind.CRL else MAX_OCSP_BYTES
    if len(der) > limit:
        raise FormatError(
            "it has {count:,} bytes, at most {limit:,} are read",
            hint=_HINT,
            key="revocation-long",
            count=len(der),
            limit=limit,
        )
    return RevocationFile(kind, der)


def _unwrap(data: bytes) -> bytes:
    blocks = list(islice((block for block in find_blocks(data) if block.text is not None), 2))
    if not blocks:
        return data
    if len(blocks) > 1:
        raise FormatError(
            "it holds several blocks of PEM, expected one", hint="hand each in as a file", key="revocation-several"
        )
    if b"CERTIFICATE" in blocks[0].label:
        raise FormatError(
            "it is a certificate, neither a CRL nor an OCSP answer", hint=_HINT, key="revocation-certificate"
        )
    try:
        return blocks[0].decode()
    except FormatError:
        raise FormatError("its PEM cannot be decoded", hint=_HINT, key="revocation-pem") from None


def _recognise(der: bytes) -> RevocationKind | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            x509.load_der_x509_crl(der)
        except UNREADABLE:
            pass
        else:
            return RevocationKind.CRL
        try:
            ocsp.load_der_ocsp_response(der)
        except UNREADABLE:
            return None
    return RevocationKind.OCSP


def read_statements(
    file: RevocationFile, path: Sequence[Certificate], time: datetime
) -> tuple[RevocationStatement, ...]:
    """Read what a file says about the certificates of a path, for a token of this time; nothing if it is of others.

    `path` runs from the signer to the anchor, as in `Path`. What cannot be used has a `problem`, as in `Evidence`.
    """
    read = read_crl if file.kind is RevocationKind.CRL else read_ocsp
    found = []
    for certificate, issuer in pairwise(path):
        evidence = read(file.der, certificate, issuer)
        if evidence is not None:
            found.append(RevocationStatement(certificate, issuer, check_age(evidence, certificate, time)))
    return tuple(found)
