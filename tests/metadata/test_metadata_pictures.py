"""What pictures say of themselves: their size, pages, texts, what stands behind them, and whether they are whole."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from evtool.core.metadata.claims import Claims, CountClaim
from evtool.core.metadata.vocabulary import CountKind, TextKind, TimeKind
from tests.metadata.metadata_samples import claims_of, counts, exiftool, extract, picture, run, texts, times

SIZED = {"jpg": "JPEG SOF", "png": "PNG IHDR", "gif": "GIF screen", "bmp": "BMP header", "tiff": "TIFF ImageWidth"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of 64 x 48 in every format, and a video of a second, by ffmpeg and heif-enc."""
    folder = tmp_path_factory.mktemp("pictures")
    for extension in (*SIZED, "webp"):
        picture(folder / f"picture.{extension}")
    run("heif-enc", folder / "picture.png", "-o", folder / "picture.heic")
    source = ("-f", "lavfi", "-i", "testsrc=size=64x48:duration=1")
    run("ffmpeg", "-v", "error", *source, "-movflags", "+faststart", folder / "video.mp4")
    return folder


def problems_of(path: Path) -> list[str]:
    """The problems that the claims of a file state."""
    claims = extract(path).claims
    assert claims is not None
    return [f"{problem.extractor}: {problem.reason}" for problem in claims.problems]


@pytest.mark.parametrize("extension", [*SIZED, "webp", "heic"])
def test_the_size_is_that_of_the_picture(folder: Path, extension: str) -> None:
    """As exiftool reads it, with the field that it was read from."""
    path = folder / f"picture.{extension}"
    claims = claims_of(path)
    second = exiftool(path)
    width, height = map(int, second["Composite:ImageSize"].split())

    assert (counts(claims, CountKind.WIDTH), counts(claims, CountKind.HEIGHT)) == ([width], [height]) == ([64], [48])
    assert extension not in SIZED or SIZED[extension] in [count.source for count in claims.counts]


def behind(folder: Path, tmp_path: Path, extension: str, more: bytes) -> Claims:
    """The claims of a picture with something behind it."""
    path = tmp_path / f"picture.{extension}"
    path.write_bytes((folder / f"picture.{extension}").read_bytes() + more)
    return claims_of(path)


@pytest.mark.parametrize("extension", ["jpg", "png", "gif", "bmp", "webp"])
def test_a_video_behind_a_picture_is_told(folder: Path, tmp_path: Path, extension: str) -> None:
    """A phone keeps a video with sound behind the still; ffmpeg finds it there as well."""
    video = (folder / "video.mp4").read_bytes()
    trailer = b"\0\0\x30\x0aMotionPhoto_Data"
    if extension == "jpg":
        path = tmp_path / "behind.mp4"
        path.write_bytes(video)
        assert "h264" in run("ffprobe", "-v", "error", "-show_streams", path)

    claims = behind(folder, tmp_path, extension, trailer + video + b"SEFT")

    (recording,) = [count for count in claims.counts if count.kind is CountKind.EMBEDDED_RECORDINGS]
    assert recording.source.startswith("MP4 video after ")
    assert counts(claims, CountKind.TRAILING_BYTES) == [len(trailer) + len(video) + 4]
    assert claims.holds_recording
    assert not claims_of(folder / f"picture.{extension}").holds_recording


@pytest.mark.parametrize(
    ("more", "left", "recording"),
    [
        (b"", 0, False),
        (b"a note behind the picture", 25, False),
        (b"hidden" + b"\xff\xd9", 8, False),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", 24, False),
        (b"RIFF\x24\0\0\0WAVEfmt ", 16, True),
    ],
)
def test_what_stands_behind_a_jpeg(folder: Path, tmp_path: Path, more: bytes, left: int, recording: bool) -> None:
    """Text, something that ends like a JPEG, a picture in a container of videos, sound: counted, and named if it
    can be heard."""
    claims = behind(folder, tmp_path, "jpg", more)

    assert counts(claims, CountKind.TRAILING_BYTES) == [left] * bool(left)
    assert claims.holds_recording is recording


def test_a_video_is_found_although_the_file_ends_like_a_jpeg(folder: Path, tmp_path: Path) -> None:
    """Google's cameras say in XMP that a video follows, so the whole picture is gone through."""
    packet = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x='adobe:ns:meta/' MotionPhoto='1'></x:xmpmeta>"
    segment = b"\xff\xe1" + (len(packet) + 2).to_bytes(2, "big") + packet
    still = (folder / "picture.jpg").read_bytes()
    video = (folder / "video.mp4").read_bytes().ljust(100_000, b"\0") + b"\xff\xd9"
    path = tmp_path / "motion.jpg"
    path.write_bytes(still[:2] + segment + still[2:] + video)

    assert claims_of(path).holds_recording
    path.write_bytes(still[:2] + segment.replace(b"MotionPhoto", b"SomeOtherXX") + still[2:] + video)
    assert not claims_of(path).holds_recording, "the page on what is not shown says so"


def test_pictures_that_a_jpeg_lists_are_no_bytes_too_many(folder: Path, tmp_path: Path) -> None:
    """Phones keep smaller or deeper pictures behind the first one, and list them (CIPA DC-007)."""
    still = (folder / "picture.jpg").read_bytes()

    def listed(start: int) -> bytes:
        entries = struct.pack(">IIIHH", 0x030000, len(still), 0, 0, 0) + struct.pack(
            ">IIIHH", 0, len(still), start, 0, 0
        )
        index = b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHII", 0xB002, 7, len(entries), 26) + b"\0\0\0\0" + entries
        body = b"MPF\0" + index
        return still[:2] + b"\xff\xe2" + (len(body) + 2).to_bytes(2, "big") + body + still[2:]

    # Places count from the list's own start, which lies 10 bytes into the file.
    first = listed(len(listed(1)) - 10)
    path = tmp_path / "two.jpg"
    path.write_bytes(first + still)
    assert exiftool(path)["MPImage2:MPImageLength"] == len(still)
    claims = claims_of(path)
    assert (counts(claims, CountKind.PICTURES), counts(claims, CountKind.TRAILING_BYTES)) == ([1], [])

    path.write_bytes(first + still + b"more")
    assert counts(claims_of(path), CountKind.TRAILING_BYTES) == [4]
    path.write_bytes(first + b"no picture".ljust(len(still), b"."))
    assert counts(claims_of(path), CountKind.TRAILING_BYTES) == [len(still)], "a list that lies covers nothing"


def chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk of a PNG."""
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


def with_chunks(folder: Path, tmp_path: Path, *chunks: bytes) -> Path:
    """A PNG with chunks after its header."""
    data = (folder / "picture.png").read_bytes()
    path = tmp_path / "picture.png"
    path.write_bytes(data[:33] + b"".join(chunks) + data[33:])
    return path


def test_the_texts_of_a_png_are_read(folder: Path, tmp_path: Path) -> None:
    """Latin-1 and UTF-8, as exiftool reads them; what is compressed is named and not unpacked."""
    path = with_chunks(
        folder,
        tmp_path,
        chunk(b"tEXt", b"Author\0J\xfcrgen"),
        chunk(b"tEXt", b"Software\0Editor 1.0"),
        chunk(b"iTXt", b"Title\0\0\0ko\0\xec\xa0\x9c\xeb\xaa\xa9\0" + "다리".encode()),
        chunk(b"tEXt", b"Creation Time\0Sun, 1 May 2016 10:20:30 +0830"),
        chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"not looked at")),
        chunk(b"tIME", struct.pack(">HBBBBB", 2016, 5, 2, 3, 4, 5)),
    )
    claims, second = claims_of(path), exiftool(path)

    assert texts(claims, TextKind.PERSON) == [second["PNG:Author"]] == ["Jürgen"]
    assert texts(claims, TextKind.TITLE) == [second["PNG:Title-ko"]] == ["다리"]
    assert "Editor 1.0" in texts(claims, TextKind.SOFTWARE)
    assert times(claims, TimeKind.CREATED) == ["2016-05-01T10:20:30+08:30"]
    assert times(claims, TimeKind.MODIFIED) == ["2016-05-02T03:04:05+00:00"]
    assert second["PNG:ModifyDate"] == "2016:05:02 03:04:05"
    assert ("PNG zTXt, compressed and not read", "Comment") in [(tag.name, tag.value) for tag in claims.tags]


def tiff(*directories: dict[int, int]) -> bytes:
    """A TIFF of directories whose entries are single numbers of 32 bits."""
    data = b"II*\0\x08\0\0\0"
    for index, entries in enumerate(directories):
        body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(entries.items()))
        after = len(data) + 2 + len(body) + 4
        data += struct.pack("<H", len(entries)) + body + struct.pack("<I", after if index + 1 < len(directories) else 0)
    return data


PAGE = {256: 60, 257: 40, 273: 8, 279: 4}
SMALL = {254: 1, 256: 6, 257: 4, 273: 8, 279: 4}
CAMERA = {513: 8, 514: 4}


@pytest.mark.parametrize(
    ("directories", "pages", "thumbnails"),
    [
        ([PAGE], [1], []),
        ([PAGE, PAGE, PAGE], [3], []),
        ([PAGE, SMALL], [1], [1]),
        ([PAGE, CAMERA], [1], [1]),
        ([PAGE, PAGE | {254: 2}, SMALL], [2], [1]),
    ],
)
def test_pages_and_thumbnails_of_a_tiff(
    tmp_path: Path, directories: list[dict[int, int]], pages: list[int], thumbnails: list[int]
) -> None:
    """A second page is no thumbnail, whether or not it says what it is."""
    path = tmp_path / "pages.tif"
    path.write_bytes(tiff(*directories))
    claims = claims_of(path)

    assert counts(claims, CountKind.PAGES) == pages
    found = [count for count in claims.counts if count.kind is CountKind.THUMBNAILS]
    assert {count.value for count in found} == set(thumbnails)
    assert all(count.source != "Thumbnail IFD" for count in found) or thumbnails
    tags = [tag.name for tag in claims.tags]
    assert not any(name.startswith("Thumbnail") for name in tags) or thumbnails


@pytest.mark.parametrize("name", ["jpg", "png", "gif", "bmp", "webp", "tiff", "heic", "mp4"])
@pytest.mark.parametrize("share", [0.4, 0.9])
def test_a_file_that_was_cut_says_so(folder: Path, tmp_path: Path, name: str, share: float) -> None:
    """Wherever a copy stopped, the claims hold a reason; the whole file has none."""
    whole = (folder / ("video.mp4" if name == "mp4" else f"picture.{name}")).read_bytes()
    path = tmp_path / f"cut.{name}"
    path.write_bytes(whole)
    assert problems_of(path) == []

    path.write_bytes(whole[: int(len(whole) * share)])
    assert any("cut short" in problem for problem in problems_of(path)), problems_of(path)


@pytest.mark.parametrize(
    ("name", "at", "bytes_there", "reason"),
    [
        ("jpg", 4, b"\0\0", "jpeg: damaged or cut short: a segment of impossible length"),
        ("png", 8, b"\xff\xff\xff\xff", "png: cut short"),
        ("png", 16, b"\1", "png: damaged: the checksum of a chunk differs"),
        ("gif", -2, b"\x99", "raster: "),
        ("mp4", 32, b"\0\0\0\3", "isomedia: damaged or cut short"),
        ("heic", 0, b"\x7f", "heif: damaged or cut short"),
        ("tiff", 4, b"\xff\xff\xff\x7f", "tiff: cut short"),
    ],
)
def test_a_file_that_was_overwritten_says_so(
    folder: Path, tmp_path: Path, name: str, at: int, bytes_there: bytes, reason: str
) -> None:
    """A length that cannot be, a changed header, a place outside of the file."""
    data = bytearray((folder / ("video.mp4" if name == "mp4" else f"picture.{name}")).read_bytes())
    at %= len(data)
    data[at : at + len(bytes_there)] = bytes_there
    path = tmp_path / f"damaged.{name}"
    path.write_bytes(data)

    assert any(problem.startswith(reason) for problem in problems_of(path)), problems_of(path)


def test_what_may_stand_once_and_stands_twice_is_counted(folder: Path, tmp_path: Path) -> None:
    """Two EXIF segments: readers differ in which one they show."""
    path = tmp_path / "picture.jpg"
    path.write_bytes((folder / "picture.jpg").read_bytes())
    run("exiftool", "-q", "-overwrite_original", "-IFD0:Make=First", path)
    data = path.read_bytes()
    start = data.index(b"\xff\xe1")
    segment = data[start : start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")]
    path.write_bytes(data[:start] + segment + segment.replace(b"First", b"Other") + data[start + len(segment) :])
    claims = claims_of(path)

    assert CountClaim(CountKind.REPEATED_FIELDS, 2, "JPEG Exif segments") in claims.counts
    assert texts(claims, TextKind.DEVICE_MAKE) == ["First", "Other"]
