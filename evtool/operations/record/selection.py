"""Which items of a record are meant."""

from __future__ import annotations

from dataclasses import dataclass

from evtool.core.manifest.manifest import Item
from evtool.core.text.names import nfc_key


@dataclass(frozen=True, slots=True)
class Selection:
    """Which items to check; empty means all of them, and then also that there is nothing else.

    Attributes:
        numbers: numbers of items.
        paths: stored names of items, in Unicode form NFC: which form a keyboard writes, nobody sees.
    """

    numbers: frozenset[int] = frozenset()
    paths: frozenset[str] = frozenset()

    @property
    def is_all(self) -> bool:
        """Whether every item is meant."""
        return not (self.numbers or self.paths)

    def includes(self, item: Item) -> bool:
        """Tell whether an item is meant."""
        named = bool(self.paths) and item.file is not None and nfc_key(item.file.path) in self.paths
        return self.is_all or named or item.number in self.numbers
