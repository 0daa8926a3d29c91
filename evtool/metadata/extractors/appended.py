"""Notes what stands behind the end of a picture or document: a second format in the same file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import BufferedIOBase

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import CountKind
from evtool.metadata import values

_TAIL = 22 + 65_535
"""Bytes in which the end record of a ZIP archive must lie (APPNOTE 6.3.10, section 4.3.16)."""

_END_RECORD = b"PK\x05\x06"


class AppendedExtractor:
    """Looks for an archive's end record, and for bytes after the last chunk of a PNG."""

    name = "appended"
    is_plain = True
    formats = frozenset(
        {
            "image/jpeg",
            "image/png",
            "image/gif",
            "image/webp",
            "image/bmp",
            "image/tiff",
            "image/heic",
            "application/pdf",
            "video/mp4",
            "video/quicktime",
            "audio/mpeg",
            "audio/wav",
        }
    )

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim]:
        """Yield what is noted; an end record counts only if its comment ends with the file."""
        stream.seek(max(size - _TAIL, 0))
        tail = stream.read(_TAIL)
        at = tail.rfind(_END_RECORD)
        if at >= 0 and at + 22 + int.from_bytes(tail[at + 20 : at + 22], "little") == len(tail):
            yield from values.count(CountKind.APPENDED_ARCHIVES, 1, "ZIP end record")
        stream.seek(0)
        if stream.read(8) == b"\x89PNG\r\n\x1a\n":
            yield from values.count(CountKind.TRAILING_BYTES, _after_png(stream, size), "after PNG IEND")


def _after_png(stream: BufferedIOBase, size: int) -> int:
    position = 8
    while position + 12 <= size:
        stream.seek(position, os.SEEK_SET)
        head = stream.read(8)
        position += 12 + int.from_bytes(head[:4], "big")
        if head[4:] == b"IEND":
            return size - position
    return 0


EXTRACTOR = AppendedExtractor()
