"""Which changes of consent concern which item, found for many items without asking each change about each of them."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from evtool.core.consent.state import ConsentChange


class ChangeIndex:
    """The changes of one chain, by the items that they are about.

    Attributes:
        changes: the changes, oldest first.
    """

    def __init__(self, changes: Sequence[ConsentChange] = ()) -> None:
        self.changes = tuple(changes)
        self.whole = tuple(index for index, change in enumerate(changes) if change.items is None)
        """Those that are about all that was sealed before them."""
        ranges = ((change.items.ranges if change.items else (), index) for index, change in enumerate(changes))
        self.ranges = sorted((first, last, index) for found, index in ranges for first, last in found)
        """First and last item of each range of the others, with the number of the change."""


class ChangeFinder:
    """Finds the changes that concern the items of one seal, which are asked for in the order of their numbers."""

    def __init__(self, index: ChangeIndex, sealed_by: int) -> None:
        self._index = index
        self._whole = [number for number in index.whole if index.changes[number].entry > sealed_by]
        self._item = self._next = 0
        self._open: list[tuple[int, int]] = []
        """Last item and number of each change that has begun, those that end first before the others."""
        self._found = tuple(self._whole)

    def find(self, item: int) -> tuple[int, ...]:
        """Give the numbers of the changes that concern an item, oldest first."""
        if item < self._item:
            self._next, self._open, self._found = 0, [], tuple(self._whole)
        self._item = item
        ranges, is_other = self._index.ranges, False
        while self._next < len(ranges) and ranges[self._next][0] <= item:
            _, last, number = ranges[self._next]
            heapq.heappush(self._open, (last, number))
            self._next, is_other = self._next + 1, True
        while self._open and self._open[0][0] < item:
            heapq.heappop(self._open)
            is_other = True
        if is_other:
            self._found = tuple(sorted([*self._whole, *(number for _, number in self._open)]))
        return self._found
