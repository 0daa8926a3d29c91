"""Context: what the archivist says about an item beside its consent, one field a statement.

The list of fields is closed, so that two archives mean the same by them; `x-...` fields are an organisation's own.
Values are kept as they were given, with the precision they were given in ("1997", "spring 2011"). What could be a
person's name has no field here: whom an item came from is a code.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from msgspec import Struct

from evtool.core.errors import FormatError
from evtool.core.text.codes import check_code
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import shown
from evtool.core.text.times import parse_user_time, plain_date

MAX_VALUE = 4000
"""Characters of the value of a field."""

KINDS = (
    "interview",
    "report",
    "petition-letter",
    "satellite-imagery",
    "court-document",
    "video",
    "audio",
    "photograph",
    "other",
)
"""What an item can be, in the field `kind`; `x-...` beside these."""

SUBJECTS = "subjects"
"""The field with the codes of the people whom an item is about. A bundle withholds it unless its sender says otherwise:
codes that run through many collections tell who was in the same place, to whoever holds enough of them."""

_OWN = compiled_when_used(r"x-[a-z0-9][a-z0-9_-]{0,60}\Z")
_SEPARATORS = compiled_when_used(r"[\s,;]+")
_CONTROL = compiled_when_used("[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_FIELD_NAME = compiled_when_used(r"[a-z][a-z0-9_-]{0,62}\Z", re.ASCII)
_LANGUAGE = compiled_when_used(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{1,8})*\Z", re.ASCII)
_URL = compiled_when_used(r"[a-z][a-z0-9+.-]*:[^\s\x00-\x1f\x7f]+\Z", re.IGNORECASE)
_NUMBER = compiled_when_used(r"[1-9][0-9]{0,14}\Z", re.ASCII)
_PART_OF_DATE = compiled_when_used(r"[0-9]{4}(-(0[1-9]|1[0-2]))?\Z", re.ASCII)
_TIME_OF_DAY = compiled_when_used(r"[0-9]{1,2}:[0-9]{2}")


class ContextField(Struct, frozen=True):
    """One field.

    Attributes:
        name: how files spell it.
        meaning: a short phrase for people.
        accepted: in words, what it may hold.
        check: raises FormatError for anything else.
    """

    name: str
    meaning: str
    accepted: str
    check: Callable[[str], object]


def _text(value: str) -> None:
    """Anything that `check_value` lets through."""


def _kind(value: str) -> None:
    if value not in KINDS and not _OWN.match(value):
        raise FormatError("unknown kind", key="context-kind")


def _languages(value: str) -> None:
    if not all(_LANGUAGE.match(tag) for tag in value.split(" ")):
        raise FormatError("not a language tag", key="context-language")


def _url(value: str) -> None:
    if not _URL.match(value):
        raise FormatError("not a URL", key="context-url")


def _number(value: str) -> None:
    if not _NUMBER.match(value):
        raise FormatError("not a number", key="context-number")


def _codes(value: str) -> None:
    """Codes of people. Each has a digit, which no name in Latin letters has; none is there twice."""
    codes = value.split(" ")
    if len(codes) != len(set(codes)) or not all(any(map(str.isdecimal, code)) for code in codes):
        raise FormatError("not codes", key="context-codes")
    for code in codes:
        check_code(code)


def _moment(value: str) -> None:
    if _PART_OF_DATE.match(value):
        return
    try:
        if len(value) == 10:
            date.fromisoformat(value)
        else:
            parse_user_time(value)
    except ValueError:
        raise FormatError("not a date", key="context-date") from None


def _as_found(value: str) -> None:
    """Any words, but a time of day needs its offset: without one it is another moment for every reader."""
    if _TIME_OF_DAY.search(value):
        parse_user_time(value)


_TEXT = f"text of 1 to {MAX_VALUE} characters"
_MOMENT = "a year, a month (2026-03), a date (2026-03-01), or a time with its offset (2026-03-01T14:30:00+09:00)"
_AS_FOUND = "a date as precise as it is known, or words; a time of day with its offset (2026-03-01T14:30:00+09:00)"

FIELDS: tuple[ContextField, ...] = (
    ContextField("title", "a neutral title", _TEXT, _text),
    ContextField("description", "a neutral description", _TEXT, _text),
    ContextField("identifier", "the number under which you keep it", _TEXT, _text),
    ContextField("kind", "what it is", f"{', '.join(KINDS)}, or a custom code x-...", _kind),
    ContextField("language", "its languages", "language tags like ko or en-GB, separated by spaces", _languages),
    ContextField("source", "where it came from, as a code", "a code such as S17, never a name", check_code),
    ContextField("source_type", "the kind of source", _TEXT, _text),
    ContextField("collected_at", "when it was collected", _MOMENT, _moment),
    ContextField("collected_how", "how it was collected", _TEXT, _text),
    ContextField("created_at", "when it was made", _AS_FOUND, _as_found),
    ContextField("event_date", "when the event that it shows happened", _AS_FOUND, _as_found),
    ContextField("place", "the approximate place that it shows", _TEXT, _text),
    ContextField(
        "subjects",
        "whom it is about, as codes",
        "codes with a digit such as P0042 P0107, none twice; never names",
        _codes,
    ),
    ContextField("url", "where it was found", "a URL", _url),
    ContextField("derived_from", "number of the sealed item that it was made from", "the number of an item", _number),
)
"""Every field, in the order in which people read them; in a manifest they are sorted by name."""

FIELDS_BY_NAME = {field.name: field for field in FIELDS}
"""Spelling in files -> field."""


def is_field(name: str) -> bool:
    """Tell whether this version writes context statements with this field."""
    return name in FIELDS_BY_NAME or bool(_OWN.match(name))


def is_field_name(name: str) -> bool:
    """Tell whether a context statement can be read: context permits nothing, so a later version's field is kept."""
    return bool(_FIELD_NAME.match(name))


def check_value(name: str, value: str) -> str:
    """Return the value of a field as it is, if a statement can hold it.

    Raises:
        FormatError: it is empty, too long, or holds control characters other than a line break.
    """
    if not 1 <= len(value) <= MAX_VALUE:
        raise FormatError(
            "{name} has {count} characters, expected 1 to {limit}",
            key="wrong-length",
            name=name,
            count=len(value),
            limit=MAX_VALUE,
        )
    if _CONTROL.search(value):
        raise FormatError("{name} holds a control character", key="control-character", name=name)
    return value


def _as_stated(name: str, value: str) -> str:
    """Undo what spreadsheets do to a value of which only one reading fits."""
    if name == "collected_at":
        return plain_date(value)
    if name in ("language", SUBJECTS):
        return " ".join(piece for piece in _SEPARATORS.split(value) if piece)
    return value.lower() if name == "kind" and value.lower() in KINDS else value


def parse_user_value(name: str, text: str) -> str:
    """Read the value of a field as a person typed it.

    Raises:
        FormatError: there is no such field, or the value is not what the field holds, which the message says.
    """
    if not is_field(name):
        known = ", ".join(FIELDS_BY_NAME)
        raise FormatError(
            "{name} is not a field of context",
            hint="the fields are: {known}, and custom ones x-...",
            key="context-field",
            name=shown(name, 80),
            known=known,
        )
    value = check_value(name, _as_stated(name, text.replace("\r\n", "\n").strip()))
    field = FIELDS_BY_NAME.get(name)
    if field is not None:
        try:
            field.check(value)
        except FormatError:
            # The value is not repeated: somebody may have put a name where a code belongs.
            raise FormatError(
                "{name} is not {accepted_en}", key="context-value", name=name, accepted_en=field.accepted
            ) from None
    return value
