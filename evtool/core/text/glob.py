"""Names against many patterns at once, in one pass over the name.

Each pattern is a row of states: how much of it has been matched so far. All rows of all patterns are the bits of one
number, and each character of the name moves all of them on together. So the work is the length of the name times one
operation, whatever the patterns are; going back, as matching usually does at a `*`, would cost the product of both
lengths for each pattern, and the patterns of a bundle are a stranger's.
"""

from __future__ import annotations

from collections.abc import Sequence


class Globs:
    """Patterns without a `/`, compiled: `*` stands for any run of characters, `?` for one, all else for itself."""

    __slots__ = ("_any", "_ends", "_moves", "_start", "_stays")

    def __init__(self, patterns: Sequence[str]) -> None:
        self._start = self._stays = self._any = 0
        self._moves: dict[str, int] = {}
        self._ends: list[int] = []
        bit = 1
        for pattern in patterns:
            self._start |= bit
            for character in pattern:
                if character == "*":
                    # Whatever comes, this much stays matched.
                    self._stays |= bit
                    continue
                if character == "?":
                    self._any |= bit
                else:
                    self._moves[character] = self._moves.get(character, 0) | bit
                bit <<= 1
            self._ends.append(bit)
            bit <<= 1
        self._moves = {character: bits | self._any for character, bits in self._moves.items()}

    def find(self, name: str) -> int | None:
        """Return the number of the first pattern that matches a name, None if none does."""
        state, stays, moves, otherwise = self._start, self._stays, self._moves, self._any
        for character in name:
            state = ((state & moves.get(character, otherwise)) << 1) | (state & stays)
            if not state:
                return None
        return next((number for number, end in enumerate(self._ends) if state & end), None)
