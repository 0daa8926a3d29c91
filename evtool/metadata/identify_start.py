"""Tells by the first bytes of a file, never by its name, what format it is in: by comparison alone.

puremagic's table of signatures knows hundreds of formats. Where one signature is shared by many of them (ISO media,
RIFF, EBML, Ogg), further bytes decide. Text is recognised before that table is asked, as many of its signatures are
plain words with which a note may begin. Formats that show only in a structure that has to be parsed (ZIP, OLE, TIFF)
are told by `identify`, in the confined process.
"""

from __future__ import annotations

import functools
import re
from typing import Any, NamedTuple

from evtool.core.metadata.claims import FormatClaim, clean_text
from evtool.core.text.expressions import compiled_when_used
from evtool.metadata.format_table import (
    BITMAP_HEADERS,
    BRANDS,
    HEADER_NAMES,
    KNOWN,
    NATIVE,
    OLE_START,
    OUTLOOK_FOLDERS,
    PARSED,
    RIFF_FORMS,
    TEXT_BEGINNINGS,
    TIFF_STARTS,
    ZIP_STARTS,
    begins_like_pdf,
)
from evtool.metadata.wire import Parsers

_SHORTEST_SIGNATURE = 4
"""Bytes; shorter signatures also begin texts and noise, and count only where this module checks more than them."""

_HEADER_LINE = compiled_when_used(rb"(?:From [^\r\n]*\r?\n)?([A-Za-z][A-Za-z0-9-]*):[ \t]")
_HEADER_NAME = compiled_when_used(rb"^([A-Za-z][A-Za-z0-9-]*):", re.MULTILINE)
_CONTROLS = bytes(byte for byte in range(128) if (byte < 0x20 and byte not in b"\t\n\v\f\r\x1b") or byte == 0x7F)
_FEW = 256
"""Bytes in which nearly all that is no text has a control."""


class Sniffed(NamedTuple):
    """What the first bytes of a file tell.

    Attributes:
        format: the format; None where there is none, or it shows only in a structure that has to be parsed.
        parsers: who has to read the file; None if no extractor does: then the format is all that it claims.
    """

    format: FormatClaim | None
    parsers: Parsers | None


def sniff(head: bytes, size: int) -> Sniffed:
    """Tell a format and who reads it, by comparison alone; `head` is as for `identify_start`."""
    if head.startswith((OLE_START, *ZIP_STARTS)):
        return Sniffed(None, Parsers.NATIVE)
    if head.startswith(TIFF_STARTS):
        return Sniffed(None, Parsers.PLAIN)
    found = identify_start(head, size)
    if found is None or found.media_type not in PARSED:
        return Sniffed(found, None)
    return Sniffed(found, Parsers.NATIVE if found.media_type in NATIVE else Parsers.PLAIN)


def identify_start(head: bytes, size: int) -> FormatClaim | None:
    """Identify a format that shows in the first bytes, as those of OLE, ZIP and TIFF do not.

    None for an empty file, and where no signature fits.

    `head` are the first `HEAD` bytes of a file of `size` bytes, or all there are.
    """
    if not head:
        return None
    return _by_structure(head) or _by_checked_signature(head, size) or _as_text(head, size) or _by_signature(head)


def _by_structure(head: bytes) -> FormatClaim | None:
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
    return None


def _by_checked_signature(head: bytes, size: int) -> FormatClaim | None:
    """Identify formats of short signatures by further fields that they must have."""
    if head.startswith(b"\xff\xd8\xff"):
        return KNOWN["image/jpeg"]
    if begins_like_pdf(head):
        return KNOWN["application/pdf"]
    if head.startswith(b"!BDN") and head[8:10] in OUTLOOK_FOLDERS:
        return KNOWN[OUTLOOK_FOLDERS[head[8:10]]]
    if head.startswith(b"HWP Document File V3.00 \x1a\1\2\3\4\5"):
        return KNOWN["application/x-hwp-v3"]
    if head.startswith(b"\x1f\x8b\x08"):
        return KNOWN["application/gzip"]
    if (
        head.startswith(b"BM")
        and head[6:10] == b"\0\0\0\0"
        and (int.from_bytes(head[2:6], "little") <= size or int.from_bytes(head[14:18], "little") in BITMAP_HEADERS)
    ):
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


def _brand(head: bytes) -> str:
    length = min(max(int.from_bytes(head[:4], "big"), 16), 256)
    brands = [head[8:12], *(head[index : index + 4] for index in range(16, length, 4))]
    for brand in brands:
        if brand in BRANDS:
            return BRANDS[brand]
    return "video/mp4"


@functools.cache
def _library() -> Any:
    """Load puremagic."""
    # Not at the top: its table takes 30 ms, and only content that nothing else fits needs it.
    import puremagic

    return puremagic


@functools.cache
def _signatures() -> dict[int, dict[bytes, list[tuple[int, Any]]]]:
    """Index the table: offset -> the first two bytes -> rows that fit them, each with its place in the table."""
    index: dict[int, dict[bytes, list[tuple[int, Any]]]] = {}
    for place, row in enumerate(_library().magic_header_array):
        starts = [row.byte_match[:2]]
        if len(row.byte_match) == 1:
            # With any byte behind it, or at the very end.
            starts += [row.byte_match + bytes((byte,)) for byte in range(256)]
        for start in starts:
            index.setdefault(row.offset, {}).setdefault(start, []).append((place, row))
    return index


def _matching_rows(head: bytes) -> list[Any]:
    """Find the rows whose signature stands in `head`, in the order of the table."""
    rows = [
        row
        for offset, by_start in _signatures().items()
        for row in by_start.get(head[offset : offset + 2], ())
        if head.startswith(row[1].byte_match, offset)
    ]
    return [row for _, row in sorted(rows)] if len(rows) > 1 else [row for _, row in rows]


def _by_signature(head: bytes) -> FormatClaim | None:
    """Look the first bytes up in puremagic's table; the longest signature wins.

    puremagic compares all of its rows, one after the other, which takes longer than to hash most files. The index finds
    the same rows. Where one of them has a second part, puremagic itself is asked.
    """
    matches = _matching_rows(head)
    if any(match.byte_match in _library().multi_part_dict for match in matches):
        matches = _library().magic_string(head)
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
    # What is no text mostly shows it soon, and then not all of it has to be looked through.
    if _holds_controls(head[:_FEW]) or _holds_controls(head):
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


def _holds_controls(data: bytes) -> bool:
    return len(data.translate(None, _CONTROLS)) != len(data)


def _text_kind(head: bytes) -> str:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1024].lower()
    for beginning, media_type in TEXT_BEGINNINGS.items():
        if start.startswith(beginning):
            return "image/svg+xml" if media_type == "text/xml" and b"<svg" in start else media_type
    return "text/plain"
