"""Clocks that cannot be right: said, and never an accusation, because a time in an entry is a claim.

A dead battery sets a computer back to 1980, a camera is set to a wrong year. Which of two clocks was wrong nobody can
tell from the two, so both are named.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from evtool.core.custody.chain import Link
from evtool.core.finding import Code, Effect, Finding, Words
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.times import format_mtime, format_time, format_utc

BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
"""Before this day there was no evtool that could have written an entry."""

FAR = datetime(2050, 1, 1, tzinfo=UTC)
"""So long after this version was built, a clock is more likely wrong than right."""

TOLERANCE = timedelta(days=1)
"""By so much the clocks of two places differ that both are right: time zones, and file systems without any."""

_DATES = compiled_when_used(rb'"mtime":"([^"\\]*)"')
_NANOSECONDS = 10**9


class LaterDates:
    """Counts the items whose stated modification date is later than a moment.

    Attributes:
        count: how many there are.
        newest: the latest date of them, as statements spell it; "" without any.
    """

    def __init__(self, moment: datetime) -> None:
        self.count = 0
        self.newest = ""
        try:
            limit = moment.astimezone(UTC) + TOLERANCE
        except OverflowError:
            limit = datetime.max.replace(tzinfo=UTC)
        self._limit = int(limit.timestamp()) * _NANOSECONDS
        # All dates have one length, so they sort as texts.
        self._text = format_mtime(self._limit) or ""
        self._bytes = self._text.encode("ascii")

    def add(self, mtime: int | None) -> None:
        """Take one date into account, in nanoseconds since 1970."""
        if mtime is not None and mtime > self._limit:
            self._note(1, format_mtime(mtime) or "")

    def add_lines(self, lines: bytes, newest: int) -> None:
        """Take the lines of statements into account, as they are spelled; none states a later date than `newest`."""
        if newest <= self._limit:
            return
        dates = _DATES.findall(lines)
        if dates and max(dates) > self._bytes:
            later = [date for date in dates if date > self._bytes]
            self._note(len(later), max(later).decode("ascii", "replace"))

    def _note(self, count: int, newest: str) -> None:
        self.count += count
        self.newest = max(self.newest, newest)


def judge_entries(links: Sequence[Link], now: datetime) -> list[Finding]:
    """Name the entries that claim a time at which nobody can have written them, as far as this computer knows."""
    findings: list[Finding] = []
    early = [link for link in links if link.entry.recorded_at < BEGINNING]
    late = [link for link in links if link.entry.recorded_at > now + TOLERANCE]
    if early:
        findings.append(_note_entries("before-evtool", early))
    if late:
        findings.append(_note_entries("after-now", late, now=format_utc(now)))
    return findings


def judge_dates(link: Link, dates: LaterDates) -> list[Finding]:
    """Say that files of a seal are dated later than the seal itself."""
    if not dates.count:
        return []
    says = Words("later-dates", claimed=format_time(link.entry.recorded_at), newest=dates.newest[:10])
    return [Finding(Code.CLOCK_DOUBTFUL, Effect.NOTE, says, entry=link.entry.sequence, count=dates.count)]


def judge_own(now: datetime, links: Sequence[Link], dates: LaterDates) -> list[Finding]:
    """Say, before something is signed, that this computer's clock cannot be right."""
    here, findings = format_utc(now), []
    if now < BEGINNING:
        findings.append(_note(Words("own-before-evtool", now=here)))
    if now > FAR:
        findings.append(_note(Words("own-far", now=here)))
    newest = max((link.entry.recorded_at for link in links), default=now)
    if newest > now + TOLERANCE:
        findings.append(_note(Words("own-before-entry", now=here, newest=format_time(newest))))
    if dates.count:
        findings.append(_note(Words("own-before-dates", now=here, newest=dates.newest[:10]), count=dates.count))
    return findings


def _note_entries(key: str, links: Sequence[Link], **values: str) -> Finding:
    entry = links[0].entry
    says = Words(key, claimed=format_time(entry.recorded_at), **values)
    return _note(says, entry=entry.sequence, count=len(links))


def _note(says: Words, entry: int | None = None, count: int = 1) -> Finding:
    return Finding(Code.CLOCK_DOUBTFUL, Effect.NOTE, says, entry=entry, count=count)
