"""What evtool must not do: name the archivist, speak to the network, run programs, write where it was not told to."""

from __future__ import annotations

import getpass
import os
import re
import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from evtool import ExitCode
from tests.cli.evidence import check, give_key, run_under, snapshot
from tests.conftest import Runner


@pytest.fixture
def case(evtool: Runner) -> Path:
    """A directory with a few files, and a key."""
    give_key(evtool)
    case = evtool.directory / "case"
    (case / "photos").mkdir(parents=True)
    (case / "interview.txt").write_text("testimony")
    (case / "photos" / "김철수.jpg").write_bytes(b"picture")
    return case


def test_the_record_names_neither_person_nor_machine_nor_place(case: Path, evtool: Runner) -> None:
    """No user, host, path, zone or date of this machine's making: codes only, in every file of the record."""
    environment = {
        "USER": "kimchulsoo",
        "LOGNAME": "kimchulsoo",
        "HOSTNAME": "office-seoul",
        "EMAIL": "kim@example.org",
        "HOME": str(case.with_name("kimchulsoo")),
        "TZ": "Asia/Seoul",
        "LANG": "ko_KR.UTF-8",
    }
    runner = replace(evtool, environment=evtool.environment | environment)
    assert runner("seal", case).exit_code == ExitCode.OK
    (case / "second.txt").touch()
    assert runner("seal", case, "--custody", case / "custody").exit_code == ExitCode.OK
    # Whoever runs the tests as root has a name that is also that of a field.
    names = [
        *({getpass.getuser()} - {"root"}),
        socket.gethostname(),
        str(case),
        str(evtool.directory),
        str(evtool.home),
        os.uname().release,
    ]
    names += ["kimchulsoo", "office-seoul", "example.org", "Seoul", "KST", "+09:00", "/home/", "/tmp/", "ko_KR"]
    names += [str(os.getuid()) + ":" + str(os.getgid()), "interview"]
    for path in sorted((case / "custody").iterdir()):
        text = path.read_bytes().decode()
        for name in names:
            if name == "interview" and path.suffix in (".jsonl", ".sha256"):
                continue  # the names of the evidence belong there, and nowhere else
            # A user called `a` would be found in every text.
            assert not re.search(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", text, re.I), (path.name, name)
        assert path.stat().st_mode & 0o7000 == 0


def test_a_seal_needs_no_home_no_network_and_leaves_nothing_elsewhere(case: Path, evtool: Runner) -> None:
    """`env -i HOME=/nonexistent`: the key is named, nothing is looked for, nothing is written but the record."""
    bare = {name: evtool.environment[name] for name in ("PATH", "PYTHONPATH")} | {"HOME": "/nonexistent"}
    runner = replace(evtool, environment=bare | {"PYTHONDONTWRITEBYTECODE": "1"})
    key = evtool.home / "keys" / "A03"
    before = snapshot(evtool.directory.parent, custody=True)
    isolated = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
    if subprocess.run([*isolated, "true"], check=False, capture_output=True).returncode:
        isolated = []
    sealed = run_under(runner, isolated, "seal", case, "--key", key)
    assert sealed.exit_code == ExitCode.OK, sealed.stderr
    verified = run_under(runner, isolated, "verify", case, "--trust", evtool.home / "allowed_signers")
    assert verified.exit_code == ExitCode.OK, verified.stderr
    assert run_under(runner, isolated, "verify", case).exit_code == ExitCode.NOT_ESTABLISHED
    after = snapshot(evtool.directory.parent, custody=True)
    custody = os.fsencode(case / "custody")
    # The directory of the evidence has one entry more, and so one link more.
    del before[os.fsencode(case)], after[os.fsencode(case)]
    assert {path: facts for path, facts in after.items() if not path.startswith(custody)} == before


@pytest.mark.parametrize("command", ["verify", "show", "log"])
def test_reading_opens_no_socket_runs_nothing_and_writes_nothing(case: Path, evtool: Runner, command: str) -> None:
    """Under strace, in the real program with its workers: no network call, no program, no file opened for writing."""
    for number in range(400):
        (case / f"{number}.txt").write_text(str(number))
    assert evtool("seal", case).exit_code == ExitCode.OK
    before = snapshot(evtool.directory.parent, custody=True)
    log = evtool.directory.parent / "strace.log"
    mutating = (
        "mkdir,mkdirat,unlink,unlinkat,rename,renameat,renameat2,rmdir,chmod,fchmod,fchmodat,chown,fchown,fchownat"
    )
    mutating += ",lchown,utimensat,link,linkat,symlink,symlinkat,truncate,ftruncate,mknod,mknodat,setxattr,fsetxattr"
    calls = f"trace=%network,execve,execveat,openat,open,creat,{mutating}"
    result = run_under(evtool, ["strace", "-f", "-o", str(log), "-e", calls], command, "--json", case)
    assert result.exit_code == ExitCode.OK, result.stderr
    lines = [line.split(maxsplit=1)[1] for line in log.read_text().splitlines()]
    log.unlink()
    programs = [line for line in lines if line.startswith("execve")]
    assert len(programs) == 1, "only the interpreter itself"
    called = {match[1] for line in lines if (match := re.match(r"(\w+)\(", line))}
    assert called <= {"execve", "openat", "open"}, called
    for line in lines:
        if line.startswith(("openat", "open(")) and " = -1 " not in line:
            assert not re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND", line) or '"/dev/null"' in line, line
    assert any('"interview.txt"' in line for line in lines) or command != "verify", "strace saw the evidence being read"
    assert snapshot(evtool.directory.parent, custody=True) == before


def test_a_seal_opens_evidence_for_reading_only(case: Path, evtool: Runner) -> None:
    """Everything that is written, made, renamed or removed lies in custody/."""
    (case / "photograph.jpg").write_bytes(b"\xff\xd8\xff\xe0 something that a parser has to read")
    log = evtool.directory.parent / "strace.log"
    calls = "trace=%network,execve,openat,mkdir,unlinkat,renameat,rmdir,fchmod,utimensat,ftruncate"
    result = run_under(evtool, ["strace", "-f", "-y", "-o", str(log), "-e", calls], "seal", case)
    assert result.exit_code == ExitCode.OK, result.stderr
    lines = [line.split(maxsplit=1)[1] for line in log.read_text().splitlines()]
    changing = [
        line for line in lines if re.match(r"(mkdir|unlinkat|renameat|rmdir|fchmod|utimensat|ftruncate)\(", line)
    ]
    changing += [line for line in lines if line.startswith("openat") and re.search(r"O_WRONLY|O_RDWR|O_CREAT", line)]
    # The parser's confinement tries on a pipe of its own whether it is shut.
    changing = [line for line in changing if '"/dev/null"' not in line and "<pipe:" not in line]
    assert len(changing) > 10
    for line in changing:
        assert "/case/custody" in line, line
    # A call that another process interrupts stands in two lines, of which the first has no result yet.
    programs = [line for line in lines if line.startswith("execve") and " = -1 " not in line]
    assert len(programs) == 2, "the interpreter, and once more for the parser in its confinement"
    assert all("python" in line.split('"')[1] for line in programs)
    # The parser's confinement tries whether the network is shut to it; what it talks through has no address.
    sockets = [line for line in lines if line.startswith("socket(") and " = -1 " not in line]
    assert all(line.startswith("socket(AF_UNIX") for line in sockets)
    assert not [line for line in lines if line.startswith(("connect(", "bind(")) and " = -1 " not in line]


DECOYS = (
    "json",
    "click",
    "rich",
    "tomllib",
    "hashlib",
    "blake3",
    "nacl",
    "cryptography",
    "platformdirs",
    "sitecustomize",
)


@pytest.mark.parametrize("place", ["current directory", "evidence"])
def test_nothing_is_loaded_from_the_evidence_or_the_current_directory(case: Path, evtool: Runner, place: str) -> None:
    """Modules, settings, keys and trust that lie where the user works are evidence, not orders."""
    directory = case if place == "evidence" else evtool.directory
    for name in DECOYS:
        (directory / f"{name}.py").write_text(
            f"open({str(evtool.directory.parent / 'owned')!r}, 'a').write('{name}')\n"
        )
    for name in ("evtool.toml", ".env", "allowed_signers", "pyproject.toml", "setup.cfg", ".evtool"):
        (directory / name).write_text('trust = "everybody"\nEVTOOL_HOME=/nonexistent\n')
    runner = replace(evtool, directory=directory)
    assert runner("seal", case).exit_code == ExitCode.OK
    assert runner("verify", case).exit_code == ExitCode.OK
    assert runner("verify", ".").exit_code == (ExitCode.OK if place == "evidence" else ExitCode.NOT_CHECKED)
    assert not (evtool.directory.parent / "owned").exists()
    assert check(case, evtool).exit_code is ExitCode.OK


def test_a_key_never_shows(case: Path, evtool: Runner) -> None:
    """Not in what is printed, not in the record, not on the command line of any process."""
    secret = (evtool.home / "keys" / "A03").read_text().splitlines()[2:-2]
    log = evtool.directory.parent / "strace.log"
    result = run_under(
        evtool, ["strace", "-f", "-s", "100000", "-o", str(log), "-e", "trace=write,execve"], "seal", case
    )
    assert result.exit_code == ExitCode.OK
    text = log.read_text() + result.stdout + result.stderr
    text += "".join(path.read_text() for path in (case / "custody").iterdir())
    for line in secret:
        assert line not in text
