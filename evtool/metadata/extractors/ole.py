"""Word, Excel, PowerPoint and Outlook files of before 2007, read by olefile ([MS-OLEPS], well-known property sets)."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedIOBase

import olefile  # type: ignore[import-untyped]

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import CountKind
from evtool.metadata import values
from evtool.metadata.property_set import summary_claims


class OleExtractor:
    """Reads the summary property set; notes macros."""

    name = "ole"
    is_plain = False
    formats = frozenset(
        {
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            "application/vnd.ms-outlook",
            "application/x-ole-storage",
        }
    )

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim]:
        """Yield the claims of the summary, and what the names of the storages tell."""
        with olefile.OleFileIO(stream) as ole:
            yield from summary_claims(ole, "\x05SummaryInformation")
            macros = any(ole.exists(name) for name in ("Macros/VBA", "_VBA_PROJECT_CUR/VBA", "VBA"))
            yield from values.count(CountKind.MACROS, int(macros), "VBA storage")
            yield from values.count(CountKind.EMBEDDED_FILES, int(ole.exists("ObjectPool")), "ObjectPool storage")
            encrypted = ole.exists("EncryptedPackage")
            yield from values.count(CountKind.ENCRYPTED, int(encrypted), "EncryptedPackage stream")


EXTRACTOR = OleExtractor()
