"""Shares, sticks and failing disks: what cannot be relied on is said, and a record is sound or was never added to."""

from __future__ import annotations

import errno
import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from evtool import ExitCode
from tests.cli.evidence import PUBLIC, check, give_key, snapshot
from tests.conftest import Runner, RunResult

SHIMS = Path(__file__).with_name("shims")
ENTRY = ("0001-sealed.jsonl", "0001-sealed.sha256", "0001-sealed.toml", "0001-sealed.toml.sig")


@pytest.fixture
def case(evtool: Runner) -> Path:
    """A directory with one file that is new."""
    give_key(evtool)
    case = evtool.directory / "case"
    case.mkdir()
    (case / "new.txt").write_text("new")
    return case


def on(medium: str, evtool: Runner, *arguments: str | Path, **environment: str) -> RunResult:
    """Run evtool on a medium: one of the folders in `shims`."""
    changed = evtool.environment | {"PYTHONPATH": path_for(medium, evtool)} | environment
    return replace(evtool, environment=changed)(*arguments)


def path_for(medium: str, evtool: Runner) -> str:
    return os.pathsep.join((str(SHIMS / medium), evtool.environment["PYTHONPATH"]))


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF])
def test_a_share_that_cannot_flush_a_directory_is_used_and_told_of(case: Path, evtool: Runner, number: int) -> None:
    """CASES 11: it is a weaker medium, and no reason to seal nothing for ever."""
    defaults = case.with_name("public.toml")
    defaults.write_text(PUBLIC)
    result = on("no-directory-flush", evtool, "seal", case, "--json", "--defaults", defaults, SHIM_ERRNO=str(number))
    assert result.exit_code == ExitCode.OK, result.stderr
    assert result.document["entry"] == 1
    notes = [line for line in result.stderr.splitlines() if line.startswith("evtool: note: ")]
    assert notes == [
        "evtool: note: this file system cannot confirm that the data reached the medium; "
        f"check it with `evtool verify {case}`, and keep a copy on another medium"
    ]
    assert check(case, evtool).exit_code is ExitCode.OK
    packed = on("no-directory-flush", evtool, "pack", case, "-o", "bundle", SHIM_ERRNO=str(number))
    assert packed.exit_code == ExitCode.OK, packed.stderr
    assert packed.stderr.count("evtool: note: this file system cannot confirm") == 1
    assert evtool("verify", "bundle").exit_code == ExitCode.OK


def test_a_stick_that_hides_what_is_removed_while_it_is_open_takes_a_bundle(case: Path, evtool: Runner) -> None:
    """The lock of a work directory goes last and is open until then; the work was done, and used to end with 4."""
    case.with_name("public.toml").write_text(PUBLIC)
    assert evtool("seal", case, "--defaults", case.with_name("public.toml")).exit_code == ExitCode.OK
    packed = on("hidden-while-open", evtool, "pack", case, "-o", "case.zip")
    assert packed.exit_code == ExitCode.OK, packed.stderr
    assert [path.name for path in evtool.directory.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("0001-sealed.jsonl", "custody file 0001-sealed.jsonl cannot be written: Input/output error"),
        ("0001-sealed.toml.sig", "custody file 0001-sealed.toml.sig cannot be written: Input/output error"),
        (".", "the custody directory case/custody cannot be written: Input/output error"),
    ],
)
def test_a_disk_that_fails_is_named_and_nothing_is_sealed(case: Path, evtool: Runner, name: str, said: str) -> None:
    """EIO stays an error: it says which file, on which medium, and what to do; there is no bare word of the system."""
    before = snapshot(case)
    result = on("failing-medium", evtool, "seal", case, SHIM_NAME=name)
    assert result.exit_code == ExitCode.NOT_CHECKED
    error, hint = result.stderr.splitlines()
    assert error == f"evtool: error: {said}"
    assert hint.startswith("evtool: hint: the medium or the connection to it failed: check it")
    # The journal of a long reading may stay for the next run.
    assert {path.name for path in case.glob("custody/*")} <= {".0001-sealed.journal.part"}
    assert snapshot(case) == before
    assert evtool("seal", case).exit_code == ExitCode.OK


def test_a_share_without_locks_leaves_nothing_in_the_evidence(case: Path, evtool: Runner) -> None:
    """CASES 28: refused with a way on, and the empty custody directory that was made is gone."""
    result = on("no-locks", evtool, "seal", case)
    assert result.exit_code == ExitCode.NOT_CHECKED
    assert "the custody directory cannot be locked: No locks available" in result.stderr
    assert "--custody DIR" in result.stderr
    assert [path.name for path in case.iterdir()] == ["new.txt"]


@pytest.mark.parametrize("name", ENTRY)
def test_sealed_is_not_said_of_bytes_that_do_not_read_back(case: Path, evtool: Runner, name: str) -> None:
    """Manifest, list, entry and signature are read back from the medium, under their names."""
    result = on("forgetful-medium", evtool, "seal", case, SHIM_NAME=name)
    assert result.exit_code == ExitCode.NOT_CHECKED
    assert "sealed 1" not in result.stdout
    assert f"custody file {name} was written, but different bytes were read back" in result.stderr
    assert f"run `evtool verify {case}`" in result.stderr


def test_of_two_computers_on_a_share_one_says_so_and_the_record_is_sound(case: Path, evtool: Runner) -> None:
    """CASES 12: every lock of the system is granted; both start at the same time, or one a little later."""
    for number in range(40):
        (case / f"{number}.txt").write_text(str(number))
    environment = evtool.environment | {"PYTHONPATH": path_for("granted-locks", evtool)}
    codes: list[int] = []
    for round_ in range(1, 7):
        # In the first round the share is slow, so that the two are sure to meet.
        environment["SHIM_FLUSH_SECONDS"] = "0.5" if round_ == 1 else "0"
        (case / f"new in round {round_}").write_text(str(round_))
        processes = []
        for _ in range(2):
            command = evtool.command("seal", case, "--metadata", "none")
            processes.append(
                subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True)
            )
            time.sleep(0.04 * (round_ - 1))
        for process in processes:
            out, err = process.communicate(timeout=120)
            codes.append(process.returncode)
            if process.returncode == ExitCode.OK:
                assert f"as entry {round_}" in out or "nothing new to seal" in out
            else:
                assert process.returncode == ExitCode.NOT_CHECKED
                assert "another evtool" in err
        assert len(list((case / "custody").glob("*.toml"))) == round_
        assert check(case, evtool).exit_code is ExitCode.OK
        assert not [path for path in (case / "custody").iterdir() if path.name.startswith(".")]
    assert ExitCode.NOT_CHECKED in codes, "not once did two runs meet"
    assert codes.count(ExitCode.OK) >= 6


def test_the_lock_file_of_a_dead_run_is_no_hindrance_and_that_of_a_living_one_is(case: Path, evtool: Runner) -> None:
    """It says which process of which computer made it, in a way that tells nobody else anything."""
    custody = case / "custody"
    custody.mkdir()
    maker = "from evtool.store.lock_holder import describe_this_run as d; import sys; sys.stdout.buffer.write(d()); "
    maker += "sys.stdout.flush(); input()"
    environment = evtool.environment
    with subprocess.Popen(
        [evtool.command()[0], "-c", maker], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout
        text = b"".join(process.stdout.readline() for _ in range(6))
        (custody / ".lock.part").write_bytes(text)
        living = evtool("seal", case)
        assert process.stdin
        process.stdin.write(b"\n")
        process.stdin.close()
        process.wait()
    assert living.exit_code == ExitCode.NOT_CHECKED
    assert "another evtool is writing to this custody directory" in living.stderr
    assert "delete .lock.part" in living.stderr
    assert (custody / ".lock.part").read_bytes() == text
    assert os.uname().nodename.encode() not in text
    assert evtool("seal", case).exit_code == ExitCode.OK
    assert not (custody / ".lock.part").exists()
