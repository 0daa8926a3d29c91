"""How much there is to read, for those who wait for it: names and sizes only, ahead of the work."""

from __future__ import annotations

import contextlib
import time

from evtool.core.text.patterns import Exclusions
from evtool.scan.tree import Tree, TreeLocation
from evtool.scan.walk import Kind, WalkNotes, walk_runs


def measure_tree(
    location: TreeLocation, *, custody: bytes | None, exclusions: Exclusions, seconds: float = float("inf")
) -> tuple[int, int] | None:
    """Count the entries that `walk` gives, and the bytes of the files among them; None if that takes too long.

    It is an estimate: nothing keeps the tree from changing before it is read, and what cannot be looked at counts as
    empty.
    """
    files = size = 0
    end = time.monotonic() + seconds
    with Tree(location) as tree:
        for run in walk_runs(tree, custody=custody, exclusions=exclusions, notes=WalkNotes()):
            if time.monotonic() > end:
                return None
            files += len(run.names)
            for name, kind in zip(run.names, run.kinds, strict=True):
                if kind == Kind.FILE.value:
                    with contextlib.suppress(OSError):
                        size += tree.stat(run.directory, name).st_size
    return files, size
