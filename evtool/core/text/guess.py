"""What somebody meant who typed a word that is not in a list."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from evtool.core.text.names import shown

_LIKE = 0.6
"""How much of a word has to be alike; the measure is that of `difflib`."""


def did_you_mean(typed: str, known: Iterable[str]) -> str:
    """Write a question that names the word that was most likely meant; empty if there is no such word."""
    by_plain = {word.lower(): word for word in known}
    alike = get_close_matches(typed.lower(), list(by_plain), 1, _LIKE)
    return f"did you mean {shown(by_plain[alike[0]], 80)}? " if alike else ""
