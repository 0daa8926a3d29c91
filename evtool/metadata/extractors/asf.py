"""Windows Media files: the file properties object (Microsoft: Advanced Systems Format, section 3.2)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from decimal import Decimal
from io import BufferedIOBase
from uuid import UUID

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import TimeKind
from evtool.metadata import values

_FILE_PROPERTIES = UUID("8CABDCA1-A947-11CF-8EE4-00C00C205365").bytes_le
_HEADER_LIMIT = 1 << 20


class AsfExtractor:
    """Reads when the file says it was made, and how long it plays."""

    name = "asf"
    is_plain = True
    formats = frozenset({"video/x-ms-wmv", "audio/x-ms-wma", "video/x-ms-asf"})

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim]:
        """Yield the claims of the file properties object."""
        header = stream.read(min(size, _HEADER_LIMIT))
        position = 30
        while position + 24 <= len(header):
            identifier, length = header[position : position + 16], struct.unpack_from("<Q", header, position + 16)[0]
            if identifier == _FILE_PROPERTIES:
                created, _, play, _, preroll = struct.unpack_from("<QQQQQ", header, position + 48)
                yield from values.file_time(TimeKind.CREATED, created, "ASF Creation Date")
                # In units of 100 ns, the time to fill the player's buffer (in ms) included.
                yield from values.duration(Decimal(play) / 10**7 - Decimal(preroll) / 1000, "ASF Play Duration")
                return
            if length < 24:
                return
            position += length


EXTRACTOR = AsfExtractor()
