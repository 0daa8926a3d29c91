"""Makes the vectors of this folder; `python make.py FOLDER` writes them, always the same bytes.

Each vector is one file: `expect:`, `comment:` and `message:` lines, an empty line, then the bytes of a signature
file. The secret key is no secret: it is SHA-256("evtool test vectors").
"""

from __future__ import annotations

import base64
import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

from nacl.bindings import (
    crypto_core_ed25519_add,
    crypto_scalarmult_ed25519_base_noclamp,
)
from nacl.signing import SigningKey

MESSAGE = b"event = 'sealed'"
NAMESPACE = b"evtool-custody-v1"
ORDER = 2**252 + 27742317777372353535851937790883648493
PRIME = 2**255 - 19
SEED = hashlib.sha256(b"evtool test vectors").digest()
PUBLIC = bytes(SigningKey(SEED).verify_key)
SCALAR = int.from_bytes(hashlib.sha512(SEED).digest()[:32], "little") & (2**254 - 8) | 2**254
"""The secret scalar of RFC 8032, section 5.1.5."""

SMALL_Y = {
    "0": 0,
    "1": 1,
    "minus-1": PRIME - 1,
    "order-8": int.from_bytes(
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
    ),
    "order-8-twin": int.from_bytes(
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"
    ),
    "p": PRIME,
    "p-plus-1": PRIME + 1,
}


def small_points() -> dict[str, bytes]:
    """The 14 encodings of points whose order divides 8, each under a name."""
    return {
        f"{name}{'-signed' if sign else ''}": (y | sign << 255).to_bytes(32, "little")
        for name, y in SMALL_Y.items()
        for sign in (0, 1)
    }


@dataclass(frozen=True, slots=True)
class Parts:
    """All fields of an SSHSIG, of which a vector changes one."""

    magic: bytes = b"SSHSIG"
    version: int = 1
    key_type: bytes = b"ssh-ed25519"
    point: bytes = PUBLIC
    key_tail: bytes = b""
    namespace: bytes = NAMESPACE
    reserved: bytes = b""
    hash_name: bytes = b"sha512"
    algorithm: bytes = b"ssh-ed25519"
    raw: bytes = b""
    inner_tail: bytes = b""
    tail: bytes = b""

    def blob(self) -> bytes:
        """The binary signature."""
        key = string(self.key_type) + string(self.point) + self.key_tail
        inner = string(self.algorithm) + string(self.raw or SigningKey(SEED).sign(self.signed()).signature)
        return (
            self.magic
            + self.version.to_bytes(4, "big")
            + string(key)
            + string(self.namespace)
            + string(self.reserved)
            + string(self.hash_name)
            + string(inner + self.inner_tail)
            + self.tail
        )

    def signed(self, message: bytes = MESSAGE) -> bytes:
        """What the key signs."""
        algorithm = self.hash_name.decode() if self.hash_name in (b"sha256", b"sha384", b"md5") else "sha512"
        digest = hashlib.new(algorithm, message).digest()
        return b"SSHSIG" + string(self.namespace) + string(self.reserved) + string(self.hash_name) + string(digest)


def string(data: bytes) -> bytes:
    """SSH wire form of a string."""
    return len(data).to_bytes(4, "big") + data


def armor(blob: bytes, width: int = 70, newline: bytes = b"\n", end: bytes = b"\n") -> bytes:
    """The text form of a signature."""
    text = base64.b64encode(blob)
    lines = [text[i : i + width] for i in range(0, len(text), width)]
    return newline.join([b"-----BEGIN SSH SIGNATURE-----", *lines, b"-----END SSH SIGNATURE-----"]) + end


def challenge(r_point: bytes, point: bytes, data: bytes) -> int:
    """The k of RFC 8032, section 5.1.7."""
    return int.from_bytes(hashlib.sha512(r_point + point + data).digest(), "little") % ORDER


def forge(point: bytes) -> bytes:
    """Sign under a key of small order, without any secret: try R until its challenge cancels the key."""
    data = Parts(point=point).signed()
    for attempt in range(1, 200):
        r_point = crypto_scalarmult_ed25519_base_noclamp(scalar(attempt))
        if challenge(r_point, point, data) % 8 == 0:
            return r_point + scalar(attempt)
    raise AssertionError("one attempt in eight succeeds")


def with_r(r_point: bytes) -> bytes:
    """Sign with a given R as if its secret were 0; fits the equation exactly if R is the neutral element."""
    return r_point + scalar(challenge(r_point, PUBLIC, Parts().signed()) * SCALAR)


def scalar(value: int) -> bytes:
    """A number below the group order, little endian."""
    return (value % ORDER).to_bytes(32, "little")


def add_order(raw: bytes, times: int) -> bytes:
    """Add the group order to S, which leaves the verification equation as it was."""
    return raw[:32] + (int.from_bytes(raw[32:], "little") + times * ORDER).to_bytes(32, "little")


def vectors() -> dict[str, tuple[str, str, bytes]]:
    """Name -> (what must happen, why in one sentence, the signature file)."""
    found: dict[str, tuple[str, str, bytes]] = {}
    for family in (_good, _armor, _fields, _lengths, _signatures, _small_order):
        found |= family()
    return found


def _good() -> dict[str, tuple[str, str, bytes]]:
    return {
        "good-sha512": ("success", "a plain signature as ssh-keygen writes it", armor(Parts().blob())),
        "good-sha256": ("success", "SHA-256 over the message is the other allowed hash", armor(_SHA256.blob())),
    }


def _armor() -> dict[str, tuple[str, str, bytes]]:
    good, blob = armor(Parts().blob()), Parts().blob()
    why = {
        "armor-crlf": ("line ends were changed by a transfer in text mode", armor(blob, newline=b"\r\n", end=b"\r\n")),
        "armor-no-final-newline": ("the last newline is missing", armor(blob, end=b"")),
        "armor-two-final-newlines": ("an empty line follows the end line", armor(blob, end=b"\n\n")),
        "armor-text-before": ("text stands before the begin line", b"signed by A03\n" + good),
        "armor-text-after": ("text stands after the end line", good + b"signed by A03\n"),
        "armor-two-blocks": ("two signatures in one file: readers may look at different ones", good + good),
        "armor-width-64": ("base64 is wrapped at 64, not at 70", armor(blob, width=64)),
        "armor-one-line": ("base64 is not wrapped", armor(blob, width=10_000)),
        "armor-space-in-base64": ("a space inside base64 would be skipped by others", good.replace(b"U", b" U", 1)),
        "armor-begin-lower-case": ("the begin line is spelled differently", good.replace(b"BEGIN SSH", b"begin ssh")),
        "armor-begin-trailing-space": ("a space follows the begin line", good.replace(b"-----\n", b"----- \n", 1)),
        "armor-pgp": ("the armor of another program", good.replace(b"SSH", b"PGP")),
        "armor-no-end": ("the end line is missing", good.partition(b"-----END")[0]),
        "armor-no-padding": ("base64 padding is missing", armor(blob).replace(b"=", b"")),
        "armor-loose-bits": ("unused bits of the last base64 digit are set", _loose_bits(armor(blob))),
        "armor-url-alphabet": ("base64 of the URL alphabet", good.translate(bytes.maketrans(b"+/", b"-_"))),
        "armor-empty": ("nothing between begin and end line", armor(b"")),
        "armor-too-long": ("a namespace of 4,000 bytes makes the file too long", armor(_LONG.blob())),
    }
    return {name: ("format failure", reason, data) for name, (reason, data) in why.items()}


def _fields() -> dict[str, tuple[str, str, bytes]]:
    why = {
        "magic": ("the magic is that of nothing", Parts(magic=b"SSHSIC")),
        "version-0": ("version 0 never existed; ssh-keygen 9.2 takes it", Parts(version=0)),
        "version-2": ("version 2 is not known", Parts(version=2)),
        "reserved-used": ("the reserved field is not empty", Parts(reserved=b"x")),
        "namespace-empty": ("an empty namespace is forbidden", Parts(namespace=b"")),
        "namespace-nul": ("after NUL a C program sees the right namespace", Parts(namespace=NAMESPACE + b"\0x")),
        "namespace-final-nul": ("a NUL at the end, which ssh-keygen drops", Parts(namespace=NAMESPACE + b"\0")),
        "namespace-latin-1": ("the namespace is not UTF-8", Parts(namespace=b"evid\xe9")),
        "hash-md5": ("MD5 over the message", Parts(hash_name=b"md5")),
        "hash-sha384": ("SHA-384 is no SSHSIG hash", Parts(hash_name=b"sha384")),
        "hash-upper-case": ("names of hashes are lower case", Parts(hash_name=b"SHA512")),
        "key-type-rsa": ("an RSA key", Parts(key_type=b"ssh-rsa")),
        "key-type-certificate": (
            "a certificate in place of a key",
            Parts(key_type=b"ssh-ed25519-cert-v01@openssh.com"),
        ),
        "key-type-sk-without-application": ("a security key lacks its field", Parts(key_type=_SK, algorithm=_SK)),
        "algorithm-differs": ("the signature names another algorithm than the key", Parts(algorithm=b"ssh-rsa")),
        "flags-on-plain-key": ("flags and counter of a security key on a plain one", Parts(inner_tail=b"\1\0\0\0\1")),
    }
    return {name: ("format failure", reason, armor(parts.blob())) for name, (reason, parts) in why.items()}


def _lengths() -> dict[str, tuple[str, str, bytes]]:
    blob = Parts().blob()
    why = {
        "truncated-1": ("the last byte is missing", blob[:-1]),
        "truncated-half": ("half of it is missing", blob[: len(blob) // 2]),
        "trailing-byte": ("a byte follows the signature", Parts(tail=b"\0").blob()),
        "trailing-key-byte": ("a byte follows the point inside the key", Parts(key_tail=b"\0").blob()),
        "trailing-inner-byte": ("a byte follows R and S", Parts(inner_tail=b"\0").blob()),
        "point-31-bytes": ("the key has 31 bytes", Parts(point=PUBLIC[:31]).blob()),
        "point-33-bytes": ("the key has 33 bytes", Parts(point=PUBLIC + b"\0").blob()),
        "raw-63-bytes": ("R and S have 63 bytes", Parts(raw=_RAW[:63]).blob()),
        "raw-65-bytes": ("R and S have 65 bytes", Parts(raw=_RAW + b"\0").blob()),
        "length-4-gib": ("a length that lies", b"SSHSIG\0\0\0\1" + b"\xff" * 4 + blob[14:]),
    }
    return {name: ("format failure", reason, armor(data)) for name, (reason, data) in why.items()}


def _signatures() -> dict[str, tuple[str, str, bytes]]:
    other = bytes(SigningKey(b"\1" * 32).verify_key)
    flipped = _RAW[:40] + bytes([_RAW[40] ^ 1]) + _RAW[41:]
    why = {
        "other-namespace": ("a good signature made for files in general", Parts(namespace=b"file")),
        "other-namespace-version": ("a good signature for a later version", Parts(namespace=b"evtool-custody-v2")),
        "other-namespace-case": ("namespaces are compared exactly", Parts(namespace=b"Evtool-custody-v1")),
        "other-key": ("the key was replaced by another person's", Parts(point=other, raw=_RAW)),
        "other-message": ("the message is not the one signed", Parts(raw=_sign(Parts().signed(MESSAGE + b"\n")))),
        "raw-message-signed": ("the key signed the bare message, without namespace", Parts(raw=_sign(MESSAGE))),
        "hash-swapped": ("signed over SHA-512, labelled as SHA-256", Parts(hash_name=b"sha256", raw=_RAW)),
        "namespace-swapped": (
            "signed for `file`, labelled as ours",
            Parts(raw=_sign(Parts(namespace=b"file").signed())),
        ),
        "bit-flip-in-s": ("one bit of S is flipped", Parts(raw=flipped)),
        "all-zero": ("R and S are zero", Parts(raw=bytes(64))),
        "s-plus-order": ("S + L solves the same equation", Parts(raw=add_order(_RAW, 1))),
        "s-plus-8-orders": ("S + 8 L solves the same equation", Parts(raw=add_order(_RAW, 8))),
        "s-is-order": ("S = L stands for 0", Parts(raw=_RAW[:32] + ORDER.to_bytes(32, "little"))),
        "r-not-below-p": ("y of R is the field prime + 3", Parts(raw=with_r((PRIME + 3).to_bytes(32, "little")))),
        "r-with-torsion": ("a point of order 8 is added to R", Parts(raw=_torsion())),
        "point-off-the-curve": ("no x belongs to this y of the key", Parts(point=(2).to_bytes(32, "little"), raw=_RAW)),
    }
    found = {name: ("signature failure", reason, armor(parts.blob())) for name, (reason, parts) in why.items()}
    not_below = Parts(point=(PRIME + 3).to_bytes(32, "little"), raw=_RAW)
    found["point-not-below-p"] = ("format failure", "y of the key is the field prime + 3", armor(not_below.blob()))
    return found


def _small_order() -> dict[str, tuple[str, str, bytes]]:
    found: dict[str, tuple[str, str, bytes]] = {}
    for name, point in small_points().items():
        parts = Parts(point=point, raw=forge(point))
        reason = "key of small order, forged without any secret"
        found[f"small-key-{name}"] = ("format failure", reason, armor(parts.blob()))
        reason = "R of small order, computed with the secret key"
        found[f"small-r-{name}"] = ("signature failure", reason, armor(Parts(raw=with_r(point)).blob()))
    return found


def _torsion() -> bytes:
    """Sign honestly but for R, to which a point of order 8 is added before it is hashed."""
    secret = 12345
    r_point = crypto_core_ed25519_add(crypto_scalarmult_ed25519_base_noclamp(scalar(secret)), small_points()["order-8"])
    return r_point + scalar(secret + challenge(r_point, PUBLIC, Parts().signed()) * SCALAR)


def _sign(data: bytes) -> bytes:
    return SigningKey(SEED).sign(data).signature


def _loose_bits(text: bytes) -> bytes:
    """Set the lowest bit of the digit before the padding; decoders that do not look give the same bytes."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    at = text.index(b"=") - 1
    return text[:at] + alphabet[alphabet.index(text[at]) + 1 :][:1] + text[at + 1 :]


_SK = b"sk-ssh-ed25519@openssh.com"
_SHA256 = Parts(hash_name=b"sha256")
_LONG = Parts(namespace=b"n" * 4000)
_RAW = _sign(Parts().signed())

if __name__ == "__main__":
    for vector, (expect, comment, data) in vectors().items():
        header = f"expect: {expect}\ncomment: {comment}\nmessage: {MESSAGE.decode()}\n\n"
        (Path(sys.argv[1]) / f"{vector}.txt").write_bytes(header.encode() + data)
