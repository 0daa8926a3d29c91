"""Compares what evtool reads of files with what other programs read of them.

    python -m tests.tools.compare_claims FOLDER [--puids FILE]

Asks exiftool, ffprobe and bsdtar for the same facts, and prints each difference with both answers, then a table of how
many facts were compared. `--puids` is the output of a PRONOM tool, `PUID<tab>PATH` on each line. Nothing is judged: a
person has to explain a difference.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from evtool.core.metadata.claims import Claims
from evtool.core.metadata.vocabulary import CountKind, TextKind, TimeKind
from evtool.metadata import MetadataExtractor

Fact = tuple[str, object, object]
"""What is compared, evtool's answer, the other program's answer."""

_TEXTS = {
    TextKind.DEVICE_MAKE: ("IFD0:Make",),
    TextKind.DEVICE_MODEL: ("IFD0:Model",),
    TextKind.PERSON: (
        *("IFD0:Artist", "XMP-dc:Creator", "PDF:Author", "ID3v2_3:Artist", "Vorbis:Artist", "RIFF:Artist"),
        *("ItemList:Artist", "PNG:Author", "XMP-pdf:Author"),
    ),
    TextKind.TITLE: ("PDF:Title", "ID3v2_3:Title", "Vorbis:Title", "RIFF:Title", "ItemList:Title", "Matroska:Title"),
    TextKind.ORIENTATION: (),
}

_ARCHIVES = ("application/x-tar", "application/tar", "application/zip")

_TIMES = {
    TimeKind.CAPTURED: ("ExifIFD:DateTimeOriginal",),
    TimeKind.CREATED: ("QuickTime:CreateDate", "XMP-xmp:CreateDate", "PDF:CreateDate", "Matroska:DateTimeOriginal"),
}


def main() -> None:
    """Compare every file in a folder."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--puids", type=Path)
    arguments = parser.parse_args()
    puids = dict(_puids(arguments.puids)) if arguments.puids else {}
    compared: Counter[str] = Counter()
    differing: Counter[str] = Counter()
    files = sorted(path for path in arguments.folder.iterdir() if path.is_file())
    with MetadataExtractor() as extractor:
        for path in files:
            for name, own, other in _facts(path, _claims(extractor, path), puids.get(path.name, [])):
                compared[name] += 1
                if own != other:
                    differing[name] += 1
                    print(f"{path.name}: {name}: {own!r}, another program says {other!r}")
    print(f"\n{len(files)} files")
    for name, number in sorted(compared.items()):
        print(f"{name:<14} {number:>4} compared, {differing[name]:>3} differ")


def _claims(extractor: MetadataExtractor, path: Path) -> Claims:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        claims = extractor.extract(descriptor).claims
    finally:
        os.close(descriptor)
    return claims or Claims()


def _puids(path: Path) -> Iterator[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for line in path.read_text("utf-8").splitlines():
        puid, _, name = line.partition("\t")
        found.setdefault(Path(name).name, []).append(puid)
    yield from found.items()


def _facts(path: Path, claims: Claims, puids: list[str]) -> Iterator[Fact]:
    second = _exiftool(path)
    counts = {count.kind: count.value for count in claims.counts}
    yield "problems", [problem.reason for problem in claims.problems], []
    if claims.format is not None and claims.format.puid and puids:
        yield "puid", claims.format.puid in puids or (claims.format.puid, puids), True
    if "Composite:ImageSize" in second and claims.format and claims.format.media_type.startswith(("image/", "video/")):
        yield "size", f"{counts.get(CountKind.WIDTH)} {counts.get(CountKind.HEIGHT)}", second["Composite:ImageSize"]
    if "PDF:PageCount" in second:
        yield "pages", counts.get(CountKind.PAGES), second["PDF:PageCount"]
    for kind, names in _TEXTS.items():
        for name in names:
            if name in second:
                own = {text.value for text in claims.texts if text.kind is kind}
                yield "text", str(second[name]) in own or sorted(own), True
    for time_kind, names in _TIMES.items():
        for name in names:
            if name in second and not str(second[name]).startswith("0000"):
                own_times = {time.time.split("+")[0].split("Z")[0] for time in claims.times if time.kind is time_kind}
                written = str(second[name]).replace(":", "-", 2).replace(" ", "T").split("+")[0].removesuffix("Z")
                yield "time", written in own_times or sorted(own_times), True
    if claims.durations and (seconds := _ffprobe(path).get("format", {}).get("duration")):
        yield "duration", _near(claims.durations[0].seconds, seconds), True
    if claims.format is not None and claims.format.media_type in _ARCHIVES:
        listed = _run("bsdtar", "-tf", str(path)).splitlines()
        yield "entries", counts.get(CountKind.ENTRIES), sum(not name.endswith("/") for name in listed)


def _near(own: str, other: str) -> bool | str:
    """Container and streams round differently; a tenth of a second is one frame, or one block of sound."""
    return True if abs(Decimal(own) - Decimal(other)) <= Decimal("0.15") else f"{own} s, not {other} s"


def _run(*arguments: str) -> str:
    done = subprocess.run(arguments, capture_output=True, check=False)
    return done.stdout.decode("utf-8", "replace")


def _exiftool(path: Path) -> dict[str, Any]:
    found: list[dict[str, Any]] = json.loads(_run("exiftool", "-json", "-n", "-G1", str(path)) or "[{}]")
    return found[0]


def _ffprobe(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_run("ffprobe", "-v", "error", "-show_format", "-of", "json", str(path)) or "{}")
    return found


if __name__ == "__main__":
    main()
