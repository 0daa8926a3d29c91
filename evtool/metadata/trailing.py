"""Says what stands behind the end of a picture: how many bytes, and whether a recording is among them.

Phones keep a short video with sound behind a photograph (Samsung's and Google's motion photos); programs that show
pictures do not show it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BufferedIOBase

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import CountKind
from evtool.core.text.expressions import compiled_when_used
from evtool.metadata import values
from evtool.metadata.format_table import BRANDS, KNOWN

_SEARCHED = 16 << 20
"""Bytes after the end of the picture in which a recording has to begin to be found."""

_CHUNK, _OVERLAP = 1 << 20, 64

_RECORDING = compiled_when_used(
    rb"\0\0[\0-\x03][\x08-\xff]ftyp([ -~]{4})|"
    rb"moov\0\0\0[\x6c\x78]mvhd|"
    rb"\x1aE\xdf\xa3[\x01-\xff].{0,40}?B\x82[\x84\x88](webm|matroska)|"
    rb"RIFF.{4}(AVI |WAVE)",
    re.DOTALL,
)

_MARKS = (b"ftyp", b"mvhd", b"\x1aE\xdf\xa3", b"RIFF")
"""One of them stands in whatever the pattern fits."""


def trailing_claims(stream: BufferedIOBase, end: int, bytes_left: int, source: str) -> Iterator[Claim]:
    """Yield what is claimed of the bytes behind a picture that ends at `end`.

    `bytes_left` of them are not accounted for by the format; a recording is looked for in all of them.
    """
    yield from values.count(CountKind.TRAILING_BYTES, bytes_left, source)
    if name := _find_recording(stream, end):
        yield from values.count(CountKind.EMBEDDED_RECORDINGS, 1, f"{name} {source}")


def _find_recording(stream: BufferedIOBase, start: int) -> str:
    carried = b""
    for position in range(start, start + _SEARCHED, _CHUNK):
        stream.seek(position)
        chunk = stream.read(_CHUNK)
        data = carried + chunk
        # Nearly everything holds none of these, which is found out in a third of the time.
        if any(mark in data for mark in _MARKS):
            for match in _RECORDING.finditer(data):
                if name := _name(match):
                    return name
        if len(chunk) < _CHUNK:
            return ""
        carried = data[-_OVERLAP:]
    return ""


def _name(match: re.Match[bytes]) -> str:
    """Name the format of a recording; "" for what begins like one and is a picture."""
    if match[1]:
        media_type = BRANDS.get(match[1], "video/mp4")
        return "" if media_type.startswith("image/") else KNOWN[media_type].name
    if match[2]:
        return "WebM video" if match[2] == b"webm" else "Matroska video"
    return {b"AVI ": "AVI video", b"WAVE": "WAVE audio"}.get(match[3] or b"", "QuickTime video")
