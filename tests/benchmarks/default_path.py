"""Measures what reading embedded metadata adds to sealing: `python -m tests.benchmarks.default_path --work FOLDER`.

Each workload is sealed without metadata (`none`) and as by default (`basic`), whole processes in turns, and what is
printed are ratios of processor time and of wall time, medians of the runs. The mixed tree is like a home folder: 40 %
gzip, 30 % text, 17 % of content that no signature fits, 8 % PNG, the rest photographs, mail, documents and videos.
"""

from __future__ import annotations

import argparse
import gzip
import io
import os
import shutil
import statistics
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from tests.benchmarks.measure import Command, run_in_turns


def noise(name: str, size: int) -> bytes:
    """Bytes that are the same on every machine and that nothing can compress."""
    return blake3(name.encode()).digest(size)


def size_of(name: str, least: int, most: int) -> int:
    """A size between two bounds, by the name of a file."""
    return least + int.from_bytes(noise(f"size {name}", 4), "big") % (most - least + 1)


def text(name: str) -> bytes:
    """Lines of words."""
    words = noise(name, size_of(name, 200, 4000)).hex()
    return "\n".join(
        " ".join(words[at + i : at + i + 6] for i in range(0, 60, 6)) for at in range(0, len(words), 60)
    ).encode()


def gzipped(name: str) -> bytes:
    """A compressed page with its name and date in the header."""
    out = io.BytesIO()
    with gzip.GzipFile(f"{name}.1", "wb", mtime=1_500_000_000 + len(name), fileobj=out) as file:
        file.write(text(name))
    return out.getvalue()


def binary(name: str) -> bytes:
    """Content that no signature fits: its first byte begins none of them."""
    return b"\x92\x03" + noise(name, size_of(name, 500, 8000))


def png(name: str) -> bytes:
    """A picture of noise with a text chunk."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    side = size_of(name, 16, 64)
    rows = b"".join(b"\0" + noise(f"{name} {row}", 3 * side) for row in range(side))
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    software = b"Software\0Screenshot 1.2"
    chunks = (chunk(b"IHDR", head), chunk(b"tEXt", software), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def mail(name: str) -> bytes:
    """A message with the header fields that mail has."""
    head = (
        f"Received: from a.example by b.example; Mon, 2 Mar 2026 10:20:30 +0900\r\nFrom: A <a@a.example>\r\n"
        f"To: B <b@b.example>\r\nSubject: {name}\r\nDate: Mon, 2 Mar 2026 10:20:29 +0900\r\n"
        f"Message-ID: <{name}@a.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    return head.encode() + text(name)


def docx(name: str) -> bytes:
    """A small document of Word."""
    out = io.BytesIO()
    core = (
        '<?xml version="1.0"?><cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-'
        'properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">'
        "<dc:creator>A03</dc:creator><dcterms:created>2026-03-02T10:00:00Z</dcterms:created></cp:coreProperties>"
    )
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, data in {
            "[Content_Types].xml": '<?xml version="1.0"?><Types/>',
            "word/document.xml": text(name).decode(),
            "docProps/core.xml": core,
            "docProps/app.xml": '<?xml version="1.0"?><Properties><Application>Word</Application></Properties>',
        }.items():
            archive.writestr(zipfile.ZipInfo(part, (2026, 3, 2, 10, 0, 0)), data)
        archive.writestr("word/media/image1.bin", noise(name, size_of(name, 20_000, 60_000)))
    return out.getvalue()


def pdf(name: str) -> bytes:
    """A small PDF with an information dictionary."""
    body = text(name)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(body), body),
        b"<</Producer(Writer 7.4)/CreationDate(D:20260302100000+09'00')>>",
    ]
    out, places = bytearray(b"%PDF-1.6\n"), []
    for number, value in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    start = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<</Size 6/Root 1 0 R/Info 5 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start
    return bytes(out)


def photograph(size: int) -> Callable[[str], bytes]:
    """A photograph of a telephone, padded with noise to a size."""
    tags = (
        *("-Make=SAMSUNG", "-Model=SM-G930F", "-DateTimeOriginal=2016:05:01 10:20:30", "-Artist=A03"),
        *("-GPSLatitude=41.4", "-GPSLatitudeRef=N", "-GPSLongitude=128.1", "-GPSLongitudeRef=E"),
    )
    made: list[bytes] = []

    def make(name: str) -> bytes:
        if not made:
            picture = Path("/tmp") / f"photograph-{os.getpid()}.jpg"
            source = ("-f", "lavfi", "-i", "testsrc=size=640x480", "-frames:v", "1")
            subprocess.run(["ffmpeg", "-v", "error", *source, str(picture)], check=True)
            subprocess.run(["exiftool", "-q", "-overwrite_original", *tags, str(picture)], check=True)
            made.append(picture.read_bytes())
            picture.unlink()
        return made[0] + noise(name, max(size - len(made[0]), 16))

    return make


Maker = Callable[[str], bytes]

SMALL_PHOTOGRAPH = photograph(300_000)


@dataclass(frozen=True)
class Workload:
    """Files of one kind, or a mixture.

    Attributes:
        name: how the table calls it.
        files: how many there are at scale 1.
        makers: what makes a file -> how many of a hundred files it makes.
        most: the ratio of processor time, basic to none, that is not to be exceeded.
    """

    name: str
    files: int
    makers: dict[Maker, int]
    most: float

    def make(self, work: Path, scale: float) -> Path:
        """Make the tree, unless it is there."""
        count = max(1, round(self.files * scale))
        place = work / f"{self.name}-{count}"
        if (work / f"{place.name}.complete").exists():
            return place
        wheel = [maker for maker, share in self.makers.items() for _ in range(share)]
        for index in range(count):
            folder = place / f"{index // 200:04d}"
            folder.mkdir(parents=True, exist_ok=True)
            maker = wheel[int.from_bytes(noise(f"{self.name} {index}", 4), "big") % len(wheel)]
            (folder / f"{index:06d}").write_bytes(maker(f"{self.name}-{index}"))
        (work / f"{place.name}.complete").touch()
        return place


WORKLOADS = [
    Workload(
        "mixed",
        20_000,
        {gzipped: 40, text: 30, binary: 17, png: 8, SMALL_PHOTOGRAPH: 2, mail: 1, docx: 1, pdf: 1},
        2.0,
    ),
    Workload("texts", 5_000, {text: 1}, 1.3),
    Workload("unknown", 20_000, {binary: 1}, 1.6),
    Workload("photographs", 2_000, {SMALL_PHOTOGRAPH: 1}, 1.6),
    Workload("large-photographs", 1_000, {photograph(3_000_000): 1}, 1.2),
    Workload("mails", 1_000, {mail: 1}, 0),
    Workload("documents", 500, {docx: 1}, 0),
    Workload("pdfs", 500, {pdf: 1}, 0),
]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for the workloads, which are kept")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", action="append", help="name of a workload; may be repeated")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    environment = {"EVTOOL_HOME": str(options.work / "home")}
    evtool = (sys.executable, "-m", "evtool")
    if not (options.work / "home").exists():
        command = [*evtool, "key", "new", "A1", "--no-passphrase"]
        subprocess.run(command, check=True, capture_output=True, env=os.environ | environment)
    print(
        "workload             files   none CPU s  basic CPU s  ratio  at most   wall ratio   ms CPU over none per file"
    )
    custody = options.work / "custody"
    for workload in WORKLOADS:
        if options.only and workload.name not in options.only:
            continue
        tree = workload.make(options.work, options.scale)
        commands = [
            Command(
                choice,
                [[*evtool, "seal", str(tree), "--custody", str(custody), "--metadata", choice, "--reset-excludes"]],
                options.work,
                prepare=lambda: shutil.rmtree(custody, ignore_errors=True),
                environment=environment,
            )
            for choice in ("none", "basic")
        ]
        timings = run_in_turns(commands, options.runs, lambda _: None)
        none, basic = timings["none"], timings["basic"]
        if failure := none.failure or basic.failure:
            print(f"{workload.name}: {failure}")
            continue
        files = sum(len(names) for _, _, names in os.walk(tree))
        plain, described = statistics.median(none.processor), statistics.median(basic.processor)
        print(
            f"{workload.name:<18} {files:>7} {plain:>12.2f} {described:>12.2f} {described / plain:>6.2f} "
            f"{workload.most or '':>8} {basic.median / none.median:>12.2f} {(described - plain) / files * 1000:>12.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
