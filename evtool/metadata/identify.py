"""Tells by content, never by name, what format a file is in.

puremagic's table of signatures knows hundreds of formats. Where one signature is shared by many of them (ZIP, OLE,
ISO media, RIFF, EBML, Ogg, TIFF), a look at the structure behind it decides. Text is recognised before that table is
asked, as many of its signatures are plain words with which a note may begin.
"""

from __future__ import annotations

import io
import re
import zipfile

import olefile  # type: ignore[import-untyped]
import puremagic

from evtool.core.metadata.claims import FormatClaim, clean_text
from evtool.metadata.format_table import (
    BRANDS,
    HEADER_NAMES,
    KNOWN,
    OLE_STREAMS,
    OOXML_PARTS,
    PACKAGE_TYPES,
    RAW_MAKES,
    RIFF_FORMS,
    TEXT_BEGINNINGS,
)
from evtool.metadata.tiff_peek import first_directory
from evtool.metadata.zip_reader import open_zip, read_entry

_HEAD = 64 << 10
_SHORTEST_SIGNATURE = 4
"""Bytes; shorter signatures also begin texts and noise, and count only where this module checks more than them."""

_HEADER_LINE = re.compile(rb"(?:From [^\r\n]*\r?\n)?([A-Za-z][A-Za-z0-9-]*):[ \t]")
_HEADER_NAME = re.compile(rb"^([A-Za-z][A-Za-z0-9-]*):", re.MULTILINE)
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def identify(stream: io.BufferedIOBase, size: int) -> FormatClaim | None:
    """Identify a file's format; None for an empty file and for content that no signature fits."""
    stream.seek(0)
    head = stream.read(_HEAD)
    if not head:
        return None
    return _by_structure(head, stream, size) or _as_text(head, size) or _by_signature(head)


def _by_structure(head: bytes, stream: io.BufferedIOBase, size: int) -> FormatClaim | None:
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return KNOWN[_ole_kind(stream)]
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return KNOWN[_zip_kind(stream)]
    if head[4:8] == b"ftyp":
        return KNOWN[_brand(head)]
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot") and head[:3] in (b"\0\0\0", b"\0\0\1"):
        return KNOWN["video/quicktime"]
    if head.startswith(b"RIFF") and head[8:12] in RIFF_FORMS:
        return KNOWN[RIFF_FORMS[head[8:12]]]
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return KNOWN["video/webm" if b"webm" in head[:64] else "video/matroska"]
    if head.startswith(b"OggS"):
        return KNOWN["video/ogg" if b"\x80theora" in head[:256] else "audio/ogg"]
    if head[:4] in (b"II*\0", b"MM\0*", b"IIRO", b"IIRS", b"MMOR", b"IIU\0"):
        return KNOWN[_tiff_kind(head, stream)]
    return _by_checked_signature(head, size)


def _by_checked_signature(head: bytes, size: int) -> FormatClaim | None:
    """Identify formats of short signatures by further fields that they must have."""
    if head.startswith(b"\xff\xd8\xff"):
        return KNOWN["image/jpeg"]
    if head.startswith(b"%PDF-") or (b"%PDF-" in head[:1024] and not head.startswith((b"\x89PNG", b"GIF8"))):
        return KNOWN["application/pdf"]  # readers accept it after up to 1,024 other bytes
    if head.startswith(b"HWP Document File V3.00 \x1a\1\2\3\4\5"):
        return KNOWN["application/x-hwp-v3"]
    if head.startswith(b"\x1f\x8b\x08"):
        return KNOWN["application/gzip"]
    if head.startswith(b"BM") and head[6:10] == b"\0\0\0\0" and int.from_bytes(head[2:6], "little") <= size:
        return KNOWN["image/bmp"]
    if head.startswith(b"ID3") or (head[:1] == b"\xff" and head[1:2] in (b"\xfb", b"\xf3", b"\xf2", b"\xfa")):
        return KNOWN["audio/mpeg"]
    return KNOWN["message/rfc822"] if _is_mail(head) else None


def _is_mail(head: bytes) -> bool:
    """Recognise a message by its first lines: header fields, at least two of them well known (RFC 5322, 2.2)."""
    if not _HEADER_LINE.match(head):
        return False
    top = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    return len({name.lower() for name in _HEADER_NAME.findall(top)} & HEADER_NAMES) >= 2


def _ole_kind(stream: io.BufferedIOBase) -> str:
    try:
        with olefile.OleFileIO(stream) as ole:
            for name, media_type in OLE_STREAMS.items():
                if ole.exists(name):
                    return media_type
    except (OSError, ValueError, IndexError, TypeError):
        # A damaged container is still one; its extractor will say what is wrong.
        return "application/x-ole-storage"
    return "application/x-ole-storage"


def _zip_kind(stream: io.BufferedIOBase) -> str:
    try:
        with open_zip(stream) as archive:
            declared = read_entry(archive, "mimetype").decode("ascii", "replace").strip()
            if declared in PACKAGE_TYPES:
                return PACKAGE_TYPES[declared]
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError):
        return "application/zip"
    if "[Content_Types].xml" in names:
        for part, media_type in OOXML_PARTS.items():
            if part in names:
                return media_type
    return "application/zip"


def _brand(head: bytes) -> str:
    length = min(max(int.from_bytes(head[:4], "big"), 16), 256)
    brands = [head[8:12], *(head[index : index + 4] for index in range(16, length, 4))]
    for brand in brands:
        if brand in BRANDS:
            return BRANDS[brand]
    return "video/mp4"


def _tiff_kind(head: bytes, stream: io.BufferedIOBase) -> str:
    if head[8:10] == b"CR":
        return "image/x-canon-cr2"
    if head[:4] in (b"IIRO", b"IIRS", b"MMOR"):
        return "image/x-olympus-orf"
    if head[:4] == b"IIU\0":
        return "image/x-panasonic-rw2"
    directory = first_directory(stream, head[:2])
    if directory.is_dng:
        return "image/x-adobe-dng"
    for make, media_type in RAW_MAKES.items():
        if directory.make.upper().startswith(make) and directory.has_sub_images:
            return media_type
    return "image/tiff"


def _by_signature(head: bytes) -> FormatClaim | None:
    """Look the first bytes up in puremagic's table; the longest signature wins."""
    try:
        matches = puremagic.magic_string(head)
    except puremagic.PureError:
        return None
    # Signatures at the file's end need the file's end, which `head` does not hold.
    matches = [match for match in matches if match.offset >= 0 and len(match.byte_match) >= _SHORTEST_SIGNATURE]
    if not matches:
        return None
    longest = max(len(match.byte_match) for match in matches)
    best = [match for match in matches if len(match.byte_match) == longest]
    media_types = [match.mime_type.lower() for match in best if re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", match.mime_type)]
    names = [extension for match in best if re.fullmatch(r"[a-z0-9]{1,8}", extension := match.extension.lstrip("."))]
    name = clean_text(best[0].name, 96) or "known signature"
    media_type = media_types[0] if media_types else "application/octet-stream"
    return FormatClaim(media_type, name, tuple(dict.fromkeys(names))[:32])


def _as_text(head: bytes, size: int) -> FormatClaim | None:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) and size % 2 == 0:
        return KNOWN["text/plain"]
    if _CONTROLS.search(head):
        return None
    for encoding in ("utf-8", "cp949"):
        # The last letters may be cut where only the beginning was read.
        for cut in range(4 if size > len(head) else 1):
            try:
                head[: len(head) - cut].decode(encoding)
            except UnicodeDecodeError:
                continue
            return KNOWN[_text_kind(head)]
    return None


def _text_kind(head: bytes) -> str:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1024].lower()
    for beginning, media_type in TEXT_BEGINNINGS.items():
        if start.startswith(beginning):
            return "image/svg+xml" if media_type == "text/xml" and b"<svg" in start else media_type
    return "text/plain"
