"""Makes the hostile files of this folder: `python make_hostile.py [FOLDER]`. Needs nothing but the standard library."""

from __future__ import annotations

import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

Maker = Callable[[], bytes]
CASES: dict[str, Maker] = {}


def case(name: str) -> Callable[[Maker], Maker]:
    def register(maker: Maker) -> Maker:
        CASES[name] = maker
        return maker

    return register


# --- photographs ------------------------------------------------------------------------------------------------------


def ifd(entries: list[tuple[int, int, int, bytes]], following: int) -> bytes:
    """A little-endian TIFF directory: tag, type, count, value or offset."""
    body = b"".join(struct.pack("<HHI4s", tag, kind, count, value) for tag, kind, count, value in entries)
    return struct.pack("<H", len(entries)) + body + struct.pack("<I", following)


def tiff(rest: bytes) -> bytes:
    return b"II*\0" + struct.pack("<I", 8) + rest


def jpeg(segments: bytes) -> bytes:
    return b"\xff\xd8" + segments + b"\xff\xdb\0\x04\0\0\xff\xd9"


def exif_jpeg(block: bytes) -> bytes:
    return jpeg(b"\xff\xe1" + struct.pack(">H", len(block) + 8) + b"Exif\0\0" + block)


def xmp_jpeg(packet: bytes) -> bytes:
    body = b"http://ns.adobe.com/xap/1.0/\0" + packet
    return jpeg(b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body)


def pointer(offset: int) -> bytes:
    return struct.pack("<I", offset)


@case("exif-directory-loop.jpg")
def _() -> bytes:
    first = ifd([(0x010F, 2, 4, b"Cam\0")], 26)
    return exif_jpeg(tiff(first + ifd([(0x0110, 2, 4, b"Mod\0")], 8)))


@case("exif-count-4-billion.jpg")
def _() -> bytes:
    return exif_jpeg(tiff(ifd([(0x010F, 2, 0xFFFFFFFF, pointer(8)), (0x0110, 5, 0xFFFFFFFF, pointer(8))], 0)))


@case("exif-cut-in-directory.jpg")
def _() -> bytes:
    return exif_jpeg(tiff(ifd([(0x010F, 2, 4, b"Cam\0")] * 3, 0)))[:50]


@case("exif-offsets-outside.jpg")
def _() -> bytes:
    return exif_jpeg(tiff(ifd([(0x8769, 4, 1, pointer(0xFFFFFFF0)), (0x8825, 4, 1, pointer(0x7FFFFFFF))], 0)))


@case("exif-maker-note-endless.jpg")
def _() -> bytes:
    note = ifd([(0x0001, 3, 999, pointer(8))] * 40, 0)
    make, start = b"Canon\0", 8 + 2 + 24 + 4
    exif_at = start + len(make)
    note_at = exif_at + 18
    block = ifd([(0x010F, 2, 6, pointer(start)), (0x8769, 4, 1, pointer(exif_at))], 0) + make
    return exif_jpeg(tiff(block + ifd([(0x927C, 7, 60000, pointer(note_at))], 0) + note))


@case("exif-65535-entries-of-999-ratios.tif")
def _() -> bytes:
    return tiff(ifd([(0x9000 + index % 8, 5, 999, pointer(8)) for index in range(65535)], 0))


@case("exif-chain-of-50000-directories.tif")
def _() -> bytes:
    return tiff(b"".join(ifd([], 8 + 6 * (index + 1)) for index in range(50000)))


@case("exif-gps-zero-denominators.jpg")
def _() -> bytes:
    at = 8 + 2 + 12 + 4
    entries = [
        (1, 2, 2, b"N\0\0\0"),
        (2, 5, 3, pointer(at + 54)),
        (3, 2, 2, b"E\0\0\0"),
        (4, 5, 3, pointer(at + 54)),
    ]
    block = ifd([(0x8825, 4, 1, pointer(at))], 0) + ifd(entries, 0) + struct.pack("<6I", 39, 0, 0, 0, 1, 0)
    return exif_jpeg(tiff(block))


@case("exif-text-of-escapes-and-markup.jpg")
def _() -> bytes:
    text = "\x1b]52;c;x\x07[red]<script>\u202e\u2028\x9b31m".encode() + b"\xed\xa0\x80\0"
    return exif_jpeg(tiff(ifd([(0x010F, 2, len(text), pointer(26))], 0) + text))


@case("xmp-with-entities.jpg")
def _() -> bytes:
    laughs = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10 if n else b"lol") for n in range(10))
    return xmp_jpeg(b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><!DOCTYPE x [" + laughs + b"]>&l9;</x:xmpmeta>")


@case("xmp-nested-10000-deep.jpg")
def _() -> bytes:
    return xmp_jpeg(b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + b"<a>" * 8000 + b"</a>" * 8000 + b"</x:xmpmeta>")


@case("png-chunk-name-not-ascii.png")
def _() -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 0) + b"\xff\xfe\xfd\xfc" + b"\0" * 4


@case("png-chunk-length-lies.png")
def _() -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 0xFFFFFFFF) + b"IHDR" + b"\0" * 17


@case("png-with-archive-behind.png")
def _() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    picture = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(b"\0\0"))
    return b"\x89PNG\r\n\x1a\n" + picture + chunk(b"IEND", b"") + archive({"hidden.txt": b"hidden"})


# --- boxes ------------------------------------------------------------------------------------------------------------


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


def ftyp(brand: bytes) -> bytes:
    return box(b"ftyp", brand + b"\0\0\0\0" + brand)


@case("heic-extents-of-no-bytes.heic")
def _() -> bytes:
    # Every field but the counts is 0 bytes wide, so four billion extents take 400 KB.
    item = struct.pack(">HHH", 2, 0, 65535)
    iloc = b"\0\0\0\0" + struct.pack(">HH", 0, 65535) + item * 65535
    infe = box(b"infe", b"\x02\0\0\0" + struct.pack(">HH", 1, 0) + b"Exif\0")
    iinf = box(b"iinf", b"\0\0\0\0" + struct.pack(">H", 1) + infe)
    return ftyp(b"heic") + box(b"meta", b"\0\0\0\0" + iinf + box(b"iloc", iloc[: 8 + 6 * 6000]))


@case("heic-location-list-cut.heic")
def _() -> bytes:
    infe = box(b"infe", b"\x02\0\0\0" + struct.pack(">HH", 1, 0) + b"Exif\0")
    iinf = box(b"iinf", b"\0\0\0\0" + struct.pack(">H", 1) + infe)
    iloc = box(b"iloc", b"\0\0\0\0" + struct.pack(">HH", 0x4400, 9) + b"\0\1\0\0")
    return ftyp(b"heic") + box(b"meta", b"\0\0\0\0" + iinf + iloc)


@case("mp4-box-shorter-than-its-head.mp4")
def _() -> bytes:
    return ftyp(b"isom") + struct.pack(">I", 4) + b"moov" + b"\0" * 64


@case("mp4-64-bit-length-lies.mp4")
def _() -> bytes:
    return ftyp(b"isom") + struct.pack(">I4sQ", 1, b"moov", 2**63) + b"\0" * 64


@case("mp4-movie-header-cut.mp4")
def _() -> bytes:
    return ftyp(b"isom") + box(b"moov", box(b"mvhd", b"\0" * 6))


@case("mp4-6000-tracks-of-nothing.mp4")
def _() -> bytes:
    return ftyp(b"isom") + box(b"moov", box(b"trak", b"") * 6000)


@case("mp4-time-beyond-the-calendar.mp4")
def _() -> bytes:
    header = b"\x01\0\0\0" + struct.pack(">QQIQ", 2**63, 2**40, 0, 2**64 - 1) + b"\0" * 80
    return ftyp(b"isom") + box(b"moov", box(b"mvhd", header))


@case("mkv-element-without-id.mkv")
def _() -> bytes:
    return bytes.fromhex("1a45dfa380") + bytes.fromhex("18538067") + b"\xff" + b"\0" * 64


@case("mkv-duration-not-a-number.mkv")
def _() -> bytes:
    info = bytes.fromhex("448988") + struct.pack(">d", float("nan")) + bytes.fromhex("446188") + b"\x7f" + b"\xff" * 7
    body = bytes.fromhex("1549a966") + bytes([0x80 | len(info)]) + info
    return bytes.fromhex("1a45dfa380") + bytes.fromhex("18538067") + bytes([0x80 | len(body)]) + body


@case("avi-header-list-cut.avi")
def _() -> bytes:
    return b"RIFF\xff\xff\xff\xffAVI LIST\xff\xff\xff\x7fhdrlavih\x08\0\0\0\0\0\0\0\0\0\0\0"


@case("avi-20000-empty-chunks.avi")
def _() -> bytes:
    return b"RIFF\0\0\0\0AVI " + b"JUNK\0\0\0\0" * 20000


# --- sound ------------------------------------------------------------------------------------------------------------


@case("mp3-tag-length-lies.mp3")
def _() -> bytes:
    return b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + b"TIT2" + b"\xff\xff\xff\xff\0\0" + b"A" * 64


@case("flac-comment-count-4-billion.flac")
def _() -> bytes:
    comments = struct.pack("<I", 0) + struct.pack("<I", 0xFFFFFFFF)
    return b"fLaC" + b"\x84" + struct.pack(">I", len(comments))[1:] + comments


@case("ogg-page-without-packets.ogg")
def _() -> bytes:
    return b"OggS\0\x02" + b"\0" * 20 + b"\0"


@case("wav-chunk-length-lies.wav")
def _() -> bytes:
    return b"RIFF\xff\xff\xff\xffWAVEfmt \xff\xff\xff\xff" + b"\0" * 32


@case("wmv-object-of-length-0.wmv")
def _() -> bytes:
    return bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + b"\0" * 64


# --- PDF --------------------------------------------------------------------------------------------------------------


def pdf(objects: list[bytes], trailer: bytes = b"", previous: bytes = b"") -> bytes:
    out = b"%PDF-1.7\n"
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    table += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    end = b"trailer\n<</Size %d/Root 1 0 R%s%s>>\nstartxref\n%d\n%%%%EOF\n"
    return out + table + end % (len(objects) + 1, trailer, previous.replace(b"HERE", b"%d" % len(out)), len(out))


def stream(data: bytes, extra: bytes = b"") -> bytes:
    return b"<</Length %d%s>>\nstream\n%s\nendstream" % (len(data), extra, data)


CATALOGUE, PAGES = b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>"


@case("pdf-xref-refers-to-itself.pdf")
def _() -> bytes:
    return pdf([CATALOGUE, PAGES], previous=b"/Prev HERE")


@case("pdf-pages-hold-themselves.pdf")
def _() -> bytes:
    return pdf([CATALOGUE, b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>"])


@case("pdf-names-hold-themselves.pdf")
def _() -> bytes:
    catalogue = b"<</Type/Catalog/Pages 2 0 R/Names<</JavaScript 3 0 R>>/AcroForm<</Fields[3 0 R]>>>>"
    return pdf([catalogue, PAGES, b"<</Kids[3 0 R 3 0 R]/Names[(a) 3 0 R]>>"])


@case("pdf-object-is-a-reference-to-itself.pdf")
def _() -> bytes:
    return pdf([b"<</Type/Catalog/Pages 2 0 R/Metadata 3 0 R>>", PAGES, b"3 0 R"], trailer=b"/Info 3 0 R")


@case("pdf-arrays-nested-50000-deep.pdf")
def _() -> bytes:
    return pdf([CATALOGUE, PAGES, b"<</Title " + b"[" * 50000 + b"]" * 50000 + b">>"], trailer=b"/Info 3 0 R")


@case("pdf-metadata-unpacks-to-128-mebibytes.pdf")
def _() -> bytes:
    packer, blank = zlib.compressobj(6), b" " * (1 << 20)
    packed = b"".join(packer.compress(blank) for _ in range(128)) + packer.flush()
    # Packed twice, it takes a few kilobytes.
    metadata = stream(zlib.compress(packed, 9), b"/Type/Metadata/Subtype/XML/Filter[/FlateDecode/FlateDecode]")
    return pdf([b"<</Type/Catalog/Pages 2 0 R/Metadata 3 0 R>>", PAGES, metadata])


@case("pdf-object-stream-inside-itself.pdf")
def _() -> bytes:
    inner = stream(b"3 0 <</Type/ObjStm>>", b"/Type/ObjStm/N 4000000/First 4/Extends 3 0 R")
    xref = struct.pack(">BHB", 0, 0, 0) + struct.pack(">BHB", 2, 3, 0) * 2 + struct.pack(">BHB", 2, 3, 0)
    body = b"%PDF-1.7\n3 0 obj\n" + inner + b"\nendobj\n"
    table = stream(xref, b"/Type/XRef/Size 4/W[1 2 1]/Root 1 0 R")
    return body + b"9 0 obj\n" + table + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(body)


@case("pdf-encrypted-with-unknown-password.pdf")
def _() -> bytes:
    encrypt = b"<</Filter/Standard/V 2/R 3/Length 128/P -4/O<%s>/U<%s>>>" % (b"41" * 32, b"42" * 32)
    trailer = b"/Encrypt 3 0 R/ID[<00><00>]/Info 4 0 R"
    return pdf([CATALOGUE, PAGES, encrypt, b"<</Author(nobody)>>"], trailer=trailer)


@case("pdf-without-any-object.pdf")
def _() -> bytes:
    return b"%PDF-1.7\n" + b"startxref\n99999999\n%%EOF\n"


@case("pdf-and-archive-in-one.pdf")
def _() -> bytes:
    return pdf([CATALOGUE, PAGES]) + archive({"hidden.txt": b"hidden"})


# --- archives and office documents ------------------------------------------------------------------------------------


def archive(entries: dict[str, bytes]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as writer:
        for name, data in entries.items():
            writer.writestr(zipfile.ZipInfo(name, (2016, 5, 1, 10, 20, 30)), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def docx(core: bytes) -> bytes:
    return archive({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>", "docProps/core.xml": core})


@case("docx-core-unpacks-to-16-mebibytes.docx")
def _() -> bytes:
    return docx(b"<a>" + b" " * (16 << 20) + b"</a>")


@case("docx-core-with-entities.docx")
def _() -> bytes:
    return docx(b'<!DOCTYPE a [<!ENTITY b "%s"><!ENTITY c "%s">]><a>&c;</a>' % (b"x" * 1000, b"&b;" * 1000))


@case("docx-core-refers-to-a-file.docx")
def _() -> bytes:
    return docx(b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><title>&b;</title>')


@case("docx-core-nested-20000-deep.docx")
def _() -> bytes:
    return docx(b"<a>" * 20000 + b"</a>" * 20000)


@case("odt-media-type-unpacks-to-16-mebibytes.odt")
def _() -> bytes:
    return archive({"mimetype": b"application/vnd.oasis.opendocument.text" + b" " * (16 << 20)})


@case("zip-entry-count-lies.zip")
def _() -> bytes:
    good = bytearray(archive({"a": b"a"}))
    good[-12:-10] = b"\xff\xff"
    return bytes(good)


@case("zip-directory-outside-the-file.zip")
def _() -> bytes:
    good = bytearray(archive({"a": b"a"}))
    good[-6:-2] = b"\xf0\xff\xff\x7f"
    return bytes(good)


@case("zip-names-that-climb.zip")
def _() -> bytes:
    return archive({"../../outside": b"x", "/etc/passwd": b"x", "C:\\autoexec.bat": b"x", "good": b"x"})


@case("zip-of-8000-entries.zip")
def _() -> bytes:
    record = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    head = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 0, 0, 0, 0, 1, 0) + b"a"
    raw = record * 8000
    return head + raw + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 8000, 8000, len(raw), len(head), 0)


@case("tar-size-of-eight-exabytes.tar")
def _() -> bytes:
    header = bytearray(512)
    header[0:4] = b"file"
    header[124:136] = b"\x80" + (2**62).to_bytes(11, "big")
    header[257:265] = b"ustar\x0000"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + b"\0" * 1024


@case("tar-header-that-follows-itself.tar")
def _() -> bytes:
    out = b""
    for _ in range(1200):
        header = bytearray(512)
        header[0:13] = b"././@LongLink"
        header[124:136] = b"00000000000\0"
        header[156:157] = b"L"
        header[257:265] = b"ustar\x0000"
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        out += bytes(header)
    return out


@case("tar-header-of-a-terabyte.tar")
def _() -> bytes:
    header = bytearray(512)
    header[0:4] = b"pax "
    header[124:136] = b"\x80" + (2**40).to_bytes(11, "big")
    header[156:157] = b"x"
    header[257:265] = b"ustar\x0000"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + b"\0" * 1024


@case("gzip-name-without-end.gz")
def _() -> bytes:
    return b"\x1f\x8b\x08\x08" + b"\0" * 6 + b"n" * 70000


# --- OLE and Hangul ---------------------------------------------------------------------------------------------------


def ole(fat_entry: int, directory: bytes = b"") -> bytes:
    """A compound file of one FAT sector and one directory sector; the FAT's entry for the directory is given."""
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    head += struct.pack("<I", 0) + b"\xff" * (108 * 4)
    fat = struct.pack("<II", 0xFFFFFFFD, fat_entry) + b"\xff" * 504
    return head + fat + (directory or root()).ljust(512, b"\0")


def root(child: int = 0xFFFFFFFF) -> bytes:
    return entry("Root Entry", 5, child=child)


def entry(name: str, kind: int, left: int = 0xFFFFFFFF, child: int = 0xFFFFFFFF, size: int = 0) -> bytes:
    spelled = name.encode("utf-16-le")
    out = spelled.ljust(64, b"\0") + struct.pack("<HBBIII", len(spelled) + 2, kind, 1, left, 0xFFFFFFFF, child)
    return out + b"\0" * 36 + struct.pack("<IQ", 0, size)


@case("hwp-allocation-table-loop.hwp")
def _() -> bytes:
    return ole(1)


@case("hwp-directory-tree-loop.hwp")
def _() -> bytes:
    return ole(0xFFFFFFFE, root(child=1) + entry("FileHeader", 2, left=1, size=2**40))


@case("hwp-stream-longer-than-the-file.hwp")
def _() -> bytes:
    summary = entry("\x05HwpSummaryInformation", 2, size=2**31)
    return ole(0xFFFFFFFE, root(child=1) + entry("FileHeader", 2, left=2, size=256) + summary)


@case("hwp-header-cut.hwp")
def _() -> bytes:
    return ole(0xFFFFFFFE)[:100]


@case("hwp3-summary-cut.hwp")
def _() -> bytes:
    return b"HWP Document File V3.00 \x1a\1\2\3\4\5" + b"\0" * 20


# --- mail -------------------------------------------------------------------------------------------------------------

HEAD = b"From: a@example.org\r\nTo: b@example.org\r\nDate: Sun, 1 May 2016 10:20:30 +0830\r\nSubject: s\r\n"


@case("mail-nested-5000-deep.eml")
def _() -> bytes:
    parts = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(5000))
    return HEAD + parts + b"\r\nend\r\n"


@case("mail-6000-received-lines.eml")
def _() -> bytes:
    return HEAD + b"Received: from a by b; Sun, 1 May 2016 10:20:30 +0830\r\n" * 6000 + b"\r\n"


@case("mail-encodings-that-lie.eml")
def _() -> bytes:
    words = b"X: =?zlib?B?eJw=?= =?hex?Q?zz?= =?utf-8?B?!!!!?= =?idna?Q?xn--?= =?undefined?Q?a?= =?euc-kr?B?/w==?=\r\n"
    return HEAD + words.replace(b"X:", b"Organization:") + b"\r\n"


@case("mail-date-that-is-none.eml")
def _() -> bytes:
    return HEAD.replace(b"Sun, 1 May 2016 10:20:30 +0830", b"Sun, 99 May 999999999999 99:99:99 +9999") + b"\r\n"


@case("mail-addresses-nested-in-comments.eml")
def _() -> bytes:
    return HEAD + b"Cc: " + b"(" * 20000 + b"c@example.org" + b")" * 20000 + b"\r\n\r\n"


# --- neither ----------------------------------------------------------------------------------------------------------


@case("gif-and-archive-in-one.gif")
def _() -> bytes:
    return b"GIF89a\1\0\1\0\0\0\0;" + archive({"hidden.txt": b"hidden"})


@case("noise.jpg")
def _() -> bytes:
    return bytes((index * index * 31 + index) % 251 for index in range(4096))


@case("empty.pdf")
def _() -> bytes:
    return b""


def main(folder: Path) -> None:
    for name, maker in CASES.items():
        (folder / name).write_bytes(maker())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
