"""Statements of many files decoded at once: the usual case of a manifest, at a fraction of the time.

Nearly all items are files under a path that needs no escape, of which two lines are stated, or three with what they say
about themselves. Such lines match one regular expression again and again, which admits the canonical spelling alone;
what all of them have in common is then checked for all of them together. A block in which anything is out of the
ordinary is not judged here: it is read line by line, by `statement_reader`, which has the words for it.
"""

from __future__ import annotations

from itertools import islice
from operator import lt
from typing import NamedTuple

from evtool.core.errors import FormatError
from evtool.core.manifest.line import CONTENT, FILE, expression, length
from evtool.core.manifest.statement import MetadataStatement
from evtool.core.manifest.statement_reader import parse_statement
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.limits import MAX_INTEGER, MAX_LINE
from evtool.core.text.times import parse_shaped_mtime

_HEX_64 = "(.{64})"
_HEX_32 = "(.{32})"
_CONTENT_LINE = expression(
    CONTENT,
    blake3=_HEX_64,
    item="([1-9][0-9]{0,15})",
    salt=_HEX_32,
    sha256=_HEX_64,
    size="(0|[1-9][0-9]{0,15})",
    statements='"file"(,"metadata")?',
)
_FILE_LINE = expression(FILE, item=r"\2", mtime='"(.{30})"', path=r'([^"\\%\x00-\x1f\x7f-\x9f]+)', salt=_HEX_32)
_METADATA_LINE = r'(?:(\{[^\n]*"item":\2,"kind":"metadata",[^\n]*\})\n)?'
_ITEM = compiled_when_used(f"{_CONTENT_LINE}\n{_FILE_LINE}\n{_METADATA_LINE}")
"""Where a value has one length, any characters of that length match: what they are is checked for all pairs at once."""
_FIXED = length(CONTENT) + length(FILE) + len('"file"') + len('"2000-01-01T00:00:00.000000000Z"') + 2 * (64 + 32 + 1)
"""Characters of two lines without those that differ in number: the item, twice, the size and the path."""


class DecodedFiles(NamedTuple):
    """What is stated about neighbouring items that are all files; each list has one value for each of them.

    Attributes:
        numbers: their numbers.
        content_salts, file_salts: the salts of both statements.
        sizes: bytes.
        sha256s, blake3s: digests.
        mtimes: modification times in nanoseconds since 1970.
        paths: paths in stored form, which are those on disk in UTF-8.
        metadata: what they say about themselves, None where that is not stated; empty if it is of none of them.
    """

    numbers: range
    content_salts: tuple[str, ...]
    file_salts: tuple[str, ...]
    sizes: list[int]
    sha256s: tuple[str, ...]
    blake3s: tuple[str, ...]
    mtimes: list[int]
    paths: tuple[str, ...]
    metadata: list[MetadataStatement | None]


def decode_files(lines: bytes, first_item: int) -> DecodedFiles | None:
    """Decode lines, each with its newline, that state `first_item` and the items after it.

    What it gives is as well checked as by reading line by line: spelling, numbers, order of the paths. None means that
    the lines are no such block, not that anything is wrong with them.
    """
    try:
        text = lines.decode("utf-8")
    except UnicodeDecodeError:
        return None
    matches = _ITEM.findall(text)
    if not matches:
        return None
    columns = zip(*matches, strict=True)
    blake3s, numbers, content_salts, sha256s, sizes, announced, dates, paths, file_salts, more = columns
    variable = 2 * _length(numbers) + _length(sizes) + _length(announced) + _length(paths)
    variable += _length(more) + len(more) - more.count("")
    # The matches follow each other, so if their lengths add up there is nothing between them.
    if len(matches) * _FIXED + variable != len(text):
        return None
    if not _are_hexadecimal(blake3s, sha256s, content_salts, file_salts) or not _are_shaped(dates):
        return None
    expected = range(first_item, first_item + len(matches))
    if list(numbers) != list(map(str, expected)) or not _are_in_order(paths):
        return None
    mtimes = _parse_dates(dates)
    if mtimes is None:
        return None
    counts = list(map(int, sizes))
    if max(counts) > MAX_INTEGER or expected[-1] > MAX_INTEGER or len(max(paths, key=len)) > MAX_LINE // 8:
        return None
    metadata = _read_metadata(expected, announced, more)
    if metadata is None:
        return None
    return DecodedFiles(expected, content_salts, file_salts, counts, sha256s, blake3s, mtimes, paths, metadata)


def _read_metadata(
    numbers: range, announced: tuple[str, ...], lines: tuple[str, ...]
) -> list[MetadataStatement | None] | None:
    """Read the metadata of each file; None unless it is there where it is announced, and nowhere else."""
    if not any(announced) and not any(lines):
        return []
    found: list[MetadataStatement | None] = []
    for number, is_announced, line in zip(numbers, announced, lines, strict=True):
        if bool(is_announced) != bool(line):
            return None
        if not line:
            found.append(None)
            continue
        try:
            statement = parse_statement(line.encode("utf-8"))
        except FormatError:
            return None
        if not isinstance(statement, MetadataStatement) or statement.item != number:
            return None
        found.append(statement)
    return found


_DATE = "0000-00-00T00:00:00.000000000Z"
_TO_THE_SECOND = len("2000-01-01T00:00:00")
_ANY_DIGIT = str.maketrans("123456789", "0" * 9)


def _are_hexadecimal(*columns: tuple[str, ...]) -> bool:
    """Tell whether no value has another character than lower-case hexadecimal digits."""
    return not "".join(map("".join, columns)).encode("utf-8").translate(None, b"0123456789abcdef")


def _are_shaped(dates: tuple[str, ...]) -> bool:
    """Tell whether all of these have digits and punctuation where a date has them."""
    return "".join(dates).translate(_ANY_DIGIT) == _DATE * len(dates)


def _parse_dates(dates: tuple[str, ...]) -> list[int] | None:
    """Read dates of which many are of one second; None if there is no such day or time."""
    try:
        starts = {date[:_TO_THE_SECOND] for date in dates}
        seconds = {start: parse_shaped_mtime(f"{start}.000000000Z") for start in starts}
    except FormatError:
        return None
    return [seconds[date[:_TO_THE_SECOND]] + int(date[_TO_THE_SECOND + 1 : -1]) for date in dates]


def _length(texts: tuple[str, ...]) -> int:
    return len("".join(texts))


def _are_in_order(paths: tuple[str, ...]) -> bool:
    """Tell whether these are plain relative paths, each of which sorts after the one before it.

    Text sorts by code point, and so do its bytes in UTF-8.
    """
    joined = "\n/" + "/\n/".join(paths) + "/\n"
    if "//" in joined or "/./" in joined or "/../" in joined:
        return False
    return all(map(lt, paths, islice(paths, 1, None)))
