"""The formats that are told apart by more than a signature: media type, name, usual extensions."""

from __future__ import annotations

from evtool.core.metadata.claims import FormatClaim
from evtool.metadata.pronom import FIXED

BEGINNING = 1024
"""Bytes at the start of a file in which its format shows, so far as it decides who may read it."""

OLE_START, ZIP_STARTS, PDF_START = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", (b"PK\x03\x04", b"PK\x05\x06"), b"%PDF-"

TIFF_STARTS = (b"II*\0", b"MM\0*", b"IIRO", b"IIRS", b"MMOR", b"IIU\0")
"""TIFF, and raw formats that are made like it."""

_PICTURES = (b"\x89PNG", b"GIF8")


def begins_like_pdf(head: bytes) -> bool:
    """Tell whether a file is a PDF; readers accept it after up to 1,024 other bytes."""
    return head.startswith(PDF_START) or (PDF_START in head[:BEGINNING] and not head.startswith(_PICTURES))


_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."

_ROWS = (
    ("image/jpeg", "JPEG image", "jpg jpeg jpe jfif mpo"),
    ("image/tiff", "TIFF image", "tif tiff"),
    ("image/x-adobe-dng", "Adobe Digital Negative", "dng"),
    ("image/x-canon-cr2", "Canon raw image", "cr2"),
    ("image/x-canon-cr3", "Canon raw image", "cr3"),
    ("image/x-nikon-nef", "Nikon raw image", "nef nrw"),
    ("image/x-sony-arw", "Sony raw image", "arw sr2"),
    ("image/x-pentax-pef", "Pentax raw image", "pef"),
    ("image/x-olympus-orf", "Olympus raw image", "orf"),
    ("image/x-panasonic-rw2", "Panasonic raw image", "rw2"),
    ("image/heic", "HEIC image", "heic heif hif"),
    ("image/heif", "HEIF image", "heif heic hif"),
    ("image/avif", "AVIF image", "avif"),
    ("image/webp", "WebP image", "webp"),
    ("image/bmp", "Windows bitmap", "bmp dib"),
    ("video/mp4", "MP4 video", "mp4 m4v mp4v f4v lrv"),
    ("audio/mp4", "MP4 audio", "m4a m4b mp4 aac"),
    ("video/quicktime", "QuickTime video", "mov qt"),
    ("video/3gpp", "3GPP video", "3gp 3gpp 3g2"),
    ("video/x-msvideo", "AVI video", "avi divx"),
    ("audio/wav", "WAVE audio", "wav wave bwf"),
    ("video/matroska", "Matroska video", "mkv mka mk3d"),
    ("video/webm", "WebM video", "webm"),
    ("video/ogg", "Ogg video", "ogv ogg"),
    ("audio/ogg", "Ogg audio", "ogg oga opus spx"),
    ("audio/mpeg", "MPEG audio", "mp3 mp2 mpga"),
    ("application/pdf", "PDF document", "pdf"),
    ("application/x-hwp", "Hangul document (HWP 5)", "hwp hwt"),
    ("application/x-hwp-v3", "Hangul document (HWP 3)", "hwp"),
    ("application/hwp+zip", "Hangul document (HWPX)", "hwpx"),
    ("application/msword", "Word 97-2003 document", "doc dot"),
    ("application/vnd.ms-excel", "Excel 97-2003 workbook", "xls xlt"),
    ("application/vnd.ms-powerpoint", "PowerPoint 97-2003 presentation", "ppt pps pot"),
    ("application/vnd.ms-outlook", "Outlook message", "msg"),
    ("application/vnd.ms-outlook-pst", "Outlook personal folders", "pst"),
    ("application/vnd.ms-outlook-ost", "Outlook offline folders", "ost"),
    ("application/x-ole-storage", "OLE compound file", ""),
    (_OOXML + "wordprocessingml.document", "Word document", "docx docm dotx dotm"),
    (_OOXML + "spreadsheetml.sheet", "Excel workbook", "xlsx xlsm xltx xltm"),
    (_OOXML + "presentationml.presentation", "PowerPoint presentation", "pptx pptm ppsx potx"),
    (_ODF + "text", "OpenDocument text", "odt ott"),
    (_ODF + "spreadsheet", "OpenDocument spreadsheet", "ods ots"),
    (_ODF + "presentation", "OpenDocument presentation", "odp otp"),
    ("application/epub+zip", "EPUB book", "epub"),
    ("application/zip", "ZIP archive", "zip jar apk kmz wacz"),
    ("application/gzip", "gzip archive", "gz tgz warc.gz"),
    ("message/rfc822", "e-mail message", "eml mht mhtml"),
    ("text/html", "HTML page", "html htm xhtml"),
    ("text/xml", "XML document", ""),
    ("image/svg+xml", "SVG drawing", "svg"),
    ("application/rtf", "RTF document", "rtf doc"),
    ("application/postscript", "PostScript document", "ps eps"),
    ("text/plain", "text", ""),
)

KNOWN = {
    media_type: FormatClaim(media_type, name, tuple(names.split()), FIXED.get(media_type, ""))
    for media_type, name, names in _ROWS
}
"""Media type -> format."""

_NEVER_PARSED = {
    "application/epub+zip",
    "application/postscript",
    "application/rtf",
    "application/vnd.ms-outlook-ost",
    "application/vnd.ms-outlook-pst",
    "image/svg+xml",
    "text/html",
    "text/plain",
    "text/xml",
}

PARSED = (frozenset(KNOWN) - _NEVER_PARSED) | {
    "application/tar",
    "application/x-tar",
    "audio/aiff",
    "audio/flac",
    "audio/x-aiff",
    "audio/x-ms-wma",
    "image/gif",
    "image/png",
    "video/x-ms-asf",
    "video/x-ms-wmv",
}
"""Media types that an extractor reads, listed so that this is known without loading the extractors."""

OLE_STREAMS = {
    "HwpSummaryInformation": "application/x-hwp",
    "\x05HwpSummaryInformation": "application/x-hwp",
    "BodyText": "application/x-hwp",
    "WordDocument": "application/msword",
    "Workbook": "application/vnd.ms-excel",
    "Book": "application/vnd.ms-excel",
    "PowerPoint Document": "application/vnd.ms-powerpoint",
    "__properties_version1.0": "application/vnd.ms-outlook",
}
"""A stream or storage at the top -> media type."""

OOXML_PARTS = {
    "word/document.xml": _OOXML + "wordprocessingml.document",
    "xl/workbook.xml": _OOXML + "spreadsheetml.sheet",
    "ppt/presentation.xml": _OOXML + "presentationml.presentation",
}

NATIVE = frozenset(
    {
        "application/pdf",
        "application/zip",
        "application/hwp+zip",
        "application/x-ole-storage",
        *OLE_STREAMS.values(),
        *OOXML_PARTS.values(),
        *(name for name in KNOWN if name.startswith(_ODF)),
    }
)
"""Media types of `PARSED` that native code reads: each file of them has a process of its own."""

SIGNED_EXTENSIONS = frozenset(name for row in KNOWN.values() for name in row.extensions) - {
    "html",
    "htm",
    "xhtml",
    "svg",
}
"""Extensions of formats that always have a signature or a structure; another content under them is a mismatch."""

BRANDS = (
    dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), "image/heic")
    | dict.fromkeys((b"avif", b"avis"), "image/avif")
    | dict.fromkeys((b"mif1", b"msf1"), "image/heif")
    | dict.fromkeys((b"M4A ", b"M4B "), "audio/mp4")
    | dict.fromkeys((b"3gp4", b"3gp5", b"3gp6", b"3gp7", b"3gg6", b"3gs6", b"3g2a", b"3g2b", b"3g2c"), "video/3gpp")
    | dict.fromkeys((b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V "), "video/mp4")
    | {b"qt  ": "video/quicktime", b"crx ": "image/x-canon-cr3"}
)
"""Brands of ISO media files (the registration authority's list); the first known one decides."""

RIFF_FORMS = {b"WEBP": "image/webp", b"AVI ": "video/x-msvideo", b"WAVE": "audio/wav"}

BITMAP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})
"""Lengths that the second header of a bitmap can have; they tell a bitmap that was cut from noise."""

OUTLOOK_FOLDERS = {b"SM": "application/vnd.ms-outlook-pst", b"SO": "application/vnd.ms-outlook-ost"}
"""What a file of Outlook folders is for, at its bytes 8 and 9 ([MS-PST] 2.2.2.6; libpff for offline folders)."""

PACKAGE_TYPES = {
    name: name for name in KNOWN if name.startswith(_ODF) or name in ("application/epub+zip", "application/hwp+zip")
}
"""What the entry `mimetype` may say."""

TEXT_BEGINNINGS = {
    b"<!doctype html": "text/html",
    b"<html": "text/html",
    b"<?xml": "text/xml",
    b"<svg": "image/svg+xml",
    b"{\\rtf": "application/rtf",
    b"%!ps": "application/postscript",
}
"""How a text begins, in lower case -> media type."""

RAW_MAKES = {"NIKON": "image/x-nikon-nef", "SONY": "image/x-sony-arw", "PENTAX": "image/x-pentax-pef"}
"""How the maker's name begins -> its raw format, all of which are TIFF files with sub-images."""

HEADER_NAMES = frozenset(
    b"from to cc date subject message-id received return-path mime-version delivered-to reply-to sender "
    b"content-type".split()
)
"""Header fields of nearly every message, lower case (RFC 5322, section 3.6)."""
