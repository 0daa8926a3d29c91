"""Detached SSHSIG signatures, which `ssh-keygen -Y sign` writes (OpenSSH's PROTOCOL.sshsig).

Read more strictly than ssh-keygen reads: exactly one spelling of every signature is accepted, so that a signature
file cannot be changed in any byte without becoming invalid. The namespace keeps a signature that was made for
something else, a commit or a login, from counting for a custody entry.
"""

from __future__ import annotations

import base64
import hashlib

from msgspec import Struct

from evtool.core.errors import FormatError, SignatureError
from evtool.core.ssh import ed25519
from evtool.core.ssh.key import ED25519, SK_ED25519, PublicKey, parse_public_key_blob, parse_public_key_line
from evtool.core.ssh.wire import Reader, decode_base64, put_string, put_uint32
from evtool.core.text.limits import MAX_ARMORED
from evtool.core.text.names import is_printable, shown

__all__ = [
    "ED25519",
    "NAMESPACE",
    "SK_ED25519",
    "PublicKey",
    "Signature",
    "SignatureError",
    "parse_public_key_blob",
    "parse_public_key_line",
    "parse_signature",
    "serialize_signature",
    "signed_data",
    "verify_signature",
]

NAMESPACE = "evtool-custody-v1"
"""What signatures of custody entries are made for; a new meaning of an entry needs a new number."""

HASH_ALGORITHMS = ("sha256", "sha512")

_MAGIC = b"SSHSIG"
_VERSION = 1
_BEGIN = b"-----BEGIN SSH SIGNATURE-----\n"
_END = b"-----END SSH SIGNATURE-----\n"
_LINE = 70
"""Characters of base64 in a line, as ssh-keygen writes them."""

USER_PRESENT = 0x01
"""The flag by which a security key says that somebody touched it (FIDO U2F raw messages, section 4.3)."""


class Signature(Struct, frozen=True):
    """A signature that was read but not yet verified.

    Attributes:
        public_key: whose signature it claims to be; trusting that key is another question.
        namespace: what it was made for.
        hash_algorithm: `sha256` or `sha512`, over the message.
        raw: R and S of RFC 8032, 64 bytes.
        flags: of a security key: its flags byte. None otherwise.
        counter: of a security key: how often it has signed, as it says. None otherwise.
    """

    public_key: PublicKey
    namespace: str
    hash_algorithm: str
    raw: bytes
    flags: int | None = None
    counter: int | None = None

    def __post_init__(self) -> None:
        if not self.namespace or not is_printable(self.namespace):
            raise FormatError("signature: the namespace is empty or not printable", key="signature-namespace")
        if self.hash_algorithm not in HASH_ALGORITHMS:
            raise FormatError(
                "signature: hash algorithm {algorithm} is not sha256 or sha512",
                key="signature-hash",
                algorithm=shown(self.hash_algorithm, 80),
            )
        if len(self.raw) != ed25519.SIGNATURE_BYTES:
            raise FormatError(
                "signature: has {count} bytes, expected {expected}",
                key="signature-length",
                count=len(self.raw),
                expected=ed25519.SIGNATURE_BYTES,
            )
        is_sk = self.public_key.key_type == SK_ED25519
        if (self.flags is not None, self.counter is not None) != (is_sk, is_sk):
            raise FormatError(
                "signature: only a signature by a security key has flags and a counter, and every one has them",
                key="signature-flags",
            )


def signed_data(message: bytes, namespace: str = NAMESPACE, hash_algorithm: str = "sha512") -> bytes:
    """Build the bytes that a key signs for a message (PROTOCOL.sshsig, section 2)."""
    digest = hashlib.new(hash_algorithm, message).digest()
    return _MAGIC + put_string(namespace) + put_string(b"") + put_string(hash_algorithm) + put_string(digest)


def serialize_signature(
    public_key: PublicKey,
    raw: bytes,
    namespace: str = NAMESPACE,
    hash_algorithm: str = "sha512",
    flags: int | None = None,
    counter: int | None = None,
) -> bytes:
    """Write a signature file, byte for byte as ssh-keygen writes it.

    Raises:
        FormatError: the parts make no signature that `parse_signature` would take.
    """
    return _serialize(Signature(public_key, namespace, hash_algorithm, raw, flags, counter))


def parse_signature(armored: bytes) -> Signature:
    """Read a signature file; nothing is verified yet.

    Raises:
        FormatError: it is not one SSHSIG of version 1 by an Ed25519 key, in the spelling of ssh-keygen.
    """
    reader = Reader(_dearmor(armored), "signature")
    if reader.take(len(_MAGIC), "magic") != _MAGIC:
        raise FormatError("signature: does not begin with SSHSIG", key="signature-magic")
    version = reader.uint32("version")
    if version != _VERSION:
        raise FormatError(
            "signature: version {version}, expected {expected}",
            key="signature-version",
            version=version,
            expected=_VERSION,
        )
    public_key = parse_public_key_blob(reader.string("public key"))
    namespace = reader.text("namespace")
    if reader.string("reserved"):
        raise FormatError("signature: the reserved field is not empty", key="signature-reserved")
    hash_algorithm = reader.text("hash algorithm")
    raw, flags, counter = _parse_inner(reader.string("signature"), public_key.key_type)
    reader.finish()
    signature = Signature(public_key, namespace, hash_algorithm, raw, flags, counter)
    if _serialize(signature) != armored:
        raise FormatError("signature: not in its canonical spelling", key="signature-spelling")
    return signature


def verify_signature(signature: Signature, message: bytes, namespace: str = NAMESPACE) -> None:
    """Check that the signature's key signed this message for this namespace.

    Stricter than ssh-keygen in two ways: the values of RFC 8032 must be in their one spelling and not of small
    order, and a security key must have seen a touch, as otherwise a program could have used it unnoticed.

    Raises:
        SignatureError: it did not. Whether the key is anybody's whom the user trusts is not looked at.
    """
    if signature.namespace != namespace:
        raise SignatureError(
            "the signature was made for {made_for}, not for {namespace}",
            hint="it was made for something else and says nothing about this file",
            key="signature-for-other",
            made_for=shown(signature.namespace, 80),
            namespace=shown(namespace, 80),
        )
    data = signed_data(message, namespace, signature.hash_algorithm)
    if signature.flags is not None and signature.counter is not None:
        if not signature.flags & USER_PRESENT:
            raise SignatureError("the security key signed without being touched", key="signature-untouched")
        data = sk_signed_data(data, signature.public_key.application, signature.flags, signature.counter)
    ed25519.verify(signature.public_key.point, signature.raw, data)


def sk_signed_data(data: bytes, application: str, flags: int, counter: int) -> bytes:
    """Build the bytes that a security key signs when asked to sign `data` (PROTOCOL.u2f, "SSH U2F signatures")."""
    application_digest = hashlib.sha256(application.encode("utf-8")).digest()
    return application_digest + bytes([flags]) + put_uint32(counter) + hashlib.sha256(data).digest()


def _parse_inner(blob: bytes, key_type: str) -> tuple[bytes, int | None, int | None]:
    reader = Reader(blob, "signature")
    algorithm = reader.text("signature algorithm")
    if algorithm != key_type:
        raise FormatError(
            "signature: made with {algorithm} by a key of type {key_type}",
            key="signature-algorithm",
            algorithm=shown(algorithm, 80),
            key_type=key_type,
        )
    raw = reader.string("raw signature")
    flags = counter = None
    if key_type == SK_ED25519:
        flags, counter = reader.byte("flags"), reader.uint32("counter")
    reader.finish()
    return raw, flags, counter


def _serialize(signature: Signature) -> bytes:
    inner = put_string(signature.public_key.key_type) + put_string(signature.raw)
    if signature.flags is not None and signature.counter is not None:
        inner += bytes([signature.flags]) + put_uint32(signature.counter)
    blob = _MAGIC + put_uint32(_VERSION) + put_string(signature.public_key.blob) + put_string(signature.namespace)
    blob += put_string(b"") + put_string(signature.hash_algorithm) + put_string(inner)
    text = base64.b64encode(blob)
    lines = [text[start : start + _LINE] + b"\n" for start in range(0, len(text), _LINE)]
    return _BEGIN + b"".join(lines) + _END


def _dearmor(armored: bytes) -> bytes:
    if len(armored) > MAX_ARMORED:
        raise FormatError("signature: more than {limit} bytes", key="signature-long", limit=MAX_ARMORED)
    if b"\r" in armored:
        raise FormatError(
            "signature: has carriage returns",
            hint="a transfer changed the line ends; fetch the file again in binary mode",
            key="signature-crlf",
        )
    if not armored.startswith(_BEGIN):
        raise FormatError(
            "signature: does not begin with the line -----BEGIN SSH SIGNATURE-----", key="signature-begin"
        )
    body, end, rest = armored[len(_BEGIN) :].partition(_END)
    if not end or rest:
        raise FormatError(
            "signature: does not end with the line -----END SSH SIGNATURE-----, or continues after it",
            key="signature-end",
        )
    # How the lines are wrapped is checked at the end of parsing, by writing the signature again.
    return decode_base64(body.replace(b"\n", b""), "signature")
