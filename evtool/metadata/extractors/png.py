"""PNG pictures: size, texts and time of their own chunks (W3C PNG, third edition, section 11)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BufferedIOBase

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import CountKind, OffsetBasis, TextKind, TimeKind
from evtool.metadata import values
from evtool.metadata.damage import DamagedError
from evtool.metadata.trailing import trailing_claims

_TEXTS = {
    "Title": TextKind.TITLE,
    "Author": TextKind.PERSON,
    "Description": TextKind.DESCRIPTION,
    "Copyright": TextKind.DESCRIPTION,
    "Disclaimer": TextKind.DESCRIPTION,
    "Warning": TextKind.DESCRIPTION,
    "Comment": TextKind.DESCRIPTION,
    "Software": TextKind.SOFTWARE,
    "Source": TextKind.DEVICE_MODEL,
}
"""Keywords that the standard registers (table 20)."""

_XMP = "XML:com.adobe.xmp"
_READ = (b"IHDR", b"tEXt", b"zTXt", b"iTXt", b"tIME")
_CHUNK_LIMIT = 100_000
_BODY_LIMIT = 1 << 20


class PngExtractor:
    """Reads the header, uncompressed texts and the time of the last change; picture data is skipped."""

    name = "png"
    is_plain = True
    formats = frozenset({"image/png"})

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim]:
        """Yield what the chunks claim, and what stands behind the last one.

        Raises:
            DamagedError: a chunk is impossible, changed or missing.
        """
        position, damage = 8, ""
        for _ in range(_CHUNK_LIMIT):
            stream.seek(position)
            head = stream.read(8)
            length, kind = int.from_bytes(head[:4], "big"), head[4:]
            if len(head) < 8 or position + 12 + length > size:
                raise DamagedError("cut short: a chunk reaches beyond the end of the file, or the last one is missing")
            if (kind == b"IHDR") != (position == 8):
                damage = damage or "damaged: the header does not stand first, or twice"
            if kind in _READ and length <= _BODY_LIMIT:
                body, check = stream.read(length), stream.read(4)
                # The checksum alone is taken of the bytes: nothing is unpacked.
                if zlib.crc32(kind + body) != int.from_bytes(check, "big"):
                    damage = damage or "damaged: the checksum of a chunk differs"
                yield from _chunk(kind, body)
            position += 12 + length
            if kind == b"IEND":
                if position < size:
                    yield from trailing_claims(stream, position, size - position, "after PNG IEND")
                break
        else:
            damage = "damaged: too many chunks"
        if damage:
            raise DamagedError(damage)


def _chunk(kind: bytes, body: bytes) -> Iterator[Claim]:
    if kind == b"IHDR" and len(body) == 13:
        width, height = struct.unpack_from(">II", body)
        yield from values.count(CountKind.WIDTH, width, "PNG IHDR")
        yield from values.count(CountKind.HEIGHT, height, "PNG IHDR")
    elif kind == b"tIME" and len(body) == 7:
        year, month, day, hour, minute, second = struct.unpack(">HBBBBB", body)
        yield from _time((year, month, day, hour, minute, second))
    elif kind == b"tEXt":
        keyword, _, text = body.partition(b"\0")
        yield from _text(keyword, text.decode("latin-1"), "PNG tEXt")
    elif kind == b"iTXt":
        keyword, _, rest = body.partition(b"\0")
        # A flag and a method, then a language and the keyword in that language (section 11.3.3.4).
        if rest[:1] == b"\0" and rest.count(b"\0", 2) >= 2:
            yield from _text(keyword, rest[2:].split(b"\0", 2)[2].decode("utf-8", "replace"), "PNG iTXt")
        else:
            yield from values.tag("PNG iTXt, compressed and not read", keyword.decode("latin-1"))
    elif kind == b"zTXt":
        yield from values.tag("PNG zTXt, compressed and not read", body.partition(b"\0")[0].decode("latin-1"))


def _text(keyword: bytes, text: str, chunk: str) -> Iterator[Claim]:
    name = keyword.decode("latin-1")
    if name == _XMP:
        return  # its own extractor reads it
    source = f"{chunk} {name}" if name.isascii() and name.isprintable() and name.strip() == name != "" else chunk
    if name in _TEXTS:
        yield from values.text(_TEXTS[name], text, source)
    elif name == "Creation Time":
        # The standard recommends the form of RFC 1123; most programs write ISO 8601.
        read = values.iso_time if text[:4].isdigit() else values.mail_time
        yield from read(TimeKind.CREATED, text, source)
    yield from values.tag(source, text)


def _time(fields: tuple[int, int, int, int, int, int]) -> Iterator[Claim]:
    """Claim the time of the last change, which the standard defines as UTC (section 11.3.6.1)."""
    written = "{:04}-{:02}-{:02} {:02}:{:02}:{:02}".format(*fields)
    try:
        when = datetime(*fields).replace(tzinfo=UTC)
    except ValueError:
        yield from values.count(CountKind.UNREADABLE_TIMES, 1, "PNG tIME")
        return
    yield from values.moment(TimeKind.MODIFIED, when, OffsetBasis.FORMAT, written, "PNG tIME")


EXTRACTOR = PngExtractor()
