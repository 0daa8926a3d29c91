"""Claims of a summary property set inside an OLE file ([MS-OLEPS] 2.25.1), which Hangul documents use as well."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Any

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import CountKind, TextKind, TimeKind
from evtool.metadata import values

_CODE_PAGE = 1

_TEXTS = {
    2: ("Title", TextKind.TITLE),
    3: ("Subject", TextKind.TITLE),
    4: ("Author", TextKind.PERSON),
    5: ("Keywords", TextKind.DESCRIPTION),
    6: ("Comments", TextKind.DESCRIPTION),
    7: ("Template", TextKind.FILE_NAME),
    8: ("Last Author", TextKind.PERSON),
    9: ("Revision", TextKind.FORMAT_VERSION),
    18: ("Application", TextKind.SOFTWARE),
}

_TIMES = {
    11: ("Last Printed", TimeKind.PRINTED),
    12: ("Created", TimeKind.CREATED),
    13: ("Last Saved", TimeKind.MODIFIED),
}

_PAGES, _THUMBNAIL, _HANGUL_DATE = 14, 17, 20

_UNICODE_PAGES = {1200: "utf-16-le", 65001: "utf-8"}


def summary_claims(ole: Any, stream_name: str) -> Iterator[Claim]:
    """Yield the claims of the property set in one stream of an open OLE file; nothing if there is none."""
    if not ole.exists(stream_name):
        return
    properties: dict[int, Any] = ole.getproperties(stream_name)
    page = properties.get(_CODE_PAGE)
    for number, (name, kind) in _TEXTS.items():
        value = _decode(properties.get(number), page)
        yield from values.text(kind, value, f"summary {name}")
        yield from values.tag(f"summary {name}", value or "")
    for number, (name, time_kind) in _TIMES.items():
        seconds = properties.get(number)
        if isinstance(seconds, int):
            # olefile gives whole seconds; the format counts units of 100 ns.
            yield from values.file_time(time_kind, seconds * 10**7, f"summary {name}")
    yield from values.count(CountKind.PAGES, properties.get(_PAGES), "summary Pages")
    yield from values.count(CountKind.THUMBNAILS, int(_THUMBNAIL in properties), "summary Thumbnail")
    yield from values.tag("summary Date", _decode(properties.get(_HANGUL_DATE), page) or "")


def _decode(value: object, page: object) -> str | None:
    """Decode a text by the set's own code page; code page numbers are signed 16-bit in the file."""
    if isinstance(value, str):
        return value
    if not isinstance(value, bytes):
        return None
    number = page % 65536 if isinstance(page, int) else 0
    name = _UNICODE_PAGES.get(number, f"cp{number}")
    try:
        codecs.lookup(name)
    except LookupError:
        return values.decode(value)
    return value.decode(name, "replace").split("\0", 1)[0]
