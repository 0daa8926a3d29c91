"""Hangul documents of the 1990s, HWP 3 (Hancom: HWP document file format 3.0, sections 2.3 and 2.4).

After a signature of 30 bytes and 128 bytes of settings come nine texts of 56 characters, each of two bytes in the
Johab code, low byte first.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BufferedIOBase

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import CountKind, TextKind
from evtool.metadata import values

_SETTINGS, _SUMMARY = 30, 158
_ENCRYPTED = _SETTINGS + 96
_CHARACTERS, _FIELD = 56, 112

_TEXTS = (
    ("title", TextKind.TITLE),
    ("subject", TextKind.TITLE),
    ("author", TextKind.PERSON),
    ("date", None),
    ("keywords 1", TextKind.DESCRIPTION),
    ("keywords 2", TextKind.DESCRIPTION),
    ("remark 1", TextKind.DESCRIPTION),
    ("remark 2", TextKind.DESCRIPTION),
    ("remark 3", TextKind.DESCRIPTION),
)


class Hwp3Extractor:
    """Reads the summary; its date is free text and stays a raw tag."""

    name = "hwp3"
    is_plain = True
    formats = frozenset({"application/x-hwp-v3"})

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim]:
        """Yield the claims of the settings and the summary."""
        data = stream.read(_SUMMARY + len(_TEXTS) * _FIELD)
        (encrypted,) = struct.unpack_from("<H", data, _ENCRYPTED)
        yield from values.count(CountKind.ENCRYPTED, int(encrypted != 0), "HWP 3 settings")
        for index, (name, kind) in enumerate(_TEXTS):
            start = _SUMMARY + index * _FIELD
            value = _johab(data[start : start + _FIELD])
            source = f"HWP 3 {name}"
            if kind is not None:
                yield from values.text(kind, value, source)
            yield from values.tag(source, value)


def _johab(field: bytes) -> str:
    """Decode two-byte characters; those below 128 are ASCII, the first 0 ends the text."""
    letters = []
    for (code,) in struct.iter_unpack("<H", field[: len(field) & ~1]):
        if code == 0:
            break
        letters.append(chr(code) if code < 0x80 else code.to_bytes(2, "big").decode("johab", "replace"))
    return "".join(letters)


EXTRACTOR = Hwp3Extractor()
