"""gzip files: the name and time in their header; nothing is unpacked (RFC 1952, section 2.3)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BufferedIOBase

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import TextKind, TimeKind
from evtool.metadata import values
from evtool.metadata.damage import DamagedError

_EXTRA, _NAME, _COMMENT = 4, 8, 16


class GzipExtractor:
    """Reads the header of the first member."""

    name = "gzip"
    is_plain = True
    formats = frozenset({"application/gzip"})

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim]:
        """Yield time, original name and comment.

        Raises:
            DamagedError: the header has no end in its first 64 KiB.
        """
        header = stream.read(64 << 10)
        flags, seconds = struct.unpack_from("<xxxBI", header)
        yield from values.unix_time(TimeKind.MODIFIED, seconds, "gzip MTIME")
        rest = header[10:]
        if flags & _EXTRA:
            rest = rest[2 + int.from_bytes(rest[:2], "little") :]
        for flag, kind in ((_NAME, TextKind.FILE_NAME), (_COMMENT, TextKind.DESCRIPTION)):
            if flags & flag:
                value, end, rest = rest.partition(b"\0")
                yield from values.text(kind, value, "gzip FNAME" if flag == _NAME else "gzip FCOMMENT")
                if not end:
                    raise DamagedError("cut short: the header has no end")


EXTRACTOR = GzipExtractor()
