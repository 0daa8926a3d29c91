"""JPEG pictures: what their own segments say, and what stands behind them (ITU-T T.81, annex B; JFIF 1.02)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BufferedIOBase

from msgspec import Struct, field

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import CountKind, TextKind
from evtool.core.text.expressions import compiled_when_used
from evtool.metadata import values
from evtool.metadata.damage import DamagedError
from evtool.metadata.ends import Ends, ends_of
from evtool.metadata.jpeg_segments import (
    APP0,
    APP1,
    APP2,
    EOI,
    EXIF_START,
    XMP_START,
    Segment,
    first_segments,
    segments,
)
from evtool.metadata.trailing import trailing_claims

_SIZES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""Markers of a frame, which has the picture's size."""

_PART_LIMIT = 4096
_CHUNK = 1 << 20

_TAIL = 64 << 10
"""Bytes at a file's end that are always looked through."""

_HINTS = (b"MotionPhoto", b"MicroVideo")
"""What XMP says of a picture that a video follows (Google: Motion Photo format 1.0, and its forerunner)."""

_MARKER = compiled_when_used(rb"\xff[^\x00\xff\xd0-\xd7]")
"""What ends coded data: 0xFF in it is followed by 0, by another 0xFF, or by a restart marker."""

_REPEATED = {EXIF_START: "JPEG Exif segments", XMP_START: "JPEG XMP segments"}
"""How the segments begin that a picture may have once."""


class _Picture(Struct):
    """What the segments before the coded data tell.

    Attributes:
        sizes: width and height of its frames, each as often as it is stated.
        version: of JFIF; "" if it is none.
        repeated: how a segment begins that may stand once -> how often it stands.
        hints: whether it says that a video follows.
        others: places and lengths of further pictures behind it that the file lists (CIPA DC-007, MPF).
    """

    sizes: list[tuple[int, int]] = field(default_factory=list)
    version: str = ""
    repeated: dict[bytes, int] = field(default_factory=dict)
    hints: bool = False
    others: list[tuple[int, int]] = field(default_factory=list)


class JpegExtractor:
    """Reads size, version and the end of the picture, and counts what stands behind it."""

    name = "jpeg"
    is_plain = True
    formats = frozenset({"image/jpeg"})

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim]:
        """Yield what the segments claim.

        Raises:
            DamagedError: a segment is impossible, or the picture has no end.
        """
        file = ends_of(stream, size)
        picture = _Picture()
        damage, end = "", 0
        try:
            first = first_segments(file)
            for segment in first.found:
                _read_segment(file, segment, picture)
            if first.damage or not picture.sizes:
                raise DamagedError(first.damage or "damaged: it holds no picture data")
            end = size if _seems_whole(file, picture) else _find_end(stream, file, first.found[-1].end)
        except DamagedError as error:
            damage = str(error)
        for width, height in dict.fromkeys(picture.sizes):
            yield from values.count(CountKind.WIDTH, width, "JPEG SOF")
            yield from values.count(CountKind.HEIGHT, height, "JPEG SOF")
        yield from values.text(TextKind.FORMAT_VERSION, picture.version, "JFIF APP0")
        for start, source in _REPEATED.items():
            if (number := picture.repeated.get(start, 0)) > 1:
                yield from values.count(CountKind.REPEATED_FIELDS, number, source)
        if damage:
            raise DamagedError(damage)
        others = [(start, length) for start, length in picture.others if _is_jpeg(stream, start, end)]
        yield from values.count(CountKind.PICTURES, len(others), "JPEG MPF")
        if end < size:
            yield from trailing_claims(stream, end, _left(end, size, others), "after JPEG EOI")


def _read_segment(file: Ends, segment: Segment, picture: _Picture) -> None:
    if segment.marker in _SIZES and segment.end - segment.start >= 5:
        height, width = struct.unpack_from(">xHH", segment.read(file))
        picture.sizes.append((width, height))
    elif segment.marker == APP0 and len(body := segment.read(file)) >= 7 and body.startswith(b"JFIF\0"):
        picture.version = f"{body[5]}.{body[6]:02}"
    elif segment.marker in (APP1, APP2):
        body = segment.read(file)
        picture.hints = picture.hints or any(hint in body for hint in _HINTS)
        for beginning in _REPEATED:
            if body.startswith(beginning):
                picture.repeated[beginning] = picture.repeated.get(beginning, 0) + 1
        if body.startswith(b"MPF\0"):
            picture.others += _listed_pictures(body[4:], segment.start + 4)


def _listed_pictures(body: bytes, base: int) -> Iterator[tuple[int, int]]:
    """Read the list of pictures (CIPA DC-007, section 5.2.3); the first one is the picture itself, at 0."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(body[:4])
    try:
        if order is None:
            return
        (directory,) = struct.unpack_from(f"{order}I", body, 4)
        (number,) = struct.unpack_from(f"{order}H", body, directory)
        for index in range(min(number, 64)):
            tag, _, length, place = struct.unpack_from(f"{order}HHII", body, directory + 2 + 12 * index)
            if tag == 0xB002:
                for entry in range(min(length // 16, 64)):
                    size, offset = struct.unpack_from(f"{order}4xII", body, place + 16 * entry)
                    if offset:
                        yield base + offset, size
    except struct.error:
        return


def _seems_whole(file: Ends, picture: _Picture) -> bool:
    """Tell by the last bytes of a file whether its picture reaches to there.

    To go through all of a picture takes half as long as to hash it. So what ends like a picture, lists no other one,
    speaks of no video, and shows no other end nearby is taken for one.
    """
    if picture.others or picture.hints:
        return False
    tail = file.tail
    # From the end it takes half the time.
    return tail.endswith(b"\xff\xd9") and tail.rfind(b"\xff\xd9", max(len(tail) - _TAIL, 0), len(tail) - 1) < 0


def _find_end(stream: BufferedIOBase, file: Ends, position: int) -> int:
    """Find where the picture ends: behind its coded data, of which progressive pictures have several parts."""
    for _ in range(_PART_LIMIT):
        *_, last = segments(file, _end_of_data(stream, position))
        if last.marker == EOI:
            return last.end
        position = last.end
    raise DamagedError("damaged: too many parts")


def _end_of_data(stream: BufferedIOBase, position: int) -> int:
    carried = b""
    stream.seek(position)
    while chunk := stream.read(_CHUNK):
        data = carried + chunk
        if match := _MARKER.search(data):
            return position - len(carried) + match.start()
        position += len(chunk)
        carried = b"\xff" if data[-1:] == b"\xff" else b""
    raise DamagedError("cut short: the picture has no end")


def _is_jpeg(stream: BufferedIOBase, start: int, end: int) -> bool:
    stream.seek(start)
    return start >= end and stream.read(3) == b"\xff\xd8\xff"


def _left(end: int, size: int, others: list[tuple[int, int]]) -> int:
    """Count the bytes behind the end that no listed picture takes."""
    left, position = 0, end
    for start, length in sorted(others):
        left += max(min(start, size) - position, 0)
        position = max(position, min(start + length, size))
    return left + max(size - position, 0)


EXTRACTOR = JpegExtractor()
