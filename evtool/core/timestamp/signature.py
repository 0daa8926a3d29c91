"""The signature of a token: does this key match these bytes?"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from evtool.core.timestamp.algorithms import (
    HASH_FUNCTIONS,
    MGF1_OID,
    SIGNATURE_ALGORITHMS,
    HashFunction,
    SignatureAlgorithm,
    SignatureScheme,
)
from evtool.core.timestamp.der import SEQUENCE, DerError, Fields, Node, explicit, read_only
from evtool.core.timestamp.der_values import read_integer
from evtool.core.timestamp.refusal import Refused
from evtool.core.timestamp.result import TokenReason
from evtool.core.timestamp.signed_data import SignerInfo
from evtool.core.timestamp.tst_info import parse_algorithm

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303  # old tokens are read, and never judged better than indeterminate
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha512-224": hashes.SHA512_224(),
    "sha512-256": hashes.SHA512_256(),
    "sha3-224": hashes.SHA3_224(),
    "sha3-256": hashes.SHA3_256(),
    "sha3-384": hashes.SHA3_384(),
    "sha3-512": hashes.SHA3_512(),
}

MIN_RSA_BITS = 2048


def identify_signature(signer: SignerInfo, digest: HashFunction) -> SignatureScheme:
    """Name the scheme of a signature, after checking that its identifier fits the digest beside it.

    Raises:
        Refused: unknown algorithm, or the two name different hash functions.
    """
    algorithm = SIGNATURE_ALGORITHMS.get(signer.signature_oid)
    if algorithm is None:
        raise Refused(TokenReason.ALGORITHM_UNSUPPORTED, f"signature algorithm {signer.signature_oid} is not supported")
    hash_name = _fixed_hash(signer, algorithm)
    # One signature under two readings of its hash is what an attacker looks for; RFC 8933 asks for one everywhere.
    if hash_name and hash_name != digest.name:
        detail = f"the signature uses {hash_name}, the attributes beside it {digest.name}"
        raise Refused(TokenReason.ALGORITHM_UNSUPPORTED, detail)
    return algorithm.scheme


def _fixed_hash(signer: SignerInfo, algorithm: SignatureAlgorithm) -> str:
    if algorithm.scheme is not SignatureScheme.RSA_PSS:
        return algorithm.hash_name
    return _parse_pss(signer.signature_parameters)[0]


def check_signature(key: CertificatePublicKeyTypes | None, signer: SignerInfo, digest: HashFunction) -> SignatureScheme:
    """Verify the signature over the signed attributes, as they were received.

    Raises:
        Refused: the signature is wrong, or cannot be computed here.
    """
    scheme = identify_signature(signer, digest)
    function = _HASHES[digest.name]
    signature, data = signer.signature, signer.signed_bytes
    try:
        match scheme, key:
            case SignatureScheme.RSA_PKCS1, rsa.RSAPublicKey():
                key.verify(signature, data, padding.PKCS1v15(), function)
            case SignatureScheme.RSA_PSS, rsa.RSAPublicKey():
                key.verify(signature, data, _pss_padding(signer), function)
            case SignatureScheme.ECDSA, ec.EllipticCurvePublicKey():
                key.verify(signature, data, ec.ECDSA(function))
            case SignatureScheme.ED25519, ed25519.Ed25519PublicKey():
                key.verify(signature, data)
            case SignatureScheme.ED448, ed448.Ed448PublicKey():
                key.verify(signature, data)
            case _:
                raise Refused(
                    TokenReason.ALGORITHM_UNSUPPORTED, f"the signer's key does not fit a {scheme.value} signature"
                )
    except InvalidSignature:
        raise Refused(TokenReason.SIGNATURE_INVALID, "the signature does not match the signed attributes") from None
    except (UnsupportedAlgorithm, ValueError) as error:
        raise Refused(
            TokenReason.ALGORITHM_UNSUPPORTED, f"a {scheme.value} signature cannot be checked: {error}"
        ) from error
    return scheme


def _pss_padding(signer: SignerInfo) -> padding.PSS:
    _, mask_hash, salt_length = _parse_pss(signer.signature_parameters)
    return padding.PSS(padding.MGF1(_HASHES[mask_hash]), salt_length)


def _parse_pss(parameters: bytes | None) -> tuple[str, str, int]:
    """Read RSASSA-PSS-params: hash, hash of the mask generation function, salt length (RFC 4055, section 3.1).

    The defaults are SHA-1 and 20 bytes.
    """
    if parameters is None:
        raise Refused(TokenReason.ALGORITHM_UNSUPPORTED, "the RSA-PSS signature has no parameters")
    fields = Fields(read_only(parameters), "RSASSA-PSS-params")
    hash_field, mask_field, salt_field = fields.optional(0xA0), fields.optional(0xA1), fields.optional(0xA2)
    trailer = fields.optional(0xA3)
    fields.end()
    if trailer and read_integer(explicit(trailer, "trailerField"), "trailerField") != 1:
        raise Refused(TokenReason.ALGORITHM_UNSUPPORTED, "the RSA-PSS signature has an unknown trailer")
    salt_length = read_integer(explicit(salt_field, "saltLength"), "saltLength") if salt_field else 20
    if not 0 <= salt_length <= 512:
        raise DerError("saltLength is {length}, expected 0 to 512", key="pss-salt", length=salt_length)
    hash_name = _hash_name(explicit(hash_field, "hashAlgorithm")) if hash_field else "sha1"
    return hash_name, _mask_hash(explicit(mask_field, "maskGenAlgorithm")) if mask_field else "sha1", salt_length


def _mask_hash(node: Node) -> str:
    oid, parameters = parse_algorithm(node, "maskGenAlgorithm")
    if oid != MGF1_OID or parameters is None or parameters[0] != SEQUENCE:
        raise Refused(TokenReason.ALGORITHM_UNSUPPORTED, f"mask generation function {oid} is not supported")
    return _hash_name(read_only(parameters))


def _hash_name(node: Node) -> str:
    oid, _ = parse_algorithm(node, "hashAlgorithm")
    function = HASH_FUNCTIONS.get(oid)
    if function is None or function.name not in _HASHES:
        raise Refused(
            TokenReason.ALGORITHM_UNSUPPORTED, f"hash function {oid} is not supported in an RSA-PSS signature"
        )
    return function.name
