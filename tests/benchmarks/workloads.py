"""Workloads: trees of files that are the same on every machine, of any size.

The bytes of a file are the extendable output of BLAKE3 over the workload's name and the file's number, so nothing has
to be kept or fetched, no two files are alike, and nothing can be compressed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

KIB, MIB, GIB = 1024, 1024**2, 1024**3

_PIECE = 8 * MIB
_DONE = ".complete"


@dataclass(frozen=True, slots=True)
class Workload:
    """One tree.

    Attributes:
        name: how tables call it; also the seed of its bytes.
        files: number of files.
        smallest, largest: range of their sizes in bytes; sizes are spread evenly over it.
        folders: over how many folders they are spread.
        linked: every file is a hard link to one of a thousand, so that a million of them fit on any disk.
    """

    name: str
    files: int
    smallest: int
    largest: int
    folders: int = 1
    linked: bool = False

    def size_of(self, index: int) -> int:
        """Bytes of one file."""
        span = self.largest - self.smallest + 1
        return self.smallest + int.from_bytes(self._stream(f"size {index}").digest(8), "big") % span

    def path_of(self, index: int) -> str:
        """Relative path of one file."""
        return f"{index % self.folders:05d}/{index:08d}.bin"

    def bytes_of(self, index: int) -> Iterator[bytes]:
        """Bytes of one file, in pieces."""
        stream, size = self._stream(f"bytes {index}"), self.size_of(index)
        for at in range(0, size, _PIECE):
            yield stream.digest(min(_PIECE, size - at), seek=at)

    def make(self, parent: Path) -> Path:
        """Make the tree in `parent`, unless it is there already, and return its place."""
        # The sizes belong into the name: a tree of another scale is another tree.
        place = parent / f"{self.name}-{self.files}-{self.largest}"
        mark = parent / f"{place.name}{_DONE}"
        if mark.exists():
            return place
        for folder in range(min(self.folders, self.files)):
            os.makedirs(place / f"{folder:05d}", exist_ok=True)
        for index in range(self.files):
            self._make_file(place, index)
        mark.touch()
        return place

    def _make_file(self, place: Path, index: int) -> None:
        target = place / self.path_of(index)
        target.unlink(missing_ok=True)
        # A file system allows some ten thousand links to one file.
        if self.linked and index >= _ORIGINALS:
            os.link(place / self.path_of(index % _ORIGINALS), target)
            return
        with open(target, "wb") as file:
            for piece in self.bytes_of(index):
                file.write(piece)

    def _stream(self, what: str) -> blake3:
        return blake3(f"{self.name} {what}".encode())


_ORIGINALS = 1000


def standard_workloads(scale: float = 1.0) -> list[Workload]:
    """Give the workloads of the table, smaller or larger by a factor."""

    def count(files: int) -> int:
        return max(1, round(files * scale))

    large = max(MIB, round(4 * GIB * scale))
    return [
        Workload("one-file", 1, large, large),
        Workload("small-files", count(100_000), 4 * KIB, 4 * KIB, folders=count(1_000)),
        Workload("photos", count(2_000), MIB, 3 * MIB, folders=count(20)),
        Workload("videos", count(20), 256 * MIB, 256 * MIB),
    ]
