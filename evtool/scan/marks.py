"""Short marks of what was read, which tell at the moment of signing whether it is still the same.

A mark is eight bytes of a hash over size, both dates and inode, so that those of a million files need eight megabytes.
They stand in the order of the walk, one for each entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

from evtool.scan.observe import Observation, stamp_of
from evtool.scan.tree import Tree
from evtool.scan.walk import Found, Kind, Run

MARK_SIZE = 8
NO_MARK = bytes(MARK_SIZE)
"""Stands for an entry that is not looked at again."""


def make_mark(size: int, mtime: int, ctime: int, inode: int) -> bytes:
    """Make the mark of a file that was read."""
    return blake2b(b"%d %d %d %d" % (size, mtime, ctime, inode), digest_size=MARK_SIZE).digest()


def mark_of(observation: Observation) -> bytes:
    """Make the mark of a file or a link that was observed; a directory changes with what comes and goes in it."""
    marked = observation.stamp is not None and observation.kind in (Kind.FILE, Kind.SYMLINK)
    return make_mark(*observation.stamp) if marked and observation.stamp else NO_MARK


class Marks:
    """The marks of one walk, in its order."""

    def __init__(self) -> None:
        self._marks = bytearray()

    def add(self, marks: bytes) -> None:
        """Append the marks of the next entries."""
        self._marks += marks

    def find_changed(self, tree: Tree, run: Run, first: int) -> Iterator[Found]:
        """Yield the entries of a run that are not what they were; `first` is how many came before it in the walk."""
        for index, name in enumerate(run.names, first):
            mark = self._marks[MARK_SIZE * index : MARK_SIZE * (index + 1)]
            if mark != NO_MARK and mark != _mark_now(tree, run.directory, name):
                yield Found(run.directory, name, Kind.FILE)


def _mark_now(tree: Tree, directory: bytes, name: bytes) -> bytes:
    try:
        return make_mark(*stamp_of(tree.stat(directory, name)))
    except OSError:
        return b""
