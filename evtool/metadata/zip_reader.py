"""Opens ZIP-based documents from strangers and reads single entries, each up to a limit."""

from __future__ import annotations

import functools
import zipfile
from collections import Counter
from collections.abc import Iterable
from io import BufferedIOBase

ENTRY_LIMIT = 1 << 20
"""Bytes of one entry of metadata, unpacked; longer ones are refused, as a few kilobytes can unpack to gigabytes."""

_SAME_NAME = 8
"""Entries of one name that are read; honest archives have one."""

PACKAGE_MANIFEST = "META-INF/manifest.xml"
"""The list of a package's entries, and of how each is encrypted (ODF 1.3, part 2, section 4.8)."""


@functools.lru_cache(maxsize=1)
def open_zip(stream: BufferedIOBase) -> zipfile.ZipFile:
    """Open an archive for reading; the one that was opened last is kept, as more than one look at a file.

    Raises:
        zipfile.BadZipFile: it is damaged.
    """
    return zipfile.ZipFile(stream)


def read_entry(archive: zipfile.ZipFile, name: str) -> bytes:
    """Read one entry, the last one of that name; empty if there is none.

    Raises:
        ValueError: it is encrypted, or unpacks to more than the limit.
        zipfile.BadZipFile, zlib.error, NotImplementedError: it is damaged, or packed in an unknown way.
    """
    try:
        return _read(archive, archive.getinfo(name))
    except KeyError:
        return b""


def read_entries(archive: zipfile.ZipFile, name: str) -> list[bytes]:
    """Read all entries of one name: an archive may hold several, and programs differ in which one they take.

    Raises:
        As `read_entry`.
    """
    found = [info for info in archive.infolist() if info.filename == name]
    return [_read(archive, info) for info in found[:_SAME_NAME]]


def repeated_names(names: Iterable[str]) -> int:
    """Count the names that stand more than once in an archive."""
    return sum(number > 1 for number in Counter(names).values())


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.flag_bits & 1:
        raise ValueError("encrypted entry")
    with archive.open(info) as entry:
        data = entry.read(ENTRY_LIMIT + 1)
    if len(data) > ENTRY_LIMIT:
        raise ValueError("entry unpacks to more than the limit")
    return data


def is_locked(archive: zipfile.ZipFile) -> bool:
    """Tell whether the manifest of an OpenDocument or Hangul package says that its entries are encrypted."""
    return b"encryption-data" in read_entry(archive, PACKAGE_MANIFEST)
