"""Documents of known content: PDF, Office of three generations, OpenDocument, Hangul of three generations."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from evtool.core.metadata.vocabulary import CountKind, OffsetBasis, TextKind, TimeKind
from tests.metadata.metadata_samples import (
    archive,
    claims_of,
    compound_file,
    counts,
    exiftool,
    extract,
    property_set,
    run,
    texts,
    times,
)

SUMMARY_FORMAT = bytes.fromhex("e0859ff2f94f6810ab9108002b27b3d9")
HANGUL_FORMAT = bytes.fromhex("60b6a29f6110d411b4c6006097c09d8c")


# --- PDF --------------------------------------------------------------------------------------------------------------

EMPTY_PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>"


def pdf(path: Path, catalogue: bytes = b"", *more: bytes) -> Path:
    """A PDF of two empty pages; further objects are numbered from 5."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R%s>>" % catalogue,
        b"<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>",
        EMPTY_PAGE,
        EMPTY_PAGE,
        *more,
    ]
    out, offsets = b"%PDF-1.5\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    table += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(out))
    path.write_bytes(out + table + trailer)
    return path


def test_a_pdf_tells_who_made_it_when_and_with_what(tmp_path: Path) -> None:
    """Document information and XMP, written by exiftool as an incremental update; pages as qpdf counts them."""
    path = pdf(tmp_path / "letter.pdf")
    run(
        *("exiftool", "-q", "-overwrite_original", "-PDF:Author=김철수", "-PDF:Title=진술서", "-PDF:Creator=Writer"),
        *("-PDF:CreateDate=2016:05:01 10:20:30+08:30", "-PDF:ModifyDate=2019:01:02 03:04:05", "-PDF:Producer=Maker"),
        *("-XMP-xmp:CreateDate=2016:05:01 10:20:30+08:30", "-XMP-xmpMM:DocumentID=uuid:42"),
        path,
    )

    claims = claims_of(path)
    second = exiftool(path)

    assert times(claims, TimeKind.CREATED) == ["2016-05-01T10:20:30+08:30"]
    assert {time.source for time in claims.times if time.kind is TimeKind.CREATED} == {
        "PDF Info /CreationDate",
        "XMP xmp:CreateDate",
    }
    assert second["PDF:CreateDate"] == "2016:05:01 10:20:30+08:30"
    (modified,) = [time for time in claims.times if time.kind is TimeKind.MODIFIED]
    assert (modified.time[:19], second["PDF:ModifyDate"][:19]) == ("2019-01-02T03:04:05", "2019:01:02 03:04:05")
    assert texts(claims, TextKind.PERSON) == [second["PDF:Author"]] == ["김철수"]
    assert texts(claims, TextKind.TITLE) == [second["PDF:Title"]] == ["진술서"]
    assert texts(claims, TextKind.SOFTWARE) == [second["PDF:Creator"], second["PDF:Producer"]] == ["Writer", "Maker"]
    assert texts(claims, TextKind.IDENTIFIER) == [second["XMP-xmpMM:DocumentID"]] == ["uuid:42"]
    assert texts(claims, TextKind.FORMAT_VERSION) == [str(second["PDF:PDFVersion"])] == ["1.5"]
    assert counts(claims, CountKind.PAGES) == [int(run("qpdf", "--show-npages", path))] == [2]
    assert counts(claims, CountKind.INCREMENTAL_UPDATES) == [1]


def test_a_pdf_without_updates_has_none(tmp_path: Path) -> None:
    """Neither a plain file nor a linearized one, which has two end markers, counts as updated."""
    plain = pdf(tmp_path / "plain.pdf")
    linear = tmp_path / "linear.pdf"
    run("qpdf", "--linearize", plain, linear)
    assert linear.read_bytes().count(b"%%EOF") == 2

    assert counts(claims_of(plain), CountKind.INCREMENTAL_UPDATES) == []
    assert counts(claims_of(linear), CountKind.INCREMENTAL_UPDATES) == []


def test_an_end_marker_alone_is_no_update(tmp_path: Path) -> None:
    """A scanner wrote the marker twice; each of two true updates points to a section of its own."""
    path = pdf(tmp_path / "twice.pdf")
    path.write_bytes(path.read_bytes() + b"%%EOF\n")
    assert counts(claims_of(path), CountKind.INCREMENTAL_UPDATES) == []

    updated = pdf(tmp_path / "updated.pdf")
    for author in ("First", "Second"):
        run("exiftool", "-q", "-overwrite_original", f"-Author={author}", updated)
    assert counts(claims_of(updated), CountKind.INCREMENTAL_UPDATES) == [1], "exiftool replaces its own update"


@pytest.mark.parametrize("junk", [b"\xef\xbb\xbf", b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1000])
def test_a_version_stands_behind_the_mark_of_the_format(tmp_path: Path, junk: bytes) -> None:
    """Bytes before the header are counted, and never taken for a version."""
    path = pdf(tmp_path / "plain.pdf")
    plain = claims_of(path)
    path.write_bytes(junk + path.read_bytes())
    result = extract(path)

    assert result.claims is not None
    assert texts(result.claims, TextKind.FORMAT_VERSION) == texts(plain, TextKind.FORMAT_VERSION) != []
    assert counts(result.claims, CountKind.LEADING_BYTES) == [len(junk)]
    assert counts(plain, CountKind.LEADING_BYTES) == []


def test_a_header_without_a_version_states_none(tmp_path: Path) -> None:
    """What follows the mark is a stranger's text unless it is a version."""
    path = pdf(tmp_path / "odd.pdf")
    path.write_bytes(path.read_bytes().replace(b"%PDF-1.", b"%PDF-x.", 1))
    result = extract(path)

    assert result.claims is not None
    assert texts(result.claims, TextKind.FORMAT_VERSION) == []


def test_the_catalogue_can_state_a_later_version(tmp_path: Path) -> None:
    """Both are stated, each with its source (ISO 32000-1, section 7.7.2)."""
    claims = claims_of(pdf(tmp_path / "later.pdf", b"/Version/1.7"))

    sources = [text.source for text in claims.texts if text.kind is TextKind.FORMAT_VERSION]
    assert sources == ["PDF header", "PDF catalogue /Version"]
    assert texts(claims, TextKind.FORMAT_VERSION)[-1] == "1.7"


def test_a_pdf_that_lost_its_end_is_damaged(tmp_path: Path) -> None:
    """Readers rebuild what is missing; the claims say that something was."""
    path = pdf(tmp_path / "cut.pdf")
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"startxref")] + b"startxref\n7\n%%EOF\n")
    result = extract(path)

    assert result.claims is not None
    assert result.claims.problems != ()


@pytest.mark.parametrize("bits", ["40", "128", "256"])
def test_an_encrypted_pdf_is_said_to_be_encrypted(tmp_path: Path, bits: str) -> None:
    """With a password nothing else is read; with an empty one, as most such files have, the rest is claimed too."""
    plain = pdf(tmp_path / "plain.pdf")
    weak = () if bits == "256" else ("--allow-weak-crypto",)
    for user in ("secret", ""):
        run("qpdf", *weak, "--encrypt", user, "owner", bits, "--", plain, tmp_path / f"locked{user}.pdf")

    locked, opened = claims_of(tmp_path / "lockedsecret.pdf"), claims_of(tmp_path / "locked.pdf")

    assert counts(locked, CountKind.ENCRYPTED) == counts(opened, CountKind.ENCRYPTED) == [1]
    assert counts(locked, CountKind.PAGES) == []
    assert counts(opened, CountKind.PAGES) == [2]


def test_what_is_inside_a_pdf_is_noted(tmp_path: Path) -> None:
    """An embedded file, a script that runs on opening, and a signature field that is filled in; qpdf lists the file."""
    letter = tmp_path / "letter.txt"
    letter.write_text("text", "utf-8")
    catalogue = b"/OpenAction<</S/JavaScript/JS(app.alert(1))>>/AcroForm<</Fields[5 0 R 6 0 R]>>"
    signed = b"<</FT/Sig/T(s)/V<</Type/Sig/Filter/Adobe.PPKLite>>>>"
    path = pdf(tmp_path / "plain.pdf", catalogue, signed, b"<</FT/Sig/T(empty)>>")
    carrier = tmp_path / "carrier.pdf"
    run("qpdf", path, "--add-attachment", letter, "--", carrier)

    claims = claims_of(carrier)

    assert run("qpdf", "--list-attachments", carrier).startswith("letter.txt")
    assert counts(claims, CountKind.EMBEDDED_FILES) == [1]
    assert counts(claims, CountKind.JAVASCRIPT) == [1]
    assert counts(claims, CountKind.SIGNATURES) == [1]


def test_a_pdf_of_compressed_objects_reads_the_same(tmp_path: Path) -> None:
    """Object streams and cross-reference streams, as most programs write them today."""
    path = pdf(tmp_path / "plain.pdf")
    run("exiftool", "-q", "-overwrite_original", "-PDF:Author=박영희", path)
    packed = tmp_path / "packed.pdf"
    run("qpdf", "--object-streams=generate", path, packed)
    assert b"/ObjStm" in packed.read_bytes()

    assert texts(claims_of(packed), TextKind.PERSON) == [exiftool(packed)["PDF:Author"]] == ["박영희"]


# --- Office -----------------------------------------------------------------------------------------------------------

CORE = """<?xml version="1.0" encoding="UTF-8"?>
<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>진술서</dc:title><dc:creator>김철수</dc:creator>
<cp:lastModifiedBy>박영희</cp:lastModifiedBy><cp:revision>7</cp:revision>
<dcterms:created xsi:type="dcterms:W3CDTF">2016-05-01T01:50:30Z</dcterms:created>
<dcterms:modified xsi:type="dcterms:W3CDTF">2016-05-02T03:04:05Z</dcterms:modified>
<cp:lastPrinted>2016-05-03T00:00:01Z</cp:lastPrinted></cp:coreProperties>"""

APP = """<?xml version="1.0" encoding="UTF-8"?>
<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties">
<Application>Microsoft Office Word</Application><AppVersion>16.0000</AppVersion><Company>통일부</Company>
<Pages>3</Pages></Properties>"""

PARTS = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml", "pptx": "ppt/presentation.xml"}


@pytest.mark.parametrize("extension", PARTS)
def test_an_office_document_tells_its_history(tmp_path: Path, extension: str) -> None:
    """Core and extended properties as exiftool reads them; macros and embedded objects are noted."""
    folder = PARTS[extension].split("/")[0]
    path = archive(
        tmp_path / f"report.{extension}",
        {
            "[Content_Types].xml": b"<Types/>",
            PARTS[extension]: b"<document/>",
            "docProps/core.xml": CORE.encode(),
            "docProps/app.xml": APP.encode(),
            f"{folder}/vbaProject.bin": b"macro",
            f"{folder}/embeddings/oleObject1.bin": b"object",
            f"{folder}/media/image1.png": b"picture",
            "docProps/thumbnail.jpeg": b"small",
        },
    )

    claims = claims_of(path)
    second = exiftool(path)

    assert claims.format is not None
    assert claims.format.extensions[0] == extension
    assert texts(claims, TextKind.PERSON) == [second["XMP-dc:Creator"], second["XML:LastModifiedBy"]]
    assert texts(claims, TextKind.PERSON) == ["김철수", "박영희"]
    assert texts(claims, TextKind.TITLE) == [second["XMP-dc:Title"]] == ["진술서"]
    assert texts(claims, TextKind.ORGANISATION) == [second["XML:Company"]] == ["통일부"]
    assert texts(claims, TextKind.SOFTWARE) == [second["XML:Application"]] == ["Microsoft Office Word"]
    assert counts(claims, CountKind.REVISION) == [second["XML:RevisionNumber"]] == [7]
    assert counts(claims, CountKind.PAGES) == [second["XML:Pages"]] == [3]
    assert second["XML:CreateDate"] == "2016:05:01 01:50:30Z"
    assert times(claims, TimeKind.CREATED) == ["2016-05-01T01:50:30+00:00"]
    assert times(claims, TimeKind.MODIFIED) == ["2016-05-02T03:04:05+00:00"]
    assert times(claims, TimeKind.PRINTED) == ["2016-05-03T00:00:01+00:00"]
    noted = (CountKind.MACROS, CountKind.EMBEDDED_FILES, CountKind.PICTURES, CountKind.THUMBNAILS)
    assert [counts(claims, kind) for kind in noted] == [[1]] * 4


META = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-meta xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><office:meta>
<meta:initial-creator>김철수</meta:initial-creator><dc:creator>박영희</dc:creator><dc:title>진술서</dc:title>
<meta:creation-date>2016-05-01T10:20:30.123456789</meta:creation-date><dc:date>2016-05-02T03:04:05</dc:date>
<meta:generator>LibreOffice/7.4</meta:generator><meta:editing-cycles>5</meta:editing-cycles>
<meta:document-statistic meta:page-count="4"/></office:meta></office:document-meta>"""


@pytest.mark.parametrize(("extension", "kind"), [("odt", "text"), ("ods", "spreadsheet"), ("odp", "presentation")])
def test_an_opendocument_has_local_times_without_offset(tmp_path: Path, extension: str, kind: str) -> None:
    """`meta.xml` as exiftool reads it; the format writes local times and no offset."""
    media_type = f"application/vnd.oasis.opendocument.{kind}"
    entries = {"mimetype": media_type.encode(), "meta.xml": META.encode(), "Thumbnails/thumbnail.png": b"small"}
    path = archive(tmp_path / f"report.{extension}", entries)

    claims = claims_of(path)
    second = exiftool(path)

    assert claims.format is not None
    assert claims.format.media_type == media_type
    assert texts(claims, TextKind.PERSON) == [second["XMP-meta:Initial-creator"], second["XMP-dc:Creator"]]
    assert texts(claims, TextKind.PERSON) == ["김철수", "박영희"]
    assert texts(claims, TextKind.SOFTWARE) == [second["XMP-meta:Generator"]] == ["LibreOffice/7.4"]
    assert times(claims, TimeKind.CREATED) == ["2016-05-01T10:20:30.123456789"]
    assert times(claims, TimeKind.MODIFIED) == [second["XMP-dc:Date"].replace(":", "-", 2).replace(" ", "T")]
    assert {time.offset for time in claims.times} == {OffsetBasis.UNKNOWN}
    assert counts(claims, CountKind.REVISION) == [5]
    assert counts(claims, CountKind.PAGES) == [4]
    assert counts(claims, CountKind.THUMBNAILS) == [1]


def test_an_encrypted_opendocument_is_said_to_be_encrypted(tmp_path: Path) -> None:
    """Its `meta.xml` is noise, and is not read."""
    manifest = b"<manifest><file-entry><encryption-data/></file-entry></manifest>"
    media_type = b"application/vnd.oasis.opendocument.text"
    entries = {"mimetype": media_type, "meta.xml": b"\xff\xfe\x00", "META-INF/manifest.xml": manifest}
    claims = claims_of(archive(tmp_path / "report.odt", entries))

    assert counts(claims, CountKind.ENCRYPTED) == [1]


FILE_TIME = 131_065_626_300_000_000
"""2016-05-01T07:50:30Z in units of 100 ns since 1601."""


@pytest.mark.parametrize(
    ("stream", "media_type"),
    [
        ("WordDocument", "application/msword"),
        ("Workbook", "application/vnd.ms-excel"),
        ("PowerPoint Document", "application/vnd.ms-powerpoint"),
    ],
)
def test_an_old_korean_office_document_is_read_in_its_code_page(tmp_path: Path, stream: str, media_type: str) -> None:
    """Code page 949 in a property set; exiftool reads the same times, perl the names (exiftool knows no 949)."""
    author, title = "김철수".encode("cp949") + b"\0", "진술서".encode("cp949") + b"\0"
    properties: dict[int, str | int | tuple[int, bytes]] = {
        1: (2, struct.pack("<HH", 949, 0)),
        2: (30, struct.pack("<I", len(title)) + title),
        4: (30, struct.pack("<I", len(author)) + author),
        12: FILE_TIME,
        14: (3, struct.pack("<I", 3)),
        18: (30, struct.pack("<I", 4) + b"MSO\0"),
    }
    summary = property_set(properties, SUMMARY_FORMAT)
    path = tmp_path / "old.doc"
    path.write_bytes(compound_file({stream: b"", "\x05SummaryInformation": summary}))

    claims = claims_of(path)
    second = exiftool(path)

    assert claims.format is not None
    assert claims.format.media_type == media_type
    perl = "use Encode; binmode STDOUT, ':utf8'; local $/; print decode('cp949', <STDIN>)"
    assert texts(claims, TextKind.PERSON) == [run("perl", "-e", perl, stdin=author[:-1])] == ["김철수"]
    assert texts(claims, TextKind.TITLE) == [run("perl", "-e", perl, stdin=title[:-1])] == ["진술서"]
    assert texts(claims, TextKind.SOFTWARE) == [second["FlashPix:Software"]] == ["MSO"]
    assert counts(claims, CountKind.PAGES) == [second["FlashPix:Pages"]] == [3]
    assert second["FlashPix:CreateDate"] == "2016:05:01 07:50:30"
    assert times(claims, TimeKind.CREATED) == ["2016-05-01T07:50:30+00:00"]


# --- Hangul -----------------------------------------------------------------------------------------------------------


def test_a_hangul_document_tells_its_authors_and_times(tmp_path: Path) -> None:
    """HWP 5: names in UTF-16, times, pages, version; `file` agrees that it is one."""
    properties: dict[int, str | int | tuple[int, bytes]] = {
        2: "진술서",
        4: "김철수",
        8: "박영희",
        12: FILE_TIME,
        13: FILE_TIME + 600_000_000,
        14: (3, struct.pack("<I", 3)),
        20: "2016년 5월 1일 일요일 오후 4:50:30",
    }
    header = b"HWP Document File".ljust(32, b"\0") + bytes([0, 3, 0, 5]) + struct.pack("<I", 1 | 1 << 1)
    path = tmp_path / "statement.hwp"
    summary = property_set(properties, HANGUL_FORMAT)
    path.write_bytes(compound_file({"FileHeader": header, "DocInfo": b"", "\x05HwpSummaryInformation": summary}))

    claims = claims_of(path)

    assert "Hangul (Korean) Word Processor File 5" in run("file", path)
    assert claims.format is not None
    assert claims.format.media_type == "application/x-hwp"
    assert texts(claims, TextKind.PERSON) == ["김철수", "박영희"]
    assert texts(claims, TextKind.TITLE) == ["진술서"]
    assert "5.0.3.0" in texts(claims, TextKind.FORMAT_VERSION)
    assert times(claims, TimeKind.CREATED) == ["2016-05-01T07:50:30+00:00"]
    assert times(claims, TimeKind.MODIFIED) == ["2016-05-01T07:51:30+00:00"]
    assert counts(claims, CountKind.PAGES) == [3]
    assert counts(claims, CountKind.ENCRYPTED) == [1]
    assert "2016년 5월 1일 일요일 오후 4:50:30" in [tag.value for tag in claims.tags]


def test_a_hangul_document_of_the_1990s_is_read_in_johab(tmp_path: Path) -> None:
    """HWP 3 keeps its summary in two-byte Johab; perl's decoder reads the same name."""

    def field(text: str) -> bytes:
        letters = (letter.encode("johab").rjust(2, b"\0")[::-1] for letter in text)
        return b"".join(letters).ljust(112, b"\0")

    summary = ["진술서", "보위부", "김철수", "1997년 3월 2일", "평양 1997", "", "", "", ""]
    path = tmp_path / "statement.hwp"
    path.write_bytes(b"HWP Document File V3.00 \x1a\1\2\3\4\5" + b"\0" * 128 + b"".join(map(field, summary)))
    perl = "use Encode; binmode STDOUT, ':utf8'; local $/; print decode('johab', <STDIN>)"

    claims = claims_of(path)

    assert "Hangul (Korean) Word Processor File 3" in run("file", path)
    assert texts(claims, TextKind.PERSON) == [run("perl", "-e", perl, stdin="김철수".encode("johab"))] == ["김철수"]
    assert texts(claims, TextKind.TITLE) == ["진술서", "보위부"]
    assert texts(claims, TextKind.DESCRIPTION) == ["평양 1997"]
    # A date in words is no point in time: it is kept as found.
    assert claims.times == ()
    assert "1997년 3월 2일" in [tag.value for tag in claims.tags]


HPF = """<?xml version="1.0" encoding="UTF-8"?><opf:package xmlns:opf="http://www.idpf.org/2007/opf/"><opf:metadata>
<opf:title>진술서</opf:title><opf:language>ko</opf:language><opf:meta name="creator" content="text">김철수</opf:meta>
<opf:meta name="lastsaveby" content="text">박영희</opf:meta>
<opf:meta name="CreatedDate" content="text">2016-05-01T01:50:30Z</opf:meta>
<opf:meta name="ModifiedDate" content="text">2016-05-02T01:50:30Z</opf:meta></opf:metadata></opf:package>"""

VERSION = """<?xml version="1.0" encoding="UTF-8"?><hv:HCFVersion xmlns:hv="http://www.hancom.co.kr/hwpml/2011/version"
 application="Hancom Office Hangul" appVersion="11, 0, 0, 2129"/>"""


def test_a_hangul_document_of_today_tells_its_authors_and_times(tmp_path: Path) -> None:
    """HWPX: the package's metadata."""
    entries = {
        "mimetype": b"application/hwp+zip",
        "Contents/content.hpf": HPF.encode(),
        "version.xml": VERSION.encode(),
        "BinData/image1.png": b"picture",
        "Preview/PrvImage.png": b"small",
    }
    path = archive(tmp_path / "statement.hwpx", entries)

    claims = claims_of(path)

    assert claims.format is not None
    assert claims.format.media_type == "application/hwp+zip"
    assert texts(claims, TextKind.PERSON) == ["김철수", "박영희"]
    assert texts(claims, TextKind.TITLE) == ["진술서"]
    assert texts(claims, TextKind.SOFTWARE) == ["Hancom Office Hangul 11, 0, 0, 2129"]
    assert times(claims, TimeKind.CREATED) == ["2016-05-01T01:50:30+00:00"]
    assert times(claims, TimeKind.MODIFIED) == ["2016-05-02T01:50:30+00:00"]
    assert counts(claims, CountKind.PICTURES) == counts(claims, CountKind.THUMBNAILS) == [1]


def test_a_locked_hangul_document_is_encrypted_and_not_broken(tmp_path: Path) -> None:
    """Its manifest, which can be read, says so; what cannot be read is no XML, and is not taken for it."""
    manifest = b'<manifest:manifest xmlns:manifest="m"><manifest:encryption-data/></manifest:manifest>'
    entries = {"mimetype": b"application/hwp+zip", "Contents/content.hpf": b"\x93\x11\0 locked"}
    locked = archive(tmp_path / "locked.hwpx", entries | {"META-INF/manifest.xml": manifest})
    claims = claims_of(locked)
    assert counts(claims, CountKind.ENCRYPTED) == [1]

    broken = extract(archive(tmp_path / "broken.hwpx", entries)).claims
    assert broken is not None
    assert counts(broken, CountKind.ENCRYPTED) == []
    assert [problem.reason for problem in broken.problems] == ["malformed (ExpatError)"]


@pytest.mark.parametrize(
    ("kind", "name", "extension"),
    [(b"SM", "Outlook personal folders", "pst"), (b"SO", "Outlook offline folders", "ost")],
)
def test_folders_of_outlook_are_told_apart(tmp_path: Path, kind: bytes, name: str, extension: str) -> None:
    """Their first four bytes are the same, bytes 8 and 9 tell which they are."""
    path = tmp_path / f"mail.{extension}"
    path.write_bytes(b"!BDN\0\0\0\0" + kind + b"\x17\0\x13\0".ljust(1006, b"\0"))
    found = claims_of(path).format

    assert found is not None
    assert (found.name, found.extensions) == (name, (extension,))
