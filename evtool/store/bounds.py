"""How much of a file in a record or a bag is read: so many bytes, or lines of so many bytes.

A file can claim any size and take no place on the medium. Small ones have a greatest size; a manifest or a list may be
of any size, but then it consists of lines. What is neither is given up where that shows, not at its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct

from evtool.core.errors import FormatError
from evtool.core.text.limits import MAX_LINE, MAX_UNREAD_BYTES, MAX_UNREAD_LINE
from evtool.core.text.names import shown

_CHUNK = 1024 * 1024


class Bound(Struct, frozen=True):
    """The bound of one file.

    Attributes:
        size: greatest size in bytes; None for a file of lines.
        line: bytes of its longest line.
    """

    size: int | None = None
    line: int = 0


def of_size(size: int) -> Bound:
    """Bound a file that is small."""
    return Bound(size)


def of_lines(line: int) -> Bound:
    """Bound a file of any size that consists of lines."""
    return Bound(None, line)


MANIFEST_BOUND = of_lines(MAX_UNREAD_LINE)
"""A manifest or a list of checksums; of what is no such line, so much is still hashed."""


def read_within(name: str, read: Callable[[int], bytes], bound: Bound) -> Iterator[bytes]:
    """Yield the bytes of a file piece by piece.

    Raises:
        FormatError: it goes beyond its bound.
    """
    lines = _Lines(name, bound.line)
    left = bound.size
    while chunk := read(_CHUNK if left is None else min(_CHUNK, left + 1)):
        if left is None:
            lines.take(chunk)
        elif len(chunk) > left:
            raise FormatError("{name} has more than {limit} bytes", key="file-long", name=shown(name), limit=bound.size)
        else:
            left -= len(chunk)
        yield chunk


class _Lines:
    """Watches the lengths of lines go by."""

    def __init__(self, name: str, longest: int) -> None:
        self._name, self._longest = name, longest
        self._begun = 0
        self._spare = MAX_UNREAD_BYTES

    def take(self, chunk: bytes) -> None:
        first, *others = map(len, chunk.split(b"\n"))
        lengths = [self._begun + first, *others]
        self._begun = lengths[-1]
        if max(lengths) <= min(MAX_LINE, self._longest):
            return
        # Long lines are cheap to make out of nothing; all of them together have a bound of their own.
        self._spare -= sum(length for length in lengths[:-1] if length > MAX_LINE)
        if max(lengths) > self._longest or self._spare < self._begun:
            raise FormatError("{name}: a line is too long", key="file-line-long", name=shown(self._name))
