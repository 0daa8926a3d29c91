"""MP4, QuickTime and 3GPP recordings, read from their boxes (ISO/IEC 14496-12; QuickTime File Format)."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from decimal import Decimal
from io import BufferedIOBase

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import CountKind, TextKind, TimeKind
from evtool.core.text.expressions import compiled_when_used
from evtool.metadata import values
from evtool.metadata.boxes import Box, boxes, check_boxes, find, read_body, whole_file

_USER_TEXTS = {
    b"\xa9mak": TextKind.DEVICE_MAKE,
    b"\xa9mod": TextKind.DEVICE_MODEL,
    b"\xa9swr": TextKind.SOFTWARE,
    b"\xa9too": TextKind.SOFTWARE,
    b"\xa9nam": TextKind.TITLE,
    b"\xa9cmt": TextKind.DESCRIPTION,
    b"\xa9des": TextKind.DESCRIPTION,
    b"\xa9ART": TextKind.PERSON,
    b"\xa9aut": TextKind.PERSON,
    b"\xa9wrt": TextKind.PERSON,
    b"\xa9alb": TextKind.TITLE,
}

_KEYS = {
    "com.apple.quicktime.make": TextKind.DEVICE_MAKE,
    "com.apple.quicktime.model": TextKind.DEVICE_MODEL,
    "com.apple.quicktime.software": TextKind.SOFTWARE,
    "com.apple.quicktime.title": TextKind.TITLE,
    "com.apple.quicktime.description": TextKind.DESCRIPTION,
    "com.apple.quicktime.author": TextKind.PERSON,
    "com.apple.quicktime.artist": TextKind.PERSON,
    "com.android.version": TextKind.SOFTWARE,
    "com.android.manufacturer": TextKind.DEVICE_MAKE,
    "com.android.model": TextKind.DEVICE_MODEL,
}

_POINT = compiled_when_used(
    r"([+-]\d{1,2}(?:\.\d+)?)([+-]\d{1,3}(?:\.\d+)?)([+-]\d+(?:\.\d+)?)?(?:CRS\w*)?/?", re.ASCII
)
"""ISO 6709, degrees with a decimal fraction, which is the form that cameras write."""


class IsoMediaExtractor:
    """Reads the movie box: dates, duration, tracks, device and place."""

    name = "isomedia"
    is_plain = True
    formats = frozenset(
        {
            "video/mp4",
            "audio/mp4",
            "video/quicktime",
            "video/3gpp",
            "image/x-canon-cr3",
        }
    )

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim]:
        """Yield the claims of the movie header, of each track, and of the user data.

        Raises:
            DamagedError: the boxes do not fit into the file, or into one another.
        """
        for movie in find(stream, whole_file(size), b"moov"):
            for header in find(stream, movie, b"mvhd"):
                yield from _header(read_body(stream, header, 64), "mvhd")
            tracks = list(find(stream, movie, b"trak"))
            yield from values.count(CountKind.TRACKS, len(tracks), "moov trak")
            for track in tracks[:16]:
                yield from _track(stream, track)
            for data in find(stream, movie, b"udta"):
                yield from _user_data(stream, data)
                for meta in find(stream, data, b"meta"):
                    yield from _item_list(stream, meta)
            for meta in find(stream, movie, b"meta"):
                yield from _item_list(stream, meta)
        check_boxes(stream, whole_file(size))


def _header(body: bytes, source: str) -> Iterator[Claim]:
    """Read a movie header (section 8.2.2): version 0 has times of 32 bits, version 1 of 64."""
    layout = ">4xQQIQ" if body[:1] == b"\x01" else ">4xIIII"
    created, modified, scale, length = struct.unpack_from(layout, body)
    yield from values.mac_time(TimeKind.CREATED, created, f"{source} creation_time")
    yield from values.mac_time(TimeKind.MODIFIED, modified, f"{source} modification_time")
    if scale:
        yield from values.duration(Decimal(length) / scale, f"{source} duration")


def _track(stream: BufferedIOBase, track: Box) -> Iterator[Claim]:
    handler = b"".join(read_body(stream, box, 12)[8:12] for box in find(stream, track, b"mdia", b"hdlr"))
    for header in find(stream, track, b"tkhd"):
        body = read_body(stream, header, 128)
        created = struct.unpack_from(">4xQ" if body[:1] == b"\x01" else ">4xI", body)[0]
        yield from values.mac_time(TimeKind.CREATED, created, "tkhd creation_time")
        width, height = struct.unpack(">HxxHxx", body[-8:])
        if handler == b"vide":
            yield from values.count(CountKind.WIDTH, width, "tkhd width")
            yield from values.count(CountKind.HEIGHT, height, "tkhd height")
    for table in find(stream, track, b"mdia", b"minf", b"stbl", b"stsd"):
        codec = read_body(stream, table, 16)[12:16]
        if handler in (b"vide", b"soun"):
            yield from values.text(TextKind.CODEC, codec.decode("latin-1"), f"stsd {handler.decode()}")


def _user_data(stream: BufferedIOBase, data: Box) -> Iterator[Claim]:
    """Read QuickTime user data: each box holds a length, a language and a text."""
    for box in boxes(stream, data.start, data.end):
        body = read_body(stream, box, 4096)
        if box.type == b"loci":
            yield from _3gpp_location(body)
        if box.type[:1] != b"\xa9" or len(body) < 4:
            continue
        written = body[4 : 4 + int.from_bytes(body[:2], "big")]
        yield from _named(box.type, values.decode(written), "udta")


def _named(type_: bytes, value: str, where: str) -> Iterator[Claim]:
    name = type_.decode("latin-1").replace("\xa9", "(c)")
    source = f"{where} {name}" if name.isascii() and name.isprintable() else where
    if type_ in _USER_TEXTS:
        yield from values.text(_USER_TEXTS[type_], value, source)
    elif type_ == b"\xa9xyz":
        yield from _point(value, source)
    elif type_ == b"\xa9day":
        yield from values.iso_time(TimeKind.CREATED, value, source)
    yield from values.tag(source, value)


def _item_list(stream: BufferedIOBase, meta: Box) -> Iterator[Claim]:
    """Read an item list, whose entries are named by a `keys` box or by their type."""
    keys = [key for box in find(stream, meta, b"keys") for key in _keys(read_body(stream, box))]
    for item in (item for items in find(stream, meta, b"ilst") for item in boxes(stream, items.start, items.end)):
        for data in find(stream, item, b"data"):
            value = values.decode(read_body(stream, data, 4096)[8:])
            number = int.from_bytes(item.type, "big")
            if 1 <= number <= len(keys):
                yield from _keyed(keys[number - 1], value)
            elif item.type != b"covr":
                yield from _named(item.type, value, "ilst")


def _keys(body: bytes) -> Iterator[str]:
    position = 8
    for _ in range(min(int.from_bytes(body[4:8], "big"), 256)):
        length = int.from_bytes(body[position : position + 4], "big")
        if length < 8:
            return
        yield body[position + 8 : position + length].decode("ascii", "replace").replace("\ufffd", "?")[:80]
        position += length


def _keyed(key: str, value: str) -> Iterator[Claim]:
    source = f"keys {key}" if key.isprintable() and not key.endswith(" ") else "keys"
    if key in _KEYS:
        yield from values.text(_KEYS[key], value, source)
    elif key == "com.apple.quicktime.location.ISO6709":
        yield from _point(value, source)
    elif key == "com.apple.quicktime.creationdate":
        yield from values.iso_time(TimeKind.CAPTURED, value, source)
    yield from values.tag(source, value)


def _point(value: str, source: str) -> Iterator[Claim]:
    if match := _POINT.fullmatch(value.strip()):
        height = Decimal(match[3]) if match[3] else None
        yield from values.place(Decimal(match[1]), Decimal(match[2]), height, value, source)


def _3gpp_location(body: bytes) -> Iterator[Claim]:
    """Read a `loci` box (3GPP TS 26.244, table 8.10): a name, then fixed-point degrees."""
    name, _, rest = body[6:].partition(b"\0")
    yield from values.text(TextKind.PLACE_NAME, name, "loci name")
    if len(rest) >= 13:
        longitude, latitude, height = (Decimal(part) / 65536 for part in struct.unpack_from(">xiii", rest))
        yield from values.place(latitude, longitude, height, f"{latitude} {longitude}", "loci")


EXTRACTOR = IsoMediaExtractor()
