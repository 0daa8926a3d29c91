"""The list of a disclosure: which items a bundle holds, and which statements of them it leaves out.

Anybody can replace a line of a manifest by its hash, so what a copy may leave out is what somebody signed. The entry
`disclosed` of a bundle holds the digest of this list. The list stays in the record that the bundle was made from and
travels in that bundle only; its salt keeps the digest from telling later recipients what earlier ones were given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from evtool.core.errors import FormatError
from evtool.core.manifest.manifest import Item
from evtool.core.text.canonical import parse_canonical, serialize_canonical
from evtool.core.text.digest import check_hex_digest
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.limits import MAX_DISCLOSED_LIST, MAX_SEQUENCE
from evtool.core.text.ranges import ItemRanges, parse_ranges, ranges_of

FORMAT = "evtool-disclosed/1"

MAX_GROUPS = 1024
"""Groups of items of which the same statements are withheld."""

_KIND = compiled_when_used(r"file|metadata|context\.[a-z][a-z0-9_-]{0,62}", re.ASCII)
_SALT = compiled_when_used(r"[0-9a-f]{32}\Z")


class DisclosedGroup(Struct, frozen=True):
    """Items of which the same statements are withheld.

    Attributes:
        items: their numbers.
        withheld: `file`, `metadata` and `context.FIELD`, in the order of a manifest; each exists of every item here.
    """

    items: ItemRanges
    withheld: tuple[str, ...]

    def __post_init__(self) -> None:
        if list(self.withheld) != sorted(set(self.withheld), key=_order) or not all(
            map(_KIND.fullmatch, self.withheld)
        ):
            raise FormatError(
                "the list of a disclosure names statements that cannot be withheld, or names them out of order"
            )


def _order(kind: str) -> tuple[int, str]:
    return (("file", "metadata").index(kind) if kind in ("file", "metadata") else 2, kind)


class DisclosedItems(Struct, frozen=True):
    """What one bundle holds.

    Attributes:
        salt: 16 random bytes as 32 lower-case hexadecimal digits.
        groups: the items that it discloses, by what is withheld of them, each item in one group.
        cover: SHA-256 of the cover sheet that goes with the bundle.
        entries: numbers of the entries whose details it leaves out; None where it leaves out none. Its signer answers
            for it that none of them is about an item of the bundle.
    """

    salt: str
    groups: tuple[DisclosedGroup, ...]
    cover: str
    entries: ItemRanges | None = None

    def __post_init__(self) -> None:
        if not _SALT.match(self.salt) or not 1 <= len(self.groups) <= MAX_GROUPS:
            raise FormatError("the list of a disclosure needs a salt, and at least one group of items")
        if len({group.withheld for group in self.groups}) != len(self.groups):
            raise FormatError("the list of a disclosure has two groups that withhold the same")
        if list(self.groups) != sorted(self.groups, key=lambda group: group.items.ranges[0]):
            raise FormatError("the groups in the list of a disclosure are out of order")
        end = 0
        for first, last, _ in self.spans():
            if first <= end:
                raise FormatError(f"the list of a disclosure names item {first} twice")
            end = last

    def spans(self) -> list[tuple[int, int, tuple[str, ...]]]:
        """Give the ranges of all groups in the order of items: first, last, what is withheld."""
        return sorted((first, last, group.withheld) for group in self.groups for first, last in group.items.ranges)

    @property
    def items(self) -> ItemRanges:
        """All items that the bundle discloses."""
        joined: list[tuple[int, int]] = []
        for first, last, _ in self.spans():
            if joined and joined[-1][1] + 1 == first:
                joined[-1] = (joined[-1][0], last)
            else:
                joined.append((first, last))
        return ItemRanges(tuple(joined))

    def serialize(self) -> bytes:
        """Write the list: one line of JSON in its canonical spelling, and a newline."""
        groups = [{"items": group.items.serialize(), "withheld": list(group.withheld)} for group in self.groups]
        value: dict[str, Any] = {"cover": self.cover, "format": FORMAT, "groups": groups, "salt": self.salt}
        if self.entries is not None:
            value["entries"] = self.entries.serialize()
        return serialize_canonical(value) + b"\n"


def parse_disclosed_items(data: bytes) -> DisclosedItems:
    """Read the list of a disclosure, in its canonical spelling.

    Raises:
        FormatError: it is none that this version reads.
    """
    if len(data) > MAX_DISCLOSED_LIST or not data.endswith(b"\n"):
        raise FormatError("the list of a disclosure is too long, or was cut short")
    value = parse_canonical(data[:-1])
    if set(value) - {"entries"} != {"cover", "format", "groups", "salt"} or value["format"] != FORMAT:
        raise FormatError("this is not a list of a disclosure that this version reads")
    cover, groups, salt = value["cover"], value["groups"], value["salt"]
    if not isinstance(cover, str) or not isinstance(salt, str) or not isinstance(groups, list):
        raise FormatError("the list of a disclosure has a field of another type")
    digest, entries = check_hex_digest(cover, "the cover sheet"), None
    if "entries" in value:
        if not _is_strings(value["entries"]):
            raise FormatError("the entries in the list of a disclosure are a list of numbers")
        entries = parse_ranges(value["entries"])
        if entries.last > MAX_SEQUENCE:
            raise FormatError(f"the list of a disclosure names entry {entries.last}, the last one is {MAX_SEQUENCE}")
    return DisclosedItems(salt, tuple(map(_parse_group, groups)), digest, entries)


def _parse_group(value: object) -> DisclosedGroup:
    if not isinstance(value, dict) or set(value) != {"items", "withheld"} or not all(map(_is_strings, value.values())):
        raise FormatError("a group in the list of a disclosure must be a list of items and a list of statements")
    return DisclosedGroup(parse_ranges(value["items"]), tuple(value["withheld"]))


def _is_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(member, str) for member in value)


def group_items(
    withheld: Mapping[int, frozenset[str]], salt: str, cover: str, entries: ItemRanges | None = None
) -> DisclosedItems:
    """Make a list: number of each disclosed item -> what is withheld of it, as in `DisclosedGroup.withheld`."""
    alike: dict[tuple[str, ...], list[int]] = {}
    for number, kinds in withheld.items():
        alike.setdefault(tuple(sorted(kinds, key=_order)), []).append(number)
    groups = [DisclosedGroup(ranges_of(numbers), kinds) for kinds, numbers in alike.items()]
    return DisclosedItems(salt, tuple(sorted(groups, key=lambda group: group.items.ranges[0])), cover, entries)


class Shape(Struct, frozen=True):
    """What a copy shows of an item whose statements it does not all disclose.

    Attributes:
        kinds: `file` and `metadata`, as far as they are withheld.
        context: how many statements `context` are withheld.
        fields: fields of those that are disclosed, where some are withheld.
    """

    kinds: tuple[str, ...] = ()
    context: int = 0
    fields: frozenset[str] = frozenset()

    def fits(self, withheld: tuple[str, ...]) -> bool:
        """Tell whether exactly these statements are withheld, as far as a copy shows it."""
        fields = {kind.partition(".")[2] for kind in withheld if kind.startswith("context.")}
        kinds = tuple(kind for kind in withheld if not kind.startswith("context."))
        return kinds == self.kinds and len(fields) == self.context and not fields & self.fields


WHOLE = Shape()


def shape_of(item: Item) -> Shape:
    """Tell what of an item is withheld."""
    withheld = item.withheld
    if not withheld:
        return WHOLE
    context = withheld.count("context")
    fields = frozenset(statement.field for statement in item.context) if context else frozenset()
    return Shape(tuple(kind for kind in withheld if kind != "context"), context, fields)


class CopyTally(Struct):
    """Collects what a manifest discloses, in the order of its items; ranges of items that are alike take one place."""

    spans: list[tuple[int, int, Shape]] = field(default_factory=list)

    def add(self, item: Item) -> None:
        """Take one item into account."""
        self.add_range(item.number, item.number, shape_of(item))

    def add_range(self, first: int, last: int, shape: Shape = WHOLE) -> None:
        """Take neighbouring items into account that are alike."""
        if self.spans and self.spans[-1][1] + 1 == first and self.spans[-1][2] == shape:
            self.spans[-1] = (self.spans[-1][0], last, shape)
        else:
            self.spans.append((first, last, shape))

    @property
    def items(self) -> int:
        """How many items are disclosed."""
        return sum(last - first + 1 for first, last, _ in self.spans)


class Deviations(Struct, frozen=True):
    """Where a copy is not what a list says, each as ranges of item numbers.

    Attributes:
        missing: items that the list promises and the copy does not disclose.
        other: items that the copy discloses and the list does not, or of which other statements are withheld.
    """

    missing: tuple[tuple[int, int], ...]
    other: tuple[tuple[int, int], ...]

    @property
    def is_none(self) -> bool:
        """Whether the copy is what the list says."""
        return not self.missing and not self.other


def find_deviations(listed: DisclosedItems, copy: Sequence[tuple[int, int, Shape]]) -> Deviations:
    """Compare a copy with a list; `copy` is as `CopyTally.spans`, over all seals that the list names, in order."""
    other: list[tuple[int, int]] = []
    promised = iter(listed.spans())
    span = next(promised, None)
    for first, last, shape in copy:
        at = first
        while at <= last:
            while span is not None and span[1] < at:
                span = next(promised, None)
            if span is None or span[0] > last:
                other.append((at, last))
                break
            if span[0] > at:
                other.append((at, span[0] - 1))
            begin, end = max(span[0], at), min(span[1], last)
            if not shape.fits(span[2]):
                other.append((begin, end))
            at = end + 1
    return Deviations(tuple(_find_missing(listed, copy)), tuple(other))


def _find_missing(listed: DisclosedItems, copy: Sequence[tuple[int, int, Shape]]) -> Iterator[tuple[int, int]]:
    """Yield what the list promises between the items that the copy discloses."""
    disclosed = iter(copy)
    span = next(disclosed, None)
    for first, last, _ in listed.spans():
        at = first
        while at <= last:
            while span is not None and span[1] < at:
                span = next(disclosed, None)
            if span is None or span[0] > last:
                yield at, last
                break
            if span[0] > at:
                yield at, span[0] - 1
            at = min(span[1], last) + 1
