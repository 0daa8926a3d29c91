"""Opens ZIP-based documents from strangers and reads single entries, each up to a limit."""

from __future__ import annotations

import zipfile
from io import BufferedIOBase

ENTRY_LIMIT = 1 << 20
"""Bytes of one entry of metadata, unpacked; longer ones are refused, as a few kilobytes can unpack to gigabytes."""

PACKAGE_MANIFEST = "META-INF/manifest.xml"
"""The list of a package's entries, and of how each is encrypted (ODF 1.3, part 2, section 4.8)."""


def open_zip(stream: BufferedIOBase) -> zipfile.ZipFile:
    """Open an archive for reading.

    Raises:
        zipfile.BadZipFile: it is damaged.
    """
    return zipfile.ZipFile(stream)


def read_entry(archive: zipfile.ZipFile, name: str) -> bytes:
    """Read one entry; empty if there is none of that name.

    Raises:
        ValueError: it is encrypted, or unpacks to more than the limit.
        zipfile.BadZipFile, zlib.error, NotImplementedError: it is damaged, or packed in an unknown way.
    """
    try:
        info = archive.getinfo(name)
    except KeyError:
        return b""
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
