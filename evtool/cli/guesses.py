"""What somebody meant who typed a name that is not there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

_LIKE = 0.6
"""How much of a command has to be alike; the measure is that of `difflib`."""

_MUCH_ALIKE = 0.7
"""The same for options: there are so many that a weaker likeness leads astray."""


def guess_command(typed: str, names: Iterable[str], other_words: Mapping[str, str] | None = None) -> str | None:
    """Find the command that was most likely meant; None if there is no such one."""
    plain = typed.lower()
    if other_words and plain in other_words:
        return other_words[plain]
    return next(iter(get_close_matches(plain, list(names), 1, _LIKE)), None)


def guess_options(typed: str, names: Iterable[str]) -> list[str]:
    """Find the options that are spelled much like this one, the most alike first."""
    return get_close_matches(typed.lower(), list(names), 3, _MUCH_ALIKE)
