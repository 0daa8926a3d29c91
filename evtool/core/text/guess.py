"""What somebody meant who typed a word that is not in a list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from evtool.core.text.names import shown

_LIKE = 0.6
"""How much of a word has to be alike; the measure is that of `difflib`."""

_MUCH_ALIKE = 0.7
"""The same for options: there are so many that a weaker likeness leads astray."""


def _close_matches(typed: str, known: Sequence[str], number: int, likeness: float) -> list[str]:
    # Start-up time: few runs have a mistyped word.
    from difflib import get_close_matches

    return get_close_matches(typed, known, number, likeness)


def find_alike(typed: str, known: Iterable[str]) -> str | None:
    """Find the word that was most likely meant; None if there is no such word."""
    by_plain = {word.lower(): word for word in known}
    alike = _close_matches(typed.lower(), list(by_plain), 1, _LIKE)
    return by_plain[alike[0]] if alike else None


def find_options(typed: str, known: Iterable[str]) -> list[str]:
    """Find the options of a command that are spelled much like this one, the most alike first."""
    return _close_matches(typed.lower(), list(known), 3, _MUCH_ALIKE)


def did_you_mean(typed: str, known: Iterable[str]) -> str:
    """Write a question that names the word that was most likely meant; empty if there is no such word."""
    meant = find_alike(typed, known)
    return f"did you mean {shown(meant, 80)}? " if meant is not None else ""
