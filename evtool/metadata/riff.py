"""Reads the chunk structure of RIFF files: WebP, AVI, WAVE."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

_CHUNK_LIMIT = 4096
_BODY_LIMIT = 4 << 20


@dataclass(frozen=True, slots=True)
class Chunk:
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
