"""The Merkle tree, against the recursive definition of RFC 9162, section 2.1.1."""

from __future__ import annotations

import io
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evtool.core.errors import FormatError
from evtool.core.manifest.merkle import (
    Subtree,
    TreeBuilder,
    compute_leaf_hash,
    compute_node_hash,
    fold_nodes,
    split_lines,
)

lines = st.lists(st.binary(max_size=8), max_size=70)


def tree_hash(entries: list[bytes]) -> bytes:
    """MTH as the RFC writes it down, slow and obvious."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = 1
    while 2 * k < len(entries):
        k *= 2
    return sha256(b"\x01" + tree_hash(entries[:k]) + tree_hash(entries[k:])).digest()


def root_of(leaf_hashes: list[bytes]) -> bytes:
    builder = TreeBuilder()
    builder.add_leaves(leaf_hashes)
    return builder.compute_root()


@given(lines)
def test_the_root_is_the_tree_hash(entries: list[bytes]) -> None:
    """Folding from left to right gives what the recursion gives, for every number of leaves."""
    assert root_of([compute_leaf_hash(entry) for entry in entries]) == tree_hash(entries)


@pytest.mark.parametrize("size", range(34))
def test_the_root_can_be_asked_for_at_any_time(size: int) -> None:
    """Asking changes nothing."""
    builder = TreeBuilder()
    for number in range(size):
        assert builder.compute_root() == tree_hash([b"%d" % leaf for leaf in range(number)])
        builder.add_leaf(compute_leaf_hash(b"%d" % number))
    assert (builder.size, builder.compute_root()) == (size, builder.compute_root())


@given(lines, st.data())
def test_nodes_may_stand_for_their_leaves(entries: list[bytes], data: st.DataObject) -> None:
    """Any cut of the tree along complete, aligned subtrees leads to the same root and size."""
    builder = TreeBuilder()
    while builder.size < len(entries):
        at = builder.size
        fitting = [1 << k for k in range(7) if at % (1 << k) == 0 and at + (1 << k) <= len(entries)]
        leaves = data.draw(st.sampled_from(fitting))
        builder.add_subtree(tree_hash(entries[at : at + leaves]), leaves)
    assert (builder.size, builder.compute_root()) == (len(entries), tree_hash(entries))


@given(lines, st.data())
def test_a_tree_can_be_made_in_pieces(entries: list[bytes], data: st.DataObject) -> None:
    """Pieces of any length, of leaves and of subtrees, lead to the same root when they are put together in order."""
    nodes: list[Subtree] = []
    first = 0
    while first < len(entries):
        piece = TreeBuilder(first)
        end = data.draw(st.integers(first + 1, len(entries)))
        while piece.size < end:
            at = piece.size
            fitting = [1 << k for k in range(7) if at % (1 << k) == 0 and at + (1 << k) <= end]
            leaves = data.draw(st.sampled_from([0, *fitting]))
            if leaves:
                piece.add_subtree(tree_hash(entries[at : at + leaves]), leaves)
            else:
                piece.add_leaves([compute_leaf_hash(entry) for entry in entries[at:end]])
        nodes += piece.nodes()
        first = end
    whole = fold_nodes(nodes)
    assert (whole.size, whole.compute_root()) == (len(entries), tree_hash(entries))


@given(st.integers(0, 64), st.integers(-3, 70))
def test_a_subtree_stands_only_where_it_is_a_node(before: int, leaves: int) -> None:
    """Elsewhere its hash is no node of the tree, and a root that used it would prove nothing."""
    builder = TreeBuilder()
    builder.add_leaves([bytes(32)] * before)
    is_node = leaves in (1, 2, 4, 8, 16, 32, 64) and before % leaves == 0
    if is_node:
        builder.add_subtree(bytes(32), leaves)
        assert builder.size == before + leaves
    else:
        with pytest.raises(FormatError, match=f"at line {before + 1}"):
            builder.add_subtree(bytes(32), leaves)
        assert builder.size == before


@given(lines.filter(lambda entries: len(entries) > 1), st.data())
def test_another_order_has_another_root(entries: list[bytes], data: st.DataObject) -> None:
    """Two different lines that change places are noticed."""
    first, second = data.draw(st.tuples(st.integers(0, len(entries) - 1), st.integers(0, len(entries) - 1)))
    swapped = list(entries)
    swapped[first], swapped[second] = swapped[second], swapped[first]
    assert (tree_hash(swapped) == tree_hash(entries)) == (swapped == entries)


def test_a_node_is_never_a_leaf() -> None:
    """The prefixes keep a node's two halves from being passed off as one line."""
    left, right = compute_leaf_hash(b"left"), compute_leaf_hash(b"right")
    assert compute_node_hash(left, right) != compute_leaf_hash(left + right)
    assert root_of([left, right]) == compute_node_hash(left, right)


@given(st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\r\n", b"\x0b", b"\xc2\x85", b"\x1c"]), max_size=12))
def test_lines_end_at_newlines_and_nowhere_else(pieces: list[bytes]) -> None:
    text = b"".join(pieces)
    assert split_lines(text) == io.BytesIO(text).readlines()
