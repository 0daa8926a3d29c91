"""Two who write at once, and one who reads meanwhile."""

from __future__ import annotations

import fcntl
import os
import subprocess
import time
from pathlib import Path

import pytest

from evtool import ExitCode
from tests.cli.evidence import check, give_key, snapshot
from tests.conftest import Runner


@pytest.fixture
def case(evtool: Runner) -> Path:
    """A directory whose first file takes longer than any test."""
    give_key(evtool)
    case = evtool.directory / "case"
    case.mkdir()
    (case / "small.txt").write_text("small")
    return case


def start(evtool: Runner, *arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        evtool.command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=evtool.environment,
        cwd=evtool.directory,
        text=True,
    )


def wait_for(path: Path) -> None:
    while not path.exists():
        time.sleep(0.01)


def test_the_second_of_two_seals_says_so_and_changes_nothing(case: Path, evtool: Runner) -> None:
    """The first one is at work: the other ends at once, and touches neither its files nor the evidence."""
    with (case / "endless").open("wb") as file:
        file.truncate(1 << 40)
    first = start(evtool, "seal", case, "--jobs", "1")
    try:
        wait_for(case / "custody" / ".0001-sealed.sha256.part")
        before = snapshot(case, custody=True)
        second = evtool("seal", case)
        assert second.exit_code == ExitCode.NOT_CHECKED
        assert second.stderr.splitlines() == [
            "evtool: error: another evtool is writing to this custody directory",
            "evtool: hint: wait until it has finished, then run the command again (--wait SECONDS)",
        ]
        assert snapshot(case, custody=True) == before
        # Reading is free: nothing is sealed yet.
        assert evtool("verify", case).exit_code == ExitCode.NOT_CHECKED
        assert first.poll() is None
    finally:
        first.kill()
        first.communicate()
    (case / "endless").unlink()
    assert evtool("seal", case).exit_code == ExitCode.OK, "a lock ends with its process"
    assert check(case, evtool).exit_code is ExitCode.OK


def test_of_many_seals_started_at_once_one_succeeds_and_the_record_holds(case: Path, evtool: Runner) -> None:
    """Whoever wins, there is one entry; who comes later finds nothing new, or is told to wait."""
    for number in range(300):
        (case / f"{number}.txt").write_text(str(number))
    for round_ in (1, 2):
        (case / f"new in round {round_}").touch()
        processes = [start(evtool, "seal", case) for _ in range(4)]
        codes = []
        for process in processes:
            out, err = process.communicate(timeout=120)
            codes.append(process.returncode)
            assert process.returncode in (ExitCode.OK, ExitCode.NOT_CHECKED), err
            if process.returncode:
                assert "another evtool is writing" in err
            else:
                assert f"as entry {round_}" in out or "nothing new to seal" in out
        assert ExitCode.OK in codes
        assert len(list((case / "custody").glob("*.toml"))) == round_
        assert check(case, evtool).exit_code is ExitCode.OK
        assert not list((case / "custody").glob(".*"))


def test_who_asks_to_wait_gets_the_lock_when_it_is_free(case: Path, evtool: Runner) -> None:
    """Two people, one drive: the second waits as long as they said, and no longer; then it says what it would have."""
    assert evtool("seal", case).exit_code == ExitCode.OK
    custody = os.open(case / "custody", os.O_RDONLY)
    fcntl.flock(custody, fcntl.LOCK_EX)
    begin = time.monotonic()
    result = evtool("record", case, "accessed", "--wait", "0.6")
    assert result.exit_code == ExitCode.NOT_CHECKED
    assert "another evtool is writing" in result.stderr
    assert time.monotonic() - begin >= 0.6
    waiting = start(evtool, "record", case, "accessed", "--wait", "120")
    time.sleep(1.5)
    assert waiting.poll() is None
    assert len(list((case / "custody").glob("*.toml"))) == 1
    os.close(custody)
    out, err = waiting.communicate(timeout=120)
    assert waiting.returncode == ExitCode.OK, err
    assert "added entry 2" in out


@pytest.mark.parametrize(
    "command",
    [
        *("seal", "record", "transfer", "receive", "renew", "pack", "derive", "consent set", "receipt add"),
        *("timestamp add", "timestamp upgrade", "import list", "import bag"),
    ],
)
def test_every_command_that_writes_a_record_can_wait(command: str, evtool: Runner) -> None:
    """A person who learnt it once finds it everywhere."""
    assert "--wait SECONDS" in evtool(*command.split(), "--help").stdout


def test_a_lock_held_by_somebody_else_is_respected(case: Path, evtool: Runner) -> None:
    """Any program can hold the lock of the directory, a backup for instance; nothing of the record is removed."""
    assert evtool("seal", case).exit_code == ExitCode.OK
    (case / "new.txt").touch()
    custody = os.open(case / "custody", os.O_RDONLY)
    fcntl.flock(custody, fcntl.LOCK_EX)
    before = snapshot(case, custody=True)
    assert evtool("seal", case).exit_code == ExitCode.NOT_CHECKED
    assert evtool("verify", case).exit_code == ExitCode.MISMATCH, "new.txt is in no seal; reading needs no lock"
    assert snapshot(case, custody=True) == before
    os.close(custody)
    assert evtool("seal", case).exit_code == ExitCode.OK
