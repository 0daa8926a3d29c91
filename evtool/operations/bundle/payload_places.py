"""Putting the payload of a bundle back to its places: under sealed names, or under numbers where that cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct, field

from evtool.core.container.link_paths import LinkPaths
from evtool.core.container.payload_names import (
    ReservedNames,
    find_unsafe,
    fold_path,
    is_place_of_record,
    neutral_name,
    parse_neutral_name,
)
from evtool.core.errors import InputError
from evtool.core.manifest.manifest import Item
from evtool.core.manifest.statement import ItemType
from evtool.core.text.names import nfc_key, parse_name, parse_target, store_name
from evtool.store.custody_names import RECORD
from evtool.store.new_tree import NewTree, NoSuchPlaceError


class Placed(Struct):
    """What became of the items.

    Attributes:
        withheld: items that go by their number, as their own name is withheld.
        elsewhere: items that go by their number, as this system cannot have them under their own name.
        outside: links that lead out of the directory and were not made.
        impossible: links that this system cannot have.
    """

    withheld: list[int] = field(default_factory=list)
    elsewhere: list[int] = field(default_factory=list)
    outside: list[int] = field(default_factory=list)
    impossible: list[int] = field(default_factory=list)


def match_payload(items: Iterable[Item], payload: Iterable[bytes]) -> dict[int, bytes]:
    """Find the payload file of each item, as a verifier does; gives names in the bundle by the numbers of items."""
    left = {name: store_name(name) for name in payload}
    matched: dict[int, bytes] = {}
    waiting: list[Item] = []
    for item in items:
        if item.content.type is not ItemType.FILE:
            continue
        name = parse_name(item.file.path) if item.file else b""
        if name in left:
            del left[name]
            matched[item.number] = name
        else:
            waiting.append(item)
    numbers = {number: name for name, stored in left.items() if (number := parse_neutral_name(stored)) is not None}
    for item in waiting:
        if item.number in numbers:
            matched[item.number] = numbers[item.number]
            del left[numbers[item.number]]
    # A copy through another system may spell the same name with other code points.
    forms: dict[str, list[bytes]] = {}
    for name, stored in left.items():
        forms.setdefault(nfc_key(stored), []).append(name)
    for item in waiting:
        if item.number not in matched and item.file and len(same := forms.get(nfc_key(item.file.path), [])) == 1:
            matched[item.number] = same.pop()
    return matched


class Placing:
    """Fills a new directory with the items of one record, files first and links last."""

    def __init__(self, tree: NewTree, items: Sequence[Item], *, outside_links: bool) -> None:
        self.placed = Placed()
        self._tree = tree
        self._items = items
        self._outside_links = outside_links
        self._kept: dict[bytes, bool] = {}
        """Whether the medium keeps a name as it is spelled."""
        self._apart: dict[tuple[str, str], bool] = {}
        """Whether the medium tells two names apart that some do not."""
        self._directories: dict[tuple[int, str], tuple[str, int]] = {}
        """The number of a directory and what a system without case takes a name in it for -> the first directory below
        it that is called so: its name, and its number."""
        self._twins: dict[tuple[int, str], int] = {}
        """The number of a directory and a name in it -> the number of a further one that is called almost as the first.
        Numbers, as paths may be long, and each begins with all those above it."""
        self._reserved = ReservedNames(item.file.path for item in items if item.file)

    def place_files(self, payload: Mapping[bytes, Path]) -> None:
        """Move payload files, given by their names in the bundle, to their places, with their sealed dates."""
        names = match_payload(self._items, payload)
        for item in self._items:
            if item.number in names:
                name = names[item.number]
                self._place(item, partial(self._tree.move, payload[name]), name.decode("ascii", "replace"))

    def make_directories(self) -> None:
        """Make the empty directories."""
        for item in self._of_type(ItemType.DIRECTORY):
            self._place(item, self._tree.make_directory)

    def make_links(self) -> None:
        """Make the symbolic links; nothing is written any more that could go through one of them."""
        links = [(item, item.content.target or "") for item in self._of_type(ItemType.SYMLINK)]
        paths = LinkPaths((item.file.path, target) for item, target in links if item.file)
        for item, target in links:
            try:
                self._place(item, partial(self._make_link, paths, target), dated=False)
            except _LeadsOutsideError:
                self.placed.outside.append(item.number)
            except InputError:
                self.placed.impossible.append(item.number)

    def _make_link(self, paths: LinkPaths, target: str, path: bytes) -> None:
        # Where it leads is decided from where it is made: under its number it lies in the root.
        inside = paths.leads_inside(store_name(path.rpartition(b"/")[0]), target)
        if not (inside or self._outside_links):
            raise _LeadsOutsideError
        self._tree.make_link(path, parse_target(target))

    def _of_type(self, kind: ItemType) -> list[Item]:
        return [item for item in self._items if item.content.type is kind]

    def _place(self, item: Item, put: Put, name: str = "", *, dated: bool = True) -> None:
        """Put an item under its sealed name, or under its number where that cannot be; `name` is that in the bundle."""
        path = self._own_place(item)
        try:
            if path is None:
                raise NoSuchPlaceError
            put(path)
        except NoSuchPlaceError:
            path = self._by_number(item, name).encode("ascii")
            try:
                put(path)
            except NoSuchPlaceError as error:
                raise InputError(
                    "item {number} cannot be written: {why}",
                    key="item-not-written",
                    number=item.number,
                    why=error.__cause__,
                ) from error
            (self.placed.elsewhere if item.file else self.placed.withheld).append(item.number)
        if dated and item.file is not None and item.file.mtime is not None:
            self._tree.set_date(path, item.file.mtime)

    def _by_number(self, item: Item, name: str) -> str:
        if parse_neutral_name(name) == item.number and name not in self._reserved:
            return name  # its ending tells what it is, even where the name is withheld
        return neutral_name(item.number, item.file.path if item.file else None, self._reserved)

    def _own_place(self, item: Item) -> bytes | None:
        """Give the sealed path of an item; None if its name is withheld, or where the record lies."""
        if item.file is None:
            return None
        first = item.file.path.partition("/")[0]
        if first == RECORD:
            return None
        path = parse_name(item.file.path)
        if is_place_of_record(first) and not self._tree.tells_apart(path.partition(b"/")[0], RECORD.encode("ascii")):
            return None
        return path if self._keeps_names(path) and self._keeps_apart(item.file.path) else None

    def _keeps_names(self, path: bytes) -> bool:
        """Tell whether this medium keeps the names in a path as they are spelled; asked of those that some change."""
        for name in path.split(b"/"):
            if name not in self._kept:
                self._kept[name] = find_unsafe(store_name(name)) is None or self._tree.keeps(name)
            if not self._kept[name]:
                return False
        return True

    def _keeps_apart(self, path: str) -> bool:
        """Tell whether the directories of a path are here other ones than those that differ in case only."""
        above = 0
        for name in path.split("/")[:-1]:
            number = len(self._directories) + len(self._twins) + 1
            first, found = self._directories.setdefault((above, fold_path(name)), (name, number))
            if first != name:
                if not self._tells_apart(first, name):
                    return False
                found = self._twins.setdefault((above, name), number)
            above = found
        return True

    def _tells_apart(self, one: str, other: str) -> bool:
        """Tell whether two names are two to this medium; it is asked once."""
        if (one, other) not in self._apart:
            self._apart[one, other] = self._tree.tells_apart(parse_name(one), parse_name(other))
        return self._apart[one, other]


Put = Callable[[bytes], object]
"""Puts an item at a path."""


class _LeadsOutsideError(Exception):
    """A link leads out of the directory, and such links were not asked for."""
