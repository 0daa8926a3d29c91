"""Measures what metadata adds to sealing photographs: `python -m tests.benchmarks.metadata_photographs`.

Makes photographs in a temporary directory (one picture with EXIF and XMP, padded with noise to the size of a camera's
file), then seals all of them without and with metadata, whole processes in turns in one run, and prints the ratios.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_TAGS = (
    *("-Make=SAMSUNG", "-Model=SM-G930F", "-DateTimeOriginal=2016:05:01 10:20:30", "-Artist=A03"),
    *("-GPSLatitude=41.4", "-GPSLatitudeRef=N", "-GPSLongitude=128.1", "-GPSLongitudeRef=E", "-XMP:CreatorTool=Editor"),
)


def make_photographs(folder: Path, number: int, size: int) -> None:
    """Write photographs that differ in their noise; page cache holds them afterwards, which favours hashing."""
    first = folder / "first.jpg"
    source = ("-f", "lavfi", "-i", "testsrc=size=640x480", "-frames:v", "1")
    subprocess.run(["ffmpeg", "-v", "error", *source, str(first)], check=True)
    subprocess.run(["exiftool", "-q", "-overwrite_original", *_TAGS, str(first)], check=True)
    head = first.read_bytes()
    first.unlink()
    for index in range(number):
        (folder / f"{index:05}.jpg").write_bytes(head + os.urandom(max(size - len(head), 0)))


CHOICES = ("none", "basic", "full")


def seal(folder: Path, choice: str, home: Path) -> float:
    """Seal all photographs as a user would; give the seconds from start to exit."""
    custody = folder.with_name("custody")
    command = [sys.executable, "-m", "evtool", "seal", str(folder), "--custody", str(custody), "--metadata", choice]
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=os.environ | {"EVTOOL_HOME": str(home)})
    seconds = time.perf_counter() - start
    claims = sum(b'"claims":' in line for line in (custody / "0001-sealed.jsonl").open("rb"))
    assert claims == (0 if choice == "none" else len(os.listdir(folder)))
    shutil.rmtree(custody)
    return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photographs", type=int, default=2000)
    parser.add_argument("--kilobytes", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder, home = Path(work) / "photographs", Path(work) / "home"
        folder.mkdir()
        make_photographs(folder, options.photographs, options.kilobytes * 1000)
        command = [sys.executable, "-m", "evtool", "key", "new", "A1", "--no-passphrase"]
        subprocess.run(command, check=True, capture_output=True, env=os.environ | {"EVTOOL_HOME": str(home)})
        seal(folder, "none", home)  # now the page cache holds them
        seconds: dict[str, list[float]] = {choice: [] for choice in CHOICES}
        for _ in range(options.rounds):
            for choice, measured in seconds.items():
                measured.append(seal(folder, choice, home))
    without = statistics.median(seconds["none"])
    print(f"{options.photographs} photographs of {options.kilobytes} kB, median of {options.rounds} rounds")
    for choice, measured in seconds.items():
        print(f"metadata {choice:<6} {statistics.median(measured):7.2f} s {statistics.median(measured) / without:6.2f}")


if __name__ == "__main__":
    main()
