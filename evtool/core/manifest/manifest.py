"""A manifest read line by line: order, completeness and root, in constant memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import repeat

from msgspec import Struct, field
from msgspec.structs import astuple

from evtool.core.errors import FormatError
from evtool.core.manifest.block import DecodedFiles, decode_files
from evtool.core.manifest.line import METADATA_KIND, begins_item
from evtool.core.manifest.merkle import TreeBuilder, compute_leaf_hash, compute_leaf_hashes, fold_nodes
from evtool.core.manifest.nesting import NestedPaths
from evtool.core.manifest.statement import (
    PLAIN_STATEMENTS,
    ConsentStatement,
    ContentStatement,
    ContextStatement,
    FileStatement,
    ItemStatement,
    ItemType,
    MetadataStatement,
    OmissionReason,
    WithheldStatement,
)
from evtool.core.manifest.statement_reader import parse_statement
from evtool.core.text.digest import Digests
from evtool.core.text.names import parse_name


class Item(Struct, frozen=True):
    """All that one manifest discloses of one item; one that is withheld as a whole is none of them.

    Attributes:
        number: number of the item in its collection, from 1.
        content: what it is, and which other statements there are.
        file: its name and date, or None if that is withheld.
        metadata: what it says about itself, or None if that was not stated or is withheld; see `withheld`.
        context: what the archivist supplied, sorted by field, as far as it is disclosed; see `withheld`.
        consent: the terms stated when it was sealed, or None if none were stated; they are never withheld.
    """

    number: int
    content: ContentStatement
    file: FileStatement | None
    context: tuple[ContextStatement, ...] = ()
    consent: ConsentStatement | None = None
    metadata: MetadataStatement | None = None

    @property
    def sort_key(self) -> bytes | None:
        """Place of the item among the paths of a directory: bytes of the path, `/` after a directory's."""
        if self.file is None:
            return None
        return path_sort_key(parse_name(self.file.path), _is_directory(self.content))

    @property
    def withheld(self) -> tuple[str, ...]:
        """Kinds of the statements that exist of it and that this copy does not disclose; `context` once for each."""
        disclosed = {"file": self.file is not None, "metadata": self.metadata is not None, "consent": True}
        kinds = [kind for kind in self.content.statements if not disclosed.get(kind, True)]
        return (*kinds, *["context"] * (self.content.statements.count("context") - len(self.context)))


def path_sort_key(path: bytes, is_directory: bool) -> bytes:
    """Give the key that items are numbered by: a walk can produce it in order, one directory at a time."""
    return path + b"/" if is_directory else path


def _is_directory(content: ContentStatement) -> bool:
    return content.type is ItemType.DIRECTORY or content.reason is OmissionReason.UNREADABLE_DIRECTORY


class ManifestSummary(Struct, frozen=True):
    """What a manifest as a whole amounts to; the signed entry says the same, or the manifest is not the sealed one.

    Attributes:
        lines: lines of the sealed manifest, withheld ones counted.
        withheld_lines: how many of them this copy does not disclose.
        disclosed_items: items of which at least one statement is disclosed.
        last_item: number of the last of them, 0 if there is none.
        lines_after: lines withheld after the last statement of that item: those of the items that follow it.
        root: root hash of the tree over the lines, 64 lower-case hexadecimal digits.
    """

    lines: int
    withheld_lines: int
    disclosed_items: int
    last_item: int
    lines_after: int
    root: str


class ManifestReader:
    """Reads one manifest as a stream of items and, once they are all read, tells its summary.

    What it yields is *parsed*, not verified: it counts only after `summary.root` has been compared with the root in
    an entry whose signature verifies.

    A reader can begin in the middle of a manifest: `first_item` is the number that is expected there, `first_line` how
    many lines come before, `last_key` the sort key of the item before, `nested` has seen the paths of those before.
    """

    def __init__(
        self,
        first_item: int,
        *,
        first_line: int = 0,
        last_key: bytes | None = None,
        nested: NestedPaths | None = None,
    ) -> None:
        self.tree = TreeBuilder(first_line)
        """The part of the tree that the lines fill."""
        self.withheld_lines = 0
        self.items = 0
        """Items of which at least one statement is disclosed."""
        self.last_item = 0
        self._line = self._place = first_line
        self._next_number = first_item
        self._last_key = last_key
        self._nested = nested or NestedPaths()
        self._pending: _PendingItem | None = None
        self._next_place = first_line
        """Where the statements of the items before end; further lines up to the next content are of withheld items."""

    @property
    def lines_after(self) -> int:
        """Lines withheld after all that is stated about the last item."""
        return self._place - self._next_place

    @property
    def summary(self) -> ManifestSummary:
        """The summary of a manifest that was read from its beginning."""
        tree = fold_nodes(self.tree.nodes())
        root = tree.compute_root().hex()
        return ManifestSummary(tree.size, self.withheld_lines, self.items, self.last_item, self.lines_after, root)

    def read(self, lines: Iterable[bytes]) -> Iterator[Item]:
        """Yield the items of a manifest whose lines come without their newlines.

        Raises:
            FormatError: with the number of the line: a statement that cannot be read, lines out of order, an item
                that is incomplete or missing although nothing is withheld.
        """
        with self._naming_the_line():
            yield from self._read_lines(lines)
            self._require_complete()

    def read_blocks(self, blocks: Iterable[list[bytes]]) -> Iterator[Item]:
        """As `read`, for lines that come in lists of many, each with its newline; several times as fast."""
        for part in self.read_parts(blocks):
            if isinstance(part, DecodedFiles):
                yield from _items_of(part)
            else:
                yield part

    def read_parts(self, blocks: Iterable[list[bytes]]) -> Iterator[Item | DecodedFiles]:
        """As `read_blocks`, leaving files together that were decoded together."""
        with self._naming_the_line():
            for block in blocks:
                decoded = self._decode(block)
                if decoded is None:
                    yield from self._read_lines(line[:-1] for line in block)
                    continue
                self._take_decoded(decoded, block)
                yield decoded
            self._require_complete()

    @contextmanager
    def _naming_the_line(self) -> Iterator[None]:
        try:
            yield
        except FormatError as error:
            raise FormatError(
                "line {line}: {why}", hint="{why.hint}", key="at-line", line=self._line, why=error
            ) from None

    def _read_lines(self, lines: Iterable[bytes]) -> Iterator[Item]:
        for line in lines:
            self._line += 1
            statement = parse_statement(line)
            if isinstance(statement, WithheldStatement):
                self.tree.add_subtree(bytes.fromhex(statement.hash), statement.lines)
                self.withheld_lines += statement.lines
                self._place += statement.lines
            else:
                self.tree.add_leaf(compute_leaf_hash(line))
                self._take(statement)
                self._place += 1
            # Its content says how many statements there are of an item, so no line after them has to be seen.
            if self._pending and self._place >= self._pending.end:
                yield self._close(self._pending)
                self._pending = None

    def _take(self, statement: ItemStatement) -> None:
        """Take a statement of an item."""
        if isinstance(statement, ContentStatement):
            self._require_complete()
            self._pending = self._open(statement)
        elif self._pending is not None and self._pending.number == statement.item:
            self._pending.add(statement, self._place)
        elif statement.item == self.last_item:
            raise _misplaced(statement)
        else:
            raise FormatError(
                "item {item}: its content is not disclosed, but another of its statements is",
                key="item-not-disclosed",
                item=statement.item,
            )

    def _require_complete(self) -> None:
        """Refuse to go on from an item of which something is missing."""
        if self._pending:
            raise FormatError(
                "item {item} is incomplete, although nothing is withheld there",
                key="item-incomplete",
                item=self._pending.number,
            )

    def _decode(self, block: list[bytes]) -> DecodedFiles | None:
        """Decode a block of whole items at once, if it is of the usual kind."""
        # The first lines tell for most blocks.
        if self._pending or self.lines_after or not all(map(begins_item, block[:1])):
            return None
        if block[2:] and not begins_item(block[2]) and METADATA_KIND not in block[2]:
            return None
        decoded = decode_files(b"".join(block), self._next_number)
        if decoded is None:
            return None
        if self._last_key is not None and decoded.paths[0].encode() <= self._last_key:
            return None
        nested = self._nested.copy()
        if nested.add(decoded.paths) is not None:
            return None  # read line by line, it is refused where that shows
        self._nested = nested
        return decoded

    def _take_decoded(self, decoded: DecodedFiles, block: list[bytes]) -> None:
        self.tree.add_leaves(compute_leaf_hashes(block))
        self._line += len(block)
        self._place = self._next_place = self._place + len(block)
        self.items += len(decoded.numbers)
        self.last_item = decoded.numbers[-1]
        self._next_number = self.last_item + 1
        self._last_key = decoded.paths[-1].encode()

    def _open(self, content: ContentStatement) -> _PendingItem:
        skipped, lines = content.item - self._next_number, self._place - self._next_place
        # Of each item there are two statements at least; and lines that are of no item are of none.
        if skipped < 0 or lines < _LEAST_LINES * skipped or (lines > 0) != (skipped > 0):
            raise FormatError(
                "expected item {expected}, found item {item}",
                key="item-order",
                expected=self._next_number,
                item=content.item,
            )
        return _PendingItem(content, self._place)

    def _close(self, pending: _PendingItem) -> Item:
        if "consent" in pending.content.statements and pending.consent is None:
            raise FormatError(
                "item {item}: its terms of consent are withheld, although the item is not",
                key="item-consent-withheld",
                item=pending.number,
            )
        item = Item(
            pending.number,
            pending.content,
            pending.file,
            context=tuple(pending.context),
            consent=pending.consent,
            metadata=pending.metadata,
        )
        self._check_path_order(item)
        self.items += 1
        self.last_item = item.number
        self._next_number = item.number + 1
        self._next_place = pending.end
        return item

    def _check_path_order(self, item: Item) -> None:
        key = item.sort_key
        if key is None:
            return
        if self._last_key is not None and key <= self._last_key:
            raise FormatError(
                "item {item}: its path does not sort after the path of the item before it",
                key="item-path-order",
                item=item.number,
            )
        self._last_key = key
        if item.file is not None and self._nested.add([item.file.path]) is not None:
            raise FormatError(
                "item {item}: its path is, or lies below, that of another item of this seal",
                key="item-path-below",
                item=item.number,
            )


_LEAST_LINES = 2
"""Statements that there are of every item: its content, and its name."""


def _misplaced(statement: ItemStatement) -> FormatError:
    return FormatError(
        "item {item}: the statement `{kind}` is not where its content says",
        key="item-statement-place",
        item=statement.item,
        kind=statement.kind,
    )


def _items_of(files: DecodedFiles) -> Iterator[Item]:
    *plain, metadata = astuple(files)
    columns = zip(*plain, metadata or repeat(None, len(files.numbers)), strict=True)
    for number, content_salt, file_salt, size, sha256, blake3, mtime, path, said in columns:
        digests = Digests(sha256, blake3)
        follow = (*PLAIN_STATEMENTS, said.kind) if said else PLAIN_STATEMENTS
        content = ContentStatement(number, content_salt, ItemType.FILE, size=size, digests=digests, statements=follow)
        yield Item(number, content, FileStatement(number, file_salt, path, mtime), metadata=said)


def summarize_unread(lines: Iterable[bytes]) -> ManifestSummary:
    """Compute the root over lines that need not be statements: which manifest it is, not what it says.

    Raises:
        FormatError: a withheld statement stands where it can be no node of the tree.
    """
    tree = TreeBuilder()
    withheld = 0
    for line in lines:
        try:
            statement = parse_statement(line)
        except FormatError:
            statement = None
        if isinstance(statement, WithheldStatement):
            tree.add_subtree(bytes.fromhex(statement.hash), statement.lines)
            withheld += statement.lines
        else:
            tree.add_leaf(compute_leaf_hash(line))
    return ManifestSummary(tree.size, withheld, 0, 0, 0, tree.compute_root().hex())


class _PendingItem(Struct):
    """An item of which more statements may follow."""

    content: ContentStatement
    start: int
    """Lines before its content."""
    file: FileStatement | None = None
    context: list[ContextStatement] = field(default_factory=list)
    consent: ConsentStatement | None = None
    metadata: MetadataStatement | None = None

    @property
    def number(self) -> int:
        """Number of the item."""
        return self.content.item

    @property
    def end(self) -> int:
        """Lines before the first one that is not of this item."""
        return self.start + 1 + len(self.content.statements)

    def add(self, statement: ItemStatement, place: int) -> None:
        kinds, index = self.content.statements, place - self.start - 1
        if index >= len(kinds) or kinds[index] != statement.kind:
            raise _misplaced(statement)
        if isinstance(statement, FileStatement):
            self.file = statement
        elif isinstance(statement, MetadataStatement):
            self.metadata = statement
        elif isinstance(statement, ContextStatement):
            if self.context and statement.field <= self.context[-1].field:
                raise FormatError(
                    "item {item}: its fields of context are repeated or out of order",
                    key="item-context-order",
                    item=self.number,
                )
            self.context.append(statement)
        elif isinstance(statement, ConsentStatement):
            self.consent = statement
