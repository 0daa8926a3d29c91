"""`evtool inspect`, as a person and as a script use it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Runner


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    """A photograph that names its photographer, its camera and its place, under a name of another year."""
    path = tmp_path / "work" / "20150101_김철수.jpg"
    path.parent.mkdir(exist_ok=True)
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x48", "-frames:v", "1", str(path)], check=True
    )
    tags = (
        *("-Make=SAMSUNG", "-Artist=박영희", "-SerialNumber=SN-0042", "-DateTimeOriginal=2016:05:01 10:20:30"),
        *("-GPSLatitude=41.4011", "-GPSLatitudeRef=N", "-GPSLongitude=128.1776", "-GPSLongitudeRef=E"),
    )
    subprocess.run(["exiftool", "-q", "-overwrite_original", *tags, str(path)], check=True)
    os.utime(path, (1_600_000_000, 1_600_000_000))
    return path


SECRETS = ("박영희", "SN-0042", "41.4", "128.17")


def test_by_default_it_shows_what_names_nobody(evtool: Runner, photograph: Path) -> None:
    """Claimed and observed side by side; the place, the serial number and the name are counted, not shown."""
    before = (photograph.read_bytes(), photograph.stat().st_mtime_ns)

    result = evtool("inspect", photograph.name)

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == photograph.name
    assert (
        "  captured             -                          2016-05-01T10:20:30, offset unknown (EXIF DateTimeOriginal)"
        in lines
    )
    assert "  modified             2020-09-13T12:26:40+00:00  -" in lines
    assert any(line.startswith("  device-make") and "SAMSUNG" in line for line in lines)
    assert any(line.startswith("  not shown: places (1), serial numbers and identifiers (1), names") for line in lines)
    assert not any(secret in result.stdout + result.stderr for secret in SECRETS)
    assert (photograph.read_bytes(), photograph.stat().st_mtime_ns) == before


def test_when_asked_it_shows_all(evtool: Runner, photograph: Path) -> None:
    """The same file with --metadata full: every value, with the tag it was read from."""
    result = evtool("inspect", "--metadata", "full", photograph.name)

    assert result.exit_code == 0
    assert all(secret in result.stdout for secret in SECRETS)
    assert "(GPS GPSLatitude)" in result.stdout


def test_what_does_not_fit_together_is_a_note_and_no_verdict(evtool: Runner, photograph: Path) -> None:
    """The name says 2015, the camera 2016: that is pointed out, and the exit code stays 0."""
    result = evtool("inspect", "--json", photograph.name)

    (file,) = result.document["files"]
    assert result.exit_code == result.document["exit_code"] == 0
    assert [note["code"] for note in file["observations"]] == [
        "offset-unknown",
        "name-date-differs",
        "pyongyang-half-hour",
    ]
    assert file["sensitive"]["place"] == 1
    assert file["claims"]["withheld"] == file["sensitive"]
    assert file["observed"] == {"size": photograph.stat().st_size, "modified": "2020-09-13T12:26:40.000000000Z"}
    assert "seccomp" in file["confinement"]


def test_what_cannot_be_read_does_not_stop_the_rest(evtool: Runner, photograph: Path) -> None:
    """A file that is not there, a directory and a FIFO nobody writes to: each is named, the photograph is inspected,
    and the exit code says that not all was."""
    (evtool.directory / "folder").mkdir()
    os.mkfifo(evtool.directory / "fifo")

    result = evtool("inspect", "--json", "missing", "folder", "fifo", photograph.name)

    assert result.exit_code == 4
    *failed, read = result.document["files"]
    assert [file["error"] for file in failed] == [
        "missing could not be opened: No such file or directory",
        "folder is a folder",
        "fifo is not a regular file",
    ]
    assert read["failure"] is None


def test_for_a_folder_a_file_in_it_is_asked_for(evtool: Runner) -> None:
    """Said once, however many folders there are; a FIFO has no way on."""
    for name in ("first", "second"):
        (evtool.directory / name).mkdir()
    os.mkfifo(evtool.directory / "fifo")
    result = evtool("inspect", "first", "second", "fifo")
    assert result.exit_code == 4
    assert result.stderr == "evtool: hint: name a file in it: `evtool inspect FOLDER/FILE`\n"


def test_a_name_that_lies_on_a_screen_is_escaped(evtool: Runner) -> None:
    """A name with a terminal escape and an overridden direction, and a title with the same."""
    name = "a\x1b[31m\u202egpj.pdf"
    evil = (
        b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n"
    )
    trailer = b"3 0 obj\n<</Title(x\\033[31m)>>\nendobj\ntrailer\n<</Root 1 0 R/Info 3 0 R>>\nstartxref\n0\n%%EOF\n"
    (evtool.directory / name).write_bytes(evil + trailer)

    result = evtool("inspect", "--metadata", "full", name)

    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout
    assert "PDF document" in result.stdout


def test_no_file_is_wrong_usage(evtool: Runner) -> None:
    """Nothing to inspect is a mistake in the command."""
    assert evtool("inspect").exit_code == 2
    assert evtool("inspect", "--metadata", "most", "x").exit_code == 2
