"""What every story needs: the real program, run in a fresh home."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

import evtool as package
from tests.documents import COUNTS, check_run, summary
from tests.forks import SECONDS, ForkServer, Run

settings.register_profile("ci", max_examples=200, deadline=None, derandomize=True, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@dataclass(frozen=True, slots=True)
class RunResult:
    """What one run of evtool left behind."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        document = json.loads(self.stdout)
        assert isinstance(document, dict)
        return document


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs evtool in an empty directory, with its own home and nothing of this user's environment.

    A run is a fork of a process that has imported evtool, which starts much faster and is otherwise the same
    (`tests/test_forks.py`). What depends on how Python starts is run `anew`, and so is what asks for an environment
    that a fork comes too late for.
    """

    directory: Path
    home: Path
    environment: dict[str, str] = field(default_factory=dict)
    server: ForkServer | None = None  # where all of its runs are forks of another process than the one usual here

    def __call__(
        self, *arguments: str | Path, stdin: bytes = b"", pass_fds: tuple[int, ...] = (), **environment: str
    ) -> RunResult:
        variables = self.environment | environment
        if self.server or shared_server().can_run(variables):
            return replace(self, environment=variables).fork(*arguments, stdin=stdin, pass_fds=pass_fds)
        return self.anew(*arguments, stdin=stdin, pass_fds=pass_fds, **environment)

    def fork(self, *arguments: str | Path, **how: Any) -> RunResult:
        """Run as a fork; `how` is what else `Run` takes, such as the moment at which to kill it."""
        run = Run(arguments=list(map(str, arguments)), directory=self.directory, environment=self.environment, **how)
        code, output, errors = (self.server or shared_server())(run)
        result = RunResult(code, output.decode("utf-8"), errors.decode("utf-8"))
        if not {"output", "errors", "kill"} & set(how):
            check_run(run.arguments, code, result.stdout, result.stderr)
        return result

    def anew(
        self, *arguments: str | Path, stdin: bytes = b"", pass_fds: tuple[int, ...] = (), **environment: str
    ) -> RunResult:
        """Run `python -m evtool`, from its start."""
        run = subprocess.run(
            self.command(*arguments),
            input=stdin,
            capture_output=True,
            cwd=self.directory,
            env=self.environment | environment,
            pass_fds=pass_fds,
            # Without a terminal: a program that asks for a passphrase must fail, not wait for the developer.
            start_new_session=True,
            timeout=SECONDS,
            check=False,
        )
        result = RunResult(run.returncode, run.stdout.decode("utf-8"), run.stderr.decode("utf-8"))
        check_run(list(map(str, arguments)), result.exit_code, result.stdout, result.stderr)
        return result

    def command(self, *arguments: str | Path) -> list[str]:
        """The command line of a run."""
        return [sys.executable, "-m", "evtool", *map(str, arguments)]


@pytest.fixture
def evtool(tmp_path: Path) -> Runner:
    """A runner whose EVTOOL_HOME does not exist yet."""
    return make_runner(tmp_path)


def make_runner(folder: Path) -> Runner:
    """Make a runner with a working directory and a home in this folder."""
    directory = folder / "work"
    directory.mkdir()
    home = folder / "home"
    return Runner(directory, home, make_environment(folder / "user") | {"EVTOOL_HOME": str(home)})


def make_environment(user: Path) -> dict[str, str]:
    """Make the variables of a user with this home, who has nothing of the one who runs the tests."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(user),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONPATH": str(Path(package.__file__).parents[1]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@cache
def shared_server() -> ForkServer:
    """Start the process that the runs of this test process are forks of."""
    server = ForkServer("evtool", make_environment(Path("/nonexistent")))
    atexit.register(server.close)
    return server


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what a worker counted to the process that started it."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["documents"] = dict(COUNTS)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take what a worker counted."""
    COUNTS.update(getattr(node, "workeroutput", {}).get("documents", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many documents were held against their schemas."""
    terminalreporter.write_line(summary(COUNTS))
