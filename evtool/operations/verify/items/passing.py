"""Going past the items of a seal that nobody asked for, block by block, to the few that are to be compared.

Every line is checked and hashed as in a full reading. A block of files, none of them asked for, whose names are just
those of what lies there, is counted as it is. Any other one is taken apart.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from evtool.core.manifest.block import decode_files
from evtool.core.manifest.merkle import compute_line_subtrees
from evtool.core.manifest.skim import Search, Sought
from evtool.core.text.checksums import serialize_line
from evtool.operations.merge import merge_sorted
from evtool.operations.record.record import Seal, SealedItem
from evtool.operations.verify.items.block_lookup import UnchangedBlock
from evtool.operations.verify.items.blocks import Entries
from evtool.operations.verify.items.sealed_blocks import SealedBlock, SealedBlocks
from evtool.scan.engine import BATCH
from evtool.scan.walk import Found, Kind, Run, join_path
from evtool.store.custody import CustodyReader


class Passed(Struct, frozen=True):
    """Entries of a directory that have the names of as many items, of which none is asked for."""

    runs: list[Run]
    items: int


class BlockPass:
    """Goes through one seal and the directory of its collection."""

    def __init__(self, custody: CustodyReader, seal: Seal, sought: Sought) -> None:
        self._seal = seal
        self._end = seal.sealed.first_item + seal.sealed.items
        """What comes from here on was not sealed, whatever the manifest states; nobody looks for it by its number."""
        self._blocks = SealedBlocks(custody, seal, BATCH)
        self._search = Search(sought)

    def run(self, runs: Iterator[Run]) -> Iterator[Passed | tuple[SealedItem | None, Found | None]]:
        """Yield items with the entries of their names, in path order, and what has no counterpart by itself.

        Afterwards the seal knows whether its manifest is the signed one.
        """
        entries, blocks = Entries(runs), self._blocks.read()
        following = next(blocks, None)
        while (block := following) is not None and self._blocks.broken_from is None:
            # A file that is cut short shows behind the last block, and is the reason of what is missing in it.
            following = next(blocks, None)
            taken = entries.take(block.last_key) if block.last_key is not None else []
            if (same := self._look_at(block, taken)) is not None:
                self._blocks.accept_as_it_is(block, same)
                yield Passed(taken, block.size)
                continue
            self._blocks.decode(block)
            self._blocks.accept(block)
            sealed = ((key, SealedItem(item, self._seal)) for item in block.items if (key := item.sort_key) is not None)
            yield from merge_sorted(sealed, ((found.sort_key, found) for run in taken for found in run.founds()))
        yield from ((None, found) for run in entries.rest() for found in run.founds())
        self._blocks.finish()

    def _look_at(self, block: SealedBlock, runs: list[Run]) -> UnchangedBlock | None:
        """Tell what the lines of a block amount to that need not be taken apart; None if it has to be."""
        names = [join_path(run.directory, name) for run in runs for name in run.names]
        if len(names) != block.size or any(run.kinds.strip(Kind.FILE.value) for run in runs):
            return None
        if block.first_item + block.size > self._end:
            return None
        if self._search.may_be_in(block.lines, block.first_item, block.size):
            return None
        files = decode_files(block.lines, block.first_item)
        if files is None or [path.encode("utf-8") for path in files.paths] != names:
            return None
        listed = b"".join(map(serialize_line, files.numbers, files.sha256s, names))
        nodes = compute_line_subtrees(block.first_line, block.lines)
        return UnchangedBlock(nodes, listed, {}, 0, 0, max(files.mtimes))
