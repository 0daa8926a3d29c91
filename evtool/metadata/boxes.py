"""Reads the box structure of QuickTime and the ISO base media file format (ISO/IEC 14496-12, section 4.2)."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator

from msgspec import Struct

from evtool.metadata.damage import DamagedError

_BOX_LIMIT = 4096
"""Boxes side by side; honest files have a few dozen."""

_BODY_LIMIT = 4 << 20
"""Bytes of one box that are read into memory; boxes of metadata are far smaller."""


class Box(Struct, frozen=True):
    """One box: its four-character type, and where its body lies in the file."""

    type: bytes
    start: int
    end: int


def boxes(stream: io.BufferedIOBase, start: int, end: int) -> Iterator[Box]:
    """List the boxes between two positions; ends quietly where a length does not fit, as in a cut file.

    A length of 0 means "up to the end", 1 means that a length of eight bytes follows.
    """
    for _ in range(_BOX_LIMIT):
        stream.seek(start)
        head = stream.read(16)
        if len(head) < 8 or start + 8 > end:
            return
        size, skipped = int.from_bytes(head[:4], "big"), 8
        if size == 1:
            size, skipped = int.from_bytes(head[8:16], "big"), 16
        size = size or end - start
        if size < skipped or start + size > end:
            return
        yield Box(head[4:8], start + skipped, start + size)
        start += size


def read_body(stream: io.BufferedIOBase, box: Box, limit: int = _BODY_LIMIT) -> bytes:
    """Read a box's body, or its first `limit` bytes."""
    stream.seek(box.start)
    return stream.read(min(box.end - box.start, limit))


def find(stream: io.BufferedIOBase, parent: Box, *path: bytes) -> Iterator[Box]:
    """List the boxes at a path below another box."""
    if not path:
        yield parent
        return
    for box in boxes(stream, children_start(stream, parent), parent.end):
        if box.type == path[0]:
            yield from find(stream, box, *path[1:])


def children_start(stream: io.BufferedIOBase, box: Box) -> int:
    """Tell where a box's children begin: `meta` has a version before them in ISO files, and none in QuickTime's."""
    if box.type != b"meta":
        return box.start
    stream.seek(box.start + 4, os.SEEK_SET)
    return box.start if stream.read(4) == b"hdlr" else box.start + 4


def whole_file(size: int) -> Box:
    """Give the file itself as the box around its top-level boxes."""
    return Box(b"", 0, size)


def heif_items(stream: io.BufferedIOBase, size: int, wanted: bytes) -> Iterator[bytes]:
    """Read the items of one type of a HEIF file, such as `Exif` (ISO/IEC 23008-12, annex A).

    `iinf` tells the item's number, `iloc` where its bytes lie. Only items that lie in the file itself are read.
    """
    for meta in find(stream, whole_file(size), b"meta"):
        numbers = set(_items_of_type(stream, meta, wanted))
        for iloc in find(stream, meta, b"iloc"):
            for number, extents in _locations(read_body(stream, iloc)):
                if number in numbers:
                    yield b"".join(_read(stream, offset, length) for offset, length in extents)[:_BODY_LIMIT]
        return


def _read(stream: io.BufferedIOBase, offset: int, length: int) -> bytes:
    stream.seek(offset)
    return stream.read(min(length, _BODY_LIMIT))


def _items_of_type(stream: io.BufferedIOBase, meta: Box, wanted: bytes) -> Iterator[int]:
    for iinf in find(stream, meta, b"iinf"):
        wide = read_body(stream, iinf, 1)[:1] != b"\0"
        for box in boxes(stream, iinf.start + (8 if wide else 6), iinf.end):
            body = read_body(stream, box, 64)
            if box.type != b"infe" or body[:1] not in (b"\x02", b"\x03"):
                continue
            width = 2 if body[0] == 2 else 4
            if body[6 + width : 10 + width] == wanted:
                yield int.from_bytes(body[4 : 4 + width], "big")


def _locations(body: bytes) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Read an `iloc` box (ISO/IEC 14496-12, section 8.11.3)."""
    fields = io.BytesIO(body)

    def number(width: int) -> int:
        data = fields.read(width)
        if len(data) != width:
            raise EOFError("iloc ends early")
        return int.from_bytes(data, "big")

    version = number(4) >> 24
    sizes = number(2)
    offset_size, length_size, base_size, index_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15, sizes & 15
    wide = 4 if version == 2 else 2
    read = 0
    for _ in range(min(number(wide), _BOX_LIMIT)):
        item = number(wide)
        method = number(2) & 15 if version else 0
        number(2)  # data reference
        base = number(base_size)
        extents = []
        for _ in range(number(2)):
            # Fields may be 0 bytes wide, so a short list can promise four billion extents.
            read += 1
            if read > _BOX_LIMIT:
                raise ValueError("too many extents")
            number(index_size if version else 0)
            offset = number(offset_size)
            extents.append((base + offset, number(length_size)))
        if method == 0:
            yield item, extents


def primary_properties(stream: io.BufferedIOBase, meta: Box) -> Iterator[Box]:
    """List the properties of the picture that is shown: `pitm` names it, `ipma` lists them, `ipco` holds them."""
    primary = b"".join(read_body(stream, box, 8) for box in find(stream, meta, b"pitm"))
    number = int.from_bytes(primary[4:8] if primary[:1] != b"\0" else primary[4:6], "big")
    for container in find(stream, meta, b"iprp"):
        held = [box for ipco in find(stream, container, b"ipco") for box in boxes(stream, ipco.start, ipco.end)]
        for ipma in find(stream, container, b"ipma"):
            for index in _associated(read_body(stream, ipma), number):
                if 1 <= index <= len(held):
                    yield held[index - 1]


def _associated(body: bytes, wanted: int) -> Iterator[int]:
    """Read an `ipma` box (ISO/IEC 23008-12, section 9.3): the numbers of one item's properties, from 1 on."""
    wide_item, wide_index = body[:1] != b"\0", bool(body[3:4]) and body[3] & 1
    position, width = 8, 2 if wide_index else 1
    for _ in range(min(int.from_bytes(body[4:8], "big"), _BOX_LIMIT)):
        item_width = 4 if wide_item else 2
        item = int.from_bytes(body[position : position + item_width], "big")
        position += item_width
        number = body[position] if position < len(body) else 0
        position += 1
        if item == wanted:
            for start in range(position, position + number * width, width):
                # The highest bit says that a reader must understand the property.
                yield int.from_bytes(body[start : start + width], "big") & (0x7FFF if wide_index else 0x7F)
        position += number * width


_CONTAINERS = frozenset(
    {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"udta", b"meta", b"ilst", b"iprp", b"ipco", b"edts", b"dinf"}
)
"""Boxes that hold boxes and nothing else, as far as this program looks into them."""


def check_boxes(stream: io.BufferedIOBase, parent: Box, depth: int = 8) -> None:
    """Check that the boxes below another one fill it, as a cut or overwritten file shows there.

    QuickTime ends some lists with four zero bytes, and others fill with zeros.

    Raises:
        DamagedError: a length does not fit, or bytes that are no box follow the last one.
    """
    end = children_start(stream, parent) if parent.type else parent.start
    children = list(boxes(stream, end, parent.end))
    end = children[-1].end if children else end
    if end < parent.end and len(children) < _BOX_LIMIT:
        stream.seek(end)
        if any(stream.read(min(parent.end - end, 16))):
            where = "inside another box" if parent.type else "in the file"
            raise DamagedError(f"damaged or cut short: a box has an impossible length {where}")
    for box in children:
        if depth and box.type in _CONTAINERS:
            check_boxes(stream, box, depth - 1)
