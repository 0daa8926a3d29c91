"""The data types of the SSH protocol (RFC 4251, section 5) that keys and signatures are written in."""

from __future__ import annotations

import base64
import binascii

from msgspec import Struct

from evtool.core.errors import FormatError
from evtool.core.text.names import is_printable


class Reader(Struct):
    """Reads SSH data types one after the other; every read says what it was for when it fails.

    Attributes:
        data: all bytes.
        subject: what the bytes are, for messages ("signature", "public key").
        position: offset of the next byte.
    """

    data: bytes
    subject: str
    position: int = 0

    def take(self, size: int, field: str) -> bytes:
        """Read `size` bytes.

        Raises:
            FormatError: fewer are left.
        """
        end = self.position + size
        if end > len(self.data):
            raise FormatError(
                "{subject_en}: {field} needs {size} bytes, {left} are left (truncated)",
                key="wire-short",
                subject_en=self.subject,
                field=field,
                size=size,
                left=len(self.data) - self.position,
            )
        piece = self.data[self.position : end]
        self.position = end
        return piece

    def byte(self, field: str) -> int:
        """Read one byte as a number."""
        return self.take(1, field)[0]

    def uint32(self, field: str) -> int:
        """Read a 32-bit number, big endian."""
        return int.from_bytes(self.take(4, field), "big")

    def string(self, field: str) -> bytes:
        """Read a length of 32 bits and that many bytes."""
        return self.take(self.uint32(f"length of {field}"), field)

    def text(self, field: str) -> str:
        """Read a string that is printable text.

        Raises:
            FormatError: it is not UTF-8, or holds what is not printable. That also refuses NUL, at which
                programs written in C would stop reading and so see another, shorter text.
        """
        value = self.string(field)
        try:
            text = value.decode("utf-8")
        except UnicodeDecodeError:
            raise FormatError(
                "{subject_en}: {field} is not UTF-8", key="wire-not-utf8", subject_en=self.subject, field=field
            ) from None
        if not is_printable(text):
            raise FormatError(
                "{subject_en}: {field} holds characters that are not printable",
                key="wire-unprintable",
                subject_en=self.subject,
                field=field,
            )
        return text

    def finish(self) -> None:
        """Check that nothing is left.

        Raises:
            FormatError: there are bytes after the last field; nobody would look at them, so nobody signs them.
        """
        left = len(self.data) - self.position
        if left:
            raise FormatError(
                "{subject_en}: {left} bytes after the end", key="wire-trailing", subject_en=self.subject, left=left
            )


def put_uint32(value: int) -> bytes:
    """Write a 32-bit number, big endian."""
    return value.to_bytes(4, "big")


def put_string(value: bytes | str) -> bytes:
    """Write bytes, or text as UTF-8, with their length in front."""
    data = value.encode("utf-8") if isinstance(value, str) else value
    return put_uint32(len(data)) + data


def decode_base64(text: bytes, subject: str) -> bytes:
    """Decode base64 (RFC 4648, section 4) in its canonical spelling: padded, no white space, unused bits zero.

    Raises:
        FormatError: it is spelled in any other way.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise FormatError("{subject_en}: not base64", key="wire-base64", subject_en=subject) from None
    if base64.b64encode(data) != text:
        raise FormatError(
            "{subject_en}: base64 is not in its canonical spelling", key="wire-base64-spelling", subject_en=subject
        )
    return data
