"""Hash and signature algorithms by their object identifiers, and how far each is trusted."""

from __future__ import annotations

import hashlib
from enum import Enum

from msgspec import Struct


class Strength(Enum):
    """What a token that uses an algorithm is worth, whatever the date."""

    ACCEPTED = "accepted"
    WEAK = "weak"
    """Nothing is disproved, but a collision or forgery is within reach: never better than indeterminate."""
    REFUSED = "refused"
    """Collisions are made on a laptop: such a token shows nothing."""


class HashFunction(Struct, frozen=True):
    """One hash function.

    Attributes:
        oid: its object identifier, dotted.
        name: its name in reports, in the sunset table and on openssl's command line.
        size: bytes of output.
        strength: how far it is trusted.
    """

    oid: str
    name: str
    size: int
    strength: Strength = Strength.ACCEPTED

    def compute(self, data: bytes) -> bytes | None:
        """Compute the hash of data in memory; None if this Python cannot."""
        try:
            return hashlib.new(self.name.replace("sha3-", "sha3_").replace("sha512-", "sha512_"), data).digest()
        except ValueError:
            return None


_NIST = "2.16.840.1.101.3.4.2."

HASH_FUNCTIONS: dict[str, HashFunction] = {
    function.oid: function
    for function in (
        HashFunction("1.2.840.113549.2.5", "md5", 16, Strength.REFUSED),
        HashFunction("1.3.14.3.2.26", "sha1", 20, Strength.WEAK),
        HashFunction(_NIST + "1", "sha256", 32),
        HashFunction(_NIST + "2", "sha384", 48),
        HashFunction(_NIST + "3", "sha512", 64),
        HashFunction(_NIST + "4", "sha224", 28),
        HashFunction(_NIST + "5", "sha512-224", 28),
        HashFunction(_NIST + "6", "sha512-256", 32),
        HashFunction(_NIST + "7", "sha3-224", 28),
        HashFunction(_NIST + "8", "sha3-256", 32),
        HashFunction(_NIST + "9", "sha3-384", 48),
        HashFunction(_NIST + "10", "sha3-512", 64),
    )
}
"""Every hash function that is recognised; SHA-2 and SHA-3 identifiers are from NIST's arc (RFC 5754, RFC 8702)."""

HASHES_BY_NAME: dict[str, HashFunction] = {function.name: function for function in HASH_FUNCTIONS.values()}


class SignatureScheme(Enum):
    """How a signature is computed."""

    RSA_PKCS1 = "rsa"
    RSA_PSS = "rsa-pss"
    ECDSA = "ecdsa"
    ED25519 = "ed25519"
    ED448 = "ed448"


class SignatureAlgorithm(Struct, frozen=True):
    """A signature algorithm as an identifier names it.

    Attributes:
        scheme: how the signature is computed.
        hash_name: the hash function the identifier fixes; empty if it fixes none.
    """

    scheme: SignatureScheme
    hash_name: str = ""


_PKCS1 = "1.2.840.113549.1.1."
_ECDSA = "1.2.840.10045.4."
_SIG_SHA3 = "2.16.840.1.101.3.4.3."
RSASSA_PSS_OID = _PKCS1 + "10"
MGF1_OID = _PKCS1 + "8"

SIGNATURE_ALGORITHMS: dict[str, SignatureAlgorithm] = {
    _PKCS1 + "1": SignatureAlgorithm(SignatureScheme.RSA_PKCS1),
    _PKCS1 + "5": SignatureAlgorithm(SignatureScheme.RSA_PKCS1, "sha1"),
    RSASSA_PSS_OID: SignatureAlgorithm(SignatureScheme.RSA_PSS),
    _PKCS1 + "11": SignatureAlgorithm(SignatureScheme.RSA_PKCS1, "sha256"),
    _PKCS1 + "12": SignatureAlgorithm(SignatureScheme.RSA_PKCS1, "sha384"),
    _PKCS1 + "13": SignatureAlgorithm(SignatureScheme.RSA_PKCS1, "sha512"),
    _PKCS1 + "14": SignatureAlgorithm(SignatureScheme.RSA_PKCS1, "sha224"),
    _PKCS1 + "15": SignatureAlgorithm(SignatureScheme.RSA_PKCS1, "sha512-224"),
    _PKCS1 + "16": SignatureAlgorithm(SignatureScheme.RSA_PKCS1, "sha512-256"),
    _ECDSA + "1": SignatureAlgorithm(SignatureScheme.ECDSA, "sha1"),
    _ECDSA + "3.1": SignatureAlgorithm(SignatureScheme.ECDSA, "sha224"),
    _ECDSA + "3.2": SignatureAlgorithm(SignatureScheme.ECDSA, "sha256"),
    _ECDSA + "3.3": SignatureAlgorithm(SignatureScheme.ECDSA, "sha384"),
    _ECDSA + "3.4": SignatureAlgorithm(SignatureScheme.ECDSA, "sha512"),
    _SIG_SHA3 + "9": SignatureAlgorithm(SignatureScheme.ECDSA, "sha3-224"),
    _SIG_SHA3 + "10": SignatureAlgorithm(SignatureScheme.ECDSA, "sha3-256"),
    _SIG_SHA3 + "11": SignatureAlgorithm(SignatureScheme.ECDSA, "sha3-384"),
    _SIG_SHA3 + "12": SignatureAlgorithm(SignatureScheme.ECDSA, "sha3-512"),
    _SIG_SHA3 + "13": SignatureAlgorithm(SignatureScheme.RSA_PKCS1, "sha3-224"),
    _SIG_SHA3 + "14": SignatureAlgorithm(SignatureScheme.RSA_PKCS1, "sha3-256"),
    _SIG_SHA3 + "15": SignatureAlgorithm(SignatureScheme.RSA_PKCS1, "sha3-384"),
    _SIG_SHA3 + "16": SignatureAlgorithm(SignatureScheme.RSA_PKCS1, "sha3-512"),
    "1.3.101.112": SignatureAlgorithm(SignatureScheme.ED25519),
    "1.3.101.113": SignatureAlgorithm(SignatureScheme.ED448),
}
"""Identifiers of RFC 8017, RFC 5754, RFC 5758, RFC 8702 and RFC 8410; `rsaEncryption` and Ed25519 fix no hash."""
