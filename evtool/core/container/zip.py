"""The records of a zip container, in the one form that every program reads alike.

Zip says most things twice, and programs differ in which they believe (PKWARE APPNOTE 6.3.10 leaves it open). The form
that is read here leaves no room for that: records follow each other from the first byte to the last, sizes stand before
the data, both headers of a file agree in every field, and nothing optional is there but what large sizes need (ZIP64).
"""

from __future__ import annotations

import stat
import struct
from enum import Enum

from msgspec import Struct

from evtool.core.errors import FormatError
from evtool.core.text.limits import MAX_ZIP_RATIO

LOCAL_SIGNATURE = b"PK\x03\x04"
CENTRAL_SIGNATURE = b"PK\x01\x02"
END64_SIGNATURE = b"PK\x06\x06"
LOCATOR64_SIGNATURE = b"PK\x06\x07"
END_SIGNATURE = b"PK\x05\x06"

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR64 = struct.Struct("<4sIQI")
_END = struct.Struct("<4s4H2IH")

LOCAL_SIZE = _LOCAL.size
CENTRAL_SIZE = _CENTRAL.size
END64_SIZE = _END64.size
LOCATOR64_SIZE = _LOCATOR64.size
END_SIZE = _END.size

STORED = 0
DEFLATED = 8

_UTF8_NAME = 0x0800
_FULL_32 = 0xFFFFFFFF
_FULL_16 = 0xFFFF
_ZIP64_FIELD = 0x0001
_VERSION, _VERSION_64 = 20, 45
_MADE_BY = 3 << 8 | _VERSION_64
"""Unix, so that the file mode below is believed."""
_MODE = (stat.S_IFREG | 0o644) << 16
_DATE = 0x0021
"""1980-01-01, the first date that zip can say; the true dates stand in the signed statements."""


class ZipRefusal(Enum):
    """Why a container is refused; each value is the start of the message."""

    NOT_ZIP = "it does not begin with a zip entry"
    GAP = "it has bytes that belong to no zip record"
    CUT_SHORT = "it was cut short"
    TRAILING = "there are bytes after its end"
    COMMENT = "it has a comment"
    SEVERAL_DISKS = "it is spread over several volumes"
    COUNT = "its directory gives a wrong number of files"
    DIRECTORY_SIZE = "its directory is not at the place, or not of the size, that its end record gives"
    ZIP64_END = "its ZIP64 end record and its end record disagree, or the ZIP64 record is not needed"
    TOO_MANY = "it holds too many files"
    ENCRYPTED = "a file is encrypted by the zip format itself"
    DESCRIPTOR = "the size of a file stands after its data"
    FLAGS = "a file has flags that evtool does not read"
    METHOD = "a file is compressed by a method that evtool does not read"
    EXTRA_FIELD = "a file has extra fields"
    ZIP64_FIELD = "the ZIP64 field of a file does not fit its sizes"
    NAME_EMPTY = "a file has no name, or one that is too long"
    NAME_ENCODING = "a name is not UTF-8, or is not marked as UTF-8"
    NAME_UNSAFE = "a name is not safe"
    NAME_TWIN = "a name appears twice, or clashes with another name"
    DIRECTORY_ENTRY = "it has an entry for a directory"
    SPECIAL_FILE = "an entry is a link, a device or another special file"
    HEADERS_DIFFER = "the header of a file and the directory disagree"
    CRC = "the content of a file does not match the CRC in its header"
    SIZE = "a compressed file does not unpack to the size in its header"
    STORED_SIZE = "a file that is not compressed has two different sizes"
    RATIO = "a file would unpack to far more than its compressed size"


class ZipError(FormatError):
    """A container that is not read, for one reason.

    Attributes:
        refusal: the reason.
    """

    def __init__(self, refusal: ZipRefusal, detail: str = "") -> None:
        super().__init__(
            "the zip container is refused: {refusal_en}",
            hint=_BY_ANOTHER_PROGRAM if refusal in _EVERYDAY else _AMBIGUOUS,
            key="zip-everyday" if refusal in _EVERYDAY else "zip-ambiguous",
            refusal_en=f"{refusal.value}{': ' if detail else ''}{detail}",
            refusal=refusal.name.lower().replace("_", "-"),
            detail=f" ({detail})" if detail else "",
        )
        self.refusal = refusal
        self._detail = detail

    def of_file(self, name: str) -> ZipError:
        """Give the error with the file that it is about, escaped, if it does not name one yet."""
        return self if self._detail else ZipError(self.refusal, name)


_EVERYDAY = frozenset(
    {
        ZipRefusal.COMMENT,
        ZipRefusal.DESCRIPTOR,
        ZipRefusal.DIRECTORY_ENTRY,
        ZipRefusal.EXTRA_FIELD,
        ZipRefusal.FLAGS,
        ZipRefusal.METHOD,
        ZipRefusal.NAME_ENCODING,
    }
)
"""What Finder, Explorer, Info-ZIP and their like write into every zip, which says nothing against what it holds."""

_BY_ANOTHER_PROGRAM = "another program made this zip: unpack it, and run evtool verify on the folder"
_AMBIGUOUS = (
    "programs may read it in different ways; unpack it with a program that you trust, and run evtool "
    "verify on the folder"
)


class Header(Struct, frozen=True):
    """What both headers of a file say alike.

    Attributes:
        name: its name, as bytes.
        flags, method, version: as in the header.
        stamp: DOS time and date as one number; means nothing here.
        crc: CRC-32 of its bytes.
        compressed, size: bytes in the container, and once unpacked.
        offset: where its local header begins.
    """

    name: bytes
    flags: int
    method: int
    version: int
    stamp: int
    crc: int
    compressed: int
    size: int
    offset: int


class Totals(Struct, frozen=True):
    """What the end of a container says: how many files, and where their directory lies."""

    entries: int
    size: int
    offset: int


def make_header(name: str, size: int, crc: int, offset: int) -> Header:
    """Describe a file that is stored as it is."""
    raw = name.encode("utf-8")
    version = _VERSION_64 if size >= _FULL_32 or offset >= _FULL_32 else _VERSION
    flags = 0 if raw.isascii() else _UTF8_NAME
    return Header(raw, flags, STORED, version, _DATE << 16, crc, size, size, offset)


def serialize_local(header: Header) -> bytes:
    """Write the header before a file."""
    large = header.size >= _FULL_32
    extra = struct.pack("<HHQQ", _ZIP64_FIELD, 16, header.size, header.compressed) if large else b""
    size, compressed = (_FULL_32, _FULL_32) if large else (header.size, header.compressed)
    fixed = _LOCAL.pack(
        LOCAL_SIGNATURE,
        header.version,
        header.flags,
        header.method,
        header.stamp & _FULL_16,
        header.stamp >> 16,
        header.crc,
        compressed,
        size,
        len(header.name),
        len(extra),
    )
    return fixed + header.name + extra


def serialize_central(header: Header) -> bytes:
    """Write the entry of a file in the directory."""
    wide = [header.size, header.compressed] if header.size >= _FULL_32 else []
    wide += [header.offset] if header.offset >= _FULL_32 else []
    extra = struct.pack(f"<HH{len(wide)}Q", _ZIP64_FIELD, 8 * len(wide), *wide) if wide else b""
    fixed = _CENTRAL.pack(
        CENTRAL_SIGNATURE,
        _MADE_BY,
        header.version,
        header.flags,
        header.method,
        header.stamp & _FULL_16,
        header.stamp >> 16,
        header.crc,
        min(header.compressed, _FULL_32) if header.size < _FULL_32 else _FULL_32,
        min(header.size, _FULL_32),
        len(header.name),
        len(extra),
        0,
        0,
        0,
        _MODE,
        min(header.offset, _FULL_32),
    )
    return fixed + header.name + extra


def serialize_end(totals: Totals) -> bytes:
    """Write what follows the directory."""
    narrow = (min(totals.entries, _FULL_16), min(totals.size, _FULL_32), min(totals.offset, _FULL_32))
    end = _END.pack(END_SIGNATURE, 0, 0, narrow[0], narrow[0], narrow[1], narrow[2], 0)
    if not needs_zip64(totals):
        return end
    counts = (totals.entries, totals.entries, totals.size, totals.offset)
    end64 = _END64.pack(END64_SIGNATURE, END64_SIZE - 12, _MADE_BY, _VERSION_64, 0, 0, *counts)
    return end64 + _LOCATOR64.pack(LOCATOR64_SIGNATURE, 0, totals.offset + totals.size, 1) + end


def needs_zip64(totals: Totals) -> bool:
    """Tell whether an end record is too narrow for these numbers."""
    return totals.entries >= _FULL_16 or totals.size >= _FULL_32 or totals.offset >= _FULL_32


def parse_local(fixed: bytes, name_and_extra: bytes, offset: int) -> Header:
    """Read the header before a file: its fixed part, then name and extra fields together.

    Raises:
        ZipError: it says something that is not read here.
    """
    _, version, flags, method, time, date, crc, compressed, size, name_length, _ = _LOCAL.unpack(fixed)
    name, extra = name_and_extra[:name_length], name_and_extra[name_length:]
    _check_flags(flags, method)
    if compressed == _FULL_32 or size == _FULL_32:
        wide = _parse_zip64(extra, 2)
        if (compressed, size) != (_FULL_32, _FULL_32) or max(wide) < _FULL_32:
            raise ZipError(ZipRefusal.ZIP64_FIELD)
        size, compressed = wide
    elif extra:
        raise ZipError(ZipRefusal.EXTRA_FIELD)
    if method == STORED and size != compressed:
        raise ZipError(ZipRefusal.STORED_SIZE)
    # The margin lets short texts through, which gain nothing by being a bomb.
    if size > compressed * MAX_ZIP_RATIO + 4096:
        raise ZipError(ZipRefusal.RATIO)
    return Header(name, flags, method, version, date << 16 | time, crc, compressed, size, offset)


def lengths_after_local(fixed: bytes) -> int:
    """Give the number of bytes that name and extra fields take after the fixed part of a local header."""
    fields = _LOCAL.unpack(fixed)
    return int(fields[9]) + int(fields[10])


def name_length_of_local(fixed: bytes) -> int:
    """Give the number of bytes that the name takes after the fixed part of a local header."""
    return int(_LOCAL.unpack(fixed)[9])


def lengths_after_central(fixed: bytes) -> int:
    """Give the number of bytes that name, extra fields and comment take after the fixed part of a central header."""
    fields = _CENTRAL.unpack(fixed)
    return int(fields[10]) + int(fields[11]) + int(fields[12])


def parse_central(fixed: bytes, rest: bytes) -> Header:
    """Read the entry of a file in the directory: its fixed part, then name, extra fields and comment together.

    Raises:
        ZipError: it says something that is not read here.
    """
    fields = _CENTRAL.unpack(fixed)
    _, made_by, version, flags, method, time, date, crc, compressed, size = fields[:10]
    name_length, extra_length, comment_length, disk, _, attributes, offset = fields[10:]
    if comment_length:
        raise ZipError(ZipRefusal.COMMENT)
    if disk:
        raise ZipError(ZipRefusal.SEVERAL_DISKS)
    name, extra = rest[:name_length], rest[name_length:]
    _check_flags(flags, method)
    _check_attributes(made_by, attributes)
    full = [value == _FULL_32 for value in (size, compressed, offset)]
    if any(full):
        wide = iter(_parse_zip64(extra, sum(full)))
        size, compressed, offset = (
            next(wide) if is_full else value for is_full, value in zip(full, (size, compressed, offset), strict=True)
        )
        if full[0] != full[1] or (full[2] and offset < _FULL_32):
            raise ZipError(ZipRefusal.ZIP64_FIELD)
    elif extra_length:
        raise ZipError(ZipRefusal.EXTRA_FIELD)
    return Header(name, flags, method, version, date << 16 | time, crc, compressed, size, offset)


def _parse_zip64(extra: bytes, values: int) -> tuple[int, ...]:
    length = 8 * values
    if extra[:4] != struct.pack("<HH", _ZIP64_FIELD, length) or len(extra) != 4 + length:
        raise ZipError(ZipRefusal.ZIP64_FIELD)
    return struct.unpack(f"<{values}Q", extra[4:])


def _check_flags(flags: int, method: int) -> None:
    if flags & 0x2041:  # encrypted, strongly encrypted, headers masked
        raise ZipError(ZipRefusal.ENCRYPTED)
    if flags & 0x0008:
        raise ZipError(ZipRefusal.DESCRIPTOR)
    # Bits 1 and 2 tell how hard a deflated file was compressed, which changes nothing.
    if flags & ~(_UTF8_NAME | (0x0006 if method == DEFLATED else 0)):
        raise ZipError(ZipRefusal.FLAGS)
    if method not in (STORED, DEFLATED):
        raise ZipError(ZipRefusal.METHOD, f"method {method}")


def _check_attributes(made_by: int, attributes: int) -> None:
    """Refuse what is not a plain file: a program that believes the attributes would make a link or a device of it."""
    mode = attributes >> 16
    if attributes & 0x10 or stat.S_ISDIR(mode):
        raise ZipError(ZipRefusal.DIRECTORY_ENTRY)
    # Whatever system the entry names: some programs believe a mode from any.
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG) or mode & (stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX):
        raise ZipError(ZipRefusal.SPECIAL_FILE)


def parse_end64(data: bytes, offset: int) -> Totals:
    """Read the ZIP64 end record and its locator, which follow each other at `offset`.

    Raises:
        ZipError: they are of another version, spread over volumes, or do not point at each other.
    """
    signature, length, _, _, disk, disk_start, here, entries, size, start = _END64.unpack(data[:END64_SIZE])
    locator, locator_disk, where, disks = _LOCATOR64.unpack(data[END64_SIZE:])
    if signature != END64_SIGNATURE or length != END64_SIZE - 12 or locator != LOCATOR64_SIGNATURE or where != offset:
        raise ZipError(ZipRefusal.ZIP64_END)
    if disk or disk_start or locator_disk or disks != 1 or here != entries:
        raise ZipError(ZipRefusal.SEVERAL_DISKS)
    totals = Totals(entries, size, start)
    if not needs_zip64(totals):
        raise ZipError(ZipRefusal.ZIP64_END)
    return totals


def parse_end(data: bytes, totals64: Totals | None) -> Totals:
    """Read the end record; `totals64` is what the ZIP64 end record says, if there is one.

    Raises:
        ZipError: it has a comment, is spread over volumes, or disagrees with the ZIP64 end record.
    """
    _, disk, disk_start, here, entries, size, offset, comment = _END.unpack(data)
    if disk or disk_start or here != entries:
        raise ZipError(ZipRefusal.SEVERAL_DISKS)
    if comment:
        raise ZipError(ZipRefusal.COMMENT)
    totals = Totals(entries, size, offset)
    if totals64 is None:
        if needs_zip64(totals):
            raise ZipError(ZipRefusal.ZIP64_END)
        return totals
    narrow = Totals(min(totals64.entries, _FULL_16), min(totals64.size, _FULL_32), min(totals64.offset, _FULL_32))
    if narrow != totals:
        raise ZipError(ZipRefusal.ZIP64_END)
    return totals64
