"""Whether an item lies below another one, or in its place: below a file, a link or an empty directory is nothing.

Paths come in the order of a manifest, so all that begin with the same bytes are neighbours. What can still get an item
below it is therefore among the paths that the newest one begins with, and only their lengths have to be kept.
"""

from __future__ import annotations

from collections.abc import Iterable


class NestedPaths:
    """Watches the paths of one manifest, in their order, in memory that the longest of them bounds."""

    def __init__(self) -> None:
        self._newest = ""
        self._beginnings: list[int] = []
        """Lengths of the paths that the newest one begins with, itself included, the shortest first."""

    def copy(self) -> NestedPaths:
        """Make another one that has seen the same paths."""
        other = NestedPaths()
        other._newest, other._beginnings = self._newest, self._beginnings.copy()
        return other

    def add(self, paths: Iterable[str]) -> str | None:
        """Take further paths into account; give the first that lies below another item, or in its place."""
        newest, beginnings = self._newest, self._beginnings
        below = None
        for path in paths:
            while beginnings and not path.startswith(newest[: beginnings[-1]]):
                beginnings.pop()
            # After one of these comes the end of this path, or a slash: it is the same path, or one below it.
            if beginnings and below is None and any(path[length : length + 1] in ("/", "") for length in beginnings):
                below = path
            beginnings.append(len(path))
            newest = path
        self._newest = newest
        return below
