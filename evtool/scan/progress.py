"""How long work tells its caller that it moves on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from evtool.core.finding import Words
from evtool.scan.meter import Meter

Measure = Iterable[tuple[int | None, int | None]]
"""Gives files and bytes again and again as they are counted; what it gives last is all there is."""


class Progress(Protocol):
    """Receives progress; the command line draws it, a script may log it."""

    @property
    def meter(self) -> Meter | None:
        """What knows the files in work, and how far each of them is.

        None if nobody watches; then nothing is counted.
        """

    def start(self, action: str, files: int | None, size: int | None, *, measure: Measure = ()) -> None:
        """Begin an action on so many files and bytes; None if that is not known.

        `measure` finds it out in small steps, which whoever wants to know may take beside the work.
        """

    def advance(self, files: int, size: int, *, item: bytes = b"", share: float | None = None) -> None:
        """Count finished files and bytes.

        `item` is the path of the last of them; `share` tells how much of the work is done, from 0 to 1, where it can
        be estimated although there are no totals. What the meter counts is finished by then, or goes on.
        """

    def did(self, says: Words) -> None:
        """Hear of a step that stays done if a later one fails; `says` is what to tell then."""


class NoProgress:
    """Progress that nobody watches."""

    meter: Meter | None = None

    def start(self, action: str, files: int | None, size: int | None, *, measure: Measure = ()) -> None:
        """Ignore it."""

    def advance(self, files: int, size: int, *, item: bytes = b"", share: float | None = None) -> None:
        """Ignore it."""

    def did(self, says: Words) -> None:
        """Ignore it."""


class ShareTrack:
    """Knows which share of the work is done where work comes back later than it is handed out, in the same order."""

    def __init__(self, estimate: Callable[[], float]) -> None:
        self._estimate = estimate
        self._marks: deque[tuple[int, float]] = deque()
        self._out = self._back = 0
        self._share: float | None = None

    def hand_out(self, count: int = 1) -> None:
        """Note that work is handed out; the estimate is for all that was so far."""
        self._out += count
        if count > 1 or self._out <= _MARK_ALL or self._out % _MARK_EVERY == 0:
            self._marks.append((self._out, self._estimate()))

    def take_back(self, count: int = 1) -> float | None:
        """Note that work came back, and tell the share that is done by now; None before anything is known."""
        self._back += count
        while self._marks and self._marks[0][0] <= self._back:
            self._share = self._marks.popleft()[1]
        return self._share


_MARK_ALL = 256
_MARK_EVERY = 64
"""Estimates are taken for each of the first pieces of work, then now and then: they cost more than counting."""
