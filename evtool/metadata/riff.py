"""Reads the chunk structure of RIFF files: WebP, AVI, WAVE."""

from __future__ import annotations

import io
from collections.abc import Iterator

from msgspec import Struct

from evtool.metadata.damage import DamagedError

_CHUNK_LIMIT = 4096
_BODY_LIMIT = 4 << 20


class Chunk(Struct, frozen=True):
    """One chunk: its four-character type, and where its body lies in the file."""

    type: bytes
    start: int
    end: int

    def read(self, stream: io.BufferedIOBase) -> bytes:
        """Read the body, or its first 4 MiB."""
        stream.seek(self.start)
        return stream.read(min(self.end - self.start, _BODY_LIMIT))


def chunks(stream: io.BufferedIOBase, start: int, end: int) -> Iterator[Chunk]:
    """List the chunks between two positions; the last one may be cut."""
    for _ in range(_CHUNK_LIMIT):
        stream.seek(start)
        head = stream.read(8)
        if len(head) < 8 or start + 8 > end:
            return
        size = int.from_bytes(head[4:], "little")
        yield Chunk(head[:4], start + 8, min(start + 8 + size, end))
        start += 8 + size + (size & 1)


_LIVE = (0, 0xFFFFFFFF)
"""Lengths that programs write which cannot go back to state the true one."""


def check_length(stream: io.BufferedIOBase, size: int) -> None:
    """Check that a RIFF file is as long as its header says; a longer one has more behind it, which is no damage.

    Raises:
        DamagedError: it is shorter.
    """
    stream.seek(0)
    head = stream.read(8)
    stated = int.from_bytes(head[4:], "little")
    if head[:4] == b"RIFF" and stated not in _LIVE and 8 + stated > size:
        raise DamagedError("cut short: the file is shorter than its header says")
