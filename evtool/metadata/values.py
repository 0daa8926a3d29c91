"""Turns values as formats write them into claims.

Every function gives a tuple of claims, empty if there is nothing to claim, so that an extractor can say
`yield from`. A time that cannot be read is counted, never guessed.
"""

from __future__ import annotations

import email.utils
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from msgspec import Struct

from evtool.core.metadata.claims import (
    COUNT_LIMIT,
    NAME_LIMIT,
    RAW_TIME_LIMIT,
    Claim,
    CountClaim,
    DurationClaim,
    PlaceClaim,
    Tag,
    TextClaim,
    TimeClaim,
    clean_text,
)
from evtool.core.metadata.vocabulary import CountKind, OffsetBasis, TextKind, TimeKind
from evtool.core.text.expressions import compiled_when_used
from evtool.core.values import replace

_DIGITS = compiled_when_used(r"\d+", re.ASCII)
_ISO = compiled_when_used(
    r"(\d{4})(?:[-:](\d\d)(?:[-:](\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?)?)?)?\s*"
    r"(Z|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
_PDF = compiled_when_used(
    r"D?:?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:(Z|[+-])(?:(\d\d)'?(?:(\d\d)'?)?)?'?)?", re.ASCII
)
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAC_EPOCH = datetime(1904, 1, 1, tzinfo=UTC)
_FILETIME_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


def text(kind: TextKind, value: object, source: str) -> tuple[Claim, ...]:
    """Claim a text; nothing if it is empty once cleaned."""
    cleaned = clean_text(decode(value) if isinstance(value, bytes) else str(value)) if value is not None else ""
    return (TextClaim(kind, cleaned, source),) if cleaned else ()


@lru_cache(maxsize=1024)
def clean_name(name: str) -> str:
    """Clean the name of a tag; most are those of a standard, and come with every file."""
    return clean_text(name, NAME_LIMIT)


def tag(name: str, value: object) -> tuple[Claim, ...]:
    """Keep a raw tag; nothing where its name or value is empty once cleaned."""
    name = clean_name(name)
    cleaned = clean_text(decode(value) if isinstance(value, bytes) else str(value))
    return (Tag(name, cleaned),) if name and cleaned else ()


class RawTags(Struct, frozen=True):
    """The raw tags of one block, which are spelled only for a form that keeps them.

    Attributes:
        found: name -> tag, as the block's reader has it; names are clean.
        text: gives the text of a tag.
        is_surely_shown: tells of a tag that its text is not empty; false where only the text tells.
    """

    found: Mapping[str, Any]
    text: Callable[[Any], str]
    is_surely_shown: Callable[[Any], bool]

    def spell(self) -> Iterator[Claim]:
        """Give them as `tag` does."""
        for name, found in self.found.items():
            yield from tag(name, self.text(found))

    def number(self) -> int:
        """Count what `spell` gives."""
        shown = self.is_surely_shown
        return sum(1 for name, found in self.found.items() if shown(found) or tag(name, self.text(found)))


def raw_tags(found: Mapping[str, Any], text: Callable[[Any], str], is_surely_shown: Callable[[Any], bool]) -> RawTags:
    """Keep all tags of a block, with whatever names they have."""
    return RawTags({clean_name(name): tag for name, tag in found.items()}, text, is_surely_shown)


def count(kind: CountKind, value: object, source: str) -> tuple[Claim, ...]:
    """Claim a number; nothing if it is 0, no number, or beyond what JSON keeps exact."""
    if isinstance(value, str | bytes):
        digits = value.strip()
        value = int(digits) if len(digits) <= 16 and digits.isdigit() and digits.isascii() else 0
    if not isinstance(value, int) or not 0 < value <= COUNT_LIMIT:
        return ()
    return (CountClaim(kind, int(value), source),)


def duration(seconds: Decimal | None, source: str) -> tuple[Claim, ...]:
    """Claim a duration, to the millisecond."""
    if seconds is None or not seconds.is_finite() or not 0 < seconds < 10**9:
        return ()
    return (DurationClaim(_plain(seconds.quantize(Decimal("0.001"))), source),)


def place(latitude: Decimal, longitude: Decimal, altitude: Decimal | None, raw: str, source: str) -> tuple[Claim, ...]:
    """Claim a place, to the seventh decimal of a degree (about a centimetre); nothing if it is not on Earth."""
    raw = clean_text(raw, 2 * RAW_TIME_LIMIT)
    values = [latitude, longitude, altitude if altitude is not None else Decimal(0)]
    if not raw or not all(value.is_finite() for value in values) or abs(latitude) > 90 or abs(longitude) > 180:
        return ()
    height = _plain(altitude.quantize(Decimal("0.001"))) if altitude is not None and abs(altitude) < 10**6 else ""
    unit = Decimal("0.0000001")
    return (PlaceClaim(_plain(latitude.quantize(unit)), _plain(longitude.quantize(unit)), height, raw, source),)


def _plain(value: Decimal) -> str:
    spelled = f"{value:f}"
    spelled = spelled.rstrip("0").rstrip(".") if "." in spelled else spelled
    return "0" if spelled in ("-0", "") else spelled


def iso_time(kind: TimeKind, raw: object, source: str, offset: str = "", fraction: str = "") -> tuple[Claim, ...]:
    """Claim a time spelled like ISO 8601 or EXIF: `2016-05-01T10:20:30+08:30`, `2016:05:01 10:20:30`.

    `offset` and `fraction` are those that a format keeps in fields of their own. A date without a time of day is
    no point in time, so it is only counted as unreadable, and stays in the raw tags.
    """
    written = clean_text(str(raw), RAW_TIME_LIMIT)
    if not written or not any(digit in written for digit in "123456789"):
        return ()  # EXIF writes blanks or zeros for a time that is not known
    match = _ISO.fullmatch(written)
    if not match or match[5] is None:
        return _unreadable(source)
    local = f"{match[1]}-{match[2]}-{match[3]}T{match[4]}:{match[5]}:{match[6] or '00'}"
    digits = match[7] or (fraction if _DIGITS.fullmatch(fraction) else "")
    shown_offset = match[8] or (offset if re.fullmatch(r"[+-]\d\d:\d\d", offset) else "")
    return _time(kind, local, digits, shown_offset, clean_text(f"{written} {offset}", RAW_TIME_LIMIT), source)


def pdf_time(kind: TimeKind, raw: object, source: str) -> tuple[Claim, ...]:
    """Claim a PDF date, `D:20160501102030+08'30'` (ISO 32000-1, section 7.9.4)."""
    written = clean_text(str(raw), RAW_TIME_LIMIT)
    if not written:
        return ()
    match = _PDF.fullmatch(written)
    if not match or match[5] is None:
        return iso_time(kind, written, source)  # some producers write ISO 8601 here
    local = f"{match[1]}-{match[2]}-{match[3]}T{match[4]}:{match[5]}:{match[6] or '00'}"
    offset = "Z" if match[7] == "Z" else f"{match[7]}{match[8]}:{match[9] or '00'}" if match[7] and match[8] else ""
    return _time(kind, local, "", offset, written, source)


def _time(kind: TimeKind, local: str, digits: str, offset: str, raw: str, source: str) -> tuple[Claim, ...]:
    digits = digits[:9].rstrip("0")
    offset = "+00:00" if offset == "Z" else offset
    if offset and ":" not in offset:
        offset = f"{offset[:3]}:{offset[3:]}"
    written = local + (f".{digits}" if digits else "") + offset
    try:
        datetime.fromisoformat(written)
    except ValueError:
        return _unreadable(source)
    return (TimeClaim(kind, written, OffsetBasis.STATED if offset else OffsetBasis.UNKNOWN, raw, source),)


def mail_time(kind: TimeKind, written: str, source: str) -> tuple[Claim, ...]:
    """Claim a time as messages have it, `Sun, 1 May 2016 10:20:30 +0830` (RFC 5322, section 3.3)."""
    if not written.strip():
        return ()
    try:
        when = email.utils.parsedate_to_datetime(written)
    except (ValueError, TypeError, IndexError):
        return _unreadable(source)
    if when.tzinfo is not None:
        return moment(kind, when, OffsetBasis.STATED, written, source)
    if "-0000" in written:
        # UTC, and nothing said about where.
        return moment(kind, when.replace(tzinfo=UTC), OffsetBasis.FORMAT, written, source)
    return moment(kind, when, OffsetBasis.UNKNOWN, written, source)


def moment(kind: TimeKind, when: datetime, basis: OffsetBasis, raw: str, source: str) -> tuple[Claim, ...]:
    """Claim a time that a library or an own reader has already understood."""
    raw = clean_text(raw, RAW_TIME_LIMIT)
    if when.year < 1000 or not raw or (when.tzinfo is None) != (basis is OffsetBasis.UNKNOWN):
        return _unreadable(source)
    return (TimeClaim(kind, when.isoformat(), basis, raw, source),)


def unix_time(kind: TimeKind, seconds: int, source: str) -> tuple[Claim, ...]:
    """Claim seconds since 1970, which the format defines as UTC; nothing for 0, which stands for "not known"."""
    return _since(_UNIX_EPOCH, timedelta(seconds=1), kind, seconds, source)


def mac_time(kind: TimeKind, seconds: int, source: str) -> tuple[Claim, ...]:
    """Claim seconds since 1904, as QuickTime and ISO/IEC 14496-12 count them; nothing for 0."""
    return _since(_MAC_EPOCH, timedelta(seconds=1), kind, seconds, source)


def file_time(kind: TimeKind, ticks: int, source: str) -> tuple[Claim, ...]:
    """Claim units of 100 ns since 1601 ([MS-DTYP] 2.3.3); nothing for 0."""
    return _since(_FILETIME_EPOCH, timedelta(microseconds=1) / 10, kind, ticks, source)


def _since(epoch: datetime, unit: timedelta, kind: TimeKind, number: int, source: str) -> tuple[Claim, ...]:
    if number == 0:
        return ()
    try:
        # A tenth of a microsecond is no timedelta of its own.
        when = epoch + (unit * number if unit else timedelta(microseconds=number // 10))
    except OverflowError:
        return _unreadable(source)
    return moment(kind, when, OffsetBasis.FORMAT, str(number), source)


def _unreadable(source: str) -> tuple[Claim, ...]:
    return (CountClaim(CountKind.UNREADABLE_TIMES, 1, source),)


def decode(data: bytes) -> str:
    """Read text whose encoding nobody states: UTF-8 if it is, else Korean (CP949, a superset of EUC-KR), else Latin-1.

    CP949 takes many byte strings that were never Korean, so it is taken only where it yields Hangul.
    """
    data = data.split(b"\0", 1)[0]
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        korean = data.decode("cp949")
    except UnicodeDecodeError:
        return data.decode("latin-1")
    return korean if any("\uac00" <= letter <= "\ud7a3" for letter in korean) else data.decode("latin-1")


def with_basis(claim: Claim, basis: OffsetBasis) -> Claim:
    """Say of a claimed time that its offset comes from the format's definition, not from the file."""
    return replace(claim, offset=basis) if isinstance(claim, TimeClaim) else claim
