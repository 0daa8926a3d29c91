"""Lists as real programs write them, on Windows and elsewhere: the verdict, and the words for it.

The evidence is right in every row that ends with 0. It is never called wrong because of how a list is spelled.
"""

from __future__ import annotations

import binascii
import codecs
import hashlib
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evtool.core.errors import EvtoolError, FormatError
from evtool.core.text.foreign import read_foreign_text
from evtool.interop.checksum_lists import FORMATS, ListOptions, read_list
from evtool.operations.seal.import_evidence import Origin, import_list
from evtool.operations.seal.metadata import MetadataChoice
from evtool.operations.seal.options import SealOptions
from tests.bundle.case import author, write_files

FILES = {"letter.txt": b"a letter", "photos/a.jpg": b"a picture", "photos/한글 문서.hwp": b"a text"}
BACK = {name: name.replace("/", "\\") for name in FILES}
DRIVE = {name: f"E:\\case\\{path}" for name, path in BACK.items()}
SAME = {name: name for name in FILES}


def digest(name: str, algorithm: str = "sha256") -> str:
    data = FILES[name]
    return f"{binascii.crc32(data):08x}" if algorithm == "crc32" else hashlib.new(algorithm, data).hexdigest()


def sums(form: str, names: dict[str, str] = SAME, algorithm: str = "sha256", end: str = "\n") -> str:
    """Write a line for each file; `form` says how, with D for the digest and N for the name."""
    lines = (
        form.format(D=digest(name, algorithm), U=digest(name, algorithm).upper(), N=path)
        for name, path in names.items()
    )
    return "".join(line + end for line in lines)


def hashdeep(names: dict[str, str], end: str = "\n") -> str:
    lines = ["%%%% HASHDEEP-1.0", "%%%% size,md5,sha256,filename", "## Invoked from: E:\\case", "## "]
    lines += [f"{len(FILES[n])},{digest(n, 'md5')},{digest(n)},{path}" for n, path in names.items()]
    return "".join(line + end for line in lines)


def table(header: str, row: str, names: dict[str, str] = DRIVE, end: str = "\r\n") -> str:
    """Write a table; a row has N for the path, B for the name alone, and a letter for each algorithm."""
    lines = [header]
    for name, path in names.items():
        values = {"N": path, "B": name.split("/")[-1], "M": digest(name, "md5"), "S": digest(name, "sha1")}
        lines.append(row.format(D=digest(name), U=digest(name).upper(), C=digest(name, "crc32"), **values))
    return "".join(line + end for line in lines)


def certutil(first: str, last: str, spaced: bool = False) -> str:
    def spell(name: str) -> str:
        value = digest(name)
        return " ".join(value[i : i + 2] for i in range(0, 64, 2)) if spaced else value

    return "".join(f"{first.format(BACK[n])}\r\n{spell(n)}\r\n{last}\r\n" for n in FILES)


def powershell_table(names: dict[str, str] = DRIVE) -> str:
    rows = [f"{'Algorithm':<15} {'Hash':<70} Path", f"{'---------':<15} {'----':<70} ----"]
    rows += [f"{'SHA256':<15} {digest(n).upper():<70} {path}" for n, path in names.items()]
    return "\r\n" + "\r\n".join(rows) + "\r\n\r\n\r\n"


def powershell_list(names: dict[str, str] = DRIVE) -> str:
    return "\r\n".join(
        f"\r\nAlgorithm : SHA256\r\nHash      : {digest(n).upper()}\r\nPath      : {path}\r\n"
        for n, path in names.items()
    )


def hashmyfiles(names: dict[str, str] = DRIVE) -> str:
    bar = "=" * 50
    return "".join(
        f"{bar}\r\nFilename          : {n.split('/')[-1]}\r\nMD5               : {digest(n, 'md5')}\r\n"
        f"SHA1              : {digest(n, 'sha1')}\r\nCRC32             : {digest(n, 'crc32')}\r\n"
        f"SHA-256           : {digest(n)}\r\nSHA-512           : \r\nFull Path         : {path}\r\n"
        f"Modified Time     : 2031-01-01 오전 10:00:00\r\nFile Size         : {len(FILES[n])}\r\n{bar}\r\n\r\n"
        for n, path in names.items()
    )


AUTOPSY = "Name,S,C,O,Modified Time,Size,Flags(Dir),Known,Location,MD5 Hash,SHA-256 Hash,MIME Type,Extension"
AUTOPSY_ROW = "{B},,,0,2031-01-01 10:00:00 KST,99,Allocated,unknown,{N},{M},{D},text/plain,txt"
PS = "get-filehash"
DRIVE_STRIP = ListOptions(strip="E:\\case\\")
GONE = "nothing was sealed, because not everything that the list names is there"


class Row(NamedTuple):
    """One list, how it is read, and what comes of it."""

    name: str
    data: bytes | str
    how: ListOptions
    code: int = 0
    words: str = ""


def options(format_name: str | None = None, strip: str = "", **more: str) -> ListOptions:
    return ListOptions(format_name, strip, **more)


def wrong(text: str) -> str:
    """Change the digest of the letter in a list, and nothing else."""
    for algorithm in ("sha256", "md5", "sha1", "crc32"):
        for spelled in (digest("letter.txt", algorithm), digest("letter.txt", algorithm).upper()):
            text = text.replace(spelled, "ab" * (len(spelled) // 2))
    return text


ELSEWHERE = SAME | {"letter.txt": "Letter (1).txt"}
UTF16 = codecs.BOM_UTF16_LE
ROWS = [
    Row("sha256sum", sums("{D}  {N}"), options("sha256sum")),
    Row("sha256sum -b", sums("{D} *{N}"), options("sha256sum")),
    Row("sha256sum --tag", sums("SHA256 ({N}) = {D}"), options("sha256sum")),
    Row("openssl dgst 1", sums("SHA256({N})= {D}"), options("sha256sum")),
    Row("openssl dgst 3", sums("SHA2-256({N})= {D}"), options("sha256sum")),
    Row("rhash --bsd", sums("SHA-256 ({N}) = {D}"), options("sha256sum")),
    Row("shasum of macOS", sums("{D}  ./{N}"), options("sha256sum")),
    Row("md5 -r of BSD", sums("{D} {N}", algorithm="md5"), options("md5sum"), 0, ""),
    Row("md5 of macOS", sums("MD5 ({N}) = {D}", algorithm="md5"), options("md5sum")),
    Row("capitals", sums("{U}  {N}"), options("sha256sum")),
    Row("one blank", sums("{D} {N}"), options("sha256sum")),
    Row("tab", sums("{D}\t{N}"), options("sha256sum")),
    Row(
        "TeraCopy",
        "; SHA256 checksums\r\n; by TeraCopy\r\n\r\n" + sums("{D} *{N}", BACK, end="\r\n"),
        options("sha256sum"),
    ),
    Row("HashCheck", "\ufeff" + sums("{D} *{N}", BACK, end="\r\n"), options("sha256sum")),
    Row(
        "md5summer",
        "# MD5 checksums generated by MD5summer\r\n\r\n" + sums("{D} *{N}", BACK, "md5", "\r\n"),
        options("md5sum"),
    ),
    Row("Total Commander", sums("{D} *{N}", BACK, "md5", "\r\n"), options("md5sum")),
    Row("FastSum", "; by FastSum\r\n" + sums("{D} *{N}", BACK, "md5", "\r\n"), options("md5sum")),
    Row(
        "fciv",
        "//\r\n// File Checksum Integrity Verifier version 2.05.\r\n//\r\n" + sums("{D} {N}", BACK, "md5", "\r\n"),
        options("md5sum"),
    ),
    Row("fciv with drive", "//\r\n" + sums("{D} {N}", DRIVE, "md5", "\r\n"), options("md5sum", "e:\\CASE")),
    Row("cksfv", "; Generated by cksfv\n" + sums("{N} {D}", SAME, "crc32"), options("sfv"), 0, ""),
    Row("WIN-SFV32", "; WIN-SFV32 v1\r\n" + sums("{N} {U}", BACK, "crc32", "\r\n"), options("sfv")),
    Row("hashdeep", hashdeep(SAME), options("hashdeep")),
    Row("hashdeep -l", hashdeep({n: f"./{n}" for n in FILES}), options("hashdeep")),
    Row("hashdeep64 -l", hashdeep({n: f".\\{p}" for n, p in BACK.items()}, "\r\n"), options("hashdeep")),
    Row("hashdeep64", hashdeep(DRIVE, "\r\n"), options("hashdeep", "E:\\case")),
    Row("hashdeep64 > list", UTF16 + hashdeep(BACK, "\r\n").encode("utf-16-le"), options("hashdeep")),
    Row("sha256sum > list", UTF16 + sums("{D}  {N}", end="\r\n").encode("utf-16-le"), options("sha256sum")),
    Row("UTF-16 without a mark", sums("{D}  {N}", end="\r\n").encode("utf-16-le"), options("sha256sum")),
    Row("UTF-16BE", codecs.BOM_UTF16_BE + sums("{D}  {N}").encode("utf-16-be"), options("sha256sum")),
    Row("Notepad", "\ufeff" + sums("{D}  {N}", end="\r\n"), options("sha256sum")),
    Row("a list by its name", sums("{D}  {N}"), options(None, name="SHA256SUMS")),
    Row("Get-FileHash | Export-Csv", table('"Algorithm","Hash","Path"', '"SHA256","{U}","{N}"'), DRIVE_STRIP),
    Row(
        "Export-Csv of PowerShell 5",
        table('#TYPE Microsoft.PowerShell.Commands.FileHash\r\n"Algorithm","Hash","Path"', '"SHA256","{U}","{N}"'),
        options(PS, "E:\\case"),
    ),
    Row(
        "Export-Csv with semicolons",
        table('"Algorithm";"Hash";"Path"', '"SHA256";"{U}";"{N}"'),
        options(PS, "E:/case/"),
    ),
    Row(
        "Export-Csv of Korean Windows",
        table('"Algorithm","Hash","Path"', '"SHA256","{U}","{N}"').encode("cp949"),
        options(PS, "E:\\case\\", encoding="CP949"),
    ),
    Row("Get-FileHash on the screen", powershell_table(), DRIVE_STRIP),
    Row("Get-FileHash > list", UTF16 + powershell_table().encode("utf-16-le"), options(PS, "E:\\case\\")),
    Row("Get-FileHash | Format-List", powershell_list(), options(PS, "E:\\case\\")),
    Row("certutil", certutil("SHA256 hash of {}:", "CertUtil: -hashfile command completed successfully."), options()),
    Row(
        "certutil of Windows 7",
        certutil("SHA256 hash of file {}:", "CertUtil: -hashfile command completed successfully.", spaced=True),
        options("certutil"),
    ),
    Row(
        "certutil in Korean",
        certutil("SHA256의 {} 해시:", "CertUtil: -hashfile 명령이 성공적으로 완료되었습니다."),
        options(),
    ),
    Row(
        "certutil in CP949",
        certutil("SHA256의 {} 해시:", "CertUtil: -hashfile 명령이 성공적으로 완료되었습니다.").encode("cp949"),
        options("certutil", encoding="cp949"),
    ),
    Row(
        "FTK Imager",
        table(
            "MD5,SHA1,FileNames", '"{M}","{S}","{N}"', {n: f"x.E01\\Partition 1\\[root]\\{p}" for n, p in BACK.items()}
        ),
        options(None, "x.E01\\Partition 1\\[root]\\"),
    ),
    Row(
        "Autopsy",
        table(AUTOPSY, AUTOPSY_ROW, {n: f"/img_x.E01/vol_vol2/{n}" for n in FILES}),
        options(None, "/img_x.E01/vol_vol2/"),
    ),
    Row(
        "Autopsy with a folder",
        table(AUTOPSY, AUTOPSY_ROW, {n: f"/img/{n}" for n in FILES})
        + "[current folder],,,0,,144,,,/img/photos,,,,\r\n",
        options("autopsy", "/img"),
        0,
        "",
    ),
    Row("HashMyFiles as text", hashmyfiles(), DRIVE_STRIP),
    Row(
        "HashMyFiles as CSV",
        table("Filename,MD5,SHA1,CRC32,SHA-256,Full Path", "{B},{M},{S},{C},{D},{N}"),
        options("hashmyfiles", "E:\\case\\"),
    ),
    Row(
        "HashMyFiles without names of columns",
        table("", "{B},{M},{S},{C},{D},{N}"),
        options("hashmyfiles", "E:\\case\\", columns="path=6,sha256=5"),
    ),
    Row(
        "X-Ways, folder and name",
        table("Name\tPath\tHash\tHash type", "{B}\t\\\t{D}\tSHA256", {"letter.txt": ""}),
        options("csv", "\\"),
    ),
    Row(
        "columns of somebody else",
        table("Where|What", "{N}|{D}"),
        options("csv", "E:\\case", columns="path=Where,sha256=What"),
    ),
    Row("columns in Korean", table("경로,알고리즘,해시값", "{N},sha256,{D}"), options("csv", "E:\\case")),
    # --- the evidence is right, and the list has to be named another way
    Row("CP949 without a word", sums("{D}  {N}").encode("cp949"), options("sha256sum"), 4, "reads as CP949"),
    Row("CP949, named", sums("{D}  {N}").encode("cp949"), options("sha256sum", encoding="cp949")),
    Row(
        "Get-FileHash as sha256sum",
        table('"Algorithm","Hash","Path"', '"SHA256","{U}","{N}"'),
        options("sha256sum"),
        4,
        "looks like a list of get-filehash",
    ),
    Row("an unknown program", sums("{D}  {N}"), options(None, name="list.txt"), 4, "not certain which program"),
    Row("drive letters", sums("{D} *{N}", DRIVE), options("sha256sum"), 4, "begins with a drive"),
    Row(
        "shares",
        sums("{D} *{N}", {"letter.txt": r"\\server\share\letter.txt"}),
        options("sha256sum"),
        4,
        "begins with a drive",
    ),
    Row(
        "up and away",
        sums("{D} *{N}", {"letter.txt": r"photos\..\..\letter.txt"}),
        options("sha256sum"),
        4,
        "does not stay below",
    ),
    Row(
        "another folder to strip",
        sums("{D} *{N}", DRIVE),
        options("sha256sum", "E:\\cas"),
        4,
        "does not begin with the part",
    ),
    Row(
        "a table that was cut",
        powershell_table({"letter.txt": "E:\\case\\lett..."}),
        options(PS),
        4,
        "was cut off by PowerShell",
    ),
    Row(
        "a list that was wrapped",
        powershell_list({"letter.txt": "E:\\case\r\n            \\letter.txt"}),
        options(PS),
        4,
        "is not a name and a value",
    ),
    Row("digests of no algorithm", table("Path,Hash", "{N},{D}"), options("csv", "E:\\case"), 4, "which algorithm"),
    Row(
        "RIPEMD",
        table("Path,Hash,Algorithm", "{N},{D},RIPEMD160"),
        options("csv", "E:\\case"),
        4,
        "does not read digests of RIPEMD160",
    ),
    Row("no digests", table("Path,MD5", "{N},"), options("csv", "E:\\case"), 4, "gives no digest of any file"),
    Row("a workbook", b"PK\x03\x04" + bytes(40), options("csv"), 4, "a workbook (.xlsx, .ods)"),
    Row("an old workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(40), options("csv"), 4, "Office before 2007"),
    Row("half of UTF-16", UTF16 + b"a\0b", options("sha256sum"), 4, "as Windows PowerShell writes it"),
    # --- a file under another name, or none: nothing shows that bytes were changed
    Row(
        "renamed by a browser",
        sums("{D}  {N}", ELSEWHERE),
        options("sha256sum"),
        3,
        "the same bytes are here as letter.txt",
    ),
    Row(
        "renamed, MD5",
        sums("{D}  {N}", ELSEWHERE, "md5"),
        options("md5sum"),
        3,
        "a file with the same md5 is here as letter.txt",
    ),
    Row(
        "in capitals",
        sums("{D}  {N}", SAME | {"letter.txt": "LETTER.TXT"}),
        options("sha256sum"),
        3,
        "the same bytes are here",
    ),
    Row(
        "sorted into folders",
        table("Path,SHA256", "{N},{D}", {"letter.txt": "E:\\case\\inbox\\letter.txt"}),
        options("csv", "E:\\case"),
        3,
        "the same bytes are here as letter.txt",
    ),
    Row("missing", sums("{D}  {N}") + f"{'ab' * 32}  gone.txt\n", options("sha256sum"), 3, "gone.txt is missing"),
    # --- bytes differ: the one thing that a list can disprove
    Row("changed", wrong(sums("{D}  {N}")), options("sha256sum"), 1, "letter.txt: sha256 is"),
    Row("changed, backslashes", wrong(sums("{D} *{N}", BACK)), options("sha256sum"), 1, "letter.txt: sha256 is"),
    Row("changed, SFV", wrong(sums("{N} {D}", SAME, "crc32")), options("sfv"), 1, "letter.txt: crc32 is"),
    Row("changed, Get-FileHash", wrong(powershell_table()), options(PS, "E:\\case"), 1, "letter.txt: sha256 is"),
    Row(
        "changed, certutil",
        wrong(certutil("SHA256 hash of {}:", "CertUtil: ok")),
        options(),
        1,
        "letter.txt: sha256 is",
    ),
    Row(
        "changed, FTK",
        wrong(table("MD5,SHA1,FileNames", '"{M}","{S}","{N}"')),
        options("ftk", "E:\\case"),
        1,
        "letter.txt: ",
    ),
    Row(
        "changed and renamed",
        wrong(sums("{D}  {N}")) + f"{digest('letter.txt')}  other.txt\n",
        options("sha256sum"),
        1,
        "letter.txt: sha256 is",
    ),
]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lists") / "case"
    folder.mkdir()
    return write_files(folder, FILES)


def test_there_are_sixty_rows_and_no_two_are_alike() -> None:
    assert len(ROWS) >= 60
    assert len({row.name for row in ROWS}) == len({(row.data, row.how) for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_list_of_a_real_program(row: Row, case: Path, tmp_path: Path) -> None:
    listed = tmp_path / (row.how.name or "list")
    listed.write_bytes(row.data if isinstance(row.data, bytes) else row.data.encode("utf-8"))
    settings = SealOptions(metadata=MetadataChoice.NONE, jobs=1, where=str(tmp_path / "custody"))
    try:
        result = import_list(case, listed, row.how, author(), settings, Origin())
    except EvtoolError as error:
        told = "; ".join((error.message, *error.lines, error.hint))
        found = int(error.exit_code), row.words in told
        assert found == (row.code, True), told
        assert not (tmp_path / "custody").exists()
        return
    assert row.code == 0
    assert result.checked == (1 if row.name.startswith("X-Ways") else len(FILES))
    assert not result.unlisted or result.checked == 1
    assert bool(result.weak_only) == (set(result.algorithms) <= {"md5", "sha1", "crc32"})
    said = row.how.encoding is not None or row.name == "UTF-16 without a mark"
    assert any("a line of it: " in note for note in result.notes) == said


@given(
    st.sampled_from([*FORMATS, None]), st.text(max_size=200), st.sampled_from(["utf-8", "utf-16", "utf-16-be", "cp949"])
)
def test_any_text_is_a_list_or_refused(name: str | None, text: str, codec: str) -> None:
    data = text.encode(codec, "replace")
    for head in (b"", "Path,MD5\r\n".encode(codec), b"=====\nFilename : x\n", b"Hash Path\n---- ----\n"):
        try:
            read = read_list(head + data, ListOptions(name, strip="E:\\"), lambda path: False)
        except FormatError:
            continue
        for path in read.files:
            assert path
            assert not path.startswith(b"/")
            assert b".." not in path.split(b"/")


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60),
    st.sampled_from(["utf-8-sig", "utf-16", "utf-32"]),
)
def test_a_mark_decides_over_the_encoding(text: str, codec: str) -> None:
    text = text.lstrip("\ufeff")
    assert read_foreign_text(text.encode(codec), "it").text == text


@given(st.binary(max_size=200))
def test_any_bytes_are_a_text_or_refused(data: bytes) -> None:
    for may_guess in (True, False):
        try:
            read = read_foreign_text(data, "it", may_guess=may_guess)
        except FormatError as error:
            assert error.message.startswith("it ")  # noqa: PT017
            continue
        assert may_guess or not read.is_guess or "UTF-16" in read.encoding


@given(st.text("가나다라마바사 abc0123456789/\\.\r\n\t", min_size=2).filter(lambda text: "\n" in text))
def test_utf16_without_a_mark_is_read_as_what_it_is_or_refused(text: str) -> None:
    try:
        read = read_foreign_text(text.encode("utf-16-le"), "it")
    except FormatError:
        return
    assert read.text == text
