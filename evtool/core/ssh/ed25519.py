"""Ed25519 verification (RFC 8032, section 5.1.7) with every lenient corner closed.

RFC 8032 leaves open what implementations do with keys of small order and with points in a second spelling. With a
key of small order one signature verifies for every message, so an insider could have a signature time-stamped today
and write what it signs in ten years. OpenSSL and ssh-keygen accept such keys; everything here refuses them. The
checks below stand before libsodium's own, so that the verdict does not hang on the version of a library.
"""

from __future__ import annotations

from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

from evtool.core.errors import FormatError, SignatureError

POINT_BYTES = 32
SIGNATURE_BYTES = 64

_PRIME = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
"""The order of the base point, called L in RFC 8032."""

_SMALL_ORDER_Y = (
    0,  # order 4
    1,  # order 1, the neutral element
    _PRIME - 1,  # order 2
    0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,  # order 8
    0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,  # order 8
    _PRIME,  # 0 in a second spelling
    _PRIME + 1,  # 1 in a second spelling
)
SMALL_ORDER_POINTS = frozenset(
    (y | sign << 255).to_bytes(POINT_BYTES, "little") for y in _SMALL_ORDER_Y for sign in (0, 1)
)
"""Every encoding of a point whose order divides 8: seven y, each with both signs of x."""


def check_point(point: bytes, subject: str) -> bytes:
    """Return the encoding of a curve point as it is.

    Whether it lies on the curve at all is found out by verification, which fails if it does not.

    Raises:
        FormatError: it is not 32 bytes, of small order, or its y is not below the field prime.
    """
    if len(point) != POINT_BYTES:
        raise FormatError(
            "{subject_en} has {count} bytes, expected {expected}",
            key="point-size",
            subject_en=subject,
            count=len(point),
            expected=POINT_BYTES,
        )
    if point in SMALL_ORDER_POINTS:
        raise FormatError(
            "{subject_en} is a point of small order",
            hint="no honest program makes such a value: with it, one signature fits every message",
            key="point-small",
            subject_en=subject,
        )
    if int.from_bytes(point, "little") & (2**255 - 1) >= _PRIME:
        raise FormatError(
            "{subject_en} is not in its canonical spelling: y is not below the field prime",
            key="point-spelling",
            subject_en=subject,
        )
    return point


def verify(point: bytes, signature: bytes, message: bytes) -> None:
    """Check an Ed25519 signature; `point` is a public key that passed `check_point`.

    Raises:
        SignatureError: R or S is out of range or of small order, or the signature is of another message or key.
    """
    if len(signature) != SIGNATURE_BYTES:
        raise SignatureError(
            "the signature has {count} bytes, expected {expected}",
            key="signature-size",
            count=len(signature),
            expected=SIGNATURE_BYTES,
        )
    try:
        check_point(signature[:POINT_BYTES], "R of the signature")
    except FormatError as error:
        raise SignatureError.like(error) from None
    if int.from_bytes(signature[POINT_BYTES:], "little") >= _ORDER:
        # S + L would verify as well: a second signature made without the key (RFC 8032, section 8.4).
        raise SignatureError("S of the signature is not below the group order", key="signature-s")
    try:
        crypto_sign_open(signature + message, point)
    except BadSignatureError:
        raise SignatureError(
            "the signature does not match these bytes and this key",
            hint="the signed file or its signature was changed, or they do not belong together",
            key="signature-mismatch",
        ) from None
