"""Properties of the own readers: any bytes end in claims or an error, and values keep what was written."""

from __future__ import annotations

import importlib
import os
import pkgutil
import zipfile
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from io import BufferedReader, BytesIO
from pathlib import Path

import puremagic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evtool.metadata.extractors
from evtool.core.metadata.claims import Claims, PlaceClaim, TimeClaim
from evtool.core.metadata.description import HEAD
from evtool.core.metadata.json_form import claims_document, fit_claims, parse_claims, spell_fitting
from evtool.core.metadata.vocabulary import NOT_PARSED, Detail, OffsetBasis, TimeKind
from evtool.metadata import values
from evtool.metadata.collect import Collector
from evtool.metadata.ends import ends_of
from evtool.metadata.extractors import Extractor, extractors
from evtool.metadata.extractors.gzip_file import EXTRACTOR
from evtool.metadata.format_table import KNOWN, NATIVE, OLE_START, PARSED, TIFF_STARTS, ZIP_STARTS
from evtool.metadata.gzip_start import describe_gzip
from evtool.metadata.identify import identify
from evtool.metadata.identify_start import _matching_rows, sniff
from evtool.metadata.samples import samples
from evtool.metadata.stream import open_stream
from evtool.metadata.wire import Parsers, parse_formats, spell_formats
from evtool.metadata.xml_reader import XmlRefusedError, read_xml
from tests.metadata.metadata_samples import HOSTILE

OWN = {
    "appended",
    "asf",
    "avi",
    "gzip",
    "heif",
    "hwp3",
    "isomedia",
    "jpeg",
    "mail",
    "matroska",
    "png",
    "raster",
    "tiff",
    "xmp",
}
"""Extractors whose readers are ours; the libraries are held by confinement alone."""

SEEDS = {
    "asf": bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + b"\0" * 14,
    "avi": b"RIFF\0\0\0\0AVI LIST\x40\0\0\0hdrlavih\x38\0\0\0",
    "gzip": b"\x1f\x8b\x08\x1c",
    "heif": b"\0\0\0\x10ftypheic\0\0\0\0\0\0\1\0meta\0\0\0\0\0\0\0\x0epitm\0\0\0\0\0\1\0\0\0\xd0iprp",
    "jpeg": b"\xff\xd8\xff\xc0\0\x0b\x08\0\x10\0\x10\1\1\x11\0\xff",
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR",
    "raster": b"GIF89a\1\0\1\0\0\0\0",
    "tiff": b"II*\0\x08\0\0\0",
    "hwp3": b"HWP Document File V3.00 \x1a\1\2\3\4\5",
    "isomedia": b"\0\0\0\x10ftypisom\0\0\0\0\0\0\x01\0moov\0\0\0\x6cmvhd",
    "mail": b"From: a\r\nDate: ",
    "matroska": bytes.fromhex("1a45dfa380 18538067ff 1549a966"),
    "appended": b"\x89PNG\r\n\x1a\n",
    "xmp": b"\xff\xd8\xff<x:xmpmeta xmlns:x='adobe:ns:meta/'>",
}

READERS = {**extractors(Parsers.PLAIN), **extractors(Parsers.NATIVE)}
EXTRACTORS: dict[str, Extractor] = {extractor.name: extractor for group in READERS.values() for extractor in group}


def stream_of(data: bytes) -> BufferedReader:
    return BufferedReader(BytesIO(data))


def test_every_extractor_reads_a_format_that_is_identified() -> None:
    """No extractor waits for a media type that nothing is ever identified as."""
    identified = KNOWN.keys() | {row.mime_type for row in puremagic.magic_header_array}

    assert [extractor.name for extractor in EXTRACTORS.values() if not extractor.formats & identified] == []
    assert EXTRACTORS.keys() >= OWN


def test_what_is_parsed_is_what_the_extractors_read() -> None:
    """The lists say without loading them which files have to be handed over, and to which server."""
    modules = pkgutil.iter_modules(evtool.metadata.extractors.__path__)
    loaded = [importlib.import_module(f"evtool.metadata.extractors.{m.name}").EXTRACTOR for m in modules]
    # Each server has all that reads its formats.
    assert {
        name: tuple(e for e in loaded if name in e.formats) for extractor in loaded for name in extractor.formats
    } == READERS
    assert set(READERS) == PARSED
    assert {name for name, readers in READERS.items() if not all(reader.is_plain for reader in readers)} == NATIVE
    assert set(extractors(Parsers.NATIVE)) == NATIVE


SIGNATURES = sorted({(row.offset, row.byte_match) for row in puremagic.magic_header_array})
BEGINNINGS = [
    *SEEDS.values(),
    b"PK\x03\x04",
    b"II*\0",
    b"%PDF-1.4",
    b"\xff\xfeA\0",
    b"Subject: a\r\nTo: b\r\n\r\n",
    b"text",
]


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    """A beginning of some format, a signature of the table at its place, or anything; and something behind it."""
    rest = draw(st.binary(max_size=300))
    if draw(st.booleans()):
        return draw(st.sampled_from(BEGINNINGS)) + rest
    offset, signature = draw(st.sampled_from(SIGNATURES))
    if not 0 <= offset < 1000:
        return rest
    filler: bytes = draw(st.sampled_from([b"\0", b"a"]))
    return bytes(rest[:offset].ljust(offset, filler) + signature + rest)


def agree(data: bytes) -> None:
    """What is told by the first bytes is what the parsers' own look at the whole file tells, and leads to them."""
    told = sniff(data[:HEAD], len(data))
    found = identify(stream_of(data), len(data))
    readers = READERS.get(found.media_type, ()) if found else ()

    if told.parsers is None:
        assert (told.format, readers) == (found, ())
    elif told.parsers is Parsers.PLAIN:
        # Whatever the plain server is sent has plain readers alone, and one look tells it which.
        assert told.format == found or (told.format is None and data.startswith(TIFF_STARTS))
        assert readers == extractors(Parsers.PLAIN)[found.media_type if found else ""] != ()
    else:
        # The other one finds out itself what only a structure shows.
        assert told.format == found or (told.format is None and data.startswith((OLE_START, *ZIP_STARTS)))
        assert found
        assert readers == extractors(Parsers.NATIVE).get(found.media_type, ())


@settings(max_examples=400)
@given(data=contents())
def test_who_looks_at_the_start_and_who_parses_agree(data: bytes) -> None:
    """On anything that begins like some format."""
    agree(data)


def test_a_format_reaches_the_parser_as_it_was_found() -> None:
    """With all that is known of it: identifiers once were lost on the way."""
    formats = [*KNOWN.values(), None]
    assert parse_formats(spell_formats(formats)) == formats
    assert any(found.puid for found in KNOWN.values())


_GZIP_FLAGS = st.sampled_from([0, 8]) | st.integers(0, 255)
_GZIP_DATES = st.sampled_from([0, 1, 2**31, 2**32 - 1]) | st.integers(0, 2**32 - 1)
_GZIP_NAMES = st.sampled_from(
    [b"a.txt\0", b"\0", b" \0", b"a b\0", b"\x01\0", b"\xea\xb9\x80\0", b"a", b""]
) | st.binary(max_size=20)


@settings(max_examples=300)
@given(flags=_GZIP_FLAGS, seconds=_GZIP_DATES, name=_GZIP_NAMES, rest=st.binary(max_size=20), cut=st.integers(0, 12))
def test_what_is_told_of_a_gzip_file_where_it_is_hashed_is_what_its_parser_finds(
    flags: int, seconds: int, name: bytes, rest: bytes, cut: int
) -> None:
    """The usual header is not parsed at all; whatever is not the usual one is left to the parser."""
    head = b"\x1f\x8b\x08" + bytes([flags]) + seconds.to_bytes(4, "little") + b"\x02\xff" + name + rest
    head = head[: cut or None] if cut > 3 else head
    told = describe_gzip(head)
    if told is None:
        return
    assert flags in (0, 8)
    collector, stream = Collector(Detail.BASIC), stream_of(head)
    for claim in EXTRACTOR.extract(stream, len(head)):
        collector.add(claim)
    assert told == (spell_fitting(collector.claims(KNOWN["application/gzip"])).decode(), "", NOT_PARSED, False)


def test_who_looks_at_the_start_and_who_parses_agree_on_every_file_of_the_tests() -> None:
    """Good, hostile and odd ones."""
    paths = [path for path in HOSTILE.parents[1].rglob("*") if path.is_file()]
    assert len(paths) > 500
    for path in paths:
        agree(path.read_bytes())


def test_a_file_that_is_all_ends_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The two ends of a photograph of 300 kB lie one upon the other."""
    path = tmp_path / "a"
    read: list[int] = []
    path.write_bytes(bytes(300_000))
    pread = os.pread

    def note(file: int, length: int, at: int) -> bytes:
        read.append(length)
        return pread(file, length, at)

    monkeypatch.setattr(os, "pread", note)
    with path.open("rb") as file:
        ends = ends_of(open_stream(file.fileno(), 300_000), 300_000)

        assert (len(ends.head), len(ends.tail), len(ends.read(270_000, 9))) == (300_000, 300_000, 9)

    assert read == [300_000]


def test_the_directory_of_an_archive_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What tells the format has read it, and the extractor takes it from there."""
    content = next(content for _, content in samples(Parsers.NATIVE) if content.startswith(b"PK"))
    stream, open_archive = stream_of(content), zipfile.ZipFile
    opened: list[BufferedReader] = []

    def note(file: BufferedReader) -> zipfile.ZipFile:
        opened.append(file)
        return open_archive(file)

    monkeypatch.setattr(zipfile, "ZipFile", note)

    found = identify(stream, len(content))

    assert found is not None
    (extractor,) = extractors(Parsers.NATIVE)[found.media_type]
    assert list(extractor.extract(stream, len(content)))
    assert len(opened) == 1


@settings(max_examples=400)
@given(data=contents())
def test_the_index_finds_the_rows_of_the_table(data: bytes) -> None:
    """As one comparison after the other finds them, in their order."""
    slow = [row for row in puremagic.magic_header_array if data[row.offset :].startswith(row.byte_match)]

    assert _matching_rows(data) == slow


@pytest.mark.parametrize("name", sorted(OWN))
@settings(max_examples=60)
@given(data=st.binary(max_size=400))
def test_any_bytes_end_in_claims_or_an_error(name: str, data: bytes) -> None:
    """A beginning that leads into the reader, then anything: what is yielded before an error holds to the
    vocabulary."""
    collector = Collector()
    content = SEEDS[name] + data + (b"</x:xmpmeta>" if name == "xmp" else b"")
    try:
        for claim in EXTRACTORS[name].extract(stream_of(content), len(content)):
            collector.add(claim)
    except Exception as error:  # noqa: BLE001  # any error but that of a broken reader
        assert type(error) not in (AssertionError, NameError, AttributeError)  # noqa: PT017
    claims = fit_claims(collector.claims())
    assert parse_claims(claims_document(claims)) == claims


@given(st.binary(max_size=600))
def test_identification_ends_with_a_format_or_none(data: bytes) -> None:
    """Whatever a file begins with."""
    found = identify(stream_of(data), len(data))
    assert parse_claims(claims_document(Claims(format=found))).format == found


@given(
    st.sampled_from(sorted(path.name for path in HOSTILE.iterdir() if path.is_file() and path.stat().st_size < 5000)),
    st.data(),
)
def test_identification_of_mutated_files(name: str, data: st.DataObject) -> None:
    """A hostile file with one byte changed."""
    content = bytearray((HOSTILE / name).read_bytes() or b"\0")
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    found = identify(stream_of(bytes(content)), len(content))
    assert parse_claims(claims_document(Claims(format=found))).format == found


# --- values -----------------------------------------------------------------------------------------------------------

OFFSETS = st.integers(-14 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)).map(lambda when: when.replace(microsecond=0))


def one(claims: tuple[object, ...]) -> TimeClaim:
    (claim,) = claims
    assert isinstance(claim, TimeClaim)
    return claim


@given(MOMENTS, OFFSETS)
def test_a_time_keeps_its_moment_in_every_spelling(when: datetime, zone: timezone) -> None:
    """ISO 8601, EXIF with its offset beside it, PDF: the same claim, with the offset that was written."""
    aware = when.replace(tzinfo=zone)
    offset = aware.isoformat()[-6:]
    exif = when.strftime("%Y:%m:%d %H:%M:%S")
    pdf = when.strftime("D:%Y%m%d%H%M%S") + f"{offset[:3]}'{offset[4:]}'"

    claims = [
        one(values.iso_time(TimeKind.CREATED, aware.isoformat(), "s")),
        one(values.iso_time(TimeKind.CREATED, exif, "s", offset)),
        one(values.pdf_time(TimeKind.CREATED, pdf, "s")),
    ]

    assert [claim.moment() for claim in claims] == [aware] * 3
    assert {claim.offset for claim in claims} == {OffsetBasis.STATED}
    assert one(values.iso_time(TimeKind.CREATED, exif, "s")).moment() == when


@given(MOMENTS)
def test_a_counted_time_is_utc_by_its_format(when: datetime) -> None:
    """Seconds since 1970 and 1904, and units of 100 ns since 1601."""
    aware = when.replace(tzinfo=UTC)
    seconds = int(aware.timestamp())
    for claims, zero in (
        (values.unix_time(TimeKind.CREATED, seconds, "s"), 0),
        (values.mac_time(TimeKind.CREATED, seconds + 2_082_844_800, "s"), -2_082_844_800),
        (values.file_time(TimeKind.CREATED, (seconds + 11_644_473_600) * 10**7, "s"), -11_644_473_600),
    ):
        if seconds == zero:
            assert claims == ()
        else:
            assert (one(claims).moment(), one(claims).offset) == (aware, OffsetBasis.FORMAT)


@pytest.mark.parametrize(
    "written",
    [
        "2016",
        "2016-05-01",
        "D:2016",
        "2016-13-01T10:20:30",
        "2016-05-01T25:00:00",
        "yesterday",
        "2016-05-01T10:20:30 KST",
    ],
)
def test_what_is_no_point_in_time_is_not_made_one(written: str) -> None:
    """A year, a day, an impossible hour, a zone by name: counted as unreadable, never completed."""
    assert not any(isinstance(claim, TimeClaim) for claim in values.pdf_time(TimeKind.CREATED, written, "s"))


@given(st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1, max_size=20))
def test_korean_bytes_of_either_encoding_read_the_same(text: str) -> None:
    """All 11,172 syllables, in UTF-8 and in CP949, without a word about the encoding."""
    assert values.decode(text.encode("utf-8")) == text
    read = values.decode(text.encode("cp949"))
    # A byte string that is good UTF-8 by chance is read as that; no Hangul text of CP949 of more than a few letters is.
    assert read == text or len(text) <= 4


@given(st.decimals(-90, 90, places=6), st.decimals(-180, 180, places=6))
def test_a_place_keeps_its_degrees(latitude: Decimal, longitude: Decimal) -> None:
    """Six decimals go in and come out."""
    (claim,) = values.place(latitude, longitude, None, "raw", "s")
    assert isinstance(claim, PlaceClaim)
    assert (Decimal(claim.latitude), Decimal(claim.longitude)) == (latitude, longitude)


# --- XML --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "document",
    [
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b"<a>" * 65 + b"</a>" * 65,
        b"<a>" + b"<b/>" * 20_001 + b"</a>",
    ],
)
def test_xml_that_could_cost_more_than_its_length_is_refused(document: bytes) -> None:
    """A document type, an entity, depth, number: each refused, one level or element less is read."""
    with pytest.raises(XmlRefusedError):
        read_xml(document)


def test_xml_at_its_limits_is_read() -> None:
    """The limits themselves are allowed."""
    assert len(read_xml(b"<a>" * 64 + b"</a>" * 64)) == 64
    (element,) = read_xml("<a b='c'>김철수</a>".encode())
    assert (element.name, element.attributes, element.text) == ("a", {"b": "c"}, "김철수")
