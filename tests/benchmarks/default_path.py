"""Measures what reading embedded metadata adds to sealing: `python -m tests.benchmarks.default_path --work FOLDER`.

Each workload is sealed without metadata (`none`) and as by default (`basic`), whole processes in turns, and what is
printed are ratios of processor time and of wall time, medians of the runs. The mixed tree is like a home folder: 40 %
gzip, 30 % text, 17 % of content that no signature fits, 8 % PNG, the rest photographs, mail, documents and videos.
"""

from __future__ import annotations

import argparse
import compileall
import functools
import gzip
import io
import os
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

import evtool
from tests.benchmarks.measure import Command, drop_caches, run_in_turns

Maker = Callable[[str], bytes]
"""Makes the content of a file from its name."""


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


_CAMERA_TAGS = (
    *("-Make=SAMSUNG", "-Model=SM-G930F", "-Software=G930FXXU1", "-Orientation#=6", "-Artist=A03"),
    *("-ModifyDate=2016:05:01 10:20:31", "-DateTimeOriginal=2016:05:01 10:20:30", "-CreateDate=2016:05:01 10:20:30"),
    *("-SubSecTimeOriginal=0421", "-ExposureTime=1/120", "-FNumber=1.7", "-ISO=100", "-FocalLength=4.2", "-Flash#=0"),
    *("-ExposureProgram#=2", "-MeteringMode#=2", "-WhiteBalance#=0", "-ColorSpace#=1", "-LensModel=4.2mm"),
    *("-ExifImageWidth=640", "-ExifImageHeight=480", "-ImageUniqueID=C12QSLE01SM", "-GPSDateStamp=2016:05:01"),
    *("-GPSTimeStamp=01:20:30", "-GPSAltitude=1200", "-GPSAltitudeRef#=0"),
    *("-GPSLatitude=41.4", "-GPSLatitudeRef=N", "-GPSLongitude=128.1", "-GPSLongitudeRef=E"),
)

_MAKER_NOTE = 1_800
"""Bytes of the note that a camera's maker keeps in its own form."""


@functools.cache
def camera_picture() -> tuple[bytes, bytes]:
    """Make a picture like a camera's, with a maker note and a thumbnail: what stands before its coded data, and behind.

    exiftool writes no maker notes of its own, so the field in which it writes a comment is renamed into one.
    """
    with tempfile.TemporaryDirectory() as folder:
        picture, thumbnail = Path(folder) / "picture.jpg", Path(folder) / "thumbnail.jpg"
        for path, side in ((picture, "640x480"), (thumbnail, "160x120")):
            source = ("-f", "lavfi", "-i", f"testsrc=size={side}", "-frames:v", "1")
            subprocess.run(["ffmpeg", "-v", "error", *source, str(path)], check=True)
        added = (f"-ThumbnailImage<={thumbnail}", f"-UserComment={noise('note', _MAKER_NOTE // 2).hex()}")
        subprocess.run(["exiftool", "-q", "-overwrite_original", *_CAMERA_TAGS, *added, str(picture)], check=True)
        data = picture.read_bytes()
    comment, note = (struct.pack(">HH", tag, 7) for tag in (0x9286, 0x927C))
    assert data.count(comment) == 1
    data = data.replace(comment, note)
    start = data.rindex(b"\xff\xda")
    start += 2 + int.from_bytes(data[start + 2 : start + 4], "big")
    return data[:start], b"\xff\xd9"


def photograph(size: int) -> Maker:
    """Give what makes photographs of a size: the segments of a camera, and noise as coded data."""

    def make(name: str) -> bytes:
        head, end = camera_picture()
        return head + noise(name, size - len(head) - len(end)).replace(b"\xff", b"\xfe") + end

    return make


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
    parser.add_argument("--cold", action="store_true", help="forget what was read of files before each run (root)")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    # As installing the program does: nothing is compiled in the runs.
    compileall.compile_dir(evtool.__path__[0], quiet=1)
    home = options.work / "home"
    if not home.exists():
        command = [*_EVTOOL, "key", "new", "A1", "--no-passphrase"]
        subprocess.run(command, check=True, capture_output=True, env=os.environ | {"EVTOOL_HOME": str(home)})
    print(
        "workload             files   none CPU s  basic CPU s  ratio  at most   wall ratio   ms CPU over none per file"
        + ("   wall of basic to b3sum" if options.cold else "")
    )
    for workload in WORKLOADS:
        if not options.only or workload.name in options.only:
            tree = workload.make(options.work, options.scale)
            print(_measured(workload, tree, options.work, options.runs, options.cold), flush=True)


_EVTOOL = (sys.executable, "-m", "evtool")


def _measured(workload: Workload, tree: Path, work: Path, runs: int, cold: bool) -> str:
    """Measure one workload and give its row."""
    custody = work / "custody"

    def prepare() -> None:
        shutil.rmtree(custody, ignore_errors=True)
        if cold:
            drop_caches()

    environment = {"EVTOOL_HOME": str(work / "home")}
    seal = [*_EVTOOL, "seal", str(tree), "--custody", str(custody), "--reset-excludes", "--metadata"]
    commands = [Command(form, [[*seal, form]], work, prepare, environment=environment) for form in ("none", "basic")]
    files = [str(Path(folder) / name) for folder, _, names in os.walk(tree) for name in names]
    if cold:
        commands.append(Command("b3sum", [["b3sum", *files]], work, prepare))
    timings = run_in_turns(commands, runs, lambda _: None)
    none, basic = timings["none"], timings["basic"]
    if failure := none.failure or basic.failure:
        return f"{workload.name}: {failure}"
    plain, described = statistics.median(none.processor), statistics.median(basic.processor)
    row = (
        f"{workload.name:<18} {len(files):>7} {plain:>12.2f} {described:>12.2f} {described / plain:>6.2f} "
        f"{workload.most or '':>8} {basic.median / none.median:>12.2f} {(described - plain) / len(files) * 1000:>12.2f}"
    )
    if cold:
        peer = timings["b3sum"]
        row += f" {peer.failure or f'{basic.median / peer.median:.2f}':>20}"
    return row


if __name__ == "__main__":
    main()
