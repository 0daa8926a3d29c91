"""Short marks of what was read, which tell at the moment of signing whether it is still the same.

A mark is two numbers of eight bytes, so that those of a million files need sixteen megabytes. They stand in the order
of the walk, one mark for each entry. The first depends on size, both dates and inode. It is no digest: for any content,
a modification date can be worked out and set that makes the first number what it was. The second is the change time
itself, which the system sets whenever a file or its date is changed, and which is never set to a wish.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from itertools import chain

from evtool.scan.observe import Observation, stamps_now
from evtool.scan.tree import Tree
from evtool.scan.walk import Found, Kind, Run

Mark = tuple[int, int]
"""What was read, in short, and when it had changed."""

NO_MARK = (0, 0)
"""Stands for an entry that is not looked at again."""


def make_mark(stamp: tuple[int, int, int, int]) -> Mark:
    """Make the mark of a file that was read: of its size, modification time, change time and inode."""
    # Of numbers, unlike of texts, the hash is the same in every process, and fits into eight bytes; that of a time is
    # the time, and begins anew after 73 years. A digest of their digits takes ten times as long.
    return hash(stamp), hash(stamp[2])


def mark_of(observation: Observation) -> Mark:
    """Make the mark of a file or a link that was observed; a directory changes with what comes and goes in it."""
    marked = observation.stamp is not None and observation.kind in (Kind.FILE, Kind.SYMLINK)
    return make_mark(observation.stamp) if marked and observation.stamp else NO_MARK


def pack_marks(marks: Iterable[Mark]) -> array[int]:
    """Pack marks of entries that follow each other: the numbers of one behind those of the other."""
    return array("q", chain.from_iterable(marks))


class Marks:
    """The marks of one walk, in its order."""

    def __init__(self) -> None:
        self._marks = array("q")

    def add(self, marks: Iterable[int]) -> None:
        """Append the marks of the next entries: a single one, or some that are packed."""
        self._marks.extend(marks)

    def find_changed(self, tree: Tree, run: Run, first: int) -> Iterator[Found]:
        """Yield the entries of a run that are not what they were; `first` is how many came before it in the walk."""
        packed = self._marks[2 * first : 2 * (first + len(run.names))]
        if not any(packed):
            return
        marks = zip(packed[::2], packed[1::2], strict=True)
        for name, mark, stamp in zip(run.names, marks, stamps_now(tree, run), strict=True):
            if mark != NO_MARK and (stamp is None or mark != make_mark(stamp)):
                yield Found(run.directory, name, Kind.FILE)
