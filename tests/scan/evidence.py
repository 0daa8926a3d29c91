"""Small evidence directories that hold one of everything."""

from __future__ import annotations

import os
from pathlib import Path

from evtool.scan.engine import BATCH, LARGE_FILE
from evtool.scan.small_files import CHUNK

ODD_NAMES = ("김철수.txt", "a b", "50%", "back\\slash", "new\nline", "-", "\udcff.bin", "CON", "e\u0301", "Ω")


def write(path: Path, size: int) -> None:
    """Write a file whose bytes follow from its name and size."""
    seed = os.fsencode(path.name) + b"|"
    path.write_bytes((seed * (size // len(seed) + 1))[:size])


def make_evidence(root: Path) -> Path:
    """Make a directory with files around every limit, links, empty directories, a FIFO and odd names."""
    root.mkdir()
    for size in (0, 1, 4096, CHUNK - 1, CHUNK, CHUNK + 1, 300_000):
        write(root / f"size-{size}", size)
    write(root / "large", LARGE_FILE + 1)
    for name in ODD_NAMES:
        write(root / name, 100)
    (root / "link").symlink_to("size-1")
    (root / "dangling").symlink_to("../nowhere")
    (root / "empty").mkdir()
    os.mkfifo(root / "fifo")
    for folder in ("photos", "photos.old", "photos/inner/deep"):
        (root / folder).mkdir(parents=True)
        for index in range(40):
            write(root / folder / f"{index:03}.jpg", 100 + index)
    return root


def make_many(root: Path, batches: int) -> Path:
    """Make a directory of small files, enough for so many batches."""
    for folder in range(batches):
        (root / f"{folder:02}").mkdir(parents=True)
        for index in range(BATCH):
            write(root / f"{folder:02}" / f"{index:03}", 50 + index)
    return root
