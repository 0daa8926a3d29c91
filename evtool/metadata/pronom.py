"""PRONOM's identifiers of formats (The National Archives, signature file 109), where content tells which one it is.

PRONOM often has an identifier for each version. None is given where a file does not tell its version, or where several
identifiers share what this program tells apart.
"""

from __future__ import annotations

from evtool.core.metadata.claims import Claims
from evtool.core.metadata.vocabulary import TextKind
from evtool.core.values import replace

FIXED = {
    "application/epub+zip": "fmt/483",
    "application/gzip": "x-fmt/266",
    "application/x-hwp": "fmt/1084",
    "application/x-hwp-v3": "fmt/1083",
    "application/zip": "x-fmt/263",
    "image/heic": "fmt/1101",
    "image/heif": "fmt/1101",
    "image/tiff": "fmt/353",
    "image/x-canon-cr2": "fmt/592",
    "image/x-canon-cr3": "fmt/1595",
    "image/x-nikon-nef": "fmt/202",
    "image/x-olympus-orf": "fmt/668",
    "image/x-panasonic-rw2": "fmt/662",
    "image/x-pentax-pef": "fmt/1781",
    "text/plain": "x-fmt/111",
    "video/3gpp": "fmt/357",
    "video/matroska": "fmt/569",
    "video/mp4": "fmt/199",
    "audio/mp4": "fmt/199",
    "video/quicktime": "x-fmt/384",
    "video/webm": "fmt/573",
    "video/x-msvideo": "fmt/5",
}
"""Media type -> identifier of the only format of that type."""

_BY_VERSION = {
    "PDF header": {
        "1.0": "fmt/14",
        "1.1": "fmt/15",
        "1.2": "fmt/16",
        "1.3": "fmt/17",
        "1.4": "fmt/18",
        "1.5": "fmt/19",
        "1.6": "fmt/20",
        "1.7": "fmt/276",
        "2.0": "fmt/1129",
    },
    "GIF header": {"87a": "fmt/3", "89a": "fmt/4"},
    "JFIF APP0": {"1.00": "fmt/42", "1.01": "fmt/43", "1.02": "fmt/44"},
}
"""Source of a version -> version -> identifier. PDF/A, PDF/X and Exif have others, which are not told apart here."""


def with_puid(claims: Claims) -> Claims:
    """Add the identifier that the stated version of a format gives, if it gives one."""
    if claims.format is None or claims.format.puid:
        return claims
    for text in claims.texts:
        if text.kind is TextKind.FORMAT_VERSION and (found := _BY_VERSION.get(text.source, {}).get(text.value)):
            return replace(claims, format=replace(claims.format, puid=found))
    return claims
