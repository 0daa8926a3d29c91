"""Confinement, tried from inside by real processes; and what happens to a parser that is killed, hung or lies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import evtool
from evtool.core.metadata.json_form import read_claims
from evtool.core.metadata.vocabulary import Detail, Withheld
from evtool.metadata import Failure, Limits, MetadataExtractor
from evtool.metadata.answer import read_answer
from evtool.metadata.wire import REQUIRED_REFUSALS
from tests.metadata.metadata_samples import HOSTILE, extract, picture, shared_extractor

SLOW = HOSTILE / "exif-65535-entries-of-999-ratios.tif"

ATTEMPTS = {
    "open another file": "os.open('/etc/hostname', os.O_RDONLY)",
    "list a directory": "os.listdir('/')",
    "write a file": "os.open(PATH + '4', os.O_WRONLY | os.O_CREAT)",
    "open a TCP socket": "socket.socket(socket.AF_INET, socket.SOCK_STREAM)",
    "open a UDP socket": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "open a Unix socket": "socket.socketpair()",
    "fork": "os._exit(0) if os.fork() == 0 else None",
    "run a program": "os.execv('/bin/true', ['true'])",
    "change the mode by descriptor": "os.fchmod(FILE, 0o777)",
    "change the mode by path": "os.chmod(PATH, 0o777)",
    "change the times by descriptor": "os.utime(FILE)",
    "remove a file": "os.unlink(PATH)",
    "rename a file": "os.rename(PATH, PATH + '2')",
    "make a directory": "os.mkdir(PATH + '3')",
    "truncate by path": "os.truncate(PATH, 0)",
    "move the position it shares": "os.lseek(FILE, 1, 0)",
    "signal another process": "os.kill(PARENT, signal.SIGTERM)",
    "make a file in memory": "os.memfd_create('x')",
    "take a gigabyte of memory": "bytearray(1 << 30)",
    "raise a limit again": "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))",
}

PRELUDE = """
import os, resource, signal, socket, sys
from evtool.metadata.confinement import enter_confinement
from evtool.metadata.wire import Limits
PATH, PARENT = sys.argv[1], os.getppid()
FILE = os.open(PATH, os.O_RDONLY)
"""

CONFINEMENT = """
if sys.argv[2] == "confined":
    assert "seccomp" in enter_confinement(Limits()), "no seccomp here"
try:
    ATTEMPT
except (OSError, ValueError, MemoryError):
    os.write(1, b"refused")
else:
    os.write(1, b"done")
os._exit(0)
"""


def attempt(what: str, victim: Path, where: str) -> str:
    code = PRELUDE + CONFINEMENT.replace("ATTEMPT", ATTEMPTS[what])
    environment = {"PYTHONPATH": str(Path(evtool.__file__).parents[1]), "PATH": os.environ["PATH"]}
    run = subprocess.run([sys.executable, "-c", code, victim, where], capture_output=True, env=environment, check=False)
    assert b"Error" not in run.stderr, run.stderr.decode()
    return run.stdout.decode()


@pytest.mark.parametrize("what", ATTEMPTS)
def test_confinement_refuses(tmp_path: Path, what: str) -> None:
    """Each attempt works without confinement, but for those that any platform refuses, and is refused under it."""
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    for path in (outside, inside):
        path.write_bytes(b"evidence")
        path.chmod(0o640)
        os.utime(path, (1_000_000_000, 1_000_000_000))

    if what not in ("run a program", "signal another process"):  # the one leaves no word, the other would end this test
        assert attempt(what, outside, "free") == "done"
    assert attempt(what, inside, "confined") == "refused"

    found = inside.stat()
    assert (inside.read_bytes(), found.st_mode & 0o777, found.st_mtime) == (b"evidence", 0o640, 1_000_000_000)
    assert not Path(f"{inside}4").exists()


def test_what_is_prepared_confines_nobody() -> None:
    """The fork server makes it ready, and has to go on: it opens, forks, and its limits stay."""
    code = (
        "import os, resource; from evtool.metadata.confinement import prepare_confinement; "
        "limits = lambda: [resource.getrlimit(number) for number in range(10)]; before = limits(); "
        "prepare_confinement(); assert limits() == before; os.close(os.open('/', os.O_RDONLY)); "
        "pid = os.fork(); pid or os._exit(0); assert os.waitpid(pid, 0)[1] == 0"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_confinement_that_applied_is_told() -> None:
    """Whoever reads a seal learns what confined the parser; on Linux with its usual kernel it is all of these."""
    parts = shared_extractor().confinement.split("+")

    assert parts[0] == "rlimits"
    assert "seccomp" in parts
    assert ("user" in parts) == (os.geteuid() == 0)
    assert set(REQUIRED_REFUSALS) == {"open", "socket", "fork"}


def test_without_confinement_nothing_is_parsed_unless_asked(tmp_path: Path) -> None:
    """A process that may not fork cannot show its confinement; it refuses, and parses only with sandbox=False."""
    path = picture(tmp_path / "picture.png")
    code = """
import os, sys
del os.fork  # as on platforms that have no such call
from evtool.metadata import MetadataExtractor
for sandbox in (True, False):
    with MetadataExtractor(sandbox=sandbox) as extractor:
        result = extractor.extract(os.open(sys.argv[1], os.O_RDONLY))
        print(result.failure, result.claims, result.confinement)
"""
    environment = {"PYTHONPATH": str(Path(evtool.__file__).parents[1]), "PATH": os.environ["PATH"]}
    run = subprocess.run([sys.executable, "-c", code, path], capture_output=True, env=environment, check=True)

    assert run.stdout.decode().splitlines() == ["Failure.NO_CONFINEMENT None none", "Failure.NOT_STARTED None none"]
    with MetadataExtractor(sandbox=False) as extractor:
        result = extract(path, extractor)
    assert (result.failure, result.confinement) == (None, "none")
    assert result.claims == extract(path).claims


# --- what goes wrong --------------------------------------------------------------------------------------------------


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]


def busy_children(pid: int) -> list[int]:
    """Children that have been computing for a quarter of a second, so that the parser is at work."""
    spent = {
        child: Path(f"/proc/{child}/stat").read_text("ascii").rpartition(")")[2].split() for child in children(pid)
    }
    return [child for child, fields in spent.items() if int(fields[11]) * 4 > os.sysconf("SC_CLK_TCK")]


def wait_for(found: Callable[[], list[int]]) -> int:
    """Wait until a process is there; fails after ten seconds."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if pids := found():
            return pids[0]
        time.sleep(0.005)
    raise AssertionError("no such process")


@pytest.fixture
def extractor() -> Iterator[MetadataExtractor]:
    with MetadataExtractor(limits=Limits(cpu_seconds=20, wall_seconds=3)) as extractor:
        yield extractor


def server_of() -> int:
    """The fork server that this process started last."""
    return max(children(os.getpid()))


@pytest.mark.parametrize(("number", "failure"), [(signal.SIGSTOP, Failure.WALL_TIME), (signal.SIGKILL, Failure.KILLED)])
def test_a_hung_or_crashing_parser_costs_its_own_file(
    tmp_path: Path, extractor: MetadataExtractor, number: signal.Signals, failure: Failure
) -> None:
    """A parser that stands still is ended at its deadline, one that dies is noticed; the format is known already, the
    reason is told, and the next file is complete."""
    good = picture(tmp_path / "good.png")
    complete = extract(good, extractor)
    server = server_of()
    killer = threading.Thread(target=lambda: os.kill(wait_for(lambda: busy_children(server)), number))
    killer.start()

    result = extract(SLOW, extractor)
    killer.join()

    assert result.failure is failure
    assert result.claims is not None
    assert result.claims.format is not None
    assert result.claims.format.media_type == "image/tiff"
    assert extract(good, extractor) == complete


def test_a_fork_server_that_dies_is_started_again(tmp_path: Path, extractor: MetadataExtractor) -> None:
    """The file it was busy with is lost with its reason, the next one is complete."""
    good = picture(tmp_path / "good.png")
    complete = extract(good, extractor)
    server = server_of()

    def kill() -> None:
        wait_for(lambda: children(server))
        os.kill(server, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    lost = extract(SLOW, extractor)
    killer.join()

    assert (lost.failure, lost.claims) == (Failure.KILLED, None)
    assert extract(good, extractor) == complete


def test_no_process_is_left_behind(tmp_path: Path) -> None:
    """Closing ends the fork server and what it is parsing."""
    with MetadataExtractor() as extractor:
        extract(picture(tmp_path / "good.png"), extractor)
        server = server_of()
        threading.Thread(target=lambda: extract(SLOW, extractor)).start()
        child = wait_for(lambda: children(server))

    for pid in (server, child):
        assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text("ascii").split(")")[1]


def test_threads_and_forked_workers_share_one_server(tmp_path: Path, extractor: MetadataExtractor) -> None:
    """Four threads and a forked worker ask at the same time; each gets its own file's answer."""
    paths = [picture(tmp_path / f"{extension}.{extension}") for extension in ("png", "jpg", "gif", "webp")]
    expected = [extract(path, extractor) for path in paths]
    results: dict[int, list[bool]] = {}

    def ask(index: int) -> None:
        results[index] = [extract(paths[index], extractor) == expected[index] for _ in range(10)]

    read_end, write_end = os.pipe()
    worker = os.fork()
    if worker == 0:
        os.write(write_end, bytes([all(extract(path, extractor) == expected[i] for i, path in enumerate(paths))]))
        os._exit(0)
    threads = [threading.Thread(target=ask, args=(index,)) for index in range(len(paths))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.waitpid(worker, 0)

    assert os.read(read_end, 1) == b"\1"
    assert results == {index: [True] * 10 for index in range(len(paths))}
    os.close(read_end)
    os.close(write_end)


def test_the_position_of_the_descriptor_stays(tmp_path: Path) -> None:
    """The same descriptor may be hashed at the same time."""
    path = picture(tmp_path / "picture.jpg")
    with path.open("rb", buffering=0) as file:
        file.seek(7)
        assert shared_extractor().extract(file.fileno()).failure is None
        assert file.tell() == 7


def test_the_server_holds_nothing_of_its_client(tmp_path: Path, extractor: MetadataExtractor) -> None:
    """No variable of the environment, no open file, no name of the directory: a parser that is taken over finds
    nothing to take."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    descriptor = os.open(secret, os.O_RDONLY)
    os.set_inheritable(descriptor, True)
    os.environ["EVTOOL_TEST_SECRET"] = "secret"
    try:
        extract(picture(tmp_path / "good.png"), extractor)
        server = server_of()
        environment = Path(f"/proc/{server}/environ").read_bytes().split(b"\0")
        opened = {os.readlink(f"/proc/{server}/fd/{number}") for number in os.listdir(f"/proc/{server}/fd")}
    finally:
        os.close(descriptor)
        del os.environ["EVTOOL_TEST_SECRET"]

    assert {line.split(b"=")[0] for line in environment if line} <= {b"LC_ALL", b"LD_LIBRARY_PATH"}
    assert str(secret) not in opened
    assert {name.split(":")[0] for name in opened} <= {"/dev/null", "socket", "anon_inode"}
    assert os.readlink(f"/proc/{server}/cwd") == "/"


def test_the_basic_form_never_leaves_the_parser(tmp_path: Path) -> None:
    """With Detail.BASIC the answer holds no name; what there was is counted."""
    path = picture(tmp_path / "picture.jpg")
    subprocess.run(["exiftool", "-q", "-overwrite_original", "-Artist=Kim", str(path)], check=True)
    with MetadataExtractor(detail=Detail.BASIC) as basic:
        result = extract(path, basic)
    full = extract(path)

    assert full.claims is not None
    assert result.claims == full.claims.reduce_to_basic()
    assert dict(full.claims.sensitive())[Withheld.PERSON] == 1


# --- answers that lie -------------------------------------------------------------------------------------------------

CLAIMS = b'{"item":0,"claims":{"detail":"full","vocabulary":"evtool-claims/1"}}\n'


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"not JSON\n",
        b"[" * 100_000 + b"\n",
        b"\xff\n",
        b'{"item":0}\n',
        b'{"item":1,"end":true}\n',
        b'{"item":true,"end":true}\n',
        b'{"item":-1,"end":true}\n',
        b'{"item":0,"end":1.5}\n',
        b'{"item":0,"end":true,"more":1}\n',
        b'{"item":0,"claims":{"detail":"full","vocabulary":"evtool-claims/2"}}\n{"item":0,"end":true}\n',
        b'{"item":0,"claims":{"vocabulary":"evtool-claims/1","detail":"full"}}\n{"item":0,"end":true}\n',
        b'{"item":00,"end":true}\n',
        b'{"item":0,"claims":{"detail":"full","vocabulary":"evtool-claims/1","x":1}}\n{"item":0,"end":true}\n',
        CLAIMS.replace(b'full",', b'full","problems":[' + b'{"extractor":"a","reason":"b"},' * 2000 + b"],"),
    ],
)
def test_an_answer_that_lies_is_no_answer(answer: bytes) -> None:
    """A parser that was taken over can write anything; nothing of it becomes a claim."""
    assert read_answer(answer, 1) == [("", False)]


def test_an_answer_that_was_cut_keeps_what_came_before() -> None:
    """Whole lines count, the rest does not; after the end nothing may follow."""
    ((claims, ended),) = read_answer(CLAIMS + b'{"item":0,"cla', 1)
    assert claims
    assert not ended

    later = CLAIMS.replace(b'"full"', b'"basic"')
    ((claims, ended),) = read_answer(CLAIMS + b'{"item":0,"end":true}\n' + later, 1)
    assert ended
    assert read_claims(claims.encode()).detail is Detail.FULL
