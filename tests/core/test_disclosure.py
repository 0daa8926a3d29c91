"""Partial copies: the same root, only what was to be disclosed, and nothing else of the original."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evtool.core.errors import FormatError
from evtool.core.manifest.disclosure import DisclosedStatement, PartialCopyWriter
from evtool.core.manifest.manifest import ManifestReader
from evtool.core.manifest.merkle import TreeBuilder, compute_leaf_hash
from evtool.core.manifest.statement import ContentStatement, FileStatement, ItemType, WithheldStatement
from evtool.core.manifest.statement_reader import parse_statement
from evtool.core.text.digest import Digests


def make_lines(items: int) -> list[bytes]:
    """A manifest whose every name, digest and salt is a string of its own."""
    lines = []
    for number in range(1, items + 1):
        a, b, salts, name = (hashlib.sha256(b"%s %d" % (what, number)).hexdigest() for what in (b"a", b"b", b"s", b"n"))
        digests = Digests(sha256=a, blake3=b)
        content = ContentStatement(number, salts[:32], ItemType.FILE, size=number * 1_000_003, digests=digests)
        file = FileStatement(number, salts[32:], f"path-{number:08d}/{name[:8]}", number * 1_000_000_007)
        lines += [content.serialize(), file.serialize()]
    return lines


def copy_lines(lines: list[bytes], disclosed: set[int]) -> tuple[PartialCopyWriter, list[bytes]]:
    """Disclose the lines with these indices."""
    at = iter(range(len(lines)))
    copy = PartialCopyWriter(lambda _: next(at) in disclosed)
    return copy, list(copy.write(lines))


def naive_root(lines: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1, word for word."""
    if len(lines) == 1:
        return hashlib.sha256(b"\x00" + lines[0]).digest()
    half = 1
    while half * 2 < len(lines):
        half *= 2
    return hashlib.sha256(b"\x01" + naive_root(lines[:half]) + naive_root(lines[half:])).digest()


def naive_copy(lines: list[bytes], disclosed: set[int], start: int, size: int) -> list[bytes]:
    """The copy by definition: a subtree of 2^k leaves without a disclosed line is one hash, any other is split."""
    here = lines[start : start + size]
    if not here:
        return []
    if len(here) == size and not any(start <= index < start + size for index in disclosed):
        return [WithheldStatement(size, naive_root(here).hex()).serialize()]
    if size == 1:
        return here
    half = size // 2
    return naive_copy(lines, disclosed, start, half) + naive_copy(lines, disclosed, start + half, half)


CHOICES = st.integers(1, 40).flatmap(
    lambda items: st.tuples(st.just(items), st.sets(st.integers(0, 2 * items - 1), max_size=2 * items))
)


@given(CHOICES)
def test_any_choice_of_lines_keeps_the_root_and_collapses_as_far_as_it_can(choice: tuple[int, set[int]]) -> None:
    items, disclosed = choice
    lines = make_lines(items)

    copy, result = copy_lines(lines, disclosed)

    assert result == naive_copy(lines, disclosed, 0, 128)
    assert copy.compute_root() == naive_root(lines)
    assert (copy.lines, copy.withheld_lines) == (len(lines), len(lines) - len(disclosed))
    tree = TreeBuilder()
    for line in result:
        statement = parse_statement(line)
        if isinstance(statement, WithheldStatement):
            tree.add_subtree(bytes.fromhex(statement.hash), statement.lines)
        else:
            tree.add_leaf(compute_leaf_hash(line))
    assert tree.compute_root() == naive_root(lines)


@given(CHOICES)
def test_nothing_of_a_withheld_line_is_in_the_copy(choice: tuple[int, set[int]]) -> None:
    items, disclosed = choice
    lines = make_lines(items)

    _, result = copy_lines(lines, disclosed)

    text = b"\n".join(result)
    for index, line in enumerate(lines):
        statement = parse_statement(line)
        secrets = [statement.salt] if isinstance(statement, ContentStatement | FileStatement) else []
        if isinstance(statement, FileStatement):
            secrets.append(statement.path)
        elif isinstance(statement, ContentStatement) and statement.digests:
            secrets += [statement.digests.sha256, statement.digests.blake3, f'"size":{statement.size},']
        assert all((secret.encode() in text) == (index in disclosed) for secret in secrets)


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(1, n), max_size=n))))
def test_the_reader_of_manifests_takes_any_choice_of_whole_items(choice: tuple[int, set[int]]) -> None:
    items, disclosed = choice
    lines = make_lines(items)
    copy = PartialCopyWriter(lambda statement: statement.item in disclosed)

    reader = ManifestReader(1)
    read = list(reader.read(copy.write(lines)))

    assert [item.number for item in read] == sorted(disclosed)
    assert reader.summary.root == naive_root(lines).hex()
    assert reader.summary.withheld_lines == 2 * (items - len(disclosed))


@given(CHOICES, st.data())
def test_the_copy_of_a_copy_is_the_copy_made_at_once(choice: tuple[int, set[int]], data: st.DataObject) -> None:
    items, first = choice
    lines = make_lines(items)
    second = data.draw(st.sets(st.sampled_from(sorted(first)))) if first else set()
    kept = {lines[index] for index in second}

    _, once = copy_lines(lines, first)
    again = PartialCopyWriter(lambda statement: statement.serialize() in kept)

    assert list(again.write(once)) == copy_lines(lines, second)[1]
    assert again.compute_root() == naive_root(lines)


def test_disclosing_all_changes_nothing_and_disclosing_nothing_leaves_one_hash_for_each_bit_of_the_size() -> None:
    lines = make_lines(11)  # 22 lines: 16 + 4 + 2
    assert copy_lines(lines, set(range(22)))[1] == lines
    withheld = [parse_statement(line) for line in copy_lines(lines, set())[1]]
    assert [statement.lines for statement in withheld if isinstance(statement, WithheldStatement)] == [16, 4, 2]


def test_neighbouring_hashes_never_make_a_larger_subtree() -> None:
    """A copy with more hashes than needed would show where somebody had disclosed more before."""
    lines = make_lines(32)
    for disclosed in ({0}, {63}, {5, 6, 40}, {31, 32}, set(range(0, 64, 7))):
        position = 0
        run: list[tuple[int, int]] = []
        for line in copy_lines(lines, disclosed)[1]:
            statement = parse_statement(line)
            size = statement.lines if isinstance(statement, WithheldStatement) else 1
            run.append((position, size if isinstance(statement, WithheldStatement) else 0))
            position += size
        for (start, size), (_, following) in pairwise(run):
            assert not (size and size == following and start % (2 * size) == 0)


def test_a_withheld_digest_cannot_be_guessed_with_the_salts_of_the_copy() -> None:
    """Whoever knows the true values of a withheld item, and tries every salt in the copy, finds no match."""
    lines = make_lines(8)
    _, result = copy_lines(lines, {0, 1, 3, 4, 5, 10, 11})
    statements = [parse_statement(line) for line in result]
    salts = [statement.salt for statement in statements if not isinstance(statement, WithheldStatement)]
    hashes = {statement.hash for statement in statements if isinstance(statement, WithheldStatement)}
    withheld = parse_statement(lines[2])
    assert isinstance(withheld, ContentStatement)

    # The attack works where the salt is known: the guess is the right one.
    assert compute_leaf_hash(withheld.serialize()).hex() in hashes
    for salt in [*salts, "0" * 32]:
        guess = ContentStatement(withheld.item, salt, withheld.type, withheld.size, withheld.digests)
        assert compute_leaf_hash(guess.serialize()).hex() not in hashes


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([b"{}"], "line 1: the line is not a statement"),
        ([make_lines(1)[0], WithheldStatement(2, "0" * 64).serialize()], "line 2: a hash for 2 lines cannot be at"),
        ([WithheldStatement(3, "0" * 64).serialize()], "line 1: a hash for 3 lines cannot be at"),
    ],
)
def test_lines_that_are_no_manifest_are_refused(lines: list[bytes], reason: str) -> None:
    def disclose(_: DisclosedStatement) -> bool:
        return True

    with pytest.raises(FormatError) as caught:
        list(PartialCopyWriter(disclose).write(lines))
    assert caught.value.message.startswith(reason)
