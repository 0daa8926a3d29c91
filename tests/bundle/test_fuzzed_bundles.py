"""Bundles that were changed in any way, well-formed or not: refused for a reason, and nothing is written anywhere."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import zipfile
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evtool.core.errors import EvtoolError, ExitCode
from evtool.operations.bundle.unpack import unpack
from evtool.store.zip_writer import ZipWriter
from tests.bundle.case import only, pack_it, seal_case, snapshot, verify_it, write_files

EXAMPLES = int(os.environ.get("BUNDLE_EXAMPLES", "200"))
"""Changed containers in one run; a quarter as many folders."""

FILES = {"a.txt": b"first\n", "김철수.txt": b"second\n", "c 100%.txt": b"third\n"}

NAMES = st.sampled_from(
    [
        *("../out.txt", "data/../../out.txt", "/tmp/out.txt", "data/C:\\out.txt", "data//out.txt", "data/./out.txt"),
        *("custody/../../out.txt", "data/out.txt", "data/item-000002.txt", "fetch.txt", "custody/x", "data/", ""),
        *("data/A.txt", "data/a.txt/out.txt", "bagit.txt", "data/CON", "data/\u202ecod.exe", "data/a\0.txt"),
    ]
) | st.text(max_size=20)


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a small partial bundle, in their order."""
    folder = tmp_path_factory.mktemp("fuzzed")
    case = folder / "case"
    case.mkdir()
    write_files(case, FILES)
    seal_case(case, FILES)
    pack_it(case, folder / "it.zip", only("1-2"))
    with zipfile.ZipFile(folder / "it.zip") as container:
        return {name: container.read(name) for name in container.namelist()}


def change_bytes(data: bytes, draw: st.DataObject) -> bytes:
    """Change bytes, cut them out, double them or put others in."""
    at = draw.draw(st.integers(0, max(len(data) - 1, 0)), label="at")
    size = draw.draw(st.integers(1, 40), label="size")
    middle = data[at : at + size]
    others = draw.draw(st.binary(min_size=1, max_size=40), label="others")
    kind = draw.draw(st.sampled_from(["replace", "cut", "double", "insert", "end"]), label="kind")
    changed = {
        "replace": data[:at] + others[: len(middle)] + data[at + len(others[: len(middle)]) :],
        "cut": data[:at] + data[at + size :],
        "double": data[:at] + middle + middle + data[at + size :],
        "insert": data[:at] + others + data[at:],
        "end": data[:at],
    }
    return changed[kind]


def change_files(files: list[tuple[str, bytes]], draw: st.DataObject) -> list[tuple[str, bytes]]:
    """Change one file of a bundle: its name, its bytes, its place, or whether it is there."""
    at = draw.draw(st.integers(0, len(files) - 1), label="file")
    name, data = files[at]
    how = draw.draw(st.sampled_from(["bytes", "bytes", "bytes", "name", "drop", "double", "add", "move"]), label="how")
    changed = list(files)
    if how == "bytes":
        changed[at] = (name, change_bytes(data, draw))
    elif how == "name":
        changed[at] = (draw.draw(NAMES, label="name"), data)
    elif how == "drop":
        del changed[at]
    elif how == "double":
        changed.insert(at, files[at])
    elif how == "add":
        changed.insert(at, (draw.draw(NAMES, label="name"), draw.draw(st.binary(max_size=40), label="bytes")))
    else:
        changed.append(changed.pop(at))
    return changed


def write_container(files: list[tuple[str, bytes]]) -> bytes:
    """Write a container whose every header, size and checksum is as it should be."""
    out = io.BytesIO()
    writer = ZipWriter(out)
    for name, data in files:
        writer.add(name, len(data), zipfile.crc32(data), iter((data,)))  # type: ignore[attr-defined]
    writer.finish()
    return out.getvalue()


def require_refused(bundle: Path, folder: Path) -> None:
    """Whatever it is: it does not verify, it does not unpack, and there is nothing afterwards that was not before."""
    before = contents(folder)
    with contextlib.suppress(EvtoolError):
        assert verify_it(bundle).exit_code is not ExitCode.OK
    with pytest.raises(EvtoolError):
        unpack(bundle, folder / "inside" / "copy")
    assert contents(folder) == before


def contents(folder: Path) -> dict[str, object]:
    """What lies in a folder; the date of the folder itself may change while something is tried in it."""
    return {name: (mode, data) for name, (mode, _, data) in snapshot(folder).items()}


@given(st.data())
@settings(max_examples=EXAMPLES)
def test_a_container_with_other_files_is_refused_and_writes_nothing(
    members: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """The container itself is flawless, so that what is behind its reader meets every change."""
    files = list(members.items())
    changed = files
    for _ in range(data.draw(st.integers(1, 2), label="changes")):
        changed = change_files(changed, data)
    assume(sorted(changed) != sorted(files))
    folder = tmp_path_factory.mktemp("container")
    (folder / "inside").mkdir()
    bundle = folder / "inside" / "it.zip"
    try:
        bundle.write_bytes(write_container(changed))
        require_refused(bundle, folder)
    except UnicodeEncodeError:
        assume(False)
    finally:
        shutil.rmtree(folder)


@given(st.data())
@settings(max_examples=EXAMPLES // 4)
def test_a_folder_with_other_files_is_refused_and_writes_nothing(
    members: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    files = list(members.items())
    at = data.draw(st.integers(0, len(files) - 1), label="file")
    name, content = files[at]
    changed = change_bytes(content, data)
    assume(changed != content)
    folder = tmp_path_factory.mktemp("folder")
    (folder / "inside").mkdir()
    bundle = folder / "inside" / "it"
    for other, its_bytes in files:
        path = bundle / other
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(changed if other == name else its_bytes)
    try:
        require_refused(bundle, folder)
    finally:
        shutil.rmtree(folder)
