"""Measures what metadata adds to sealing photographs: `python tests/benchmarks/metadata_photographs.py`.

Makes photographs in a temporary directory (one picture with EXIF and XMP, padded with noise to the size of a camera's
file), then takes both digests of all of them on all cores without and with metadata, in one run and in turns, and
prints the ratio. What sealing does besides hashing would lower it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from blake3 import blake3

from evtool.core.metadata_vocabulary import Detail
from evtool.metadata import MetadataExtractor
from evtool.metadata.wire import TOGETHER

_TAGS = (
    *("-Make=SAMSUNG", "-Model=SM-G930F", "-DateTimeOriginal=2016:05:01 10:20:30", "-Artist=A03"),
    *("-GPSLatitude=41.4", "-GPSLatitudeRef=N", "-GPSLongitude=128.1", "-GPSLongitudeRef=E", "-XMP:CreatorTool=Editor"),
)


def make_photographs(folder: Path, number: int, size: int) -> list[Path]:
    """Write photographs that differ in their noise; page cache holds them afterwards, which favours hashing."""
    first = folder / "first.jpg"
    source = ("-f", "lavfi", "-i", "testsrc=size=640x480", "-frames:v", "1")
    subprocess.run(["ffmpeg", "-v", "error", *source, str(first)], check=True)
    subprocess.run(["exiftool", "-q", "-overwrite_original", *_TAGS, str(first)], check=True)
    head = first.read_bytes()
    first.unlink()
    paths = []
    for index in range(number):
        path = folder / f"{index:05}.jpg"
        path.write_bytes(head + os.urandom(max(size - len(head), 0)))
        paths.append(path)
    return paths


def digest(path: Path) -> int:
    """Take both digests in one read; give the open descriptor, as sealing would hand it on."""
    descriptor = os.open(path, os.O_RDONLY)
    sha256, fast = hashlib.sha256(), blake3()
    while chunk := os.read(descriptor, 1 << 20):
        sha256.update(chunk)
        fast.update(chunk)
    return descriptor


def digests(paths: list[Path]) -> Iterator[int]:
    """Digest on all cores; descriptors come in order and are closed once the next one is asked for."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # In slices, as every digested file stays open until its turn has come.
        for start in range(0, len(paths), 256):
            for descriptor in pool.map(digest, paths[start : start + 256]):
                yield descriptor
                os.close(descriptor)


def without(paths: list[Path]) -> float:
    """Seconds for digests alone."""
    start = time.perf_counter()
    assert sum(1 for _ in digests(paths)) == len(paths)
    return time.perf_counter() - start


def with_metadata(paths: list[Path], together: int, detail: Detail) -> float:
    """Seconds for digests and metadata, the fork server's start included."""
    start = time.perf_counter()
    with MetadataExtractor(detail=detail) as extractor:
        results = list(extractor.extract_all(digests(paths), together))
    assert all(result.failure is None and result.claims is not None for result in results)
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photographs", type=int, default=2000)
    parser.add_argument("--kilobytes", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = make_photographs(Path(folder), options.photographs, options.kilobytes * 1000)
        kinds: dict[str, Callable[[], float]] = {
            "digests alone": lambda: without(paths),
            "basic metadata": lambda: with_metadata(paths, TOGETHER, Detail.BASIC),
            "full metadata": lambda: with_metadata(paths, TOGETHER, Detail.FULL),
            "basic, a process each": lambda: with_metadata(paths, 1, Detail.BASIC),
        }
        seconds: dict[str, list[float]] = {name: [] for name in kinds}
        for _ in range(options.rounds):
            for name, measure in kinds.items():
                seconds[name].append(measure())
    alone = statistics.median(seconds["digests alone"])
    print(f"{options.photographs} photographs of {options.kilobytes} kB, median of {options.rounds} rounds")
    for name, measured in seconds.items():
        middle = statistics.median(measured)
        print(f"{name:<24} {middle:7.2f} s   {middle / alone:5.2f} times")


if __name__ == "__main__":
    main()
