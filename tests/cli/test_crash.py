"""Whatever happens to a seal, the directory holds the seals it held before, or one more; the evidence is as it was."""

from __future__ import annotations

import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evtool import Code, Effect, ExitCode, Report
from tests.cli.evidence import check, give_key, run_under, serve, snapshot
from tests.conftest import Runner

SEAL = ("seal", "--metadata", "none")
"""A seal that starts no parser: hundreds of them are made here, and it is the writing of the record that is broken."""

TRIALS = 200
"""Moments at which a seal is killed."""

FILES = 300
"""New files of the seal that is killed: enough for worker processes to be started."""

LEFTOVERS = (Code.UNFINISHED_WRITE, Code.ENTRY_UNFINISHED)
"""What verify may remark about an interrupted run, as a note."""


def verdict(report: Report) -> tuple[object, ...]:
    """Give all that a report says, but for its remarks on what an interrupted run left behind."""
    assert all(finding.effect is Effect.NOTE for finding in report.findings if finding.code in LEFTOVERS)
    findings = [
        (finding.code, finding.effect, finding.path, finding.entry)
        for finding in report.findings
        if finding.code not in LEFTOVERS
    ]
    return (report.exit_code, report.head, report.items, report.evidence, findings, report.axes)


@pytest.fixture
def case(evtool: Runner) -> Path:
    """A directory with one sealed file and one that is new."""
    give_key(evtool)
    directory: Path = evtool.directory / "case"
    directory.mkdir()
    (directory / "sealed.txt").write_text("sealed")
    assert evtool("seal", directory).exit_code == ExitCode.OK
    (directory / "new.txt").write_text("new")
    return directory


def trials(case: Path, number: int) -> Iterator[tuple[int, Path]]:
    """Copy a case, once for each number from 1."""
    for count in range(1, number + 1):
        trial = case.with_name(f"trial-{count}")
        shutil.copytree(case, trial, symlinks=True)
        yield count, trial


def test_a_seal_killed_at_200_random_moments_leaves_the_earlier_seal_and_the_evidence(evtool: Runner) -> None:
    """Power cut, full memory, impatient user: each trial kills a seal somewhere; the next one meets what is left."""
    give_key(evtool)
    case = evtool.directory / "case"
    case.mkdir()
    (case / "sealed.txt").write_text("sealed")
    assert evtool("seal", case).exit_code == ExitCode.OK
    for number in range(FILES):
        (case / f"{number:04d}.dat").write_bytes(number.to_bytes(2, "big") * 2048)
    kept = case.with_name("earlier custody")
    shutil.copytree(case / "custody", kept)
    evidence, dates, earlier = snapshot(case), snapshot(case, contents=False), verdict(check(case, evtool))
    # What is known to be unchanged is only what was at rest before it was read.
    time.sleep(2.1)
    dice = random.Random(2)
    killed = completed = 0
    started = time.monotonic()
    assert evtool(*SEAL, case, "--jobs", "2").exit_code == ExitCode.OK
    duration = time.monotonic() - started
    for trial in range(TRIALS):
        if (case / "custody" / "0002-sealed.toml.sig").exists():
            shutil.rmtree(case / "custody")
            shutil.copytree(kept, case / "custody")
        number = dice.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
        started = time.monotonic()
        result = evtool.fork(*SEAL, case, "--jobs", "2", kill=(int(number), dice.uniform(0, duration)))
        if (case / "custody" / "0002-sealed.toml.sig").exists():
            completed += 1
            duration = min(duration, time.monotonic() - started)
            assert check(case, evtool).exit_code == ExitCode.OK
        else:
            killed += 1
            assert result.exit_code != ExitCode.OK
            assert verdict(check(case, evtool)) == earlier, f"trial {trial}: {number.name}"
        assert snapshot(case, contents=False) == dates
    again = evtool(*SEAL, case, "--jobs", "2")
    assert again.exit_code == ExitCode.OK
    assert check(case, evtool).exit_code == ExitCode.OK
    assert snapshot(case) == evidence
    assert killed > TRIALS / 4, f"only {killed} of {TRIALS} trials were killed before they had finished"
    assert not [path for path in (case / "custody").iterdir() if path.name.startswith(".")]


CALLS = {"write": 9, "fsync": 9, "linkat": 5, "renameat": 2, "unlinkat": 6, "mkdir": 1}
"""System calls by which a seal changes what is on disk, and how many of each it makes at least."""

ERRORS = {"write": "ENOSPC", "fsync": "EIO", "linkat": "EIO", "renameat": "EIO", "unlinkat": "EIO", "mkdir": "ENOSPC"}
"""What goes wrong with them on real media."""

HIGHEST = 90
"""More than a seal makes of any of them; the server that the runs are forks of makes none."""


@pytest.mark.parametrize("kill", [False, True], ids=["error", "kill"])
@pytest.mark.parametrize("first", [True, False], ids=["first seal", "second seal"])
def test_a_fault_at_every_single_system_call_leaves_old_or_new(evtool: Runner, kill: bool, first: bool) -> None:
    """The n-th write, fsync, link, rename, unlink, mkdir fails in turn, or is the last thing that the process does."""
    give_key(evtool)
    case = evtool.directory / "case"
    case.mkdir()
    if not first:
        (case / "sealed.txt").write_text("sealed")
        assert evtool("seal", case).exit_code == ExitCode.OK
    (case / "new.txt").write_text("new")
    entry = "0001" if first else "0002"
    earlier = verdict(check(case, evtool))
    log = case.with_name("strace.log")
    faults = [option for call in CALLS for option in ("-e", _inject(call, kill))]
    strace = ("strace", "-f", "-qq", "-o", str(log), "-e", f"trace={','.join(CALLS)}", *faults)
    with serve(evtool, *strace) as broken:
        for call, at_least in CALLS.items():
            for place in range(1, HIGHEST):
                log.write_text("")
                trial = case.with_name(f"{call}-{place}")
                shutil.copytree(case, trial, symlinks=True)
                evidence = snapshot(trial)
                result = broken.fork(*SEAL, trial, burn=(call, HIGHEST - place))
                what = f"{call} {place}: {result}"
                assert snapshot(trial) == evidence, what
                assert "Traceback" not in result.stderr, what
                exists = (trial / "custody" / f"{entry}-sealed.toml.sig").exists()
                if result.exit_code == ExitCode.OK:
                    assert exists, what
                    assert check(trial, evtool).exit_code == ExitCode.OK, what
                    if "INJECTED" not in log.read_text():
                        break
                    continue  # a fault that does no harm: the file that remembers digests could not be written
                assert result.exit_code == (-signal.SIGKILL if kill else ExitCode.NOT_CHECKED), what
                if not exists:
                    assert verdict(check(trial, evtool)) == earlier, what
                again = evtool(*SEAL, trial)
                assert again.exit_code == ExitCode.OK, (what, again)
                whole = check(trial, evtool)
                assert whole.exit_code == ExitCode.OK, (what, whole.findings)
                assert {finding.code for finding in whole.findings} == ONLY_OPEN, (what, whole.findings)
                assert snapshot(trial) == evidence, what
            # A fault at the call after the last one is none: all places have been tried.
            assert place < HIGHEST - 1
            assert place > at_least or (call == "mkdir" and not first), f"{call}: only {place - 1} calls were broken"


def _inject(call: str, kill: bool) -> str:
    return f"inject={call}:{'signal=KILL' if kill else f'error={ERRORS[call]}'}:when={HIGHEST}"


ONLY_OPEN = {Code.NO_TIMESTAMP, Code.NO_CONSENT, Code.NO_WITNESS}
"""What is found in every sealed directory of which no more is known."""


def test_nothing_gets_its_name_before_it_is_on_the_medium(evtool: Runner, case: Path) -> None:
    """A power cut may undo whatever was not flushed: so flush first, name then, the signature last, and flush that."""
    calls = "trace=openat,write,fsync,linkat,renameat,rename,close"
    log = case.with_name("strace.log")
    result = run_under(evtool, ["strace", "-f", "-o", str(log), "-e", calls], "seal", case)
    assert result.exit_code == ExitCode.OK, result.stderr

    files, made, dirty, order = dict[str, str](), set[str](), set[str](), list[str]()
    for line in log.read_text().splitlines():
        if match := re.search(r'openat\((\w+), "([^"]*)", [A-Z_|]*O_CREAT.* = (\d+)$', line):
            directory, name, descriptor = match.groups()
            files[descriptor] = name
            made.add(name)
        elif match := re.search(r"\bwrite\((\d+), ", line):
            dirty.add(files.get(match[1], ""))
        elif match := re.search(r"\bfsync\((\d+)\)", line):
            dirty.discard(files.get(match[1], ""))
            if match[1] == directory:
                order.append("flush")
        elif match := re.search(r'(?:renameat|linkat)\((\d+), "([^"]*)", (\d+), "([^"]*)"(?:, 0)?\) = 0', line):
            if match[4] == ".lock.part":
                continue
            assert match[2] in made
            assert match[2] not in dirty, f"{match[4]} got its name before its bytes were flushed"
            order.append(match[4])
    parts = ["0002-sealed.jsonl", "0002-sealed.sha256", "0002-sealed.toml"]
    assert order == [*parts, "flush", "0002-sealed.toml.sig", "flush", "README.txt", "allowed_signers", "flush"]


def test_a_full_disk_is_named_and_leaves_everything_as_it_was(evtool: Runner, case: Path) -> None:
    """A real file system runs full while the manifest is written."""
    for number in range(2000):
        (case / f"{number}.txt").touch()
    earlier, evidence = check(case, evtool), snapshot(case)
    disk = case.with_name("disk")
    disk.mkdir()
    mount = f"mount -t tmpfs -o size=400k tmpfs {disk} && cp -r {case}/custody {disk}/custody && "
    after = f"; code=$?; ls -A {disk}/custody > {disk}.names; exit $code"
    command = shlex.join(evtool.command("seal", case, "--custody", disk / "custody", "--jobs", "1"))
    namespace = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    if subprocess.run([*namespace, "mount", "-t", "tmpfs", "tmpfs", disk], check=False).returncode:
        pytest.skip("this system lets nobody mount a file system of his own")
    run = subprocess.run(
        [*namespace, "sh", "-c", mount + command + after],
        env=evtool.environment,
        cwd=evtool.directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == ExitCode.NOT_CHECKED, run.stderr
    assert "custody file 0002-sealed.jsonl cannot be written: No space left on device" in run.stderr
    assert "evtool: hint: " in run.stderr
    left = set(disk.with_suffix(".names").read_text().split())
    assert left - {".0002-sealed.journal.part"} == {path.name for path in (case / "custody").iterdir()}
    assert snapshot(case) == evidence
    assert verdict(check(case, evtool)) == verdict(earlier)


def test_a_file_size_limit_is_an_error_like_a_full_disk(evtool: Runner, case: Path) -> None:
    """The system forbids files above a size: the same answer, and no signal kills the run."""
    for number in range(100):
        (case / f"{number}.txt").touch()
    earlier = verdict(check(case, evtool))
    result = run_under(evtool, ["prlimit", "--fsize=20000"], "seal", case)
    assert result.exit_code == ExitCode.NOT_CHECKED
    assert "custody file 0002-sealed.jsonl cannot be written: File too large" in result.stderr
    assert verdict(check(case, evtool)) == earlier
    assert evtool("seal", case).exit_code == ExitCode.OK
