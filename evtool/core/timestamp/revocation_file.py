"""A file of revocation evidence that somebody hands in: which kind it is, and what it says of a path."""

from __future__ import annotations

import base64
import binascii
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import pairwise

from cryptography import x509
from cryptography.x509 import ocsp

from evtool.core.errors import FormatError
from evtool.core.timestamp.certificates import UNREADABLE, Certificate
from evtool.core.timestamp.crl import read_crl
from evtool.core.timestamp.ocsp import read_ocsp
from evtool.core.timestamp.revocation import check_age
from evtool.core.timestamp.revocation_status import Evidence

MAX_REVOCATION_BYTES = {"crl": 16 << 20, "ocsp": 1 << 20}
"""Largest files, in bytes of DER. Real CRLs reach some 10 MB."""

_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END ", re.DOTALL)
_HINT = "a CRL or an OCSP answer is meant, in DER or PEM, as the authority publishes it"


class RevocationKind(Enum):
    """The two kinds; the value is how the name of a stored file ends."""

    CRL = "crl"
    OCSP = "ocsp"


@dataclass(frozen=True, slots=True)
class RevocationFile:
    """A CRL or an OCSP answer that was recognised by its content: its kind, and its bytes in DER."""

    kind: RevocationKind
    der: bytes


@dataclass(frozen=True, slots=True)
class RevocationStatement:
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
        raise FormatError("it is neither a CRL nor an OCSP answer", hint=_HINT)
    limit = MAX_REVOCATION_BYTES[kind.value]
    if len(der) > limit:
        raise FormatError(f"it has {len(der):,} bytes, at most {limit:,} are read", hint=_HINT)
    return RevocationFile(kind, der)


def _unwrap(data: bytes) -> bytes:
    blocks = _PEM.findall(data)
    if not blocks:
        return data
    if len(blocks) > 1:
        raise FormatError(f"it holds {len(blocks)} blocks of PEM, expected one", hint="hand each in as a file")
    label, text = blocks[0]
    if b"CERTIFICATE" in label:
        raise FormatError("it is a certificate, neither a CRL nor an OCSP answer", hint=_HINT)
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        raise FormatError("its PEM cannot be decoded", hint=_HINT) from None


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
    """Read what a file says of the certificates of a path, for a token of this time; nothing where it is of others.

    `path` runs from the signer to the anchor, as in `Path`. What cannot be used has a `problem`, as in `Evidence`.
    """
    read = read_crl if file.kind is RevocationKind.CRL else read_ocsp
    found = []
    for certificate, issuer in pairwise(path):
        evidence = read(file.der, certificate, issuer)
        if evidence is not None:
            found.append(RevocationStatement(certificate, issuer, check_age(evidence, certificate, time)))
    return tuple(found)
