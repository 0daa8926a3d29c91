"""Zip containers: evtool's own are read alike by every program; what could be read in two ways is refused."""

from __future__ import annotations

import base64
import io
import shutil
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evtool.core.container.payload_names import PayloadNamer
from evtool.core.container.zip import (
    LOCAL_SIZE,
    ZipError,
    ZipRefusal,
    lengths_after_central,
    make_header,
    parse_central,
    parse_local,
    serialize_central,
    serialize_local,
)
from evtool.core.errors import EvidenceError
from evtool.store.zip_reader import ZipReader
from evtool.store.zip_writer import ZipWriter

VECTORS = Path(__file__).parents[1] / "vectors" / "bundle" / "zip"


class Drip:
    """A source that gives few bytes at a time, as a pipe may."""

    def __init__(self, data: bytes, size: int) -> None:
        self._stream = io.BytesIO(data)
        self._size = size

    def read(self, size: int, /) -> bytes:
        return self._stream.read(min(size, self._size))


def read_all(data: bytes, drip: int = 1 << 20) -> dict[str, bytes]:
    reader = ZipReader(Drip(data, drip))
    return {entry.name: b"".join(reader.read_chunks()) for entry in reader.entries()}


def write_all(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    writer = ZipWriter(out)
    for name, data in files.items():
        writer.add(name, len(data), zlib.crc32(data), [data])
    assert writer.finish() == len(out.getvalue())
    return out.getvalue()


def load_vector(path: Path) -> tuple[str, bytes]:
    header, _, body = path.read_text(encoding="utf-8").partition("\n\n")
    fields = dict(line.split(": ", 1) for line in header.splitlines())
    assert fields["comment"]
    return fields["expect"], base64.b64decode(body)


@pytest.mark.parametrize("path", sorted(VECTORS.glob("*.txt")), ids=lambda path: path.stem)
@pytest.mark.parametrize("drip", [1 << 20, 1])
def test_a_vector_is_read_or_refused_for_its_one_reason(path: Path, drip: int) -> None:
    expect, data = load_vector(path)
    if expect == "read":
        assert read_all(data, drip)
        return
    with pytest.raises(ZipError) as caught:
        read_all(data, drip)
    assert caught.value.refusal is ZipRefusal[expect.upper()]
    assert caught.value.message.isprintable()


def test_the_vectors_are_as_their_script_makes_them(tmp_path: Path) -> None:
    subprocess.run([sys.executable, VECTORS / "make_zips.py", tmp_path], check=True)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_bytes() for path in VECTORS.glob("*.txt")}


def test_every_reason_to_refuse_a_container_has_a_vector() -> None:
    expected = {load_vector(path)[0] for path in VECTORS.glob("*.txt")}
    assert {refusal.name.lower() for refusal in ZipRefusal} - expected == {"too_many"}


NAMES = st.lists(st.text("aAb/.각%:0", min_size=1, max_size=8), max_size=8, unique=True).map(
    lambda paths: [PayloadNamer(neutral=False).choose(number, path) for number, path in enumerate(paths, start=1)]
)
FILES = NAMES.map(lambda names: list(dict.fromkeys(names))).flatmap(
    lambda names: st.fixed_dictionaries({f"data/{name}": st.binary(max_size=50) for name in names})
)


@given(FILES.filter(bool), st.integers(1, 40))
def test_what_is_written_is_read_back_and_python_reads_it_alike(files: dict[str, bytes], drip: int) -> None:
    data = write_all(files)

    assert read_all(data, drip) == files
    assert list(read_all(data)) == list(files)
    with zipfile.ZipFile(io.BytesIO(data)) as other:
        assert other.testzip() is None
        assert {name: other.read(name) for name in other.namelist()} == files
    assert write_all(files) == data


GOOD = write_all({"data/a.txt": b"evidence\n", "data/김.txt": b"", "item-000003": b"\0" * 30})


@given(st.data())
def test_a_container_that_was_changed_anywhere_is_refused_or_reads_as_it_does_in_python(data: st.DataObject) -> None:
    """Bytes are changed, cut out, doubled and put in; no mutation may crash the reader or be read in two ways."""
    mutated = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(mutated) - 1))
        kind = data.draw(st.sampled_from(["flip", "cut", "insert", "double"]))
        if kind == "flip":
            mutated[at] ^= data.draw(st.integers(1, 255))
        elif kind == "cut":
            del mutated[at : at + data.draw(st.integers(1, 60))]
        elif kind == "insert":
            mutated[at:at] = data.draw(st.binary(min_size=1, max_size=60))
        else:
            mutated += mutated[at:]
        if not mutated:
            return
    try:
        files = read_all(bytes(mutated))
    except ZipError:
        return
    with zipfile.ZipFile(io.BytesIO(bytes(mutated))) as other:
        assert {name: other.read(name) for name in other.namelist()} == files


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_for_a_reason(data: bytes) -> None:
    with pytest.raises(ZipError):
        read_all(b"PK\3\4" + data)


@pytest.mark.parametrize("offset", range(len(GOOD)))
def test_no_byte_of_a_container_can_change_unseen(offset: int) -> None:
    """But for the fields that mean nothing: the version that made it, and what both attributes say of permissions."""
    changed = GOOD[:offset] + bytes([GOOD[offset] ^ 0x01]) + GOOD[offset + 1 :]
    try:
        assert read_all(changed) == read_all(GOOD)
    except ZipError:
        return
    at = offset - GOOD.rindex(b"PK\1\2", 0, offset)
    assert at in (4, 5, 36, 37, 38, 39, 40, 41)


def needs(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    return path


@pytest.mark.parametrize(
    "command", [["unzip", "-tqq"], ["bsdtar", "-tf"], ["7z", "t"], ["zip", "-T"]], ids=lambda command: command[0]
)
def test_other_programs_read_our_containers(command: list[str], tmp_path: Path) -> None:
    needs(command[0])
    path = tmp_path / "ours.zip"
    path.write_bytes(write_all({"data/a.txt": b"evidence\n", "data/김철수.txt": b"x" * 10, "data/empty": b""}))
    subprocess.run([*command, path], check=True, capture_output=True)


@pytest.mark.parametrize("path", sorted(VECTORS.glob("good-*.txt")), ids=lambda path: path.stem)
@pytest.mark.parametrize("program", ["unzip", "bsdtar"])
def test_what_we_read_other_programs_unpack_to_the_same_bytes(path: Path, program: str, tmp_path: Path) -> None:
    data = load_vector(path)[1]
    (tmp_path / "it.zip").write_bytes(data)
    out = tmp_path / "out"
    out.mkdir()
    archive = str(tmp_path / "it.zip")
    arguments = {"unzip": ["-q", archive, "-d", str(out)], "bsdtar": ["-x", "-f", archive, "-C", str(out)]}[program]
    subprocess.run([needs(program), *arguments], check=True, env={"LC_ALL": "C.UTF-8"})
    assert {str(file.relative_to(out)): file.read_bytes() for file in out.rglob("*") if file.is_file()} == read_all(
        data
    )


def test_nothing_of_the_machine_is_in_a_container() -> None:
    """No date, no owner, one mode: two containers of the same files are the same bytes wherever they are made."""
    for info in zipfile.ZipFile(io.BytesIO(GOOD)).infolist():
        assert info.date_time == (1980, 1, 1, 0, 0, 0)
        assert (info.extra, info.comment, info.external_attr >> 16) == (b"", b"", 0o100644)


@given(st.integers(0, 1 << 60), st.integers(0, 1 << 60))
def test_sizes_and_places_beyond_32_bits_read_back(size: int, offset: int) -> None:
    header = make_header("data/large", size, 7, offset)
    local = serialize_local(header)
    central = serialize_central(header)
    assert parse_local(local[:LOCAL_SIZE], local[LOCAL_SIZE:], offset) == header
    assert parse_central(central[:46], central[46:]) == header
    assert lengths_after_central(central[:46]) == len(central) - 46
    assert (struct.unpack_from("<H", central, 30)[0] > 0) == (size >= 0xFFFFFFFF or offset >= 0xFFFFFFFF)


def test_more_files_than_16_bits_count_are_read_alike_by_python() -> None:
    files = {f"data/{number:05d}": b"" for number in range(65_540)}
    data = write_all(files)
    assert read_all(data) == files
    with zipfile.ZipFile(io.BytesIO(data)) as other:
        assert other.namelist() == list(files)


@pytest.mark.parametrize("chunks", [[b"evidenc"], [b"evidence\n", b"!"], [b"Evidence\n"], []])
def test_a_file_that_changes_while_it_is_packed_stops_the_writer(chunks: list[bytes]) -> None:
    writer = ZipWriter(io.BytesIO())
    with pytest.raises(EvidenceError, match="changed while the bundle was written"):
        writer.add("data/a.txt", 9, zlib.crc32(b"evidence\n"), chunks)
