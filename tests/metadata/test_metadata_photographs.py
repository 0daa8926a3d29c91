"""Photographs of known content: every claim is what was written, and what exiftool reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from evtool.core.metadata.vocabulary import CountKind, OffsetBasis, TextKind, TimeKind
from tests.metadata.metadata_samples import claims_of, counts, exiftool, picture, run, texts, times

WRITTEN = {
    "IFD0:Make": "SAMSUNG",
    "IFD0:Model": "SM-G930F",
    "IFD0:Software": "G930FXXU1",
    "IFD0:Artist": "김철수",
    "IFD0:ImageDescription": "Bridge at Hyesan",
    "IFD0:Orientation": "6",
    "IFD0:ModifyDate": "2016:05:02 09:00:00",
    "ExifIFD:DateTimeOriginal": "2016:05:01 10:20:30",
    "ExifIFD:CreateDate": "2016:05:01 10:20:31",
    "ExifIFD:OffsetTimeOriginal": "+08:30",
    "ExifIFD:SubSecTimeOriginal": "25",
    "ExifIFD:SerialNumber": "SN-0042",
    "ExifIFD:LensModel": "4.2 mm",
    "ExifIFD:LensSerialNumber": "L-7",
    "ExifIFD:OwnerName": "Kim",
    "GPS:GPSLatitude": "41.4011",
    "GPS:GPSLatitudeRef": "N",
    "GPS:GPSLongitude": "128.1776",
    "GPS:GPSLongitudeRef": "E",
    "GPS:GPSAltitude": "713.5",
    "GPS:GPSAltitudeRef": "0",
    "GPS:GPSDateStamp": "2016:05:01",
    "GPS:GPSTimeStamp": "01:50:30",
}

FORMATS = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "tiff": "image/tiff",
    "heic": "image/heic",
    "dng": "image/x-adobe-dng",
}


def make(folder: Path, extension: str, written: dict[str, str]) -> Path:
    """A picture with these tags, written by exiftool; HEIC by heif-enc from a JPEG that has them."""
    if extension == "heic":
        source = make(folder, "jpg", written)
        run("heif-enc", "-q", "30", source, "-o", folder / "picture.heic")
        return folder / "picture.heic"
    path = picture(folder / f"picture.{'tiff' if extension == 'dng' else extension}")
    more = {"IFD0:DNGVersion": "1 4 0 0"} if extension == "dng" else {}
    arguments = [f"-{tag}#={value}" for tag, value in (written | more).items()]
    run("exiftool", "-q", "-m", "-overwrite_original", *arguments, path)
    return path


@pytest.mark.parametrize("extension", FORMATS)
def test_every_family_tells_the_same(tmp_path: Path, extension: str) -> None:
    """Times with and without offset, place, device, persons: the same in each family, and as exiftool reads them."""
    path = make(tmp_path, extension, WRITTEN)

    claims = claims_of(path)
    second = exiftool(path)

    assert claims.format is not None
    assert claims.format.media_type == FORMATS[extension]
    captured, digitized, modified = (
        second[name].replace(":", "-", 2).replace(" ", "T")
        for name in ("ExifIFD:DateTimeOriginal", "ExifIFD:CreateDate", "IFD0:ModifyDate")
    )
    fraction, offset = second["ExifIFD:SubSecTimeOriginal"], second["ExifIFD:OffsetTimeOriginal"]
    assert times(claims, TimeKind.CAPTURED) == [f"{captured}.{fraction}{offset}"] == ["2016-05-01T10:20:30.25+08:30"]
    assert times(claims, TimeKind.DIGITIZED) == [digitized] == ["2016-05-01T10:20:31"]
    assert times(claims, TimeKind.MODIFIED) == [modified] == ["2016-05-02T09:00:00"]
    assert times(claims, TimeKind.GPS) == ["2016-05-01T01:50:30+00:00"]
    assert {time.kind: time.offset for time in claims.times} == {
        TimeKind.CAPTURED: OffsetBasis.STATED,
        TimeKind.DIGITIZED: OffsetBasis.UNKNOWN,
        TimeKind.MODIFIED: OffsetBasis.UNKNOWN,
        TimeKind.GPS: OffsetBasis.FORMAT,
    }
    (place,) = claims.places
    assert float(place.latitude) == pytest.approx(second["Composite:GPSLatitude"], abs=1e-6)
    assert float(place.longitude) == pytest.approx(second["Composite:GPSLongitude"], abs=1e-6)
    assert place.altitude == "713.5"
    assert texts(claims, TextKind.DEVICE_MAKE) == [second["IFD0:Make"]] == ["SAMSUNG"]
    assert texts(claims, TextKind.DEVICE_MODEL) == [second["IFD0:Model"]] == ["SM-G930F"]
    assert "G930FXXU1" in texts(claims, TextKind.SOFTWARE)
    assert texts(claims, TextKind.DEVICE_SERIAL) == [second["ExifIFD:SerialNumber"]] == ["SN-0042"]
    assert texts(claims, TextKind.LENS_MODEL) == [second["ExifIFD:LensModel"]] == ["4.2 mm"]
    assert texts(claims, TextKind.LENS_SERIAL) == [second["ExifIFD:LensSerialNumber"]] == ["L-7"]
    assert texts(claims, TextKind.PERSON) == [second["IFD0:Artist"], second["ExifIFD:OwnerName"]] == ["김철수", "Kim"]
    assert texts(claims, TextKind.DESCRIPTION) == ["Bridge at Hyesan"]


def test_south_and_west_and_below_the_sea_are_negative(tmp_path: Path) -> None:
    """The signs come from the letters, as exiftool reads them."""
    path = make(
        tmp_path,
        "jpg",
        {
            "GPS:GPSLatitude": "33.5",
            "GPS:GPSLatitudeRef": "S",
            "GPS:GPSLongitude": "70.25",
            "GPS:GPSLongitudeRef": "W",
            "GPS:GPSAltitude": "12",
            "GPS:GPSAltitudeRef": "1",
        },
    )

    (place,) = claims_of(path).places

    assert (place.latitude, place.longitude, place.altitude) == ("-33.5", "-70.25", "-12")
    assert exiftool(path)["Composite:GPSLatitude"] == float(place.latitude)


def test_a_place_without_its_letters_is_not_claimed(tmp_path: Path) -> None:
    """39 degrees of which half of the world: nothing is invented, the raw tags are kept."""
    path = make(tmp_path, "jpg", {"GPS:GPSLatitude": "39", "GPS:GPSLongitude": "125"})

    claims = claims_of(path)

    assert claims.places == ()
    assert "GPS GPSLatitude" in [tag.name for tag in claims.tags]


def test_names_in_the_old_korean_encoding_are_read(tmp_path: Path) -> None:
    """Korean cameras and programs wrote EUC-KR into a field for ASCII; perl's decoder agrees."""
    path = make(tmp_path, "jpg", {"IFD0:Artist": "XXXXXXXXXX", "IFD0:Copyright": "YYYYYYYY"})
    path.write_bytes(
        path.read_bytes()
        .replace(b"XXXXXXXXXX", "김철수".encode("euc-kr").ljust(10, b"\0"))
        .replace(b"YYYYYYYY", "똠방각하".encode("cp949"))
    )

    claims = claims_of(path)

    perl = "use Encode; binmode STDOUT, ':utf8'; print decode('cp949', \"\\xb1\\xe8\\xc3\\xb6\\xbc\\xf6\")"
    assert texts(claims, TextKind.PERSON) == [run("perl", "-e", perl)] == ["김철수"]
    assert texts(claims, TextKind.DESCRIPTION) == ["똠방각하"]


def test_xmp_is_read_where_it_differs_from_exif(tmp_path: Path) -> None:
    """An editor writes its own times and names into XMP; they are claims beside those of EXIF."""
    path = make(
        tmp_path,
        "jpg",
        {
            "ExifIFD:DateTimeOriginal": "2016:05:01 10:20:30",
            "XMP-xmp:CreateDate": "2016:05:01 10:20:30+09:00",
            "XMP-xmp:ModifyDate": "2019:01:02 03:04:05Z",
            "XMP-xmp:CreatorTool": "Editor 1.0",
            "XMP-dc:Creator": "박영희",
            "XMP-aux:SerialNumber": "X-99",
            "XMP-exif:GPSLatitude": "41.4011",
            "XMP-exif:GPSLongitude": "128.1776",
        },
    )

    claims = claims_of(path)
    second = exiftool(path)

    assert times(claims, TimeKind.CREATED) == ["2016-05-01T10:20:30+09:00"]
    assert second["XMP-xmp:CreateDate"] == "2016:05:01 10:20:30+09:00"
    assert times(claims, TimeKind.MODIFIED) == ["2019-01-02T03:04:05+00:00"]
    assert texts(claims, TextKind.SOFTWARE) == [second["XMP-xmp:CreatorTool"]]
    assert texts(claims, TextKind.PERSON) == [second["XMP-dc:Creator"]] == ["박영희"]
    assert texts(claims, TextKind.DEVICE_SERIAL) == [second["XMP-aux:SerialNumber"]]
    (place,) = claims.places
    assert float(place.latitude) == pytest.approx(second["XMP-exif:GPSLatitude"], abs=1e-6)


def test_a_thumbnail_is_noted_and_not_copied(tmp_path: Path) -> None:
    """The preview may show what the picture no longer does; that it is there is said, its bytes stay where they are."""
    path = make(tmp_path, "jpg", {"IFD0:Make": "Cam"})
    small = picture(tmp_path / "small.jpg")
    run("exiftool", "-q", "-overwrite_original", f"-ThumbnailImage<={small}", path)

    claims = claims_of(path)

    assert exiftool(path)["IFD1:ThumbnailLength"] > 0
    assert counts(claims, CountKind.THUMBNAILS) == [1]
    assert all(len(tag.value) <= 512 for tag in claims.tags)


def test_a_time_of_blanks_is_no_time(tmp_path: Path) -> None:
    """EXIF writes blanks or zeros for a time that is not known."""
    path = make(tmp_path, "jpg", {"ExifIFD:DateTimeOriginal": "2016:05:01 10:20:30", "IFD0:ModifyDate": "0000:00:00"})
    data = path.read_bytes()
    assert b"2016:05:01 10:20:30" in data
    path.write_bytes(data.replace(b"2016:05:01 10:20:30", b"    :  :     :  :  "))

    claims = claims_of(path)

    assert claims.times == ()
    assert counts(claims, CountKind.UNREADABLE_TIMES) == []
