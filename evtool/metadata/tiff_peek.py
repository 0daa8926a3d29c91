"""Looks into the first directory of a TIFF file, far enough to tell camera formats apart (TIFF 6.0, section 2)."""

from __future__ import annotations

import io
import struct

from msgspec import Struct

from evtool.metadata.format_table import RAW_MAKES

_MAKE, _SUB_IMAGES, _DNG_VERSION = 0x010F, 0x014A, 0xC612
_ENTRY_LIMIT = 512


class FirstDirectory(Struct, frozen=True):
    """What the first directory says: the camera's maker, whether it is a DNG, whether it refers to more images."""

    make: str = ""
    is_dng: bool = False
    has_sub_images: bool = False


def first_directory(stream: io.BufferedIOBase, order: bytes) -> FirstDirectory:
    """Read the first directory; an empty answer where it does not lie in the file."""
    endian = "<" if order == b"II" else ">"
    stream.seek(4)
    try:
        (position,) = struct.unpack(f"{endian}I", stream.read(4))
        stream.seek(position)
        (number,) = struct.unpack(f"{endian}H", stream.read(2))
        entries = stream.read(12 * min(number, _ENTRY_LIMIT))
        tags = {tag: (count, value) for tag, _, count, value in struct.iter_unpack(f"{endian}HHII", entries)}
    except struct.error:
        return FirstDirectory()
    make = b""
    if _MAKE in tags:
        count, position = tags[_MAKE]
        stream.seek(position)
        make = stream.read(min(count, 32)).split(b"\0", 1)[0]
    return FirstDirectory(make.decode("ascii", "replace"), _DNG_VERSION in tags, _SUB_IMAGES in tags)


def tiff_kind(head: bytes, stream: io.BufferedIOBase) -> str:
    """Give the media type of a TIFF file, which may be a raw format that is made like it."""
    if head[8:10] == b"CR":
        return "image/x-canon-cr2"
    if head[:4] in (b"IIRO", b"IIRS", b"MMOR"):
        return "image/x-olympus-orf"
    if head[:4] == b"IIU\0":
        return "image/x-panasonic-rw2"
    directory = first_directory(stream, head[:2])
    if directory.is_dng:
        return "image/x-adobe-dng"
    for make, media_type in RAW_MAKES.items():
        if directory.make.upper().startswith(make) and directory.has_sub_images:
            return media_type
    return "image/tiff"
