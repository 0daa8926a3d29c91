"""What does not fit together: each observation has its code, and none is made where nothing contradicts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from evtool.core.metadata.claims import Claims, CountClaim, FormatClaim, TimeClaim
from evtool.core.metadata.vocabulary import CountKind, OffsetBasis, TimeKind
from evtool.metadata.format_table import KNOWN
from evtool.metadata.observations import ObservationCode, Observed, observe

NOW = datetime(2026, 3, 1, tzinfo=UTC)
JPEG, PDF = KNOWN["image/jpeg"], KNOWN["application/pdf"]


def time(kind: TimeKind, written: str, basis: OffsetBasis | None = None, source: str = "source") -> TimeClaim:
    stated = written[-6] in "+-" and written[-3] == ":"
    basis = basis or (OffsetBasis.STATED if stated else OffsetBasis.UNKNOWN)
    return TimeClaim(kind, written, basis, written, source)


def codes(
    *times: TimeClaim,
    name: str = "file.jpg",
    format: FormatClaim | None = JPEG,  # noqa: A002  # the field's name
    modified: datetime = NOW,
    sealed: datetime | None = None,
    counts: tuple[CountClaim, ...] = (),
) -> list[ObservationCode]:
    claims = Claims(format=format, times=times, counts=counts)
    return [note.code for note in observe(claims, Observed(name, 100, modified), NOW, sealed)]


def test_a_plain_photograph_gives_rise_to_nothing() -> None:
    """Times with offsets, in order, of the right name: no note."""
    captured = time(TimeKind.CAPTURED, "2020-05-01T10:20:30+09:00")
    gps = time(TimeKind.GPS, "2020-05-01T01:20:30+00:00", OffsetBasis.FORMAT)

    assert codes(captured, gps, name="IMG_20200501_102030.jpg") == []


@pytest.mark.parametrize(
    ("name", "format_", "mismatch"),
    [
        ("a.jpg", JPEG, False),
        ("a.JPEG", JPEG, False),
        ("a", JPEG, False),
        (".hidden", JPEG, False),
        ("statement of 3.May", JPEG, True),
        ("a.png", JPEG, True),
        ("a.txt", JPEG, True),
        ("a.jpg", None, True),
        ("a.xyz", None, False),
        ("a.txt", KNOWN["text/plain"], False),
        ("a.csv", KNOWN["text/plain"], False),
        ("a.pdf", KNOWN["text/plain"], True),
        ("folder.png/a.jpg", JPEG, False),
    ],
)
def test_an_extension_that_the_content_does_not_bear_out(
    name: str, format_: FormatClaim | None, mismatch: bool
) -> None:
    """The content decides; where it has no signature, only names that promise one are a mismatch."""
    assert codes(name=name, format=format_) == [ObservationCode.EXTENSION_MISMATCH] * mismatch


@pytest.mark.parametrize(
    ("written", "future"),
    [
        ("2026-03-01T00:05:00+00:00", False),
        ("2026-03-01T09:20:00+09:00", True),
        ("2026-03-01T08:20:00+09:00", False),
        ("2026-03-01T13:00:00", False),
        ("2026-03-01T14:20:00", True),
    ],
)
def test_a_time_in_the_future(written: str, future: bool) -> None:
    """Ten minutes of grace for clocks; without an offset, the easternmost one is assumed in the file's favour."""
    found = codes(time(TimeKind.SENT, written))

    assert (ObservationCode.TIME_IN_FUTURE in found) is future


def test_a_time_after_the_seal() -> None:
    """A file cannot have been made after it was sealed, if both clocks were right."""
    sealed = NOW - timedelta(days=100)
    sent = time(TimeKind.SENT, "2026-02-01T00:00:00+00:00")

    assert codes(sent, sealed=sealed) == [ObservationCode.TIME_AFTER_SEAL]
    assert codes(sent, sealed=NOW) == []


@pytest.mark.parametrize(
    ("name", "differs"),
    [
        ("IMG_20160501_102030.jpg", False),
        ("2016-05-02.jpg", False),
        ("2016-05-04.jpg", True),
        ("2016년 5월 1일 증언.jpg", False),
        ("2015년 5월 1일 증언.jpg", True),
        ("scan 20169999.jpg", False),
        ("920160504.jpg", False),
        ("2016-05_04.jpg", False),
    ],
)
def test_a_date_in_the_name_against_the_claim(name: str, differs: bool) -> None:
    """More than a day apart is more than zones explain; numbers that are no dates are none."""
    found = codes(time(TimeKind.CAPTURED, "2016-05-01T10:20:30+09:00"), name=name)

    assert (ObservationCode.NAME_DATE_DIFFERS in found) is differs


@pytest.mark.parametrize(
    ("modified", "older"), [(datetime(2016, 5, 1, tzinfo=UTC), True), (datetime(2016, 5, 1, 2, tzinfo=UTC), False)]
)
def test_a_file_older_than_what_it_claims(modified: datetime, older: bool) -> None:
    """The file system says the file did not change since before the picture was taken."""
    found = codes(time(TimeKind.CAPTURED, "2016-05-01T10:20:30+09:00"), modified=modified)

    assert (ObservationCode.FILE_OLDER_THAN_CLAIM in found) is older


def test_modified_after_and_before_creation() -> None:
    """A PDF that was changed after it was made, and one that was changed before; a text may well be changed."""
    created = time(TimeKind.CREATED, "2020-01-01T00:00:00+00:00")
    later = time(TimeKind.MODIFIED, "2020-01-02T00:00:00+00:00")
    earlier = time(TimeKind.MODIFIED, "2019-12-31T00:00:00+00:00")
    same = time(TimeKind.MODIFIED, "2020-01-01T00:00:01+00:00")
    text = KNOWN["application/vnd.oasis.opendocument.text"]

    assert codes(created, later, name="a.pdf", format=PDF) == [ObservationCode.MODIFIED_AFTER_CREATION]
    assert codes(created, later, name="a.odt", format=text) == []
    assert codes(created, earlier, name="a.odt", format=text) == [ObservationCode.MODIFIED_BEFORE_CREATION]
    assert codes(created, same, name="a.pdf", format=PDF) == []


def test_two_sources_that_disagree() -> None:
    """The same kind of time, twice: only what no offset can explain is a disagreement."""
    exif = time(TimeKind.CREATED, "2020-01-01T10:00:00", source="EXIF")
    xmp = time(TimeKind.CREATED, "2020-01-01T10:00:00+09:00", source="XMP")
    other = time(TimeKind.CREATED, "2020-01-03T10:00:00+09:00", source="XMP")

    assert ObservationCode.TIMES_DISAGREE not in codes(exif, xmp)
    assert ObservationCode.TIMES_DISAGREE in codes(exif, other)
    hops = [time(TimeKind.RECEIVED, f"2020-01-0{day}T10:00:00+09:00") for day in (1, 2)]
    assert codes(*hops) == []


@pytest.mark.parametrize(
    ("captured", "expected", "words"),
    [
        ("2016-05-01T10:20:30", ObservationCode.GPS_TIME_OFFSET, "+08:30"),
        ("2016-05-01T10:50:30", ObservationCode.GPS_TIME_OFFSET, "+09:00"),
        ("2016-04-30T22:50:31", ObservationCode.GPS_TIME_OFFSET, "-03:00"),
        ("2016-05-01T10:27:30", ObservationCode.GPS_TIME_DIFFERS, "10:27:30"),
        ("2016-05-03T10:20:30", ObservationCode.GPS_TIME_DIFFERS, "2016-05-03"),
        ("2016-05-01T10:20:30+09:00", ObservationCode.GPS_TIME_DIFFERS, "+09:00"),
    ],
)
def test_the_offset_that_gps_implies(captured: str, expected: ObservationCode, words: str) -> None:
    """GPS time is UTC: the difference is the camera's offset, or no offset at all."""
    gps = time(TimeKind.GPS, "2016-05-01T01:50:30+00:00", OffsetBasis.FORMAT)
    claims = Claims(times=(time(TimeKind.CAPTURED, captured), gps))
    notes = {note.code: note.message for note in observe(claims, Observed("a", 1, NOW), NOW)}

    assert words in notes[expected]


@pytest.mark.parametrize(
    ("written", "noted"),
    [
        ("2015-08-14T23:59:59", False),
        ("2015-08-15T00:00:00", True),
        ("2018-05-04T23:00:00", True),
        ("2018-05-05T00:00:00", False),
        ("2016-05-01T10:20:30+09:00", False),
        ("2016-05-01T10:20:30+08:30", True),
        ("2019-05-01T10:20:30+08:30", True),
    ],
)
def test_the_half_hour_of_pyongyang(written: str, noted: bool) -> None:
    """From 15 August 2015 to 4 May 2018 a local time of unknown place may be half an hour off, if the place is the
    DPRK; a stated +08:30 is pointed out at any time."""
    found = codes(time(TimeKind.CAPTURED, written))

    assert (ObservationCode.PYONGYANG_HALF_HOUR in found) is noted


def test_the_days_of_the_half_hour_are_those_of_the_tz_database() -> None:
    """A second opinion on the two dates."""
    pyongyang = ZoneInfo("Asia/Pyongyang")
    offsets = [
        datetime(year, month, day, 12, tzinfo=pyongyang).utcoffset()
        for year, month, day in ((2015, 8, 14), (2015, 8, 15), (2018, 5, 4), (2018, 5, 5))
    ]

    hours = [offset.total_seconds() / 3600 if offset else None for offset in offsets]
    assert hours == [9, 8.5, 8.5, 9]


def notes(claims: Claims) -> dict[ObservationCode, str]:
    """What is noted of claims, by code."""
    return {note.code: note.message for note in observe(claims, Observed("a", 1, NOW), NOW)}


@pytest.mark.parametrize(
    ("format_", "kind", "written", "source", "noted", "reading"),
    [
        ("video/mp4", TimeKind.CREATED, "1952-05-04T00:10:00+00:00", "mvhd creation_time", True, "2018-05-05T00:10:00"),
        ("video/mp4", TimeKind.CREATED, "1946-05-04T00:10:00+00:00", "mvhd creation_time", True, "2012-05-04T00:10:00"),
        ("video/mp4", TimeKind.CREATED, "1920-05-04T00:10:00+00:00", "mvhd creation_time", True, ""),
        ("video/mp4", TimeKind.CREATED, "1989-12-31T23:59:59+00:00", "mvhd creation_time", True, ""),
        ("video/mp4", TimeKind.CREATED, "1990-01-01T00:00:00+00:00", "mvhd creation_time", False, ""),
        ("image/jpeg", TimeKind.CAPTURED, "1952-05-04T00:10:00", "EXIF DateTimeOriginal", True, ""),
        ("application/pdf", TimeKind.CREATED, "1992-05-04T00:10:00", "PDF Info /CreationDate", True, ""),
        ("message/rfc822", TimeKind.SENT, "1981-05-04T00:10:00+00:00", "Date", True, ""),
        ("message/rfc822", TimeKind.SENT, "1985-05-04T00:10:00+00:00", "Date", False, ""),
        ("application/zip", TimeKind.EARLIEST_ENTRY, "1975-05-04T00:10:00", "ZIP directory", False, ""),
        ("application/msword", TimeKind.CREATED, "1650-05-04T00:10:00+00:00", "summary Created", True, "2019-05-04"),
    ],
)
def test_a_time_before_there_were_such_files(
    format_: str, kind: TimeKind, written: str, source: str, noted: bool, reading: str
) -> None:
    """A date of 1952 in a video is told as it is found, with what it would be if the program counted from 1970."""
    claims = Claims(format=KNOWN[format_], times=(time(kind, written, source=source),))
    found = notes(claims)

    assert (ObservationCode.IMPOSSIBLE_TIME in found) is noted
    assert reading in found.get(ObservationCode.IMPOSSIBLE_TIME, "")
    assert ("if the program counted from" in found.get(ObservationCode.IMPOSSIBLE_TIME, "")) is bool(reading)


def test_a_time_of_the_future_can_be_one_that_was_counted_wrongly() -> None:
    """2053 in a Matroska file is 2022 counted from 1970 in place of 2001."""
    claims = Claims(times=(time(TimeKind.CREATED, "2053-05-04T00:00:00+00:00", source="Info DateUTC"),))

    assert "2022-05-04" in notes(claims)[ObservationCode.TIME_IN_FUTURE]


def test_the_size_of_the_picture_against_its_exif() -> None:
    """A picture that was cut after it was taken; one that was only turned is no matter."""

    def sized(width: int, height: int) -> Claims:
        pairs = ((CountKind.WIDTH, width, "JPEG SOF"), (CountKind.HEIGHT, height, "JPEG SOF"))
        stated = ((CountKind.WIDTH, 400, "EXIF ExifImageWidth"), (CountKind.HEIGHT, 300, "EXIF ExifImageLength"))
        return Claims(format=JPEG, counts=tuple(CountClaim(*count) for count in (*pairs, *stated)))

    assert "200 x 300" in notes(sized(200, 300))[ObservationCode.SIZES_DISAGREE]
    assert notes(sized(400, 300)) == notes(sized(300, 400)) == {}


def test_a_missing_offset_an_unset_clock_and_what_cannot_be_read() -> None:
    """Each is said once."""
    unset = time(TimeKind.CREATED, "1970-01-01T00:00:00+00:00")
    unreadable = CountClaim(CountKind.UNREADABLE_TIMES, 1, "Date")
    appended = CountClaim(CountKind.APPENDED_ARCHIVES, 1, "ZIP end record")

    assert codes(time(TimeKind.SENT, "2000-01-01T00:00:01")) == [
        ObservationCode.OFFSET_UNKNOWN,
        ObservationCode.UNSET_CLOCK,
    ]
    assert codes(unset) == [ObservationCode.UNSET_CLOCK]
    assert codes(counts=(unreadable, appended)) == [ObservationCode.UNREADABLE_TIME, ObservationCode.APPENDED_DATA]
    others = [
        CountClaim(kind, 2, "s")
        for kind in (CountKind.REPEATED_FIELDS, CountKind.LEADING_BYTES, CountKind.EMBEDDED_RECORDINGS)
    ]
    assert codes(counts=tuple(others)) == [
        ObservationCode.SEVERAL_ANSWERS,
        ObservationCode.LEADING_DATA,
        ObservationCode.EMBEDDED_RECORDING,
    ]
