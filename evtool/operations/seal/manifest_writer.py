"""Writing a manifest and its list of checksums, line by line, as observations come in."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

from evtool.core.custody.events import Digest, Event, Sealed
from evtool.core.errors import EvidenceError, InputError
from evtool.core.manifest.archivist_statements import LineWriter
from evtool.core.manifest.merkle import TreeBuilder, compute_leaf_hash, compute_line_subtrees
from evtool.core.manifest.statement import (
    PLAIN_STATEMENTS,
    SALT_SIZE,
    ContentStatement,
    ItemType,
    OmissionReason,
    serialize_file,
)
from evtool.core.text.checksums import MAX_LISTED_PATH, serialize_header, serialize_line
from evtool.core.text.digest import Digests
from evtool.core.text.limits import MAX_LINE
from evtool.core.text.names import shown, store_name
from evtool.core.text.patterns import Exclusions
from evtool.operations.record.spelling import LINES_PER_ITEM, BlockOrder, ItemBlock
from evtool.scan.observe import Observation
from evtool.scan.walk import Found
from evtool.store.custody_names import FileRole, file_name
from evtool.store.writer import CustodyWriter

_SALT_BATCH = 256
"""Salts drawn at once; asking the system for each costs as much as hashing a line."""


class ManifestWriter:
    """Writes the two files of a seal under their temporary names; the entry that is signed makes them count."""

    def __init__(self, writer: CustodyWriter, sequence: int, first_item: int, random: Callable[[int], bytes]) -> None:
        self.items = 0
        self.unlisted = 0
        """Files whose path is too long for `sha256sum`."""
        self._first_item = first_item
        self._random = random
        self._ordered = self._ordered_lines = 0
        self._salts: list[str] = []
        self._tree = TreeBuilder()
        self._last_key: bytes | None = b""
        """Sort key of the last item, as long as all items came in blocks that were read; then None."""
        event = Event.SEALED.value
        self._manifest = writer.create(file_name(sequence, event, FileRole.MANIFEST))
        self._list = writer.create(file_name(sequence, event, FileRole.CHECKSUMS))
        self._list.write(serialize_header(self._salt()))

    def __enter__(self) -> ManifestWriter:
        return self

    def __exit__(self, *_: object) -> None:
        # What counts has been flushed by `finish`; after an error there is nothing left to lose.
        for file in (self._manifest, self._list):
            with contextlib.suppress(InputError):
                file.close()

    def add(
        self,
        found: Found,
        observation: Observation,
        type_: ItemType,
        reason: OmissionReason | None,
        extra: Sequence[LineWriter] = (),
    ) -> None:
        """State one item; `extra` writes its lines after those of its content and its name, in their order.

        Raises:
            EvidenceError: its path is too long to be stated.
        """
        item = self._first_item + self.items
        self._last_key = None
        path = store_name(found.path)
        stamp = observation.stamp
        follow = (*PLAIN_STATEMENTS, *(line.kind for line in extra))
        if type_ is ItemType.FILE and stamp is not None:
            # Checked here again: a statement without digests, once signed, could never be made good.
            digests = Digests(observation.sha256, observation.blake3)
            content = ContentStatement(item, self._salt(), type_, size=stamp.size, digests=digests, statements=follow)
            self._list.write(serialize_line(item, observation.sha256, found.path))
            self.unlisted += len(found.path) > MAX_LISTED_PATH
        else:
            target = store_name(observation.target) if type_ is ItemType.SYMLINK else None
            content = ContentStatement(item, self._salt(), type_, target=target, reason=reason, statements=follow)
        self._write_line(content.serialize(), path)
        mtime = stamp.mtime if stamp is not None else None
        self._write_line(serialize_file(item, self._salt(), path, mtime).encode("utf-8"), path)
        for line in extra:
            self._write_line(line.write(item, self._salt()), path)
        self.items += 1

    def order_block(self, items: int, described: int) -> BlockOrder:
        """Order the statements of the next so many items, so many of which are files that are described.

        They are to be added in the order of the orders.
        """
        first_item, first_line = self._first_item + self._ordered, self._ordered_lines
        lines = LINES_PER_ITEM * items + described
        self._ordered += items
        self._ordered_lines += lines
        return BlockOrder(first_item, first_line, self._random(SALT_SIZE * lines))

    def add_block(self, block: ItemBlock) -> None:
        """Add the items of a block; those of an order that cannot be met as a block are added one by one."""
        if block.order.first_item != self._first_item + self.items:
            raise ValueError("a block of items came out of turn")
        subtrees = block.subtrees
        if block.order.first_line != self._tree.size:
            # Before it, something that the walk saw as a file, or did not, has turned into something else.
            subtrees = compute_line_subtrees(self._tree.size, block.lines)
        for root, lines in subtrees:
            self._tree.add_subtree(root, lines)
        self._last_key = block.last_key if self._last_key is not None and self._last_key < block.first_key else None
        self._manifest.write(block.lines)
        self._list.write(block.listed)
        self.unlisted += block.unlisted
        self.items += block.items

    @property
    def is_read_in_blocks(self) -> bool:
        """Whether every block of it was read where it was spelled, and goes on where the one before it ends."""
        return bool(self._last_key)

    def finish(self, exclusions: Exclusions, allowed: tuple[OmissionReason, ...]) -> Sealed:
        """Flush both files to the medium, and give the table that the entry signs."""
        self._manifest.flush_to_medium()
        self._list.flush_to_medium()
        return Sealed(
            first_item=self._first_item,
            items=self.items,
            lines=self._tree.size,
            root=Digest(self._tree.compute_root().hex()),
            checksums=Digest(self._list.sha256),
            exclude=exclusions.patterns,
            allowed=allowed,
        )

    def _salt(self) -> str:
        if not self._salts:
            block = self._random(SALT_SIZE * _SALT_BATCH).hex()
            self._salts = [block[at : at + 2 * SALT_SIZE] for at in range(0, len(block), 2 * SALT_SIZE)]
        return self._salts.pop()

    def _write_line(self, line: bytes, path: str) -> None:
        if len(line) > MAX_LINE:
            raise EvidenceError(
                "{path}: its path is too long to be stated ({count} bytes)",
                key="manifest-path-long",
                path=shown(path),
                count=len(line),
            )
        self._tree.add_leaf(compute_leaf_hash(line))
        self._manifest.write(line + b"\n")
