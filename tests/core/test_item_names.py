"""The names of items: what entries gave them, read in another way than the program reads it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evtool.core.custody.entry import Clock, Entry, Previous
from evtool.core.custody.events import Renamed, StoredPaths
from evtool.core.custody.item_names import EarlierName, ItemNames, Rename
from evtool.core.errors import FormatError
from evtool.core.manifest.manifest import Item
from evtool.core.manifest.statement import ContentStatement, FileStatement, ItemType
from evtool.core.text.ranges import ranges_of
from evtool.operations.seal.renamed import Unclear, pair_names

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ITEMS = range(1, 6)
NAMES = st.sampled_from(["a", "b", "c/d", "c/e", "강가/f", "g"])
HISTORIES = st.lists(st.dictionaries(st.sampled_from(ITEMS), NAMES, min_size=1), max_size=6)


def entry(number: int, renames: dict[int, str]) -> Entry:
    """An entry that gives items these names."""
    paths = StoredPaths(tuple(renames[item] for item in sorted(renames)))
    previous, items = Previous("0" * 64, "0" * 64), ranges_of(renames)
    header = ("0" * 32, number, Renamed.event, NOW, NOW, Clock.CLAIMED, "A1", f"SHA256:{'A' * 43}", "x", "y")
    return Entry(*header, previous, Renamed(paths), items)


def item(number: int, path: str | None = None) -> Item:
    file = FileStatement(number, "0" * 32, path, None) if path else None
    return Item(number, ContentStatement(number, "0" * 32, ItemType.DIRECTORY), file)


@given(HISTORIES, st.integers(1, 9))
def test_names_follow_the_order_of_entries(history: list[dict[int, str]], sealed_by: int) -> None:
    """The last entry after the seal decides; every name before it is kept, with the entry that ended it."""
    history = [renames for renames in history if len(set(renames.values())) == len(renames)]
    names = ItemNames(entry(number, renames) for number, renames in enumerate(history, start=2))
    for number in ITEMS:
        steps = [("sealed", 0)]
        for sequence, renames in enumerate(history, start=2):
            if number in renames and sequence > sealed_by:
                steps.append((renames[number], sequence))
        now = names.rename(item(number, "sealed"), sealed_by)
        assert now.file is not None
        assert now.file.path == steps[-1][0]
        told = [EarlierName(old, ended) for (old, _), (new, ended) in pairwise(steps) if old != new]
        assert list(names.earlier(item(number, "sealed"), sealed_by)) == told
        assert names.rename(item(number), sealed_by).file is None


@pytest.mark.parametrize("paths", [(), ("a", "a"), ("a", "a/b"), ("a/b", "a"), ("/a",), ("a/../b",), ("",), ("%41",)])
def test_names_that_cannot_be_given(paths: tuple[str, ...]) -> None:
    """No name at all, one name for two items, a name below another one, and what is no path."""
    with pytest.raises(FormatError):
        Renamed(StoredPaths(paths))


def test_as_many_names_as_items() -> None:
    """One name too few, and nobody knows whose it is."""
    with pytest.raises(FormatError, match="one new name for each"):
        Entry(
            "0" * 32, 2, Renamed.event, NOW, NOW, Clock.CLAIMED, "A1", f"SHA256:{'A' * 43}", "x", "y",
            Previous("0" * 64, "0" * 64), Renamed(StoredPaths(("a",))), ranges_of((1, 2)),
        )  # fmt: skip


PATHS = st.lists(st.sampled_from(["x", "y", "p/x", "q/x", "p/y", "q/p/x", "z"]), unique=True, max_size=4)


@given(PATHS, PATHS, st.booleans())
def test_pairs_are_clear_or_not_made(old: list[str], new: list[str], has_bytes: bool) -> None:
    """No item and no name is in two pairs; what is left on both sides is told; their order means nothing."""
    if not old or not new:
        return
    items = list(enumerate(old, start=1))
    pairs, unclear = pair_names(items, new, has_bytes=has_bytes)
    used_items, used_names = [pair.item for pair in pairs], [pair.new for pair in pairs]
    assert len(set(used_items)) == len(pairs) == len(set(used_names))
    assert all(dict(items)[pair.item] == pair.old and pair.new in new for pair in pairs)
    left = (set(dict(items)) - set(used_items), set(new) - set(used_names))
    if unclear:
        assert ({number for number, _ in unclear[0].items}, set(unclear[0].names)) == left
    assert bool(unclear) == (has_bytes and all(left))
    if not has_bytes:
        assert all(pair.old.rpartition("/")[2] == pair.new.rpartition("/")[2] for pair in pairs)
    again, _ = pair_names(items[::-1], new[::-1], has_bytes=has_bytes)
    assert sorted(again, key=lambda pair: pair.item) == sorted(pairs, key=lambda pair: pair.item)


def test_what_is_clear_and_what_is_not() -> None:
    """The longest common ending decides; one of each is a pair whatever it is called; two alike are not guessed."""
    moved = [(1, "a/x/1.jpg"), (2, "a/y/1.jpg")]
    expected = [Rename(1, "a/x/1.jpg", "b/x/1.jpg"), Rename(2, "a/y/1.jpg", "b/y/1.jpg")]
    assert pair_names(moved, ["b/y/1.jpg", "b/x/1.jpg"], has_bytes=True) == (expected, [])
    assert pair_names([(1, "a")], ["b"], has_bytes=True) == ([Rename(1, "a", "b")], [])
    assert pair_names([(1, "a")], ["b"], has_bytes=False) == ([], [])
    copied = pair_names([(1, "a")], ["b", "c"], has_bytes=True)
    assert copied == ([], [Unclear(((1, "a"),), ("b", "c"))])
    assert pair_names([(1, "p/a")], ["q/a", "c"], has_bytes=True) == ([Rename(1, "p/a", "q/a")], [])
