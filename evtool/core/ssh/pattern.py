"""Patterns of OpenSSH, as ssh_config(5) describes them under PATTERNS."""

from __future__ import annotations

from collections.abc import Sequence

MAX_PATTERN = 1022
"""Longest pattern in bytes; OpenSSH lets a whole list match nothing if one pattern in it is longer."""


def match_pattern(text: str, pattern: str) -> bool:
    """Say whether `pattern` fits all of `text`: `*` stands for any bytes, `?` for one byte, all else for itself.

    OpenSSH counts bytes, not characters: `?` does not fit a Hangul syllable, `???` does. Takes time proportional to
    the product of both lengths at worst.
    """
    data, wanted = _as_bytes(text), _as_bytes(pattern)
    at = place = 0
    star = resume = -1
    while at < len(data):
        if place < len(wanted) and wanted[place : place + 1] == b"*":
            star, resume = place, at
            place += 1
        elif place < len(wanted) and wanted[place : place + 1] in (b"?", data[at : at + 1]):
            at, place = at + 1, place + 1
        elif star >= 0:
            # Only the last star is ever widened: what fits a wider earlier one fits a wider last one too.
            resume += 1
            at, place = resume, star + 1
        else:
            return False
    return not wanted[place:].strip(b"*")


def match_pattern_list(text: str, patterns: Sequence[str]) -> bool:
    """Say whether one pattern fits `text` and none of those that begin with `!` does."""
    found = False
    for pattern in patterns:
        if pattern.startswith("!"):
            if match_pattern(text, pattern[1:]):
                return False
        elif match_pattern(text, pattern):
            found = True
    return found


def is_too_long(pattern: str) -> bool:
    """Say whether OpenSSH would give up on the list that holds this pattern."""
    return len(_as_bytes(pattern.removeprefix("!"))) > MAX_PATTERN


def _as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
