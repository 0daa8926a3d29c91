"""Notes an archive behind the end of a picture or document: a second format in the same file."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedIOBase

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import CountKind
from evtool.metadata import values
from evtool.metadata.ends import ends_of

_TAIL = 22 + 65_535
"""Bytes in which the end record of a ZIP archive must lie (APPNOTE 6.3.10, section 4.3.16)."""

_END_RECORD = b"PK\x05\x06"


class AppendedExtractor:
    """Looks for an archive's end record; what else stands behind a picture is told by the reader of its format."""

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
        tail = ends_of(stream, size).tail
        at = tail.rfind(_END_RECORD, max(len(tail) - _TAIL, 0))
        if at >= 0 and at + 22 + int.from_bytes(tail[at + 20 : at + 22], "little") == len(tail):
            yield from values.count(CountKind.APPENDED_ARCHIVES, 1, "ZIP end record")


EXTRACTOR = AppendedExtractor()
