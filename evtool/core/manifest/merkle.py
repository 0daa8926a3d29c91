"""The Merkle tree over the lines of a manifest (RFC 9162, section 2.1, with SHA-256).

Leaves are the lines without their newline. The tree is folded from left to right: of `n` leaves only the roots of
its complete subtrees are kept, so a tree of a million leaves costs twenty hashes of memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from evtool.core.errors import FormatError

HASH_SIZE = 32
"""Bytes of a leaf hash, node hash or root hash."""


def compute_leaf_hash(line: bytes) -> bytes:
    """Compute the leaf hash of one line: SHA-256(0x00 || line)."""
    return sha256(b"\x00" + line).digest()


def compute_leaf_hashes(lines: Iterable[bytes]) -> list[bytes]:
    """Compute the leaf hashes of lines that each have their newline; at once, as there are millions of them."""
    return [sha256(b"\x00" + line[:-1]).digest() for line in lines]


def compute_node_hash(left: bytes, right: bytes) -> bytes:
    """Compute the hash of an inner node: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def check_subtree(first: int, leaves: int) -> None:
    """Refuse a subtree of so many leaves after `first` others, if it is not complete and aligned there.

    Raises:
        FormatError: it is no node of the tree.
    """
    if leaves < 1 or leaves & (leaves - 1) or first % leaves:
        raise FormatError(f"a hash for {leaves} lines cannot stand at line {first + 1}: it is no node there")


class TreeBuilder:
    """Folds leaf hashes, and roots of whole aligned subtrees, into a root hash.

    A subtree may stand in for its leaves where it is complete (2^k leaves) and aligned (the number of leaves before
    it is a multiple of 2^k): there, and only there, its root is a node of the whole tree.
    """

    __slots__ = ("_frontier", "size")

    def __init__(self) -> None:
        self.size = 0
        """Number of leaves so far."""
        self._frontier: list[bytes] = []
        """Roots of complete subtrees, largest first: one for each bit that is set in `size`."""

    def add_leaf(self, leaf_hash: bytes) -> None:
        """Append one leaf."""
        frontier, size = self._frontier, self.size
        node = leaf_hash
        # Each trailing one bit of the size is a complete subtree that the new leaf completes further.
        while size & 1:
            node = sha256(b"\x01" + frontier.pop() + node).digest()
            size >>= 1
        frontier.append(node)
        self.size += 1

    def add_leaves(self, leaf_hashes: Iterable[bytes]) -> None:
        """Append leaves in order."""
        for leaf_hash in leaf_hashes:
            self.add_leaf(leaf_hash)

    def add_subtree(self, root: bytes, leaves: int) -> None:
        """Append the root of a subtree that stands for `leaves` leaves.

        Raises:
            FormatError: the subtree is not complete or not aligned at this place.
        """
        check_subtree(self.size, leaves)
        size = self.size // leaves
        node = root
        while size & 1:
            node = compute_node_hash(self._frontier.pop(), node)
            size >>= 1
        self._frontier.append(node)
        self.size += leaves

    def compute_root(self) -> bytes:
        """Compute the root hash of the tree so far; of an empty tree it is SHA-256 of nothing."""
        if not self._frontier:
            return sha256(b"").digest()
        node = self._frontier[-1]
        for left in reversed(self._frontier[:-1]):
            node = compute_node_hash(left, node)
        return node


Node = tuple[bytes, int]
"""Root of a complete and aligned subtree, with its number of leaves."""


def compute_subtrees(first: int, leaf_hashes: list[bytes]) -> list[Node]:
    """Fold neighbouring leaves, of which `first` come before them in the whole tree, as far as they go.

    Gives the roots of the largest complete and aligned subtrees they fill, each with its number of leaves: what
    `TreeBuilder.add_subtree` takes. So a tree can be computed in pieces, wherever the pieces are.
    """
    subtrees: list[Node] = []
    at = 0
    while at < len(leaf_hashes):
        left = len(leaf_hashes) - at
        size = 1 << (left.bit_length() - 1)
        # The lowest bit that is set in the place is the largest subtree that may begin there.
        place = first + at
        if place:
            size = min(size, place & -place)
        level = leaf_hashes[at : at + size]
        while len(level) > 1:
            pairs = zip(level[::2], level[1::2], strict=True)
            level = [sha256(b"\x01" + one + other).digest() for one, other in pairs]
        subtrees.append((level[0], size))
        at += size
    return subtrees


def compute_line_subtrees(first: int, lines: bytes) -> list[Node]:
    """Fold lines that each end in a newline, as `compute_subtrees` folds their leaf hashes."""
    return compute_subtrees(first, [sha256(b"\x00" + line).digest() for line in lines.split(b"\n")[:-1]])


class TreePiece:
    """A part of a tree: leaves and subtrees that follow each other, after `first` leaves that are somewhere else.

    Only the nodes that cannot be folded any further are kept, give or take some leaves: a piece of a million leaves
    costs as little as one of a thousand.
    """

    __slots__ = ("_leaves", "_nodes", "size")

    def __init__(self, first: int = 0) -> None:
        self.size = first
        """Number of leaves up to here, those before the piece counted."""
        self._nodes: list[Node] = []
        self._leaves: list[bytes] = []

    def add_leaf(self, leaf_hash: bytes) -> None:
        """Append one leaf."""
        self._leaves.append(leaf_hash)
        self.size += 1
        if len(self._leaves) == _LEAVES_KEPT:
            self._fold()

    def add_leaves(self, leaf_hashes: list[bytes]) -> None:
        """Append leaves in order."""
        self._leaves += leaf_hashes
        self.size += len(leaf_hashes)
        if len(self._leaves) >= _LEAVES_KEPT:
            self._fold()

    def add_subtree(self, root: bytes, leaves: int) -> None:
        """Append the root of a subtree that stands for `leaves` leaves.

        Raises:
            FormatError: the subtree is not complete or not aligned at this place.
        """
        check_subtree(self.size, leaves)
        self._fold()
        self._nodes.append((root, leaves))
        self.size += leaves

    def nodes(self) -> list[Node]:
        """Give the nodes that the piece fills, for `fold_nodes`."""
        self._fold()
        return self._nodes

    def _fold(self) -> None:
        self._nodes += compute_subtrees(self.size - len(self._leaves), self._leaves)
        self._leaves.clear()


_LEAVES_KEPT = 1024


def fold_nodes(nodes: Iterable[Node]) -> TreeBuilder:
    """Fold the nodes of all pieces of a tree, in their order.

    Raises:
        FormatError: one of them is no node at its place, so they are not all the pieces or not in their order.
    """
    tree = TreeBuilder()
    for root, leaves in nodes:
        tree.add_subtree(root, leaves)
    return tree
