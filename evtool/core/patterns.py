"""Patterns that leave files out of a seal, matched the same way for as long as the seal lives."""

from __future__ import annotations

from dataclasses import dataclass

from evtool.core.errors import FormatError
from evtool.core.limits import MAX_PATTERN_LENGTH, MAX_PATTERNS
from evtool.core.names import shown

DEFAULT_PATTERNS = (
    ".DS_Store",
    ".Spotlight-V100",
    ".Trashes",
    ".fseventsd",
    "Thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "$RECYCLE.BIN",
    "System Volume Information",
)
"""What operating systems leave in folders that are merely looked at. The seal records these patterns."""


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Patterns over stored names.

    `*` stands for any run of characters but `/`, `?` for one such character, everything else for itself. A pattern
    with a `/` is matched against the whole path, any other against the last component. A directory that matches is
    left out with everything below it.
    """

    patterns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.patterns) > MAX_PATTERNS:
            raise FormatError(f"{len(self.patterns)} patterns are more than the {MAX_PATTERNS} that a seal can record")
        for pattern in self.patterns:
            if not pattern or len(pattern) > MAX_PATTERN_LENGTH or not pattern.isprintable():
                raise FormatError(
                    f"pattern {shown(pattern)} is empty, not printable, or longer than {MAX_PATTERN_LENGTH} characters"
                )

    def match_names(self, prefix: str, names: list[str]) -> dict[int, str]:
        """Find the names in one directory that a pattern matches: index -> the first such pattern.

        `prefix` is the stored path of the directory with a `/` after it, empty for the root.
        """
        literal = {pattern for pattern in self.patterns if not _has_wildcard(pattern) and "/" not in pattern}
        # Nearly all directories end here, at the cost of one look-up a name.
        if len(literal) == len(self.patterns) and literal.isdisjoint(names):
            return {}
        matches = ((index, self.match(prefix + name)) for index, name in enumerate(names))
        return {index: pattern for index, pattern in matches if pattern is not None}

    def match(self, path: str) -> str | None:
        """Return the first pattern that matches a stored path, without looking at the directories above it."""
        name = path.rpartition("/")[2]
        for pattern in self.patterns:
            if _matches(pattern, path if "/" in pattern else name):
                return pattern
        return None

    def hides(self, path: str) -> bool:
        """Tell whether a stored path, or a directory above it, matches a pattern."""
        parts = path.split("/")
        return any(self.match("/".join(parts[:end])) is not None for end in range(1, len(parts) + 1))


def _matches(pattern: str, text: str) -> bool:
    """Match with one point of return, so that the cost is at most the product of both lengths.

    A regular expression with many stars can take exponential time, and the patterns of a bundle are a stranger's.
    """
    if not _has_wildcard(pattern):
        return pattern == text
    if "?" not in pattern and "/" not in text:
        return _matches_parts(pattern.split("*"), text)
    at, index, star, resume = 0, 0, -1, 0
    while index < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, resume = at, index
            at += 1
        elif at < len(pattern) and (pattern[at] == text[index] or (pattern[at] == "?" and text[index] != "/")):
            at += 1
            index += 1
        elif star >= 0 and text[resume] != "/":
            resume += 1
            at, index = star + 1, resume
        else:
            return False
    return all(character == "*" for character in pattern[at:])


def _has_wildcard(pattern: str) -> bool:
    return "*" in pattern or "?" in pattern


def _matches_parts(parts: list[str], text: str) -> bool:
    """Match text between whose parts any run of characters may stand: each part is best found as early as it can be."""
    first, *middle, last = parts
    if len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
