"""Where unpacking puts the items of a bundle, whose names a stranger chose."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

from evtool.core.manifest.manifest import Item
from evtool.core.manifest.statement import ContentStatement, FileStatement, ItemType
from evtool.operations.bundle.payload_places import Placing
from evtool.store.new_tree import NewTree
from evtool.store.removal import remove_content

LEVELS = 5000


def directory(number: int, path: str) -> Item:
    """State an empty directory."""
    statements = ("file",)
    content = ContentStatement(number, "0" * 32, ItemType.DIRECTORY, statements=statements)
    return Item(number, content, FileStatement(number, "1" * 32, path, 0))


def test_a_path_of_many_levels_takes_memory_by_its_length(tmp_path: Path) -> None:
    """One line of a manifest holds 30,000 levels; the paths of all of them together have a gigabyte."""
    item, root = directory(1, "/".join(["a"] * LEVELS)), tmp_path / "root"
    root.mkdir()
    with NewTree(root) as tree:
        tracemalloc.start()
        try:
            Placing(tree, [item], outside_links=False).make_directories()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    remove_content(root)
    assert peak < LEVELS * 1000


def test_directories_that_differ_in_case_have_their_names_where_the_medium_has_both(tmp_path: Path) -> None:
    """And what lies below each of them."""
    paths = ["A/x/one", "a/X/one", "a/x/two", "A/x/three"]
    with NewTree(tmp_path) as tree:
        placing = Placing(tree, [directory(*each) for each in enumerate(paths, 1)], outside_links=False)
        placing.make_directories()
    assert placing.placed.elsewhere == []
    assert all((tmp_path / path).is_dir() for path in paths)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["A", "a"]
