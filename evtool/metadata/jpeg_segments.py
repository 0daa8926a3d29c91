"""Goes through the segments of a JPEG that stand before its coded data (ITU-T T.81, annex B)."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from msgspec import Struct

from evtool.metadata.damage import DamagedError
from evtool.metadata.ends import Ends

SOS, EOI, APP0, APP1, APP2 = 0xDA, 0xD9, 0xE0, 0xE1, 0xE2

EXIF_START, XMP_START = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"

_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers without a length."""

_SEGMENT_LIMIT = 4096


class Segment(Struct, frozen=True):
    """One segment: its marker, and where its body lies in the file."""

    marker: int
    start: int
    end: int

    def read(self, file: Ends) -> bytes:
        """Read the body, which is shorter than 64 KiB."""
        return file.read(self.start, self.end - self.start)


class Segments(Struct, frozen=True):
    """The segments before the coded data.

    Attributes:
        found: in order.
        damage: what is wrong behind the last one; "" if nothing.
    """

    found: tuple[Segment, ...]
    damage: str


@functools.lru_cache(maxsize=1)
def first_segments(file: Ends) -> Segments:
    """List the segments from the start of a file; the ones that were listed last are kept."""
    found: list[Segment] = []
    try:
        found.extend(segments(file))
    except DamagedError as error:
        return Segments(tuple(found), str(error))
    return Segments(tuple(found), "")


def segments(file: Ends, position: int = 2) -> Iterator[Segment]:
    """List the segments up to the header of coded data, `SOS`, or to the end of the picture, `EOI`.

    Raises:
        DamagedError: there is no segment where one must be, or its length is impossible.
    """
    for _ in range(_SEGMENT_LIMIT):
        head = file.read(position, 64)
        # Any number of 0xFF may stand before a marker.
        filled = len(head) - len(head.lstrip(b"\xff"))
        if not filled or filled == len(head):
            raise DamagedError("damaged or cut short: no segment where one must be")
        marker, position = head[filled], position + filled + 1
        if marker in _ALONE:
            continue
        if marker == EOI:
            yield Segment(marker, position, position)
            return
        length = int.from_bytes(file.read(position, 2), "big")
        if length < 2 or position + length > file.size:
            raise DamagedError("damaged or cut short: a segment of impossible length")
        yield Segment(marker, position + 2, position + length)
        position += length
        if marker == SOS:
            return
    raise DamagedError("damaged: too many segments")
