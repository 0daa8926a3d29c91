"""Looks into the first directory of a TIFF file, far enough to tell camera formats apart (TIFF 6.0, section 2)."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

_MAKE, _SUB_IMAGES, _DNG_VERSION = 0x010F, 0x014A, 0xC612
_ENTRY_LIMIT = 512


@dataclass(frozen=True, slots=True)
class FirstDirectory:
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
