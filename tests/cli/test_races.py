"""Evidence that changes while it is sealed: what is sealed is what was there at one moment, or nothing is sealed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from evtool import ExitCode
from tests.cli.evidence import check, give_key, named
from tests.conftest import Runner

SIZE = 64 * 1024 * 1024
"""Bytes of the file that is being read when the race happens; they take no room on the disk."""


@pytest.fixture
def case(evtool: Runner) -> Path:
    """A directory with one large file in a directory of its own, and neighbours."""
    give_key(evtool)
    case = evtool.directory / "case"
    (case / "middle").mkdir(parents=True)
    (case / "a.txt").write_text("before it")
    make_large(case / "middle" / "large.dat", b"large")
    (case / "z.txt").write_text("after it")
    return case


def make_large(path: Path, start: bytes) -> None:
    with path.open("wb") as file:
        file.write(start)
        file.truncate(SIZE)


def seal_and(evtool: Runner, case: Path, race: Callable[[], None], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Seal, and do something at a moment at which the large file is being read."""
    path = case / "middle" / "large.dat"
    while True:
        process = subprocess.Popen(
            evtool.command("seal", case, "--jobs", "1", *arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=evtool.environment,
            cwd=evtool.directory,
            text=True,
        )
        while process.poll() is None and not 0 < position(process.pid, path) < SIZE:
            time.sleep(0.002)
        process.send_signal(signal.SIGSTOP)
        if 0 < position(process.pid, path) < SIZE:
            break
        # It was too quick for us: once more.
        process.kill()
        process.communicate()
        shutil.rmtree(case / "custody")
    race()
    process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess([], process.returncode, out, err)


def position(process: int, path: Path) -> int:
    """Tell how far a process has read a file; 0 if it has not opened it."""
    try:
        for descriptor in Path(f"/proc/{process}/fd").iterdir():
            if os.readlink(descriptor) == str(path):
                return int(Path(f"/proc/{process}/fdinfo/{descriptor.name}").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        pass
    return 0


def append(case: Path) -> None:
    with (case / "middle" / "large.dat").open("ab") as file:
        file.write(b"appended")


def rewrite_with_date_set_back(case: Path) -> None:
    path = case / "middle" / "large.dat"
    facts = path.stat()
    with path.open("r+b") as file:
        file.write(b"LARGE")
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def truncate(case: Path) -> None:
    os.truncate(case / "middle" / "large.dat", 1000)


def replace_by_rename(case: Path) -> None:
    other = case.with_name("other")
    make_large(other, b"another")
    facts = (case / "middle" / "large.dat").stat()
    os.utime(other, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    other.rename(case / "middle" / "large.dat")


def swap_for_a_link(case: Path) -> None:
    secret = case.with_name("secret")
    secret.write_text("a file that the archivist may read, and the attacker may not")
    (case / "middle" / "large.dat").unlink()
    (case / "middle" / "large.dat").symlink_to(secret)


def swap_for_a_pipe(case: Path) -> None:
    (case / "middle" / "large.dat").unlink()
    os.mkfifo(case / "middle" / "large.dat")


def remove(case: Path) -> None:
    (case / "middle" / "large.dat").unlink()


def swap_the_directory_for_a_link(case: Path) -> None:
    (case / "middle").rename(case.with_name("moved"))
    (case / "middle").symlink_to(case.with_name("moved"))


def add_before(case: Path) -> None:
    (case / "a new file").touch()


def add_after(case: Path) -> None:
    (case / "zz").mkdir()
    (case / "zz" / "new").touch()


def remove_before(case: Path) -> None:
    (case / "a.txt").unlink()


def remove_after(case: Path) -> None:
    (case / "z.txt").unlink()


@pytest.mark.parametrize("race", [append, rewrite_with_date_set_back, truncate, replace_by_rename])
def test_a_file_that_changes_once_is_read_again(case: Path, evtool: Runner, race: Callable[[Path], None]) -> None:
    """A download that ends, an editor that saves: the second reading is of one moment, and is what is sealed."""
    result = seal_and(evtool, case, lambda: race(case))
    assert result.returncode == ExitCode.OK, result.stderr
    assert check(case, evtool).exit_code is ExitCode.OK


@pytest.mark.parametrize(
    ("race", "said"),
    [
        (swap_for_a_link, "middle/large.dat: it was replaced while evtool ran"),
        (swap_for_a_pipe, "middle/large.dat: a FIFO"),
        (remove, "middle/large.dat: No such file or directory"),
        (swap_the_directory_for_a_link, "appeared, disappeared or changed their type"),
        (add_before, "appeared, disappeared or changed their type"),
        (add_after, "appeared, disappeared or changed their type"),
        (remove_before, "appeared, disappeared or changed their type"),
        (remove_after, "disappeared|vanished|z.txt: No such file or directory"),
    ],
)
def test_what_is_no_longer_what_it_was_is_refused(
    case: Path, evtool: Runner, race: Callable[[Path], None], said: str
) -> None:
    """Swapped, removed, planted: nothing is sealed, the item is named, and nothing beyond the evidence is read."""
    if race is add_after:
        # Read already when the walk comes to it, it would simply be sealed with the rest.
        (case / "z.txt").rename(case / "middle" / "aa.txt")
        (case / "middle" / "large.dat").rename(case / "middle" / "large.tmp")
        (case / "middle" / "large.tmp").rename(case / "middle" / "large.dat")
    result = seal_and(evtool, case, lambda: race(case))
    if race is add_after and result.returncode == ExitCode.OK:
        assert check(case, evtool).exit_code is ExitCode.OK
        return
    if race is remove_after and result.returncode == ExitCode.OK:
        assert check(case, evtool).exit_code is ExitCode.OK
        return
    assert result.returncode == ExitCode.NOT_CHECKED, result.stdout
    assert re.search(said, result.stderr), result.stderr
    assert not list((case / "custody").glob("*.toml")) if (case / "custody").exists() else True
    assert "secret" not in result.stderr


def test_a_file_that_never_rests_is_named_or_left_out_if_that_is_allowed(case: Path, evtool: Runner) -> None:
    """A log that is written to all the time cannot be sealed; with --allow changing its name is."""
    log = case / "log.txt"
    # Large, so that the writer has its turn while it is read, however busy the computer is.
    log.touch()
    os.truncate(log, 100_000_000)
    stop = threading.Event()

    def write() -> None:
        with log.open("ab", buffering=0) as file:
            while not stop.wait(0.001):
                file.write(b"another line\n")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        refused = evtool("seal", case)
        allowed = evtool("seal", "--json", case, "--allow", "changing")
    finally:
        stop.set()
        writer.join()
    assert refused.exit_code == ExitCode.NOT_CHECKED
    assert "log.txt: it changed while it was read" in refused.stderr
    assert (allowed.exit_code, allowed.document["omitted"]) == (ExitCode.OK, 1)
    report = check(case, evtool)
    assert (report.exit_code, named(report)) == (ExitCode.OK, {("omitted", "log.txt")})


def test_a_directory_that_is_replaced_as_a_whole_is_refused(case: Path, evtool: Runner) -> None:
    """The evidence directory itself is swapped for another one of the same name."""

    def swap() -> None:
        shutil.copytree(case / "middle", case.with_name("double") / "middle")
        case.rename(case.with_name("moved"))
        case.with_name("double").rename(case)
        (case / "a.txt").write_text("planted")

    result = seal_and(evtool, case, swap)
    assert result.returncode == ExitCode.NOT_CHECKED
    assert "was replaced by another one while evtool ran" in result.stderr
    assert not (case / "custody").exists()
    assert not list(case.with_name("moved").glob("custody/*.toml"))


def append_to(path: Path, stop: threading.Event) -> None:
    """A phone, a camera or a sync client is still copying."""
    while not stop.wait(0.02):
        with path.open("ab") as file:
            file.write(b"more")


def replace_by_a_twin(path: Path, stop: threading.Event) -> None:
    """A sync client puts another file of the same name, size and date in its place, again and again."""
    count = 0
    while not stop.wait(0.02):
        count += 1
        twin = path.parent.with_name(f"twin {count}")
        twin.write_bytes(b"%016d" % count)
        os.utime(twin, ns=(0, 1_700_000_000_000_000_000))
        twin.rename(path)


@pytest.mark.parametrize("disturb", [append_to, replace_by_a_twin])
@pytest.mark.parametrize("metadata", ["basic", "none"])
def test_a_file_that_changes_after_it_was_read_is_named_and_nothing_is_sealed(
    evtool: Runner, metadata: str, disturb: Callable[[Path, threading.Event], None]
) -> None:
    """CASES 13: whatever happens until the signature is made is found; else the next verify would say tampering."""
    give_key(evtool)
    case = evtool.directory / "growing"
    case.mkdir()
    for number in range(300):
        (case / f"f{number}").write_text(str(number))
    (case / "copying.mp4").write_bytes(b"%016d" % 0)
    stop = threading.Event()
    worker = threading.Thread(target=disturb, args=(case / "copying.mp4", stop))
    worker.start()
    try:
        refused = evtool("seal", case, "--metadata", metadata)
        allowed = evtool("seal", "--json", case, "--metadata", metadata, "--allow", "changing")
    finally:
        stop.set()
        worker.join()
    assert refused.exit_code == ExitCode.NOT_CHECKED, refused.stdout
    assert re.search("copying.mp4: it (changed|was replaced)", refused.stderr), refused.stderr
    assert "changing" in refused.stderr
    assert "--allow WHAT" in refused.stderr
    assert (allowed.exit_code, allowed.document["omitted"], allowed.document["entry"]) == (ExitCode.OK, 1, 1)
    report = check(case, evtool)
    assert (report.exit_code, named(report)) == (ExitCode.OK, {("omitted", "copying.mp4")})
