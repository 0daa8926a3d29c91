"""Small files of the usual formats, on which a fork server runs its parsers before it forks.

Python rewrites code in place while it is run for the first times, and loads things when they are first used. What a
server has not done before it forks, each child does again, on pages that have to be copied for it.
"""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib

from evtool.metadata.wire import Parsers

ROUNDS = 12
"""How often each of them is read: by then code is as it will be."""


def samples(parsers: Parsers) -> list[tuple[str, bytes]]:
    """Give media type and content of each sample for a server with these parsers."""
    if parsers is Parsers.NATIVE:
        return [
            ("application/pdf", _pdf()),
            ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", _docx()),
        ]
    return [
        ("image/jpeg", _jpeg()),
        ("image/png", _png()),
        ("application/gzip", gzip.compress(b"", mtime=1_500_000_000)),
        ("message/rfc822", _MAIL),
    ]


_MAIL = (
    b"Received: from a.example by b.example; Mon, 2 Mar 2026 10:20:30 +0900\r\nFrom: A <a@a.example>\r\n"
    b"To: =?utf-8?q?B?= <b@b.example>\r\nSubject: =?utf-8?q?c?=\r\nDate: Mon, 2 Mar 2026 10:20:29 +0900\r\n"
    b"Message-ID: <1@a.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\ntext\r\n"
)

_XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="a"/></rdf:RDF></x:xmpmeta>'
)


def _jpeg() -> bytes:
    """A picture without a picture, with EXIF and XMP."""
    text, date = b"SAMSUNG\0", b"2026:03:02 10:20:30\0"
    at = 8 + 2 + 3 * 12 + 4
    exif_at = at + len(text)
    directory = struct.pack("<H", 3)
    directory += struct.pack("<HHII", 0x010F, 2, len(text), at)
    directory += struct.pack("<HHIHH", 0x0112, 3, 1, 1, 0)
    directory += struct.pack("<HHII", 0x8769, 4, 1, exif_at)
    exif = struct.pack("<HHHIII", 1, 0x9003, 2, len(date), exif_at + 18, 0) + date
    block = b"Exif\0\0II*\0\x08\0\0\0" + directory + bytes(4) + text + exif
    packet = b"http://ns.adobe.com/xap/1.0/\0" + _XMP
    segments = b"".join(b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data for data in (block, packet))
    return b"\xff\xd8" + segments + b"\xff\xd9"


def _png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)) + chunk(b"IEND", b"")


def _docx() -> bytes:
    out = io.BytesIO()
    core = (
        '<?xml version="1.0"?><cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-'
        'properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">'
        "<dc:creator>a</dc:creator><dcterms:created>2026-03-02T10:00:00Z</dcterms:created></cp:coreProperties>"
    )
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, data in {
            "[Content_Types].xml": '<?xml version="1.0"?><Types/>',
            "word/document.xml": '<?xml version="1.0"?><document/>',
            "docProps/core.xml": core,
            "docProps/app.xml": '<?xml version="1.0"?><Properties><Application>a</Application></Properties>',
        }.items():
            archive.writestr(part, data)
    return out.getvalue()


def _pdf() -> bytes:
    objects = (
        b"<</Type/Catalog/Pages 2 0 R/Metadata 5 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
        b"<</Producer(a)/CreationDate(D:20260302100000+09'00')>>",
        b"<</Type/Metadata/Subtype/XML/Length %d>>stream\n%s\nendstream" % (len(_XMP), _XMP),
    )
    out, places = bytearray(b"%PDF-1.6\n"), []
    for number, value in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    start = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<</Size 6/Root 1 0 R/Info 4 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start
    return bytes(out)
