"""Reads the EXIF block of a JPEG from memory, with the answers that exifread gives (TIFF 6.0, section 2; Exif 2.32).

exifread asks the file for one number at a time, which takes longer than to hash a photograph. Names and words are those
of its tables. What is laid out in any odd way, so that its answer would depend on how it reads, it is left to read.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from typing import Any

from exifread.tags import IGNORE_TAGS
from exifread.tags.exif import EXIF_TAGS
from msgspec import Struct

_TEXT = "s"
_ASCII, _RATIO, _SIGNED_RATIO = 2, 5, 10
_TYPES = {
    1: "B",
    _ASCII: _TEXT,
    3: "H",
    4: "I",
    _RATIO: "II",
    6: "b",
    7: "B",
    8: "h",
    9: "i",
    _SIGNED_RATIO: "ii",
    13: "I",
}
"""Type of a value -> how it is laid out. Numbers with a floating point are odd."""

_VISIBLE = frozenset(bytes([letter]) for letter in range(0x21, 0x7F))

_LENGTHS = {type_: struct.calcsize(f"<{layout}") for type_, layout in _TYPES.items()}
_LAYOUTS = {order: {type_: order + layout for type_, layout in _TYPES.items()} for order in "<>"}
_IGNORED = frozenset(IGNORE_TAGS)


def _tables(known: dict[int, Any]) -> Iterator[dict[Any, str]]:
    """Give all tables of words."""
    for row in known.values():
        if isinstance(row[1], tuple):
            yield from _tables(row[1][1])
        elif isinstance(row[1], dict):
            yield row[1]


_WITH_BLANK = frozenset(id(table) for table in _tables(EXIF_TAGS) if not all(map(str.strip, table.values())))
"""The tables in which a word is blank."""

_EXIF_OFFSET = "Image ExifOffset"

_ENTRY_LIMIT, _DIRECTORY_LIMIT = 256, 4
_VALUE_LIMIT = 1000
"""From so many values on exifread gives none of them; beyond this and 20 shown values it is odd."""

_SHOWN, _MOST_SHOWN = 20, 50


class OddBlockError(Exception):
    """A block is laid out in a way in which it is not read here."""


class Ratio(Struct, frozen=True):
    """A fraction in lowest terms; with a denominator of 0 as it was found.

    Attributes:
        numerator: with the sign.
        denominator: not negative.
    """

    numerator: int
    denominator: int

    def __repr__(self) -> str:
        return str(self.numerator) if self.denominator == 1 else f"{self.numerator}/{self.denominator}"

    __str__ = __repr__


class BlockTag(Struct):
    """One entry of a directory, whose values are read when they are asked for: most of them never are.

    Attributes:
        tag: its number.
        layout: how one value is laid out, as `struct` has it.
        count: of how many values the file speaks.
        words: exifread's table or function for what the values mean; None if they are shown as they are.
        data: what it is an entry of.
        at: where its values lie in that; all of them do.
        read: its values, once they were read.
    """

    tag: int
    layout: str
    count: int
    words: dict[Any, str] | Callable[[Any], str] | None
    data: bytes
    at: int
    read: str | bytes | list[Any] | None = None

    @property
    def values(self) -> str | bytes | list[Any]:
        """Text, or bytes that are no UTF-8, or a list of numbers."""
        if self.read is None:
            self.read = self._read_values()
        return self.read

    def _read_values(self) -> str | bytes | list[Any]:
        order, layout = self.layout[0], self.layout[1:]
        if layout == _TEXT:
            text = self.data[self.at : self.at + self.count].split(b"\0", 1)[0]
            try:
                return text.decode("utf-8")
            except UnicodeDecodeError:
                return text
        if self.count >= _VALUE_LIMIT:
            return []
        if len(layout) == 1:
            return list(struct.unpack_from(f"{order}{self.count}{layout}", self.data, self.at))
        numbers = struct.unpack_from(f"{order}{2 * self.count}{layout[0]}", self.data, self.at)
        return [_ratio(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True)]

    @property
    def is_surely_shown(self) -> bool:
        """Whether there is something to show for it, as far as this is sure without a look at all its values."""
        if self.words is not None:
            # A table gives a word for each value; a function has to be asked.
            has_words = isinstance(self.words, dict) and id(self.words) not in _WITH_BLANK
            return has_words and 0 < self.count < _VALUE_LIMIT and not self.layout.endswith(_TEXT)
        return not self.layout.endswith(_TEXT) or self.data[self.at : self.at + 1] in _VISIBLE

    @property
    def printable(self) -> str:
        """The values in words, as exifread has them."""
        values = self.values
        if callable(self.words):
            return self.words(values)
        if self.words is not None:
            return "".join(self.words.get(value, repr(value)) for value in values)
        if isinstance(values, str | bytes):
            return str(values)
        if self.count == 1:
            return str(values[0])
        if self.count > _MOST_SHOWN and len(values) > _SHOWN:
            return str(values[:_SHOWN])[:-1] + ", ... ]"
        return str(values)


class _Block:
    """A block that is being read."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4], "")
        if not self.order:
            raise OddBlockError
        self.tags: dict[str, BlockTag] = {}

    def read(self) -> None:
        """Read all directories, in the order in which exifread goes through them."""
        names = ("Image", "Thumbnail", "IFD 2", "IFD 3")
        places = list(self._places())
        for name, place in zip(names, places, strict=False):
            self._directory(place, name, EXIF_TAGS)
        if (pointer := self.tags.get(_EXIF_OFFSET)) is not None:
            self._directory(_place(pointer.values), "EXIF", EXIF_TAGS)

    def _places(self) -> Iterator[int]:
        """Find where the directories lie that point to each other."""
        seen: list[int] = []
        (place,) = struct.unpack_from(f"{self.order}I", self.data, 4)
        while place:
            if place in seen or len(seen) == _DIRECTORY_LIMIT:
                raise OddBlockError
            seen.append(place)
            yield place
            (number,) = struct.unpack_from(f"{self.order}H", self.data, place)
            (place,) = struct.unpack_from(f"{self.order}I", self.data, place + 2 + 12 * number)

    def _directory(self, place: int, name: str, known: dict[int, Any]) -> None:
        (number,) = struct.unpack_from(f"{self.order}H", self.data, place)
        if number > _ENTRY_LIMIT:
            raise OddBlockError
        data, layouts = self.data, _LAYOUTS[self.order]
        body = data[place + 2 : place + 2 + 12 * number]
        at = place + 2
        for tag, type_, count, value in struct.iter_unpack(f"{self.order}HHII", body):
            at += 12
            if tag in _IGNORED or not 0 < type_ <= 13:
                continue
            row = known.get(tag)
            length = _LENGTHS.get(type_)
            if length is None:
                raise OddBlockError
            lies = at - 4 if count * length <= 4 else value
            if lies + count * length > len(data) and (type_ == _ASCII or count < _VALUE_LIMIT):
                raise OddBlockError
            words = row[1] if row else None
            found = BlockTag(tag, layouts[type_], count, None if isinstance(words, tuple) else words, data, lies)
            if isinstance(words, tuple):
                self._directory(_place(found.values), words[0], words[1])
            elif words is not None and type_ in (_RATIO, _SIGNED_RATIO):
                raise OddBlockError
            self.tags[f"{name} {row[0] if row else f'Tag 0x{tag:04X}'}"] = found
        if len(body) < 12 * number:
            raise OddBlockError


def _place(values: str | bytes | list[Any]) -> int:
    if not isinstance(values, list) or not values or not isinstance(values[0], int) or values[0] < 0:
        raise OddBlockError
    return values[0]


def _ratio(numerator: int, denominator: int) -> Ratio:
    if denominator == 0:
        return Ratio(numerator, denominator)
    divisor = math.gcd(numerator, denominator) * (-1 if denominator < 0 else 1)
    return Ratio(numerator // divisor, denominator // divisor)


def read_block(data: bytes) -> dict[str, BlockTag]:
    """Read the tags of a block that begins with a TIFF header; name -> tag, in exifread's order.

    Raises:
        OddBlockError: exifread has to read it.
    """
    block = _Block(data)
    try:
        block.read()
    except struct.error:
        raise OddBlockError from None
    return block.tags
