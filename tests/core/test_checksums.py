"""The list of checksums, held against the real sha256sum."""

from __future__ import annotations

import os
import subprocess
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evtool.core.errors import FormatError
from evtool.core.text.checksums import MAX_LISTED_PATH, parse_header, serialize_header, serialize_line

SALT = "0123456789abcdef" * 2
characters = st.sampled_from([b"a", b"-", b" ", b"\\", b"\n", b"\r", b"*", b"#", b"%", b"\xff", b"\x1b", "김".encode()])
names = st.lists(characters, min_size=1, max_size=8).map(b"".join)


def sha256sum(directory: bytes, *arguments: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([b"sha256sum", *arguments], cwd=directory, capture_output=True, check=False)


@settings(max_examples=25)
@given(st.dictionaries(names, st.binary(max_size=8), min_size=1, max_size=12))
@example({b"-": b"x", b"--help": b"y", b" ": b"", b"#": b"z", b"\\": b"", b"\\n": b"", b"\n": b"", b"*a": b"q"})
def test_sha256sum_takes_every_line_and_writes_the_same(files: dict[bytes, bytes]) -> None:
    """Whatever a file is called; and a changed file is found under its name."""
    with TemporaryDirectory() as place:
        directory = os.path.join(os.fsencode(place), b"files")
        os.mkdir(directory)
        for name, data in files.items():
            with open(os.path.join(directory, name), "wb") as file:
                file.write(data)
        lines = [serialize_line(1, sha256(data).hexdigest(), name) for name, data in files.items()]
        written = sha256sum(directory, b"--", *(b"./-" if name == b"-" else name for name in files))
        assert written.stdout == b"".join(lines)

        check_list = os.path.join(os.fsencode(place), b"list")
        with open(check_list, "wb") as file:
            file.write(serialize_header(SALT))
            file.writelines(lines)
        assert sha256sum(directory, b"--strict", b"--status", b"-c", check_list).returncode == 0
        victim = sorted(files)[0]
        with open(os.path.join(directory, victim), "ab") as file:
            file.write(b"!")
        assert sha256sum(directory, b"--strict", b"--status", b"-c", check_list).returncode == 1


def test_a_path_that_no_program_can_open_by_name_is_a_comment(tmp_path: Path) -> None:
    """sha256sum passes over it; the item's number says which it is."""
    longest = serialize_line(1, "0" * 64, b"x" * MAX_LISTED_PATH)
    assert longest == b"0" * 64 + b"  " + b"x" * MAX_LISTED_PATH + b"\n"
    line = serialize_line(7, "0" * 64, b"x" * (MAX_LISTED_PATH + 1))
    assert line.startswith(b"# item 7 is not listed: its path has 4096 bytes")
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "list").write_bytes(line + serialize_line(8, sha256(b"").hexdigest(), b"a"))
    assert sha256sum(os.fsencode(tmp_path), b"--strict", b"-c", b"list").returncode == 0


def test_the_first_line_holds_the_salt() -> None:
    """Written and read in one spelling."""
    assert parse_header(serialize_header(SALT).rstrip(b"\n")) == SALT


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"# SHA-256 of the items of this seal",
        serialize_header(SALT),
        serialize_header(SALT.upper()).rstrip(b"\n"),
        serialize_header(SALT[:-1]).rstrip(b"\n"),
        serialize_line(1, "0" * 64, b"a").rstrip(b"\n"),
    ],
)
def test_any_other_first_line_is_refused(line: bytes) -> None:
    """Without the salt the signed digest of the list would confirm a guess."""
    with pytest.raises(FormatError, match="salt"):
        parse_header(line)
