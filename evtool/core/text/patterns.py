"""Patterns that leave files out of a seal, matched the same way for as long as the seal lives."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct

from evtool.core.errors import FormatError
from evtool.core.text.glob import Globs
from evtool.core.text.limits import MAX_PATTERN_LENGTH, MAX_PATTERNS
from evtool.core.text.names import is_printable, shown

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

LITTER_PATTERNS = frozenset({".DS_Store", "Thumbs.db", "ehthumbs.db", "desktop.ini"})
"""Of these, the names of files: such a pattern leaves out what it says by its bytes as well, and never by name alone
(`manifests/FORMAT-text.md`, section "Patterns")."""


class Exclusions(Struct, frozen=True):
    """Patterns over stored names.

    `*` stands for any run of characters but `/`, `?` for one such character, everything else for itself. A pattern
    with a `/` is matched against the whole path, any other against the last component. A directory that matches is
    left out with everything below it.
    """

    patterns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.patterns) > MAX_PATTERNS:
            raise FormatError(
                "{count} patterns were given, but a seal can record at most {limit}",
                key="patterns-many",
                count=len(self.patterns),
                limit=MAX_PATTERNS,
            )
        for pattern in self.patterns:
            if not pattern or len(pattern) > MAX_PATTERN_LENGTH or not is_printable(pattern):
                raise FormatError(
                    "pattern {pattern} is empty, not printable, or longer than {limit} characters",
                    key="pattern-text",
                    pattern=shown(pattern),
                    limit=MAX_PATTERN_LENGTH,
                )

    def match_names(self, prefix: str, names: list[str]) -> dict[int, str]:
        """Find the names in one directory that a pattern matches: index -> the first such pattern.

        `prefix` is the stored path of the directory with a `/` after it, empty for the root.
        """
        compiled = _compile(self.patterns)
        # Nearly all directories end here, at the cost of one look-up a name.
        if not compiled.has_wildcards and compiled.literals.keys().isdisjoint(names):
            return {}
        numbers = compiled.in_directory(prefix[:-1].split("/") if prefix else [])
        found: dict[int, str] = {}
        for index, name in enumerate(names):
            number = compiled.find(name, numbers)
            if number is not None:
                found[index] = self.patterns[number]
        return found

    @property
    def by_name(self) -> Exclusions:
        """Those that leave things out by their name alone."""
        return Exclusions(tuple(pattern for pattern in self.patterns if pattern not in LITTER_PATTERNS))

    def match(self, path: str) -> str | None:
        """Return the first pattern that matches a stored path, without looking at the directories above it."""
        compiled = _compile(self.patterns)
        *above, name = path.split("/") if compiled.paths else ("", path.rpartition("/")[2])
        number = compiled.find(name, compiled.in_directory(above))
        return None if number is None else self.patterns[number]

    def hides(self, path: str) -> bool:
        """Tell whether a stored path, or a directory above it, matches a pattern, whatever its bytes are."""
        compiled = _compile(self.patterns)
        parts = path.split("/")
        # A part is looked at once, however deep it lies and however often it is there.
        if any(compiled.find(part, ()) is not None for part in set(parts)):
            return True
        return any(compiled.matches_path(number, parts) for number in compiled.paths)


class _Compiled:
    """Patterns made ready: those without wildcards to be looked up, the others to be matched together.

    Attributes:
        literals: pattern without wildcard -> its number; those are all that most seals have.
        paths: number of each pattern with a `/` -> its parts, compiled one by one.
        has_wildcards: whether there is more to do than to look a name up.
    """

    def __init__(self, patterns: tuple[str, ...]) -> None:
        self.literals: dict[str, int] = {}
        self.paths: dict[int, list[Globs]] = {}
        wild: list[str] = []
        self._wild: list[int] = []
        """Number of each pattern in `_globs`."""
        for number, pattern in enumerate(patterns):
            if "/" in pattern:
                self.paths[number] = [Globs([part]) for part in pattern.split("/")]
            elif "*" in pattern or "?" in pattern:
                self._wild.append(number)
                wild.append(pattern)
            else:
                self.literals.setdefault(pattern, number)
        self._globs = Globs(wild)
        self.has_wildcards = bool(wild or self.paths)

    def in_directory(self, parts: Sequence[str]) -> list[int]:
        """Give the patterns with a `/` that can match something in a directory, of which these are the parts."""
        # No wildcard stands for a slash, so a pattern has as many parts as what it matches.
        return [
            number
            for number, globs in self.paths.items()
            if len(globs) == len(parts) + 1 and all(map(_fits, globs, parts))
        ]

    def find(self, name: str, numbers: Sequence[int]) -> int | None:
        """Give the number of the first pattern that matches a name in a directory, for which `numbers` were found."""
        found = [self.literals[name]] if name in self.literals else []
        if self._wild and (wild := self._globs.find(name)) is not None:
            found.append(self._wild[wild])
        found += [number for number in numbers if _fits(self.paths[number][-1], name)]
        return min(found, default=None)

    def matches_path(self, number: int, parts: Sequence[str]) -> bool:
        """Tell whether a pattern with a `/` matches a path or a directory above it."""
        globs = self.paths[number]
        return len(globs) <= len(parts) and all(map(_fits, globs, parts))


def _fits(glob: Globs, part: str) -> bool:
    return glob.find(part) is not None


@lru_cache(maxsize=16)
def _compile(patterns: tuple[str, ...]) -> _Compiled:
    return _Compiled(patterns)
