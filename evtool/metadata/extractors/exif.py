"""EXIF of photographs and raw camera files, read by exifread (CIPA DC-008, Exif 2.32)."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from decimal import Decimal, DivisionByZero, InvalidOperation
from typing import Any

import exifread

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import CountKind, OffsetBasis, TextKind, TimeKind
from evtool.metadata import values
from evtool.metadata.boxes import heif_items
from evtool.metadata.ends import Ends, ends_of
from evtool.metadata.exif_block import BlockTag, OddBlockError, read_block
from evtool.metadata.format_table import TIFF_STARTS
from evtool.metadata.jpeg_segments import APP1, EXIF_START, first_segments
from evtool.metadata.riff import chunks

_TIMES = (
    (TimeKind.CAPTURED, "EXIF DateTimeOriginal", "EXIF OffsetTimeOriginal", "EXIF SubSecTimeOriginal"),
    (TimeKind.DIGITIZED, "EXIF DateTimeDigitized", "EXIF OffsetTimeDigitized", "EXIF SubSecTimeDigitized"),
    (TimeKind.MODIFIED, "Image DateTime", "EXIF OffsetTime", "EXIF SubSecTime"),
)

_TEXTS = {
    "Image Make": TextKind.DEVICE_MAKE,
    "Image Model": TextKind.DEVICE_MODEL,
    "Image Software": TextKind.SOFTWARE,
    "Image Orientation": TextKind.ORIENTATION,
    "Image Artist": TextKind.PERSON,
    "Image HostComputer": TextKind.HOST,
    "Image ImageDescription": TextKind.DESCRIPTION,
    "Image Copyright": TextKind.DESCRIPTION,
    "Image XPTitle": TextKind.TITLE,
    "Image XPComment": TextKind.DESCRIPTION,
    "Image XPAuthor": TextKind.PERSON,
    "Image XPKeywords": TextKind.DESCRIPTION,
    "Image XPSubject": TextKind.TITLE,
    "EXIF BodySerialNumber": TextKind.DEVICE_SERIAL,
    "EXIF CameraOwnerName": TextKind.PERSON,
    "EXIF OwnerName": TextKind.PERSON,
    "EXIF SerialNumber": TextKind.DEVICE_SERIAL,
    "EXIF LensModel": TextKind.LENS_MODEL,
    "EXIF LensSerialNumber": TextKind.LENS_SERIAL,
    "EXIF ImageUniqueID": TextKind.IDENTIFIER,
}

_COUNTS = {"EXIF ExifImageWidth": CountKind.WIDTH, "EXIF ExifImageLength": CountKind.HEIGHT}

_THUMBNAILS = ("Thumbnail JPEGInterchangeFormat", "Thumbnail StripOffsets")


_JPEG_HEAD = 512 << 10
"""Bytes at a JPEG's start in which its EXIF segment lies: segments are at most 64 KiB, and this one comes first."""

_DQT = 0xDB
_FOUND_WITHIN = 3_900
"""exifread looks for the first segment in the first 4,000 bytes."""
_SHORTEST = 8

_BLOCK_LIMIT = 8
"""EXIF segments of one JPEG that are read; honest ones have one."""

_Tags = Mapping[str, Any]


class ExifExtractor:
    """Reads times, place, device and texts; maker notes are left alone, as their formats are guesswork."""

    name = "exif"
    is_plain = True
    formats = frozenset(
        {
            "image/jpeg",
            "image/tiff",
            "image/png",
            "image/webp",
            "image/heic",
            "image/heif",
            "image/avif",
            "image/x-adobe-dng",
            "image/x-canon-cr2",
            "image/x-nikon-nef",
            "image/x-sony-arw",
            "image/x-pentax-pef",
            "image/x-olympus-orf",
            "image/x-panasonic-rw2",
        }
    )

    def extract(self, stream: io.BufferedIOBase, size: int) -> Iterator[Claim | values.RawTags]:
        """Yield the claims of the EXIF block, if the file has one; some JPEGs have more than one."""
        file = ends_of(stream, size)
        blocks = _jpeg_blocks(file)
        plain = _read_plainly(blocks[0]) if blocks and blocks[0] else None
        tags = plain if plain is not None else _read_by_library(_exif_block(stream, size))
        yield from _claims(tags, is_tiff=file.head.startswith(TIFF_STARTS))
        for block in blocks[1:_BLOCK_LIMIT]:
            yield from _claims(_read_by_library(io.BytesIO(block)), is_tiff=False)


def _read_plainly(block: bytes) -> _Tags | None:
    try:
        return read_block(block)
    except OddBlockError:
        return None


def _read_by_library(block: io.BufferedIOBase) -> _Tags:
    tags: _Tags = exifread.process_file(
        block,  # type: ignore[arg-type]  # any object with read, seek and tell will do
        details=False,
        extract_thumbnail=False,
    )
    return tags


def _claims(tags: _Tags, *, is_tiff: bool) -> Iterator[Claim | values.RawTags]:
    for kind, name, offset, fraction in _TIMES:
        if name in tags:
            yield from values.iso_time(kind, _text(tags[name]), name, _of(tags, offset), _of(tags, fraction))
    for name, text_kind in _TEXTS.items():
        if name in tags:
            yield from values.text(text_kind, _text(tags[name]), name)
    for name, count_kind in _COUNTS.items():
        if name in tags:
            yield from values.count(count_kind, next(iter(tags[name].values), 0), name)
    is_page = is_tiff and _is_page(tags)
    if not is_page and any(name in tags for name in _THUMBNAILS):
        yield from values.count(CountKind.THUMBNAILS, 1, "Thumbnail IFD")
    yield from _place(tags)
    yield from _gps_time(tags)
    named = {name.replace("Thumbnail ", "IFD 1 ", 1): tags[name] for name in tags} if is_page else tags
    yield values.raw_tags(named, _text, _is_surely_shown)


def _is_surely_shown(found: Any) -> bool:
    return isinstance(found, BlockTag) and found.is_surely_shown and not _is_windows_text(found)


def _jpeg_blocks(file: Ends) -> list[bytes]:
    """Give the EXIF blocks of a JPEG; some programs show one behind the first, and others do not.

    The first one is empty where exifread might find another one, or none: it looks for it in a way of its own.
    """
    if not file.head.startswith(b"\xff\xd8\xff"):
        return []
    blocks: list[bytes] = []
    is_plain, position = True, 2
    # What is wrong with the segments, their own extractor tells.
    for segment in first_segments(file).found:
        if segment.marker == APP1 and (body := segment.read(file)).startswith(b"Exif"):
            if body.startswith(EXIF_START):
                is_first = is_plain and segment.start == position + 4 and position < _FOUND_WITHIN
                blocks.append(body.removeprefix(EXIF_START) if blocks or is_first else b"")
            is_plain = False
        # It stops at a quantization table, and takes each segment for as long as it says, with at least eight bytes.
        is_plain = is_plain and segment.marker != _DQT and segment.start == position + 4
        is_plain = is_plain and segment.end - segment.start >= _SHORTEST
        position = segment.end
    return blocks


def _is_page(tags: _Tags) -> bool:
    """Tell whether the second directory of a TIFF file, which exifread calls the thumbnail, is a page of its own."""
    if "Thumbnail SubfileType" in tags:
        return not next(iter(tags["Thumbnail SubfileType"].values), 0) & 1
    return "Thumbnail ImageWidth" in tags


def _exif_block(stream: io.BufferedIOBase, size: int) -> io.BufferedIOBase:
    """Give the stream that begins with the TIFF structure, where exifread does not find it by itself."""
    stream.seek(0)
    head = stream.read(12)
    stream.seek(0)
    if head[4:8] == b"ftyp":
        for item in heif_items(stream, size, b"Exif"):
            # The item begins with the distance to the TIFF header (ISO/IEC 23008-12, annex A.2.1).
            return io.BytesIO(item[4 + int.from_bytes(item[:4], "big") :])
        return io.BytesIO()
    if head[:4] == b"RIFF":
        for chunk in chunks(stream, 12, size):
            if chunk.type == b"EXIF":
                return io.BytesIO(chunk.read(stream).removeprefix(b"Exif\0\0"))
        return io.BytesIO()
    if head[:3] == b"\xff\xd8\xff":
        # exifread reads number by number; from memory that takes half the time.
        return io.BytesIO(stream.read(_JPEG_HEAD))
    return stream


def _text(found: Any) -> str:
    """Give a tag's value as text: exifread keeps ASCII that is not UTF-8 as bytes, and other types as lists."""
    value = found.values
    if isinstance(value, bytes):
        return values.decode(value)
    if _is_windows_text(found) and isinstance(value, list) and all(isinstance(item, int) for item in value):
        return bytes(item & 0xFF for item in value).decode("utf-16-le", "replace")
    return value if isinstance(value, str) else str(found.printable)


def _is_windows_text(found: Any) -> bool:
    """Tell whether it is one of the XP tags of Windows, which are UTF-16 in a list of bytes."""
    number: int = found.tag
    return 0x9C9B <= number <= 0x9C9F


def _of(tags: _Tags, name: str) -> str:
    return _text(tags[name]).strip() if name in tags else ""


def _numbers(tags: _Tags, name: str, length: int) -> list[Decimal]:
    """Read a list of ratios; a denominator of 0 says that a part is not known, and so is the whole."""
    found = tags[name].values if name in tags else ()
    if isinstance(found, str | bytes) or len(found) < length:
        return []
    try:
        return [Decimal(int(item.numerator)) / Decimal(int(item.denominator)) for item in found[:length]]
    except (DivisionByZero, InvalidOperation, AttributeError):
        return []


def _place(tags: _Tags) -> Iterator[Claim]:
    latitude, longitude = _numbers(tags, "GPS GPSLatitude", 3), _numbers(tags, "GPS GPSLongitude", 3)
    north, east = _of(tags, "GPS GPSLatitudeRef").upper(), _of(tags, "GPS GPSLongitudeRef").upper()
    # Without its letter a latitude could lie on either side of the equator, and no side is invented.
    if not latitude or not longitude or north not in ("N", "S") or east not in ("E", "W"):
        return
    height = _numbers(tags, "GPS GPSAltitude", 1)
    below = _numbers(tags, "GPS GPSAltitudeRef", 1) == [1]
    raw = f"{_of(tags, 'GPS GPSLatitude')} {north}, {_of(tags, 'GPS GPSLongitude')} {east}"
    yield from values.place(
        _degrees(latitude) * (-1 if north == "S" else 1),
        _degrees(longitude) * (-1 if east == "W" else 1),
        (-height[0] if below else height[0]) if height else None,
        raw,
        "GPS GPSLatitude",
    )


def _degrees(parts: list[Decimal]) -> Decimal:
    return parts[0] + parts[1] / 60 + parts[2] / 3600


def _gps_time(tags: _Tags) -> Iterator[Claim]:
    """Claim the time of the GPS receiver, which the standard defines as UTC."""
    day, clock = _of(tags, "GPS GPSDate"), _numbers(tags, "GPS GPSTimeStamp", 3)
    if not day or not clock or any(not 0 <= part < 61 for part in clock):
        return
    hours, minutes, seconds = clock
    written = f"{day} {int(hours):02}:{int(minutes):02}:{int(seconds):02}Z"
    for claim in values.iso_time(TimeKind.GPS, written, "GPS GPSDate"):
        yield values.with_basis(claim, OffsetBasis.FORMAT)


EXTRACTOR = ExifExtractor()
