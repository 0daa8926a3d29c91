"""Claims as a JSON document, written for a statement or read back from a stranger.

Reading treats the document as hostile: known fields only, exact types, known words, bounded lengths, one spelling.
`parse_claims(claims_document(claims)) == claims` holds for all claims, and `claims_document(parse_claims(document))
== document` for every document that is accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar

from msgspec.json import Encoder

from evtool.core.errors import FormatError
from evtool.core.metadata.claims import (
    COUNT_LIMIT,
    Claims,
    CountClaim,
    DurationClaim,
    FormatClaim,
    PlaceClaim,
    Problem,
    Tag,
    TextClaim,
    TimeClaim,
)
from evtool.core.metadata.vocabulary import VOCABULARY, CountKind, Detail, OffsetBasis, TextKind, TimeKind, Withheld
from evtool.core.text.canonical import parse_canonical
from evtool.core.values import replace

DOCUMENT_LIMIT = 48 << 10
"""Bytes of one document in UTF-8: a manifest line holds at most 64 KiB, and carries more than the claims."""

_REMEMBERED = 1024
_SHORT = 2 << 10
"""Documents of at most so many bytes are remembered, and so many of them: thousands of files of a collection share a
few hundred documents. A stranger's documents cannot take more than these two allow."""

_E = TypeVar("_E", bound=Enum)
_T = TypeVar("_T")

_TEXT_KINDS = {kind.code: kind for kind in TextKind}


def claims_document(claims: Claims) -> dict[str, Any]:
    """Give claims as a document of JSON values: objects, arrays, text and integers; what is empty is left out."""
    document: dict[str, Any] = {"vocabulary": VOCABULARY, "detail": claims.detail.value}
    if claims.format is not None:
        document["format"] = {"media_type": claims.format.media_type, "name": claims.format.name}
        if claims.format.extensions:
            document["format"]["extensions"] = list(claims.format.extensions)
        if claims.format.puid:
            document["format"]["puid"] = claims.format.puid
    lists: dict[str, list[dict[str, Any]]] = {
        "times": [_time_document(time) for time in claims.times],
        "places": [_place_document(place) for place in claims.places],
        "durations": [{"seconds": item.seconds, "source": item.source} for item in claims.durations],
        "texts": [{"kind": text.kind.code, "value": text.value, "source": text.source} for text in claims.texts],
        "counts": [{"kind": item.kind.value, "value": item.value, "source": item.source} for item in claims.counts],
        "tags": [{"name": tag.name, "value": tag.value} for tag in claims.tags],
        "problems": [{"extractor": item.extractor, "reason": item.reason} for item in claims.problems],
    }
    document.update((name, items) for name, items in lists.items() if items)
    if claims.withheld:
        document["withheld"] = {kind.value: number for kind, number in claims.withheld}
    if claims.dropped:
        document["dropped"] = claims.dropped
    return document


def _time_document(time: TimeClaim) -> dict[str, Any]:
    return {
        "kind": time.kind.value,
        "time": time.time,
        "offset": time.offset.value,
        "raw": time.raw,
        "source": time.source,
    }


def _place_document(place: PlaceClaim) -> dict[str, Any]:
    document = {"latitude": place.latitude, "longitude": place.longitude, "raw": place.raw, "source": place.source}
    return document | ({"altitude": place.altitude} if place.altitude else {})


def parse_claims(document: object) -> Claims:
    """Read claims from a parsed JSON document; the caller has seen to it that the whole is not too long.

    Raises:
        FormatError: anything is unknown, missing, of another type, out of bounds or not in its canonical spelling.
    """
    fields = _object(
        document,
        {"vocabulary", "detail"},
        {"format", "times", "places", "durations", "texts", "counts", "tags", "withheld", "dropped", "problems"},
    )
    if fields["vocabulary"] != VOCABULARY:
        raise FormatError(
            "claims are not in the vocabulary {vocabulary}", key="claims-vocabulary", vocabulary=VOCABULARY
        )
    return Claims(
        format=_format(fields["format"]) if "format" in fields else None,
        times=_list(fields, "times", _time),
        places=_list(fields, "places", _place),
        durations=_list(fields, "durations", _duration),
        texts=_list(fields, "texts", _text_claim),
        counts=_list(fields, "counts", _count),
        tags=_list(fields, "tags", _tag),
        detail=_word(Detail, fields["detail"]),
        withheld=_withheld(fields["withheld"]) if "withheld" in fields else (),
        dropped=_number(fields["dropped"], 1) if "dropped" in fields else 0,
        problems=_list(fields, "problems", _problem),
    )


_ENCODER = Encoder(order="sorted")
"""Spells as `serialize_canonical` does what claims hold, in a tenth of the time: text without control characters, and
integers."""

_spelled: dict[Claims, bytes] = {}


def spell_claims(claims: Claims) -> bytes:
    """Write claims as one JSON object in its canonical spelling (RFC 8785)."""
    document = _spelled.get(claims)
    if document is None:
        document = _ENCODER.encode(claims_document(claims))
        # How long it is shows only here, so an lru_cache would keep long ones, too.
        if len(document) <= _SHORT:
            if len(_spelled) == _REMEMBERED:
                _spelled.clear()
            _spelled[claims] = document
    return document


def read_claims(document: bytes) -> Claims:
    """Read claims as `spell_claims` writes them.

    Raises:
        FormatError: too long, not the canonical spelling of a JSON object, or not claims.
    """
    if len(document) > DOCUMENT_LIMIT:
        raise FormatError(
            "the claims take {count} bytes, at most {limit} are allowed",
            key="claims-long",
            count=len(document),
            limit=DOCUMENT_LIMIT,
        )
    return _read_remembered(document) if len(document) <= _SHORT else parse_claims(parse_canonical(document))


@lru_cache(maxsize=_REMEMBERED)
def _read_remembered(document: bytes) -> Claims:
    return parse_claims(parse_canonical(document))


def document_size(claims: Claims) -> int:
    """Compute the bytes that the claims take as JSON in UTF-8, without spaces."""
    return len(spell_claims(claims))


_EXPENDABLE = ("tags", "texts", "places", "times", "durations", "counts", "problems")
"""What is left out first where not all fits."""


def fit_claims(claims: Claims) -> Claims:
    """Leave out raw tags, then texts and so on, from the end, until the document is within its limit; count them."""
    while document_size(claims) > DOCUMENT_LIMIT:
        name, values = next((name, found) for name in _EXPENDABLE if (found := getattr(claims, name)))
        kept = values[: len(values) // 2]
        left_out: dict[str, Any] = {name: kept, "dropped": claims.dropped + len(values) - len(kept)}
        claims = replace(claims, **left_out)
    return claims


def spell_fitting(claims: Claims) -> bytes:
    """Write claims as `spell_claims` does, after `fit_claims`, without remembering them: each is written once."""
    document = _ENCODER.encode(claims_document(claims))
    return document if len(document) <= DOCUMENT_LIMIT else spell_claims(fit_claims(claims))


def _object(value: object, required: set[str], optional: frozenset[str] | set[str] = frozenset()) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not required <= value.keys() <= required | optional:
        raise FormatError("the claims contain an object with unknown or missing fields", key="claims-object")
    return value


def _list(fields: Mapping[str, Any], name: str, read: Callable[[object], _T]) -> tuple[_T, ...]:
    if name not in fields:
        return ()
    value = fields[name]
    if not isinstance(value, list) or not value:
        raise FormatError("{name} in the claims must be a list that is not empty", key="claims-list", name=name)
    return tuple(read(item) for item in value)


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise FormatError("the claims contain something else in place of text", key="claims-no-text")
    return value


def _number(value: object, least: int) -> int:
    if type(value) is not int or not least <= value <= COUNT_LIMIT:
        raise FormatError(
            "the claims contain something else in place of a number, or a number out of range", key="claims-no-number"
        )
    return value


def _word(words: type[_E], value: object) -> _E:
    try:
        return words(_string(value))
    except ValueError:
        raise FormatError(
            "the claims contain an unknown word for {name}", key="claims-word", name=words.__name__
        ) from None


def _format(value: object) -> FormatClaim:
    fields = _object(value, {"media_type", "name"}, {"extensions", "puid"})
    puid = _string(fields["puid"]) if "puid" in fields else ""
    if "puid" in fields and not puid:
        raise FormatError("the claims contain an empty PRONOM identifier", key="claims-puid")
    extensions = _list(fields, "extensions", _string)
    return FormatClaim(_string(fields["media_type"]), _string(fields["name"]), extensions, puid)


def _time(value: object) -> TimeClaim:
    fields = _object(value, {"kind", "time", "offset", "raw", "source"})
    return TimeClaim(
        _word(TimeKind, fields["kind"]),
        _string(fields["time"]),
        _word(OffsetBasis, fields["offset"]),
        _string(fields["raw"]),
        _string(fields["source"]),
    )


def _place(value: object) -> PlaceClaim:
    fields = _object(value, {"latitude", "longitude", "raw", "source"}, {"altitude"})
    altitude = _string(fields["altitude"]) if "altitude" in fields else ""
    if "altitude" in fields and not altitude:
        raise FormatError("the claims contain an empty altitude", key="claims-altitude")
    return PlaceClaim(
        _string(fields["latitude"]),
        _string(fields["longitude"]),
        altitude,
        _string(fields["raw"]),
        _string(fields["source"]),
    )


def _duration(value: object) -> DurationClaim:
    fields = _object(value, {"seconds", "source"})
    return DurationClaim(_string(fields["seconds"]), _string(fields["source"]))


def _text_claim(value: object) -> TextClaim:
    fields = _object(value, {"kind", "value", "source"})
    kind = _TEXT_KINDS.get(_string(fields["kind"]))
    if kind is None:
        raise FormatError("the claims contain an unknown word for TextKind", key="claims-text-kind")
    return TextClaim(kind, _string(fields["value"]), _string(fields["source"]))


def _count(value: object) -> CountClaim:
    fields = _object(value, {"kind", "value", "source"})
    return CountClaim(_word(CountKind, fields["kind"]), _number(fields["value"], 0), _string(fields["source"]))


def _tag(value: object) -> Tag:
    fields = _object(value, {"name", "value"})
    tag = Tag(_string(fields["name"]), _string(fields["value"]))
    tag.check()
    return tag


def _problem(value: object) -> Problem:
    fields = _object(value, {"extractor", "reason"})
    return Problem(_string(fields["extractor"]), _string(fields["reason"]))


def _withheld(value: object) -> tuple[tuple[Withheld, int], ...]:
    if not isinstance(value, dict) or not value:
        raise FormatError("the claims do not say by kind what was left out", key="claims-withheld")
    counted = {_word(Withheld, kind): _number(number, 1) for kind, number in value.items()}
    # JSON objects have no order; the tuple has the vocabulary's.
    return tuple((kind, counted[kind]) for kind in Withheld if kind in counted)
