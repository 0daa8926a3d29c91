"""One side of a comparison: decode a manifest, or only run the standard library's JSON reader over its lines.

    python decode_manifest.py MANIFEST json     a bare loop of json.loads
    python decode_manifest.py MANIFEST evtool   every line decoded, checked canonical, and the Merkle root computed
    python decode_manifest.py MANIFEST items    the same, with an object for each item
    python decode_manifest.py MANIFEST make N   write a manifest of N items

Prints seconds, seconds of processor time and, for evtool, items and root. Starting the interpreter is not counted on
either side.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Iterator
from itertools import islice

from evtool.core.manifest.block import DecodedFiles
from evtool.core.manifest.line import spell_files
from evtool.core.manifest.manifest import ManifestReader
from evtool.core.manifest.statement import spell_columns

_BLOCK = 256
_PER_FOLDER = 100


def loop_json(path: str) -> None:
    """Read every line as JSON, and do nothing with it."""
    with open(path, "rb") as lines:
        for line in lines:
            json.loads(line)


def read_blocks(path: str) -> Iterator[list[bytes]]:
    """Give the lines in lists."""
    with open(path, "rb") as lines:
        while block := list(islice(lines, _BLOCK)):
            yield block


def decode(path: str) -> str:
    """Decode a manifest; returns its number of items and its root."""
    reader = ManifestReader(1)
    for part in reader.read_parts(read_blocks(path)):
        assert isinstance(part, DecodedFiles) or part.content is not None
    return f"{reader.summary.disclosed_items} {reader.summary.root}"


def decode_items(path: str) -> str:
    """Decode a manifest into items; returns their number and its root."""
    reader = ManifestReader(1)
    for item in reader.read_blocks(read_blocks(path)):
        assert item.content is not None
    return f"{reader.summary.disclosed_items} {reader.summary.root}"


def make(path: str, items: int) -> None:
    """Write a manifest as a seal of so many small files does."""
    with open(path, "w", encoding="utf-8") as file:
        for first in range(0, items, _PER_FOLDER):
            count = min(_PER_FOLDER, items - first)
            numbers = range(first, first + count)
            salts = [hashlib.md5(b"%d" % number, usedforsecurity=False).hexdigest() for number in numbers for _ in "12"]
            digests = [hashlib.sha256(b"%d" % number).hexdigest() for number in numbers]
            dates = [1_700_000_000_000_000_000 + number * 1_234_567_891 for number in numbers]
            names = [f"{number:08d}.jpg" for number in numbers]
            files = ([4096] * count, dates, digests, digests)
            folder = f"{first // _PER_FOLDER:06d}/"
            file.write(spell_files(spell_columns(first + 1, salts, folder, names, files)))


def main() -> None:
    """Run what the arguments ask for."""
    path, what = sys.argv[1:3]
    began, worked = time.perf_counter(), time.process_time()
    answer = ""
    if what == "make":
        make(path, int(sys.argv[3]))
    elif what == "json":
        loop_json(path)
    else:
        answer = decode(path) if what == "evtool" else decode_items(path)
    print(time.perf_counter() - began, time.process_time() - worked, answer)


if __name__ == "__main__":
    main()
