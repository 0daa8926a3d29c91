"""The one spelling of the two lines that every file has, and of how each kind of line begins.

There are millions of these two, so they are written by filling in a text and read by one expression, instead of by
way of JSON. Three readers and two writers need them. All of them take what they need from the templates here, so that
they cannot part; `tests/core/test_statement.py` compares the templates with JSON as RFC 8785 spells it.
"""

from __future__ import annotations

import re

from evtool.core.text.expressions import compiled_when_used

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

_PLACE = compiled_when_used(r"\$([a-z0-9]+)")


def filling(template: str) -> str:
    """Give a template as a text for the operator `%`, which takes the values from left to right."""
    return _PLACE.sub("%s", template)


def expression(template: str, **values: str) -> str:
    """Give a regular expression for a template, from one expression for each of its values."""
    pieces = _PLACE.split(template)
    pieces[::2] = map(re.escape, pieces[::2])
    pieces[1::2] = [values[name] for name in pieces[1::2]]
    return "".join(pieces)


def before(template: str, name: str) -> bytes:
    """Give what stands before a value, back to the value before it."""
    literal = template.partition(f"${name}")[0]
    return _PLACE.split(literal)[-1].encode("ascii")


def length(template: str) -> int:
    """Count the characters of a template, its values left out."""
    return len(_PLACE.sub("", template))


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
