"""What every story needs: the real program, run in a fresh home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

import evtool as package

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
    """Runs `python -m evtool` in an empty directory, with its own home and nothing of this user's environment."""

    directory: Path
    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(
        self, *arguments: str | Path, stdin: bytes = b"", pass_fds: tuple[int, ...] = (), **environment: str
    ) -> RunResult:
        run = subprocess.run(
            self.command(*arguments),
            input=stdin,
            capture_output=True,
            cwd=self.directory,
            env=self.environment | environment,
            pass_fds=pass_fds,
            # Without a terminal: a program that asks for a passphrase must fail, not wait for the developer.
            start_new_session=True,
            timeout=120,
            check=False,
        )
        return RunResult(run.returncode, run.stdout.decode("utf-8"), run.stderr.decode("utf-8"))

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
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "user"),
        "EVTOOL_HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONPATH": str(Path(package.__file__).parents[1]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return Runner(directory, home, environment)
