"""A runner for long stories: every run is a fork of one process that has imported all, see `fork_server.py`.

It runs the same program with the same arguments, directory and environment, but for the start of Python. What depends
on that start (what is imported, another clock, a trace) is run by `Runner.command` as a process of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tests.cli.evidence import Server
from tests.conftest import Runner, RunResult, make_runner


@dataclass(frozen=True, slots=True)
class ForkedRunner(Runner):
    """Runs evtool as `Runner` does, in a fork of `server`."""

    server: Server = field(kw_only=True)

    def __call__(
        self, *arguments: str | Path, stdin: bytes = b"", pass_fds: tuple[int, ...] = (), **environment: str
    ) -> RunResult:
        if stdin or pass_fds:
            return Runner.__call__(self, *arguments, stdin=stdin, pass_fds=pass_fds, **environment)
        return self.server(*arguments, directory=str(self.directory), environment=self.environment | environment)


def make_forked(folder: Path, server: Server) -> ForkedRunner:
    """Make a runner with a working directory and a home in this folder."""
    plain = make_runner(folder)
    return ForkedRunner(plain.directory, plain.home, plain.environment, server=server)
