"""What patterns left out of a walk: how much it is, and why it was left out."""

from __future__ import annotations

import os
import stat

from evtool.core.container.companions import SYSTEM_DIRECTORIES, find_companion
from evtool.core.text.names import parse_name
from evtool.core.text.patterns import DEFAULT_PATTERNS, LITTER_PATTERNS
from evtool.core.verdict.accounts import LeftOut
from evtool.scan.tree import Tree
from evtool.scan.walk import join_path

_MOST_ENTRIES = 200_000
"""Entries of one directory that are counted; there may be millions."""


def measure_left_out(tree: Tree, path: str, pattern: str) -> LeftOut:
    """Find out how much a pattern left out, by names and sizes; what cannot be looked at counts as empty."""
    place = parse_name(path)
    directory, _, name = place.rpartition(b"/")
    files = size = 0
    is_directory = False
    try:
        facts = tree.stat(directory, name)
        is_directory = stat.S_ISDIR(facts.st_mode)
        files, size = _count(tree, place) if is_directory else (1, facts.st_size)
    except OSError:
        pass
    return LeftOut(path, pattern, _reason(name, pattern), is_directory, files, size)


def _reason(name: bytes, pattern: str) -> str:
    if pattern in LITTER_PATTERNS and (companion := find_companion(name)) is not None:
        return f"written by {companion.system}, by its name and its bytes"
    if pattern in DEFAULT_PATTERNS and os.fsencode(pattern) in SYSTEM_DIRECTORIES:
        return "kept by systems on a medium"
    return "a pattern of the record"


def _count(tree: Tree, root: bytes) -> tuple[int, int]:
    """Count the files below a directory, and their bytes."""
    files = size = seen = 0
    waiting = [root]
    while waiting and seen < _MOST_ENTRIES:
        directory = waiting.pop()
        try:
            names, kinds = tree.list_names(directory)
        except OSError:
            continue
        seen += len(names)
        for name in names:
            if kinds.get(name) == "d":
                waiting.append(join_path(directory, name))
            elif name not in kinds:
                files += 1
                try:
                    size += tree.stat(directory, name).st_size
                except OSError:
                    continue
    return files, size
