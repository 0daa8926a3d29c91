"""What the tests of metadata share: an extractor, other programs, and small files of known content."""

from __future__ import annotations

import atexit
import functools
import json
import os
import struct
import subprocess
import zipfile
from pathlib import Path
from typing import Any

from evtool.core.metadata.claims import Claims
from evtool.core.metadata.vocabulary import CountKind, TextKind, TimeKind
from evtool.metadata import ExtractionResult, Limits, MetadataExtractor

HOSTILE = Path(__file__).parents[1] / "vectors" / "metadata" / "hostile"


@functools.cache
def shared_extractor() -> MetadataExtractor:
    """One extractor for all tests of a process, with limits that end hostile files soon."""
    extractor = MetadataExtractor(limits=Limits(cpu_seconds=2, wall_seconds=20))
    atexit.register(extractor.close)
    return extractor


def extract(path: Path, extractor: MetadataExtractor | None = None) -> ExtractionResult:
    """Extract from one file."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return (extractor or shared_extractor()).extract(descriptor)
    finally:
        os.close(descriptor)


def claims_of(path: Path) -> Claims:
    """Extract from a file that must be read to its end without a problem, under confinement."""
    result = extract(path)
    assert result.failure is None
    assert result.claims is not None
    assert result.claims.problems == ()
    return result.claims


def texts(claims: Claims, kind: TextKind) -> list[str]:
    """All values of one kind of text, each once."""
    return list(dict.fromkeys(text.value for text in claims.texts if text.kind is kind))


def times(claims: Claims, kind: TimeKind) -> list[str]:
    """All values of one kind of time, each once."""
    return list(dict.fromkeys(time.time for time in claims.times if time.kind is kind))


def counts(claims: Claims, kind: CountKind) -> list[int]:
    """All values of one kind of count."""
    return [count.value for count in claims.counts if count.kind is kind]


def run(*arguments: str | Path, stdin: bytes = b"") -> str:
    """Run another program; its stdout."""
    done = subprocess.run([str(argument) for argument in arguments], input=stdin, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout.decode("utf-8")


def exiftool(path: Path) -> dict[str, Any]:
    """What exiftool reads: `Group:Tag` -> value, numbers as numbers."""
    found = json.loads(run("exiftool", "-json", "-n", "-G1", path))[0]
    assert isinstance(found, dict)
    return found


def ffprobe(path: Path) -> dict[str, Any]:
    """What ffprobe reads of the container and its streams."""
    found = json.loads(run("ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", path))
    assert isinstance(found, dict)
    return found


def picture(path: Path) -> Path:
    """Have ffmpeg make a small picture of the format that the name asks for."""
    run("ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=size=64x48", "-frames:v", "1", path)
    return path


def archive(path: Path, entries: dict[str, bytes]) -> Path:
    """Write a ZIP file whose entries stand in the given order, the first one stored."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as writer:
        for index, (name, data) in enumerate(entries.items()):
            info = zipfile.ZipInfo(name, (2016, 5, 1, 10, 20, 30))
            writer.writestr(info, data, zipfile.ZIP_STORED if index == 0 else zipfile.ZIP_DEFLATED)
    return path


def compound_file(streams: dict[str, bytes]) -> bytes:
    """Write an OLE compound file (version 3) of top-level streams, each padded to the 4,096 bytes that keep it out of
    the mini stream ([MS-CFB])."""
    sector, end, free = 512, 0xFFFFFFFE, 0xFFFFFFFF
    data = {name: body.ljust(4096, b"\0") for name, body in streams.items()}
    directory_sectors = -(-(len(data) + 1) // 4)
    chains: list[int] = [0xFFFFFFFD, *range(2, directory_sectors + 1), end]
    starts: dict[str, int] = {}
    for name, body in data.items():
        starts[name] = len(chains)
        number = -(-len(body) // sector)
        chains += [*range(len(chains) + 1, len(chains) + number), end]
    assert len(chains) <= 128
    # A tree that is one long branch to the right needs its names in order: by length, then by upper-case letters.
    names = sorted(data, key=lambda name: (len(name), name.upper()))
    directory = _directory_entry("Root Entry", 5, free, 1, end, 0)
    for index, name in enumerate(names, 1):
        right = index + 1 if index < len(names) else free
        directory += _directory_entry(name, 2, right, free, starts[name], len(data[name]))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0) + struct.pack("<I", 0) + b"\xff" * 432
    fat = struct.pack(f"<{len(chains)}I", *chains).ljust(sector, b"\xff")
    padded = b"".join(body.ljust(-(-len(body) // sector) * sector, b"\0") for body in data.values())
    return head + fat + directory.ljust(directory_sectors * sector, b"\0") + padded


def _directory_entry(name: str, kind: int, right: int, child: int, start: int, size: int) -> bytes:
    spelled = name.encode("utf-16-le")
    entry = spelled.ljust(64, b"\0") + struct.pack("<HBBIII", len(spelled) + 2, kind, 1, 0xFFFFFFFF, right, child)
    return entry + b"\0" * 36 + struct.pack("<IQ", start, size)


def property_set(properties: dict[int, str | int | tuple[int, bytes]], format_id: bytes) -> bytes:
    """Write a property set ([MS-OLEPS]): text as UTF-16, an int as FILETIME, a tuple as type and bytes."""
    index, body = b"", b""
    offset = 8 + 8 * len(properties)
    for number, value in properties.items():
        if isinstance(value, str):
            encoded = (value + "\0").encode("utf-16-le")
            packed = struct.pack("<II", 31, len(value) + 1) + encoded + b"\0" * (-len(encoded) % 4)
        elif isinstance(value, int):
            packed = struct.pack("<IQ", 64, value)
        else:
            packed = struct.pack("<I", value[0]) + value[1] + b"\0" * (-len(value[1]) % 4)
        index += struct.pack("<II", number, offset + len(body))
        body += packed
    section = struct.pack("<II", offset + len(body), len(properties)) + index + body
    return struct.pack("<HHI16sI", 0xFFFE, 0, 0x20005, b"\0" * 16, 1) + format_id + struct.pack("<I", 48) + section
