"""Columns of a terminal: how wide a text is there, and how it is folded. A Hangul syllable takes two columns."""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import category, east_asian_width

_NARROWEST = 30
"""The smallest number of columns that is worth folding to."""


def columns_of(text: str) -> int:
    """Count the columns that a text takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    # A combining mark takes none, and neither does what follows the first letter of a syllable spelled in letters.
    if category(character) in ("Mn", "Me") or "\u1160" <= character <= "\u11ff":
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def pad(text: str, width: int) -> str:
    """Fill a text up with spaces to a number of columns."""
    return text + " " * (width - columns_of(text))


def height_of(lines: Sequence[str], width: int | None) -> int:
    """Count the lines on a screen of that width; None is one that folds nothing."""
    pieces = [piece for line in lines for piece in line.split("\n")]
    return len(pieces) if width is None else sum(max(1, -(-columns_of(piece) // width)) for piece in pieces)


def fold(text: str, indent: int, width: int | None) -> str:
    """Fold a text at its spaces and indent all lines but the first."""
    if width is None or width < indent + _NARROWEST:
        return text
    lines, used = [""], indent
    for word in text.split(" "):
        size = columns_of(word)
        if lines[-1] and used + 1 + size > width:
            lines.append("")
            used = indent
        lines[-1] += f" {word}" if lines[-1] else word
        used += size + (lines[-1] != word)
    return ("\n" + " " * indent).join(lines)
