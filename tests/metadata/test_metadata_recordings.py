"""Recordings made by ffmpeg: every claim is what was asked for, and what ffprobe or exiftool reads."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from evtool.core.metadata.vocabulary import CountKind, OffsetBasis, TextKind, TimeKind
from tests.metadata.metadata_samples import claims_of, counts, exiftool, ffprobe, run, texts, times

MOVIE = ("-f", "lavfi", "-i", "testsrc=duration=2:size=160x120:rate=10")
SOUND = ("-f", "lavfi", "-i", "sine=duration=2")
WRITTEN = ("-metadata", "creation_time=2016-05-01T01:50:30Z", "-metadata", "title=Hyesan", "-metadata", "artist=김철수")
H263 = ("-vf", "scale=176:144,setsar=1", "-c:v", "h263")

VIDEOS = {
    "mp4": ("video/mp4", "avc1"),
    "mov": ("video/quicktime", "avc1"),
    "3gp": ("video/3gpp", "s263"),
    "mkv": ("video/matroska", "V_MPEG4/ISO/AVC"),
    "webm": ("video/webm", "V_VP8"),
    "avi": ("video/x-msvideo", "FMP4"),
    "wmv": ("video/x-ms-wmv", ""),
}

SOUNDS = {
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "m4a": "audio/mp4",
    "wma": "video/x-ms-wmv",
}


def record(path: Path, *arguments: str) -> Path:
    run("ffmpeg", "-v", "error", "-y", *arguments, path)
    return path


def seconds(path: Path) -> Decimal:
    return Decimal(ffprobe(path)["format"]["duration"])


@pytest.mark.parametrize("extension", VIDEOS)
def test_a_video_tells_its_length_and_size(tmp_path: Path, extension: str) -> None:
    """Duration, width, height and codec as ffprobe reads them, in each container."""
    media_type, codec = VIDEOS[extension]
    size = H263 if extension == "3gp" else ("-c:v", "vp8") if extension == "webm" else ()
    path = record(tmp_path / f"video.{extension}", *MOVIE, *size, *WRITTEN)

    claims = claims_of(path)

    assert claims.format is not None
    assert claims.format.media_type == media_type
    assert float(claims.durations[0].seconds) == pytest.approx(float(seconds(path)), abs=0.05)
    if codec:
        video = ffprobe(path)["streams"][0]
        assert counts(claims, CountKind.WIDTH) == [video["width"]]
        assert counts(claims, CountKind.HEIGHT) == [video["height"]]
        assert codec in texts(claims, TextKind.CODEC)
    # What the container can hold of the title, it tells.
    if "title" in {name.lower() for name in ffprobe(path)["format"].get("tags", {})}:
        assert texts(claims, TextKind.TITLE) == ["Hyesan"]


@pytest.mark.parametrize("extension", ["mp4", "mov", "3gp", "mkv", "wmv"])
def test_the_time_of_a_container_is_utc_by_its_format(tmp_path: Path, extension: str) -> None:
    """These formats define their times as UTC; that the device kept to it is not said."""
    size = H263 if extension == "3gp" else ()
    path = record(tmp_path / f"video.{extension}", *MOVIE, *size, *WRITTEN)

    claims = claims_of(path)

    assert times(claims, TimeKind.CREATED) == ["2016-05-01T01:50:30+00:00"]
    assert {time.offset for time in claims.times} == {OffsetBasis.FORMAT}
    created = next(
        value
        for name, value in exiftool(path).items()
        if name.endswith((":CreateDate", ":DateTimeOriginal", ":CreationDate"))
    )
    assert created.startswith("2016:05:01 01:50:30")


@pytest.mark.parametrize("extension", SOUNDS)
def test_a_sound_recording_tells_its_length_and_speaker(tmp_path: Path, extension: str) -> None:
    """Duration and the artist's name, in Hangul, from each container."""
    path = record(tmp_path / f"sound.{extension}", *SOUND, *WRITTEN)

    claims = claims_of(path)

    assert claims.format is not None
    assert claims.format.media_type == SOUNDS[extension]
    assert float(claims.durations[0].seconds) == pytest.approx(float(seconds(path)), abs=0.1)
    probe = ffprobe(path)
    tags = probe["format"].get("tags", {}) | probe["streams"][0].get("tags", {})
    assert texts(claims, TextKind.PERSON) == [tags.get("artist") or tags["ARTIST"]] == ["김철수"]


def test_a_telephone_tells_where_and_on_what_it_recorded(tmp_path: Path) -> None:
    """Apple's keys: place, make, model, and a local time with its offset."""
    path = record(
        tmp_path / "video.mov",
        *MOVIE,
        *("-movflags", "use_metadata_tags"),
        *("-metadata", "com.apple.quicktime.location.ISO6709=+41.4011+128.1776+713.500/"),
        *("-metadata", "com.apple.quicktime.make=Apple"),
        *("-metadata", "com.apple.quicktime.model=iPhone 6s"),
        *("-metadata", "com.apple.quicktime.creationdate=2016-05-01T10:20:30+0830"),
    )

    claims = claims_of(path)
    second = exiftool(path)

    (place,) = claims.places
    assert (place.latitude, place.longitude, place.altitude) == ("41.4011", "128.1776", "713.5")
    assert second["Keys:GPSCoordinates"].split()[:2] == [place.latitude, place.longitude]
    assert texts(claims, TextKind.DEVICE_MAKE) == [second["Keys:Make"]] == ["Apple"]
    assert texts(claims, TextKind.DEVICE_MODEL) == [second["Keys:Model"]] == ["iPhone 6s"]
    assert times(claims, TimeKind.CAPTURED) == ["2016-05-01T10:20:30+08:30"]


@pytest.mark.parametrize(("extension", "source"), [("mov", "udta (c)xyz"), ("mp4", "loci"), ("3gp", "loci")])
def test_an_older_telephone_tells_its_place_in_the_user_data(tmp_path: Path, extension: str, source: str) -> None:
    """The two older ways to state a place: a text in QuickTime's user data, fixed-point numbers in 3GPP's."""
    size = H263 if extension == "3gp" else ()
    path = record(tmp_path / f"video.{extension}", *MOVIE, *size, "-metadata", "location=+39.0194+125.7380/")

    (place,) = claims_of(path).places

    second = exiftool(path)
    assert place.source == source
    assert float(place.latitude) == pytest.approx(second["Composite:GPSLatitude"], abs=1e-5)
    assert float(place.longitude) == pytest.approx(second["Composite:GPSLongitude"], abs=1e-5)


def test_the_date_of_a_camera_in_an_avi_has_no_offset(tmp_path: Path) -> None:
    """Cameras of the 2000s wrote `IDIT` in local time; exiftool reads the same one."""
    path = record(tmp_path / "video.avi", *MOVIE)
    data = path.read_bytes()
    stamp = b"Mon Mar 10 15:04:43 2008\n\0"
    path.write_bytes(data[:12] + b"IDIT" + len(stamp).to_bytes(4, "little") + stamp + data[12:])

    claims = claims_of(path)

    assert times(claims, TimeKind.CAPTURED) == ["2008-03-10T15:04:43"]
    assert claims.times[0].raw == "Mon Mar 10 15:04:43 2008"
    assert exiftool(path)["RIFF:DateTimeOriginal"] == "2008:03:10 15:04:43"


def test_a_file_attached_to_a_video_is_noted(tmp_path: Path) -> None:
    """Matroska can carry whole files; their number is a claim, their content is not."""
    letter = tmp_path / "letter.txt"
    letter.write_text("text", "utf-8")
    attach = ("-attach", str(letter), "-metadata:s:t", "mimetype=text/plain")
    path = record(tmp_path / "video.mkv", *MOVIE, *attach)

    assert counts(claims_of(path), CountKind.EMBEDDED_FILES) == [1]
    assert [stream["codec_type"] for stream in ffprobe(path)["streams"]].count("attachment") == 1
