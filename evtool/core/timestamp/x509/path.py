"""The certification path from the signer to one of the user's anchors, valid at the token's time.

The engine is `cryptography.x509.verification`. Whatever is put into its `Store` is an anchor, even an intermediate
or the signer itself, so embedded and supplied certificates go into the pool of candidates only. Its rules are those
of the web's public key infrastructure, loosened in two places: a certification authority may carry an extended key
usage or none, and the signer must carry the one for time-stamping.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cryptography import x509
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID
from msgspec import Struct

from evtool.core.text.names import shown
from evtool.core.timestamp.anchor import Anchor
from evtool.core.timestamp.refusal import Refused
from evtool.core.timestamp.result import TokenReason
from evtool.core.timestamp.x509.certificates import Certificate, describe_key, load_readable

MAX_DEPTH = 8

_BROKEN_SIGNATURES = frozenset(
    {
        SignatureAlgorithmOID.RSA_WITH_MD5,
        SignatureAlgorithmOID.RSA_WITH_SHA1,
        SignatureAlgorithmOID.ECDSA_WITH_SHA1,
        SignatureAlgorithmOID.DSA_WITH_SHA1,
    }
)


class Path(Struct, frozen=True):
    """A path that was found valid.

    Attributes:
        certificates: the signer first, the anchor last.
        anchor: the anchor that it ends in; its window and policies were applied.
    """

    certificates: tuple[Certificate, ...]
    anchor: Anchor


def find_path(
    signer: Certificate, pool: Iterable[Certificate], anchors: Iterable[Anchor], time: datetime, policy: str
) -> Path:
    """Find a path from the signer to an anchor that the user accepts for this time and policy.

    Raises:
        Refused: there is none; the reason tells a missing path from a weak one and from an anchor out of its limits.
    """
    pool, anchors = tuple(pool), tuple(anchors)
    if not signer.is_valid_at(time):
        validity = signer.facts
        raise Refused(
            TokenReason.OUTSIDE_CERTIFICATE_VALIDITY,
            f"the token's time {time:%Y-%m-%d %H:%M:%S} is outside of the signer's certificate, valid from "
            f"{validity.not_before:%Y-%m-%d %H:%M:%S} to {validity.not_after:%Y-%m-%d %H:%M:%S} UTC",
        )
    accepted = [anchor for anchor in anchors if anchor.in_use(time) and anchor.accepts(policy)]
    chain = _build(signer, pool, accepted, time)
    if chain is None:
        raise _explain(signer, pool, anchors, time, policy)
    ends = {anchor.certificate: anchor for anchor in reversed(accepted)}
    return Path(chain, ends[chain[-1].der])


def _build(
    signer: Certificate, pool: tuple[Certificate, ...], anchors: Iterable[Anchor], time: datetime
) -> tuple[Certificate, ...] | None:
    trusted, _ = load_readable(anchor.certificate for anchor in anchors)
    if not trusted:
        return None
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store([certificate.x509 for certificate in trusted]))
        .time(time)
        .max_chain_depth(MAX_DEPTH)
        .extension_policies(ca_policy=_ca_policy(), ee_policy=_signer_policy())
        .build_client_verifier()
    )
    try:
        found = verifier.verify(signer.x509, [certificate.x509 for certificate in pool]).chain
    except verification.VerificationError:
        return None
    known = {certificate.x509: certificate for certificate in (signer, *pool, *trusted)}
    return tuple(known[link] for link in found)


def _ca_policy() -> verification.ExtensionPolicy:
    # The default would demand the purpose of TLS clients in every certification authority that lists purposes.
    return verification.ExtensionPolicy.webpki_defaults_ca().may_be_present(
        x509.ExtendedKeyUsage, verification.Criticality.AGNOSTIC, None
    )


def _signer_policy() -> verification.ExtensionPolicy:
    # The default would demand a subject alternative name and a non-critical purpose, the contrary of RFC 3161.
    return verification.ExtensionPolicy.permit_all().require_present(
        x509.ExtendedKeyUsage, verification.Criticality.CRITICAL, _check_purpose
    )


def _check_purpose(_policy: verification.Policy, _certificate: x509.Certificate, usage: x509.ExtendedKeyUsage) -> None:
    if list(usage) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise ValueError("not for time-stamping alone")


def _explain(
    signer: Certificate, pool: tuple[Certificate, ...], anchors: tuple[Anchor, ...], time: datetime, policy: str
) -> Refused:
    """Say why there is no path; only for the words, never for the verdict."""
    for anchor in anchors:
        if (not anchor.in_use(time) or not anchor.accepts(policy)) and _build(signer, pool, [anchor], time):
            if not anchor.in_use(time):
                detail = f"the user's anchor {shown(anchor.name)} is not in use for the time {time:%Y-%m-%d}"
                return Refused(TokenReason.ANCHOR_NOT_IN_USE, detail)
            return Refused(
                TokenReason.POLICY_NOT_ACCEPTED,
                f"the user's anchor {shown(anchor.name)} does not accept policy {policy}",
            )
    trusted, _ = load_readable(anchor.certificate for anchor in anchors)
    weak = _weak_link(signer, (*pool, *trusted))
    if weak:
        return Refused(TokenReason.PATH_WEAK, weak)
    name, count = signer.facts.name, len(anchors)
    detail = f"no path leads from its signer, {name}, to an authority that you trust (you trust {count})"
    return Refused(TokenReason.NO_PATH, detail)


def _weak_link(signer: Certificate, pool: tuple[Certificate, ...]) -> str:
    """Follow names upwards and find what the engine refuses for its strength or kind, not for being forged."""
    current, seen = signer, {signer.der}
    for _ in range(MAX_DEPTH):
        if (issue := _weakness(current, current is signer)) or current.issuer == current.subject.raw:
            return issue
        issuers = [c for c in pool if c.subject.raw == current.issuer and c.der not in seen]
        if not issuers:
            return ""
        current = issuers[0]
        seen.add(current.der)
    return ""


def _weakness(certificate: Certificate, is_signer: bool) -> str:
    name, key = certificate.facts.name, describe_key(certificate.key)
    if certificate.x509.signature_algorithm_oid in _BROKEN_SIGNATURES:
        return f"certificate {name} is signed with a broken hash function"
    if not is_signer and key.split("-")[0] not in ("rsa", "ec"):
        return f"certificate {name} is an authority with an unsupported kind of key, {key}"
    if not is_signer and key.startswith("rsa-") and int(key[4:]) < 2048:
        return f"certificate {name} has only an {key} key"
    return ""


def has_timestamping_purpose(certificate: Certificate) -> bool:
    """Tell whether a certification authority's own list of purposes, if it has one, allows time-stamping."""
    try:
        usage = certificate.x509.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return ExtendedKeyUsageOID.TIME_STAMPING in usage or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in usage
