"""EXIF blocks that are read from memory: every answer is exifread's, or there is none."""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import exifread
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evtool.core.metadata.claims import Claim, Claims, Tag
from evtool.core.metadata.vocabulary import Detail
from evtool.metadata.collect import Collector
from evtool.metadata.exif_block import BlockTag, OddBlockError, read_block
from evtool.metadata.extractors.exif import _is_surely_shown, _text
from evtool.metadata.values import RawTags, raw_tags

_GPS = [(0, 1, bytes((2, 3, 0, 0))), (1, 2, b"N\0"), (2, 5, struct.pack("<6I", 41, 1, 24, 1, 1234, 100))]
_EXIF = [
    (0x829A, 5, struct.pack("<2I", 10, 1200)),
    (0x9000, 7, b"0232"),
    (0x9003, 2, b"2016:05:01 10:20:30\0"),
    (0x9204, 10, struct.pack("<2i", -6, 4)),
    (0x9201, 10, struct.pack("<2i", 3, 0)),
    (0x9209, 3, struct.pack("<H", 16)),
    (0x927C, 7, bytes(range(200))),
    (0xA301, 7, b"\1"),
]
_FIRST = [
    (0x010E, 2, "김철수\0".encode()),
    (0x010F, 2, b"SAMSUNG\0"),
    (0x0110, 2, b"\xff\xfe odd\0"),
    (0x0112, 3, struct.pack("<H", 6)),
    (0x011A, 5, struct.pack("<2I", 720, 10)),
    (0x4747, 3, struct.pack("<H", 5)),
    (0x9C9D, 1, "A03\0".encode("utf-16-le")),
    (0xC4A5, 7, bytes(range(60))),
]
_SECOND = [(0x0103, 3, struct.pack("<H", 6)), (0x0201, 4, struct.pack("<I", 999)), (0x0202, 4, struct.pack("<I", 9))]
_LENGTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 10: 8}


def directory(entries: list[tuple[int, int, bytes]], place: int, next_place: int = 0) -> bytes:
    """A directory at a place of the block, with its values behind it."""
    behind = place + 2 + 12 * len(entries) + 4
    rows, values = b"", b""
    for tag, type_, value in entries:
        rows += struct.pack("<HHI", tag, type_, len(value) // _LENGTHS[type_])
        rows += value.ljust(4, b"\0") if len(value) <= 4 else struct.pack("<I", behind + len(values))
        values += value if len(value) > 4 else b""
    return struct.pack("<H", len(entries)) + rows + struct.pack("<I", next_place) + values


def camera_block() -> bytes:
    """A block as cameras write it: four directories, a maker note, and a thumbnail's place."""
    gps, exif, second, first = 1000, 2000, 3000, 8
    pointers = [(0x8769, 4, struct.pack("<I", exif)), (0x8825, 4, struct.pack("<I", gps))]
    block = b"II*\0" + struct.pack("<I", first) + directory([*_FIRST, *pointers], first, second)
    for place, entries in ((gps, _GPS), (exif, _EXIF), (second, _SECOND)):
        block = block.ljust(place, b"\0") + directory(entries, place)
    return block


BLOCK = camera_block()


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """exifread speaks of each thing that is odd."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


def shown(tags: Any) -> list[tuple[str, int, str, str]]:
    """What extractors take of tags, in order."""
    return [(name, tag.tag, repr(tag.values), str(tag.printable)) for name, tag in tags.items()]


def library(block: bytes) -> Any:
    """The answer of exifread."""
    return exifread.process_file(BytesIO(block), details=False, extract_thumbnail=False)


def test_a_block_of_a_camera_is_read_as_exifread_reads_it() -> None:
    """Every type, table and directory; the maker note stays unread, as it does there."""
    tags = read_block(BLOCK)

    assert shown(tags) == shown(library(BLOCK))
    assert str(tags["EXIF ExposureTime"].printable) == "1/120"
    assert str(tags["EXIF ShutterSpeedValue"].printable) == "3/0"
    assert tags["Image Orientation"].printable == "Rotated 90 CW"
    assert isinstance(tags["Image Model"].values, bytes)
    assert {"GPS GPSLatitude", "Thumbnail Compression", "Image Tag 0x4747"} <= tags.keys()
    assert "EXIF MakerNote" not in tags


def changed(changes: list[tuple[int, int]]) -> bytes:
    """Give the block with other bytes at some places."""
    block = bytearray(BLOCK)
    for place, byte in changes:
        block[place] = byte
    return bytes(block)


@settings(max_examples=300)
@given(changes=st.lists(st.tuples(st.integers(0, len(BLOCK) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_changed_block_is_read_as_exifread_reads_it_or_left_to_it(changes: list[tuple[int, int]]) -> None:
    """Pointers out of the block, circles, unknown types, cut texts."""
    block = changed(changes)
    try:
        tags = read_block(block)
    except OddBlockError:
        return
    assert shown(tags) == shown(library(block))


def counted(claims: list[Claim | RawTags], detail: Detail) -> Claims:
    """What a form of these claims says."""
    collector = Collector(detail)
    for claim in claims:
        collector.add(claim)
    return collector.claims()


@settings(max_examples=200)
@given(
    changes=st.lists(st.tuples(st.integers(0, len(BLOCK) - 1), st.integers(0, 255)), max_size=4),
    further=st.lists(
        st.sampled_from([Tag("Image Make", "SAMSUNG"), Tag("Image Make", "other"), Tag("XMP a:b", "c")]), max_size=3
    ),
)
def test_raw_tags_that_are_only_counted_are_as_many_as_are_spelled(
    changes: list[tuple[int, int]], further: list[Tag]
) -> None:
    """Blank and repeated ones are no more than they are in the full form, and none is read for it."""
    block = changed(changes)
    try:
        tags = read_block(block)
    except OddBlockError:
        return
    claims: list[Claim | RawTags] = [raw_tags(tags, _text, _is_surely_shown), *further]

    assert counted(claims, Detail.BASIC) == counted(claims, Detail.FULL).reduce_to_basic()


def test_most_raw_tags_are_counted_without_being_read() -> None:
    """Only what its values have to tell is read."""
    tags = read_block(BLOCK)
    claims: list[Claim | RawTags] = [raw_tags(tags, _text, _is_surely_shown)]

    counted(claims, Detail.BASIC)

    assert 0 < sum(tag.read is not None for tag in tags.values()) < len(tags) / 2


@pytest.mark.parametrize("cut", [4, 7, 9, 60, 1010, 2030, len(BLOCK) - 2])
def test_a_block_that_is_cut_is_left_to_exifread(cut: int) -> None:
    """What lies behind the block is not the block's, and exifread reads on into it."""
    with pytest.raises(OddBlockError):
        read_block(BLOCK[:cut])


@pytest.mark.parametrize("type_", [5, 11])
def test_a_type_that_does_not_fit_its_words_is_left_to_exifread(type_: int) -> None:
    """A ratio that stands for a word; a number with a floating point."""
    orientation = struct.pack("<HHI", 0x0112, 3, 1)
    assert BLOCK.count(orientation) == 1
    with pytest.raises(OddBlockError):
        read_block(BLOCK.replace(orientation, struct.pack("<HHI", 0x0112, type_, 1)))


def test_many_values_are_shown_shortened() -> None:
    """More than fifty values are cut after twenty; of a thousand exifread reads none."""
    assert BlockTag(1, "<B", 60, None, bytes(range(60)), 0).printable.endswith("19, ... ]")
    for number in (50, 51, 999, 1000):
        block = b"II*\0\x08\0\0\0" + directory([(0xC4A5, 1, bytes(number))], 8)
        assert shown(read_block(block)) == shown(library(block))
