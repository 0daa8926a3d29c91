"""TIFF pictures: size, pages and thumbnails by their directories (TIFF 6.0, sections 2 and 8)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BufferedIOBase

from msgspec import Struct

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import CountKind
from evtool.metadata import values
from evtool.metadata.damage import DamagedError

_KIND, _OLD_KIND, _WIDTH, _HEIGHT, _JPEG = 254, 255, 256, 257, 513
_DATA = ((273, 279), (324, 325))
"""Places and lengths of strips, and of tiles."""

_ENTRY_LIMIT, _DIRECTORY_LIMIT, _VALUE_LIMIT = 512, 65_536, 1 << 16
_TYPES = {3: "H", 4: "I"}


class _Directory(Struct, frozen=True):
    """One directory: its entries as tag -> (type, number of values, the four bytes of value or place)."""

    entries: dict[int, tuple[int, int, bytes]]
    order: str

    def first(self, tag: int) -> int:
        """Give the first value of an entry; 0 if there is none."""
        type_, number, value = self.entries.get(tag, (0, 0, b""))
        if type_ not in _TYPES or number != 1:
            return 0
        return int(struct.unpack_from(f"{self.order}{_TYPES[type_]}", value)[0])

    def all(self, tag: int, stream: BufferedIOBase) -> tuple[int, ...]:
        """Read the values of an entry, up to a limit."""
        type_, number, value = self.entries.get(tag, (0, 0, b""))
        if type_ not in _TYPES:
            return ()
        number = min(number, _VALUE_LIMIT)
        layout = f"{self.order}{number}{_TYPES[type_]}"
        length = struct.calcsize(layout)
        if length > 4:
            stream.seek(struct.unpack(f"{self.order}I", value)[0])
            value = stream.read(length)
        if len(value) < length:
            raise DamagedError("cut short: values lie beyond the end of the file")
        return struct.unpack_from(layout, value)

    @property
    def is_thumbnail(self) -> bool:
        """Whether it says that it is a smaller form of another picture, or is made as cameras make thumbnails."""
        if _KIND in self.entries:
            return bool(self.first(_KIND) & 1)
        return self.first(_OLD_KIND) == 2 or (_JPEG in self.entries and _WIDTH not in self.entries)


class TiffExtractor:
    """Counts pages, and checks that the picture data lies in the file."""

    name = "tiff"
    is_plain = True
    formats = frozenset({"image/tiff"})

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim]:
        """Yield the size of the first page, and how many pages and thumbnails there are.

        Raises:
            DamagedError: directories or data lie beyond the end, or directories form a circle.
        """
        damage, pages, thumbnails = "", 0, 0
        try:
            for directory in _directories(stream):
                pages, thumbnails = pages + (not directory.is_thumbnail), thumbnails + directory.is_thumbnail
                if pages + thumbnails == 1:
                    yield from values.count(CountKind.WIDTH, directory.first(_WIDTH), "TIFF ImageWidth")
                    yield from values.count(CountKind.HEIGHT, directory.first(_HEIGHT), "TIFF ImageLength")
                damage = damage or _missing_data(directory, stream, size)
        except DamagedError as error:
            damage = str(error)
        yield from values.count(CountKind.PAGES, pages, "TIFF directories")
        yield from values.count(CountKind.THUMBNAILS, thumbnails, "TIFF directories")
        if damage:
            raise DamagedError(damage)


def _directories(stream: BufferedIOBase) -> Iterator[_Directory]:
    order = "<" if stream.read(4)[:2] == b"II" else ">"
    seen: set[int] = set()
    place = stream.read(4)
    while len(place) == 4 and (position := struct.unpack(f"{order}I", place)[0]):
        if position in seen:
            raise DamagedError("damaged: the directories form a circle")
        if len(seen) >= _DIRECTORY_LIMIT:
            raise DamagedError("damaged: too many directories")
        seen.add(position)
        stream.seek(position)
        number = int.from_bytes(stream.read(2), "little" if order == "<" else "big")
        body = stream.read(12 * number)
        if not number or len(body) < 12 * number:
            raise DamagedError("cut short: a directory lies beyond the end of the file")
        entries = {
            tag: (type_, values_, value)
            for tag, type_, values_, value in struct.iter_unpack(f"{order}HHI4s", body[: 12 * _ENTRY_LIMIT])
        }
        yield _Directory(entries, order)
        stream.seek(position + 2 + 12 * number)
        place = stream.read(4)
    if len(place) < 4:
        raise DamagedError("cut short: a directory lies beyond the end of the file")


def _missing_data(directory: _Directory, stream: BufferedIOBase, size: int) -> str:
    for places, lengths in _DATA:
        try:
            ends = map(sum, zip(directory.all(places, stream), directory.all(lengths, stream), strict=False))
            if max(ends, default=0) > size:
                return "cut short: picture data lies beyond the end of the file"
        except DamagedError as error:
            return str(error)
    return ""


EXTRACTOR = TiffExtractor()
