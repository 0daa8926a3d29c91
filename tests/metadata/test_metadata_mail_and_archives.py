"""Mail and archives of known content, with the encodings that old Korean programs used."""

from __future__ import annotations

import base64
import gzip
import os
import subprocess
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from evtool.core.metadata.claims import Claims
from evtool.core.metadata.vocabulary import CountKind, OffsetBasis, TextKind, TimeKind
from tests.metadata.metadata_samples import claims_of, counts, extract, run, texts, times

HEAD = (
    "Return-Path: <kim@example.org>\r\n"
    "Received: from mx.example.net (mx.example.net [192.0.2.7]) by in.example.com; Sun, 1 May 2016 10:21:00 +0900\r\n"
    "Received: from pc (unknown [198.51.100.9]) by mx.example.net; Sun, 1 May 2016 01:50:45 +0000 (UTC)\r\n"
    "Date: Sun, 1 May 2016 10:20:30 +0830\r\n"
    "Message-ID: <42@example.org>\r\n"
    "X-Mailer: Mailer 1.0\r\n"
)


def mail(path: Path, head: bytes, body: bytes = b"text\r\n") -> Path:
    path.write_bytes(head + b"\r\n" + body)
    return path


def encoded(text: str, codec: str, label: str) -> str:
    return f"=?{label}?B?{base64.b64encode(text.encode(codec)).decode('ascii')}?="


def perl_decoded(word: str) -> str:
    script = "use Encode; binmode STDOUT, ':utf8'; local $/; print decode('MIME-Header', <STDIN>)"
    return run("perl", "-e", script, stdin=word.encode("ascii"))


def test_a_message_tells_its_way_and_its_times(tmp_path: Path) -> None:
    """The sender's time with its offset, each server's, who and to whom, what is attached."""
    parts = (
        b'--b\r\nContent-Type: text/plain\r\n\r\ntext\r\n--b\r\nContent-Type: image/jpeg; name="map.jpg"\r\n'
        b'Content-Disposition: attachment; filename="map.jpg"\r\n\r\nxx\r\n--b--\r\n'
    )
    more = (
        'From: "Kim" <kim@example.org>\r\nTo: a@example.com, B <b@example.com>\r\nCc: c@example.com\r\nSubject: s\r\n'
    )
    kind = 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n'
    path = mail(tmp_path / "m.eml", (HEAD + more + kind).encode("ascii"), parts)

    claims = claims_of(path)

    assert claims.format is not None
    assert claims.format.media_type == "message/rfc822"
    assert times(claims, TimeKind.SENT) == ["2016-05-01T10:20:30+08:30"]
    assert times(claims, TimeKind.RECEIVED) == ["2016-05-01T10:21:00+09:00", "2016-05-01T01:50:45+00:00"]
    assert {time.offset for time in claims.times} == {OffsetBasis.STATED}
    assert counts(claims, CountKind.HOPS) == [2]
    assert counts(claims, CountKind.RECIPIENTS) == [3]
    assert counts(claims, CountKind.ATTACHMENTS) == [1]
    assert texts(claims, TextKind.FILE_NAME) == ["map.jpg"]
    assert texts(claims, TextKind.PERSON) == ["Kim", "B"]
    assert texts(claims, TextKind.CONTACT) == ["kim@example.org", "a@example.com", "b@example.com", "c@example.com"]
    assert texts(claims, TextKind.SOFTWARE) == ["Mailer 1.0"]
    assert texts(claims, TextKind.IDENTIFIER) == ["<42@example.org>"]


@pytest.mark.parametrize(
    ("codec", "label"),
    [("euc-kr", "EUC-KR"), ("cp949", "ks_c_5601-1987"), ("iso2022_kr", "ISO-2022-KR"), ("utf-8", "UTF-8")],
)
def test_encoded_words_in_korean_encodings(tmp_path: Path, codec: str, label: str) -> None:
    """Each label that Korean programs wrote; perl's decoder agrees where it knows the label."""
    name, title = encoded("김철수", codec, label), encoded("진술서", codec, label)
    head = f"{HEAD}From: {name} <kim@example.org>\r\nSubject: {title}\r\n"

    claims = claims_of(mail(tmp_path / "m.eml", head.encode("ascii")))

    assert texts(claims, TextKind.PERSON) == [perl_decoded(name)] == ["김철수"]
    assert texts(claims, TextKind.TITLE) == [perl_decoded(title)] == ["진술서"]


def test_letters_beyond_euc_kr_under_its_label(tmp_path: Path) -> None:
    """Korean programs wrote CP949 and called it EUC-KR; the letters that only CP949 has are read too."""
    title = encoded("똠방각하", "cp949", "EUC-KR")

    claims = claims_of(mail(tmp_path / "m.eml", f"{HEAD}From: k@example.org\r\nSubject: {title}\r\n".encode("ascii")))

    assert texts(claims, TextKind.TITLE) == ["똠방각하"]


def test_header_bytes_that_state_no_encoding(tmp_path: Path) -> None:
    """Mail of the 1990s put EUC-KR into the header as it was, and so do spam and some exports."""
    head = HEAD.encode("ascii") + 'From: "김철수" <kim@example.org>\r\nSubject: 진술서\r\n'.encode("euc-kr")

    claims = claims_of(mail(tmp_path / "m.eml", head))

    assert texts(claims, TextKind.PERSON) == ["김철수"]
    assert texts(claims, TextKind.TITLE) == ["진술서"]


@pytest.mark.parametrize(
    ("written", "time", "offset"),
    [
        ("Sun, 1 May 2016 01:50:30 -0000", "2016-05-01T01:50:30+00:00", OffsetBasis.FORMAT),
        ("Sun, 1 May 2016 10:20:30", "2016-05-01T10:20:30", OffsetBasis.UNKNOWN),
        ("1 May 16 10:20 +0900", "2016-05-01T10:20:00+09:00", OffsetBasis.STATED),
    ],
)
def test_a_zone_that_is_not_stated_is_not_invented(
    tmp_path: Path, written: str, time: str, offset: OffsetBasis
) -> None:
    """-0000 is UTC of nobody knows where, and no zone at all stays none (RFC 5322, section 3.3)."""
    head = f"From: a@example.org\r\nTo: b@example.org\r\nDate: {written}\r\n"

    claims = claims_of(mail(tmp_path / "m.eml", head.encode("ascii")))

    (sent,) = claims.times
    assert (sent.time, sent.offset, sent.raw) == (time, offset, written)


def test_a_text_with_a_colon_is_no_mail(tmp_path: Path) -> None:
    """One line that looks like a header does not make a message."""
    path = tmp_path / "note.txt"
    path.write_text("From: the beginning\nit went on\n", "utf-8")

    found = claims_of(path).format

    assert found is not None
    assert found.media_type == "text/plain"


def test_a_zip_archive_is_summed_up(tmp_path: Path) -> None:
    """Entries, bytes, span of times: as unzip lists them; names that climb are counted."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as writer:
        for name, year in (("one.txt", 2015), ("folder/two.txt", 2017), ("../climbs", 2016)):
            writer.writestr(zipfile.ZipInfo(name, (year, 6, 1, 12, 0, 0)), b"x" * 100)
        writer.mkdir("folder")

    claims = claims_of(path)

    listing = run("unzip", "-Z", "-t", path)
    assert listing.startswith("4 files, 300 bytes uncompressed")
    assert counts(claims, CountKind.ENTRIES) == [3]
    assert counts(claims, CountKind.DIRECTORIES) == [1]
    assert counts(claims, CountKind.UNPACKED_BYTES) == [300]
    assert counts(claims, CountKind.UNSAFE_NAMES) == [1]
    assert times(claims, TimeKind.EARLIEST_ENTRY) == ["2015-06-01T12:00:00"]
    assert {time.offset for time in claims.times} == {OffsetBasis.UNKNOWN}


def test_names_of_old_korean_archives_are_read(tmp_path: Path) -> None:
    """Without the flag for UTF-8 the names are CP949, as perl decodes them."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as writer:
        writer.writestr("XXXXXX.txt", b"x")
    path.write_bytes(path.read_bytes().replace(b"XXXXXX", "김철수".encode("cp949")))

    (name,) = [tag.value for tag in claims_of(path).tags]

    perl = "use Encode; binmode STDOUT, ':utf8'; local $/; print decode('cp949', <STDIN>)"
    assert name == run("perl", "-e", perl, stdin="김철수.txt".encode("cp949")) == "김철수.txt"


def test_a_tar_archive_is_summed_up(tmp_path: Path) -> None:
    """Entries, links, times: as tar lists them."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "one.txt").write_bytes(b"x" * 700)
    (folder / "link").symlink_to("/etc/passwd")
    for name, seconds in (("one.txt", 1_462_067_430), (".", 1_462_067_430)):
        os.utime(folder / name, (seconds, seconds))
    path = tmp_path / "a.tar"
    run("tar", "-cf", path, "-C", tmp_path, "in/one.txt", "in/link")

    claims = claims_of(path)

    assert len(run("tar", "-tf", path).splitlines()) == 2
    assert "2016-05-01 01:50:30" in run("tar", "--utc", "--full-time", "-tvf", path)
    assert counts(claims, CountKind.ENTRIES) == [1]
    assert counts(claims, CountKind.LINKS) == [1]
    assert counts(claims, CountKind.UNSAFE_NAMES) == [1]
    assert counts(claims, CountKind.UNPACKED_BYTES) == [700]
    assert times(claims, TimeKind.EARLIEST_ENTRY) == ["2016-05-01T01:50:30+00:00"]


def test_a_gzip_file_tells_its_former_name_and_time(tmp_path: Path) -> None:
    """The header that gzip writes; gzip itself lists the same name."""
    path = tmp_path / "a.gz"
    with path.open("wb") as file, gzip.GzipFile("letter.txt", "wb", fileobj=file, mtime=1_462_067_430) as writer:
        writer.write(b"text")

    claims = claims_of(path)

    listed = subprocess.run(["gzip", "-lN", str(path)], capture_output=True, text=True, check=True).stdout
    assert "letter.txt" in listed
    assert texts(claims, TextKind.FILE_NAME) == ["letter.txt"]
    assert times(claims, TimeKind.MODIFIED) == ["2016-05-01T01:50:30+00:00"]


# --- two answers, and damage ------------------------------------------------------------------------------------------


def repeated(claims: Claims) -> dict[str, int]:
    """What is stated more than once, by its source."""
    return {count.source: count.value for count in claims.counts if count.kind is CountKind.REPEATED_FIELDS}


def test_two_dates_of_a_mail_are_both_told(tmp_path: Path) -> None:
    """Programs differ in which one they show; both are claims, and the note says so."""
    head = HEAD.encode() + b"Date: Mon, 2 May 2016 10:20:30 +0830\r\nSubject: one\r\nSubject: two\r\n"
    claims = claims_of(mail(tmp_path / "a.eml", head))

    assert times(claims, TimeKind.SENT) == ["2016-05-01T10:20:30+08:30", "2016-05-02T10:20:30+08:30"]
    assert texts(claims, TextKind.TITLE) == ["one", "two"]
    assert repeated(claims) == {"Date": 2, "Subject": 2}
    assert repeated(claims_of(mail(tmp_path / "b.eml", HEAD.encode()))) == {}


CORE = (
    '<cp:coreProperties xmlns:cp="c" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>{}</dc:creator>'
    "</cp:coreProperties>"
)


def office(path: Path, *entries: tuple[str, str]) -> Path:
    """A document of Word with these parts, which may have one name."""
    with zipfile.ZipFile(path, "w") as writer, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, text in (("[Content_Types].xml", ""), ("word/document.xml", ""), *entries):
            writer.writestr(name, text)
    return path


def test_two_answers_of_a_document_are_both_told(tmp_path: Path) -> None:
    """Two parts of one name, or a second part that the package points to: Python takes the last, Word another one."""
    first, second = ("docProps/core.xml", CORE.format("Kim")), ("docProps/core.xml", CORE.format("Park"))
    relation = '<r><Relationship Type="http://x/metadata/core-properties" Target="docProps/other.xml"/></r>'
    for entries in ((first, second), (first, ("docProps/other.xml", second[1]), ("_rels/.rels", relation))):
        claims = claims_of(office(tmp_path / "two.docx", *entries))
        assert texts(claims, TextKind.PERSON) == ["Kim", "Park"]
        assert repeated(claims) == {"docProps/core.xml": 2}

    assert repeated(claims_of(office(tmp_path / "one.docx", first))) == {}


def test_a_name_twice_in_an_archive_is_told(tmp_path: Path) -> None:
    """One program unpacks the first, another one the last."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as writer, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, text in (("a.txt", "one"), ("b.txt", ""), ("a.txt", "two")):
            writer.writestr(name, text)

    assert repeated(claims_of(path)) == {"names in ZIP directory": 1}


def cut_mail(folder: Path) -> tuple[bytes, str]:
    """A message in two parts, and what is said of it when it is cut."""
    head = HEAD + "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n"
    return (head + "text\r\n" * 100 + "--x--\r\n").encode(), "mail: cut short"


def cut_tar(folder: Path) -> tuple[bytes, str]:
    """An archive of one file."""
    (folder / "inside").write_bytes(os.urandom(40_000))
    run("tar", "-cf", folder / "a.tar", "-C", folder, "inside")
    return (folder / "a.tar").read_bytes(), "tar: cut short"


def cut_recording(folder: Path, name: str) -> bytes:
    """A second of sound or pictures, as ffmpeg writes it."""
    lavfi = "sine=duration=1" if name.endswith("wav") else "testsrc=size=64x48:duration=1"
    run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", lavfi, folder / name)
    return (folder / name).read_bytes()


CUT: dict[str, Callable[[Path], tuple[bytes, str]]] = {
    "a.eml": cut_mail,
    "a.tar": cut_tar,
    "a.wav": lambda folder: (cut_recording(folder, "b.wav"), "audio: cut short"),
    "a.avi": lambda folder: (cut_recording(folder, "b.avi"), "avi: cut short"),
    "a.mkv": lambda folder: (cut_recording(folder, "b.mkv"), "matroska: cut short"),
}


@pytest.mark.parametrize("name", CUT)
def test_what_was_cut_says_so(tmp_path: Path, name: str) -> None:
    """A copy that stopped halfway: the claims hold a reason, those of the whole file hold none."""
    whole, reason = CUT[name](tmp_path)
    path = tmp_path / name
    path.write_bytes(whole)
    claims_of(path)

    path.write_bytes(whole[: len(whole) * 2 // 3])
    claims = extract(path).claims
    assert claims is not None
    assert any(f"{problem.extractor}: {problem.reason}".startswith(reason) for problem in claims.problems)
