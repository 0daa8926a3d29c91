"""The vocabulary in which a file's own claims are stated.

A claim is what a file says about itself: nothing here was observed by evtool, and nothing is judged. Every claim keeps
the tag it was read from (`source`), every kind belongs to a sensitivity class, and every value is bounded, so that
all claims of one file fit into one manifest line.

Numbers that are not integers are decimal text ("39.019444"), because statements carry integers only. A time without
an offset stays without one: no zone is ever assumed. `Claims.reduce_to_basic` leaves out what could name a person,
a device or a place, and says by kind how much it left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from evtool.core.errors import FormatError
from evtool.core.metadata.vocabulary import (
    TEXT_WITHHELD,
    CountKind,
    Detail,
    OffsetBasis,
    TextKind,
    TimeKind,
    Withheld,
)
from evtool.core.text.expressions import compiled_when_used
from evtool.core.values import replace

TEXT_LIMIT = 512
"""Characters of one text value or one raw tag value."""

NAME_LIMIT = 96
"""Characters of a source or of a raw tag's name."""

RAW_TIME_LIMIT = 64
"""Characters of a time or place as it was found."""

COUNT_LIMIT = 2**53 - 1
"""The largest integer that every JSON reader keeps exact (RFC 8259, section 6)."""

LIST_LIMIT = 64
"""Claims of one type in one file."""

TAG_LIMIT = 400
"""Raw tags of one file."""


_UNSAFE = compiled_when_used(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
"""Controls, bidirectional controls, line separators, surrogates and noncharacters: none of them is text."""

_SPACES = compiled_when_used(r"[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
"""White space, listed here because `str.split` asks the Unicode tables of the interpreter."""

_SOURCE = compiled_when_used(r"[!-~](?:[ -~]*[!-~])?\Z")
_MEDIA_TYPE = compiled_when_used(r"[a-z]+/[a-z0-9][a-z0-9.+-]*\Z")
_EXTENSION = compiled_when_used(r"[a-z0-9][a-z0-9.+-]{0,15}\Z")
_PUID = compiled_when_used(r"(?:x-)?fmt/[1-9][0-9]*\Z")
_NAME = compiled_when_used(r"[a-z][a-z0-9-]{0,31}\Z")
_LOCAL = compiled_when_used(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?", re.ASCII)
_OFFSET = compiled_when_used(r"[+-]\d\d:\d\d\Z", re.ASCII)
_DECIMAL = compiled_when_used(r"-?(?:0|[1-9]\d{0,8})(?:\.\d{1,9})?\Z", re.ASCII)


def clean_text(text: str, limit: int = TEXT_LIMIT) -> str:
    """Make text from outside fit to be stated: one line, no controls, at most `limit` characters.

    White space of any kind becomes single spaces, other controls become U+FFFD, so that their presence stays
    visible. The letters themselves are kept as found; in particular they are not normalised. May return "".
    """
    if not (text.isascii() and text.isprintable()):
        # NUL first: fixed-size fields are padded with it, and what follows the first one is left-over memory.
        text = _UNSAFE.sub("\ufffd", _SPACES.sub(" ", text.split("\0", 1)[0]))
    if "  " in text:  # what is left of white space, without asking the slower pattern of every text
        text = _SPACES.sub(" ", text)
    text = text.strip(" ")
    return text if len(text) <= limit else text[: limit - 1].rstrip(" ") + "\u2026"


class FormatClaim(Struct, frozen=True):
    """What the first bytes of the content are a signature of; the file's name plays no part.

    Attributes:
        media_type: as registered with IANA where it is, lower case.
        name: the format in words.
        extensions: usual file name extensions, without the dot, lower case; empty if none is usual.
        puid: PRONOM's identifier; "" where the content does not tell which one it is.
    """

    media_type: str
    name: str
    extensions: tuple[str, ...] = ()
    puid: str = ""

    def __post_init__(self) -> None:
        _check(_MEDIA_TYPE, self.media_type, "media type", 127)
        _check_text(self.name, "format name", NAME_LIMIT)
        _check_length(self.extensions, "extensions", 32)
        for extension in self.extensions:
            _check(_EXTENSION, extension, "extension", 16)
        if self.puid:
            _check(_PUID, self.puid, "PRONOM identifier", 16)


class TimeClaim(Struct, frozen=True):
    """A time as the file states it.

    Attributes:
        kind: what it is said to be the time of.
        time: RFC 3339; with its offset, or without one where `offset` is unknown.
        offset: how its offset is known.
        raw: as found.
        source: the tag it was read from.
    """

    kind: TimeKind
    time: str
    offset: OffsetBasis
    raw: str
    source: str

    def __post_init__(self) -> None:
        _check_source(self.source)
        _check_text(self.raw, "raw time", RAW_TIME_LIMIT)
        match = _LOCAL.match(self.time)
        rest = self.time[match.end() :] if match else ""
        if (
            not match
            or bool(_OFFSET.match(rest)) == (self.offset is OffsetBasis.UNKNOWN)
            or (rest and not _OFFSET.match(rest))
        ):
            raise FormatError(
                "a claimed time is not RFC 3339, or its offset contradicts the other fields", key="claim-time"
            )
        try:
            self.moment()
        except ValueError:
            raise FormatError("a claimed time is not a day in the calendar", key="claim-day") from None

    def moment(self) -> datetime:
        """Give the time as a datetime, which is naive where the offset is unknown."""
        return datetime.fromisoformat(self.time)


class PlaceClaim(Struct, frozen=True):
    """A place in decimal degrees of the datum that the file uses (WGS 84 where it says nothing).

    Attributes:
        latitude: -90 to 90, north positive.
        longitude: -180 to 180, east positive.
        altitude: metres, or "" where none is stated.
        raw: as found.
        source: the tag it was read from.
    """

    latitude: str
    longitude: str
    altitude: str
    raw: str
    source: str

    def __post_init__(self) -> None:
        _check_source(self.source)
        _check_text(self.raw, "raw place", 2 * RAW_TIME_LIMIT)
        for value, limit, name in ((self.latitude, 90, "latitude"), (self.longitude, 180, "longitude")):
            _check(_DECIMAL, value, name, 20)
            if abs(float(value)) > limit:
                raise FormatError(
                    "a claimed {name_en} is beyond {limit} degrees", key="claim-place", name_en=name, limit=limit
                )
        if self.altitude:
            _check(_DECIMAL, self.altitude, "altitude", 20)


class DurationClaim(Struct, frozen=True):
    """How long a recording is said to last, in seconds, as decimal text.

    Attributes:
        seconds: decimal text.
        source: the tag it was read from.
    """

    seconds: str
    source: str

    def __post_init__(self) -> None:
        _check_source(self.source)
        _check(_DECIMAL, self.seconds, "duration", 20)
        if self.seconds.startswith("-"):
            raise FormatError("a claimed duration is negative", key="claim-duration")


class TextClaim(Struct, frozen=True):
    """A text value of a known kind.

    Attributes:
        kind: what the text is said to be.
        value: one line, cleaned and cut.
        source: the tag it was read from.
    """

    kind: TextKind
    value: str
    source: str

    def __post_init__(self) -> None:
        _check_source(self.source)
        _check_text(self.value, self.kind.code, TEXT_LIMIT)


class CountClaim(Struct, frozen=True):
    """A number of things; 1 where the thing is merely noted as present.

    Attributes:
        kind: what is counted.
        value: how many.
        source: the tag it was read from.
    """

    kind: CountKind
    value: int
    source: str

    def __post_init__(self) -> None:
        _check_source(self.source)
        if type(self.value) is not int or not 0 <= self.value <= COUNT_LIMIT:
            raise FormatError("a claimed count of {kind} is out of range", key="claim-count", kind=self.kind.value)


class Tag(Struct, frozen=True):
    """A raw tag: its name and its value as text, cleaned and cut but not interpreted.

    A photograph has fifty of them, and the basic form only counts them; so it is not checked when it is made.

    Attributes:
        name: name of the tag.
        value: its value.
    """

    name: str
    value: str

    def check(self) -> None:
        """Refuse what is not cleaned and cut.

        Raises:
            FormatError: a text is not fit to be stated.
        """
        _check_text(self.name, "tag name", NAME_LIMIT)
        _check_text(self.value, "tag value", TEXT_LIMIT)


Claim = TimeClaim | PlaceClaim | DurationClaim | TextClaim | CountClaim | Tag
"""Anything that an extractor can find."""


class Problem(Struct, frozen=True):
    """Why one extractor stopped before its end; what it had found until then is kept.

    Attributes:
        extractor: name of the extractor.
        reason: why it stopped.
    """

    extractor: str
    reason: str

    def __post_init__(self) -> None:
        _check(_NAME, self.extractor, "extractor", 32)
        _check_text(self.reason, "reason", NAME_LIMIT)


class Claims(Struct, frozen=True):
    """All that one file says about itself.

    Attributes:
        format: what its content is a signature of; None if no signature is known.
        times: times it states.
        places: places it states.
        durations: durations it states.
        texts: texts of known kinds.
        counts: what was counted or noted in it.
        tags: raw tags, not interpreted.
        detail: whether this is the full or the basic form.
        withheld: what the basic form left out, by kind; empty in the full form.
        dropped: claims and tags left out because there were too many or too large ones.
        problems: extractors that did not reach their end.
    """

    format: FormatClaim | None = None
    times: tuple[TimeClaim, ...] = ()
    places: tuple[PlaceClaim, ...] = ()
    durations: tuple[DurationClaim, ...] = ()
    texts: tuple[TextClaim, ...] = ()
    counts: tuple[CountClaim, ...] = ()
    tags: tuple[Tag, ...] = ()
    detail: Detail = Detail.FULL
    withheld: tuple[tuple[Withheld, int], ...] = ()
    dropped: int = 0
    problems: tuple[Problem, ...] = ()

    def __post_init__(self) -> None:
        for values in (self.times, self.places, self.durations, self.texts, self.counts, self.problems):
            _check_length(values, "claims of one type", LIST_LIMIT)
        _check_length(self.tags, "tags", TAG_LIMIT)
        if self.detail is Detail.BASIC:
            if self.places or self.tags or any(text.kind.detail is Detail.FULL for text in self.texts):
                raise FormatError(
                    "the claims are marked as basic, but contain what the basic form leaves out", key="claims-basic"
                )
        elif self.withheld:
            raise FormatError("the claims are marked as full, but say that something was left out", key="claims-full")
        kinds = [kind for kind, _ in self.withheld]
        if kinds != [kind for kind in Withheld if kind in kinds] or any(number < 1 for _, number in self.withheld):
            raise FormatError("what was left out is not listed once for each kind, in order", key="claims-left-out")

    def sensitive(self) -> tuple[tuple[Withheld, int], ...]:
        """Count by kind what the basic form leaves out, or has left out; values are never part of the answer."""
        if self.detail is Detail.BASIC:
            return self.withheld
        counted = Counter(
            TEXT_WITHHELD.get(text.kind, Withheld.TEXT) for text in self.texts if text.kind.detail is Detail.FULL
        )
        counted[Withheld.PLACE] += len(self.places)
        counted[Withheld.TAG] += len(self.tags)
        return tuple((kind, counted[kind]) for kind in Withheld if counted[kind])

    @property
    def holds_recording(self) -> bool:
        """Whether a video or a sound recording was found inside a picture, or behind it."""
        return any(count.kind is CountKind.EMBEDDED_RECORDINGS for count in self.counts)

    def free_texts(self) -> Iterator[str]:
        """Give every text whose words the file chose, so that it can be looked through for what must not be written."""
        for text in self.texts:
            yield from (text.value, text.source)
        for tag in self.tags:
            yield from (tag.name, tag.value)
        for time in self.times:
            yield from (time.raw, time.source)
        for place in self.places:
            yield from (place.latitude, place.longitude, place.raw, place.source)
        yield from (duration.source for duration in self.durations)
        yield from (count.source for count in self.counts)
        yield from (problem.reason for problem in self.problems)

    def reduce_to_basic(self) -> Claims:
        """Leave out places, serial numbers, names, free text and raw tags, and say by kind how many there were."""
        if self.detail is Detail.BASIC:
            return self
        return replace(
            self,
            places=(),
            texts=tuple(text for text in self.texts if text.kind.detail is Detail.BASIC),
            tags=(),
            detail=Detail.BASIC,
            withheld=self.sensitive(),
        )


def _check(pattern: re.Pattern[str], value: str, name: str, limit: int) -> None:
    if len(value) > limit or not pattern.match(value):
        raise FormatError("a claimed {name_en} is not in its canonical spelling", key="claim-spelling", name_en=name)


def _check_source(value: str) -> None:
    _check(_SOURCE, value, "source", NAME_LIMIT)


def _check_text(value: str, name: str, limit: int) -> None:
    if not value or clean_text(value, limit) != value:
        raise FormatError(
            "a claimed {name_en} is empty or too long, or contains control characters or surplus white space",
            key="claim-text",
            name_en=name,
        )


def _check_length(values: Sequence[object], name: str, limit: int) -> None:
    if len(values) > limit:
        raise FormatError(
            "there are {count} {name_en}, at most {limit} are allowed",
            key="claims-many",
            count=len(values),
            name_en=name,
            limit=limit,
        )
