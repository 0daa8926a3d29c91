"""The names of items: the one that was sealed, and those that entries `renamed` gave them since.

`manifests/FORMAT-events.md`, section "Names", has the rules. Number, date, terms and metadata stay with the item; only
its name is another one.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from evtool.core.custody.entry import Entry
from evtool.core.custody.events import Renamed
from evtool.core.manifest.manifest import Item
from evtool.core.text.names import shown
from evtool.core.text.ranges import ItemRanges, ranges_of
from evtool.core.values import replace


class NewName(Struct, frozen=True):
    """A name that an entry gave to an item.

    Attributes:
        entry: number of the entry.
        path: the name, in stored form.
    """

    entry: int
    path: str


class EarlierName(Struct, frozen=True):
    """A name that an item had before.

    Attributes:
        path: the name, in stored form.
        until: number of the entry that gave the item another one.
    """

    path: str
    until: int


class Rename(Struct, frozen=True):
    """An item and the name that it gets.

    Attributes:
        item: number of the item.
        old: its name by now, in stored form.
        new: the name under which it lies.
    """

    item: int
    old: str
    new: str

    def describe(self) -> str:
        """Say in words which name the item had, and which it gets."""
        return f"item {self.item} {shown(self.old)} is now {shown(self.new)}"


class ItemNames:
    """The names that the entries of one chain gave to items."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        """Read the entries that count, oldest first."""
        self._given: dict[int, list[NewName]] = {}
        self._entries: list[int] = []
        for entry in entries:
            if isinstance(entry.details, Renamed) and entry.items is not None:
                self._entries.append(entry.sequence)
                for item, path in zip(entry.items, entry.details.paths, strict=True):
                    self._given.setdefault(item, []).append(NewName(entry.sequence, path))

    def __bool__(self) -> bool:
        return bool(self._given)

    @property
    def entries(self) -> ItemRanges:
        """Numbers of the entries that gave names; there are some."""
        return ranges_of(self._entries)

    @property
    def items(self) -> tuple[int, ...]:
        """Numbers of the items that an entry names, whether or not there are such items."""
        return tuple(sorted(self._given))

    def given(self, item: int, sealed_by: int) -> tuple[NewName, ...]:
        """Give the names that an item got after entry `sealed_by` sealed it, oldest first."""
        return tuple(name for name in self._given.get(item, ()) if name.entry > sealed_by)

    def current(self, item: int, sealed_by: int) -> NewName | None:
        """Give the name that an item has now; None if it still has the one that was sealed."""
        given = self.given(item, sealed_by)
        return given[-1] if given else None

    def rename(self, item: Item, sealed_by: int) -> Item:
        """Give an item the name that it has now; one whose name is withheld stays without."""
        name = self.current(item.number, sealed_by) if item.number in self._given and item.file is not None else None
        if name is None or item.file is None:
            return item
        return replace(item, file=replace(item.file, path=name.path))

    def earlier(self, item: Item, sealed_by: int) -> tuple[EarlierName, ...]:
        """Give the names that an item, as it was sealed, had before the one that it has now, oldest first."""
        if item.number not in self._given or item.file is None:
            return ()
        given = self.given(item.number, sealed_by)
        paths = (item.file.path, *(name.path for name in given))
        pairs = zip(paths, given, strict=False)
        return tuple(EarlierName(path, name.entry) for path, name in pairs if path != name.path)
