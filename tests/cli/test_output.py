"""What evtool prints, to whom, and what it answers when nobody can hear it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from evtool.cli.screen import COMMANDS
from evtool.core.errors import ExitCode
from tests.cli.evidence import check, give_key, serve
from tests.conftest import Runner

KOREAN = "김철수_증언 😀.txt"


@pytest.fixture
def case(evtool: Runner) -> Path:
    """A sealed directory with a Korean name."""
    give_key(evtool)
    case = evtool.directory / "case"
    case.mkdir()
    (case / KOREAN).write_text("testimony")
    (case / "b.txt").write_text("b")
    assert evtool("seal", case).exit_code == ExitCode.OK
    return case


def shell(evtool: Runner, line: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run `evtool` in a shell, where `$@` stands for the program with these arguments."""
    return subprocess.run(
        ["sh", "-c", line, "sh", *evtool.command(*arguments)],
        cwd=evtool.directory,
        env=evtool.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", ["verify", "show", "log"])
def test_an_answer_that_nobody_could_read_is_no_success(case: Path, evtool: Runner, command: str) -> None:
    """A full disk, a closed standard output, a reader that went away: never exit 0."""
    full = shell(evtool, '"$@" > /dev/full', command, case)
    assert full.returncode == ExitCode.NOT_CHECKED
    assert "No space left on device" in full.stderr
    closed = shell(evtool, '"$@" >&-', command, case)
    assert (closed.returncode, closed.stdout) == (ExitCode.NOT_CHECKED, "")
    assert closed.stderr.splitlines() == [
        "evtool: error: the answer could not be written to standard output: it is closed",
        "evtool: hint: send it where it can be written, and run the command again",
    ]
    all_closed = shell(evtool, '"$@" <&- >&- 2>&-', command, case)
    assert (all_closed.returncode, all_closed.stdout, all_closed.stderr) == (ExitCode.NOT_CHECKED, "", "")
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as nobody:
        gone = subprocess.run(
            evtool.command(command, case), stdout=nobody, stderr=subprocess.PIPE, env=evtool.environment, check=False
        )
    assert gone.returncode == ExitCode.NOT_CHECKED
    assert b"Traceback" not in gone.stderr


def test_a_proven_mismatch_stays_one_when_nobody_reads_it(case: Path, evtool: Runner) -> None:
    """A script that only looks at the exit code still learns of the tampering."""
    (case / "b.txt").write_text("x")
    assert shell(evtool, '"$@" >&-', "verify", case).returncode == ExitCode.MISMATCH
    assert shell(evtool, '"$@" 2>&- > /dev/null', "verify", case).returncode == ExitCode.MISMATCH


def test_closed_streams_never_let_output_into_a_file(evtool: Runner) -> None:
    """With standard output closed, the first file that is opened would get its number, and what is printed."""
    give_key(evtool)
    case = evtool.directory / "case"
    case.mkdir()
    (case / "a.txt").write_text("evidence")
    result = shell(evtool, '"$@" <&- >&- 2>&-', "seal", case)
    assert result.returncode == ExitCode.NOT_CHECKED
    assert (case / "a.txt").read_text() == "evidence"
    assert check(case, evtool).exit_code is ExitCode.OK


WRONG = [
    [],
    ["verify"],
    ["verify", "--no-such-option", "."],
    ["verify", "--jobs", "0", "."],
    ["verify", "--jobs", "many", "."],
    ["verify", "--expect-head", "12", "."],
    ["verify", "--signer", "SHA256:x", "."],
    ["verify", "--signer", "SHA256:" + "A" * 43, "--trust", "x", "."],
    ["verify", "--require", "luck", "."],
    ["verify", "--custody", "x", ".", "."],
    ["seal"],
    ["seal", ".", "."],
    ["seal", ".", "--allow", "everything"],
    ["seal", ".", "--happened-at", "yesterday"],
    ["seal", ".", "--happened-at", "2026-03-01T12:00:00"],
    ["seal", ".", "--clock", "right"],
    ["seal", ".", "--agent", "Kim Chul-soo"],
    ["log"],
    ["show"],
    ["no-such-command"],
    ["--no-such-option"],
    ["key", "new"],
    ["key", "no-such-command"],
    ["trust", "add", "B07"],
]


def test_wrong_usage_is_exit_2_and_one_line(evtool: Runner) -> None:
    """For a person an error and a hint, for a script one JSON document; nothing is written."""
    for arguments in WRONG:
        if not arguments:
            continue  # without a command, help is printed
        result = evtool(*arguments)
        lines = result.stderr.splitlines()
        assert result.exit_code == ExitCode.USAGE, (arguments, result)
        assert result.stdout == ""
        assert lines[0].startswith("evtool: error: "), (arguments, result)
        assert [line for line in lines[1:] if not line.startswith("evtool: hint: ")] == [], (arguments, lines)
        assert len(lines) <= 2
        if arguments[0].startswith("-") or arguments == ["no-such-command"]:
            continue  # --json belongs to commands
        document = json.loads(evtool(*arguments, "--json").stdout)
        assert document["exit_code"] == ExitCode.USAGE
        assert document["error"] == lines[0].removeprefix("evtool: error: ")
    assert list(evtool.directory.iterdir()) == []


def test_every_command_has_help_with_examples(evtool: Runner) -> None:
    """Help goes to standard output and is a success."""
    for name in COMMANDS:
        result = evtool(name, "--help")
        assert result.exit_code == ExitCode.OK
        assert f"Usage: evtool {name}" in result.stdout
        assert "Examples:" in result.stdout, name
    overview = evtool("--help").stdout
    for name, (_, summary) in COMMANDS.items():
        assert name in overview
        assert summary.split()[0] in overview


@pytest.mark.parametrize(
    "environment", [{"LC_ALL": "C"}, {"LC_ALL": "POSIX"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}, {"PYTHONOPTIMIZE": "1"}]
)
def test_verdicts_do_not_hang_on_the_locale_or_on_assertions(
    evtool: Runner, case: Path, environment: dict[str, str]
) -> None:
    """The same exit codes and findings in the C locale and under `python -O`, whatever can be displayed there."""
    other = replace(evtool, environment=evtool.environment | environment)
    with serve(other) as unusual:
        for change in ("nothing", "changed", "missing", "extra", "trust", "signature"):
            if change == "changed":
                (case / KOREAN).write_text("another")
            elif change == "missing":
                (case / KOREAN).unlink()
            elif change == "extra":
                (case / "박영희.txt").write_text("planted")
            elif change == "trust":
                (evtool.home / "allowed_signers").unlink()
            elif change == "signature":
                path = case / "custody" / "0001-sealed.toml"
                path.write_bytes(path.read_bytes().replace(b"evtool 0", b"evtool 1"))
            expected, found = evtool("verify", case, "--json"), unusual("verify", case, "--json")
            assert found.exit_code == expected.exit_code
            assert json.loads(found.stdout) == json.loads(expected.stdout)
            assert "Traceback" not in unusual("verify", case).stderr
        # Another seal in the strange environment holds in the usual one.
        second = case.with_name("second")
        second.mkdir()
        (second / KOREAN).write_text("testimony")
        assert unusual("seal", second).exit_code == ExitCode.OK
        assert evtool("show", second, "--items", KOREAN).exit_code == ExitCode.OK


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_seal_says_so_and_leaves_nothing(evtool: Runner, number: signal.Signals, code: int) -> None:
    """Ctrl-C in the middle of a file that takes minutes: at once, one line, a hint, no workers left behind."""
    give_key(evtool)
    case = evtool.directory / "case"
    case.mkdir()
    for name in ("a", "b", "c"):
        with (case / name).open("wb") as file:
            file.truncate(1 << 40)
    process = subprocess.Popen(
        evtool.command("seal", case, "--jobs", "2"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=evtool.environment,
        cwd=evtool.directory,
        text=True,
        start_new_session=True,
        # A shell that starts jobs in the background has them ignore the interrupt.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
    )
    while not children_of(process.pid):
        time.sleep(0.02)
    time.sleep(0.1)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert out == ""
    assert err.strip().splitlines() == [
        "evtool: error: interrupted",
        "evtool: hint: nothing that was complete is lost; run it again to go on",
    ]
    assert not (case / "custody").exists()
    assert not Path(f"/proc/{process.pid}").exists()


def children_of(process: int) -> list[str]:
    """List the worker processes of a process."""
    try:
        return Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except FileNotFoundError:
        return []


def test_one_bad_path_does_not_hide_the_others(case: Path, evtool: Runner) -> None:
    """A script gives a whole inbox: each gets its verdict, the gravest decides."""
    changed = case.with_name("changed")
    subprocess.run(["cp", "-a", case, changed], check=True)
    (changed / "b.txt").write_text("x")
    result = evtool("verify", "--json", "no such directory", changed, case / "b.txt", case)
    assert result.exit_code == ExitCode.MISMATCH
    assert [report["exit_code"] for report in result.document["reports"]] == [4, 1, 4, 0]
    text = evtool("verify", "no such directory", case)
    assert text.exit_code == ExitCode.NOT_CHECKED
    assert "no such directory does not exist" in text.stdout
    assert "VERIFIED" in text.stdout
