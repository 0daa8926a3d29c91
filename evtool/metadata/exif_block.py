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

_ASCII, _RATIO, _SIGNED_RATIO = 2, 5, 10
_TYPES = {
    1: "B",
    _ASCII: "s",
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

_LENGTHS = {type_: struct.calcsize(f"<{layout}") for type_, layout in _TYPES.items()}
_IGNORED = frozenset(IGNORE_TAGS)
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


class BlockTag(Struct, frozen=True):
    """One entry of a directory.

    Attributes:
        tag: its number.
        values: text, or bytes that are no UTF-8, or a list of numbers.
        count: of how many values the file speaks.
        words: exifread's table or function for what the values mean; None if they are shown as they are.
    """

    tag: int
    values: str | bytes | list[Any]
    count: int
    words: dict[Any, str] | Callable[[Any], str] | None

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
        body = self.data[place + 2 : place + 2 + 12 * number]
        at = place + 2
        for tag, type_, count, value in struct.iter_unpack(f"{self.order}HHII", body):
            at += 12
            if tag in _IGNORED or not 0 < type_ <= 13:
                continue
            row = known.get(tag)
            length = _LENGTHS.get(type_)
            if length is None:
                raise OddBlockError
            values = self._values(type_, count, at - 4 if count * length <= 4 else value)
            words = row[1] if row else None
            if isinstance(words, tuple):
                self._directory(_place(values), words[0], words[1])
                words = None
            elif words is not None and type_ in (_RATIO, _SIGNED_RATIO):
                raise OddBlockError
            self.tags[f"{name} {row[0] if row else f'Tag 0x{tag:04X}'}"] = BlockTag(tag, values, count, words)
        if len(body) < 12 * number:
            raise OddBlockError

    def _values(self, type_: int, count: int, at: int) -> str | bytes | list[Any]:
        if type_ == _ASCII:
            text = self.data[at : at + count]
            if len(text) < count:
                raise OddBlockError
            text = text.split(b"\0", 1)[0]
            try:
                return text.decode("utf-8")
            except UnicodeDecodeError:
                return text
        if count >= _VALUE_LIMIT:
            return []
        if type_ in (_RATIO, _SIGNED_RATIO):
            numbers = struct.unpack_from(f"{self.order}{2 * count}{_TYPES[type_][0]}", self.data, at)
            return [_ratio(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True)]
        return list(struct.unpack_from(f"{self.order}{count}{_TYPES[type_]}", self.data, at))


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
