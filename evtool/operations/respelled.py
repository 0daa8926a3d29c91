"""Sealed items that a copy through another system gave the same name in another Unicode form.

A seal goes through names in the order of their bytes, and cannot know of an item that is not there whether it comes
again under another spelling. That is found out afterwards, which is rare; then the seal begins anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from evtool.core.names import nfc_key, store_name
from evtool.operations.collection import Collection, SealedItem, read_items_afresh
from evtool.scan.engine import Task
from evtool.scan.observe import Mode
from evtool.scan.walk import Found


class RespelledNames(Exception):  # noqa: N818  # a way back to the beginning, and no error
    """Names in the directory are those of sealed items in another Unicode form: path -> stored name of the item."""

    def __init__(self, names: Mapping[bytes, str]) -> None:
        super().__init__()
        self.names = names


def find_respelled(collection: Collection, missing: Iterable[SealedItem], there: Iterable[Found]) -> dict[bytes, str]:
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
        for _, sealed in (read_items_afresh(collection) if named else ())
        if sealed.item.file is not None and sealed.item.file.path in named
    }
    pairs: dict[bytes, str] = {}
    for key, group in candidates.items():
        new = [found for found in group if store_name(found.path) not in known]
        if len(new) == len(wanted[key]) == 1:
            pairs[new[0].path] = wanted[key][0]
    return pairs


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

    def tasks(self) -> Iterator[Task[SealedItem | None]]:
        """Give the pairs as tasks, once both streams are at their end."""
        for path, stored in self.names.items():
            if path in self._founds and stored in self._items:
                yield Task(self._founds[path], self._items[stored], Mode.STAT)
