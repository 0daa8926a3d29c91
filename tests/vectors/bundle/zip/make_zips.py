"""Makes the vectors of this folder; `python make_zips.py FOLDER` writes them, always the same bytes.

Each vector is one file: `expect:` and `comment:` lines, an empty line, then a zip container in base64. `expect` is
`read`, or the name of the one reason to refuse it (`evtool.core.container.zip.ZipRefusal`), in lower case. The
containers are put together here from PKWARE's APPNOTE, without a line of evtool.
"""

from __future__ import annotations

import base64
import struct
import sys
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

FULL_16, FULL_32 = 0xFFFF, 0xFFFFFFFF


@dataclass(frozen=True)
class File:
    """One file and all that its two headers say; `central_*` is what only the directory says otherwise."""

    name: bytes = b"data/a.txt"
    data: bytes = b"evidence\n"
    version: int = 20
    flags: int = 0
    method: int = 0
    time: int = 0
    date: int = 0x21
    crc: int | None = None
    size: int | None = None
    compressed: int | None = None
    extra: bytes = b""
    raw: bytes | None = None
    made_by: int = 3 << 8 | 45
    attributes: int = 0o100644 << 16
    comment: bytes = b""
    disk: int = 0
    central: Mapping[str, object] = field(default_factory=dict)
    offset: int | None = None
    local: bool = True
    listed: bool = True
    before: bytes = b""
    after: bytes = b""

    def stored(self) -> bytes:
        """The bytes in the container."""
        if self.raw is not None:
            return self.raw
        return deflate(self.data) if self.method == 8 else self.data

    def numbers(self) -> tuple[int, int, int]:
        """CRC, compressed size and size, as they are said."""
        crc = zlib.crc32(self.data) if self.crc is None else self.crc
        compressed = len(self.stored()) if self.compressed is None else self.compressed
        return crc, compressed, len(self.data) if self.size is None else self.size

    def local_bytes(self) -> bytes:
        """Local header and data."""
        head = struct.pack("<4s5H", b"PK\3\4", self.version, self.flags, self.method, self.time, self.date)
        lengths = struct.pack("<2H", len(self.name), len(self.extra))
        return head + struct.pack("<3I", *self.numbers()) + lengths + self.name + self.extra + self.stored()

    def central_bytes(self, offset: int) -> bytes:
        """Entry of the directory."""
        f = replace(self, **self.central, central={}) if self.central else self  # type: ignore[arg-type]
        head = struct.pack("<4s6H", b"PK\1\2", f.made_by, f.version, f.flags, f.method, f.time, f.date)
        lengths = struct.pack("<5H", len(f.name), len(f.extra), len(f.comment), f.disk, 0)
        place = struct.pack("<2I", f.attributes, offset if f.offset is None else f.offset)
        return head + struct.pack("<3I", *f.numbers()) + lengths + place + f.name + f.extra + f.comment


def deflate(data: bytes) -> bytes:
    """Compress without a header."""
    worker = zlib.compressobj(9, zlib.DEFLATED, -15)
    return worker.compress(data) + worker.flush()


@dataclass(frozen=True)
class End:
    """The end record; None stands for the true value."""

    entries: int | None = None
    here: int | None = None
    size: int | None = None
    offset: int | None = None
    disk: int = 0
    comment: bytes = b""
    zip64: Callable[[int, int, int], bytes] | None = None
    records: int = 1


def container(
    *files: File, end: End | None = None, prefix: bytes = b"", suffix: bytes = b"", gap: bytes = b""
) -> bytes:
    """Put a container together."""
    end = end or End()
    out, offsets = prefix, []
    for part in files:
        out += part.before
        offsets.append(len(out))
        out += (part.local_bytes() if part.local else b"") + part.after
    out += gap
    start = len(out)
    listed = [(part, offset) for part, offset in zip(files, offsets, strict=True) if part.listed]
    for part, offset in listed:
        out += part.central_bytes(offset)
    length, count = len(out) - start, len(listed)
    if end.zip64:
        out += end.zip64(count, length, start)
    entries = count if end.entries is None else end.entries
    record = struct.pack(
        "<4s4H2IH",
        b"PK\5\6",
        end.disk,
        end.disk,
        entries if end.here is None else end.here,
        entries,
        length if end.size is None else end.size,
        start if end.offset is None else end.offset,
        len(end.comment),
    )
    return out + (record + end.comment) * end.records + suffix


def end64(
    *, entries: int | None = None, where: int | None = None, disks: int = 1, length: int = 44, version: int = 45
) -> Callable[[int, int, int], bytes]:
    """A ZIP64 end record and its locator."""

    def make(count: int, size: int, start: int) -> bytes:
        total = count if entries is None else entries
        head = struct.pack("<4sQ2H2I", b"PK\6\6", length, 3 << 8 | version, version, 0, 0)
        at = start + size if where is None else where
        return head + struct.pack("<4Q", total, total, size, start) + struct.pack("<4sIQI", b"PK\6\7", 0, at, disks)

    return make


A, B = File(), File(name=b"data/b.txt", data=b"other\n")
UTF8 = 0x800
WIDE = struct.pack("<2H2Q", 1, 16, 9, 9)


def unicode_path(name: bytes) -> bytes:
    """Info-ZIP's extra field with a second name."""
    body = b"\1" + struct.pack("<I", zlib.crc32(A.name)) + name
    return struct.pack("<2H", 0x7075, len(body)) + body


def with_name(name: bytes, **fields: object) -> bytes:
    """A container with one good file and one of this name."""
    return container(A, replace(File(name=name), **fields))  # type: ignore[arg-type]


def readable() -> dict[str, tuple[str, bytes]]:
    """What is read: name -> comment and container."""
    return {
        "good-stored": ("two files, stored", container(A, B)),
        "good-deflated": ("a deflated file", container(replace(A, method=8, data=b"evidence\n" * 20))),
        "good-deflated-hard": (
            "a deflated file whose flags tell how hard it was compressed",
            container(replace(A, method=8, data=b"evidence\n" * 20, flags=2)),
        ),
        "good-empty-file": ("a file without bytes", container(replace(A, data=b""))),
        "good-hangul": ("a Hangul name that says it is UTF-8", with_name("data/김.txt".encode(), flags=UTF8)),
        "good-ascii-utf8": ("an ASCII name that says it is UTF-8", with_name(b"data/b.txt", flags=UTF8)),
        "good-dated": (
            "dates mean nothing, and may be any that both headers agree on",
            container(replace(A, date=0x5A21)),
        ),
        "good-no-attributes": ("made on DOS, without a file mode", container(replace(A, made_by=20, attributes=0))),
    }


def names() -> dict[str, tuple[str, str, bytes]]:
    """Names that lead elsewhere, or mean two things: name -> refusal, comment and container."""
    cases: dict[str, tuple[bytes, str]] = {
        "parent": (b"data/../../evil", "leads out of the folder"),
        "parent-first": (b"../evil", "leads out of the folder at once"),
        "absolute": (b"/etc/cron.d/evil", "an absolute path"),
        "drive": (b"C:/evil.txt", "a drive of Windows"),
        "drive-relative": (b"C:evil.txt", "relative to the current folder of a drive"),
        "unc": (b"\\\\host\\share\\evil", "a network path of Windows"),
        "backslash": (b"data\\evil.txt", "one name on Unix, a path on Windows"),
        "stream": (b"data/a.txt:evil", "an alternate stream of NTFS"),
        "tilde": (b"~/evil", "a shell would put the home directory there"),
        "nul": (b"data/a.txt\0.pdf", "cut at NUL by some readers"),
        "empty-component": (b"data//evil", "an empty component"),
        "dot": (b"./data/evil", "a component that is a dot"),
        "newline": (b"data/a\nb", "two lines in a list of files"),
        "escape": (b"data/\x1b[2Jx", "clears the terminal that prints it"),
        "device": (b"data/NUL.txt", "a device on Windows, whatever its ending"),
        "trailing-dot": (b"data/b.txt.", "Windows drops the dot"),
        "trailing-space": (b"data/b.txt ", "Windows drops the space"),
        "percent": (b"data/100%25.txt", "percent-encoded for one BagIt tool, plain for another"),
        "too-long": (b"data/" + b"x" * 200, "longer than the 200 bytes that a bundle uses"),
    }
    made = {f"name-{key}": ("name_unsafe", text, with_name(name)) for key, (name, text) in cases.items()}
    rtl = "data/photo\u202egpj.exe".encode()
    nfd = "data/\u1100\u1161.txt".encode()
    made |= {
        "name-right-to-left": ("name_unsafe", "shown as photoexe.jpg", with_name(rtl, flags=UTF8)),
        "name-not-nfc": ("name_unsafe", "another spelling on another system", with_name(nfd, flags=UTF8)),
        "name-empty": ("name_empty", "no name at all", with_name(b"")),
        "name-huge": ("name_empty", "a name of 1,100 bytes", with_name(b"x" * 1_100)),
        "name-legacy": ("name_encoding", "EUC-KR bytes", with_name("data/김.txt".encode("euc_kr"))),
        "name-utf8-unsaid": ("name_encoding", "UTF-8 that does not say so is CP437", with_name("data/김".encode())),
        "name-overlong": ("name_encoding", "overlong UTF-8 for a slash", with_name(b"data/..\xc0\xafx", flags=UTF8)),
        "name-surrogate": ("name_encoding", "an encoded surrogate", with_name(b"data/\xed\xa0\x80", flags=UTF8)),
        "twin-exact": ("name_twin", "one name, two contents", container(A, replace(B, name=A.name))),
        "twin-case": ("name_twin", "equal but for case", with_name(b"data/A.TXT")),
        "twin-directory-case": ("name_twin", "directories equal but for case", with_name(b"DATA/b.txt")),
        "twin-file-and-directory": ("name_twin", "a file where another needs a directory", with_name(b"data/a.txt/b")),
        "twin-long-s": (
            "name_twin",
            "the long s is an s to systems that ignore case",
            container(File(name="data/\u017f\u017f".encode(), flags=UTF8), File(name=b"data/ss")),
        ),
        "directory-entry": ("directory_entry", "a directory by its name", with_name(b"data/sub/", data=b"")),
    }
    return made


def kinds() -> dict[str, tuple[str, str, bytes]]:
    """Entries that are no plain file."""

    def mode(value: int, **fields: object) -> bytes:
        return container(replace(A, attributes=value << 16, **fields))  # type: ignore[arg-type]

    return {
        "kind-symlink": ("special_file", "a link that the next file could go through", mode(0o120777)),
        "kind-symlink-dos": ("special_file", "a link, made by a system without links", mode(0o120777, made_by=20)),
        "kind-device": ("special_file", "a block device, which some readers make as root", mode(0o060666)),
        "kind-fifo": ("special_file", "a FIFO, which blocks whoever opens it", mode(0o010644)),
        "kind-socket": ("special_file", "a socket", mode(0o140644)),
        "kind-setuid": ("special_file", "a program that runs as its owner", mode(0o104755)),
        "kind-directory-mode": ("directory_entry", "a directory by its mode", mode(0o040755)),
        "kind-directory-dos": ("directory_entry", "a directory by its DOS bit", container(replace(A, attributes=0x10))),
    }


def differences() -> dict[str, tuple[str, str, bytes]]:
    """The directory says one thing, the header before the file another."""

    def differs(comment: str, **central: object) -> tuple[str, str, bytes]:
        return "headers_differ", comment, container(replace(A, central=central), B)

    return {
        "differs-name": differs("which name is meant?", name=b"data/c.txt"),
        "differs-crc": differs("one of the two is wrong", crc=0),
        "differs-version": differs("another version", version=10),
        "differs-date": differs("another date", date=0x22),
        "differs-flags": differs("another flag", flags=UTF8),
        "differs-offset": differs("points into another file", offset=5),
        "differs-size": ("headers_differ", "a size that hides the second half", container(
            replace(A, central={"size": 4, "compressed": 4}), B)),
        "differs-method": ("headers_differ", "deflated says one, stored the other", container(
            replace(A, central={"method": 8, "raw": A.data}), B)),
        "differs-order": ("headers_differ", "the directory lists the files in another order", swapped()),
        "quoted-overlap": ("headers_differ", "two entries share one file's data", container(
            A, replace(B, central={"name": A.name, "data": A.data, "offset": 0}))),
    }  # fmt: skip


def swapped() -> bytes:
    """A container whose directory lists its two files the other way round."""
    body = A.local_bytes() + B.local_bytes()
    directory = B.central_bytes(len(A.local_bytes())) + A.central_bytes(0)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 2, 2, len(directory), len(body), 0)
    return body + directory + end


def layout() -> dict[str, tuple[str, str, bytes]]:
    """Bytes that belong to nothing, or records that are not where they should be."""
    whole = container(A, B)
    hidden = replace(B, listed=False)
    return {
        "empty": ("not_zip", "a container without files", container()),
        "prefix": (
            "not_zip",
            "a program in front, as in a self-extracting archive",
            container(A, prefix=b"#!/bin/sh\n"),
        ),
        "not-zip": ("not_zip", "no zip at all", b"%PDF-1.7\n"),
        "nothing": ("not_zip", "no bytes at all", b""),
        "suffix": ("trailing", "bytes after the end", container(A, suffix=b"\0")),
        "second-end": ("trailing", "two end records", container(A, end=End(records=2))),
        "second-container": ("trailing", "another container behind the first", whole + container(B)),
        "comment": ("comment", "a comment, in which another end record can hide", container(A, end=End(comment=b"x"))),
        "file-comment": ("comment", "a comment on a file", container(replace(A, comment=b"x"))),
        "gap-between": ("gap", "bytes between two files", container(replace(A, after=b"\0\0\0\0"), B)),
        "gap-before-directory": ("gap", "bytes before the directory", container(A, gap=b"hidden")),
        "hidden-file": ("count", "a file that the directory does not list", container(A, hidden)),
        "ghost-file": ("count", "a file that only the directory lists", container(A, replace(B, local=False))),
        "count-low": ("count", "the end record counts one file less", container(A, B, end=End(entries=1))),
        "count-high": ("count", "the end record counts one file more", container(A, end=End(entries=2))),
        "directory-offset": (
            "directory_size",
            "the directory is not where the end says",
            container(A, end=End(offset=0)),
        ),
        "directory-size": (
            "directory_size",
            "the directory is larger than the end says",
            container(A, end=End(size=1)),
        ),
        "several-disks": ("several_disks", "the second of two volumes", container(A, end=End(disk=1))),
        "several-counts": ("several_disks", "fewer files on this volume than in all", container(A, end=End(here=0))),
        "file-on-disk-two": ("several_disks", "a file on another volume", container(replace(A, disk=1))),
        "cut-in-header": ("cut_short", "ends inside a header", whole[:20]),
        "cut-in-data": ("cut_short", "ends inside a file", whole[:45]),
        "cut-in-directory": ("cut_short", "ends inside the directory", whole[:-40]),
        "cut-in-end": ("cut_short", "ends inside the end record", whole[:-1]),
    }


def sizes() -> dict[str, tuple[str, str, bytes]]:
    """Sizes that lie, and bombs."""
    zeros = replace(A, data=bytes(2_000_000), method=8)
    body = deflate(b"evidence\n" * 20)
    return {
        "crc-wrong": ("crc", "bytes that were changed in transit", container(replace(A, crc=1))),
        "crc-wrong-deflated": ("crc", "the same, deflated", container(replace(A, method=8, crc=1))),
        "bomb": ("ratio", "two million zeros in two thousand bytes", container(zeros)),
        "bomb-lying": ("size", "says that it is small", container(replace(zeros, size=5000))),
        "size-too-large": ("size", "fewer bytes than it says", container(replace(A, method=8, size=4000))),
        "size-too-small": ("size", "more bytes than it says", container(replace(A, method=8, size=3))),
        "deflate-trailing": ("size", "bytes after the compressed stream", container(
            replace(A, method=8, data=b"evidence\n" * 20, raw=body + b"hidden"))),
        "deflate-cut": ("size", "a compressed stream without its end", container(
            replace(A, method=8, data=b"evidence\n" * 20, raw=body[:-3]))),
        "deflate-broken": ("size", "no compressed stream", container(replace(A, method=8, raw=b"\xff" * 9))),
        "stored-two-sizes": ("stored_size", "stored, with two sizes", container(replace(A, size=5))),
        "descriptor": ("descriptor", "sizes after the data, where readers look in different places", container(
            replace(A, flags=8, after=struct.pack("<4s3I", b"PK\7\x08", zlib.crc32(A.data), 9, 9)))),
    }  # fmt: skip


def methods() -> dict[str, tuple[str, str, bytes]]:
    """Ways to pack that are not read."""
    return {
        "encrypted": ("encrypted", "zip's old encryption", container(replace(A, flags=1))),
        "encrypted-strong": ("encrypted", "zip's strong encryption", container(replace(A, flags=0x41))),
        "headers-masked": ("encrypted", "headers that are masked", container(replace(A, flags=0x2000))),
        "patched": ("flags", "patched data", container(replace(A, flags=0x20))),
        "reserved-flag": ("flags", "a flag that nobody has defined", container(replace(A, flags=0x80))),
        "method-bzip2": ("method", "bzip2", container(replace(A, method=12))),
        "method-zstd": ("method", "Zstandard", container(replace(A, method=93))),
        "method-aes": ("method", "AES, which hides the true method", container(replace(A, method=99))),
        "extra-unicode-path": ("extra_field", "a second name, which some readers believe", container(
            replace(A, extra=unicode_path(b"data/../evil")))),
        "extra-local": ("extra_field", "a field with times and owner", container(
            replace(A, extra=struct.pack("<2HB", 0x5455, 1, 0)))),
        "extra-central": ("extra_field", "a field in the directory only", container(
            replace(A, central={"extra": struct.pack("<2H", 0x6375, 0)}))),
    }  # fmt: skip


def zip64() -> dict[str, tuple[str, str, bytes]]:
    """Sizes beyond 32 bits, said in two places that can disagree."""
    wide = replace(A, size=FULL_32, compressed=FULL_32)
    narrow = {"extra": b"", "size": None, "compressed": None}
    return {
        "zip64-needless": ("zip64_field", "a small file with ZIP64 sizes", container(
            replace(wide, extra=WIDE, raw=A.data, central=narrow))),
        "zip64-missing": ("zip64_field", "says that the sizes are in a field that is not there", container(wide)),
        "zip64-short": ("zip64_field", "the field is too short", container(replace(wide, extra=WIDE[:12]))),
        "zip64-long": ("zip64_field", "the field is too long", container(replace(wide, extra=WIDE + b"\0" * 8))),
        "zip64-unused": ("extra_field", "a ZIP64 field that nothing points at", container(replace(A, extra=WIDE))),
        "zip64-central": ("zip64_field", "an offset that needs no ZIP64", container(replace(A, central={
            "offset": FULL_32, "extra": struct.pack("<2HQ", 1, 8, 0)}))),
        "zip64-end-needless": ("zip64_end", "a ZIP64 end record without need", container(A, end=End(zip64=end64()))),
        "zip64-end-missing": ("zip64_end", "the end record points at a ZIP64 one that is not there", container(
            A, end=End(entries=FULL_16))),
        "zip64-end-disagrees": ("zip64_end", "two numbers of files", container(
            A, end=End(zip64=end64(entries=FULL_16 + 1)))),
        "zip64-locator": ("zip64_end", "the locator points elsewhere", container(A, end=End(zip64=end64(where=0)))),
        "zip64-end-length": ("zip64_end", "a ZIP64 end record with room to hide in", container(
            A, end=End(zip64=end64(length=60)))),
        "zip64-disks": ("several_disks", "several volumes", container(A, end=End(zip64=end64(disks=2)))),
    }  # fmt: skip


def vectors() -> dict[str, tuple[str, str, bytes]]:
    """All of them: name -> expectation, comment and container."""
    made = {name: ("read", comment, data) for name, (comment, data) in readable().items()}
    for group in (names(), kinds(), differences(), layout(), sizes(), methods(), zip64()):
        assert not made.keys() & group.keys()
        made |= group
    return made


def main(folder: Path) -> None:
    """Write the vectors."""
    for name, (expect, comment, data) in vectors().items():
        body = base64.encodebytes(data).decode("ascii")
        (folder / f"{name}.txt").write_text(f"expect: {expect}\ncomment: {comment}\n\n{body}", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
