"""GIF, BMP and WebP pictures: the size in their headers, and whether they are whole.

Sources: GIF89a, sections 17 to 27; Microsoft: bitmap storage; Google: WebP container specification.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BufferedIOBase

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import CountKind, TextKind
from evtool.metadata import values
from evtool.metadata.damage import DamagedError
from evtool.metadata.riff import chunks
from evtool.metadata.trailing import trailing_claims

_GIF_LIMIT = 32 << 20
"""Bytes of a GIF in which its end is looked for, block by block."""


class RasterExtractor:
    """Reads the size, and finds the end of the picture."""

    name = "raster"
    is_plain = True
    formats = frozenset({"image/gif", "image/bmp", "image/webp"})

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim]:
        """Yield the size, and what stands behind the picture.

        Raises:
            DamagedError: the picture ends early.
        """
        head = stream.read(32)
        if head.startswith(b"GIF8"):
            yield from _gif(stream, size, head)
        elif head.startswith(b"BM"):
            yield from _bitmap(stream, size, head)
        else:
            yield from _webp(stream, size, head)


def _size(width: int, height: int, source: str) -> Iterator[Claim]:
    yield from values.count(CountKind.WIDTH, width, source)
    yield from values.count(CountKind.HEIGHT, height, source)


def _gif(stream: BufferedIOBase, size: int, head: bytes) -> Iterator[Claim]:
    yield from values.text(TextKind.FORMAT_VERSION, head[3:6], "GIF header")
    if len(head) < 13:
        raise DamagedError("cut short: the header is not whole")
    width, height = struct.unpack_from("<HH", head, 6)
    yield from _size(width, height, "GIF screen")
    if size > _GIF_LIMIT:
        return
    stream.seek(0)
    if (end := _end_of_gif(stream.read(_GIF_LIMIT), head[10])) < size:
        yield from trailing_claims(stream, end, size - end, "after GIF trailer")


def _end_of_gif(data: bytes, flags: int) -> int:
    """Find the trailer by going from block to block."""
    position = 13 + _colours(flags)
    try:
        while (kind := data[position]) != 0x3B:
            if kind == 0x21:
                position += 2
            elif kind == 0x2C:
                position += 11 + _colours(data[position + 9])
            else:
                raise DamagedError("damaged: no block where one must be")
            while length := data[position]:
                position += 1 + length
            position += 1
    except IndexError:
        raise DamagedError("cut short: the picture has no end") from None
    return position + 1


def _colours(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _bitmap(stream: BufferedIOBase, size: int, head: bytes) -> Iterator[Claim]:
    (stated,) = struct.unpack_from("<I", head, 2)
    (kind,) = struct.unpack_from("<I", head, 14)
    width, height = struct.unpack_from("<HH" if kind == 12 else "<ii", head, 18)
    # A negative height says that the rows stand from the top down.
    yield from _size(abs(width), abs(height), "BMP header")
    if stated > size:
        raise DamagedError("cut short: the file is shorter than its header says")
    if stated > 14 and stated < size:
        yield from trailing_claims(stream, stated, size - stated, "after BMP")


def _webp(stream: BufferedIOBase, size: int, head: bytes) -> Iterator[Claim]:
    for chunk in chunks(stream, 12, size):
        body = chunk.read(stream)[:10]
        if chunk.type == b"VP8X" and len(body) == 10:
            yield from _size(_of_three(body[4:7]) + 1, _of_three(body[7:10]) + 1, "WebP VP8X")
            break
        if chunk.type == b"VP8L" and len(body) >= 5:
            bits = int.from_bytes(body[1:5], "little")
            yield from _size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, "WebP VP8L")
            break
        if chunk.type == b"VP8 " and len(body) == 10:
            width, height = struct.unpack_from("<HH", body, 6)
            yield from _size(width & 0x3FFF, height & 0x3FFF, "WebP VP8")
            break
    end = 8 + int.from_bytes(head[4:8], "little")
    if end > size:
        raise DamagedError("cut short: the file is shorter than its header says")
    if end + (end & 1) < size:
        yield from trailing_claims(stream, end, size - end, "after WebP RIFF")


def _of_three(data: bytes) -> int:
    return int.from_bytes(data, "little")


EXTRACTOR = RasterExtractor()
