"""A seal's items by the block, so that a whole block can be compared where its files are read.

A block is cut without being understood: it looks like so many whole items, and it is known after which line and item it
comes, and under which path it ends. A comparison either finds that every byte is right, or decodes the block.
Where a manifest does not look like that, as when lines are withheld, the rest of it is read statement by statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from msgspec import Struct, field

from evtool.core.errors import FormatError, InputError
from evtool.core.manifest.line import FILE, begins_item, expression, find_starts, holds_withheld
from evtool.core.manifest.manifest import Item, ManifestReader, ManifestSummary
from evtool.core.manifest.merkle import Subtree, fold_nodes
from evtool.core.manifest.nesting import NestedPaths
from evtool.core.manifest.statement import ContentStatement, FileStatement
from evtool.core.manifest.statement_reader import parse_statement
from evtool.core.text.expressions import compiled_when_used
from evtool.operations.record.items import SealReading
from evtool.operations.record.record import Seal
from evtool.operations.record.spelling import LINES_PER_ITEM
from evtool.operations.verify.items.block_lookup import UnchangedBlock
from evtool.store.custody import CustodyReader


class SealedBlock(Struct):
    """Neighbouring items of a seal.

    Attributes:
        first_item: number of the first of them.
        size: how many they are, if they have not been decoded yet.
        first_line: how many lines come before them.
        lines: their lines, each with its newline, if they have not been decoded yet.
        items: the items, if they have.
        last_key: sort key of the last of them that has a name; None if none has.
        key_before: sort key of the last named item before them.
        nodes: nodes of the tree that their lines fill, if the block was cut and then decoded.
    """

    first_item: int
    size: int
    first_line: int
    lines: bytes
    items: list[Item]
    last_key: bytes | None
    key_before: bytes | None
    nodes: list[Subtree] = field(default_factory=list)


class SealedBlocks:
    """Reads one seal by blocks and, once all of them have been accepted in their order, judges its manifest."""

    def __init__(self, custody: CustodyReader, seal: Seal, size: int) -> None:
        self._custody = custody
        self._seal = seal
        self._size = size
        self._reading = SealReading(custody, seal)
        self._nodes: list[list[Subtree]] = []
        """Nodes of the tree, a list for each block that was accepted."""
        self.broken_from: int | None = None
        """First item of the first block that could not be decoded to its end; what comes after it is not known."""
        self._items = 0
        self._last_item = self._lines_after = 0
        self._rest: ManifestReader | None = None
        """Reads what cannot be cut into blocks."""

    def read(self) -> Iterator[SealedBlock]:
        """Yield the blocks of the manifest, as far as it can be read."""
        try:
            yield from self._cut()
        except (FormatError, InputError) as error:
            self._give_up(error)

    def decode(self, block: SealedBlock) -> None:
        """Understand a block, as far as it is what a manifest holds there; see `broken_from`."""
        if not block.lines:
            return
        reader = ManifestReader(block.first_item, first_line=block.first_line, last_key=block.key_before)
        try:
            for item in reader.read_blocks([[line + b"\n" for line in block.lines.split(b"\n")[:-1]]]):
                block.items.append(item)
        except FormatError as error:
            self.broken_from = min(block.first_item, self.broken_from or block.first_item)
            self._give_up(error)
        block.nodes = reader.tree.nodes()

    def accept(self, block: SealedBlock) -> None:
        """Take a block that was decoded into account, after all blocks before it."""
        self._nodes.append(block.nodes)
        for item in block.items:
            self._reading.add(item, is_named=item.file is not None)
        self._items += len(block.items)
        self._last_item = block.items[-1].number if block.items else self._last_item

    def accept_as_it_is(self, block: SealedBlock, same: UnchangedBlock) -> None:
        """Take a block into account whose every line is as it has to be, given what its lines amount to."""
        self._nodes.append(same.nodes)
        items = range(block.first_item, block.first_item + block.size)
        self._reading.add_block(items, block.lines, same.listed, same.consents, same.newest)
        self._items += block.size
        self._last_item = block.first_item + block.size - 1

    def finish(self) -> None:
        """Judge the manifest, after all of its blocks were taken into account."""
        if self._seal.broken:
            return
        withheld = 0
        if self._rest is not None:
            self._nodes.append(self._rest.tree.nodes())
            withheld, self._lines_after = self._rest.withheld_lines, self._rest.lines_after
        tree = fold_nodes(chain.from_iterable(self._nodes))
        root = tree.compute_root().hex()
        counts = (tree.size, withheld, self._items, self._last_item, self._lines_after)
        self._reading.finish(ManifestSummary(*counts, root))

    def _give_up(self, error: FormatError | InputError) -> None:
        if not self._seal.broken:
            self._reading.give_up(error)

    def _cut(self) -> Iterator[SealedBlock]:
        number, line, key = self._seal.sealed.first_item, 0, None
        nested = NestedPaths()
        source = _Lines(self._custody.read_blocks(self._reading.name, self._size * LINES_PER_ITEM))
        while lines := source.take_items(self._size):
            size = source.taken_items
            block = b"".join(lines)
            # A withheld line stands for any number of lines and items.
            whole = source.is_whole and not holds_withheld(block)
            last_key = _last_key(lines, number + size - 1) if whole else None
            before = nested.copy()
            # Where an item lies below another one is said when its line comes.
            if last_key is None or nested.add(_find_paths(block)) is not None:
                yield from self._read_rest(chain(lines, source.rest()), number, line, key, before)
                return
            yield SealedBlock(number, size, line, block, [], last_key, key)
            number, line, key = number + size, line + len(lines), last_key
        source.check_end(line)

    def _read_rest(
        self,
        lines: Iterator[bytes],
        first_item: int,
        first_line: int,
        last_key: bytes | None,
        nested: NestedPaths,
    ) -> Iterator[SealedBlock]:
        self._rest = ManifestReader(first_item, first_line=first_line, last_key=last_key, nested=nested)
        part: list[Item] = []
        size = 0

        def counted() -> Iterator[bytes]:
            nonlocal size
            for line in lines:
                size += len(line)
                yield line[:-1]

        try:
            for item in self._rest.read(counted()):
                part.append(item)
                if len(part) == self._size or size > _BLOCK_BYTES:
                    yield _decoded(part)
                    part, size = [], 0
        except (FormatError, InputError):
            # What was read before the place where it cannot be read any further is still known.
            if part:
                yield _decoded(part)
            raise
        if part:
            yield _decoded(part)


_BLOCK_BYTES = 2 * 1024 * 1024
"""Bytes of lines from which on a block has fewer items; from an item that alone has more, all is read line by line."""


class _Lines:
    """Lines of a manifest by whole items; what cannot be read shows when its turn comes."""

    def __init__(self, blocks: Iterator[list[bytes]]) -> None:
        self._blocks = blocks
        self._lines: list[bytes] = []
        self._starts: list[int] = []
        """Which of the lines begin an item."""
        self._problem: FormatError | InputError | None = None
        self._bytes = 0
        self._is_at_end = False
        self.taken_items = 0
        """How many items begin in the lines that were taken last."""
        self.is_whole = True
        """Whether those lines end where an item does, as far as it is known."""

    def take_items(self, count: int) -> list[bytes]:
        """Take the lines of so many items, fewer at the end and where they are long; none after it.

        Whatever comes before the first item is taken together with it.
        """
        # The item after the last one has to be seen: what is stated about an item may be many lines.
        while len(self._starts) <= count and self._bytes < _BLOCK_BYTES and self._refill():
            pass
        if self._bytes >= _BLOCK_BYTES and len(self._starts) <= count:
            count = max(len(self._starts) - 1, 1)
        self.is_whole = len(self._starts) > count or self._is_at_end
        end = self._starts[count] if len(self._starts) > count else len(self._lines)
        taken, self._lines = self._lines[:end], self._lines[end:]
        self._bytes = sum(map(len, self._lines))
        self.taken_items = min(count, len(self._starts))
        self._starts = [start - end for start in self._starts[count:]]
        return taken

    def rest(self) -> Iterator[bytes]:
        """Take all that is left, line by line.

        Raises:
            FormatError, InputError: it cannot be read to its end.
        """
        while self._lines or self._refill():
            lines, self._lines = self._lines, []
            yield from lines
        if self._problem is not None:
            raise self._problem

    def check_end(self, lines: int) -> None:
        """Make sure, after so many lines, that the end of what can be read is the end.

        Raises:
            FormatError, InputError: it is not.
        """
        if isinstance(self._problem, FormatError):
            raise FormatError("line {line}: {why}", key="at-line", line=lines, why=self._problem) from self._problem
        if self._problem is not None:
            raise self._problem

    def _refill(self) -> bool:
        try:
            lines = next(self._blocks, [])
        except (FormatError, InputError) as error:
            self._problem, self._is_at_end = error, True
            return False
        first = len(self._lines)
        self._lines += lines
        self._bytes += sum(map(len, lines))
        self._is_at_end = not lines
        self._starts += find_starts(lines, first)
        return bool(lines)


def _decoded(items: list[Item]) -> SealedBlock:
    ends = [key for item in items if (key := item.sort_key) is not None]
    return SealedBlock(items[0].number, 0, 0, b"", items, max(ends, default=None), None)


_PATH = compiled_when_used(
    b"^"
    + expression(
        FILE.partition(',"salt"')[0], item="[0-9]+", mtime='(?:"[^"\n]*"|null)', path=r'([^"\\\n]*(?:\\.[^"\\\n]*)*)'
    ).encode("ascii"),
    re.MULTILINE,
)


def _find_paths(block: bytes) -> Iterator[str]:
    """Give the paths that the lines of a block state, without understanding the lines."""
    for path in _PATH.findall(block):
        text = path.decode("utf-8", "surrogateescape")
        yield re.sub(r"\\([\"\\])", r"\1", text) if "\\" in text else text


def _last_key(lines: list[bytes], last_item: int) -> bytes | None:
    """Give the sort key of the last item of a block that looks like whole items."""
    if not begins_item(lines[0]):
        return None
    start = next(index for index in range(len(lines) - 1, -1, -1) if begins_item(lines[index]))
    try:
        content, file = (parse_statement(line[:-1]) for line in lines[start : start + LINES_PER_ITEM])
    except (FormatError, ValueError):
        return None
    if not isinstance(content, ContentStatement) or not isinstance(file, FileStatement):
        return None
    if (content.item, file.item) != (last_item, last_item):
        return None
    return Item(last_item, content, file).sort_key
