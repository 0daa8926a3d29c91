"""Finding a few items in a long manifest: every line is hashed, and only the lines around those items are decoded.

The root of the tree is computed over every line, so what is found counts as much as after a full reading: once the
root has been compared with the signed one, every line is the one that was signed. What is not decoded is looked at as
far as it takes to know that it is about other items: each line has to be a statement of a kind that this version reads,
and the items have to be numbered one by one. Where anything is out of the ordinary, and wherever lines are withheld,
there is no answer: then the manifest has to be read in full, which has the words for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from operator import le

from msgspec import Struct

from evtool.core.errors import FormatError
from evtool.core.manifest.line import CONTENT, FILE, before, begins_item, filling
from evtool.core.manifest.manifest import Item, ManifestReader, ManifestSummary
from evtool.core.manifest.merkle import TreeBuilder, compute_leaf_hashes, split_lines
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.limits import MAX_LINE
from evtool.core.text.ranges import ItemRanges

MOST_SOUGHT = 1000
"""Items up to which looking for them is worth it, and up to which they are kept."""


class Sought(Struct, frozen=True):
    """What is looked for in a manifest.

    Attributes:
        numbers: items by their number; None if none is.
        names: texts; an item is looked for if one of them is its path, or stands in it between slashes. They are
            ASCII, without what JSON escapes.
        beginnings: texts of which one begins its path, in whatever case; they are lower-case ASCII, too.
    """

    numbers: ItemRanges | None = None
    names: tuple[str, ...] = ()
    beginnings: tuple[str, ...] = ()

    def means(self, item: Item) -> bool:
        """Tell whether an item is looked for."""
        if self.numbers is not None and item.number in self.numbers:
            return True
        path = f"/{item.file.path}/" if item.file is not None else ""
        return any(f"/{name}/" in path for name in self.names) or path[1:].lower().startswith(self.beginnings)


def seek(numbers: ItemRanges | None) -> Sought | None:
    """Look for items by their numbers; None for all items, and for so many that it is shorter to read them all."""
    return None if numbers is None or len(numbers) > MOST_SOUGHT else Sought(numbers)


class Skimmed(Struct, frozen=True):
    """What was found in a manifest that is, for all that was looked at, as every manifest is.

    Attributes:
        items: the items that were looked for, by number.
        summary: what the manifest as a whole amounts to; nothing in it is withheld.
    """

    items: tuple[Item, ...]
    summary: ManifestSummary


def skim_manifest(pieces: Iterable[bytes], first_item: int, sought: Sought) -> Skimmed | None:
    """Look for items in a manifest, whose bytes come in pieces of any size; best are some that are below `MAX_LINE`.

    None means that it has to be read in full: something is unusual, or too much was found.
    """
    tree, found, number = TreeBuilder(), list[Item](), first_item
    search = Search(sought)
    for part in cut_manifest(pieces, first_item):
        if not part.items:
            return None
        if search.may_be_in(part.text, part.first_item, part.items):
            items = _decode(part.lines, number)
            if items is None or len(items) != part.items:
                return None
            found += filter(sought.means, items)
        if len(found) > MOST_SOUGHT:
            return None
        tree.add_leaves(compute_leaf_hashes(part.lines))
        number += part.items
    root = tree.compute_root().hex()
    return Skimmed(tuple(found), ManifestSummary(tree.size, 0, number - first_item, number - 1, 0, root))


class Part(Struct, frozen=True):
    """Neighbouring lines of a manifest, looked at as far as it takes to know which items they are about.

    Attributes:
        text: the lines as one.
        lines: each with its newline.
        first_item: number of the first item that they state.
        items: how many they state, one by one; 0 if that is not what they look like.
    """

    text: bytes
    lines: list[bytes]
    first_item: int
    items: int


def cut_manifest(pieces: Iterable[bytes], first_item: int) -> Iterator[Part]:
    """Cut a manifest into parts of whole items; behind a part that is unusual, no number is known any more."""
    number = first_item
    for text in _cut(pieces):
        lines = split_lines(text)
        is_too_long = len(text) > MAX_LINE and len(max(lines, key=len)) > MAX_LINE + 1
        count = 0 if is_too_long or not number else _count_items(text, lines, number)
        yield Part(text, lines, number, count)
        number = number + count if count else 0


class Search:
    """Tells where what is sought may be, without understanding any line."""

    def __init__(self, sought: Sought) -> None:
        self._numbers = sought.numbers
        path = before(FILE, "path")
        names = [name.encode("ascii") for name in sought.names]
        self._names = [(start + name, (b"/", b'"')) for name in names for start in (b"/", path)]
        self._beginnings = [path + beginning.encode("ascii") for beginning in sought.beginnings]

    def may_be_in(self, text: bytes, number: int, items: int) -> bool:
        """Tell whether lines that state so many items, from this number on, may hold something that is sought."""
        if self._numbers is not None and self._numbers.overlaps(number, number + items - 1):
            return True
        # Most have not even the beginning, so most are searched for each name twice.
        if any(beginning in text and any(beginning + end in text for end in ends) for beginning, ends in self._names):
            return True
        lower = text.lower() if self._beginnings else b""
        return any(beginning in lower for beginning in self._beginnings)


_MOST_BYTES = 4 * 1024 * 1024
"""Bytes after which some item has to begin; a manifest of larger items is read in full."""


def _cut(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Cut a manifest into parts that begin where an item does; what cannot be cut comes as it is."""
    rest = b""
    for piece in pieces:
        # What is there already begins no further item, unless in its last line.
        looked_through = max(rest.rfind(b"\n"), 0)
        rest += piece
        end = _find_last_start(rest, looked_through)
        if end or len(rest) > _MOST_BYTES:
            yield rest[:end] or rest
            rest = rest[end:] if end else b""
    if rest:
        yield rest


def _find_last_start(text: bytes, first: int) -> int:
    """Give the place of the last line that begins an item, after `first` bytes; 0 if there is none."""
    end = len(text)
    while (newline := text.rfind(b"\n", first, end)) >= 0:
        if begins_item(text[newline + 1 : newline + 1 + _SHORT]):
            return newline + 1
        end = newline
    return 0


_SHORT = 64
"""Bytes of a line that tell whether it begins an item."""


def _line_end(template: str, name: str) -> bytes:
    """Give the end of a line, and the newline, from the place of a value on that is left out."""
    return (filling(template.partition(f"${name}")[2]) + "\n").encode("ascii")


_AFTER_CONTENT = _line_end(CONTENT, "size").replace(b"%s", b'"file"') + before(FILE, "item")
_NAME = before(FILE, "mtime") + b'"'
_ITEM = before(CONTENT, "item") + b"%d,"
_NAME_OF = before(FILE, "item") + b"%d,"

_STATEMENT = compiled_when_used(
    rb'^(?:\{(?:"blake3":"[0-9a-f]{64}",|"field":"[a-z0-9_-]{1,63}",)?"item":([0-9]{1,16}),"kind":"(content|file|context)"'
    rb'|\{".*"item":([0-9]{1,16}),"kind":"(metadata|consent)","salt":"[0-9a-f]{32}"\}$)[^\n]*\n',
    re.MULTILINE,
)


def _count_items(text: bytes, lines: list[bytes], number: int) -> int:
    """Count the items that lines state, from `number` on; 0 if that is not what they look like."""
    if not text.endswith(b"\n"):
        return 0
    files = text.count(_AFTER_CONTENT)
    # Every line is accounted for: half of them end as the content of a file does, the others say that they are names.
    if files == text.count(_NAME) == len(lines) / 2:
        first, last = _ITEM % number, _NAME_OF % (number + files - 1)
        return files if first in lines[0] and lines[-1].startswith(last) else 0
    matches = _STATEMENT.findall(text)
    numbers = [int(of_item or of_name) for of_item, _, of_name, _ in matches]
    contents = [place for place, match in zip(numbers, matches, strict=True) if match[1] == b"content"]
    in_order = contents == list(range(number, number + len(contents))) and all(map(le, numbers, numbers[1:]))
    is_whole = len(matches) == len(lines) and matches[0][1] == b"content"
    return len(contents) if is_whole and in_order else 0


def _decode(lines: list[bytes], number: int) -> list[Item] | None:
    try:
        return list(ManifestReader(number).read_blocks([lines]))
    except FormatError:
        return None
