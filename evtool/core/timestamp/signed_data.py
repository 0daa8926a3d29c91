"""The signed envelope of a time-stamp token: CMS SignedData with one signer (RFC 5652, section 5)."""

from __future__ import annotations

from msgspec import Struct

from evtool.core.timestamp.der import (
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    DerError,
    Fields,
    Node,
    children,
    explicit,
)
from evtool.core.timestamp.der_values import read_integer, read_octets, read_oid
from evtool.core.timestamp.tst_info import parse_algorithm

SIGNED_DATA = "1.2.840.113549.1.7.2"
TST_INFO = "1.2.840.113549.1.9.16.1.4"

CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"

_CONTEXT_0, _CONTEXT_1 = 0xA0, 0xA1
_KEY_IDENTIFIER = 0x80
_VERSIONS = range(1, 6)


class SignerIdentifier(Struct, frozen=True):
    """Which certificate the signer says is theirs: by issuer and serial number, or by key identifier.

    Attributes:
        issuer: the issuer's Name, exact bytes; empty if the key identifier is used.
        serial: the certificate's serial number.
        key_identifier: the subject key identifier; empty if issuer and serial number are used.
    """

    issuer: bytes
    serial: int
    key_identifier: bytes


class SignerInfo(Struct, frozen=True):
    """One parsed SignerInfo.

    Attributes:
        identifier: whose certificate it names.
        digest_oid: hash function of the content.
        signed_attributes: the signed attributes as they stand; empty if there are none.
        attributes: (type, values) in order; a type may be repeated here, the judge refuses that.
        signature_oid: signature algorithm.
        signature_parameters: its parameters as they stand, None if absent.
        signature: the signature.
    """

    identifier: SignerIdentifier
    digest_oid: str
    signed_attributes: bytes
    attributes: tuple[tuple[str, tuple[Node, ...]], ...]
    signature_oid: str
    signature_parameters: bytes | None
    signature: bytes

    @property
    def signed_bytes(self) -> bytes:
        """Give what was signed: the attributes as received, under the tag of a SET (RFC 5652, section 5.4)."""
        return bytes([SET]) + self.signed_attributes[1:]


class SignedData(Struct, frozen=True):
    """One parsed ContentInfo with SignedData.

    Attributes:
        content_type: type of the signed content.
        content: the signed content, exact bytes; None if it is detached.
        certificates: embedded certificates, exact bytes, in any order; unsigned, so never trust.
        crls: embedded CRLs, exact bytes; each is checked by its own signature.
        signers: the signers; a time-stamp token has exactly one.
    """

    content_type: str
    content: bytes | None
    certificates: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    signers: tuple[SignerInfo, ...]


def parse_content_info(token: Node) -> tuple[str, Node]:
    """Read a ContentInfo: the type of its content, and the content."""
    outer = Fields(token, "ContentInfo")
    content_type = read_oid(outer.required(OBJECT_IDENTIFIER, "contentType"), "ContentInfo.contentType")
    content = explicit(outer.required(_CONTEXT_0, "content"), "ContentInfo.content")
    outer.end()
    return content_type, content


def parse_signed_data(node: Node) -> SignedData:
    """Read a SignedData.

    Raises:
        DerError: it is malformed.
    """
    fields = Fields(node, "SignedData")
    _check_version(fields, "SignedData")
    for algorithm in children(fields.required(SET, "digestAlgorithms")):
        parse_algorithm(algorithm, "SignedData.digestAlgorithms")
    content_type, content = _parse_encapsulated(fields.required(SEQUENCE, "encapContentInfo"))
    certificates = fields.optional(_CONTEXT_0)
    crls = fields.optional(_CONTEXT_1)
    signers = fields.required(SET, "signerInfos")
    fields.end()
    return SignedData(
        content_type,
        content,
        # Other choices than a plain certificate or CRL carry other tags; none of them is of use here.
        tuple(c.raw for c in children(certificates) if c.tag == SEQUENCE) if certificates else (),
        tuple(c.raw for c in children(crls) if c.tag == SEQUENCE) if crls else (),
        tuple(_parse_signer(signer) for signer in children(signers)),
    )


def _check_version(fields: Fields, name: str) -> None:
    version = read_integer(fields.required(INTEGER, "version"), f"{name}.version")
    if version not in _VERSIONS:
        raise DerError("{name} has version {version}, expected 1 to 5", key="cms-version", name=name, version=version)


def _parse_encapsulated(node: Node) -> tuple[str, bytes | None]:
    fields = Fields(node, "encapContentInfo")
    content_type = read_oid(fields.required(OBJECT_IDENTIFIER, "eContentType"), "eContentType")
    wrapped = fields.optional(_CONTEXT_0)
    fields.end()
    return content_type, read_octets(explicit(wrapped, "eContent"), "eContent") if wrapped else None


def _parse_signer(node: Node) -> SignerInfo:
    fields = Fields(node, "SignerInfo")
    _check_version(fields, "SignerInfo")
    identifier = _parse_identifier(fields.any("sid"))
    digest_oid, _ = parse_algorithm(fields.required(SEQUENCE, "digestAlgorithm"), "SignerInfo.digestAlgorithm")
    attributes = fields.optional(_CONTEXT_0)
    signature_algorithm = fields.required(SEQUENCE, "signatureAlgorithm")
    signature_oid, parameters = parse_algorithm(signature_algorithm, "SignerInfo.signatureAlgorithm")
    signature = read_octets(fields.required(OCTET_STRING, "signature"), "SignerInfo.signature")
    fields.optional(_CONTEXT_1)
    fields.end()
    return SignerInfo(
        identifier,
        digest_oid,
        attributes.raw if attributes else b"",
        tuple(_parse_attribute(attribute) for attribute in children(attributes)) if attributes else (),
        signature_oid,
        parameters,
        signature,
    )


def _parse_identifier(node: Node) -> SignerIdentifier:
    if node.tag == _KEY_IDENTIFIER:
        return SignerIdentifier(b"", 0, node.content)
    fields = Fields(node, "issuerAndSerialNumber")
    issuer = fields.required(SEQUENCE, "issuer")
    serial = read_integer(fields.any("serialNumber"), "issuerAndSerialNumber.serialNumber")
    fields.end()
    return SignerIdentifier(issuer.raw, serial, b"")


def _parse_attribute(node: Node) -> tuple[str, tuple[Node, ...]]:
    fields = Fields(node, "attribute")
    kind = read_oid(fields.required(OBJECT_IDENTIFIER, "attrType"), "attribute.attrType")
    values = children(fields.required(SET, "attrValues"))
    fields.end()
    return kind, values


def parse_ess_cert_id(values: tuple[Node, ...], version_2: bool) -> tuple[str | None, bytes, bytes | None]:
    """Read the first certificate identifier of a signingCertificate attribute (RFC 2634, RFC 5035).

    The further ones describe the chain, and some authorities list it; only the first names the signer.

    Returns hash function (None: the version's default, SHA-1 or SHA-256), certificate hash, issuerSerial as it stands.

    Raises:
        DerError: it is malformed, or there is not exactly one value.
    """
    if len(values) != 1:
        raise DerError(
            "signingCertificate has {count} values, expected 1", key="signing-certificate-count", count=len(values)
        )
    certificate_ids = children(Fields(values[0], "signingCertificate").required(SEQUENCE, "certs"))
    if not certificate_ids:
        raise DerError("signingCertificate names no certificate", key="signing-certificate-none")
    fields = Fields(certificate_ids[0], "ESSCertID")
    algorithm = fields.optional(SEQUENCE) if version_2 else None
    certificate_hash = read_octets(fields.required(OCTET_STRING, "certHash"), "ESSCertID.certHash")
    issuer_serial = fields.optional(SEQUENCE)
    fields.end()
    oid = parse_algorithm(algorithm, "ESSCertID.hashAlgorithm")[0] if algorithm else None
    return oid, certificate_hash, issuer_serial.raw if issuer_serial else None
