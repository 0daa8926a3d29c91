"""Which items of a collection are meant: by number, by name pattern, or all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from evtool.core.errors import FormatError
from evtool.core.item_ranges import ItemRanges, parse_user_ranges, ranges_of
from evtool.core.patterns import Exclusions


@dataclass(frozen=True, slots=True)
class ItemChoice:
    """Items by number and by pattern; see `Exclusions` for what patterns match, directories included.

    Attributes:
        numbers: item numbers.
        patterns: patterns over stored names.
    """

    numbers: ItemRanges | None = None
    patterns: Exclusions = field(default_factory=Exclusions)

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is meant."""
        return self.numbers is None and not self.patterns.patterns

    def includes(self, number: int, path: str | None) -> bool:
        """Tell whether an item is meant; `path` is its stored name, None where that is withheld."""
        by_number = self.numbers is not None and number in self.numbers
        return by_number or (path is not None and self.patterns.hides(path))


def parse_choice(texts: Sequence[str]) -> ItemChoice:
    """Read what a person typed: what looks like numbers and ranges means items, anything else is a pattern.

    Raises:
        FormatError: a range goes downwards, or a pattern is none.
    """
    numbers: set[int] = set()
    patterns: list[str] = []
    for text in texts:
        try:
            numbers.update(parse_user_ranges(text))
        except FormatError:
            if text and not set(text) - set("0123456789,- "):
                raise
            patterns.append(text)
    return ItemChoice(ranges_of(numbers) if numbers else None, Exclusions(tuple(patterns)))
