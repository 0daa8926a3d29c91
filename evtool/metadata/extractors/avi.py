"""AVI recordings, read from their RIFF chunks (Microsoft: AVI RIFF File Reference)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from decimal import Decimal
from io import BufferedIOBase

from evtool.core.metadata.claims import Claim, TimeClaim
from evtool.core.metadata.vocabulary import CountKind, TextKind, TimeKind
from evtool.core.values import replace
from evtool.metadata import values
from evtool.metadata.riff import Chunk, check_length, chunks

_INFO_TEXTS = {
    b"ISFT": TextKind.SOFTWARE,
    b"INAM": TextKind.TITLE,
    b"IART": TextKind.PERSON,
    b"ICMT": TextKind.DESCRIPTION,
    b"ICOP": TextKind.DESCRIPTION,
    b"IMAK": TextKind.DEVICE_MAKE,
    b"IMOD": TextKind.DEVICE_MODEL,
}

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


class AviExtractor:
    """Reads the main header, the streams' headers and the INFO list."""

    name = "avi"
    is_plain = True
    formats = frozenset({"video/x-msvideo"})

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim]:
        """Yield the claims of the header lists; the list of pictures and sound is skipped.

        Raises:
            DamagedError: the file ends early.
        """
        for chunk in chunks(stream, 12, size):
            if chunk.type == b"IDIT":
                yield from _camera_time(chunk.read(stream))
            if chunk.type != b"LIST":
                continue
            stream.seek(chunk.start)
            kind = stream.read(4)
            if kind == b"hdrl":
                yield from _headers(stream, chunk)
            elif kind == b"INFO":
                for entry in chunks(stream, chunk.start + 4, chunk.end):
                    yield from _information(entry.type, entry.read(stream))
        check_length(stream, size)


def _headers(stream: BufferedIOBase, parent: Chunk) -> Iterator[Claim]:
    for chunk in chunks(stream, parent.start + 4, parent.end):
        if chunk.type == b"avih":
            body = chunk.read(stream)
            microseconds, frames, streams, width, height = struct.unpack_from("<I12xI4xI4xII", body)
            yield from values.duration(Decimal(microseconds) * frames / 10**6, "avih")
            yield from values.count(CountKind.TRACKS, streams, "avih dwStreams")
            yield from values.count(CountKind.WIDTH, width, "avih dwWidth")
            yield from values.count(CountKind.HEIGHT, height, "avih dwHeight")
        elif chunk.type == b"IDIT":
            yield from _camera_time(chunk.read(stream))
        elif chunk.type == b"LIST":
            for entry in chunks(stream, chunk.start + 4, chunk.end):
                if entry.type == b"strh" and (body := entry.read(stream))[:4] == b"vids":
                    yield from values.text(TextKind.CODEC, body[4:8].decode("latin-1"), "strh fccHandler")


def _information(name: bytes, value: bytes) -> Iterator[Claim]:
    source = f"INFO {name.decode('ascii', 'replace')}"
    if name in _INFO_TEXTS:
        yield from values.text(_INFO_TEXTS[name], value, source)
    elif name == b"ICRD":
        yield from values.iso_time(TimeKind.CREATED, values.decode(value), source)
    yield from values.tag(source, value)


def _camera_time(value: bytes) -> Iterator[Claim]:
    """Read the time as cameras write it in `IDIT`: `Mon Mar 10 15:04:43 2008`, in local time."""
    written = " ".join(values.decode(value).split())[:64]
    parts = written.split()
    if len(parts) == 5 and parts[1] in _MONTHS and all(part.isdigit() for part in (parts[2], parts[4])):
        month = _MONTHS.index(parts[1]) + 1
        written_iso = f"{parts[4]}-{month:02}-{parts[2]:0>2} {parts[3]}"
        for claim in values.iso_time(TimeKind.CAPTURED, written_iso, "IDIT"):
            yield replace(claim, raw=written) if isinstance(claim, TimeClaim) else claim
        return
    yield from values.iso_time(TimeKind.CAPTURED, written, "IDIT")


EXTRACTOR = AviExtractor()
