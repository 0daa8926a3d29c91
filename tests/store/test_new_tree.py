"""Directories are filled and removed at any depth, and what cannot have its place leaves nothing behind."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from evtool.store.new_tree import NewTree, NoSuchPlaceError, flush_directories
from evtool.store.removal import remove_content

DEEP = b"/".join(b"%d" % (level % 10) for level in range(3000))
LONG = b"/".join([b"n" * 255] * 100)
"""25 kB, six times what a system takes as a path."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    directory = tmp_path / "root"
    directory.mkdir()
    return directory


def test_what_is_deeper_than_any_path_is_written_flushed_and_removed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"moved")
    with NewTree(root) as tree:
        assert tree.write_file(DEEP + b"/file", [b"a", b"bc"]) == 3
        tree.move(tmp_path / "source", LONG + b"/moved")
        tree.make_link(DEEP + b"/link", b"file")
        tree.make_directory(LONG + b"/empty")
        tree.set_date(LONG + b"/moved", 10**18)
        assert tree.exists(DEEP + b"/link")
        assert not tree.exists(DEEP + b"/other")
    flush_directories(root)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    try:
        remove_content(root)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert list(tmp_path.iterdir()) == [root]
    assert not list(root.iterdir())


@pytest.mark.parametrize(
    "path", [b"new/deep/" + b"x" * 300 + b"/file", b"new/" + b"x" * 300, b"file/below", b"link/below", b"file"]
)
def test_what_cannot_have_its_place_leaves_no_directories(path: bytes, root: Path, tmp_path: Path) -> None:
    (root / "file").write_text("file")
    (tmp_path / "elsewhere").mkdir()
    (root / "link").symlink_to("../elsewhere")
    (tmp_path / "source").write_text("source")
    with NewTree(root) as tree:
        with pytest.raises(NoSuchPlaceError):
            tree.move(tmp_path / "source", path)
        with pytest.raises(NoSuchPlaceError):
            tree.make_directory(path)
        with pytest.raises(NoSuchPlaceError):
            tree.make_link(path, b"target")
    assert sorted(os.listdir(root)) == ["file", "link"]
    assert sorted(os.listdir(tmp_path)) == ["elsewhere", "root", "source"]
    assert not os.listdir(tmp_path / "elsewhere")


def test_removing_follows_no_link_and_can_keep_one_file(root: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (root / "in").mkdir()
    (root / "in" / "out").symlink_to(tmp_path / "kept")
    (root / "out").symlink_to(tmp_path / "kept")
    (root / "lock").touch()
    remove_content(root, keep="lock")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "kept", "lock", "root"]
    remove_content(root)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "kept", "root"]
