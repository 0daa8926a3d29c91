"""Tells which claimed times cannot be so, and as what else the same number could be read."""

from __future__ import annotations

from datetime import UTC, datetime

from evtool.core.metadata.claims import TimeClaim
from evtool.core.metadata.vocabulary import TimeKind

_FIRST_YEARS = (
    ("image/", 1990, "before digital photography; a scan may state when its original was made"),
    ("video/", 1990, "before digital video"),
    ("audio/", 1990, "before sound files"),
    ("application/pdf", 1993, "before the first version of PDF"),
    ("message/rfc822", 1982, "before the first standard of such messages"),
    ("", 1980, "before such files were made"),
)
"""How a media type begins -> the first year in which a file of that kind can have been made, roughly."""

_OF_OTHERS = (TimeKind.EARLIEST_ENTRY, TimeKind.LATEST_ENTRY)
"""Kinds of times that are not those of the file itself."""

_COUNTED_FROM = {"mvhd": 1904, "tkhd": 1904, "gzip": 1970, "Info DateUTC": 2001, "ASF": 1601, "summary": 1601}
"""How the source of a counted time begins -> the year from which its format counts."""

_ORIGINS = (1970, 1904)
"""From which other years programs are known to count by mistake."""


def why_too_early(time: TimeClaim, media_type: str) -> str:
    """Say why a file of this type cannot have been made at a time; "" if it can."""
    if time.kind in _OF_OTHERS:
        return ""
    _, year, why = next(row for row in _FIRST_YEARS if media_type.startswith(row[0]))
    return why if time.moment().year < year else ""


def reading_that_fits(time: TimeClaim, media_type: str, now: datetime) -> str:
    """Say as what else a counted time could be read so that it lies between the format's beginning and `now`; or ""."""
    origin = next((year for start, year in _COUNTED_FROM.items() if time.source.startswith(start)), None)
    if origin is None or time.moment().tzinfo is None:
        return ""
    first = next(year for start, year, _ in _FIRST_YEARS if media_type.startswith(start))
    for other in _ORIGINS:
        try:
            read = time.moment() + (datetime(other, 1, 1, tzinfo=UTC) - datetime(origin, 1, 1, tzinfo=UTC))
        except OverflowError:
            continue
        if other != origin and first <= read.year and read <= now:
            return f"; if the program counted from 1 January {other}, it means {read.isoformat(timespec='seconds')}"
    return ""
