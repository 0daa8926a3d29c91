"""The one spelling of the two lines that every file has, and of how each kind of line begins.

There are millions of these two, so they are written by filling in a text and read by one expression, instead of by
way of JSON. Three readers and two writers need them. All of them take what they need from the templates here, so that
they cannot part; `tests/core/test_statement.py` compares the templates with JSON as RFC 8785 spells it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain, repeat

from msgspec import Struct
from msgspec.structs import astuple

CONTENT = (
    '{"blake3":"$blake3","item":$item,"kind":"content","salt":"$salt",'
    '"sha256":"$sha256","size":$size,"statements":[$statements],"type":"file"}'
)
"""What a file is. Values stand for `$name`; `$statements` are quoted and have commas between them."""

FILE = '{"item":$item,"kind":"file","mtime":$mtime,"path":"$path","salt":"$salt"}'
"""The name of an item. `$mtime` has its quotes, or is null; `$path` is escaped."""

METADATA = '{$claims"confinement":"$confinement",$failure"item":$item,"kind":"metadata","salt":"$salt"}'
"""What a file says of itself. `$claims` and `$failure` are members with their comma, or empty."""

METADATA_KIND = b'"kind":"metadata"'

WITHHELD = '{"hash":"$hash","kind":"withheld","lines":$lines}'
"""What stands for lines that are not disclosed."""

_NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def pieces(template: str) -> list[str]:
    """Give what stands before, between and after the values of a template."""
    # What follows a name begins with punctuation.
    first, *others = template.split("$")
    return [first, *(other.lstrip(_NAME_CHARACTERS) for other in others)]


def filling(template: str) -> str:
    """Give a template as a text for the operator `%`, which takes the values from left to right."""
    return "%s".join(pieces(template))


def expression(template: str, **values: str) -> str:
    """Give a regular expression for a template, from one expression for each of its values."""
    first, *others = template.split("$")
    text = re.escape(first)
    for other in others:
        literal = other.lstrip(_NAME_CHARACTERS)
        text += values[other.removesuffix(literal)] + re.escape(literal)
    return text


def before(template: str, name: str) -> bytes:
    """Give what stands before a value, back to the value before it."""
    return pieces(template.partition(f"${name}")[0])[-1].encode("ascii")


_BOTH_LINES = pieces(f"{CONTENT}\n{FILE}\n")


class FileColumns(Struct, frozen=True):
    """What many files have in the places of the two templates: values of `CONTENT`, then of `FILE`, as they are there.

    The numbers stand in both lines.
    """

    blake3s: Sequence[str]
    numbers: Sequence[str]
    content_salts: Sequence[str]
    sha256s: Sequence[str]
    sizes: Sequence[str]
    follows: Sequence[str]
    names_of: Sequence[str]
    dates: Sequence[str]
    paths: Sequence[str]
    file_salts: Sequence[str]


def spell_files(columns: FileColumns, last: Sequence[str] = ()) -> str:
    """Spell both lines of many files, each with its newline.

    `last` gives the line that ends each item, with its newline, "" for none; empty if no item has one.
    """
    # No file costs a call: all pieces and values are put together at once.
    parts: list[Iterable[str]] = []
    for piece, column in zip(_BOTH_LINES, astuple(columns), strict=False):
        parts += (repeat(piece), column)
    return "".join(chain.from_iterable(zip(*parts, repeat(_BOTH_LINES[-1]), last or repeat(""), strict=False)))


_FILE_CONTENT_START = before(CONTENT, "blake3")
_OTHER_START = before(FILE, "item")
_CONTENT_KIND = b'"kind":"content"'
_KIND_WITHIN = 48
"""Characters within which the kind stands: before it there is the number alone."""
WITHHELD_START = before(WITHHELD, "hash")


def begins_item(line: bytes) -> bool:
    """Tell whether a line, if it is a statement at all, is a content statement: each item begins with one."""
    # Of the first members of all kinds, `blake3` is that of files alone, and `item` that of every other content.
    return line.startswith(_FILE_CONTENT_START) or (
        line.startswith(_OTHER_START) and _CONTENT_KIND in line[:_KIND_WITHIN]
    )


def find_starts(lines: list[bytes], first: int) -> list[int]:
    """Give the indexes, from `first` on, of the lines that begin an item; without a call for each of millions."""
    content, other = _FILE_CONTENT_START, _OTHER_START
    return [
        index
        for index, line in enumerate(lines, first)
        if line.startswith(content) or (line.startswith(other) and _CONTENT_KIND in line[:_KIND_WITHIN])
    ]


def holds_withheld(lines: bytes) -> bool:
    """Tell whether one of these lines, each with its newline, is a withheld one if it is a statement at all."""
    return lines.startswith(WITHHELD_START) or b"\n" + WITHHELD_START in lines
