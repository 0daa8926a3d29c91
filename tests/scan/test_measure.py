"""How much there is to read, counted ahead of the work."""

from __future__ import annotations

import os
from pathlib import Path

from evtool.core.text.patterns import Exclusions
from evtool.scan.measure import measure_tree
from evtool.scan.tree import TreeLocation


def test_entries_and_bytes_are_those_that_a_seal_reads(tmp_path: Path) -> None:
    """Links and empty directories are entries without bytes; the record and what a pattern hides do not count."""
    (tmp_path / "custody").mkdir()
    (tmp_path / "custody" / "0001-sealed.toml").write_bytes(b"x" * 1000)
    (tmp_path / "사진" / "empty").mkdir(parents=True)
    (tmp_path / "사진" / "김철수 [bold].jpg").write_bytes(b"x" * 17)
    (tmp_path / "사진" / "zz.tmp").write_bytes(b"x" * 500)
    (tmp_path / "link").symlink_to("/nonexistent")
    with open(tmp_path / "video.mp4", "wb") as video:
        video.truncate(1 << 33)
    location = TreeLocation.find(os.fspath(tmp_path))
    patterns = Exclusions(("*.tmp",))
    *_, last = measure_tree(location, custody_name=b"custody", exclusions=patterns)
    assert last == (4, (1 << 33) + 17)
    *_, last = measure_tree(location, custody_name=None, exclusions=Exclusions(()))
    assert last == (6, (1 << 33) + 1517)


def test_it_is_counted_in_small_steps(tmp_path: Path) -> None:
    """A directory of many files does not keep those who wait from reading; what is counted only grows."""
    for number in range(1000):
        (tmp_path / f"{number:04}").touch()
    location = TreeLocation.find(os.fspath(tmp_path))
    steps = [files for files, _ in measure_tree(location, custody_name=None, exclusions=Exclusions(()))]
    assert len(steps) > 20
    assert steps == sorted(steps)
    assert steps[-1] == 1000
