"""Blocks of PEM in a file (RFC 7468), found in one pass.

A block ends where the next marker stands, whatever that is; so a file of nothing but beginnings, which anybody can lay
beside a time-stamp, takes no longer than any other of its size.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import NamedTuple

from evtool.core.errors import FormatError

_BEGIN, _END, _RULE = b"-----BEGIN ", b"-----END ", b"-----"
_LABEL = 64
"""Bytes in which the end of a label is looked for: it is a few words."""


class PemBlock(NamedTuple):
    """One block: its label, and the text between its markers; None if no end follows its beginning."""

    label: bytes
    text: bytes | None

    def decode(self) -> bytes:
        """Give the bytes that the text stands for.

        Raises:
            FormatError: the block has no end, or is not base64.
        """
        if self.text is None:
            raise FormatError("the block of PEM has no end", key="pem-no-end")
        try:
            return base64.b64decode(b"".join(self.text.split()), validate=True)
        except binascii.Error as error:
            raise FormatError("the block of PEM is not base64: {why_en}", key="pem-base64", why_en=error) from None


def find_blocks(data: bytes) -> Iterator[PemBlock]:
    """Yield the blocks of a file in their order."""
    at = data.find(_BEGIN)
    while at >= 0:
        head = at + len(_BEGIN)
        following = data.find(_BEGIN, head)
        stop = len(data) if following < 0 else following
        rule = data.find(_RULE, head, min(head + _LABEL, stop))
        if rule >= 0:
            end = data.find(_END, rule, stop)
            yield PemBlock(data[head:rule], data[rule + len(_RULE) : end] if end >= 0 else None)
        at = following
