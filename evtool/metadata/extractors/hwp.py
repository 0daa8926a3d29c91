"""Hangul documents, HWP 5 (Hancom: HWP document file format 5.0, sections 3.2.1 and 3.2.4), read by olefile."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BufferedIOBase

import olefile  # type: ignore[import-untyped]

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import CountKind, TextKind
from evtool.metadata import values
from evtool.metadata.property_set import summary_claims

_SIGNATURE = b"HWP Document File"
_ENCRYPTED, _SCRIPT, _SIGNED = 1 << 1, 1 << 3, 1 << 7
"""Bits of the properties in the file header."""


class HwpExtractor:
    """Reads the file header and the summary, whose texts are UTF-16."""

    name = "hwp"
    is_plain = False
    formats = frozenset({"application/x-hwp"})

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim]:
        """Yield the claims of the header, the summary, and what the names of the storages tell."""
        with olefile.OleFileIO(stream) as ole:
            if ole.exists("FileHeader"):
                yield from _header(ole.openstream("FileHeader").read(256))
            yield from summary_claims(ole, "\x05HwpSummaryInformation")
            names = ole.listdir()
            yield from values.count(CountKind.PICTURES, sum(name[0] == "BinData" for name in names), "BinData")
            yield from values.count(CountKind.THUMBNAILS, int(ole.exists("PrvImage")), "PrvImage")


def _header(header: bytes) -> Iterator[Claim]:
    if len(header) < 40 or not header.startswith(_SIGNATURE):
        return
    revision, build, minor, major = header[32:36]
    (properties,) = struct.unpack_from("<I", header, 36)
    yield from values.text(TextKind.FORMAT_VERSION, f"{major}.{minor}.{build}.{revision}", "FileHeader")
    yield from values.count(CountKind.ENCRYPTED, int(bool(properties & _ENCRYPTED)), "FileHeader")
    yield from values.count(CountKind.JAVASCRIPT, int(bool(properties & _SCRIPT)), "FileHeader")
    yield from values.count(CountKind.SIGNATURES, int(bool(properties & _SIGNED)), "FileHeader")


EXTRACTOR = HwpExtractor()
