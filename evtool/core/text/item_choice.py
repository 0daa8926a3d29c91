"""Which items of a collection a person means: by number, by name or pattern, or all of them.

What was typed must mean something: a text that means no item is an error and never a restriction that restricts
nothing. Names count as equal whatever their Unicode form, as people cannot see it and keyboards choose it. A text of
digits can be the number of an item and the name of another; then nobody guesses.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct, field

from evtool.core.errors import FormatError, UsageError
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.limits import MAX_INTEGER
from evtool.core.text.names import nfc_key, shown, store_name
from evtool.core.text.patterns import Exclusions

NUMBER_MARK = "item:"
"""Before a text that is to be read as item numbers and nothing else."""

NAME_MARK = "./"
"""Before a text that is to be read as a name and nothing else."""

_PIECE = compiled_when_used(r"([1-9][0-9]{0,15})(?:-([1-9][0-9]{0,15}))?\Z", re.ASCII)
_PLAIN_NAME = compiled_when_used(r"""[^\x00-\x1f\x7f-\U0010ffff*?"\\K;`]+\Z""")
"""Text without wildcards that stands in a name as it is, in whatever Unicode form the name is: the last three
characters here have another code point that is equal to them."""
_MAX_NAMED = 10


class _Piece(Struct, frozen=True):
    """What stands between two commas, in both of its readings.

    Attributes:
        text: what was typed.
        range: first and last number; None if it cannot be read as numbers.
        patterns: what it means as a name, each matched by itself; empty if it cannot be read as a name.
    """

    text: str
    range: tuple[int, int] | None
    patterns: tuple[Exclusions, ...]

    def counts(self, number: int) -> bool:
        """Tell whether it means this number."""
        return self.range is not None and self.range[0] <= number <= self.range[1]

    def names(self, key: str | None) -> bool:
        """Tell whether it means an item of this name."""
        return key is not None and any(pattern.hides(key) for pattern in self.patterns)


class _Term(Struct, frozen=True):
    """One text: a list of pieces, and, as a name may hold commas, the name that is the whole of it.

    Attributes:
        text: what was typed.
        pieces: in their order; one if there is no comma.
        whole: the text as one name; None if there is no comma, or if it cannot be one.
    """

    text: str
    pieces: tuple[_Piece, ...]
    whole: _Piece | None


class ItemChoice(Struct, frozen=True):
    """Items by number and by name; see `Exclusions` for what patterns match, directories included."""

    terms: tuple[_Term, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was typed."""
        return not self.terms

    @property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """First and last number of everything that can be read as numbers."""
        return tuple(piece.range for piece in self._pieces if piece.range is not None)

    @property
    def plain_names(self) -> tuple[str, ...] | None:
        """Texts of which one is the path of every item that can be meant by its name, or stands in it between slashes.

        None if there are no such texts: then the name of each item has to be looked at.
        """
        names = [name for piece in self._pieces for pattern in piece.patterns for name in pattern.patterns]
        return tuple(dict.fromkeys(names)) if all(map(_PLAIN_NAME.match, names)) else None

    @property
    def _pieces(self) -> tuple[_Piece, ...]:
        """All that the texts can be read as."""
        return tuple(piece for term in self.terms for piece in (*term.pieces, *([term.whole] if term.whole else [])))

    def means(self, number: int, path: str | None) -> bool:
        """Tell whether any reading of any text means an item; no `path` where its name is withheld."""
        key = nfc_key(path) if path is not None else None
        return any(piece.counts(number) or piece.names(key) for piece in self._pieces)


def parse_choice(texts: Sequence[str]) -> ItemChoice:
    """Take what a person typed: `17`, `17-20`, a name or a pattern, or several with commas between them.

    What each text means is known once the items have been seen, see `ChoiceBinding`.

    Raises:
        FormatError: a text can be neither numbers nor a pattern.
    """
    return ItemChoice(tuple(_parse_term(text) for text in dict.fromkeys(texts)))


def _parse_term(text: str) -> _Term:
    if text.startswith(NUMBER_MARK):
        ranges = _parse_numbers(text.removeprefix(NUMBER_MARK))
        if not ranges:
            raise FormatError(f"{shown(text, 80)} is not item numbers like {NUMBER_MARK}3 or {NUMBER_MARK}3-17")
        return _Term(text, tuple(_Piece(text, numbers, ()) for numbers in ranges), None)
    if text.startswith(NAME_MARK):
        return _Term(text, (_name(text),), None)
    pieces = text.split(",")
    if len(pieces) == 1:
        return _Term(text, (_piece(text),), None)
    if not all(piece.strip() for piece in pieces):
        return _Term(text, (_name(text),), None)
    return _Term(text, tuple(_piece(piece.strip()) for piece in pieces), _name(text))


def _piece(text: str) -> _Piece:
    ranges = _parse_numbers(text)
    return _Piece(text, ranges[0] if ranges else None, _name(text).patterns)


def _name(text: str) -> _Piece:
    """Read a text as a name, typed as it is seen or as evtool prints it: `100%` is stored as `100%25`."""
    plain = re.sub(r"/+", "/", re.sub(r"^(\./+)+", "", text)).rstrip("/")
    spellings = dict.fromkeys(
        nfc_key(spelling) for spelling in (plain, store_name(plain.encode("utf-8", "surrogateescape")))
    )
    return _Piece(text, None, tuple(Exclusions((spelling,)) for spelling in spellings))


def _parse_numbers(text: str) -> tuple[tuple[int, int], ...]:
    """Read numbers and ranges like `20,1-17`; nothing where the text is no such thing."""
    ranges: list[tuple[int, int]] = []
    for piece in text.replace(" ", "").split(","):
        match = _PIECE.match(piece)
        if not match or not int(match[1]) <= (last := int(match[2] or match[1])) <= MAX_INTEGER:
            return ()
        ranges.append((int(match[1]), last))
    return tuple(ranges)


class ChosenItems(Struct, frozen=True):
    """The items that are meant.

    Attributes:
        numbers: those that were named.
        ranges: those that were counted; first and last number of each range, which may go beyond the last item.
    """

    numbers: frozenset[int]
    ranges: tuple[tuple[int, int], ...]

    def __call__(self, number: int) -> bool:
        """Tell by its number whether an item is meant."""
        return number in self.numbers or any(first <= number <= last for first, last in self.ranges)


class ChoiceBinding(Struct):
    """Finds out what a choice means among the items of one collection: show it every item, then ask `finish`."""

    choice: ItemChoice
    _named: dict[_Piece, set[int]] = field(default_factory=dict)
    """Piece -> numbers of the items that it means as a name."""
    _met: set[_Piece] = field(default_factory=set)
    """Pieces that mean an item by its number."""

    def note(self, number: int, path: str | None) -> bool:
        """Take one item into account, and tell whether any reading means it; no `path` where its name is withheld."""
        key = nfc_key(path) if path is not None else None
        meant = False
        for term in self.choice.terms:
            for piece in (*term.pieces, *([term.whole] if term.whole else [])):
                if piece.counts(number):
                    self._met.add(piece)
                    meant = True
                if piece.names(key):
                    self._named.setdefault(piece, set()).add(number)
                    meant = True
        return meant

    def unknown(self, last: int = 0) -> list[str]:
        """List what means no item; `last` is as for `finish`."""
        return [
            piece.text
            for term in self.choice.terms
            if term.whole not in self._named
            for piece in term.pieces
            if piece not in self._named and not self._is_number(piece, last)
        ]

    def finish(self, last: int = 0) -> ChosenItems:
        """Give the items that are meant.

        `last` is the number up to which items are known to be sealed, even where this copy withholds all of them.

        Raises:
            UsageError: a text means no item, or could mean two things.
        """
        nothing = self.unknown(last)
        either = []
        numbers: set[int] = set()
        ranges: list[tuple[int, int]] = []
        for term in self.choice.terms:
            if term.whole in self._named:
                if all(piece in self._named or self._is_number(piece, last) for piece in term.pieces):
                    either.append(term.text)
                numbers |= self._named[term.whole]
                continue
            for piece in term.pieces:
                named, counted = piece in self._named, self._is_number(piece, last)
                if named and counted:
                    either.append(piece.text)
                elif named:
                    numbers |= self._named[piece]
                elif piece.range:
                    ranges.append(piece.range)
        if nothing:
            raise UsageError(f"no sealed item matches {_list(nothing)}", hint=_NOTHING)
        if either:
            raise UsageError(f"{_list(either)} can be item numbers and can be a name", hint=_EITHER)
        return ChosenItems(frozenset(numbers), tuple(ranges))

    def _is_number(self, piece: _Piece, last: int) -> bool:
        return piece.range is not None and (piece in self._met or piece.range[0] <= last)


_NOTHING = (
    "`evtool show DIR` lists the items with their numbers and names; a name is the path in the directory, and may "
    "contain the wildcards * and ?"
)
_EITHER = f"write {NUMBER_MARK}N for the item with that number, or {NAME_MARK}N for the name"


def _list(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _MAX_NAMED} more" if len(texts) > _MAX_NAMED else ""
    return ", ".join(shown(text, 80) for text in texts[:_MAX_NAMED]) + more
