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
    assert measure_tree(location, custody=b"custody", exclusions=patterns) == (4, (1 << 33) + 17)
    assert measure_tree(location, custody=None, exclusions=Exclusions(())) == (6, (1 << 33) + 1517)
    assert measure_tree(location, custody=None, exclusions=patterns, seconds=-1) is None
