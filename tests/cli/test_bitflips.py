"""Whatever is changed in a sealed directory, by malice or by a dying disk, verify never says that all is well."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from evtool import Code, ExitCode, Report
from evtool.operations.record.record import _check_informational, read_record
from evtool.scan.tree import TreeLocation
from evtool.store.custody import CustodyDirectory
from tests.cli.evidence import check, give_key, start_from
from tests.conftest import Runner, make_runner

BITS = range(8) if os.environ.get("EVTOOL_WIDE_SWEEP") else None
"""Which bits of each byte are flipped; by default one of them, another one in each byte."""

INFORMATIONAL = ("README.txt", "allowed_signers")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small directory sealed twice, with a file, a Korean name, a link and an empty directory."""
    folder = tmp_path_factory.mktemp("made")
    evtool = make_runner(folder)
    give_key(evtool)
    case = evtool.directory / "case"
    (case / "empty").mkdir(parents=True)
    (case / "a.txt").write_text("first\n")
    (case / "김철수.txt").write_text("second")
    (case / "link").symlink_to("a.txt")
    assert evtool("seal", case).exit_code == ExitCode.OK
    (case / "z.bin").write_bytes(bytes(range(8)))
    assert evtool("seal", case).exit_code == ExitCode.OK
    return folder


@pytest.fixture
def case(made: Path, evtool: Runner) -> Path:
    case = start_from(made, evtool)
    assert check(case, evtool).exit_code == ExitCode.OK
    return case


def files_of(case: Path) -> list[Path]:
    """Give every file, of the evidence and of the record."""
    return sorted(path for path in case.rglob("*") if path.is_file() and not path.is_symlink())


def assert_noticed(report: Report, changed: Path, what: str) -> None:
    """Demand what the verdict must say after this file was changed."""
    if changed.name in INFORMATIONAL:
        assert report.exit_code is ExitCode.OK, (what, report.findings)
        assert (Code.INFORMATIONAL_CHANGED, changed.name) in {
            (finding.code, finding.path) for finding in report.findings
        }, what
    else:
        assert report.exit_code in (ExitCode.MISMATCH, ExitCode.NOT_CHECKED), (what, report.findings)


FILES = (
    "a.txt", "z.bin", "김철수.txt", "custody/README.txt", "custody/allowed_signers",
    *(f"custody/000{entry}-sealed.{kind}" for entry in (1, 2) for kind in ("jsonl", "sha256", "toml", "toml.sig")),
)  # fmt: skip
"""Every file of the case, of the evidence and of the record."""


def flips(path: Path) -> Iterator[str]:
    """Flip one bit at every byte position of a file in turn, and say which."""
    original = path.read_bytes()
    with path.open("r+b", buffering=0) as file:
        for position, byte in enumerate(original):
            for bit in BITS or (position % 8,):
                os.pwrite(file.fileno(), bytes([byte ^ 1 << bit]), position)
                yield f"{path.name}: bit {bit} of byte {position}"
            os.pwrite(file.fileno(), bytes([byte]), position)
    assert path.read_bytes() == original


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith(INFORMATIONAL)])
def test_every_flipped_bit_is_noticed(case: Path, evtool: Runner, name: str) -> None:
    """One bit, at every byte position of every file in turn."""
    path = case / name
    for what in flips(path):
        report = check(case, evtool)
        assert_noticed(report, path, what)
        if path.parent == case:
            assert report.exit_code is ExitCode.MISMATCH
            assert (Code.CHANGED, path.name) in {(finding.code, finding.path) for finding in report.findings}
    assert check(case, evtool).exit_code is ExitCode.OK


@pytest.mark.parametrize("name", INFORMATIONAL)
def test_every_flipped_bit_of_a_file_that_proves_nothing_is_noticed(case: Path, evtool: Runner, name: str) -> None:
    """The page for readers is long: where verify compares it, every position is tried; the whole of verify, some."""
    path = case / "custody" / name
    with CustodyDirectory(TreeLocation.find(str(case / "custody"))) as custody:
        record = read_record(custody)
        assert _check_informational(custody, record.listing, record.chain) == []
        for number, what in enumerate(flips(path)):
            found = _check_informational(custody, record.listing, record.chain)
            assert [(finding.code, finding.path) for finding in found] == [(Code.INFORMATIONAL_CHANGED, name)], what
            if number % 19 == 0:
                assert_noticed(check(case, evtool), path, what)
    assert check(case, evtool).exit_code is ExitCode.OK


def test_no_file_is_left_out(case: Path) -> None:
    assert sorted(case / name for name in FILES) == files_of(case)
    assert sum(path.stat().st_size for path in files_of(case)) > 7000


def other_versions(path: Path) -> Iterator[tuple[str, bytes]]:
    """Give small edits of a text: each line removed, doubled, swapped with the next, and the whole mistreated."""
    data = path.read_bytes()
    lines = data.splitlines(keepends=True)
    for number, line in enumerate(lines):
        yield f"line {number + 1} removed", b"".join(lines[:number] + lines[number + 1 :])
        yield f"line {number + 1} doubled", b"".join([*lines[: number + 1], *lines[number:]])
        if number:
            swapped = [*lines[: number - 1], line, lines[number - 1], *lines[number + 1 :]]
            yield f"lines {number} and {number + 1} swapped", b"".join(swapped)
    yield "last byte removed", data[:-1]
    yield "emptied", b""
    yield "newline added", data + b"\n"
    yield "NUL added", data + b"\0"
    yield "byte order mark", b"\xef\xbb\xbf" + data
    yield "line ends of Windows", data.replace(b"\n", b"\r\n")
    yield "line ends of old Macs", data.replace(b"\n", b"\r")
    yield "doubled", data + data


def test_every_edited_line_is_noticed(case: Path, evtool: Runner) -> None:
    """Text editors, mail programs and forgers change whole lines."""
    for path in files_of(case / "custody"):
        original = path.read_bytes()
        for what, data in other_versions(path):
            if data != original:
                path.write_bytes(data)
                assert_noticed(check(case, evtool), path, f"{path.name}: {what}")
        path.write_bytes(original)
    assert check(case, evtool).exit_code is ExitCode.OK


def test_every_removed_exchanged_or_replaced_file_is_noticed(case: Path, evtool: Runner) -> None:
    """Files of the record vanish, change places, become links and directories, or come from another record."""
    other = case.with_name("other")
    shutil.copytree(case, other, ignore=shutil.ignore_patterns("custody"), symlinks=True)
    assert evtool("seal", other).exit_code == ExitCode.OK
    paths = [path for path in files_of(case / "custody") if path.name not in INFORMATIONAL]
    for path in paths:
        aside = case.with_name("aside")
        path.rename(aside)
        assert_noticed(check(case, evtool), path, f"{path.name} removed")
        path.symlink_to(aside)
        assert_noticed(check(case, evtool), path, f"{path.name} is a link to the true file")
        path.unlink()
        path.mkdir()
        assert_noticed(check(case, evtool), path, f"{path.name} is a directory")
        path.rmdir()
        foreign = other / "custody" / path.name
        if foreign.exists():
            shutil.copy(foreign, path)
            assert_noticed(check(case, evtool), path, f"{path.name} of another record")
            path.unlink()
        aside.rename(path)
    for first, second in itertools.combinations(paths, 2):
        contents = first.read_bytes(), second.read_bytes()
        first.write_bytes(contents[1])
        second.write_bytes(contents[0])
        assert_noticed(check(case, evtool), first, f"{first.name} and {second.name} exchanged")
        first.write_bytes(contents[0])
        second.write_bytes(contents[1])
    assert check(case, evtool).exit_code is ExitCode.OK


def test_a_whole_entry_removed_exchanged_or_taken_from_elsewhere_is_noticed(case: Path, evtool: Runner) -> None:
    """All files of an entry together: the record stays plausible, but is not the one that was written."""
    other = case.with_name("other")
    shutil.copytree(case, other, ignore=shutil.ignore_patterns("custody"), symlinks=True)
    assert evtool("seal", other).exit_code == ExitCode.OK
    custody, kept = case / "custody", case.with_name("kept")
    shutil.copytree(custody, kept)

    def entry(number: int) -> list[Path]:
        return sorted(custody.glob(f"{number:04d}-*"))

    def restore() -> None:
        shutil.rmtree(custody)
        shutil.copytree(kept, custody)

    for number in (1, 2):
        for path in entry(number):
            path.unlink()
        assert check(case, evtool).exit_code is ExitCode.MISMATCH, f"entry {number} removed"
        restore()
    for path in entry(1):
        shutil.copy(path, path.with_name(path.name.replace("0001", "0003")))
    assert check(case, evtool).exit_code is ExitCode.MISMATCH, "entry 1 once more as entry 3"
    restore()
    for path in [*entry(1), *entry(2)]:
        path.rename(custody / ("x" + path.name))
    for path in sorted(custody.glob("x000*")):
        path.rename(custody / path.name[1:].translate(str.maketrans("12", "21")))
    assert check(case, evtool).exit_code is ExitCode.MISMATCH, "entries 1 and 2 exchanged"
    restore()
    for path in entry(1):
        shutil.copy(other / "custody" / path.name, path)
    assert check(case, evtool).exit_code is ExitCode.MISMATCH, "entry 1 of another record"
    restore()
    for path in entry(2):
        path.rename(custody / path.name.replace("0002", "0003"))
    assert check(case, evtool).exit_code is ExitCode.MISMATCH, "entry 2 renamed to entry 3"
    restore()
    assert check(case, evtool).exit_code is ExitCode.OK
