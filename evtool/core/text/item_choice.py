"""Which items of a collection a person means: by number, by name or pattern, or all of them.

What was typed must mean something: a text that means no item is an error and never a restriction that restricts
nothing. Names count as equal whatever their Unicode form, as people cannot see it and keyboards choose it. A text of
digits can be the number of an item and the name of another; then nobody guesses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from evtool.core.errors import FormatError, UsageError
from evtool.core.text.limits import MAX_INTEGER
from evtool.core.text.names import nfc_key, shown, store_name
from evtool.core.text.patterns import Exclusions

NUMBER_MARK = "item:"
"""Before a text that is to be read as item numbers and nothing else."""

NAME_MARK = "./"
"""Before a text that is to be read as a name and nothing else."""

_PIECE = re.compile(r"([1-9][0-9]{0,15})(?:-([1-9][0-9]{0,15}))?\Z", re.ASCII)
_MAX_NAMED = 10


@dataclass(frozen=True, slots=True)
class _Term:
    """One text, in both of its readings.

    Attributes:
        text: what was typed.
        ranges: first and last number of each range; empty if it cannot be read as numbers.
        patterns: what it means as a name, each matched by itself; empty if it cannot be read as a name.
    """

    text: str
    ranges: tuple[tuple[int, int], ...]
    patterns: tuple[Exclusions, ...]

    def names(self, path: str) -> bool:
        """Tell whether it means an item of this name."""
        return any(pattern.hides(path) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class ItemChoice:
    """Items by number and by name; see `Exclusions` for what patterns match, directories included."""

    terms: tuple[_Term, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was typed."""
        return not self.terms


def parse_choice(texts: Sequence[str]) -> ItemChoice:
    """Take what a person typed; what each text means is known once the items have been seen, see `ChoiceBinding`.

    Raises:
        FormatError: a text can be neither numbers nor a pattern.
    """
    return ItemChoice(tuple(_parse_term(text) for text in dict.fromkeys(texts)))


def _parse_term(text: str) -> _Term:
    if text.startswith(NUMBER_MARK):
        ranges = _parse_numbers(text.removeprefix(NUMBER_MARK))
        if not ranges:
            raise FormatError(f"{shown(text, 80)} is not item numbers like {NUMBER_MARK}3 or {NUMBER_MARK}3-17")
        return _Term(text, ranges, ())
    ranges = () if text.startswith(NAME_MARK) else _parse_numbers(text)
    # A name is typed as it is seen or as evtool prints it: `100%` is stored as `100%25`.
    plain = re.sub(r"/+", "/", re.sub(r"^(\./+)+", "", text)).rstrip("/")
    spellings = dict.fromkeys(
        nfc_key(spelling) for spelling in (plain, store_name(plain.encode("utf-8", "surrogateescape")))
    )
    return _Term(text, ranges, tuple(Exclusions((spelling,)) for spelling in spellings))


def _parse_numbers(text: str) -> tuple[tuple[int, int], ...]:
    """Read numbers and ranges like `20,1-17`; nothing where the text is no such thing."""
    ranges: list[tuple[int, int]] = []
    for piece in text.replace(" ", "").split(","):
        match = _PIECE.match(piece)
        if not match or not int(match[1]) <= (last := int(match[2] or match[1])) <= MAX_INTEGER:
            return ()
        ranges.append((int(match[1]), last))
    return tuple(ranges)


@dataclass(slots=True)
class ChoiceBinding:
    """Finds out what a choice means among the items of one collection: show it every item, then ask `finish`."""

    choice: ItemChoice
    _named: dict[str, set[int]] = field(default_factory=dict)
    """Text -> numbers of the items that it means as a name."""
    _met: dict[str, set[int]] = field(default_factory=dict)
    """Text -> indexes of its ranges in which an item was met."""

    def note(self, number: int, path: str | None) -> bool:
        """Take one item into account, and tell whether any reading means it; no `path` where its name is withheld."""
        key = nfc_key(path) if path is not None else None
        meant = False
        for term in self.choice.terms:
            inside = [index for index, (first, last) in enumerate(term.ranges) if first <= number <= last]
            if inside:
                self._met.setdefault(term.text, set()).update(inside)
                meant = True
            if key is not None and term.names(key):
                self._named.setdefault(term.text, set()).add(number)
                meant = True
        return meant

    def finish(self, last: int = 0) -> Callable[[int], bool]:
        """Give a function that tells by its number whether an item is meant.

        `last` is the number up to which items are known to be sealed, even where this copy withholds all of them.

        Raises:
            UsageError: a text means no item, or could mean two things.
        """
        nothing, either = [], []
        numbers: set[int] = set()
        ranges: list[tuple[int, int]] = []
        for term in self.choice.terms:
            named = self._named.get(term.text, set())
            met = self._met.get(term.text, set())
            by_number = bool(term.ranges) and all(
                index in met or first <= last for index, (first, _) in enumerate(term.ranges)
            )
            if named and by_number:
                either.append(term.text)
            elif by_number:
                ranges += term.ranges
            elif named:
                numbers |= named
            else:
                nothing.append(term.text)
        if nothing:
            raise UsageError(f"no sealed item matches {_list(nothing)}", hint=_NOTHING)
        if either:
            raise UsageError(f"{_list(either)} can be item numbers and can be a name", hint=_EITHER)
        return lambda number: number in numbers or any(first <= number <= last for first, last in ranges)


_NOTHING = (
    "`evtool show DIR` lists the items with their numbers and names; a name is the path in the directory, and may "
    "contain the wildcards * and ?"
)
_EITHER = f"write {NUMBER_MARK}N for the item with that number, or {NAME_MARK}N for the name"


def _list(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _MAX_NAMED} more" if len(texts) > _MAX_NAMED else ""
    return ", ".join(shown(text, 80) for text in texts[:_MAX_NAMED]) + more
