"""Partial copies of a manifest: lines that are not disclosed turn into the hashes that stand for them.

The tree over the lines stays the same, and so does its root, which is what was signed. Of a run of undisclosed lines
every complete subtree collapses into one hash, so a copy tells as little as a hash tree can: where disclosed lines
stand, and how many lines lie between them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from evtool.core.errors import FormatError
from evtool.core.manifest.merkle import (
    TreeBuilder,
    compute_leaf_hash,
    compute_leaf_hashes,
    compute_node_hash,
    compute_subtrees,
)
from evtool.core.manifest.skim import Part
from evtool.core.manifest.statement import ItemStatement, WithheldStatement
from evtool.core.manifest.statement_reader import parse_statement
from evtool.core.text.ranges import ItemRanges

DisclosedStatement = ItemStatement
"""A statement that says something; what a `withheld` statement stands for stays withheld in every further copy."""


class PartialCopyWriter:
    """Writes a partial copy of one manifest, line by line and in constant memory.

    Attributes:
        lines: lines of the manifest so far, withheld ones counted.
        withheld_lines: how many of them the copy does not disclose.
    """

    def __init__(self, is_disclosed: Callable[[DisclosedStatement], bool]) -> None:
        self.lines = 0
        self.withheld_lines = 0
        self._is_disclosed = is_disclosed
        self._tree = TreeBuilder()
        self._read = 0
        """Lines of the original so far, each withheld one as one."""
        self._run: list[tuple[int, bytes]] = []
        """The withheld lines since the last disclosed one: subtrees as number of leaves and root, left to right."""

    def write(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the lines of the copy, for lines of the original that come without their newlines.

        The copy of a copy is a copy: hashes that are there already go on standing for their lines.

        Raises:
            FormatError: with the number of the line: it is not a statement, or a hash stands where it cannot.
        """
        yield from self._copy(lines)
        yield from self._end_run()

    def write_parts(self, parts: Iterable[Part], disclosed: ItemRanges) -> Iterator[bytes]:
        """As `write`, for an original that was cut; what is about none of the `disclosed` items is not decoded."""
        for part in parts:
            if part.items and not disclosed.overlaps(part.first_item, part.first_item + part.items - 1):
                for root, leaves in compute_subtrees(self.lines, compute_leaf_hashes(part.lines)):
                    self._tree.add_subtree(root, leaves)
                    self._withhold(leaves, root)
                self._read += len(part.lines)
            else:
                yield from self._copy(line[:-1] for line in part.lines)
        yield from self._end_run()

    def _copy(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        for number, line in enumerate(lines, start=self._read + 1):
            self._read = number
            try:
                statement = parse_statement(line)
                if isinstance(statement, WithheldStatement):
                    subtree = bytes.fromhex(statement.hash)
                    self._tree.add_subtree(subtree, statement.lines)
                    self._withhold(statement.lines, subtree)
                    continue
            except FormatError as error:
                raise FormatError(
                    "line {line}: {why}", hint="{why.hint}", key="at-line", line=number, why=error
                ) from None
            leaf_hash = compute_leaf_hash(line)
            self._tree.add_leaf(leaf_hash)
            if self._is_disclosed(statement):
                yield from self._end_run()
                self.lines += 1
                yield line
            else:
                self._withhold(1, leaf_hash)

    def compute_root(self) -> bytes:
        """Compute the root hash, which is that of the original and of the copy alike."""
        return self._tree.compute_root()

    def _withhold(self, leaves: int, root: bytes) -> None:
        """Append a subtree to the run, and fold what it completes."""
        self.lines += leaves
        self.withheld_lines += leaves
        run = self._run
        run.append((leaves, root))
        # Two neighbours of one size are a subtree of twice that size where the left one is aligned to it.
        while len(run) > 1 and run[-1][0] == run[-2][0] and (self.lines - 2 * run[-1][0]) % (2 * run[-1][0]) == 0:
            size, right = run.pop()
            run[-1] = (2 * size, compute_node_hash(run[-1][1], right))

    def _end_run(self) -> Iterator[bytes]:
        for leaves, root in self._run:
            yield WithheldStatement(leaves, root.hex()).serialize()
        self._run.clear()
