"""The vocabulary: one spelling, bounded, and nothing sensitive in its basic form."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evtool.core.errors import FormatError
from evtool.core.metadata.claims import (
    LIST_LIMIT,
    TAG_LIMIT,
    TEXT_LIMIT,
    Claims,
    CountClaim,
    DurationClaim,
    FormatClaim,
    PlaceClaim,
    Problem,
    Tag,
    TextClaim,
    TimeClaim,
    clean_text,
)
from evtool.core.metadata.json_form import (
    DOCUMENT_LIMIT,
    claims_document,
    document_size,
    fit_claims,
    parse_claims,
    spell_claims,
)
from evtool.core.metadata.vocabulary import CountKind, Detail, OffsetBasis, TextKind, TimeKind, Withheld
from evtool.core.text.canonical import serialize_canonical
from evtool.core.text.limits import MAX_LINE

SOURCES = st.sampled_from(["EXIF DateTimeOriginal", "PDF Info /Author", "mvhd duration"])
WORDS = st.text(min_size=1, max_size=40).map(clean_text).filter(bool)
DEGREES = st.integers(-90_000_000, 90_000_000).map(lambda number: f"{number / 10**6:.6f}")


@st.composite
def times(draw: st.DrawFn) -> TimeClaim:
    moment = draw(st.datetimes()).replace(microsecond=0).isoformat()
    basis = draw(st.sampled_from(OffsetBasis))
    offset = "" if basis is OffsetBasis.UNKNOWN else draw(st.sampled_from(["+00:00", "+08:30", "-11:00"]))
    return TimeClaim(draw(st.sampled_from(TimeKind)), moment + offset, basis, draw(WORDS), draw(SOURCES))


TEXTS = st.builds(TextClaim, st.sampled_from(TextKind), WORDS, SOURCES)
COUNTS = st.builds(CountClaim, st.sampled_from(CountKind), st.integers(0, 2**53 - 1), SOURCES)
CLAIMS = st.builds(
    Claims,
    format=st.none() | st.just(FormatClaim("image/jpeg", "JPEG image", ("jpg",))),
    times=st.lists(times(), max_size=5).map(tuple),
    places=st.lists(st.builds(PlaceClaim, DEGREES, DEGREES, st.just("") | DEGREES, WORDS, SOURCES), max_size=2).map(
        tuple
    ),
    durations=st.lists(st.builds(DurationClaim, st.just("12.345"), SOURCES), max_size=2).map(tuple),
    texts=st.lists(TEXTS, max_size=5).map(tuple),
    counts=st.lists(COUNTS, max_size=5).map(tuple),
    tags=st.lists(st.builds(Tag, WORDS, WORDS), max_size=5).map(tuple),
    dropped=st.integers(0, 5),
    problems=st.lists(st.builds(Problem, st.just("exif"), WORDS), max_size=2).map(tuple),
)


@settings(max_examples=50)
@given(CLAIMS)
def test_what_is_written_reads_back_the_same(claims: Claims) -> None:
    """One value has one document, and the document reads back to the value, in full and in basic form."""
    for form in (claims, claims.reduce_to_basic()):
        document = json.loads(json.dumps(claims_document(form)))
        assert parse_claims(document) == form
        assert claims_document(parse_claims(document)) == document
        assert spell_claims(form) == serialize_canonical(claims_document(form))


@settings(max_examples=50)
@given(CLAIMS)
def test_the_basic_form_counts_what_it_leaves_out(claims: Claims) -> None:
    """No place, no tag, no sensitive text remains; reducing twice is reducing once; the counts say the same before
    and after."""
    basic = claims.reduce_to_basic()

    assert (basic.places, basic.tags) == ((), ())
    assert all(text.kind.detail is Detail.BASIC for text in basic.texts)
    assert (basic.times, basic.counts, basic.durations) == (claims.times, claims.counts, claims.durations)
    assert basic.sensitive() == claims.sensitive() == basic.withheld
    assert basic.reduce_to_basic() == basic


def test_persons_places_and_serial_numbers_are_sensitive() -> None:
    """The list that the basic form is measured against, in words."""
    hidden = {kind.code for kind in TextKind if kind.detail is Detail.FULL}

    assert hidden == {
        *("device-serial", "lens-serial", "identifier", "person", "organisation", "contact", "host"),
        *("title", "description", "place-name", "file-name"),
    }
    person = TextClaim(TextKind.PERSON, "김철수", "EXIF Artist")
    place = PlaceClaim("39.0", "125.7", "", "39 N 125.7 E", "GPS")
    serial = TextClaim(TextKind.DEVICE_SERIAL, "42", "EXIF BodySerialNumber")
    counted = Claims(texts=(person, serial, serial), places=(place,)).sensitive()
    assert counted == ((Withheld.PLACE, 1), (Withheld.SERIAL, 2), (Withheld.PERSON, 1))


@given(st.text(max_size=2000))
def test_clean_text_is_one_bounded_line_of_text(text: str) -> None:
    """Whatever comes in: no control, no surrogate, no idle space, and cleaning again changes nothing."""
    cleaned = clean_text(text)

    assert len(cleaned) <= TEXT_LIMIT
    assert cleaned == clean_text(cleaned) == cleaned.strip()
    cleaned.encode("utf-8")
    assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in cleaned)
    assert "\u202e" not in cleaned


def test_the_largest_claims_fit_into_one_line_of_a_manifest() -> None:
    """As many claims of each type as may be, each as long as may be, in letters of four bytes."""
    long = "\U0001f600" * TEXT_LIMIT
    source = "s" * 96
    time = TimeClaim(TimeKind.CREATED, "2016-05-01T10:20:30", OffsetBasis.UNKNOWN, long[:64], source)
    claims = Claims(
        times=(time,) * LIST_LIMIT,
        places=(PlaceClaim("1", "1", "", long[:128], source),) * LIST_LIMIT,
        texts=(TextClaim(TextKind.TITLE, long, source),) * LIST_LIMIT,
        counts=(CountClaim(CountKind.PAGES, 2**53 - 1, source),) * LIST_LIMIT,
        tags=(Tag(long[:96], long),) * TAG_LIMIT,
        problems=(Problem("exif", long[:96]),) * LIST_LIMIT,
    )
    assert document_size(claims) > MAX_LINE

    fitted = fit_claims(claims)

    assert document_size(fitted) <= DOCUMENT_LIMIT < MAX_LINE
    assert fitted.dropped > 0
    assert parse_claims(claims_document(fitted)) == fitted


def test_long_claims_of_a_stranger_are_not_kept() -> None:
    """Spelling is remembered for short claims only: a record full of long ones leaves the memory as it was."""
    tags = (Tag("Exif.Photo.UserComment", "k" * 400),) * 100
    document_size(Claims(tags=tags, dropped=999))
    tracemalloc.start()
    try:
        sizes = [document_size(Claims(tags=tags, dropped=number)) for number in range(1, 65)]
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert 16 << 10 < min(sizes) <= max(sizes) <= DOCUMENT_LIMIT
    assert kept < 256 << 10


GOOD: dict[str, Any] = {
    "vocabulary": "evtool-claims/1",
    "detail": "full",
    "format": {"media_type": "image/jpeg", "name": "JPEG image", "extensions": ["jpg"]},
    "times": [{"kind": "captured", "time": "2016-05-01T10:20:30", "offset": "unknown", "raw": "r", "source": "s"}],
    "places": [{"latitude": "39.0", "longitude": "125.7", "raw": "r", "source": "s"}],
    "durations": [{"seconds": "1.5", "source": "s"}],
    "texts": [{"kind": "person", "value": "김철수", "source": "s"}],
    "counts": [{"kind": "pages", "value": 3, "source": "s"}],
    "tags": [{"name": "n", "value": "v"}],
    "dropped": 1,
    "problems": [{"extractor": "exif", "reason": "r"}],
}

BROKEN: dict[str, tuple[str, Any]] = {
    "another vocabulary": ("vocabulary", "evtool-claims/2"),
    "an unknown detail": ("detail", "most"),
    "an unknown field": ("more", 1),
    "an empty list": ("times", []),
    "no list": ("texts", {}),
    "a list of something else": ("tags", ["n"]),
    "none dropped": ("dropped", 0),
    "a truth for a number": ("dropped", True),
    "withheld in the full form": ("withheld", {"place": 1}),
    "a media type in capitals": ("format.media_type", "Image/JPEG"),
    "an extension with a dot": ("format.extensions", [".jpg"]),
    "no extensions": ("format.extensions", []),
    "an unknown kind of time": ("times.0.kind", "imagined"),
    "an offset that is said to be unknown": ("times.0.time", "2016-05-01T10:20:30+09:00"),
    "a day that is none": ("times.0.time", "2016-02-30T10:20:30"),
    "a second that is none": ("times.0.time", "2016-05-01T10:20:61"),
    "something behind the time": ("times.0.time", "2016-05-01T10:20:30 or so"),
    "a control in a raw value": ("times.0.raw", "a\x1bb"),
    "an offset of letters": ("times.0.offset", "KST"),
    "a latitude beyond the pole": ("places.0.latitude", "90.1"),
    "a longitude as a number": ("places.0.longitude", 125.7),
    "an exponent": ("places.0.latitude", "3e1"),
    "digits of another script": ("places.0.latitude", "\u0663\u0669"),
    "an empty altitude": ("places.0.altitude", ""),
    "a negative duration": ("durations.0.seconds", "-1"),
    "an unknown kind of text": ("texts.0.kind", "secret"),
    "an empty text": ("texts.0.value", ""),
    "a text with a line break": ("texts.0.value", "a\nb"),
    "a text that turns around": ("texts.0.value", "a\u202eb"),
    "a text that is too long": ("texts.0.value", "a" * 513),
    "half a letter": ("texts.0.value", "\ud800"),
    "idle space": ("texts.0.value", "a  b"),
    "a source that is not ASCII": ("texts.0.source", "출처"),
    "a number with a fraction": ("counts.0.value", 3.0),
    "a number below zero": ("counts.0.value", -1),
    "a number beyond exactness": ("counts.0.value", 2**53),
    "a control in a tag": ("tags.0.value", "a\x1bb"),
    "a tag that is too long": ("tags.0.value", "a" * 513),
    "a tag without a name": ("tags.0.name", ""),
    "a tag's name that turns around": ("tags.0.name", "a\u202eb"),
    "an unknown extractor's name": ("problems.0.extractor", "Exif!"),
}


def broken(path: str, value: Any) -> Any:
    document = json.loads(json.dumps(GOOD))
    *parents, last = path.split(".")
    place = document
    for name in parents:
        place = place[int(name)] if name.isdigit() else place[name]
    place[last] = value
    return document


@pytest.mark.parametrize("why", BROKEN)
def test_a_document_with_one_flaw_is_refused(why: str) -> None:
    """The good document is accepted; with one change it is not."""
    assert claims_document(parse_claims(GOOD)) == GOOD
    with pytest.raises(FormatError):
        parse_claims(broken(*BROKEN[why]))


@pytest.mark.parametrize("field", ["vocabulary", "detail"])
def test_a_document_without_its_head_is_refused(field: str) -> None:
    """Missing is not the same as default."""
    with pytest.raises(FormatError):
        parse_claims({name: value for name, value in GOOD.items() if name != field})


@pytest.mark.parametrize("field", ["places", "tags", "texts"])
def test_the_basic_form_cannot_smuggle(field: str) -> None:
    """A document that calls itself basic and holds what basic leaves out is refused, so that nobody relies on it."""
    document = {"vocabulary": "evtool-claims/1", "detail": "basic", field: GOOD[field]}
    with pytest.raises(FormatError):
        parse_claims(document)


FIELDS = st.sampled_from([*GOOD, "withheld"])
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100)
@given(DOCUMENTS)
def test_any_other_document_is_refused_and_nothing_else(document: object) -> None:
    """The parser ends with claims or with a FormatError, whatever it is given."""
    try:
        claims = parse_claims(document)
    except FormatError:
        return
    assert claims_document(claims) == document
