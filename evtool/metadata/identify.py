"""Tells by content, never by name, what format a file is in, and parses as much of it as that takes.

Most formats show in the first bytes (`identify_start`). OLE, ZIP and TIFF are shared by many formats; a look into their
structure decides. This runs in the confined process.
"""

from __future__ import annotations

import io
import zipfile

import olefile  # type: ignore[import-untyped]

from evtool.core.metadata.claims import FormatClaim
from evtool.core.metadata.description import HEAD
from evtool.metadata.format_table import (
    KNOWN,
    OLE_START,
    OLE_STREAMS,
    OOXML_PARTS,
    PACKAGE_TYPES,
    TIFF_STARTS,
    ZIP_STARTS,
)
from evtool.metadata.identify_start import identify_start
from evtool.metadata.tiff_peek import tiff_kind
from evtool.metadata.zip_reader import open_zip, read_entry


def identify(stream: io.BufferedIOBase, size: int) -> FormatClaim | None:
    """Identify a file's format; None for an empty file and for content that no signature fits."""
    stream.seek(0)
    head = stream.read(HEAD)
    if head.startswith(OLE_START):
        return KNOWN[_ole_kind(stream)]
    if head.startswith(ZIP_STARTS):
        return KNOWN[_zip_kind(stream)]
    if head.startswith(TIFF_STARTS):
        return KNOWN[tiff_kind(head, stream)]
    return identify_start(head, size)


def _ole_kind(stream: io.BufferedIOBase) -> str:
    try:
        with olefile.OleFileIO(stream) as ole:
            for name, media_type in OLE_STREAMS.items():
                if ole.exists(name):
                    return media_type
    except (OSError, ValueError, IndexError, TypeError):
        # A damaged container is still one; its extractor will say what is wrong.
        return "application/x-ole-storage"
    return "application/x-ole-storage"


def _zip_kind(stream: io.BufferedIOBase) -> str:
    try:
        archive = open_zip(stream)
        declared = read_entry(archive, "mimetype").decode("ascii", "replace").strip()
        if declared in PACKAGE_TYPES:
            return PACKAGE_TYPES[declared]
        names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError):
        return "application/zip"
    if "[Content_Types].xml" in names:
        for part, media_type in OOXML_PARTS.items():
            if part in names:
                return media_type
    return "application/zip"
