"""Short marks of what was read, which tell at the moment of signing whether it is still the same.

A mark is two numbers of eight bytes, so that those of a million files need sixteen megabytes. They stand in the order
of the walk, one mark for each entry. The first depends on size, both dates and inode. It is no digest: for any content,
a modification date can be worked out and set that makes the first number what it was. The second is the change time
itself, which the system sets whenever a file or its date is changed, and which is never set to a wish.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import TypeAlias

from evtool.scan.observe import Observation, stamps_now
from evtool.scan.tree import Tree
from evtool.scan.walk import Found, Kind, Run

PlainStamp = tuple[int, int, int, int]
"""Size, modification time, change time and inode of a file or a link."""

NOT_MARKED: PlainStamp = (0, 0, 0, 0)
"""Stands for an entry that is not looked at again."""

_CHANGE_TIME = itemgetter(2)


PackedMarks: TypeAlias = "tuple[array[int], array[int]]"
"""The marks of entries that follow each other: the first number of each, and the second of each."""


def pack_marks(stamps: Sequence[PlainStamp]) -> PackedMarks:
    """Make the marks of entries that follow each other, from their stamps as they were when they were read."""
    # Of numbers, unlike of texts, the hash is the same in every process, and fits into eight bytes; that of a time is
    # the time, and begins anew after 73 years. A digest of their digits takes ten times as long.
    return array("q", map(hash, stamps)), array("q", map(hash, map(_CHANGE_TIME, stamps)))


_NO_MARK = (hash(NOT_MARKED), hash(NOT_MARKED[2]))


def stamp_to_mark(observation: Observation) -> PlainStamp:
    """Give the stamp by which a file or a link is marked; a directory changes with what comes and goes in it."""
    stamp = observation.stamp
    is_marked = observation.kind in (Kind.FILE, Kind.SYMLINK)
    return (stamp.size, stamp.mtime, stamp.ctime, stamp.inode) if stamp and is_marked else NOT_MARKED


class Marks:
    """The marks of one walk, in its order."""

    def __init__(self) -> None:
        self._marks: PackedMarks = (array("q"), array("q"))

    def add(self, marks: PackedMarks) -> None:
        """Append the marks of the next entries."""
        for mine, more in zip(self._marks, marks, strict=True):
            mine.extend(more)

    def find_changed(self, tree: Tree, run: Run, first: int) -> Iterator[Found]:
        """Yield the entries of a run that are not what they were; `first` is how many came before it in the walk."""
        own = slice(first, first + len(run.names))
        packed = self._marks[0][own], self._marks[1][own]
        if all(marks.count(none) == len(run.names) for marks, none in zip(packed, _NO_MARK, strict=True)):
            return
        stamps = stamps_now(tree, run)
        known = [stamp for stamp in stamps if stamp is not None]
        if len(known) == len(stamps) and pack_marks(known) == packed:
            return
        # There may be more names than marks: that names came, or went, shows in the fingerprint of the walk.
        for name, stamp, *mark in zip(run.names, stamps, *packed, strict=False):
            if tuple(mark) != _NO_MARK and (stamp is None or mark != [marks[0] for marks in pack_marks([stamp])]):
                yield Found(run.directory, name, Kind.FILE)
