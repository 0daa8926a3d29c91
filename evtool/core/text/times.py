"""Points in time as files spell them: RFC 3339, with an explicit offset."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from evtool.core.errors import FormatError
from evtool.core.text.expressions import compiled_when_used

_MTIME = compiled_when_used(r"(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)\.(\d{9})Z\Z", re.ASCII)
"""Some versions of Python also read 24:00:00, a second spelling of the next midnight."""
_NANOSECONDS = 1_000_000_000
_DAY = 86_400
_FIRST = int(datetime(1, 1, 1, tzinfo=UTC).timestamp())
_LAST = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_days: dict[int, str] = {}
"""Day number -> its date; the files of one directory mostly share a few days."""

_TWO_DIGITS = [f"{number:02d}" for number in range(60)]


def format_mtime(nanoseconds: int) -> str | None:
    """Spell a modification time, in nanoseconds since 1970, as RFC 3339 in UTC with nine digits.

    Years before 1 and after 9999 have no such spelling: None.
    """
    # Tables and divisions: this runs for many files, and `divmod` and `:09d` take twice as long.
    seconds, fraction = nanoseconds // _NANOSECONDS, nanoseconds % _NANOSECONDS
    if not _FIRST <= seconds <= _LAST:
        return None
    second = seconds % _DAY
    day = _days.get(seconds // _DAY) or _spell_day(seconds // _DAY)
    hour, minute = _TWO_DIGITS[second // 3600], _TWO_DIGITS[second // 60 % 60]
    return f"{day}T{hour}:{minute}:{_TWO_DIGITS[second % 60]}.{str(fraction).zfill(9)}Z"


def quote_mtimes(moments: Iterable[int]) -> list[str]:
    """Spell many modification times as `format_mtime` does, each in its quotes, or as null if it has no spelling."""
    quoted: list[str] = []
    known, start = _FIRST - 1, None
    for moment in moments:
        second, fraction = moment // _NANOSECONDS, moment % _NANOSECONDS
        # Files that were written one after the other share their second.
        if second != known:
            text = format_mtime(second * _NANOSECONDS)
            known, start = second, text and text[:_TO_THE_FRACTION]
        quoted.append(f'"{start}{str(fraction).zfill(9)}Z"' if start else "null")
    return quoted


_TO_THE_FRACTION = len("2000-01-01T00:00:00.")


def _spell_day(day: int) -> str:
    if len(_days) > 10_000:
        _days.clear()
    return _days.setdefault(day, (_EPOCH + timedelta(days=day)).strftime("%Y-%m-%d").rjust(10, "0"))


_day_seconds: dict[str, int] = {}
"""Date -> seconds from 1970 to its beginning; the reverse of `_days`."""


def parse_mtime(text: str) -> int:
    """Read what `format_mtime` wrote, as nanoseconds since 1970.

    Raises:
        FormatError: it is spelled in any other way, or is no date.
    """
    if not _MTIME.match(text):
        raise FormatError("a modification time is not spelled YYYY-MM-DDTHH:MM:SS.nnnnnnnnnZ", key="mtime-spelling")
    return parse_shaped_mtime(text)


def parse_shaped_mtime(text: str) -> int:
    """As `parse_mtime`, for text that is known to have digits and punctuation where they belong.

    Raises:
        FormatError: there is no such day, or no such time of day.
    """
    start, hour, minute, second = _day_seconds.get(text[:10]), int(text[11:13]), int(text[14:16]), int(text[17:19])
    if start is None:
        start = _parse_day(text[:10])
    if hour > 23 or minute > 59 or second > 59:
        raise FormatError("a modification time names a day or hour that does not exist", key="mtime-none")
    return (start + 3600 * hour + 60 * minute + second) * _NANOSECONDS + int(text[20:29])


def _parse_day(text: str) -> int:
    try:
        day = date.fromisoformat(text).toordinal() - _EPOCH.toordinal()
    except ValueError:
        raise FormatError("a modification time names a day or hour that does not exist", key="mtime-none") from None
    if len(_day_seconds) > 10_000:
        _day_seconds.clear()
    return _day_seconds.setdefault(text, day * _DAY)


_YEAR_FIRST = compiled_when_used(
    r"([0-9]{4})(?:[-/.] ?|년 ?)([0-9]{1,2})(?:[-/.] ?|월 ?)([0-9]{1,2})[.일]?(?:[T ]+0?0:00(?::00(?:\.0+)?)?)?\Z"
)


def plain_date(text: str) -> str:
    """Spell a date as files have it, if a spreadsheet wrote it so that only one reading fits; else give it as it is.

    That is so if the year comes first: `2031. 1. 1`, `2026-3-1`, `2026/03/01`, `2026년 3월 1일`, also with a time of
    day of zero. A date such as 3/1/2031 is another day for readers of another country, and stays as it is.
    """
    match = _YEAR_FIRST.match(text.strip())
    return f"{match[1]}-{int(match[2]):02d}-{int(match[3]):02d}" if match else text


def format_time(moment: datetime) -> str:
    """Spell a point in time to the second, with its offset; UTC is written Z."""
    if moment.tzinfo is None:
        raise ValueError("a time needs an offset from UTC")
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def format_utc(moment: datetime) -> str:
    """Spell a point in time in UTC, to the second."""
    return format_time(moment.astimezone(UTC))


def parse_user_time(text: str) -> datetime:
    """Read a time that a person typed: RFC 3339 with an offset.

    Raises:
        FormatError: it is no such time, or has no offset; a time without one is off by hours for a reader elsewhere.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise FormatError(
            "the time is not in RFC 3339 form", hint="write it like 2026-03-01T14:30:00+09:00", key="time-form"
        ) from None
    if moment.tzinfo is None:
        raise FormatError(
            "the time has no offset from UTC",
            hint="write it like 2026-03-01T14:30:00+09:00, or end in Z",
            key="time-offset",
        )
    return moment.replace(microsecond=0)
