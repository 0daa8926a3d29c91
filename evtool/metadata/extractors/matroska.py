"""Matroska and WebM recordings, read from their EBML elements (RFC 8794, RFC 9559)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BufferedIOBase

from msgspec import Struct

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import CountKind, OffsetBasis, TextKind, TimeKind
from evtool.metadata import values
from evtool.metadata.damage import DamagedError

_SEGMENT, _INFO, _TRACKS, _TRACK, _VIDEO = 0x18538067, 0x1549A966, 0x1654AE6B, 0xAE, 0xE0
_TAGS, _TAG, _SIMPLE_TAG, _TAG_NAME, _TAG_TEXT = 0x1254C367, 0x7373, 0x67C8, 0x45A3, 0x4487
_ATTACHMENTS, _ATTACHED_FILE = 0x1941A469, 0x61A7
_SCALE, _DURATION, _DATE = 0x2AD7B1, 0x4489, 0x4461
_TITLE, _MUXING_APP, _WRITING_APP, _CODEC, _WIDTH, _HEIGHT = 0x7BA9, 0x4D80, 0x5741, 0x86, 0xB0, 0xBA

_EPOCH = datetime(2001, 1, 1, tzinfo=UTC)
_ELEMENT_LIMIT = 20_000
_BODY_LIMIT = 64 << 10

_TAG_TEXTS = {
    "TITLE": TextKind.TITLE,
    "ARTIST": TextKind.PERSON,
    "DIRECTOR": TextKind.PERSON,
    "COMMENT": TextKind.DESCRIPTION,
    "DESCRIPTION": TextKind.DESCRIPTION,
    "ENCODER": TextKind.SOFTWARE,
}


class _Element(Struct, frozen=True):
    id: int
    start: int
    end: int
    is_cut: bool


class MatroskaExtractor:
    """Reads the segment's information, its tracks and tags; pictures and sound are skipped."""

    name = "matroska"
    is_plain = True
    formats = frozenset({"video/matroska", "video/webm"})

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim]:
        """Yield the claims of the first segment.

        Raises:
            DamagedError: the file ends early.
        """
        for segment in _children(stream, 0, size):
            if segment.id != _SEGMENT:
                continue
            for element in _children(stream, segment.start, segment.end):
                if element.id == _INFO:
                    yield from _information(stream, element)
                elif element.id == _TRACKS:
                    yield from _tracks(stream, element)
                elif element.id == _TAGS:
                    yield from _tags(stream, element)
                elif element.id == _ATTACHMENTS:
                    files = [file for file in _children(stream, *_span(element)) if file.id == _ATTACHED_FILE]
                    yield from values.count(CountKind.EMBEDDED_FILES, len(files), "Attachments")
            if segment.is_cut:
                raise DamagedError("cut short: the file is shorter than its segment says")
            return


def _span(element: _Element) -> tuple[int, int]:
    return element.start, element.end


def _children(stream: BufferedIOBase, start: int, end: int) -> Iterator[_Element]:
    """List elements side by side; one of unknown length reaches to the end (RFC 8794, section 6.2)."""
    for _ in range(_ELEMENT_LIMIT):
        stream.seek(start)
        head = stream.read(12)
        id_length = _length(head[:1])
        size_length = _length(head[id_length : id_length + 1])
        if start >= end or not 0 < id_length <= 4 or size_length == 0 or len(head) < id_length + size_length:
            return
        mask = (1 << 7 * size_length) - 1
        size = int.from_bytes(head[id_length : id_length + size_length], "big") & mask
        start += id_length + size_length
        stop = end if size == mask else min(start + size, end)
        yield _Element(int.from_bytes(head[:id_length], "big"), start, stop, size != mask and start + size > end)
        start = stop


def _length(first: bytes) -> int:
    """Tell from its first byte how many bytes a variable-size integer has; 0 for none."""
    return 9 - first[0].bit_length() if first and first[0] else 0


def _read(stream: BufferedIOBase, element: _Element) -> bytes:
    stream.seek(element.start)
    return stream.read(min(element.end - element.start, _BODY_LIMIT))


def _fields(stream: BufferedIOBase, parent: _Element, *ids: int) -> dict[int, bytes]:
    return {child.id: _read(stream, child) for child in _children(stream, *_span(parent)) if child.id in ids}


def _information(stream: BufferedIOBase, element: _Element) -> Iterator[Claim]:
    found = _fields(stream, element, _SCALE, _DURATION, _DATE, _TITLE, _MUXING_APP, _WRITING_APP)
    yield from values.text(TextKind.SOFTWARE, found.get(_MUXING_APP), "Info MuxingApp")
    yield from values.text(TextKind.SOFTWARE, found.get(_WRITING_APP), "Info WritingApp")
    yield from values.text(TextKind.TITLE, found.get(_TITLE), "Info Title")
    if _DATE in found:
        nanoseconds = int.from_bytes(found[_DATE][:8], "big", signed=True)
        when = _EPOCH + timedelta(microseconds=nanoseconds // 1000)
        yield from values.moment(TimeKind.CREATED, when, OffsetBasis.FORMAT, str(nanoseconds), "Info DateUTC")
    if len(found.get(_DURATION, b"")) in (4, 8):
        ticks = struct.unpack(">f" if len(found[_DURATION]) == 4 else ">d", found[_DURATION])[0]
        scale = int.from_bytes(found.get(_SCALE, b"")[:8], "big") or 1_000_000
        # The scale is in nanoseconds for each tick.
        yield from values.duration(Decimal(repr(ticks)) * scale / 10**9, "Info Duration")


def _tracks(stream: BufferedIOBase, element: _Element) -> Iterator[Claim]:
    tracks = [child for child in _children(stream, *_span(element)) if child.id == _TRACK]
    yield from values.count(CountKind.TRACKS, len(tracks), "Tracks")
    for track in tracks[:16]:
        yield from values.text(TextKind.CODEC, _fields(stream, track, _CODEC).get(_CODEC), "TrackEntry CodecID")
        for video in (child for child in _children(stream, *_span(track)) if child.id == _VIDEO):
            found = _fields(stream, video, _WIDTH, _HEIGHT)
            width, height = (int.from_bytes(found.get(name, b"")[:8], "big") for name in (_WIDTH, _HEIGHT))
            yield from values.count(CountKind.WIDTH, width, "Video PixelWidth")
            yield from values.count(CountKind.HEIGHT, height, "Video PixelHeight")


def _tags(stream: BufferedIOBase, element: _Element) -> Iterator[Claim]:
    for tag in (child for child in _children(stream, *_span(element)) if child.id == _TAG):
        for simple in (child for child in _children(stream, *_span(tag)) if child.id == _SIMPLE_TAG):
            found = _fields(stream, simple, _TAG_NAME, _TAG_TEXT)
            name = values.decode(found.get(_TAG_NAME, b"")).upper()
            value = values.decode(found.get(_TAG_TEXT, b""))
            if name in _TAG_TEXTS:
                yield from values.text(_TAG_TEXTS[name], value, f"SimpleTag {name}")
            elif name in ("DATE_RECORDED", "DATE_DIGITIZED", "CREATION_TIME"):
                yield from values.iso_time(TimeKind.CREATED, value, f"SimpleTag {name}")
            yield from values.tag(f"SimpleTag {name}", value)


EXTRACTOR = MatroskaExtractor()
