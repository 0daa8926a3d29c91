"""HEIC, HEIF and AVIF pictures: the size of the primary one, and a video inside (ISO/IEC 23008-12, section 6.5.3)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BufferedIOBase

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import CountKind
from evtool.metadata import values
from evtool.metadata.boxes import Box, boxes, check_boxes, find, primary_properties, read_body, whole_file


class HeifExtractor:
    """Reads the size that the file states of its primary picture, before it is turned or cropped for display."""

    name = "heif"
    is_plain = True
    formats = frozenset({"image/heic", "image/heif", "image/avif"})

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim]:
        """Yield the size, and whether a phone's motion photo holds its video.

        Raises:
            DamagedError: the boxes do not fit into the file, or into one another.
        """
        for box in boxes(stream, 0, size):
            if box.type == b"meta":
                yield from _size(stream, box)
            elif box.type == b"mpvd":
                yield from values.count(CountKind.EMBEDDED_RECORDINGS, 1, "HEIF mpvd")
            elif box.type == b"moov":
                tracks = len(list(find(stream, box, b"trak")))
                yield from values.count(CountKind.TRACKS, tracks, "moov trak")
        check_boxes(stream, whole_file(size))


def _size(stream: BufferedIOBase, meta: Box) -> Iterator[Claim]:
    for box in primary_properties(stream, meta):
        if box.type == b"ispe" and len(body := read_body(stream, box, 12)) == 12:
            width, height = struct.unpack_from(">4xII", body)
            yield from values.count(CountKind.WIDTH, width, "HEIF ispe")
            yield from values.count(CountKind.HEIGHT, height, "HEIF ispe")


EXTRACTOR = HeifExtractor()
