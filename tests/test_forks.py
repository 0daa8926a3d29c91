"""A run that is a fork is the run that a real start would be: the stories rely on it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.cli.custody import make_case, make_party
from tests.conftest import Runner, RunResult
from tests.forks import ForkServer, Run

PROGRAM = "tests.probe"
"""A program that tells in what state it was started."""


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    """The probe, imported; started with a variable that no run may see."""
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PYTHONPATH": str(Path(__file__).parents[1])}
    server = ForkServer(PROGRAM, environment | {"WORKER": "secret", "TZ": "America/New_York"})
    yield server
    server.close()


def both(server: ForkServer, directory: Path, *arguments: str, **how: Any) -> tuple[Any, Any]:
    """Run the probe as a fork and from its start: exit code, output and errors of each."""
    environment = {name: value for name, value in server.environment.items() if name not in ("WORKER", "TZ")}
    environment |= how.pop("environment", {})
    fork = server(Run(arguments=arguments, directory=directory, environment=environment, **how))
    start = subprocess.run(
        [sys.executable, "-m", PROGRAM, *arguments],
        cwd=directory,
        env=environment,
        input=how.get("stdin", b""),
        pass_fds=how.get("pass_fds", ()),
        capture_output=True,
        start_new_session=True,
        check=False,
    )
    return fork, (start.returncode, start.stdout, start.stderr)


def test_a_fork_finds_what_a_real_start_finds(server: ForkServer, tmp_path: Path) -> None:
    """Variables, directory, umask, session, signals, open files, streams, time zone, locale, limits."""
    reader, writer = os.pipe()
    mask = os.umask(0o027)
    try:
        (code, told, errors), start = both(
            server,
            tmp_path,
            "김철수 [bold].jpg",
            "",
            "--",
            environment={"TZ": "Asia/Seoul", "HOME": "/증거", "EMPTY": ""},
            stdin=b"\x00\xff" * 100_000,
            pass_fds=(reader, writer),
        )
    finally:
        os.umask(mask)
        os.close(reader)
        os.close(writer)
    assert (code, errors) == (0, b"")
    fork, begun = json.loads(told), json.loads(start[1])
    assert fork == begun
    assert "secret" not in told.decode()
    assert fork["umask"] == 0o027
    assert fork["zone"][3] == 9
    assert fork["environment"]["EMPTY"] == ""
    assert fork["open"] == sorted([0, 1, 2, reader, writer])
    assert fork["leads session"]
    assert not fork["terminal"]


@pytest.mark.parametrize("arguments", [("leave", "0"), ("leave", "3"), ("leave", "words"), ("break",), ("kill",)])
def test_a_fork_ends_as_a_real_start_does(server: ForkServer, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """By its code, by words on standard error, by what nobody catches, by a signal; threads end before it does."""
    fork, start = both(server, tmp_path, *arguments)
    assert fork[:2] == start[:2]
    # A traceback of a fork begins with the lines of the server.
    assert fork[2].splitlines()[-1:] == start[2].splitlines()[-1:]


def test_two_forks_draw_other_numbers(server: ForkServer, tmp_path: Path) -> None:
    """Keys and salts of two runs would otherwise be equal."""
    numbers = [number for _ in range(3) for number in both(server, tmp_path, "random")[0][1].split()]
    assert len(set(numbers)) == 9


def test_a_variable_that_a_fork_comes_too_late_for_means_a_real_start(server: ForkServer, evtool: Runner) -> None:
    for name in ("PYTHONHASHSEED", "PYTHONOPTIMIZE", "LC_ALL", "LANG", "LD_PRELOAD", "MALLOC_ARENA_MAX"):
        assert not server.can_run(server.environment | {name: "1"})
    assert server.can_run(server.environment | {"EVTOOL_HOME": "/x", "TZ": "UTC", "NO_COLOR": "1"})
    # And so is one without a variable that the server has.
    assert not server.can_run({})
    assert "import time:" in evtool("verify", PYTHONPROFILEIMPORTTIME="1").stderr


def test_a_run_that_takes_too_long_is_killed(
    server: ForkServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.forks.SECONDS", 0.3)
    environment = {name: value for name, value in server.environment.items() if name != "WORKER"}
    with pytest.raises(subprocess.TimeoutExpired):
        server(Run(arguments=("wait",), directory=tmp_path, environment=environment))


def without_now(run: RunResult) -> tuple[object, ...]:
    """Give what a run said without the second in which it said it."""
    return run.exit_code, *(re.sub(r"(T| )\d\d:\d\d:\d\d", r"\1now", text) for text in (run.stdout, run.stderr))


def test_a_sample_of_commands_says_the_same(evtool: Runner) -> None:
    """Of every exit code, with names that are hard to print, as text and as JSON, with something on standard input."""
    party = make_party(evtool, "A1")
    case = make_case(party.run)
    (case / "김철수 [bold]\n.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    party.ok("seal", case)
    changed = make_case(party.run, "changed")
    party.ok("seal", changed)
    (changed / "증거-01.txt").write_text("another")
    (changed / "증거-02.txt").unlink()
    stranger = {"EVTOOL_HOME": str(evtool.home.with_name("stranger"))}
    sample: list[tuple[tuple[str | Path, ...], dict[str, str]]] = [
        ((), {}),
        (("--version",), {}),
        (("help", "first-hour"), {}),
        (("consent", "set", "--help"), {"COLUMNS": "60"}),
        (("verfy",), {}),
        (("verify", "no such place"), {}),
        (("verify", changed), {"EVTOOL_LANG": "ko"}),
        (("verify", changed, "--json"), {}),
        (("verify", case), stranger),
        (("show", case), {"TZ": "Asia/Seoul"}),
        (("show", case, "--json"), {}),
        (("log", case), {"TZ": "Asia/Seoul"}),
        (("inspect", case / "김철수 [bold]\n.jpg"), {}),
        (("items", case), {}),
        (("key", "list"), {}),
        (("pack", case, "-o", "refused.zip"), {}),
    ]
    codes = set()
    for arguments, variables in sample:
        run = replace(party.run, environment=party.run.environment | variables)
        fork, start = run(*arguments), run.anew(*arguments)
        assert without_now(fork) == without_now(start), arguments
        codes.add(fork.exit_code)
    assert {0, 1, 2, 3, 4, 5} <= codes, codes
    data = b"evidence" * 50_000
    piped = [without_now(run("verify", "-", stdin=data)) for run in (party.run, party.run.anew)]
    assert piped[0] == piped[1]
