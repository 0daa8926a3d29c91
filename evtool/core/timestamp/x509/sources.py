"""Where the issuers of a path say whether its certificates were revoked: the addresses that certificates name.

A certificate names lists (CRL distribution points, RFC 5280, section 4.2.1.13) and responders (OCSP, section 4.2.2.1).
Only http addresses are of use here; others (ldap) are left out.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID
from msgspec import Struct

from evtool.core.timestamp.x509.certificates import UNREADABLE, Certificate, load_certificate

_MAX_ADDRESSES = 8
"""Addresses that are taken of one certificate."""


class SourceKind(Enum):
    """What an address gives."""

    LIST = "crl"
    RESPONDER = "ocsp"


class RevocationSource(Struct, frozen=True):
    """One address at which something is said of one certificate.

    Attributes:
        kind: what it gives.
        url: the address, as the certificate spells it.
        certificate: name of the certificate, safe to print.
        request: what a responder is asked, in DER; empty for a list.
    """

    kind: SourceKind
    url: str
    certificate: str
    request: bytes = b""


def find_sources(chain: Sequence[bytes]) -> tuple[RevocationSource, ...]:
    """Find the addresses for each certificate of a path but its anchor; `chain` is in DER, the signer first."""
    path = [load_certificate(der) for der in chain]
    found: dict[tuple[str, bytes], RevocationSource] = {}
    for certificate, issuer in pairwise(path):
        for source in _sources_of(certificate, issuer):
            found.setdefault((source.url, source.request), source)
    return tuple(found.values())


def _sources_of(certificate: Certificate, issuer: Certificate) -> Iterator[RevocationSource]:
    name = certificate.facts.name
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            lists, responders = _lists(certificate.x509), _responders(certificate.x509)
            request = _make_request(certificate.x509, issuer.x509) if responders else b""
    except UNREADABLE:
        return
    yield from (RevocationSource(SourceKind.LIST, url, name) for url in lists)
    yield from (RevocationSource(SourceKind.RESPONDER, url, name, request) for url in responders)


def _lists(certificate: x509.Certificate) -> list[str]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return []
    return _addresses(name for point in points for name in point.full_name or ())


def _responders(certificate: x509.Certificate) -> list[str]:
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return []
    return _addresses(way.access_location for way in access if way.access_method == AuthorityInformationAccessOID.OCSP)


def _addresses(names: Iterator[x509.GeneralName]) -> list[str]:
    urls = [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]
    return [url for url in urls if url.lower().startswith(("http://", "https://"))][:_MAX_ADDRESSES]


def _make_request(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """Ask about one certificate; SHA-1 only names the issuer here, and is what every responder knows (RFC 5019)."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303
    return builder.build().public_bytes(Encoding.DER)
