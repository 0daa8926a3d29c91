"""Statements of many files decoded at once: the usual case of a manifest, at a fraction of the time.

Nearly all items are files under a path that needs no escape, of which two lines are stated, or three with what they say
about themselves. The values of such lines are cut out where they stand in the canonical spelling, checked for all lines
together, and spelled again: a block is taken if that gives the very bytes that were read. A block in which anything is
out of the ordinary is not judged here: it is read line by line, by `evtool.core.manifest.statement`, which has its
words.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, islice
from operator import lt, methodcaller

from msgspec import Struct

from evtool.core.errors import FormatError
from evtool.core.manifest.line import CONTENT, FILE, FileColumns, pieces, spell_files
from evtool.core.manifest.statement import MetadataStatement
from evtool.core.manifest.statement_reader import parse_statement
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.limits import MAX_INTEGER, MAX_LINE
from evtool.core.text.times import parse_shaped_mtime

_CONTENT, _FILE = pieces(CONTENT), pieces(FILE)
_HASH, _SALT = 64, 32
_PLAIN, _DESCRIBED = '"file"', '"file","metadata"'
_SHAPE = '"0000-00-00T00:00:00.000000000Z"'
_BLAKE3, _NUMBER, _NAME_NUMBER = len(_CONTENT[0]), len(_CONTENT[0] + _CONTENT[1]) + _HASH, len(_FILE[0])
# The number of an item has any length; from here on, places are counted from behind it, or from the end of the line.
_CONTENT_SALT = len(_CONTENT[2])
_SHA256 = _CONTENT_SALT + _SALT + len(_CONTENT[3])
_SIZE = _SHA256 + _HASH + len(_CONTENT[4])
_AFTER_SIZE = len(_CONTENT[5] + _CONTENT[6])
_DATE = len(_FILE[1])
_PATH = _DATE + len(_SHAPE) + len(_FILE[2])
_FILE_SALT = -(_SALT + len(_FILE[4]))
_PATH_END = _FILE_SALT - len(_FILE[3])

_NOT_PLAIN = compiled_when_used(r'["\\%\x00-\x1f\x7f-\x9f]')
"""What no path has that stands in its line as it is on disk."""


class DecodedFiles(Struct, frozen=True):
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
    apart = _tell_apart(text.split("\n"))
    if apart is None:
        return None
    numbers = range(first_item, first_item + len(apart.contents))
    cut = _cut(apart, list(map(str, numbers)))
    # Spelled again, what was taken out of the lines has to be these very lines: then nothing else stands in them.
    if spell_files(cut, apart.more) != text or not are_readable(cut):
        return None
    metadata = read_metadata(numbers, apart.more)
    if metadata is None:
        return None
    seconds = _read_seconds(cut.dates)
    return DecodedFiles(
        numbers,
        tuple(cut.content_salts),
        tuple(cut.file_salts),
        list(map(int, cut.sizes)),
        tuple(cut.sha256s),
        tuple(cut.blake3s),
        [seconds[date[_TO_THE_SECOND]] + int(date[_FRACTION]) for date in cut.dates],
        tuple(cut.paths),
        metadata,
    )


def are_readable(columns: FileColumns) -> bool:
    """Tell whether lines that are spelled from these values are what `decode_files` takes, but for their order numbers.

    Whoever spells lines need not cut them up again to know: the values are these. What a file says about itself is for
    `read_metadata`; that it is announced where it is there has to show in the values.
    """
    numbers, sizes, paths = columns.numbers, columns.sizes, columns.paths
    digests = (columns.blake3s, columns.sha256s)
    salts = (columns.content_salts, columns.file_salts)
    return (
        _are_hexadecimal(_HASH, *digests)
        and _are_hexadecimal(_SALT, *salts)
        and _are_numbers(sizes)
        and len(max(numbers, key=len)) <= _MOST_DIGITS
        and int(numbers[-1]) <= MAX_INTEGER
        and len(max(paths, key=len)) <= MAX_LINE // 8
        and _are_in_order(paths)
        and _are_dates(columns.dates)
    )


class _Apart(Struct, frozen=True):
    """The lines of neighbouring items, by what they are if the items are files; without their newlines, but for `more`.

    Attributes:
        contents, names: the first and the second line of each item.
        more: the third line of each item with its newline, "" for none; empty if no item has one.
    """

    contents: list[str]
    names: list[str]
    more: list[str]


def _tell_apart(lines: list[str]) -> _Apart | None:
    """Sort lines by what they have to be if all items are files; the last is what stands behind the last newline."""
    if lines.pop() or not lines:
        return None
    if len(lines) < 3 or lines[2].startswith(_CONTENT[0]):
        # Without metadata in the first item, there is mostly none in any.
        contents, names = lines[::2], lines[1::2]
        if len(contents) == len(names) and all(map(methodcaller("startswith", _CONTENT[0]), contents)):
            return _Apart(contents, names, [])
    starts = [index for index, line in enumerate(lines) if line.startswith(_CONTENT[0])]
    ends = [*starts[1:], len(lines)]
    if starts[:1] != [0] or not all(2 <= end - start <= 3 for start, end in zip(starts, ends, strict=True)):
        return None
    more = [f"{lines[start + 2]}\n" if end - start > 2 else "" for start, end in zip(starts, ends, strict=True)]
    return _Apart([lines[start] for start in starts], [lines[start + 1] for start in starts], more)


def _cut(apart: _Apart, numbers: list[str]) -> FileColumns:
    """Cut the values out of the lines, at the places where they stand in the usual spelling; see `spell_files`."""
    digits = list(map(len, numbers))
    rests = [line[_NUMBER + count :] for line, count in zip(apart.contents, digits, strict=True)]
    named = [line[_NAME_NUMBER + count :] for line, count in zip(apart.names, digits, strict=True)]
    follows = [_DESCRIBED if line else _PLAIN for line in apart.more] or [_PLAIN] * len(numbers)
    return FileColumns(
        [line[_BLAKE3 : _BLAKE3 + _HASH] for line in apart.contents],
        numbers,
        [rest[_CONTENT_SALT : _CONTENT_SALT + _SALT] for rest in rests],
        [rest[_SHA256 : _SHA256 + _HASH] for rest in rests],
        [rest[_SIZE : -_AFTER_SIZE - len(follow)] for rest, follow in zip(rests, follows, strict=True)],
        follows,
        numbers,
        [rest[_DATE : _DATE + len(_SHAPE)] for rest in named],
        [rest[_PATH:_PATH_END] for rest in named],
        [rest[_FILE_SALT : _FILE_SALT + _SALT] for rest in named],
    )


def read_metadata(numbers: range, lines: Sequence[str]) -> list[MetadataStatement | None] | None:
    """Read the third line of each file, with its newline, "" for none; None if one is no metadata of its item."""
    found: list[MetadataStatement | None] = []
    for number, line in zip(numbers, lines, strict=False):
        if not line:
            found.append(None)
            continue
        try:
            statement = parse_statement(line[:-1].encode("utf-8"))
        except FormatError:
            return None
        if not isinstance(statement, MetadataStatement) or statement.item != number:
            return None
        found.append(statement)
    return found


_TO_THE_SECOND = slice(1, len('"2000-01-01T00:00:00'))
_FRACTION = slice(_TO_THE_SECOND.stop + 1, -2)
_ANY_DIGIT = str.maketrans("123456789", "0" * 9)
_MOST_DIGITS = len(str(MAX_INTEGER))


def _are_hexadecimal(length: int, *columns: Sequence[str]) -> bool:
    """Tell whether all values are so many lower-case hexadecimal digits."""
    if {length} != set(map(len, chain(*columns))):
        return False
    return not "".join(map("".join, columns)).encode("utf-8").translate(None, b"0123456789abcdef")


def _are_dates(dates: Sequence[str]) -> bool:
    """Tell whether all of these are spelled as a date is, and are days and times that there are."""
    # All of one length first: else one could make up for what another lacks.
    if {len(_SHAPE)} != set(map(len, dates)) or "".join(dates).translate(_ANY_DIGIT) != _SHAPE * len(dates):
        return False
    try:
        return bool(_read_seconds(dates))
    except FormatError:
        return False


def _read_seconds(dates: Sequence[str]) -> dict[str, int]:
    """Read dates to the second, of which many are the same: each with its nanoseconds since 1970."""
    starts = {date[_TO_THE_SECOND] for date in dates}
    return {start: parse_shaped_mtime(f"{start}.000000000Z") for start in starts}


def _are_numbers(texts: Sequence[str]) -> bool:
    """Tell whether all of these are numbers that a statement may hold, each in its one spelling."""
    try:
        numbers = list(map(int, texts))
    except ValueError:
        return False
    return list(map(str, numbers)) == texts and min(numbers) >= 0 and max(numbers) <= MAX_INTEGER


def _are_in_order(paths: Sequence[str]) -> bool:
    """Tell whether these are plain relative paths, each of which sorts after the one before it.

    Text sorts by code point, and so do its bytes in UTF-8.
    """
    if _NOT_PLAIN.search("/".join(paths)):
        return False
    joined = "\n/" + "/\n/".join(paths) + "/\n"
    if "//" in joined or "/./" in joined or "/../" in joined:
        return False
    return all(map(lt, paths, islice(paths, 1, None)))
