"""Where symbolic links lead, step by step, through the other links of the same record; no disk is looked at.

`sub/up/../secret` is not `sub/secret` where `sub/up` is a link: a system goes where the link leads before it takes the
step up. Each link is followed once, whoever leads through it, so the work is that of reading the targets once. Nothing
here calls itself, however deep a stranger's paths and chains of links are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple

from msgspec import Struct, field

from evtool.core.container.payload_names import fold_path


class _Nowhere(Enum):
    """A way that ends at no place of the directory."""

    OUTSIDE = "outside"
    LOOP = "loop"
    """It comes back to a link that it came from; systems give up there."""


class _Known(Struct, eq=False):
    """A path of the directory that the record names.

    Attributes:
        parent: the directory above; None for the root.
        below: what is known below it, by name as a system without case sees it.
        target: where it leads if it is a link.
        is_ambiguous: two links are one to a system without case, and lead to different places.
        is_told: whether its name may be known; see `LinkPaths.tell`.
        end: where it leads, once that has been found out.
        is_entered: whether that is being found out.
    """

    parent: _Known | None = None
    below: dict[str, _Known] = field(default_factory=dict)
    target: str | None = None
    is_ambiguous: bool = False
    is_told: bool = False
    end: _Place | _Nowhere | None = None
    is_entered: bool = False


class _Place(NamedTuple):
    """Where a way has led: a known path, and how many steps further down, over names of which nothing is known."""

    known: _Known
    further: int = 0

    def step(self, name: str) -> _Place:
        """Go down by one name."""
        known = None if self.further else self.known.below.get(fold_path(name))
        return _Place(known) if known is not None else _Place(self.known, self.further + 1)

    def step_up(self) -> _Place | None:
        """Go up; None if that leads outside."""
        if self.further:
            return _Place(self.known, self.further - 1)
        return _Place(self.known.parent) if self.known.parent is not None else None


class _Way(Struct):
    """A target that is being followed: the steps left, and where they have led so far."""

    link: _Known | None
    steps: Iterator[str]
    at: _Place


class LinkPaths:
    """The links of one record, by their paths; paths and targets in stored form."""

    def __init__(self, links: Iterable[tuple[str, str]]) -> None:
        self._root = _Known()
        for path, target in links:
            link = self._learn(path)
            link.is_ambiguous |= link.target not in (None, target)
            link.target = target

    def tell(self, path: str) -> None:
        """Take a path, and all that is above it, for one whose names may be known."""
        known: _Known | None = self._learn(path)
        while known is not None and not known.is_told:
            known.is_told = True
            known = known.parent

    def leads_inside(self, directory: str, target: str) -> bool:
        """Tell whether a link in a directory (empty for the root) stays inside at every step; a loop leads nowhere."""
        return self._follow(directory, target, []) is not _Nowhere.OUTSIDE

    def tells_only_told(self, directory: str, target: str) -> bool:
        """Tell whether every name that a target leads over, as it is written, is one that may be known."""
        passed: list[_Place] = []
        end = self._follow(directory, target, passed)
        return not isinstance(end, _Nowhere) and all(place.known.is_told and not place.further for place in passed)

    def _learn(self, path: str) -> _Known:
        known = self._root
        for name in path.split("/"):
            key = fold_path(name)
            if key not in known.below:
                known.below[key] = _Known(known)
            known = known.below[key]
        return known

    def _follow(self, directory: str, target: str, passed: list[_Place]) -> _Place | _Nowhere:
        """Follow a target to its end; `passed` gets the places that its own steps name."""
        start = _Place(self._root)
        for name in _steps(directory):
            start = start.step(name)
        if target.startswith("/"):
            return _Nowhere.OUTSIDE
        ways = [_Way(None, _steps(target), start)]
        while True:
            way = ways[-1]
            end = self._go_on(ways, passed)
            if end is None:
                continue
            # This way is at its end: whoever came along it goes on from there, or ends there too.
            ways.pop()
            if way.link is not None:
                way.link.end, way.link.is_entered = end, False
            if not ways:
                return end
            if isinstance(end, _Place):
                ways[-1].at = end
            else:
                return _give_up(ways, end)

    @staticmethod
    def _go_on(ways: list[_Way], passed: list[_Place]) -> _Place | _Nowhere | None:
        """Take the steps of the last way, until it ends or another one has to be followed first, which is added."""
        way = ways[-1]
        for name in way.steps:
            if name == "..":
                above = way.at.step_up()
                if above is None:
                    return _Nowhere.OUTSIDE
                way.at = above
                continue
            place = way.at.step(name)
            if way.link is None:
                passed.append(place)
            link = place.known
            if place.further or link.target is None:
                way.at = place
            elif isinstance(link.end, _Place):
                way.at = link.end
            elif link.end is not None:
                return link.end
            elif link.is_entered:
                return _Nowhere.LOOP
            elif link.is_ambiguous or link.target.startswith("/") or link.parent is None:
                return _Nowhere.OUTSIDE
            else:
                link.is_entered = True
                ways.append(_Way(link, _steps(link.target), _Place(link.parent)))
                return None
        return way.at


def _give_up(ways: list[_Way], end: _Nowhere) -> _Nowhere:
    """End all ways that came along one that leads nowhere."""
    for way in ways:
        if way.link is not None:
            way.link.end, way.link.is_entered = end, False
    return end


def _steps(path: str) -> Iterator[str]:
    return (name for name in path.split("/") if name not in ("", "."))
