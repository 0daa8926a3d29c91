"""Digests: the two of every item, and how a person writes one down."""

from __future__ import annotations

import hashlib
import re

from msgspec import Struct

from evtool.core.errors import FormatError
from evtool.core.text.expressions import compiled_when_used

_HEX_256 = compiled_when_used(r"[0-9a-f]{64}\Z")


class Digests(Struct, frozen=True):
    """Both digests of the same bytes, taken in one read.

    Attributes:
        sha256: SHA-256 (FIPS 180-4), 64 lower-case hexadecimal digits.
        blake3: BLAKE3 with the default 32-byte output, 64 lower-case hexadecimal digits.
    """

    sha256: str
    blake3: str

    def __post_init__(self) -> None:
        check_hex_digest(self.sha256, "sha256")
        check_hex_digest(self.blake3, "blake3")


def check_hex_digest(value: str, name: str) -> str:
    """Return a 32-byte digest in hexadecimal as it is.

    Raises:
        FormatError: it is not 64 lower-case hexadecimal digits.
    """
    if not _HEX_256.match(value):
        raise FormatError(f"{name} is not 64 lower-case hexadecimal digits")
    return value


def sha256_hex(data: bytes) -> str:
    """Compute the SHA-256 of data in memory, in lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def group_in_fours(hex_digest: str) -> str:
    """Write a digest in groups of four, to be noted on paper or read out by telephone."""
    return " ".join(hex_digest[i : i + 4] for i in range(0, len(hex_digest), 4))


def parse_grouped_digest(text: str) -> str:
    """Read a 32-byte digest as a person noted it: spaces, colons, hyphens and capitals do not matter.

    Raises:
        FormatError: it is not a whole digest; the message says how many digits came.
    """
    plain = re.sub(r"[\s:-]", "", text).lower()
    if not _HEX_256.match(plain):
        digits = sum(letter in "0123456789abcdef" for letter in plain)
        other = "" if digits == len(plain) else ", and something that is no digit"
        raise FormatError(f"a digest has 64 digits, 0 to 9 and a to f; {digits} came{other}")
    return plain
