"""Makes time-stamp tokens of any shape, above all wrong ones that a stock authority refuses to make.

Only tests and the vectors' script use it. What it makes is checked by foreign programs too (`openssl ts`, asn1crypto),
so a flaw shared by this writer and the reader under test would show.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from evtool.core.timestamp.algorithms import HASHES_BY_NAME
from evtool.core.timestamp.der import SET
from evtool.core.timestamp.der_values import (
    write_boolean,
    write_integer,
    write_node,
    write_null,
    write_octets,
    write_oid,
    write_sequence,
)
from evtool.core.timestamp.signed_data import (
    CONTENT_TYPE,
    MESSAGE_DIGEST,
    SIGNED_DATA,
    SIGNING_CERTIFICATE,
    SIGNING_CERTIFICATE_V2,
    TST_INFO,
)

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

POLICY = "1.3.6.1.4.1.99999.1.1"
GEN_TIME = "20250301120000Z"
DATA = b"-----BEGIN SSH SIGNATURE-----\nwhat was stamped\n-----END SSH SIGNATURE-----\n"

_ECDSA = {"sha1": "4.1", "sha224": "4.3.1", "sha256": "4.3.2", "sha384": "4.3.3", "sha512": "4.3.4"}
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "md5": hashes.MD5(),
    "sha1": hashes.SHA1(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


def write_set(*parts: bytes) -> bytes:
    """Write a SET OF in DER, which sorts its members (X.690, section 11.6)."""
    return write_node(SET, *sorted(parts))


@dataclass(frozen=True)
class Identity:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


@dataclass(frozen=True)
class CertificateShape:
    """What a certificate looks like; the defaults make a proper time-stamping certificate."""

    ca: bool | None = False
    usages: Sequence[x509.ObjectIdentifier] | None = (ExtendedKeyUsageOID.TIME_STAMPING,)
    usage_critical: bool = True
    key_usage: frozenset[str] | None = frozenset({"digital_signature"})
    not_before: datetime = datetime(2024, 1, 1, tzinfo=UTC)
    not_after: datetime = datetime(2027, 6, 1, tzinfo=UTC)
    serial: int | None = None
    path_length: int | None = None


AUTHORITY = CertificateShape(
    ca=True,
    usages=None,
    key_usage=frozenset({"key_cert_sign", "crl_sign"}),
    not_before=datetime(2020, 1, 1, tzinfo=UTC),
    not_after=datetime(2045, 1, 1, tzinfo=UTC),
)

_KEY_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def make_key(kind: str = "ec") -> PrivateKey:
    """Make a private key: `ec`, `rsa2048`, `rsa1024`, `ed25519`."""
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, int(kind.removeprefix("rsa")))


def make_identity(
    name: str, issuer: Identity | None = None, shape: CertificateShape = AUTHORITY, key: PrivateKey | None = None
) -> Identity:
    """Issue a certificate; without an issuer it signs itself."""
    key = key or make_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signing_key = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(shape.serial or x509.random_serial_number())
        .not_valid_before(shape.not_before)
        .not_valid_after(shape.not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
    )
    if shape.ca is not None:
        constraints = x509.BasicConstraints(shape.ca, shape.path_length if shape.ca else None)
        builder = builder.add_extension(constraints, critical=True)
    if shape.key_usage is not None:
        usage = x509.KeyUsage(**{flag: flag in shape.key_usage for flag in _KEY_USAGES})
        builder = builder.add_extension(usage, critical=True)
    if shape.usages is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(list(shape.usages)), critical=shape.usage_critical)
    function = None if isinstance(signing_key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return Identity(builder.sign(signing_key, function), key)


def algorithm(name: str, null: bool = True) -> bytes:
    """Write the AlgorithmIdentifier of a hash function."""
    return write_sequence(write_oid(HASHES_BY_NAME[name].oid), write_null() if null else b"")


def digest_of(name: str, data: bytes) -> bytes:
    """Compute a hash by the name used in this project."""
    return hashlib.new(name.replace("sha3-", "sha3_"), data).digest()


@dataclass(frozen=True)
class Statement:
    """A TSTInfo, field by field, each as it will be written."""

    data: bytes = DATA
    hash_name: str = "sha256"
    imprint: bytes | None = None
    imprint_algorithm: bytes | None = None
    version: int = 1
    policy: str = POLICY
    serial: int = 0x1234567890ABCDEF1234
    gen_time: bytes = GEN_TIME.encode()
    time_tag: int = 0x18
    accuracy: bytes | None = write_sequence(write_integer(1), write_integer(500, 0x80))
    ordering: bytes = b""
    nonce: int | None = None
    tsa: bytes = b""
    extensions: bytes = b""

    @property
    def der(self) -> bytes:
        imprint = self.imprint if self.imprint is not None else digest_of(self.hash_name, self.data)
        return write_sequence(
            write_integer(self.version),
            write_oid(self.policy),
            write_sequence(self.imprint_algorithm or algorithm(self.hash_name), write_octets(imprint)),
            write_integer(self.serial),
            write_node(self.time_tag, self.gen_time),
            self.accuracy or b"",
            self.ordering,
            write_integer(self.nonce) if self.nonce is not None else b"",
            write_node(0xA0, self.tsa) if self.tsa else b"",
            write_node(0xA1, self.extensions) if self.extensions else b"",
        )


def extension(oid: str, value: bytes, critical: bool) -> bytes:
    """Write one Extension."""
    return write_sequence(write_oid(oid), write_boolean(True) if critical else b"", write_octets(value))


def attribute(oid: str, *values: bytes) -> bytes:
    """Write one signed attribute."""
    return write_sequence(write_oid(oid), write_set(*values))


def ess_cert_id_v2(certificates: Sequence[bytes], hash_name: str | None = None, issuer_serial: bytes = b"") -> bytes:
    """Write a signingCertificateV2 attribute; without a hash name the default, SHA-256, stands for itself."""
    ids = [
        write_sequence(
            algorithm(hash_name) if hash_name else b"", write_octets(digest_of(hash_name or "sha256", c)), issuer_serial
        )
        for c in certificates
    ]
    return attribute(SIGNING_CERTIFICATE_V2, write_sequence(write_sequence(*ids)))


def ess_cert_id_v1(certificate: bytes) -> bytes:
    """Write a signingCertificate attribute, which is SHA-1."""
    identifier = write_sequence(write_octets(digest_of("sha1", certificate)))
    return attribute(SIGNING_CERTIFICATE, write_sequence(write_sequence(identifier)))


def issuer_serial_of(certificate: x509.Certificate, serial: int | None = None) -> bytes:
    """Write the IssuerSerial of a certificate."""
    name = write_node(0xA4, certificate.issuer.public_bytes())
    return write_sequence(write_sequence(name), write_integer(serial or certificate.serial_number))


@dataclass(frozen=True)
class Envelope:
    """How a TSTInfo is signed and wrapped; the defaults make a proper token."""

    signer: Identity
    certificates: Sequence[bytes] = ()
    digest: str = "sha256"
    scheme: str = ""
    content_type: str = TST_INFO
    attribute_type: str = TST_INFO
    message_digest: bytes | None = None
    ess: Sequence[bytes] | None = None
    more_attributes: Sequence[bytes] = ()
    leave_out: frozenset[str] = frozenset()
    key_identifier: bool = False
    signer_count: int = 1
    signature_oid: str = ""
    crls: Sequence[bytes] = ()
    flip_signature: bool = False
    signing_key: PrivateKey | None = None
    sort_certificates: bool = True
    extra: dict[str, bytes] = field(default_factory=dict)

    def wrap(self, content: bytes) -> bytes:
        """Sign a TSTInfo: the ContentInfo of a token."""
        certificates = sorted(self.certificates) if self.sort_certificates else list(self.certificates)
        signed = write_sequence(
            write_integer(3),
            write_set(algorithm(self.digest)),
            write_sequence(write_oid(self.content_type), write_node(0xA0, write_octets(content))),
            write_node(0xA0, *certificates) if certificates else b"",
            write_node(0xA1, *self.crls) if self.crls else b"",
            write_set(*[self._signer_info(content)] * self.signer_count),
        )
        return write_sequence(write_oid(SIGNED_DATA), write_node(0xA0, signed))

    def attributes(self, content: bytes) -> list[bytes]:
        """Write the signed attributes, in the order DER wants them."""
        digest = self.message_digest if self.message_digest is not None else digest_of(self.digest, content)
        named = {
            "content-type": [attribute(CONTENT_TYPE, write_oid(self.attribute_type))],
            "message-digest": [attribute(MESSAGE_DIGEST, write_octets(digest))],
            "ess": list(self.ess) if self.ess is not None else [ess_cert_id_v2([self.signer.der])],
        }
        found = [der for name, ders in named.items() if name not in self.leave_out for der in ders]
        return sorted([*found, *self.more_attributes])

    def _signer_info(self, content: bytes) -> bytes:
        attributes = [] if "attributes" in self.leave_out else self.attributes(content)
        signed = write_node(0x31, *attributes) if attributes else content
        certificate = self.signer.certificate
        if self.key_identifier:
            value = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
            identifier = write_node(0x80, value.digest)
        else:
            identifier = write_sequence(certificate.issuer.public_bytes(), write_integer(certificate.serial_number))
        signature = self._sign(signed)
        if self.flip_signature:
            signature = signature[:-1] + bytes([signature[-1] ^ 1])
        return write_sequence(
            write_integer(3 if self.key_identifier else 1),
            identifier,
            algorithm(self.digest),
            write_node(0xA0, *attributes) if attributes else b"",
            self._signature_algorithm(),
            write_octets(signature),
        )

    def _sign(self, data: bytes) -> bytes:
        key, function = self.signing_key or self.signer.key, _HASHES.get(self.digest, hashes.SHA256())
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return key.sign(data)
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(data, ec.ECDSA(function))
        if self.scheme == "pss":
            return key.sign(data, padding.PSS(padding.MGF1(function), function.digest_size), function)
        return key.sign(data, padding.PKCS1v15(), function)

    def _signature_algorithm(self) -> bytes:
        key = self.signer.key
        if self.signature_oid:
            return write_sequence(write_oid(self.signature_oid))
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return write_sequence(write_oid("1.3.101.112"))
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return write_sequence(write_oid("1.2.840.10045." + _ECDSA[self.digest]))
        if self.scheme == "pss":
            mask = write_sequence(write_oid("1.2.840.113549.1.1.8"), algorithm(self.digest))
            parameters = write_sequence(
                write_node(0xA0, algorithm(self.digest)),
                write_node(0xA1, mask),
                write_node(0xA2, write_integer(HASHES_BY_NAME[self.digest].size)),
            )
            return write_sequence(write_oid("1.2.840.113549.1.1.10"), parameters)
        return write_sequence(write_oid("1.2.840.113549.1.1.1"), write_null())


def wrap_response(token: bytes, status: int = 0, text: str = "", failure: bytes = b"") -> bytes:
    """Write a TimeStampResp around a token, or around nothing."""
    words = write_sequence(write_node(0x0C, text.encode())) if text else b""
    return write_sequence(write_sequence(write_integer(status), words, failure), token)


@dataclass(frozen=True)
class Chain:
    """A root, an intermediate and a signer, and the tokens they make."""

    root: Identity
    intermediate: Identity
    signer: Identity

    def envelope(self) -> Envelope:
        """Give the envelope of a proper token."""
        return Envelope(self.signer, [self.signer.der, self.intermediate.der])

    def respond(self, statement: Statement | None = None, envelope: Envelope | None = None) -> bytes:
        """Make a granted response."""
        return wrap_response((envelope or self.envelope()).wrap((statement or Statement()).der))


def make_chain(kind: str = "ec", signer_shape: CertificateShape | None = None, name: str = "Vector") -> Chain:
    """Make a fresh authority."""
    root = make_identity(f"{name} Root", key=make_key("ec" if kind == "ed25519" else kind))
    intermediate = make_identity(f"{name} Intermediate", root, key=make_key("ec" if kind == "ed25519" else kind))
    signer = make_identity(f"{name} TSA", intermediate, signer_shape or CertificateShape(), make_key(kind))
    return Chain(root, intermediate, signer)
