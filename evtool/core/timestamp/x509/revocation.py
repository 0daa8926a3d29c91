"""Revocation of the certificates of a path, from CRLs and OCSP answers that were supplied (RFC 3161, section 4).

The rule is not "revoked means invalid". A token made before its signer was revoked stays good if the reason shows
that the key was never in wrong hands; without a reason, or after a compromise, anything may have been back-dated, and
only independent evidence that the token existed before helps. What is stale, or signed by somebody else, is no
evidence in either direction.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cryptography import x509
from msgspec import Struct

from evtool.core.timestamp.x509.certificates import Certificate
from evtool.core.timestamp.x509.crl import read_crl
from evtool.core.timestamp.x509.ocsp import read_ocsp
from evtool.core.timestamp.x509.revocation_status import Evidence, Revocation

HARMLESS = frozenset(
    {
        x509.ReasonFlags.unspecified,
        x509.ReasonFlags.affiliation_changed,
        x509.ReasonFlags.superseded,
        x509.ReasonFlags.cessation_of_operation,
    }
)
"""Reasons that leave earlier tokens good (RFC 3161, section 4, number 1)."""


class CertificateStatus(Struct, frozen=True):
    """What all supplied evidence says about one certificate.

    Attributes:
        revocation: the earliest revocation that was found, None if there is none.
        known_until: the newest moment for which evidence says "not revoked", None without such evidence.
        unusable: why evidence about this certificate was set aside; empty if all of it could be used.
    """

    revocation: Revocation | None
    known_until: datetime | None
    unusable: tuple[str, ...]


class Supplied(Struct, frozen=True):
    """Revocation evidence as it came, all from one side: CRLs and OCSP answers in DER, to be iterated for each link."""

    crls: Iterable[bytes] = ()
    ocsp_answers: Iterable[bytes] = ()


def collect_status(
    certificate: Certificate, issuer: Certificate, supplied: Supplied, kept: Supplied, time: datetime
) -> CertificateStatus:
    """Collect what all evidence says about one certificate for a token of this time.

    `supplied` is what the verifier hands in, `kept` what lay beside the token or in its unsigned part. There anybody
    can put anything, and authorities put the list of the day, which is older than the token; so what is of no use among
    it is passed over in silence.
    """
    evidence = _read(certificate, issuer, supplied, time)
    unusable = tuple(item.problem for item in evidence if item.problem)
    usable = [item for item in (*evidence, *_read(certificate, issuer, kept, time)) if not item.problem]
    revocations = [item.revocation for item in usable if item.revocation]
    good = [item.issued_at for item in usable if item.issued_at and not item.revocation]
    first = min(revocations, key=lambda revocation: revocation.effective, default=None)
    return CertificateStatus(first, max(good, default=None), unusable)


def _read(certificate: Certificate, issuer: Certificate, supplied: Supplied, time: datetime) -> list[Evidence]:
    evidence = [item for crl in supplied.crls if (item := read_crl(crl, certificate, issuer))]
    evidence += [item for answer in supplied.ocsp_answers if (item := read_ocsp(answer, certificate, issuer))]
    return [check_age(item, certificate, time) for item in evidence]


def check_age(item: Evidence, certificate: Certificate, time: datetime) -> Evidence:
    """Set aside a "not revoked" that is too old or too young to tell; a "revoked" is good at any age."""
    if item.problem or item.revocation or item.issued_at is None:
        return item
    if item.issued_at < time.replace(microsecond=0):
        return Evidence(item.source, problem=f"{item.source} of {item.issued_at:%Y-%m-%d} is older than the token")
    if item.issued_at > certificate.x509.not_valid_after_utc:
        # An authority may drop expired certificates from its lists: silence means nothing any more.
        problem = f"{item.source} of {item.issued_at:%Y-%m-%d} is younger than the certificate's end"
        return Evidence(item.source, problem=problem)
    return item


def is_harmless(revocation: Revocation) -> bool:
    """Tell whether a revocation leaves tokens made before it good."""
    return revocation.reason in HARMLESS
