"""Reading a zip container front to back, from a file or a pipe, in memory that does not grow with its files.

Every byte from the first to the last is accounted for: `local header, data` for each file, then the directory, then its
end. Names are checked before anything is done with them. Whatever was read counts only once the iteration has come to
its end, because the directory comes last: until then the container may still be refused.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator
from itertools import chain
from typing import Protocol

from msgspec import Struct

from evtool.core.container.payload_names import PathSet, find_unsafe
from evtool.core.container.zip import (
    CENTRAL_SIGNATURE,
    CENTRAL_SIZE,
    END64_SIGNATURE,
    END64_SIZE,
    END_SIGNATURE,
    END_SIZE,
    LOCAL_SIGNATURE,
    LOCAL_SIZE,
    LOCATOR64_SIZE,
    STORED,
    Header,
    Totals,
    ZipError,
    ZipRefusal,
    lengths_after_central,
    lengths_after_local,
    name_length_of_local,
    parse_central,
    parse_end,
    parse_end64,
    parse_local,
)
from evtool.core.errors import FormatError
from evtool.core.text.limits import MAX_ZIP_ENTRIES, MAX_ZIP_NAME
from evtool.core.text.names import shown

CHUNK = 1024 * 1024
"""Bytes per read of a file's data."""

_FACTS = struct.Struct("<4H2I3Q16s")
"""What is kept of a local header until the directory is read: 66 bytes, whatever the name."""


class ByteSource(Protocol):
    """Something that can be read forwards."""

    def read(self, size: int, /) -> bytes:
        """Give up to `size` bytes; none means the end."""


class ZipEntry(Struct, frozen=True):
    """One file of a container, before its bytes have been read.

    Attributes:
        name: its path; safe, and no twin of another.
        size: bytes once unpacked, as its header says.
        data_offset: where its data begins in the container.
        is_stored: whether the data is not compressed.
    """

    name: str
    size: int
    data_offset: int
    is_stored: bool


class ZipReader:
    """Reads one container once. Iterate `entries`; the bytes of the current one come from `read_chunks`."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._position = 0
        self._facts: list[bytes] = []
        self._names = PathSet()
        self._current: Header | None = None

    def entries(self) -> Iterator[ZipEntry]:
        """Yield the files in their order, then check the directory and the end.

        Raises:
            ZipError: the container is not in the one form that is read.
            OSError: it cannot be read.
        """
        try:
            signature = self._take(4)
        except ZipError:
            signature = b""
        if signature != LOCAL_SIGNATURE:
            raise ZipError(ZipRefusal.NOT_ZIP)
        while signature == LOCAL_SIGNATURE:
            header = self._read_local()
            self._current = header
            yield ZipEntry(header.name.decode("utf-8"), header.size, self._position, header.method == STORED)
            if self._current is not None:
                for _ in self.read_chunks():
                    pass
            signature = self._take(4)
        if signature not in (CENTRAL_SIGNATURE, END64_SIGNATURE, END_SIGNATURE):
            raise ZipError(ZipRefusal.GAP)
        self._read_directory(signature)

    def read_chunks(self) -> Iterator[bytes]:
        """Yield the bytes of the current file; once they have all been read, its size and CRC are known to hold.

        Raises:
            ZipError: they do not, or the container ends early.
        """
        header = self._current
        if header is None:
            return
        crc = size = 0
        raw = self._read_raw(header.compressed)
        for chunk in raw if header.method == STORED else _inflate(raw, header):
            crc = zlib.crc32(chunk, crc)
            size += len(chunk)
            yield chunk
        if size != header.size:
            raise ZipError(ZipRefusal.SIZE, _shown_name(header))
        if crc != header.crc:
            raise ZipError(ZipRefusal.CRC, _shown_name(header))
        self._current = None

    def _read_local(self) -> Header:
        offset = self._position - 4
        if len(self._facts) >= MAX_ZIP_ENTRIES:
            raise ZipError(ZipRefusal.TOO_MANY, f"at most {MAX_ZIP_ENTRIES:,} are read")
        fixed = LOCAL_SIGNATURE + self._take(LOCAL_SIZE - 4)
        rest = self._take(lengths_after_local(fixed))
        try:
            header = parse_local(fixed, rest, offset)
        except ZipError as error:
            name = rest[: name_length_of_local(fixed)].decode("utf-8", "replace")
            raise error.of_file(shown(name, 80)) from None
        self._check_name(header)
        self._facts.append(_facts(header))
        return header

    def _check_name(self, header: Header) -> None:
        if not 0 < len(header.name) <= MAX_ZIP_NAME:
            raise ZipError(ZipRefusal.NAME_EMPTY)
        try:
            name = header.name.decode("utf-8")
        except UnicodeDecodeError:
            raise ZipError(ZipRefusal.NAME_ENCODING) from None
        if not name.isascii() and not header.flags & 0x0800:
            raise ZipError(ZipRefusal.NAME_ENCODING)
        if name.endswith("/") and find_unsafe(name[:-1]) is None:
            raise ZipError(ZipRefusal.DIRECTORY_ENTRY, shown(name, 80))
        if reason := find_unsafe(name):
            raise ZipError(ZipRefusal.NAME_UNSAFE, f"{shown(name, 80)}: {reason}")
        try:
            self._names.add(name)
        except FormatError as error:
            raise ZipError(ZipRefusal.NAME_TWIN, f"{shown(name, 80)} {error.message}") from None

    def _read_directory(self, signature: bytes) -> None:
        start = self._position - 4
        count = 0
        while signature == CENTRAL_SIGNATURE:
            fixed = CENTRAL_SIGNATURE + self._take(CENTRAL_SIZE - 4)
            header = parse_central(fixed, self._take(lengths_after_central(fixed)))
            if count >= len(self._facts):
                raise ZipError(ZipRefusal.COUNT)
            if self._facts[count] != _facts(header):
                raise ZipError(ZipRefusal.HEADERS_DIFFER, _difference(self._facts[count], header))
            count += 1
            signature = self._take(4)
        end = self._position - 4
        totals = self._read_end(signature, end)
        if totals.entries != count or count != len(self._facts):
            raise ZipError(ZipRefusal.COUNT)
        if (totals.offset, totals.size) != (start, end - start):
            raise ZipError(ZipRefusal.DIRECTORY_SIZE)
        if self._source.read(1):
            raise ZipError(ZipRefusal.TRAILING)

    def _read_end(self, signature: bytes, offset: int) -> Totals:
        totals64 = None
        if signature == END64_SIGNATURE:
            totals64 = parse_end64(signature + self._take(END64_SIZE - 4 + LOCATOR64_SIZE), offset)
            signature = self._take(4)
        if signature != END_SIGNATURE:
            raise ZipError(ZipRefusal.GAP)
        return parse_end(signature + self._take(END_SIZE - 4), totals64)

    def _read_raw(self, length: int) -> Iterator[bytes]:
        while length:
            chunk = self._source.read(min(length, CHUNK))
            if not chunk:
                raise ZipError(ZipRefusal.CUT_SHORT)
            self._position += len(chunk)
            length -= len(chunk)
            yield chunk

    def _take(self, length: int) -> bytes:
        data = self._source.read(length)
        self._position += len(data)
        return data if len(data) == length else data + b"".join(self._read_raw(length - len(data)))


def _inflate(raw: Iterator[bytes], header: Header) -> Iterator[bytes]:
    """Unpack a deflated file; never by more than its header says, nor beyond the end of the compressed stream."""
    decoder = zlib.decompressobj(-zlib.MAX_WBITS)
    left = header.size
    try:
        # The empty chunk at the end asks for what the decoder may still hold back.
        for chunk in chain(raw, (b"",)):
            while True:
                limit = min(left + 1, CHUNK)
                out = decoder.decompress(chunk, limit)
                chunk = decoder.unconsumed_tail
                left -= len(out)
                if left < 0 or decoder.unused_data:
                    raise ZipError(ZipRefusal.SIZE, _shown_name(header))
                if out:
                    yield out
                if not chunk and len(out) < limit:
                    break
    except zlib.error:
        raise ZipError(ZipRefusal.SIZE, _shown_name(header)) from None
    if not decoder.eof:
        raise ZipError(ZipRefusal.SIZE, _shown_name(header))


def _facts(header: Header) -> bytes:
    """Condense a header so that two of them are equal only if they agree in every field."""
    name = hashlib.blake2b(header.name, digest_size=16).digest()
    return _FACTS.pack(
        header.flags,
        header.method,
        header.version,
        0,
        header.stamp,
        header.crc,
        header.compressed,
        header.size,
        header.offset,
        name,
    )


_FACT_NAMES = ("flags", "method", "version", "", "date", "CRC", "compressed size", "size", "place", "name")


def _difference(local: bytes, central: Header) -> str:
    pairs = zip(_FACT_NAMES, _FACTS.unpack(local), _FACTS.unpack(_facts(central)), strict=True)
    fields = ", ".join(name for name, local, central in pairs if local != central)
    return f"on the {fields} of {_shown_name(central)}"


def _shown_name(header: Header) -> str:
    return shown(header.name.decode("utf-8", "replace"), 80)
