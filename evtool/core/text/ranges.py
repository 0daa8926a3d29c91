"""Item numbers in an entry, as ranges: `["1-17", "20"]`."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from evtool.core.errors import FormatError
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.limits import MAX_INTEGER
from evtool.core.text.names import shown

_RANGE = compiled_when_used(r"([1-9][0-9]{0,15})(?:-([1-9][0-9]{0,15}))?\Z", re.ASCII)


class ItemRanges(Struct, frozen=True):
    """A set of item numbers; ascending, disjoint and not touching, so that one set has one spelling.

    Attributes:
        ranges: first and last number of each range, both included.
    """

    ranges: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        end = -1
        for first, last in self.ranges:
            if not end + 1 < first <= last <= MAX_INTEGER:
                raise FormatError("item ranges are not ascending, or touch each other", key="ranges-order")
            end = last
        if not self.ranges:
            raise FormatError(
                "item ranges are empty; leave out the field to mean all items sealed before", key="ranges-empty"
            )

    def __contains__(self, item: int) -> bool:
        at = bisect_right(self.ranges, item, key=_first)
        return at > 0 and item <= self.ranges[at - 1][1]

    def __iter__(self) -> Iterator[int]:
        for first, last in self.ranges:
            yield from range(first, last + 1)

    def __len__(self) -> int:
        return count_items(self.ranges)

    def overlaps(self, first: int, last: int) -> bool:
        """Tell whether any number from `first` to `last` is in the set."""
        at = bisect_right(self.ranges, last, key=_first)
        return at > 0 and self.ranges[at - 1][1] >= first

    @property
    def last(self) -> int:
        """The greatest number."""
        return self.ranges[-1][1]

    def meet(self, other: ItemRanges) -> ItemRanges | None:
        """Give what both sets hold, None if that is nothing; in as many steps as there are ranges, not numbers."""
        found: list[tuple[int, int]] = []
        mine_at, theirs_at = 0, 0
        while mine_at < len(self.ranges) and theirs_at < len(other.ranges):
            mine, theirs = self.ranges[mine_at], other.ranges[theirs_at]
            first, last = max(mine[0], theirs[0]), min(mine[1], theirs[1])
            if first <= last:
                found.append((first, last))
            if mine[1] <= theirs[1]:
                mine_at += 1
            else:
                theirs_at += 1
        return ItemRanges(tuple(found)) if found else None

    def serialize(self) -> list[str]:
        """Spell the ranges."""
        return spell_ranges(self.ranges)


def _first(span: tuple[int, int]) -> int:
    return span[0]


def count_items(ranges: Iterable[tuple[int, int]]) -> int:
    """Tell how many numbers disjoint ranges hold; each is its first and last number, both included."""
    return sum(last - first + 1 for first, last in ranges)


def spell_ranges(ranges: Iterable[tuple[int, int]]) -> list[str]:
    """Spell ranges: a number, or the first and the last one."""
    return [f"{first}" if first == last else f"{first}-{last}" for first, last in ranges]


def spell_any(items: ItemRanges | None) -> tuple[str, ...]:
    """Spell items as a JSON document has them: `17`, `20-25`; nothing if there are none."""
    return tuple(items.serialize()) if items is not None else ()


def name_ranges(
    ranges: Sequence[tuple[int, int]], most: int | None = None, *, singular: str = "item", plural: str = "items"
) -> str:
    """Name things by disjoint ranges of their numbers: `item 3`, `items 1-17, 20`.

    Of more than `most` ranges only the first are named, and the others counted.
    """
    noun = singular if count_items(ranges) == 1 else plural
    named = ranges if most is None else ranges[:most]
    more = f" and {len(ranges) - len(named)} more ranges" if len(named) < len(ranges) else ""
    return f"{noun} {', '.join(spell_ranges(named))}{more}"


def is_about(items: ItemRanges | None, entry: int, item: int, sealed_by: int) -> bool:
    """Tell whether an entry, by its number and the items it names, is about an item that entry `sealed_by` sealed.

    Without items an entry is about the whole collection, which is what was sealed before it: nobody can have disposed
    of, handed over or given consent for what was not there yet.
    """
    return sealed_by < entry if items is None else item in items


def ranges_of(items: Iterable[int]) -> ItemRanges:
    """Make ranges of single numbers, in any order."""
    ranges: list[tuple[int, int]] = []
    for item in sorted(set(items)):
        if ranges and ranges[-1][1] + 1 == item:
            ranges[-1] = (ranges[-1][0], item)
        else:
            ranges.append((item, item))
    return ItemRanges(tuple(ranges))


def unite(spans: Iterable[tuple[int, int]]) -> ItemRanges | None:
    """Make one set of ranges that may touch or overlap, sorted by their first numbers; None if there are none."""
    ranges: list[tuple[int, int]] = []
    for first, last in spans:
        if ranges and first <= ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], max(ranges[-1][1], last))
        else:
            ranges.append((first, last))
    return ItemRanges(tuple(ranges)) if ranges else None


def parse_ranges(texts: Iterable[str]) -> ItemRanges:
    """Read ranges in their one spelling.

    Raises:
        FormatError: one of them is not a range, or they are not ascending.
    """
    ranges: list[tuple[int, int]] = []
    for text in texts:
        match = _RANGE.match(text)
        if not match or (match[2] and int(match[2]) <= int(match[1])):
            raise FormatError("{text} is not a range of items like 3 or 3-17", key="no-range", text=shown(text, 80))
        first = int(match[1])
        # The same number twice, not two alike: a stranger can list a million of them.
        ranges.append((first, int(match[2]) if match[2] else first))
    return ItemRanges(tuple(ranges))
