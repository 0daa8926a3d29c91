"""Clocks that cannot be right: said, and never an accusation, because a time in an entry is a claim.

A dead battery sets a computer back to 1980, a camera is set to a wrong year. Which of two clocks was wrong nobody can
tell from the two, so both are named.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from evtool.core.custody.chain import Link
from evtool.core.finding import Code, Effect, Finding
from evtool.core.text.counts import counted
from evtool.core.text.times import format_mtime, format_time

BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
"""Before this day there was no evtool that could have written an entry."""

FAR = datetime(2050, 1, 1, tzinfo=UTC)
"""So long after this version was built, a clock is more likely wrong than right."""

TOLERANCE = timedelta(days=1)
"""By so much the clocks of two places differ that both are right: time zones, and file systems without any."""

_DATES = re.compile(rb'"mtime":"([^"\\]*)"')
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

    def add_lines(self, lines: bytes) -> None:
        """Take the lines of statements into account, as they are spelled."""
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
        claimed = format_time(early[0].entry.recorded_at)
        findings.append(_note(f"{_says(early)} {claimed}, when there was no evtool; that clock was wrong", early))
    if late:
        claimed = format_time(late[0].entry.recorded_at)
        here = f"this computer's clock says {_spell(now)}"
        findings.append(_note(f"{_says(late)} {claimed}, but {here}; one of the two clocks is wrong", late))
    return findings


def judge_dates(link: Link, dates: LaterDates) -> list[Finding]:
    """Say that files of a seal are dated later than the seal itself."""
    if not dates.count:
        return []
    claimed = format_time(link.entry.recorded_at)
    files = counted(dates.count, "of its items has a later date", "of its items have later dates")
    message = (
        f"entry {link.entry.sequence} says that it was recorded at {claimed}, but {files}, up to {dates.newest[:10]}"
    )
    message += "; the clock of the signer, or of whatever wrote those files, was wrong"
    return [Finding(Code.CLOCK_DOUBTFUL, Effect.NOTE, message, entry=link.entry.sequence, count=dates.count)]


def judge_own(now: datetime, links: Sequence[Link], dates: LaterDates) -> list[Finding]:
    """Say, before something is signed, that this computer's clock cannot be right."""
    clock, advice = f"this computer's clock says {_spell(now)}", "set it, or the entry will claim a wrong time"
    findings: list[Finding] = []
    if now < BEGINNING:
        findings.append(_note(f"{clock}, when there was no evtool; {advice}"))
    if now > FAR:
        findings.append(_note(f"{clock}, which is decades after this evtool was made; {advice}"))
    newest = max((link.entry.recorded_at for link in links), default=now)
    if newest > now + TOLERANCE:
        findings.append(_note(f"{clock}, but the record has an entry of {format_time(newest)}; {advice}"))
    if dates.count:
        files = counted(dates.count, "new item has a later date", "new items have later dates")
        either = "that clock, or the clock of whatever wrote them, is wrong"
        findings.append(_note(f"{clock}, but {files}, up to {dates.newest[:10]}; {either}", count=dates.count))
    return findings


def _says(links: Sequence[Link]) -> str:
    first = f"entry {links[0].entry.sequence}"
    return f"{first} says that it was recorded at" if len(links) == 1 else f"{len(links)} entries from {first} on claim"


def _spell(moment: datetime) -> str:
    return format_time(moment.astimezone(UTC).replace(microsecond=0))


def _note(message: str, links: Sequence[Link] = (), count: int = 1) -> Finding:
    entry = links[0].entry.sequence if links else None
    return Finding(Code.CLOCK_DOUBTFUL, Effect.NOTE, message, entry=entry, count=len(links) or count)
