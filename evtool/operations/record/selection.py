"""Which items of a record are meant."""

from __future__ import annotations

from msgspec import Struct, field

from evtool.core.manifest.manifest import Item
from evtool.core.text.item_choice import ItemChoice


class Selection(Struct, frozen=True):
    """Which items to check; empty means all of them, and then also that there is nothing else.

    Attributes:
        numbers: numbers of items.
        choice: items as a person names them. A text that could mean two things means both: here nothing is lost by it.
    """

    numbers: frozenset[int] = frozenset()
    choice: ItemChoice = field(default_factory=ItemChoice)

    @property
    def is_all(self) -> bool:
        """Whether every item is meant."""
        return not self.numbers and self.choice.is_empty

    def includes(self, item: Item) -> bool:
        """Tell whether an item is meant."""
        if self.is_all or item.number in self.numbers:
            return True
        return self.choice.means(item.number, item.file.path if item.file is not None else None)
