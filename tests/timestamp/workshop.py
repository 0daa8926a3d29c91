"""The authorities and tools that the vectors' scenarios share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from evtool.core.timestamp.request import serialize_request
from tests.timestamp.mint import (
    DATA,
    CertificateShape,
    Chain,
    Identity,
    digest_of,
    make_chain,
    make_identity,
    make_key,
)
from tests.timestamp.openssl_authority import OpensslAuthority, make_authority, run_openssl
from tests.timestamp.vector import Vector, VectorAnchor

NOW = datetime(2026, 1, 1, tzinfo=UTC)
"""When the vectors are judged: the token is ten months old, every certificate still valid."""

AFTER_EXPIRY = datetime(2030, 1, 1, tzinfo=UTC)
"""When the signer's certificate has ended, the others have not."""

NONCE = 0x4123456789ABCDEF
ROOT = VectorAnchor("root.pem")


def day(year: int, month: int = 1, number: int = 1) -> datetime:
    """Give the start of a day in UTC."""
    return datetime(year, month, number, tzinfo=UTC)


def make_request(hash_name: str = "sha256", nonce: int = NONCE, policy: str | None = None, data: bytes = DATA) -> bytes:
    """Write the request that a vector's token answers."""
    return serialize_request(digest_of(hash_name, data), hash_name, nonce, policy)


def _vector(expect: str, name: str, reason: str, comment: str, response: bytes, options: dict[str, Any]) -> Vector:
    options = {"data": DATA, "now": NOW, "anchors": [ROOT], **options}
    return Vector(name, expect, reason, comment, response, **options)


def passed(name: str, comment: str, response: bytes, **options: Any) -> Vector:
    """A token that shows its time."""
    return _vector("passed", f"good-{name}", "ok", comment, response, options)


def undecided(name: str, reason: str, comment: str, response: bytes, **options: Any) -> Vector:
    """A token that is neither shown nor disproved."""
    return _vector("indeterminate", f"open-{name}", reason, comment, response, options)


def failed(name: str, reason: str, comment: str, response: bytes, **options: Any) -> Vector:
    """A token that is disproved, or is none."""
    return _vector("failed", f"bad-{name}", reason, comment, response, options)


@dataclass(frozen=True)
class Revoked:
    """One line of a CRL."""

    serial: int
    date: datetime
    reason: x509.ReasonFlags | None = None
    invalid_since: datetime | None = None


def make_crl(
    issuer: Identity,
    issued: datetime,
    revoked: Iterable[Revoked] = (),
    signer: Identity | None = None,
    extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
) -> bytes:
    """Make a CRL of an issuer; another signer makes it a forgery."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.subject)
    builder = builder.last_update(issued).next_update(issued.replace(year=issued.year + 1))
    for line in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(line.serial).revocation_date(line.date)
        if line.reason:
            entry = entry.add_extension(x509.CRLReason(line.reason), critical=False)
        if line.invalid_since:
            entry = entry.add_extension(x509.InvalidityDate(line.invalid_since), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign((signer or issuer).key, hashes.SHA256()).public_bytes(Encoding.DER)


def make_crls(chain: Chain, issued: datetime, revoked: Iterable[Revoked] = ()) -> list[bytes]:
    """Make the CRLs of intermediate and root; the intermediate's has the lines."""
    return [make_crl(chain.intermediate, issued, revoked), make_crl(chain.root, issued)]


class Workshop:
    """Fresh keys and certificates for one run; anchors are in `anchors` by file name."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self.chain = make_chain()
        self.anchors: dict[str, bytes] = {
            "root.pem": self.chain.root.pem,
            "intermediate.pem": self.chain.intermediate.pem,
            "signer.pem": self.chain.signer.pem,
            "stranger.pem": self.stranger.root.pem,
            "rsa-root.pem": self.rsa.root_pem,
            "ecdsa-root.pem": self.ecdsa.root_pem,
            "pss-root.pem": self.pss.root.pem,
            "ed25519-root.pem": self.edwards_root.pem,
        }

    @cached_property
    def stranger(self) -> Chain:
        """Another authority, which the user may or may not trust."""
        return make_chain(name="Stranger")

    @cached_property
    def rsa(self) -> OpensslAuthority:
        """A stock authority with RSA keys."""
        return make_authority(self._scratch / "rsa", "rsa", at="2024-01-01 00:00:00")

    @cached_property
    def ecdsa(self) -> OpensslAuthority:
        """A stock authority with ECDSA keys."""
        return make_authority(self._scratch / "ecdsa", "ecdsa", at="2024-01-01 00:00:00")

    @cached_property
    def pss(self) -> Chain:
        """An authority with RSA keys, to sign with RSA-PSS."""
        return make_chain("rsa2048", name="Probabilistic")

    @cached_property
    def edwards_root(self) -> Identity:
        """A certification authority with an Ed25519 key."""
        return make_identity("Edwards Root", key=make_key("ed25519"))

    def signer(
        self, shape: CertificateShape | None = None, key_kind: str = "ec", issuer: Identity | None = None
    ) -> Chain:
        """Give the chain with another signer below the same intermediate."""
        issuer = issuer or self.chain.intermediate
        signer = make_identity("Vector TSA", issuer, shape or CertificateShape(), make_key(key_kind))
        return Chain(self.chain.root, issuer, signer)

    def sha1_intermediate(self) -> Identity:
        """Let openssl issue an intermediate with a SHA-1 signature, which `cryptography` refuses to do."""
        folder = self._scratch / "sha1"
        folder.mkdir(exist_ok=True)
        (folder / "root.pem").write_bytes(self.chain.root.pem)
        key = make_key()
        secret = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "root.key").write_bytes(self.chain.root.key.private_bytes(*secret))
        (folder / "new.key").write_bytes(key.private_bytes(*secret))
        (folder / "ext").write_text("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n")
        run_openssl(["req", "-new", "-key", "new.key", "-subj", "/CN=Old Intermediate", "-out", "new.csr"], folder)
        arguments = "x509 -req -in new.csr -CA root.pem -CAkey root.key -set_serial 77 -days 3650 -sha1 -extfile ext"
        run_openssl([*arguments.split(), "-out", "new.pem"], folder, "2024-01-01 00:00:00")
        certificate = x509.load_pem_x509_certificate((folder / "new.pem").read_bytes())
        return Identity(certificate, key)

    def crl(self, issuer: Identity, issued: datetime, revoked: Iterable[Revoked] = (), **options: Any) -> bytes:
        """Make a CRL, see `make_crl`."""
        return make_crl(issuer, issued, revoked, **options)

    def crls(self, issued: datetime, revoked: Iterable[Revoked] = ()) -> list[bytes]:
        """Make the CRLs of this workshop's chain."""
        return make_crls(self.chain, issued, revoked)

    def ocsp(
        self,
        about: Identity,
        issuer: Identity,
        issued: datetime,
        revoked: Revoked | None = None,
        responder: Identity | None = None,
        status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    ) -> bytes:
        """Make an OCSP answer, signed by the issuer or by another responder."""
        responder = responder or issuer
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=about.certificate,
            issuer=issuer.certificate,
            algorithm=hashes.SHA256(),
            cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else status,
            this_update=issued,
            next_update=None,
            revocation_time=revoked.date if revoked else None,
            revocation_reason=revoked.reason if revoked else None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, responder.certificate)
        builder = builder.certificates([responder.certificate])
        return builder.sign(responder.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def responder(
        self, issuer: Identity, purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.OCSP_SIGNING
    ) -> Identity:
        """Issue the certificate of an OCSP responder."""
        shape = CertificateShape(usages=(purpose,), usage_critical=False)
        return make_identity("Vector Responder", issuer, shape)

    def hostile_signer(self) -> Chain:
        """Give the chain with a signer whose name tries to rewrite the reader's screen."""
        name = "Good TSA\u202e\x1b[2Kverified\r\n: ok"
        signer = make_identity(name, self.chain.intermediate, CertificateShape())
        return Chain(self.chain.root, self.chain.intermediate, signer)
