"""Short marks of what was read, which tell at the moment of signing whether it is still the same.

A mark is a number of eight bytes that depends on size, both dates and inode, so that those of a million files need
eight megabytes. They stand in the order of the walk, one for each entry. They are made for accidents, and need not
resist an attacker: whoever can change the evidence while it is sealed can as well change it afterwards.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator

from evtool.scan.observe import Observation, stamps_now
from evtool.scan.tree import Tree
from evtool.scan.walk import Found, Kind, Run

NO_MARK = 0
"""Stands for an entry that is not looked at again."""


def make_mark(stamp: tuple[int, int, int, int]) -> int:
    """Make the mark of a file that was read: of its size, modification time, change time and inode."""
    # Of numbers, unlike of texts, the hash is the same in every process; one of their digits takes ten times as long.
    return hash(stamp)


def mark_of(observation: Observation) -> int:
    """Make the mark of a file or a link that was observed; a directory changes with what comes and goes in it."""
    marked = observation.stamp is not None and observation.kind in (Kind.FILE, Kind.SYMLINK)
    return make_mark(observation.stamp) if marked and observation.stamp else NO_MARK


def pack_marks(marks: Iterable[int]) -> array[int]:
    """Pack marks of entries that follow each other."""
    return array("q", marks)


class Marks:
    """The marks of one walk, in its order."""

    def __init__(self) -> None:
        self._marks = array("q")

    def add(self, marks: Iterable[int]) -> None:
        """Append the marks of the next entries."""
        self._marks.extend(marks)

    def find_changed(self, tree: Tree, run: Run, first: int) -> Iterator[Found]:
        """Yield the entries of a run that are not what they were; `first` is how many came before it in the walk."""
        marks = self._marks[first : first + len(run.names)]
        if not any(marks):
            return
        for name, mark, stamp in zip(run.names, marks, stamps_now(tree, run), strict=True):
            if mark != NO_MARK and (stamp is None or mark != make_mark(stamp)):
                yield Found(run.directory, name, Kind.FILE)
