"""Sealed items that lie under another spelling of their name, or under a name made of their number.

A copy through another system may have another Unicode form, and what was unpacked from a bundle without names goes by
numbers. A seal goes through names in the order of their bytes, and cannot know of an item that is not there whether it
comes again under such a name. That is found out afterwards, which is rare; then the seal begins again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from evtool.core.container.payload_names import parse_neutral_name
from evtool.core.text.names import nfc_key, parse_name, store_name
from evtool.operations.record.items import nameless_items, read_items_afresh
from evtool.operations.record.record import Record, SealedItem
from evtool.operations.verify.items.judge import KIND_OF, path_of
from evtool.scan.engine import Task
from evtool.scan.observe import Mode
from evtool.scan.walk import Found


class RespelledNames(Exception):  # noqa: N818  # a way back to the beginning, and no error
    """Names in the directory are those of sealed items in another form: path -> name of the item, see `path_of`."""

    def __init__(self, names: Mapping[bytes, str]) -> None:
        super().__init__()
        self.names = names


def find_respelled(record: Record, missing: Iterable[SealedItem], there: Iterable[Found]) -> dict[bytes, str]:
    """Pair items that are missing with entries that no seal knows, where only one of each has a name."""
    wanted: dict[str, list[str]] = {}
    for sealed in missing:
        if sealed.item.file is not None and not sealed.item.file.path.isascii():
            wanted.setdefault(nfc_key(sealed.item.file.path), []).append(sealed.item.file.path)
    if not wanted:
        return {}
    candidates: dict[str, list[Found]] = {}
    for found in there:
        key = nfc_key(store_name(found.path))
        if key in wanted:
            candidates.setdefault(key, []).append(found)
    # A twin that is sealed itself under exactly this name is not the missing one.
    named = {store_name(found.path) for group in candidates.values() for found in group}
    known = {
        sealed.item.file.path
        for _, sealed in (read_items_afresh(record) if named else ())
        if sealed.item.file is not None and sealed.item.file.path in named
    }
    pairs: dict[bytes, str] = {}
    for key, group in candidates.items():
        new = [found for found in group if store_name(found.path) not in known]
        if len(new) == len(wanted[key]) == 1:
            pairs[new[0].path] = wanted[key][0]
    return pairs


def find_numbered(record: Record, missing: Iterable[SealedItem], there: Iterable[Found]) -> dict[bytes, str]:
    """Pair items that are missing, or whose name is withheld, with things of their type that go by their number."""
    wanted = {sealed.item.number: sealed for sealed in (*missing, *nameless_items(record))}
    candidates: dict[bytes, SealedItem] = {}
    for found in there if wanted else ():
        number = None if found.directory else parse_neutral_name(store_name(found.name))
        if number in wanted and found.kind is KIND_OF.get(wanted[number].item.content.type):
            candidates[found.path] = wanted[number]
    # One that is sealed itself under exactly this name is not the missing one.
    known = {
        parse_name(sealed.item.file.path)
        for _, sealed in (read_items_afresh(record) if candidates else ())
        if sealed.item.file is not None
    }
    return {path: path_of(sealed) for path, sealed in candidates.items() if path not in known}


class RespelledPairs:
    """Holds back both halves of each pair until they can be compared."""

    def __init__(self, names: Mapping[bytes, str]) -> None:
        self.names = names
        self._stored = set(names.values())
        self._items: dict[str, SealedItem] = {}
        self._founds: dict[bytes, Found] = {}

    def holds_item(self, sealed: SealedItem) -> bool:
        """Take an item that is missing, if it is half of a pair."""
        if sealed.item.file is None or sealed.item.file.path not in self._stored:
            return False
        self._items[sealed.item.file.path] = sealed
        return True

    def holds_found(self, found: Found) -> bool:
        """Take an entry that no seal knows, if it is half of a pair."""
        if found.path not in self.names:
            return False
        self._founds[found.path] = found
        return True

    def tasks(self, record: Record | None) -> Iterator[Task[SealedItem | None]]:
        """Give the pairs as tasks, once both streams are at their end."""
        for sealed in nameless_items(record) if record and self.names else ():
            if path_of(sealed) in self._stored:
                self._items[path_of(sealed)] = sealed
        for path, stored in self.names.items():
            if path in self._founds and stored in self._items:
                yield Task(self._founds[path], self._items[stored], Mode.STAT)
