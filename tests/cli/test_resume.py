"""An interrupted seal goes on where it was, and never believes digests of a file that may have changed since."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evtool import ExitCode
from tests.cli.evidence import check, give_key, snapshot
from tests.conftest import Runner

FILES = 150
SIZE = 1024 * 1024
"""Files of this size are worth remembering; smaller ones are read again faster than they are looked up."""


def fill(path: Path, pair: bytes) -> None:
    """Write a file that takes little room on the disk."""
    path.write_bytes(pair * 8192)
    os.truncate(path, SIZE)


@pytest.fixture(scope="module")
def rested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Directories that take a while, at rest for long enough that a change would show in their dates."""
    return rest(tmp_path_factory.mktemp("rested"))


def rest(folder: Path) -> Iterator[Path]:
    """Make such directories as they are asked for, four at a time."""
    for batch in itertools.count():
        cases = [folder / f"{batch}-{each}" for each in range(4)]
        for case in cases:
            case.mkdir()
            for number in range(FILES):
                fill(case / f"{number:04d}.dat", number.to_bytes(2, "big"))
        time.sleep(2.1)
        yield from cases


@pytest.fixture
def case(evtool: Runner, rested: Iterator[Path]) -> Path:
    """One of them; moving it changes no date of a file in it."""
    give_key(evtool)
    return next(rested).rename(evtool.directory / "case")


def interrupt(evtool: Runner, case: Path, number: signal.Signals) -> Path:
    """Stop a seal that has digests to keep; gives the file in which it kept them."""
    journal = case / "custody" / ".0001-sealed.journal.part"
    # The last file cannot be read to its end in any time that a test has.
    with (case / "zz.dat").open("wb") as file:
        file.truncate(1 << 40)
    # On a busy machine it takes longer until there is something to keep.
    for seconds in (0.5, 1.5, 3, 6, 12, 24):
        result = evtool.fork("seal", case, "--jobs", "1", kill=(int(number), seconds))
        assert result.exit_code in (-number, 128 + number)
        if journal.exists() and journal.stat().st_size > 10_000:
            break
    (case / "zz.dat").unlink()
    return journal


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_second_run_goes_on_and_says_so(case: Path, evtool: Runner, number: signal.Signals) -> None:
    """Known files are not hashed again; the seal is the same as one in a single run."""
    before = snapshot(case)
    journal = interrupt(evtool, case, number)
    assert journal.stat().st_mode & 0o777 == 0o600
    assert check(case, evtool).exit_code is ExitCode.NOT_CHECKED
    result = evtool("seal", case)
    assert result.exit_code == ExitCode.OK
    assert "files were not hashed again: an interrupted run had hashed them, and they have not changed" in result.stdout
    report = check(case, evtool)
    assert (report.exit_code, report.items.ok) == (ExitCode.OK, FILES)
    assert not list((case / "custody").glob(".*"))
    assert snapshot(case) == before


def test_the_number_of_reused_digests_is_told_to_scripts(case: Path, evtool: Runner) -> None:
    """In JSON as a number, so that a job can show its progress."""
    interrupt(evtool, case, signal.SIGINT)
    result = evtool("seal", "--json", case)
    assert 0 < result.document["reused"] <= FILES
    assert result.document["new_items"] == FILES


def test_what_changed_in_between_is_read_again(case: Path, evtool: Runner) -> None:
    """Rewritten with its date set back, replaced by a rename, of another size: none keeps its old digests."""
    interrupt(evtool, case, signal.SIGKILL)
    paths = [case / f"{number:04d}.dat" for number in range(3)]
    facts = [path.stat() for path in paths]
    fill(paths[0], b"\xff\xff")
    os.utime(paths[0], ns=(facts[0].st_atime_ns, facts[0].st_mtime_ns))
    other = case.with_name("other")
    fill(other, b"\xfe\xfe")
    os.utime(other, ns=(facts[1].st_atime_ns, facts[1].st_mtime_ns))
    other.rename(paths[1])
    paths[2].write_bytes(b"short")
    assert evtool("seal", case).exit_code == ExitCode.OK
    report = check(case, evtool)
    assert (report.exit_code, report.items.ok) == (ExitCode.OK, FILES)


@pytest.mark.parametrize("damage", ["flipped", "cut", "emptied", "rubbish", "lines of a stranger", "another case"])
def test_a_damaged_journal_only_costs_time(case: Path, evtool: Runner, damage: str) -> None:
    """Torn by a power cut, or not its own: what cannot be relied on is read again."""
    journal = interrupt(evtool, case, signal.SIGKILL)
    data = journal.read_bytes()
    if damage == "flipped":
        # In a digest of each line, where nothing but the checksum of the line can tell.
        whole = [line for line in data.splitlines(True) if len(line) > 60]
        journal.write_bytes(b"".join(line[:60] + bytes([line[60] ^ 1]) + line[61:] for line in whole))
    elif damage == "cut":
        journal.write_bytes(data[: len(data) // 2 + 7])
    elif damage == "emptied":
        journal.write_bytes(b"")
    elif damage == "rubbish":
        journal.write_bytes(os.urandom(100_000))
    elif damage == "lines of a stranger":
        outside = b"00000000 1 1 1 1 " + b"0" * 64 + b" " + b"0" * 64 + b" ../x\n"
        journal.write_bytes(data.replace(b".dat", b".txt") + outside)
    else:
        # The same names in another directory are other files: their inodes and change times differ.
        other = case.with_name("another case")
        shutil.copytree(case, other)
        for path in other.glob("*.dat"):
            path.write_bytes(b"other" + path.read_bytes()[5:])
            os.utime(path, ns=(0, (case / path.name).stat().st_mtime_ns))
        case = other
    result = evtool("seal", "--json", case)
    assert result.exit_code == ExitCode.OK
    report = check(case, evtool)
    assert (report.exit_code, report.items.ok) == (ExitCode.OK, FILES)
    if damage not in ("cut",):
        assert result.document["reused"] == 0


def test_a_file_that_has_just_been_written_is_read_again(evtool: Runner) -> None:
    """Within the tick of a clock a file can change and keep its dates, so digests of young files are not kept."""
    give_key(evtool)
    case = evtool.directory / "case"
    case.mkdir()
    for number in range(50):
        (case / f"{number:04d}.dat").write_bytes(b"young")
    journal = case / "custody" / ".0001-sealed.journal.part"
    with (case / "zz.dat").open("wb") as file:
        file.truncate(1 << 40)
    for path in case.glob("0*.dat"):
        path.touch()
    evtool.fork("seal", case, "--jobs", "1", kill=(int(signal.SIGKILL), 1))
    known = journal.read_text() if journal.exists() else ""
    assert "0049.dat" not in known
