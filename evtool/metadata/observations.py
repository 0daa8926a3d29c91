"""Points out what does not fit together in what a file claims and what was observed of it.

Observations are never verdicts: clocks are wrong, files are copied, programs are careless. Each has a code that stays
the same, and a sentence that names the values compared. None is made where a claim is missing: absence is no
contradiction.

A time without an offset is compared as the whole span of instants that it could stand for, from UTC+14:00 to
UTC-12:00, so that no observation depends on a zone that nobody stated.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from enum import Enum

from msgspec import Struct

from evtool.core.metadata.claims import Claims, FormatClaim, TimeClaim
from evtool.core.metadata.vocabulary import CountKind, OffsetBasis, TimeKind
from evtool.core.text.expressions import compiled_when_used
from evtool.metadata.format_table import SIGNED_EXTENSIONS
from evtool.metadata.impossible_times import reading_that_fits, why_too_early


class ObservationCode(Enum):
    """What was noticed; the codes are stable."""

    EXTENSION_MISMATCH = "extension-mismatch"
    TIME_IN_FUTURE = "time-in-future"
    TIME_AFTER_SEAL = "time-after-seal"
    OFFSET_UNKNOWN = "offset-unknown"
    NAME_DATE_DIFFERS = "name-date-differs"
    FILE_OLDER_THAN_CLAIM = "file-older-than-claim"
    MODIFIED_AFTER_CREATION = "modified-after-creation"
    MODIFIED_BEFORE_CREATION = "modified-before-creation"
    TIMES_DISAGREE = "times-disagree"
    GPS_TIME_OFFSET = "gps-time-offset"
    GPS_TIME_DIFFERS = "gps-time-differs"
    PYONGYANG_HALF_HOUR = "pyongyang-half-hour"
    UNSET_CLOCK = "unset-clock"
    IMPOSSIBLE_TIME = "impossible-time"
    UNREADABLE_TIME = "unreadable-time"
    SEVERAL_ANSWERS = "several-answers"
    SIZES_DISAGREE = "sizes-disagree"
    LEADING_DATA = "leading-data"
    APPENDED_DATA = "appended-data"
    EMBEDDED_RECORDING = "embedded-recording"
    EMPTY_FILE = "empty-file"


class MetadataObservation(Struct, frozen=True):
    """One thing that was noticed: its code, and a sentence that holds no name, place or serial number."""

    code: ObservationCode
    message: str


class Observed(Struct, frozen=True):
    """What was seen of a file without parsing it.

    Attributes:
        name: its stored name; only the last component counts.
        size: bytes.
        modified: modification time, with its offset.
    """

    name: str
    size: int
    modified: datetime


_CLOCK_TOLERANCE = timedelta(minutes=10)
_ROUNDING = timedelta(seconds=2)
"""FAT file systems and ZIP archives keep even seconds only."""

_EASTERNMOST, _WESTERNMOST = timedelta(hours=14), timedelta(hours=12)

_PYONGYANG = timedelta(hours=8, minutes=30)
_PYONGYANG_SPAN = (date(2015, 8, 15), date(2018, 5, 4))
"""First and last day on which clocks in the DPRK showed UTC+08:30 (tz database, Asia/Pyongyang)."""

_ZERO_DAYS = {date(year, 1, 1) for year in (1601, 1904, 1970, 1980, 2000, 2001)}
"""Where clocks and formats begin to count."""

_ORIGINS = (TimeKind.CAPTURED, TimeKind.CREATED, TimeKind.DIGITIZED)
_MANY = (TimeKind.RECEIVED, TimeKind.EARLIEST_ENTRY, TimeKind.LATEST_ENTRY)
"""Kinds of which a file honestly states several."""

_NAME_DATE = compiled_when_used(r"(?<!\d)((?:19|20)\d\d)([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?!\d)", re.ASCII)
_KOREAN_DATE = compiled_when_used(r"(?<!\d)((?:19|20)\d\d)년() ?(\d{1,2})월 ?(\d{1,2})일", re.ASCII)


def observe(
    claims: Claims, observed: Observed, now: datetime, sealed: datetime | None = None
) -> tuple[MetadataObservation, ...]:
    """Point out what does not fit together.

    `now` is the clock of the computer that looks, `sealed` the time of a seal over the file, if there is one. Both
    carry an offset.
    """
    groups = (
        _empty(observed),
        _extension(claims, observed),
        _future(claims, now, sealed),
        _offsets(claims),
        _file_name(claims, observed),
        _file_time(claims, observed),
        _order(claims),
        _disagreements(claims),
        _gps(claims),
        _pyongyang(claims),
        _unlikely_times(claims, now),
        _sizes(claims),
        _leftovers(claims),
    )
    return tuple(itertools.chain.from_iterable(groups))


def _empty(observed: Observed) -> Iterator[MetadataObservation]:
    if not observed.size:
        message = "the file is empty; a copy may have failed, or it is a placeholder of a cloud service"
        yield MetadataObservation(ObservationCode.EMPTY_FILE, message)


def _span(time: TimeClaim) -> tuple[datetime, datetime]:
    """Give the first and last instant that a claimed time can stand for."""
    moment = time.moment()
    if moment.tzinfo is not None:
        return moment.astimezone(UTC), moment.astimezone(UTC)
    moment = moment.replace(tzinfo=UTC)
    return moment - _EASTERNMOST, moment + _WESTERNMOST


def _differ(one: TimeClaim, other: TimeClaim) -> bool:
    if one.offset is OffsetBasis.UNKNOWN and other.offset is OffsetBasis.UNKNOWN:
        return abs(one.moment() - other.moment()) > _ROUNDING
    return _before(one, other) or _before(other, one)


def _before(one: TimeClaim, other: TimeClaim) -> bool:
    return _span(one)[1] + _ROUNDING < _span(other)[0]


def _named(time: TimeClaim) -> str:
    unknown = ", offset unknown" if time.offset is OffsetBasis.UNKNOWN else ""
    return f"{time.kind.value} {time.time}{unknown} ({time.source})"


def _of(claims: Claims, *kinds: TimeKind) -> list[TimeClaim]:
    return [time for time in claims.times if time.kind in kinds]


def _extension(claims: Claims, observed: Observed) -> Iterator[MetadataObservation]:
    base = observed.name.rpartition("/")[2]
    stem, _, extension = base.rpartition(".")
    extension = extension.lower()
    if not stem or not observed.size:
        return
    found = claims.format
    if found is None and extension in SIGNED_EXTENSIONS:
        message = f"the name ends in .{extension}, the content has no signature that is known"
    elif found is not None and _contradicts(found, extension):
        message = f"the name ends in .{extension}, the content is of the format {found.name} ({found.media_type})"
    else:
        return
    yield MetadataObservation(ObservationCode.EXTENSION_MISMATCH, message)


def _contradicts(found: FormatClaim, extension: str) -> bool:
    if extension in found.extensions or not extension.isalnum() or len(extension) > 8:
        return False  # it fits, or is no extension but a dot in the name
    return bool(found.extensions) or extension in SIGNED_EXTENSIONS


def _future(claims: Claims, now: datetime, sealed: datetime | None) -> Iterator[MetadataObservation]:
    for time in claims.times:
        if sealed is not None and _span(time)[0] > sealed + _CLOCK_TOLERANCE:
            yield MetadataObservation(ObservationCode.TIME_AFTER_SEAL, f"{_named(time)} is later than the seal")
        elif _span(time)[0] > now + _CLOCK_TOLERANCE:
            reading = reading_that_fits(time, _media_type(claims), now)
            message = f"{_named(time)} is later than this computer's clock{reading}"
            yield MetadataObservation(ObservationCode.TIME_IN_FUTURE, message)


def _unlikely_times(claims: Claims, now: datetime) -> Iterator[MetadataObservation]:
    for time in claims.times:
        if time.moment().date() in _ZERO_DAYS:
            message = f"{_named(time)} is a day on which clocks that were never set begin to count"
            yield MetadataObservation(ObservationCode.UNSET_CLOCK, message)
        elif why := why_too_early(time, _media_type(claims)):
            message = f"{_named(time)} is {why}{reading_that_fits(time, _media_type(claims), now)}"
            yield MetadataObservation(ObservationCode.IMPOSSIBLE_TIME, message)


def _media_type(claims: Claims) -> str:
    return claims.format.media_type if claims.format else ""


def _offsets(claims: Claims) -> Iterator[MetadataObservation]:
    kinds = dict.fromkeys(time.kind.value for time in claims.times if time.offset is OffsetBasis.UNKNOWN)
    if kinds:
        message = f"no offset is stated for: {', '.join(kinds)}; the place of the clock is open"
        yield MetadataObservation(ObservationCode.OFFSET_UNKNOWN, message)


def _file_name(claims: Claims, observed: Observed) -> Iterator[MetadataObservation]:
    base = observed.name.rpartition("/")[2]
    match = _NAME_DATE.search(base) or _KOREAN_DATE.search(base)
    if not match:
        return
    try:
        named = date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError:
        return
    for time in _of(claims, TimeKind.CAPTURED) or _of(claims, TimeKind.CREATED):
        # A day of difference can be a difference of zones.
        if abs(time.moment().date() - named) > timedelta(days=1):
            message = f"the name holds the date {named}, the file claims {_named(time)}"
            yield MetadataObservation(ObservationCode.NAME_DATE_DIFFERS, message)


def _file_time(claims: Claims, observed: Observed) -> Iterator[MetadataObservation]:
    for time in _of(claims, *_ORIGINS):
        if _span(time)[0] > observed.modified + _CLOCK_TOLERANCE:
            modified = observed.modified.astimezone(UTC).isoformat(timespec="seconds")
            message = f"the file was last modified at {modified}, before it was {_named(time)}"
            yield MetadataObservation(ObservationCode.FILE_OLDER_THAN_CLAIM, message)


def _order(claims: Claims) -> Iterator[MetadataObservation]:
    media_type = _media_type(claims)
    for created, modified in itertools.product(_of(claims, *_ORIGINS), _of(claims, TimeKind.MODIFIED)):
        message = f"{_named(modified)}; {_named(created)}"
        if _earlier(modified, created):
            yield MetadataObservation(ObservationCode.MODIFIED_BEFORE_CREATION, message)
        # Everyone edits a text after creating it; a PDF or a photograph is usually made once.
        elif _earlier(created, modified) and (media_type == "application/pdf" or media_type.startswith("image/")):
            yield MetadataObservation(ObservationCode.MODIFIED_AFTER_CREATION, message)


def _earlier(one: TimeClaim, other: TimeClaim) -> bool:
    """Tell whether one time is surely before another; two times of one unknown place are compared as they are."""
    if one.offset is OffsetBasis.UNKNOWN and other.offset is OffsetBasis.UNKNOWN:
        return one.moment() + _ROUNDING < other.moment()
    return _before(one, other)


def _disagreements(claims: Claims) -> Iterator[MetadataObservation]:
    for kind in TimeKind:
        times = [] if kind in _MANY else _of(claims, kind)
        for first, second in itertools.combinations(times, 2):
            if _differ(first, second):
                yield MetadataObservation(ObservationCode.TIMES_DISAGREE, f"{_named(first)}; {_named(second)}")


def _gps(claims: Claims) -> Iterator[MetadataObservation]:
    for gps, captured in itertools.product(_of(claims, TimeKind.GPS), _of(claims, TimeKind.CAPTURED)):
        if captured.offset is not OffsetBasis.UNKNOWN:
            if abs(captured.moment() - gps.moment()) > _CLOCK_TOLERANCE:
                yield MetadataObservation(ObservationCode.GPS_TIME_DIFFERS, f"{_named(gps)}; {_named(captured)}")
            continue
        difference = captured.moment().replace(tzinfo=UTC) - gps.moment()
        quarters = round(difference / timedelta(minutes=15))
        implied = timedelta(minutes=15) * quarters
        if abs(difference - implied) <= timedelta(minutes=2) and -_WESTERNMOST <= implied <= _EASTERNMOST:
            message = f"captured minus GPS time is {_spelled(implied)}, which would be the camera's offset"
            yield MetadataObservation(ObservationCode.GPS_TIME_OFFSET, message)
        else:
            yield MetadataObservation(ObservationCode.GPS_TIME_DIFFERS, f"{_named(gps)}; {_named(captured)}")


def _spelled(offset: timedelta) -> str:
    minutes = abs(offset) // timedelta(minutes=1)
    return f"{'-' if offset < timedelta(0) else '+'}{minutes // 60:02}:{minutes % 60:02}"


def _pyongyang(claims: Claims) -> Iterator[MetadataObservation]:
    first, last = _PYONGYANG_SPAN
    unknown = [time for time in claims.times if time.offset is OffsetBasis.UNKNOWN]
    within = [time for time in unknown if first <= time.moment().date() <= last]
    if within:
        kinds = ", ".join(dict.fromkeys(time.kind.value for time in within))
        message = (
            f"{kinds}: from {first} to {last} clocks in the DPRK showed UTC+08:30, not +09:00; for a clock there the "
            "difference is half an hour"
        )
        yield MetadataObservation(ObservationCode.PYONGYANG_HALF_HOUR, message)
    for time in claims.times:
        if time.moment().utcoffset() == _PYONGYANG:
            inside = first <= time.moment().date() <= last
            when = "while" if inside else "although it was not the time when"
            message = f"{_named(time)} states +08:30, {when} clocks in the DPRK showed it ({first} to {last})"
            yield MetadataObservation(ObservationCode.PYONGYANG_HALF_HOUR, message)


def _sizes(claims: Claims) -> Iterator[MetadataObservation]:
    """Compare what EXIF says of a picture's size with the picture; cameras turn pictures, so their order is free."""
    if not _media_type(claims).startswith("image/"):
        return
    stated = _size(claims, lambda source: source.startswith("EXIF "))
    actual = _size(claims, lambda source: not source.startswith("EXIF "))
    if stated and actual and sorted(stated) != sorted(actual):
        message = (
            f"the picture is {actual[0]} x {actual[1]}, its EXIF says {stated[0]} x {stated[1]}: it was cut or scaled, "
            "or the EXIF is that of another picture"
        )
        yield MetadataObservation(ObservationCode.SIZES_DISAGREE, message)


def _size(claims: Claims, is_meant: Callable[[str], bool]) -> tuple[int, int] | None:
    found = [
        next((count.value for count in claims.counts if count.kind is kind and is_meant(count.source)), 0)
        for kind in (CountKind.WIDTH, CountKind.HEIGHT)
    ]
    return (found[0], found[1]) if all(found) else None


_REMARKS = {
    CountKind.UNREADABLE_TIMES: (
        ObservationCode.UNREADABLE_TIME,
        "a time is stated that cannot be read ({0.source})",
    ),
    CountKind.REPEATED_FIELDS: (
        ObservationCode.SEVERAL_ANSWERS,
        "what may be stated once is stated {0.value} times, and programs differ in which one they show ({0.source})",
    ),
    CountKind.LEADING_BYTES: (
        ObservationCode.LEADING_DATA,
        "bytes stand before what the format describes: {0.kind.value} {0.value} ({0.source})",
    ),
    CountKind.APPENDED_ARCHIVES: (
        ObservationCode.APPENDED_DATA,
        "more follows after what the format describes: {0.kind.value} {0.value} ({0.source})",
    ),
    CountKind.TRAILING_BYTES: (
        ObservationCode.APPENDED_DATA,
        "more follows after what the format describes: {0.kind.value} {0.value} ({0.source})",
    ),
    CountKind.EMBEDDED_RECORDINGS: (
        ObservationCode.EMBEDDED_RECORDING,
        "the picture holds a video or a sound recording, which most programs do not show ({0.source})",
    ),
}
"""What is noted of a count."""


def _leftovers(claims: Claims) -> Iterator[MetadataObservation]:
    for count in claims.counts:
        if count.kind in _REMARKS:
            code, words = _REMARKS[count.kind]
            yield MetadataObservation(code, words.format(count))
