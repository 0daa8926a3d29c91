"""The Merkle tree over the lines of a manifest (RFC 9162, section 2.1, with SHA-256).

Leaves are the lines without their newline. The tree is folded from left to right: of `n` leaves only the roots of
its complete subtrees are kept, so a tree of a million leaves costs twenty hashes of memory, and some leaves.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from evtool.core.errors import FormatError


def compute_leaf_hash(line: bytes) -> bytes:
    """Compute the leaf hash of one line: SHA-256(0x00 || line)."""
    return sha256(b"\x00" + line).digest()


# A hash that has begun is copied in less time than one is made, and there are millions of them.
_begin_leaf, _begin_node = sha256(b"\x00").copy, sha256(b"\x01").copy


def compute_leaf_hashes(lines: Iterable[bytes]) -> list[bytes]:
    """Compute the leaf hashes of lines that each have their newline; at once, as there are millions of them."""
    hashes: list[bytes] = []
    for line in lines:
        leaf = _begin_leaf()
        leaf.update(line[:-1])
        hashes.append(leaf.digest())
    return hashes


def _fold_level(level: list[bytes]) -> list[bytes]:
    """Compute the nodes over pairs of neighbours."""
    nodes: list[bytes] = []
    for left, right in zip(level[::2], level[1::2], strict=True):
        node = _begin_node()
        node.update(left)
        node.update(right)
        nodes.append(node.digest())
    return nodes


def compute_node_hash(left: bytes, right: bytes) -> bytes:
    """Compute the hash of an inner node: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def check_subtree(first: int, leaves: int) -> None:
    """Refuse a subtree of so many leaves after `first` others, if it is not complete and aligned there.

    Raises:
        FormatError: it is not a node of the tree.
    """
    if leaves < 1 or leaves & (leaves - 1) or first % leaves:
        raise FormatError(
            "a hash for {leaves} lines cannot be at line {line}: it is not a node of the tree there",
            key="merkle-node",
            leaves=leaves,
            line=first + 1,
        )


Subtree = tuple[bytes, int]
"""Root of a complete and aligned subtree, with its number of leaves."""


def compute_subtrees(first: int, leaf_hashes: list[bytes]) -> list[Subtree]:
    """Fold neighbouring leaves, of which `first` come before them in the whole tree, as far as they go.

    Gives the roots of the largest complete and aligned subtrees they fill, each with its number of leaves: what
    `TreeBuilder.add_subtree` takes. So a tree can be computed in pieces, wherever the pieces are.
    """
    subtrees: list[Subtree] = []
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
            level = _fold_level(level)
        subtrees.append((level[0], size))
        at += size
    return subtrees


def compute_line_subtrees(first: int, lines: bytes) -> list[Subtree]:
    """Fold lines that each end in a newline, as `compute_subtrees` folds their leaf hashes."""
    return compute_subtrees(first, compute_leaf_hashes(split_lines(lines)))


def split_lines(text: bytes) -> list[bytes]:
    """Split at newlines and nowhere else; each line keeps its own."""
    if b"\r" not in text:
        return text.splitlines(keepends=True)
    *lines, rest = text.split(b"\n")
    return [line + b"\n" for line in lines] + ([rest] if rest else [])


_LEAVES_KEPT = 1024


class TreeBuilder:
    """Folds leaf hashes, and roots of whole aligned subtrees, into a root hash.

    A subtree may stand in for its leaves where it is complete (2^k leaves) and aligned (the number of leaves before
    it is a multiple of 2^k): there, and only there, its root is a node of the whole tree.

    A builder can also make a piece of a tree, whose `first` leaves are somewhere else: of these it only knows the
    number, and `nodes` gives what `fold_nodes` needs to put all pieces together.
    """

    __slots__ = ("_leaves", "_nodes", "size")

    def __init__(self, first: int = 0) -> None:
        self.size = first
        """Number of leaves up to here, those before a piece counted."""
        self._nodes: list[Subtree] = []
        """Roots of the largest complete and aligned subtrees, in their order."""
        self._leaves: list[bytes] = []
        """Leaves that were not folded yet: many are folded much faster at once."""

    def add_leaf(self, leaf_hash: bytes) -> None:
        """Append one leaf."""
        self._leaves.append(leaf_hash)
        self.size += 1
        if len(self._leaves) == _LEAVES_KEPT:
            self._fold()

    def add_leaves(self, leaf_hashes: Iterable[bytes]) -> None:
        """Append leaves in order."""
        before = len(self._leaves)
        self._leaves += leaf_hashes
        self.size += len(self._leaves) - before
        if len(self._leaves) >= _LEAVES_KEPT:
            self._fold()

    def add_subtree(self, root: bytes, leaves: int) -> None:
        """Append the root of a subtree that stands for `leaves` leaves.

        Raises:
            FormatError: the subtree is not complete or not aligned at this place.
        """
        check_subtree(self.size, leaves)
        self._fold()
        self._append(self.size, root, leaves)
        self.size += leaves

    def nodes(self) -> list[Subtree]:
        """Give the nodes that a piece fills, for `fold_nodes`."""
        self._fold()
        return self._nodes

    def compute_root(self) -> bytes:
        """Compute the root hash of a tree that lacks no leaves before it; of an empty one it is SHA-256 of nothing."""
        self._fold()
        if not self._nodes:
            return sha256(b"").digest()
        node, _ = self._nodes[-1]
        for left, _ in reversed(self._nodes[:-1]):
            node = compute_node_hash(left, node)
        return node

    def _fold(self) -> None:
        place = self.size - len(self._leaves)
        for root, leaves in compute_subtrees(place, self._leaves):
            self._append(place, root, leaves)
            place += leaves
        self._leaves.clear()

    def _append(self, place: int, root: bytes, leaves: int) -> None:
        """Add a node that begins after `place` leaves, and join it with neighbours that it completes a subtree with."""
        while self._nodes and self._nodes[-1][1] == leaves and place & leaves:
            left, _ = self._nodes.pop()
            root = compute_node_hash(left, root)
            place -= leaves
            leaves *= 2
        self._nodes.append((root, leaves))


def fold_nodes(nodes: Iterable[Subtree]) -> TreeBuilder:
    """Fold the nodes of all pieces of a tree, in their order.

    Raises:
        FormatError: one of them is not a node at its place, so they are not all the pieces or not in their order.
    """
    tree = TreeBuilder()
    for root, leaves in nodes:
        tree.add_subtree(root, leaves)
    return tree
